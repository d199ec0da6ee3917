"""The provider: what it offers, and which way each table takes."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from workbench import markets
from workbench.adapters.akshare import actions, columns, listing, statements
from workbench.adapters.akshare.bars import EVER, Bars
from workbench.adapters.akshare.calls import Eastmoney
from workbench.adapters.akshare.routing import JudgedSession, Library, installed
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.net import Limiter, Patience, Rate
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from workbench.adapters.akshare.listing import Listed

#: Eastmoney publishes no limit; about a call a second is tolerated, at uneven distances.
RATE = Rate(1, 1.2)
_UNEVEN = 0.2
#: Today's bar changes until so long after the close.
SETTLING = timedelta(minutes=30)
OFFERS = {
    "tickers": frozenset({"CN", "HK"}),
    "attributes": frozenset({"CN", "HK"}),
    "ohlcv": frozenset({"CN", "HK"}),
    "actions": frozenset({"CN"}),
    "shares": frozenset({"CN"}),
    "fundamentals": frozenset({"CN"}),
}


class AkShare(Adapter):
    """Shares of mainland China and Hong Kong, free and without a key; see the package for which call goes where.

    Parameters
    ----------
    rates : sequence of Rate, optional
        Limits in place of the default of about one call a second.
    patience : Patience, optional
        Attempts and time limits.
    full_statements : bool
        Ask for the whole statements of each company (current assets, debt, depreciation and others besides):
        about fifty calls a company in place of four for twenty.

    Notes
    -----
    Prices are as traded, in the currency of the counter; volumes are in shares. Requests for ``fundamentals``
    are bounded by ``period_end``, for ``shares`` by ``date``, for ``actions`` by ``ex_date``; ``tickers`` and
    ``attributes`` come whole. The list holds A shares; bars are there for B shares too.
    """

    name: ClassVar[str] = "akshare"
    batch_size: ClassVar[int] = 20
    patient: ClassVar[bool] = True
    optional: ClassVar[str] = "akshare"
    signup: ClassVar[str] = 'nothing but the library: pip install "spock-workbench[akshare]"'

    def __init__(
        self, rates: Sequence[Rate] | None = None, patience: Patience | None = None, *, full_statements: bool = False
    ) -> None:
        self.patience = patience or Patience()
        self.full_statements = full_statements
        self._limiter = Limiter("akshare", rates or (RATE,), sleep=_unevenly(self.patience.sleep))
        self._pages = Eastmoney(self._limiter, self.patience)
        self._library = Library(JudgedSession(self._limiter, self.patience, self._pages.hear), self.patience)
        self._lists: dict[tuple[str, date], Listed] = {}

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """All tables of shares for the mainland; listings and bars for Hong Kong."""
        return OFFERS

    def now(self) -> datetime:
        """UTC now, by Eastmoney's clock where ours is far from it."""
        return self._pages.now()

    def last_date(self, region: str) -> date:
        """The last session that closed half an hour ago or earlier."""
        return markets.last_completed_session(region, self.now() - SETTLING)

    def limits(self) -> str:
        """What is kept to; nothing is published."""
        rates = " and ".join(str(rate) for rate in self._limiter.rates)
        return f"{rates} (none published; pace now {self._limiter.pace():.0%})"

    def probe(self) -> str:
        """Ask for the last days of the index of Shanghai."""
        installed()
        last = self.last_date("CN")
        found = self._pages.klines("1.000001", f"{last - timedelta(days=20):%Y%m%d}", f"{last:%Y%m%d}")
        return f"{len(found['date'])} bars of the Shanghai index, the last of {found['date'][-1]}"

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of a table, and why others are absent.

        Raises
        ------
        ConfigError
            For a table or region it does not have, an end before the start, or without the library.
        ProviderError
            Throttled, unreachable, or in another shape.
        """
        installed()
        if request.region not in OFFERS.get(table, ()):
            have = ", ".join(f"{name} ({' '.join(sorted(where))})" for name, where in OFFERS.items())
            raise ConfigError(f"AkShare has no {table} of {request.region}.", hint=f"It has {have}.")
        start, end = request.start or EVER, request.end or max(self.now().date(), request.start or EVER)
        if end < start:
            raise ConfigError(f"The request ends on {end}, before it starts on {start}.", hint="Swap start and end.")
        if table in ("tickers", "attributes"):
            return self._listed(table, request, start, end)
        if table == "ohlcv":
            last = self._last_of(request.region)
            named = replace(request, tickers=self._asked(request))
            return Bars(self._library, self._pages, named, start, end, last, self.now).fetch()
        return self._reported(table, request, start, end)

    def _last_of(self, region: str) -> Callable[[], date]:
        return lambda: self.last_date(region)

    def _listed(self, table: str, request: Request, start: date, end: date) -> Fetched:
        today = self.now().astimezone(_zone(request.region)).date()
        key = (request.region, today)
        if key not in self._lists or (table == "tickers" and self._lists[key].missing):
            others = {kept: found for kept, found in self._lists.items() if kept[1] == today}
            self._lists = others | {key: listing.shares(request.region, self._pages, self._library)}
        listed = self._lists[key]
        found = listed.shares
        if request.tickers is not None:
            found = [share for share in found if share.ticker in request.tickers]
        known = {share.ticker for share in found}
        absent = tuple(
            Absent(ticker, start, end, "not_covered", "not in the list of shares")
            for ticker in dict.fromkeys(request.tickers or ())
            if ticker not in known
        )
        if table == "attributes":
            return Fetched(listing.attributes(request.region, found, today), absent)
        return Fetched(listing.tickers(request.region, found), absent, listed.missing, lacking=bool(listed.missing))

    def _reported(self, table: str, request: Request, start: date, end: date) -> Fetched:
        asked = self._asked(request)
        codes = [ticker for ticker in asked if markets.is_code("CN", ticker)]
        known, frames = set[str](), [columns.none_of(table)]
        for begin in range(0, len(codes), self.batch_size):
            batch = codes[begin : begin + self.batch_size]
            if table == "fundamentals":
                frames += self._statements(batch, start, end)
                continue
            rows = actions.distributions(self._pages, batch)
            known |= {str(row["SECURITY_CODE"]) for row in rows}
            frames.append((actions.actions if table == "actions" else actions.shares)(rows, start, end))
        frame = pl.concat(frames)
        if table == "actions":
            # A listed share without a row has not paid anything.
            known |= {ticker for ticker in asked if request.listing(ticker).exchange}
        else:
            known = set(frame["ticker"])
        detail = f"no row for {table} in Eastmoney's reports of these days"
        silent = (Absent(ticker, start, end, "not_covered", detail) for ticker in asked if ticker not in known)
        return Fetched(frame, tuple(silent))

    def _statements(self, tickers: Sequence[str], start: date, end: date) -> list[pl.DataFrame]:
        if self.full_statements:
            facts = statements.whole(self._library, tickers, start, end)
        else:
            facts = statements.filed(self._pages, tickers, start, end)
        return [statements.fundamentals(ticker, found) for ticker, found in facts.items()]

    def _asked(self, request: Request) -> tuple[str, ...]:
        """The codes of a request, each once; for None those of the list."""
        if request.tickers is not None:
            return tuple(dict.fromkeys(request.tickers))
        frame = self.fetch("tickers", Request(request.region)).frame
        return tuple(frame["ticker"].unique().sort().to_list())


def _unevenly(sleep: Callable[[float], None]) -> Callable[[float], None]:
    return lambda seconds: sleep(seconds + random.uniform(0, _UNEVEN))


def _zone(region: str) -> ZoneInfo:
    return ZoneInfo(markets.get(region).timezone)
