"""The sample market as a provider: an invented market for six regions, without files or network."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from workbench import markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.sample import tables
from workbench.adapters.sample.absence import Asked, bar_absences, not_covered
from workbench.adapters.sample.bar_table import ohlcv
from workbench.adapters.sample.cache import MARKETS
from workbench.adapters.sample.dirt import planted, spoil
from workbench.adapters.sample.filing_table import fundamentals
from workbench.adapters.sample.fx_table import fx
from workbench.adapters.sample.misbehave import Misbehaviour, check_shape
from workbench.adapters.sample.spec import WORLD_END, SampleSpec
from workbench.adapters.sample.timeline import FILINGS_BEFORE, timeline
from workbench.errors import ConfigError
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from workbench.adapters.sample.market import RegionMarket

WORLD_OPENS = timedelta(days=14)
OFFERS = ("tickers", "attributes", "shares", "ohlcv", "actions", "fundamentals", "fx", "indexes")


class Sample(Adapter):
    """A deterministic market of invented companies; every row has the source ``sample``.

    Parameters
    ----------
    size : str
        ``tiny``, ``demo`` or ``full``; see :class:`~workbench.adapters.sample.spec.SampleSpec`.
    seed : int
        Another seed is another market.
    years : int, optional
        Years of history; the size's default when left out.
    today : date or ISO text, optional
        The day it is asked, the world's end by default. Nothing later is known, and some prices that
        were published wrong are corrected some sessions later: asked with a later ``today`` they have
        another value.
    misbehave : Misbehaviour, optional
        Failures on request.
    spec : SampleSpec, optional
        All parameters of the market at once; then size, seed and years are not given.

    Attributes
    ----------
    calls : collections.Counter
        Number of fetches by table, failed ones included.

    Raises
    ------
    ConfigError
        On a size, seed or number of years that the market cannot have, or a ``today`` before it starts.

    Notes
    -----
    Values depend on spec and ``today`` alone: not on the order or the batches of requests, nor on the
    process. ``collected_at`` is the last minute of ``today``, UTC. A ``delisted_date`` is the first
    session on which the share is no longer listed; pay-outs carry it as ``ex_date``. Requests for
    ``fundamentals`` are bounded by ``period_end``, for ``shares`` by ``date``, for ``actions`` by
    ``ex_date``; ``tickers`` and ``attributes`` come whole. ``fx`` takes currencies as tickers and
    gives all of them for None, whatever the region.

    Examples
    --------
    >>> market = Sample("tiny")
    >>> market.last_date("KR")
    datetime.date(2025, 12, 30)
    """

    name: ClassVar[str] = "sample"
    batch_size: ClassVar[int] = 100
    WORLD_END: ClassVar[date] = WORLD_END

    def __init__(
        self,
        size: str = "demo",
        seed: int = 7,
        years: int | None = None,
        today: date | str | None = None,
        misbehave: Misbehaviour | None = None,
        *,
        spec: SampleSpec | None = None,
    ) -> None:
        self.spec = SampleSpec(size=size, seed=seed, years=years) if spec is None else spec
        self.today = self.spec.end if today is None else _day(today)
        self.misbehaviour = Misbehaviour() if misbehave is None else misbehave
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        # By then every region has had its first session; asking the calendars here would load them all.
        first = self.spec.start + WORLD_OPENS
        if self.today < first:
            raise ConfigError(
                f"The sample market starts on {self.spec.start}; it cannot be asked on {self.today}.",
                hint=f"Give a today from {first} on, or more years.",
            )

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """All eight tables, for all six regions."""
        return {table: frozenset(REGIONS) for table in OFFERS}

    def first_date(self, region: str) -> date:
        """The first session of a region's sample market."""
        first: date = timeline(self.spec, _region(region)).sessions[0].astype(object)
        return first

    def last_date(self, region: str) -> date:
        """The last session on or before ``today``, at most the last one of the world."""
        sessions = timeline(self.spec, _region(region)).sessions
        row = np.searchsorted(sessions, np.datetime64(self.today), side="right") - 1
        last: date = sessions[row].astype(object)
        return last

    def planted(self, region: str) -> pl.DataFrame:
        """Where the dirty rows of ``misbehave`` stand: ticker, date of the good row, kind."""
        return planted(self._market(_region(region)), self.misbehaviour.dirty)

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of a table, and why others are absent.

        Raises
        ------
        ConfigError
            For a table or region it does not have, or an end before the start.
        Throttled, Unreachable, ShapeChanged
            Only when ``misbehave`` asks for it.
        """
        region = _region(request.region)
        if table not in OFFERS:
            raise ConfigError(f"The sample market has no table {table!r}.", hint=f"Ask for {', '.join(OFFERS)}.")
        with self._lock:
            self.calls[table] += 1
            call = self.calls.total()
        self.misbehaviour.before(call, region)
        days = self._days(table, region, request)
        frame, absent = self._answer(table, region, request.tickers, days)
        body = self.misbehaviour.body(table, frame, call)
        return Fetched(check_shape(table, body), tuple(absent))

    def _answer(
        self, table: str, region: str, asked: tuple[str, ...] | None, days: tuple[date, date]
    ) -> tuple[pl.DataFrame, list[Absent]]:
        if table == "fx":
            return fx(self.spec, asked, days, self.today)
        market = self._market(region)
        if table == "indexes":
            return self._index(market, asked, days)
        listed = _by_code(market, tables.known(market, self.today))
        codes = list(listed) if asked is None else list(dict.fromkeys(asked))
        columns = np.array(sorted(n for code in codes for n in listed.get(code, [])), dtype=np.int64)
        if table == "ohlcv":
            return self._bars(market, {code: listed.get(code, []) for code in codes}, columns, days)
        absent = [not_covered(code, *days) for code in codes if code not in listed]
        if table == "tickers":
            return tables.tickers(market, columns, self.today), absent
        if table == "attributes":
            return tables.attributes(market, columns, self.today), absent
        cut = {"shares": tables.shares, "actions": tables.actions, "fundamentals": fundamentals}[table]
        return cut(market, columns, days, self.today), absent

    def _bars(
        self, market: RegionMarket, codes: dict[str, list[int]], columns: np.ndarray, days: tuple[date, date]
    ) -> tuple[pl.DataFrame, list[Absent]]:
        asked = Asked(days[0], days[1], self.last_date(market.region))
        ends = [np.datetime64(days[0]), np.datetime64(asked.covered_end) + 1]
        low, high = np.searchsorted(market.line.sessions, ends)
        frame = ohlcv(market, columns, slice(int(low), int(max(low, high))), self.today)
        if self.misbehaviour.dirty:
            frame = spoil(frame, self.planted(market.region), asked.covered_end)
        absent = [item for code, mine in codes.items() for item in bar_absences(market, code, mine, asked)]
        return frame, absent

    def _index(
        self, market: RegionMarket, asked: tuple[str, ...] | None, days: tuple[date, date]
    ) -> tuple[pl.DataFrame, list[Absent]]:
        mine = tables.index_name(market.region)
        names = (mine,) if asked is None else tuple(dict.fromkeys(asked))
        absent = [
            Absent(name, *days, "not_covered", f"the index of {market.region} is {mine}")
            for name in names
            if name != mine
        ]
        last = self.last_date(market.region)
        frame = tables.indexes(market, (days[0], min(days[1], last) if mine in names else date.min))
        if mine in names and frame.is_empty():
            absent.append(Absent(mine, *days, "unknown" if days[0] > last else "holiday", "no session on these days"))
        return frame, absent

    def _days(self, table: str, region: str, request: Request) -> tuple[date, date]:
        """The days that are asked; an open side reaches as far as the market knows."""
        first, last = self.first_date(region), self.last_date(region)
        if table in ("shares", "fundamentals", "fx"):
            first, last = self.spec.start - FILINGS_BEFORE, self.today
        start = first if request.start is None else request.start
        end = max(last, start) if request.end is None else request.end
        if end < start:
            raise ConfigError(f"The request ends on {end}, before it starts on {start}.", hint="Swap start and end.")
        return start, end

    def _market(self, region: str) -> RegionMarket:
        return MARKETS.get(self.spec, region)


def _region(region: str) -> str:
    return markets.check_regions(region)[0]


def _day(text: date | str) -> date:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"today={text!r} is not a day.", hint="Write it as 2025-06-30.") from error


def _by_code(market: RegionMarket, columns: np.ndarray) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for n in columns.tolist():
        found.setdefault(market.companies[n].code, []).append(n)
    return found
