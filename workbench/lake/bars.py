"""Bars of the lake as dense arrays, and the events that change their price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.lake import adjust, sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]

_BATCH = 1_000_000
_BARS = """
SELECT c.index AS column, o.date - DATE '1970-01-01' AS day, {fields}
FROM ohlcv AS o JOIN chosen AS c ON o.region = c.region AND o.ticker = c.ticker {spell}
WHERE o.timeframe = 'D' AND o.region IN (SELECT unnest($regions))
    AND o.year BETWEEN year($first) AND year($last) AND o.date BETWEEN $first AND $last
"""
_ONE_SPELL = "AND o.date >= c.since AND o.date < c.until AND o.adjusted = c.stored"
_ACTIONS = """
SELECT c.index, a.ex_date, a.kind, a.value, a.currency
FROM actions AS a JOIN chosen AS c
    ON a.region = c.region AND a.ticker = c.ticker AND a.ex_date >= c.since AND a.ex_date < c.until
WHERE a.region IN (SELECT unnest($regions)) AND a.ex_date <= $last
"""
# The close of the session before, which nearly every ticker has: a look-up by key.
_CLOSE_ON = """
SELECT w.column, w.ex_date, o.close
FROM ohlcv AS o JOIN wanted AS w ON o.ticker = w.ticker AND o.date = w.previous AND o.region = w.region
WHERE o.timeframe = 'D' AND o.region IN (SELECT unnest($regions)) AND o.adjusted = w.stored
"""
# The last close before: a search, for the few that had no bar on that session.
_CLOSE_BEFORE = """
SELECT w.column, w.ex_date, b.date, b.close
FROM wanted AS w
ASOF JOIN (
    SELECT region, ticker, date, close, adjusted FROM ohlcv
    WHERE timeframe = 'D' AND region IN (SELECT unnest($regions)) AND date <= $last
        AND ticker IN (SELECT ticker FROM wanted)
) AS b ON w.region = b.region AND w.ticker = b.ticker AND w.stored = b.adjusted AND w.ex_date > b.date
"""


@dataclass(frozen=True)
class Event:
    """One row of ``actions`` and the bar before it."""

    column: int
    ex_date: date
    kind: str
    value: float
    currency: str | None
    previous_date: date | None
    previous_close: float | None


def chosen(axes: Axes) -> pl.DataFrame:
    """The columns of the axes by index, for a query to join."""
    import polars as pl

    names = ("region", "ticker", "since", "until", "stored")
    columns = {name: [getattr(one, name) for one in axes.columns] for name in names}
    types = {"index": pl.Int32(), "since": pl.Date(), "until": pl.Date()}
    return pl.DataFrame({"index": list(range(len(axes.columns))), **columns}, schema_overrides=types)


def load(lake: Lake, axes: Axes, fields: Sequence[str]) -> tuple[dict[str, Floats], list[str]]:
    """Fields of the bars, each float64 of shape (T, N), NaN where there is no bar; and notes.

    A stored open, high or low of zero is no price and becomes NaN.
    """
    shape = (len(axes.dates), len(axes.columns))
    grids = {name: np.full(shape, np.nan) for name in fields}
    rows, region_of = _row_lookup(axes), _region_numbers(axes)
    first, last = axes.dates[0].item(), axes.dates[-1].item()
    origin, astray = int(axes.dates[0].astype(int)), np.zeros(len(axes.sessions), int)
    several = any(one.mixed or one.since.year > 1 or one.until.year < 9999 for one in axes.columns)
    text = _BARS.format(
        fields=", ".join(
            f"nullif(o.{name}, 0)" if name in ("open", "high", "low", "close") else f"o.{name}" for name in fields
        ),
        spell=_ONE_SPELL if several else "",
    )
    given = {"regions": list(axes.sessions), "first": first, "last": last}
    with sql.reading(lake, ["ohlcv"], chosen=chosen(axes)) as cursor:
        for batch in cursor.sql(text, params=given).to_arrow_reader(_BATCH):
            column, day = (batch.column(number).to_numpy(zero_copy_only=False) for number in (0, 1))
            region = region_of[column]
            row = rows[0][day - origin] if len(rows) == 1 else rows[region, day - origin]
            outside = row < 0
            kept: NDArray[np.bool_] | slice = ~outside if outside.any() else slice(None)
            astray += np.bincount(region[outside], minlength=len(astray))
            for number, name in enumerate(fields, start=2):
                grids[name][row[kept], column[kept]] = batch.column(number).to_numpy(zero_copy_only=False)[kept]
    notes = [
        f"{region}: {count} bars on days that are no session of its calendar are left out."
        for region, count in zip(axes.sessions, astray, strict=True)
        if count
    ]
    return grids, notes


def _region_numbers(axes: Axes) -> NDArray[np.int64]:
    order = {region: number for number, region in enumerate(axes.sessions)}
    return np.array([order[one.region] for one in axes.columns], np.int64)


def _row_lookup(axes: Axes) -> NDArray[np.int64]:
    """Row of each (region, calendar day since the first date); -1 on days the region does not trade."""
    offset = (axes.dates - axes.dates[0]).astype(np.int64)
    rows = np.full((len(axes.sessions), int(offset[-1]) + 1), -1, np.int64)
    for number, flags in enumerate(axes.sessions.values()):
        rows[number, offset[flags]] = np.flatnonzero(flags)
    return rows


def events(lake: Lake, axes: Axes) -> list[Event]:
    """Actions of the columns up to the last date, each with the last bar before its ex date."""
    if lake.version("actions") is None:
        return []
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item()}
    with sql.reading(lake, ["actions"], chosen=chosen(axes)) as cursor:
        actions = cursor.execute(_ACTIONS, given).fetchall()
    closes = _previous_closes(lake, axes, {(number, day) for number, day, *_ in actions})
    return [Event(*action, *closes.get(action[:2], (None, None))) for action in actions]


def _previous_closes(
    lake: Lake, axes: Axes, wanted: set[tuple[int, date]]
) -> dict[tuple[int, date], tuple[date, float]]:
    """Date and stored close of the last bar before each (column, ex date)."""
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item()}
    before = {key: day for key, day in _sessions_before(axes, sorted(wanted)).items() if day is not None}
    found: dict[tuple[int, date], tuple[date, float]] = {}
    with sql.reading(lake, ["ohlcv"], wanted=_wanted(axes, before)) as cursor:
        for column, ex_date, close in cursor.execute(_CLOSE_ON, {"regions": given["regions"]}).fetchall():
            found[column, ex_date] = (before[column, ex_date], close)
    rest = wanted - set(found)
    if rest:
        with sql.reading(lake, ["ohlcv"], wanted=_wanted(axes, dict.fromkeys(rest))) as cursor:
            for column, ex_date, day, close in cursor.execute(_CLOSE_BEFORE, given).fetchall():
                found[column, ex_date] = (day, close)
    return found


def _sessions_before(axes: Axes, keys: Sequence[tuple[int, date]]) -> dict[tuple[int, date], date | None]:
    """Last session of the column's region before each ex date, None where the lake's bars begin later."""
    result: dict[tuple[int, date], date | None] = {}
    for region, days in axes.calendar.items():
        own = [key for key in keys if axes.columns[key[0]].region == region]
        at = np.searchsorted(days, np.array([day for _, day in own], "datetime64[D]")) - 1
        dates = days.tolist()
        result.update({key: dates[row] if row >= 0 else None for key, row in zip(own, at, strict=True)})
    return result


def _wanted(axes: Axes, previous: Mapping[tuple[int, date], date | None]) -> pl.DataFrame:
    import polars as pl

    names = ("region", "ticker", "stored")
    columns = {name: [getattr(axes.columns[number], name) for number, _ in previous] for name in names}
    days = {"ex_date": [day for _, day in previous], "previous": list(previous.values())}
    types = {"column": pl.Int32(), "ex_date": pl.Date(), "previous": pl.Date()} | dict.fromkeys(names, pl.String())
    return pl.DataFrame({"column": [number for number, _ in previous], **columns, **days}, schema_overrides=types)


def factors(columns: Sequence[Column], happened: Sequence[Event], notes: list[str]) -> list[adjust.Steps]:
    """Factors of each column; what could not be applied is added to ``notes``."""
    priced = (*adjust.SPLITS, *adjust.CASH)
    by_column: list[list[adjust.Action]] = [[] for _ in columns]
    for one in happened:
        if one.kind in priced:
            by_column[one.column].append(
                adjust.Action(one.ex_date, one.kind, one.value, one.previous_date, one.previous_close)
            )
    result = []
    for column, actions in zip(columns, by_column, strict=True):
        steps = adjust.steps(actions, first=column.first, last=column.last, stored=column.stored)
        notes.extend(f"{column.label} {refused}; not applied." for refused in steps.refused)
        result.append(steps)
    return result
