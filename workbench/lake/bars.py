"""Bars of the lake as dense arrays, and the events that change their price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.lake import adjust, sql

if TYPE_CHECKING:
    from collections.abc import Sequence
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
_EVENTS = """
WITH events AS (
    SELECT c.index, c.region, c.ticker, c.since, c.until, c.stored, a.ex_date, a.kind, a.value, a.currency
    FROM actions AS a JOIN chosen AS c
        ON a.region = c.region AND a.ticker = c.ticker AND a.ex_date >= c.since AND a.ex_date < c.until
    WHERE a.region IN (SELECT unnest($regions)) AND a.ex_date <= $last
),
closes AS (
    SELECT o.region, o.ticker, o.date, o.close, o.adjusted
    FROM ohlcv AS o
    WHERE o.timeframe = 'D' AND o.region IN (SELECT unnest($regions)) AND o.date <= $last
        AND o.ticker IN (SELECT ticker FROM events)
)
SELECT e.index, e.ex_date, e.kind, e.value, e.currency, b.date, b.close
FROM events AS e
ASOF LEFT JOIN closes AS b
    ON e.region = b.region AND e.ticker = b.ticker AND e.stored = b.adjusted AND e.ex_date > b.date
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


def _chosen(axes: Axes) -> pl.DataFrame:
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
    with sql.reading(lake, ["ohlcv"], chosen=_chosen(axes)) as cursor:
        for batch in cursor.sql(text, params=given).to_arrow_reader(_BATCH):
            column, day = (batch.column(number).to_numpy(zero_copy_only=False) for number in (0, 1))
            region = region_of[column]
            row = rows[region, day.astype(np.int64) - origin]
            kept = row >= 0
            astray += np.bincount(region[~kept], minlength=len(astray))
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
    with sql.reading(lake, ["ohlcv", "actions"], chosen=_chosen(axes)) as cursor:
        return [Event(*row) for row in cursor.execute(_EVENTS, given).fetchall()]


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
