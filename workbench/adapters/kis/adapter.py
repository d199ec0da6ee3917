"""KIS Open API as a provider: listings from its master files, bars, splits, share counts and valuation by call."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from workbench import markets, settings
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.kis import service
from workbench.errors import ConfigError
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from workbench.adapters.kis.bars import Asked
    from workbench.adapters.kis.client import KisClient
    from workbench.adapters.kis.masters import Masters
    from workbench.adapters.kis.reference import Detail
    from workbench.adapters.kis.threads import Stop
    from workbench.adapters.net import Patience

T = TypeVar("T")
NAME = "kis"
#: Quotes outside Korea come 15 minutes late, so a bar is complete only some time after the close.
SETTLED = timedelta(minutes=20)
#: First day that is asked for where none is named, and the US wall does not say.
_EARLIEST = date(1990, 1, 1)
TABLES = ("tickers", "attributes", "ohlcv", "actions", "shares", "fundamentals")


class Kis(Adapter):
    """The Open API of Korea Investment & Securities.

    Parameters
    ----------
    paper : bool, optional
        The paper service instead of the real one; by default as ``KIS_PAPER`` says. It has daily prices and
        Korean quotes only, one call a second, and keys of its own.
    patience : Patience, optional
        Attempts and time limits of calls.

    Notes
    -----
    Listings come from the master files, without a key. Bars are raw prices, volume in shares, prices in whole
    currency units; ``actions`` are splits read off the ratio of adjusted to raw prices
    (:mod:`workbench.adapters.kis.splits` says when a move of it is one), dividends are not offered. ``shares`` and
    ``fundamentals`` (``per``, ``pbr``, ``eps``, ``bps``, ``market_cap``) are today's only: dated on the last
    completed session, available from the first session that opens after they were read. What the service tells of
    past fiscal periods has no dates of filing, and is not offered.

    Examples
    --------
    >>> kis = Kis()
    >>> kis.fetch("tickers", Request("US")).frame  # doctest: +SKIP
    """

    name: ClassVar[str] = NAME
    batch_size: ClassVar[int] = 50
    patient: ClassVar[bool] = True
    keyless: ClassVar[frozenset[str]] = frozenset({"tickers", "attributes"})
    secrets: ClassVar[tuple[str, ...]] = ("env:KIS_APP_KEY", "env:KIS_APP_SECRET")
    signup: ClassVar[str] = (
        "Open an account at Korea Investment & Securities, apply for the Open API at apiportal.koreainvestment.com, "
        "and set KIS_APP_KEY and KIS_APP_SECRET (KIS_PAPER=1 with the keys of the paper service)."
    )

    def __init__(self, paper: bool | None = None, patience: Patience | None = None) -> None:
        self.service = service.chosen(paper)
        self._patience = patience
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Six tables for all six regions."""
        return {table: frozenset(REGIONS) for table in TABLES}

    def first_date(self, region: str) -> date | None:
        """In the United States 2007-08-20 for every symbol; elsewhere the service does not say."""
        from workbench.adapters.kis.bars import WALL

        return WALL.get(markets.get(region).region)

    def last_date(self, region: str) -> date:
        """The last session that ended at least 20 minutes ago, by the service's clock where ours is off."""
        return markets.last_completed_session(region, self.now() - SETTLED)

    def now(self) -> datetime:
        """UTC now; the service's, once it has been asked and if ours is far from it."""
        client: KisClient | None = self._made.get("client")
        return client.now() if client else settings.now()

    def limits(self) -> str:
        """Such as ``15 calls in 1 s and 900 calls in 60 s per key (real service)``."""
        client: KisClient | None = self._made.get("client")
        rates = client.limiter.rates if client else self.service.rates
        pace = client.limiter.pace() if client else 1.0
        slower = "" if pace >= 1.0 else f", at {pace:.0%} of it after a refusal"
        return f"{' and '.join(map(str, rates))} per key ({self.service.name} service){slower}"

    def probe(self) -> str:
        """Ask for one Korean quote."""
        from workbench.adapters.kis import reference
        from workbench.adapters.kis.masters import Instrument

        token = self.client.token()
        found = reference.detail(self.client, Instrument("J", "005930", None, in_master=True), "KRW")
        what = "a quote of 005930 came back" if found else "the service answered, without a quote of 005930"
        return f"{self.service.name} service: {what}; token until {token.expires:%Y-%m-%d %H:%M} UTC"

    def holidays(self, start: date | None = None) -> dict[date, bool]:
        """Whether the Korean market is open, by day: asked at most once a day, kept on disk.

        Parameters
        ----------
        start : date, optional
            First of the some 24 days that are asked for; today by default.

        Raises
        ------
        ProviderError
            As :meth:`fetch`; the paper service does not offer it.
        """
        from workbench.adapters.kis.holidays import holidays

        return holidays(self.client, start or self.now().date())

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of a table; see the class for what they hold.

        Raises
        ------
        ConfigError
            For a table it does not have, an end before the start, or keys that are not set.
        Throttled, Unauthorised, Unreachable, ShapeChanged, ProviderError
            By the code of the answer (:mod:`workbench.adapters.kis.codes`), after what may pass was tried again.
        """
        region = markets.get(request.region).region
        if table not in TABLES:
            raise ConfigError(f"kis has no table {table!r}.", hint=f"Ask for {', '.join(TABLES)}.")
        if request.start and request.end and request.end < request.start:
            raise ConfigError(
                f"The request ends on {request.end}, before it starts on {request.start}.", hint="Swap start and end."
            )
        if table in ("tickers", "attributes"):
            return self._listing(table, region, request)
        if table == "ohlcv":
            return self._bars(region, request)
        if table == "actions":
            return self._actions(region, request)
        return self._today(table, region, request)

    # Each table.

    def _listing(self, table: str, region: str, request: Request) -> Fetched:
        import polars as pl

        from workbench.adapters.kis import listing

        frame = getattr(listing, table)(self.masters.read(region))
        if request.tickers is None:
            return Fetched(frame)
        kept = frame.filter(pl.col("ticker").is_in(list(request.tickers)))
        return Fetched(kept, self._strangers(request, set(kept["ticker"])))

    def _bars(self, region: str, request: Request) -> Fetched:
        from workbench.adapters.kis import bars

        asked = list(self._asked(region, request))
        answers, absent = self._each(bars.collect, asked, proof=lambda answer: bool(answer.rows))
        # The clocks have been compared by now: the running day is told by the exchange's.
        last = self.last_date(region)
        gaps = [gap for answer in answers.values() for gap in bars.missing(answer, last)]
        return Fetched(bars.frame(answers.values(), last), (*gaps, *absent))

    def _actions(self, region: str, request: Request) -> Fetched:
        import polars as pl

        from workbench.adapters.kis import actions
        from workbench.schemas import TABLES as SCHEMAS

        asked = {one.ticker: one for one in self._asked(region, request, until=self.last_date(region))}
        found, absent = self._each(actions.collect, [one for one in asked.values() if one.start <= one.end])
        last = self.last_date(region)
        rows = [
            (region, ticker, day, kind, value, None if kind in ("split", "bonus") else _money(asked[ticker]), NAME)
            for ticker, said in found.items()
            for day, kind, value in said or ()
            if day <= last
        ]
        frame = pl.DataFrame(rows, schema=dict(SCHEMAS["actions"].columns), orient="row")
        strangers = [ticker for ticker, said in found.items() if said is None]
        return Fetched(frame.sort("ticker", "ex_date", "kind"), (*self._unknown(request, strangers), *absent))

    def _today(self, table: str, region: str, request: Request) -> Fetched:
        """Share counts and valuation, of which the service knows today's only."""
        from workbench.adapters.kis import reference

        if self.service.is_paper and region != "KR":
            return self._nothing(table, request, "not offered by the paper service")
        day = self.last_date(region)
        if not (request.start or day) <= day <= (request.end or day):
            return self._nothing(table, request, "kis knows today's only")
        if table == "shares" and region == "KR":
            counts, known = self._korean_counts(request)
            return Fetched(reference.shares(region, day, self._since(region), counts), self._strangers(request, known))
        asked = list(self._asked(region, request))
        found, failed = self._each(self._detail, asked)
        details = {ticker: said for ticker, said in found.items() if said is not None}
        absent = (*self._unknown(request, [ticker for ticker in found if ticker not in details]), *failed)
        if table == "fundamentals":
            return Fetched(reference.valuation(region, day, self._since(region), details), absent)
        counts = {ticker: said.shares for ticker, said in details.items() if said.shares}
        return Fetched(reference.shares(region, day, self._since(region), counts), absent)

    def _since(self, region: str) -> date | None:
        from workbench.adapters.kis import reference

        return reference.available(region, self.now())

    def _korean_counts(self, request: Request) -> tuple[dict[str, float], set[str]]:
        """Counts by code from the master files, where they stand in thousands, and all codes: no call."""
        counts = dict(self.masters.read("KR").rows.select("ticker", "shares").iter_rows())
        tickers = tuple(counts) if request.tickers is None else request.tickers
        return {ticker: counts[ticker] for ticker in tickers if counts.get(ticker)}, set(counts)

    def _detail(self, client: KisClient, asked: Asked, stop: Stop) -> Detail | None:
        from workbench.adapters.kis import reference

        if asked.instrument is None:
            return None
        stop.check()
        return reference.detail(client, asked.instrument, _money(asked))

    # What they share.

    @property
    def client(self) -> KisClient:
        """Made at the first call: keys are looked up then, and not before."""
        from workbench.adapters.kis.client import PATIENCE, KisClient

        found: KisClient = self._once("client", lambda: KisClient(self.service, self._patience or PATIENCE))
        return found

    @property
    def masters(self) -> Masters:
        """The master files, made at the first use."""
        from workbench.adapters.kis.masters import Masters

        found: Masters = self._once("masters", lambda: Masters(self._patience))
        return found

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _asked(self, region: str, request: Request, until: date | None = None) -> Iterable[Asked]:
        from workbench.adapters.kis.bars import Asked

        tickers = tuple(self.masters.instruments(region)) if request.tickers is None else request.tickers
        start = request.start or self.first_date(region) or max(_EARLIEST, markets.first_known(region))
        end = request.end or max(self.last_date(region), start)
        spelt = self.masters.speller(region)
        for ticker in dict.fromkeys(tickers):
            known = request.listing(ticker)
            yield Asked(region, ticker, spelt(ticker, known), known, start, min(end, until or end))

    def _each(
        self,
        work: Callable[[KisClient, Asked, Stop], T],
        asked: Sequence[Asked],
        proof: Callable[[T], bool] = lambda _: True,
    ) -> tuple[dict[str, T], list[Absent]]:
        """What each code was answered, and the absence of those that failed; see :class:`Threads`."""
        from workbench.adapters.kis.threads import Threads

        threads: Threads = self._once("threads", Threads)
        if any(one.instrument is not None for one in asked):
            # Before the threads start: one token, and one clear error where keys are missing.
            self.client.token()
        return threads.ask(lambda one, stop: work(self.client, one, stop), asked, proof)

    def _strangers(self, request: Request, known: Iterable[str]) -> tuple[Absent, ...]:
        known = set(known)
        return self._unknown(request, [ticker for ticker in request.tickers or () if ticker not in known])

    def _unknown(self, request: Request, tickers: Iterable[str]) -> tuple[Absent, ...]:
        return self._absent(request, tickers, "kis does not know this code")

    def _nothing(self, table: str, request: Request, why: str) -> Fetched:
        from workbench.schemas import TABLES as SCHEMAS

        return Fetched(SCHEMAS[table].empty(), self._absent(request, request.tickers or (), why))

    def _absent(self, request: Request, tickers: Iterable[str], why: str) -> tuple[Absent, ...]:
        start = request.start or self.first_date(request.region) or _EARLIEST
        end = request.end or max(self.last_date(request.region), start)
        return tuple(Absent(ticker, start, end, "not_covered", why) for ticker in dict.fromkeys(tickers))


def _money(asked: Asked) -> str:
    return asked.listing.currency or markets.get(asked.region).currency
