"""The adapter: which symbol answers for a code, and what is done with its answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from workbench import journal, markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.net import absences, listed_reason
from workbench.adapters.yahoo import bars, chart, symbols
from workbench.adapters.yahoo.batch import Batch
from workbench.adapters.yahoo.service import NAME, RATE, NotCovered, Service
from workbench.errors import ConfigError, ShapeChanged
from workbench.schemas import TABLES
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workbench.adapters.net import Patience
    from workbench.adapters.yahoo.statements import Entry

OFFERS = ("attributes", "shares", "ohlcv", "actions", "fundamentals", "fx", "indexes")
#: Days before the first one asked: what a jump at the beginning is compared with.
CONTEXT = timedelta(days=45)
#: A session this near to now that Yahoo does not have yet is asked again.
FRESH = timedelta(days=7)
#: A symbol of a guessed exchange whose last day is older may be a stale namesake.
STALE = timedelta(days=30)
#: Statements go back this far at most; Yahoo gives four to five years.
STATEMENTS_SINCE = date(2010, 1, 1)
#: Two names of one currency, on the mainland and off it.
_SAME_CURRENCY = {"CNH": "CNY"}

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
        return f"{RATE}, a minute's pause after a refusal (unpublished; our own choice)"

    def probe(self) -> str:
        """Ask for the last days of one index."""
        try:
            found = self._chart("^GSPC", self.last_date("US") - timedelta(days=7))
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
        named = self._named(table, request)
        batch = Batch(start, end)
        for ticker in named:
            if not batch.add(ticker, lambda ticker=ticker: one(request, ticker, start, end)):  # type: ignore[misc]
                break
        found = batch.fetched(named)
        return Fetched(_frame(table, found[0]), tuple(found[1]))

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
        if not _has_session(request.region, start, min(end, last)):
            gaps = absences(request.region, ticker, (), start, end, lambda _: ("unknown", "the session is not over"))
            return [], list(gaps)
        _, found = self._resolve(request, ticker, start - CONTEXT)
        result = bars.as_traded(found) if found and found.rows else bars.Bars([], {}, "", [])
        for day, ratio in result.unlisted:
            self._note_split(request.region, ticker, day, ratio)
        inside = [row for row in result.rows if start <= row["date"] <= min(end, last)]
        days = set(markets.sessions(request.region, start, min(end, last)))
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

        _, found = self._resolve(request, ticker, start - CONTEXT)
        today = self.now().astimezone(ZoneInfo(markets.get(request.region).timezone)).date()
        return actions(request.region, ticker, found, start, min(end, today)) if found else ([], [])

    def _fx(self, _request: Request, currency: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.rates import fx

        if currency == "USD" or not (currency.isalpha() and len(currency) == 3):
            raise NotCovered("the dollar is the unit" if currency == "USD" else "no currency")
        found = self._chart(symbols.currency_symbol(currency), start)
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
        if not _has_session(request.region, start, last):
            return [], [Absent(name, start, end, "holiday", "no session in this range")]
        found = self._chart(known[0].symbol, start)
        days = set(markets.sessions(request.region, start, last))
        rows = levels_of(known[0], found, days) if found else []
        return rows, [] if rows else [self._no_days(name, start, end)]

    def _attributes(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo.profile import attributes

        symbol, profile = self._module(request, ticker, "assetProfile")
        rows = attributes(request.region, ticker, profile, self._today(request.region))
        if not any(row["kind"] == "sector" for row in rows):
            detail = f"Yahoo names no sector of {symbol} that GICS has: {profile.get('sector')!r}"
            return rows, [Absent(ticker, start, end, "not_covered", detail)]
        return rows, []

    def _fundamentals(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters import statements as filed
        from workbench.adapters.yahoo import statements

        symbol, entries = self._entries(request, ticker, None)
        facts = statements.facts(request.region, entries, self._split_days(symbol, entries))
        frame = filed.rows(request.region, ticker, facts, NAME).filter(pl.col("period_end").is_between(start, end))
        return frame.to_dicts(), []

    def _shares(self, request: Request, ticker: str, start: date, end: date) -> tuple[Rows, list[Absent]]:
        from workbench.adapters.yahoo import profile, statements

        symbol, entries = self._entries(request, ticker, (statements.SHARES,))
        facts = statements.facts(request.region, entries, self._split_days(symbol, entries))
        rows = list(statements.share_rows(request.region, ticker, facts))
        today = self.last_date(request.region)
        if start <= today <= end:
            _, found = self._module(request, ticker, "defaultKeyStatistics")
            count = profile.outstanding(found)
            if count is not None:
                after = markets.next_session(request.region, today)
                rows.append(statements.share_row(request.region, ticker, today, after, count))
        return [row for row in rows if start <= row["date"] <= end], []

    def _entries(self, request: Request, ticker: str, items: tuple[str, ...] | None) -> tuple[str, list[Entry]]:
        from workbench.adapters.yahoo import statements

        until = int((self.now() + timedelta(days=1)).timestamp())
        params = {"type": statements.types(items), "period1": _seconds(STATEMENTS_SINCE), "period2": until}
        for symbol in self._candidates(request, ticker):
            try:
                body = self.service.get(f"{statements.PATH}/{symbol}", {"symbol": symbol, **params})
            except NotCovered:
                continue
            entries = statements.read(symbol, body)
            if entries:
                return symbol, entries
        raise NotCovered("Yahoo has no statements")

    def _module(self, request: Request, ticker: str, name: str) -> tuple[str, dict[str, Any]]:
        from workbench.adapters.yahoo import profile

        for symbol in self._candidates(request, ticker):
            try:
                body = self.service.get(f"{profile.PATH}/{symbol}", {"modules": name, "formatted": "false"}, crumb=True)
            except NotCovered:
                continue
            return symbol, profile.module(symbol, body, name)
        raise NotCovered("Yahoo does not know the symbol")

    def _split_days(self, symbol: str, entries: Iterable[Entry]) -> list[date]:
        """Days of splits since the first period; where they are not to be had, one after all periods."""
        first = min((entry.end for entry in entries), default=None)
        try:
            found = self._chart(symbol, first) if first else None
        except NotCovered:
            return [date.max]
        return [day for day, _ in found.splits] if found else []

    def _candidates(self, request: Request, ticker: str) -> tuple[str, ...]:
        exchange = request.listing(ticker).exchange
        found = symbols.candidates(request.region, ticker, exchange)
        if not found:
            raise NotCovered(f"Yahoo has no suffix for the exchange {exchange}")
        return found

    def _resolve(self, request: Request, ticker: str, since: date) -> tuple[str, chart.Chart | None]:
        """The symbol that answers for a code, and its chart.

        Of several spellings (the exchange is unknown) the first that is of its exchange and still trades, else the
        one with the newest day.
        """
        known: list[tuple[date, str, chart.Chart | None]] = []
        names = self._candidates(request, ticker)
        for symbol in names:
            try:
                found = self._chart(symbol, since)
            except NotCovered:
                continue
            if found is not None and not symbols.fits(symbol, found.exchange_name):
                continue
            last = found.rows[-1].day if found and found.rows else date.min
            known.append((last, symbol, found))
            if last >= self.last_date(request.region) - STALE:
                break
        if not known:
            raise NotCovered(f"Yahoo does not know {' or '.join(names)}")
        _, symbol, best = max(known, key=lambda one: one[0])
        if len(names) > 1:
            journal.note("yahoo.symbol_chosen", provider=NAME, ticker=ticker, symbol=symbol, tried=list(names))
        self._check_currency(request, ticker, symbol, best)
        return symbol, best

    def _check_currency(self, request: Request, ticker: str, symbol: str, found: chart.Chart | None) -> None:
        listed, quoted = request.listing(ticker).currency, found.currency if found else None
        if listed and quoted and _SAME_CURRENCY.get(listed, listed) != _SAME_CURRENCY.get(quoted, quoted):
            raise NotCovered(f"Yahoo quotes {symbol} in {quoted}, and the listing says {listed}")

    def _chart(self, symbol: str, since: date) -> chart.Chart | None:
        """Days and events from a day until now: a split of today changes the prices of all days before it."""
        params = {
            "period1": _seconds(since),
            "period2": int((self.now() + timedelta(days=1)).timestamp()),
            "interval": "1d",
            "includePrePost": "false",
            "events": "div,splits,capitalGains",
        }
        return chart.read(symbol, self.service.get(f"/v8/finance/chart/{symbol}", params))

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


def _frame(table: str, rows: Rows) -> pl.DataFrame:
    schema = TABLES[table]
    return pl.DataFrame(rows, schema=dict(schema.columns), orient="row").sort(schema.key)


def _has_session(region: str, start: date, end: date) -> bool:
    first, last = max(start, markets.first_known(region)), min(end, markets.last_known(region))
    return first <= last and bool(markets.sessions(region, first, last))


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())
