"""The two axes of a panel: which dates, and which columns.

Dates are the sessions of the regions' calendars as far as the lake has bars of the region. A column is
one spell of a code: when a code is given to another company, its bars go to a column of their own.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import markets
from workbench.errors import DataError
from workbench.lake import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.store import Lake

    Dates = NDArray[np.datetime64]

_EARLIEST, _LATEST = date(1, 1, 1), date(9999, 12, 31)
_SPANS = """
SELECT region, ticker, min(date), max(date), min(adjusted), max(adjusted)
FROM ohlcv WHERE timeframe = 'D' AND region IN (SELECT unnest($regions)) GROUP BY region, ticker
"""
_SPELL_SPANS = """
SELECT o.region, o.ticker, coalesce(s.spell, 1), min(o.date), max(o.date), arg_min(o.adjusted, o.date),
    count(DISTINCT o.adjusted)
FROM ohlcv AS o
LEFT JOIN spells AS s ON o.region = s.region AND o.ticker = s.ticker AND o.date >= s.since AND o.date < s.until
WHERE o.timeframe = 'D' AND o.region IN (SELECT unnest($regions)) AND o.ticker IN (SELECT unnest($tickers))
GROUP BY ALL
"""
_LISTINGS = """
SELECT s.region, s.ticker, s.spell, s.since, s.until, t.listed_date, t.delisted_date, t.delisting_reason, t.currency
FROM spells AS s JOIN tickers AS t USING (region, ticker, spell) WHERE s.region IN (SELECT unnest($regions))
"""


@dataclass(frozen=True)
class Column:
    """One spell of a code.

    Attributes
    ----------
    first, last : date
        First and last bar in the lake.
    stored : str
        Kind of adjustment of the first bar; bars of another kind are left out.
    since, until : date
        Rows of the code from ``since`` to the day before ``until`` belong to this spell.
    """

    region: str
    ticker: str
    spell: int
    first: date
    last: date
    stored: str
    mixed: bool = False
    since: date = _EARLIEST
    until: date = _LATEST
    listed: date | None = None
    delisted: date | None = None
    reason: str | None = None
    currency: str | None = None
    known: bool = False

    @property
    def label(self) -> str:
        """``KR:005930``, or ``KR:005930#2`` for the second spell."""
        return f"{self.region}:{self.ticker}" + (f"#{self.spell}" if self.spell > 1 else "")


#: Columns of lakes that cannot change, by regions: the question scans every bar.
_kept: weakref.WeakKeyDictionary[Lake, dict[tuple[str, ...], tuple[Column, ...]]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Axes:
    """Dates (T) and columns (N) of a panel, and the rows on which each region trades.

    ``calendar`` holds each region's sessions from its first bar in the lake to the last date.
    """

    dates: Dates
    columns: tuple[Column, ...]
    sessions: Mapping[str, NDArray[np.bool_]]
    calendar: Mapping[str, Dates]
    start: int
    notes: list[str] = field(default_factory=list)


def columns(lake: Lake, regions: Sequence[str]) -> list[Column]:
    """Every spell with a bar in the lake, by region as asked, code and spell; found once for a pinned lake."""
    if lake.pinned is None:
        return _found(lake, regions)
    kept = _kept.setdefault(lake, {})
    if tuple(regions) not in kept:
        kept[tuple(regions)] = tuple(_found(lake, regions))
    return list(kept[tuple(regions)])


def _found(lake: Lake, regions: Sequence[str]) -> list[Column]:
    given = {"regions": list(regions)}
    spans, special = [], []
    with sql.reading(lake, ["ohlcv", "spells"]) as cursor:
        listings: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for region, ticker, *rest in cursor.execute(_LISTINGS, given).fetchall():
            listings.setdefault((region, ticker), []).append(tuple(rest))
        for region, ticker, first, last, low, high in cursor.execute(_SPANS, given).fetchall():
            spells = listings.get((region, ticker), [])
            if low != high or len(spells) > 1:
                special.append((region, ticker))
            else:
                spans.append((region, ticker, spells[0][0] if spells else 1, first, last, low, 1))
        if special:
            codes = sorted({ticker for _, ticker in special})
            rows = cursor.execute(_SPELL_SPANS, {**given, "tickers": codes}).fetchall()
            spans.extend(row for row in rows if row[:2] in set(special))
    found = [_column(row, listings.get(row[:2], [])) for row in spans]
    order = {region: number for number, region in enumerate(regions)}
    return sorted(found, key=lambda one: (order[one.region], one.ticker, one.spell))


def _column(span: tuple[Any, ...], listings: list[tuple[Any, ...]]) -> Column:
    region, ticker, spell, first, last, stored, kinds = span
    base = {"region": region, "ticker": ticker, "spell": spell, "first": first, "last": last, "stored": stored}
    listing = next((row for row in listings if row[0] == spell), None)
    if listing is not None:
        names = ("since", "until", "listed", "delisted", "reason", "currency")
        base |= dict(zip(names, listing[1:], strict=True)) | {"known": True}
    return Column(**base, mixed=kinds != 1)


def build(
    lake: Lake, regions: Sequence[str], every: Sequence[Column], start: date | None, end: date | None, warmup: int
) -> Axes:
    """Dates from ``warmup`` sessions before ``start`` to ``end``, and the columns with a bar on them.

    Raises
    ------
    DataError
        If no region has a bar in the range.
    """
    notes: list[str] = []
    sessions: dict[str, Dates] = {}
    for region in regions:
        bars = [one for one in every if one.region == region]
        if not bars:
            raise DataError(
                f"The lake {lake.root} has no bars of {region}.",
                hint=f"Import your own (wb import), or collect those of the sample market: wb collect {region}.",
                region=region,
            )
        newest = max(one.last for one in bars)
        if end is not None and newest < end:
            notes.append(f"{region}: asked to {end}, the last bar is of {newest}.")
        last = newest if end is None else min(end, newest)
        sessions[region] = _sessions(lake, region, min(one.first for one in bars), last)
    asked = np.datetime64(start or min(one.first for one in every), "D")
    begins = [_warm(days, asked, warmup) for days in sessions.values() if len(days)]
    if not begins or not any(len(days) and days[-1] >= asked for days in sessions.values()):
        spans = ", ".join(_span(region, every) for region in regions)
        raise DataError(
            f"There are no bars from {start or 'the first'} to {end or 'the last'}; the lake has {spans}.",
            hint="Choose dates inside, or collect more.",
        )
    cut = {region: days[days >= min(begins)] for region, days in sessions.items()}
    dates = np.unique(np.concatenate(list(cut.values())))
    # A stock that last traded in the warm-up may be suspended: it is there on the first row that was asked for.
    wanted = tuple(one for one in every if one.last >= dates[0].item() and one.first <= dates[-1].item())
    flags = {region: np.isin(dates, days) for region, days in cut.items()}
    return Axes(dates, wanted, flags, sessions, int(np.searchsorted(dates, asked)), notes)


def _warm(days: Dates, asked: np.datetime64, warmup: int) -> np.datetime64:
    """The session ``warmup`` sessions before the first one from ``asked`` on."""
    at = int(np.searchsorted(days, asked))
    first: np.datetime64 = days[max(0, at - warmup)] if at < len(days) or warmup else asked
    return first


def _span(region: str, every: Sequence[Column]) -> str:
    bars = [one for one in every if one.region == region]
    return f"{region} {min(one.first for one in bars)} to {max(one.last for one in bars)}"


def _sessions(lake: Lake, region: str, first: date, last: date) -> Dates:
    """Sessions of the calendar; beyond what it knows, the days that have bars."""
    low, high = max(first, markets.first_known(region)), min(last, markets.last_known(region))
    parts = []
    if low <= high:
        parts.append(np.asarray(markets.session_array(region, low, high), "datetime64[D]"))
    if first < low:
        parts.append(_observed(lake, region, first, min(last, low - timedelta(days=1))))
    if last > high:
        parts.append(_observed(lake, region, max(first, high + timedelta(days=1)), last))
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, "datetime64[D]")


def _observed(lake: Lake, region: str, first: date, last: date) -> Dates:
    text = "SELECT DISTINCT date FROM ohlcv WHERE region = ? AND date BETWEEN ? AND ? AND timeframe = 'D'"
    return sql.query(lake, text, [region, first, last])["date"].to_numpy().astype("datetime64[D]")
