"""Who belongs to a panel, and when: listing, index membership, sectors and delistings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeGuard
from zoneinfo import ZoneInfo

import numpy as np

from workbench import markets, settings
from workbench.errors import DataError
from workbench.lake import sql
from workbench.lake.listing import Delisting, Sectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.bars import Event
    from workbench.lake.store import Lake
    from workbench.lake.universe_rules import Universe

    Flags = NDArray[np.bool_]
    Stay = tuple[str, date | None, date | None]

#: The last bar of a region.
_LAST = "SELECT max(date) FROM ohlcv WHERE region = $region AND timeframe = 'D'"


def choose(
    lake: Lake, columns: Sequence[Column], every: Sequence[Column], universe: Universe | Sequence[str] | str | None
) -> tuple[list[Column], list[Stay]]:
    """Columns of a universe, and the stays of an index's members (empty where no index is asked for).

    Parameters
    ----------
    columns, every : sequence of Column
        Columns with a bar in the panel's range, and all of the lake.
    universe : None, str, Universe or sequence of str
        All; the name of an index in ``memberships``; rules; or codes, with or without their region.

    Raises
    ------
    DataError
        If the index or a code is unknown.
    """
    if universe is None:
        return list(columns), []
    if is_rule(universe):
        chosen, stays = (columns, []) if universe.index is None else choose(lake, columns, every, universe.index)
        return universe.choose(lake, chosen), stays
    if isinstance(universe, str) and ":" not in universe:
        stays = _stays(lake, universe)
        return _matching(columns, {ticker for ticker, _, _ in stays}), stays
    codes: list[str] = [universe] if isinstance(universe, str) else [str(code) for code in universe]
    known = {name for one in every for name in _names(one)}
    unknown = [code for code in codes if code not in known]
    if unknown or not codes:
        listed = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        what = f"{len(unknown)} of {len(codes)} tickers of the universe have no bars in the lake: {listed}."
        raise DataError(what if codes else "The universe is empty.", hint="Name codes such as 'KR:005930' or '005930'.")
    return _matching(columns, set(codes)), []


def is_rule(universe: object) -> TypeGuard[Universe]:
    """Whether a universe is given by rules; without loading their module for those that are not."""
    return hasattr(universe, "reviewed")


def by_sector(axes: Axes, labels: Sectors | None, wanted: Sequence[str]) -> Flags:
    """Dates and columns of some sectors, bool (T, N); nothing where sectors are unknown."""
    mask = np.zeros((len(axes.dates), len(axes.columns)), bool)
    if labels is None:
        return mask
    for column, start, end, value in zip(labels.column, labels.start, labels.end, labels.value, strict=True):
        if value in wanted:
            mask[(axes.dates >= start) & (np.isnat(end) | (axes.dates <= end)), column] = True
    return mask


def _names(column: Column) -> tuple[str, ...]:
    return column.label, f"{column.region}:{column.ticker}", column.ticker


def _matching(every: Iterable[Column], codes: set[str]) -> list[Column]:
    return [one for one in every if not codes.isdisjoint(_names(one))]


def _stays(lake: Lake, index: str) -> list[Stay]:
    text = 'SELECT ticker, valid_from, valid_to FROM memberships WHERE "index" = ? ORDER BY ticker, valid_from'
    rows: list[Stay] = sql.query(lake, text, [index]).rows()
    if not rows:
        known = sql.query(lake, 'SELECT DISTINCT "index" FROM memberships ORDER BY 1').to_series().to_list()
        raise DataError(
            f"The lake has no members of an index {index!r}; it has {', '.join(known) or 'no index'}.",
            hint="Use one of these, a list of codes, or leave `universe` out.",
        )
    return rows


def members(axes: Axes, stays: Sequence[Stay]) -> Flags:
    """Listed, and member of the index where there is one: bool, shape (T, N).

    ``listed_date`` is included and ``delisted_date``, the first day off the list, is not; both ends of a stay
    in an index are included. Without a listing date a column counts as listed from its first bar on; without
    a delisting date, to the end.
    """
    mask = _between(axes, [one.listed or one.first for one in axes.columns], _last_days(axes))
    if stays:
        inside = np.zeros_like(mask)
        by_name: dict[str, list[int]] = {}
        for number, one in enumerate(axes.columns):
            for name in dict.fromkeys(_names(one)):
                by_name.setdefault(name, []).append(number)
        for ticker, since, until in stays:
            for number in by_name.get(ticker, ()):
                inside[:, number] |= _between(axes, [since], [until])[:, 0]
        mask &= inside
    return mask


def _last_days(axes: Axes) -> list[date | None]:
    """Last day of each listing, None while it has no end."""
    return [one.delisted - timedelta(days=1) if one.delisted else None for one in axes.columns]


def _between(axes: Axes, since: Sequence[date | None], until: Sequence[date | None]) -> Flags:
    """Dates from ``since`` to ``until``, both included and None open, shape (T, len(since))."""
    first, last = np.array(since, "datetime64[D]"), np.array(until, "datetime64[D]")
    day = axes.dates[:, None]
    flags: Flags = (np.isnat(first) | (day >= first)) & (np.isnat(last) | (day <= last))
    return flags


def sectors(lake: Lake, axes: Axes) -> Sectors | None:
    """Sector labels by date, None where the lake has none for these columns."""
    text = """SELECT region, ticker, valid_from, valid_to, value FROM attributes
              WHERE kind = 'sector' AND region IN (SELECT unnest($regions)) ORDER BY valid_from"""
    rows = sql.query(lake, text, {"regions": list(axes.sessions)}).rows()
    columns: dict[tuple[str, str], list[tuple[int, Column]]] = {}
    for number, one in enumerate(axes.columns):
        columns.setdefault((one.region, one.ticker), []).append((number, one))
    found = [
        (number, since, until, value)
        for region, ticker, since, until, value in rows
        for number, one in columns.get((region, ticker), ())
        if since < one.until and (until is None or until >= one.since)
    ]
    if not found:
        return None
    numbers, starts, ends, values = zip(*found, strict=True)
    return Sectors(np.array(numbers), np.array(starts, "datetime64[D]"), np.array(ends, "datetime64[D]"), tuple(values))


def delistings(axes: Axes, happened: Sequence[Event]) -> Delisting:
    """Ends of listings up to the last date of the axes, with the cash paid a share by then."""
    count, last = len(axes.columns), axes.dates[-1]
    day, paid = np.array(_last_days(axes), "datetime64[D]"), np.full(count, "NaT", "datetime64[D]")
    proceeds = np.full(count, np.nan)
    for event in happened:
        if event.kind == "delisting_proceeds":
            proceeds[event.column], paid[event.column] = event.value, event.ex_date
    return Delisting(day, proceeds, tuple(one.reason for one in axes.columns), paid).until(last)


def check_today(region: str, day: date) -> None:
    """Refuse a day that has not begun in the region."""
    today = settings.now().astimezone(ZoneInfo(markets.get(region).timezone)).date()
    if day > today:
        raise DataError(f"on={day} lies in the future: it is {today} in {region}.", hint="Choose a day up to today.")


def check_collected(lake: Lake, region: str, day: date) -> None:
    """Refuse a day with a session that the lake has no bars of; without any bar the panel says what to do."""
    last: date | None = sql.query(lake, _LAST, {"region": region}).item()
    if last is not None and day > last and markets.previous_session(region, day + timedelta(days=1)) > last:
        raise DataError(
            f"The bars of {region} in the lake end on {last}, before on={day}.",
            hint=f"Choose a day up to {last}, or run wb collect {region}.",
        )
