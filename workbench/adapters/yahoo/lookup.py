"""Which symbol answers for a code, and what Yahoo has under it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from workbench import journal
from workbench.adapters.net.batch import NotCovered
from workbench.adapters.yahoo import symbols
from workbench.adapters.yahoo.chart import Chart, read
from workbench.adapters.yahoo.service import NAME, Service

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.adapters.base import Request
    from workbench.adapters.yahoo.statements import Entry

#: A symbol of a guessed exchange whose last day is older may be a stale namesake.
STALE = timedelta(days=30)
#: Statements go back this far at most; Yahoo gives four to five years.
STATEMENTS_SINCE = date(2010, 1, 1)
#: Two names of one currency, on the mainland and off it.
_SAME_CURRENCY = {"CNH": "CNY"}


class Lookup:
    """Yahoo by code instead of by symbol.

    Every method raises :class:`NotCovered` where Yahoo has nothing for the code, and the errors of
    :meth:`Service.get`.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def chart(self, symbol: str, since: date) -> Chart | None:
        """Days and events from a day until now: a split of today changes the prices of all days before it."""
        params = {
            "period1": _seconds(since),
            "period2": int((self.service.now() + timedelta(days=1)).timestamp()),
            "interval": "1d",
            "includePrePost": "false",
            "events": "div,splits,capitalGains",
        }
        return read(symbol, self.service.get(f"/v8/finance/chart/{symbol}", params))

    def candidates(self, request: Request, ticker: str) -> tuple[str, ...]:
        """Symbols under which Yahoo may know a code."""
        exchange = request.listing(ticker).exchange
        found = symbols.candidates(request.region, ticker, exchange)
        if not found:
            raise NotCovered(f"Yahoo has no suffix for the exchange {exchange}")
        return found

    def resolve(self, request: Request, ticker: str, since: date) -> tuple[str, Chart | None]:
        """The symbol that answers for a code, and its chart.

        Of several spellings (the exchange is unknown) the first that is of its exchange and still trades, else the
        one with the newest day.
        """
        known: list[tuple[date, str, Chart | None]] = []
        names = self.candidates(request, ticker)
        for symbol in names:
            try:
                found = self.chart(symbol, since)
            except NotCovered:
                continue
            if found is not None and not symbols.fits(symbol, found.exchange_name):
                continue
            last = found.rows[-1].day if found and found.rows else date.min
            known.append((last, symbol, found))
            if last >= self.service.now().date() - STALE:
                break
        if not known:
            raise NotCovered(f"Yahoo does not know {' or '.join(names)}")
        _, symbol, best = max(known, key=lambda one: one[0])
        if len(names) > 1:
            journal.note("yahoo.symbol_chosen", provider=NAME, ticker=ticker, symbol=symbol, tried=list(names))
        self._check_currency(request, ticker, symbol, best)
        self._check_company(request, ticker, symbol, best)
        return symbol, best

    def _check_currency(self, request: Request, ticker: str, symbol: str, found: Chart | None) -> None:
        listed, quoted = request.listing(ticker).currency, found.currency if found else None
        if listed and quoted and _SAME_CURRENCY.get(listed, listed) != _SAME_CURRENCY.get(quoted, quoted):
            raise NotCovered(f"Yahoo quotes {symbol} in {quoted}, and the listing says {listed}")

    def _check_company(self, request: Request, ticker: str, symbol: str, found: Chart | None) -> None:
        """Refuse the bars of another company that was given the symbol of one that had left the list."""
        gone, first = request.listing(ticker).delisted, found.first_trade if found else None
        if gone and first and first >= gone:
            raise NotCovered(f"Yahoo's {symbol} trades since {first}, and the listing ended on {gone}: another company")

    def entries(self, request: Request, ticker: str, items: tuple[str, ...] | None) -> tuple[str, list[Entry]]:
        """The symbol of a code, and the numbers of its statements; all items of the table for None."""
        from workbench.adapters.yahoo import statements

        until = int((self.service.now() + timedelta(days=1)).timestamp())
        params = {"type": statements.types(items), "period1": _seconds(STATEMENTS_SINCE), "period2": until}
        for symbol in self.candidates(request, ticker):
            try:
                body = self.service.get(f"{statements.PATH}/{symbol}", {"symbol": symbol, **params})
            except NotCovered:
                continue
            entries = statements.read(symbol, body)
            if entries:
                return symbol, entries
        raise NotCovered("Yahoo has no statements")

    def module(self, request: Request, ticker: str, name: str) -> tuple[str, dict[str, Any]]:
        """The symbol of a code, and one module of its quote summary."""
        from workbench.adapters.yahoo import profile

        for symbol in self.candidates(request, ticker):
            try:
                body = self.service.get(f"{profile.PATH}/{symbol}", {"modules": name, "formatted": "false"}, crumb=True)
            except NotCovered:
                continue
            return symbol, profile.module(symbol, body, name)
        raise NotCovered("Yahoo does not know the symbol")

    def split_days(self, symbol: str, entries: Iterable[Entry]) -> list[date]:
        """Days of splits since the first period; where they are not to be had, one after all periods."""
        first = min((entry.end for entry in entries), default=None)
        try:
            found = self.chart(symbol, first) if first else None
        except NotCovered:
            return [date.max]
        return [day for day, _ in found.splits] if found else []


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())
