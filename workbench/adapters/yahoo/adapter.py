"""The adapter: what is asked for each table, and what is made of the answer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from workbench import journal, markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.net import absences, listed_reason
from workbench.adapters.net.batch import Batch, NotCovered
from workbench.adapters.yahoo import bars, symbols
from workbench.adapters.yahoo.lookup import Lookup
from workbench.adapters.yahoo.service import NAME, Service
from workbench.errors import ConfigError, ShapeChanged
from workbench.schemas import TABLES
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.adapters.net import Patience

OFFERS = ("attributes", "shares", "ohlcv", "actions", "fundamentals", "fx", "indexes")
#: Days before the first one asked: what a jump at the beginning is compared with.
CONTEXT = timedelta(days=45)
#: A session this near to now that Yahoo does not have yet is asked again.
FRESH = timedelta(days=7)
Rows = list[dict[str, Any]]


class Yahoo(Adapter):
    """Yahoo Finance, through yfinance.

    Parameters
    ----------
    patience : Patience, optional
        Attempts and time limits.
    backend : str, optional
        ``curl`` (a browser's TLS, which the service wants) or ``requests``; by default the first that is
        installed.

    Notes
    -----
    There is no ``tickers``: codes are spelled by the exchange that the request's listings name. Statements
    carry no filing date: theirs is assumed (:mod:`workbench.adapters.yahoo.reporting`).
    """

    name: ClassVar[str] = NAME
    batch_size: ClassVar[int] = 20
    patient: ClassVar[bool] = True
    whole: ClassVar[frozenset[str]] = frozenset({"fx", "indexes"})

    def __init__(self, patience: Patience | None = None, backend: str | None = None) -> None:
        if backend not in (None, "curl", "requests"):
            raise ConfigError(f"Yahoo has no backend {backend!r}.", hint="Use curl or requests.")
        self.service = Service(patience, backend)
        self.lookup = Lookup(self.service)

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Everything but listings, for all regions."""
        return dict.fromkeys(OFFERS, frozenset(REGIONS))

    def now(self) -> datetime:
        """UTC now, by Yahoo's clock where ours is far from it."""
        return self.service.now()

    def last_date(self, region: str) -> date:
        """The last completed session."""
        return markets.last_completed_session(region, self.now())

    def limits(self) -> str:
        """What we keep to; Yahoo publishes none."""
        rates = " and ".join(map(str, self.service.limiter.rates))
        return f"{rates}, a minute's pause after a refusal (unpublished; our own choice)"

    def probe(self) -> str:
        """Ask for the last days of one index."""
        try:
            found = self.lookup.chart("^GSPC", self.last_date("US") - timedelta(days=7))
        except NotCovered as error:
            raise ShapeChanged(
                "Yahoo no longer knows ^GSPC, the S&P 500.", hint="Update yfinance, or the adapter.", provider=NAME
            ) from error
        rows = found.rows if found else ()
        return f"S&P 500 on {rows[-1].day}: {rows[-1].close:,.2f}" if rows else "answered, without bars"

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of a table; see :class:`Adapter`."""
        if table not in OFFERS:
            raise ConfigError(f"Yahoo has no table {table!r}.", hint=f"It has {', '.join(OFFERS)}.", table=table)
        region = markets.get(request.region).region
        start = request.start or markets.first_known(region)
        end = request.end or self.last_date(region)
        one = getattr(self, f"_{table}")
        named, batch = self._named(table, request), Batch(NAME, start, end)
        rows: Rows = []
        absent: list[Absent] = []
        for ticker in named:
            if batch.stopped:
                break
            found = batch.ask(ticker, partial(one, request, ticker, start, end))
            if found is not None:
                rows += found[0]
                absent += found[1]
        return Fetched(_frame(table, rows), (*absent, *batch.absent(named)))

    def _named(self, table: str, request: Request) -> list[str]:
        """What is asked for: the listing's codes, the currencies, the indexes of the region for None."""
        if request.tickers is not None:
            return list(dict.fromkeys(request.tickers))
        if table == "fx":
            return sorted({markets.get(region).currency for region in REGIONS} - {"USD"})
        if table == "indexes":
            return [index.name for index in symbols.indexes(request.region, None)[0]]
        if not request.listings:
            raise ConfigError(
                f"Yahoo has no listing of {request.region} to take codes from.",
                hint="Name tickers, or collect the listing of another provider first.",
            )
        return sorted(request.listings)

    def _ohlcv(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        listing, last = request.listing(ticker), self.last_date(request.region)
        if not _sessions(request.region, start, min(end, last)):
            gaps = absences(request.region, ticker, (), start, end, lambda _: ("unknown", "the session is not over"))
            return [], list(gaps)
        _, found = self.lookup.resolve(request, ticker, start - CONTEXT)
        result = bars.as_traded(found) if found and found.rows else bars.Bars([], {}, "", [])
        for day, ratio in result.unlisted:
            self._note_split(request.region, ticker, day, ratio)
        inside = [row for row in result.rows if start <= row["date"] <= min(end, last)]
        days = _sessions(request.region, start, min(end, last))
        rows = [row for row in inside if row["date"] in days]
        have = {row["date"] for row in rows}
        newest = max((row["date"] for row in result.rows), default=date.min)
        usual = listed_reason(listing.listed, listing.delisted, have, ("not_covered", "Yahoo has no bar"))

        def why(day: date) -> tuple[str, str]:
            if result.waiting:
                return "unknown", result.waiting
            if day in result.left_out:
                return "quarantined", result.left_out[day]
            said = usual(day)
            if said[0] == "not_covered" and day > last:
                return "unknown", "the session is not over"
            if said[0] == "not_covered" and day > newest and last - day <= FRESH:
                return "unknown", "Yahoo does not have it yet"
            return said

        same = {"region": request.region, "ticker": ticker, "timeframe": "D", "turnover": None, "source": NAME}
        stamped = [row | same | {"collected_at": self.now()} for row in rows]
        return stamped, list(absences(request.region, ticker, have, start, end, why))

    def _actions(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.actions import actions

        _, found = self.lookup.resolve(request, ticker, start - CONTEXT)
        today = self.now().astimezone(ZoneInfo(markets.get(request.region).timezone)).date()
        return actions(request.region, ticker, found, start, min(end, today)) if found else ([], [])

    def _fx(self, _request: Request, currency: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.rates import fx

        if currency == "USD" or not (currency.isalpha() and len(currency) == 3):
            raise NotCovered("the dollar is the unit" if currency == "USD" else "no currency")
        found = self.lookup.chart(symbols.currency_symbol(currency), start)
        if found and found.currency != currency:
            raise NotCovered(f"Yahoo answers in {found.currency}")
        rows = fx(currency, found, start, end, self.now()) if found else []
        return rows, [] if rows else [self._no_days(currency, start, end)]

    def _indexes(self, request: Request, name: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.rates import levels_of

        known, _ = symbols.indexes(request.region, (name,))
        if not known:
            raise NotCovered(f"no index of {request.region} that Yahoo has")
        last = min(end, self.last_date(request.region))
        days = _sessions(request.region, start, last)
        if not days:
            return [], [Absent(name, start, end, "holiday", "no session in this range")]
        found = self.lookup.chart(known[0].symbol, start)
        rows = levels_of(known[0], found, days) if found else []
        return rows, [] if rows else [self._no_days(name, start, end)]

    def _attributes(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.profile import attributes

        symbol, profile = self.lookup.module(request, ticker, "assetProfile")
        rows = attributes(request.region, ticker, profile, self._today(request.region))
        if not any(row["kind"] == "sector" for row in rows):
            detail = f"Yahoo names no sector of {symbol} that GICS has: {profile.get('sector')!r}"
            return rows, [Absent(ticker, start, end, "not_covered", detail)]
        return rows, []

    def _fundamentals(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters import statements as filed
        from workbench.adapters.yahoo import statements

        symbol, entries = self.lookup.entries(request, ticker, None)
        facts = statements.facts(request.region, entries, self.lookup.split_days(symbol, entries))
        frame = filed.rows(request.region, ticker, facts, NAME).filter(pl.col("period_end").is_between(start, end))
        return frame.to_dicts(), _nothing(frame.height, ticker, start, end, "statement")

    def _shares(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo import counts

        rows, today = counts.reported(self.lookup, request, ticker), self.last_date(request.region)
        if start <= today <= end:
            rows += counts.present(self.lookup, request, ticker, today)
        inside = [row for row in rows if start <= row["date"] <= end]
        return inside, _nothing(len(inside), ticker, start, end, "share count")

    def _today(self, region: str) -> date:
        return self.now().astimezone(ZoneInfo(markets.get(region).timezone)).date()

    def _no_days(self, name: str, start: date, end: date) -> Absent:
        old = end < self.now().date() - FRESH
        return Absent(name, start, end, "not_covered" if old else "unknown", "Yahoo has no value on these days")

    def _note_split(self, region: str, ticker: str, day: date, ratio: float) -> None:
        journal.note(
            "yahoo.split_suspected",
            level="warning",
            action=f"Look up whether {region}:{ticker} had a split of {ratio:g} on {day}, and import it as an action.",
            ticker=ticker,
            day=day,
            ratio=ratio,
        )


def _nothing(rows: int, ticker: str, start: date, end: date, what: str) -> list[Absent]:
    """The reason for no row at all."""
    return [] if rows else [Absent(ticker, start, end, "not_covered", f"Yahoo has no {what} in this range")]


def _frame(table: str, rows: Rows) -> pl.DataFrame:
    schema = TABLES[table]
    return pl.DataFrame(rows, schema=dict(schema.columns), orient="row").sort(schema.key)


def _sessions(region: str, start: date, end: date) -> set[date]:
    first, last = max(start, markets.first_known(region)), min(end, markets.last_known(region))
    return set(markets.sessions(region, first, last)) if first <= last else set()
