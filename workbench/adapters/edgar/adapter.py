"""The adapter of SEC EDGAR.

One call a filer brings all its facts (``companyfacts``), one more its industry. Nothing is asked per period, so
that a request for few days costs as much as one for all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from workbench import markets, settings
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.edgar.companies import Companies
from workbench.adapters.edgar.counts import Count, counts, share_rows
from workbench.adapters.edgar.facts import statement_facts
from workbench.adapters.edgar.service import IDENTITY, RATES, Service
from workbench.adapters.net import Limiter
from workbench.adapters.net.batch import Batch
from workbench.adapters.statements import rows
from workbench.errors import ConfigError
from workbench.markets import sectors
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from workbench.adapters.net import Patience, Rate

#: Calls under way at once: with a quarter of a second each, what the allowed rate needs and some.
AT_ONCE = 6
#: A filer that is always there, for the probe.
APPLE = 320193
#: Share counts come with the facts; those of a filer are used for so long instead of another call.
_KEPT = timedelta(hours=1)


class Edgar(Adapter):
    """Statements, share counts and industries of US filers.

    Parameters
    ----------
    patience : Patience, optional
        Attempts and time limits of the calls.
    rates : sequence of Rate
        Limits of EDGAR; a local one may have others.
    """

    name: ClassVar[str] = "edgar"
    batch_size: ClassVar[int] = 20
    patient: ClassVar[bool] = True
    whole: ClassVar[frozenset[str]] = frozenset({"tickers"})
    secrets: ClassVar[tuple[str, ...]] = (IDENTITY,)
    signup: ClassVar[str] = (
        "No account: EDGAR asks every caller to say who it is. Set EDGAR_USER_AGENT to your name and mail address."
    )

    def __init__(self, patience: Patience | None = None, rates: Sequence[Rate] = RATES) -> None:
        self._patience, self._rates = patience, tuple(rates)
        self._counts: dict[int, tuple[datetime, list[Count]]] = {}

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Tables this provider has, and for which regions."""
        return dict.fromkeys(("fundamentals", "shares", "attributes"), frozenset({"US"}))

    def last_date(self, region: str) -> date:
        """The last completed trading day: filings up to it are known."""
        return markets.last_completed_session(region, self.now())

    def now(self) -> datetime:
        """UTC now, by EDGAR's clock where ours is far from it."""
        return self._service.now() if "_service" in self.__dict__ else settings.now()

    def limits(self) -> str:
        """The limits in force."""
        return ", ".join(map(str, Limiter(self.name, self._rates).rates))

    def probe(self) -> str:
        """Ask for the record of one filer."""
        filer = self._service.filer(APPLE)
        return f"answers; {filer.get('name')} is there" if filer else "answers"

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of ``fundamentals``, ``shares`` or ``attributes``.

        Raises
        ------
        ConfigError
            On another table, without tickers, or without ``EDGAR_USER_AGENT``.
        ProviderError
            Typed by what went wrong.
        """
        makers = {"fundamentals": self._statements, "shares": self._shares, "attributes": self._industry}
        if table not in makers or request.region not in self.offers[table]:
            raise ConfigError(f"EDGAR has no {table} of {request.region}.", hint="Ask another provider.")
        if request.tickers is None:
            raise ConfigError("EDGAR is asked by ticker.", hint="Name the tickers, which another provider lists.")
        # Made here once: the threads below share it, and without an identity nothing is asked.
        self._service  # noqa: B018
        ciks = {code: self._companies.cik(code, request.listing(code)) for code in request.tickers}
        with_one = [code for code, cik in ciks.items() if cik is not None]
        batch = Batch(self.name, *self._days(request))
        answers = self._each(batch, lambda code: makers[table](code, int(ciks[code] or 0), request), with_one)
        frames = [TABLES[table].empty(), *(frame for frame, _ in answers.values())]
        absent = [
            self._absent(request, code, _unknown(request, code)) for code in request.tickers if ciks[code] is None
        ]
        absent += [self._absent(request, code, why) for code, (frame, why) in answers.items() if frame.is_empty()]
        return Fetched(pl.concat(frames).sort(TABLES[table].key), (*absent, *batch.absent(with_one)))

    def _each(
        self, batch: Batch, make: Callable[[str], tuple[pl.DataFrame, str]], codes: Iterable[str]
    ) -> dict[str, tuple[pl.DataFrame, str]]:
        """What ``make`` gives for each code, several at once; one that fails does not take the others with it."""
        asked = {code: self._pool.submit(make, code) for code in codes}
        answers = {}
        try:
            for code, future in asked.items():
                if batch.stopped and future.cancel():
                    continue
                found = batch.ask(code, future.result, lambda one: not one[0].is_empty())
                if found is not None:
                    answers[code] = found
        finally:
            for future in asked.values():
                future.cancel()
        return answers

    def _statements(self, ticker: str, cik: int, request: Request) -> tuple[pl.DataFrame, str]:
        facts = self._facts(cik)
        if facts is None:
            return TABLES["fundamentals"].empty(), f"CIK {cik} has no facts"
        frame = rows(request.region, ticker, statement_facts(facts), self.name)
        return _within(frame, "period_end", request), f"no period of CIK {cik} ends in this range"

    def _shares(self, ticker: str, cik: int, request: Request) -> tuple[pl.DataFrame, str]:
        fetched, found = self._counts.get(cik, (None, []))
        if fetched is None or settings.now() - fetched > _KEPT:
            found = counts(self._facts(cik) or {})
        frame = share_rows(request.region, ticker, found, self.name)
        return _within(frame, "date", request), f"CIK {cik} gives no count of shares in this range"

    def _industry(self, ticker: str, cik: int, request: Request) -> tuple[pl.DataFrame, str]:
        filer = self._service.filer(cik)
        code = (filer or {}).get("sic", "")
        if not filer or not code:
            return TABLES["attributes"].empty(), f"EDGAR gives no industry of CIK {cik}"
        today = self.now().astimezone(ZoneInfo(markets.get(request.region).timezone)).date()
        about = {"region": request.region, "ticker": ticker, "valid_from": today, "valid_to": None, "source": self.name}
        values = {"sector": sectors.gics("sic", code), "industry": filer.get("sicDescription") or None}
        found = [about | {"kind": kind, "value": value} for kind, value in values.items() if value]
        return pl.DataFrame(found, dict(TABLES["attributes"].columns)), f"SIC {code} of CIK {cik} is not known"

    def _facts(self, cik: int) -> dict[str, Any] | None:
        """The facts of a filer by taxonomy; its share counts are kept for the request that follows."""
        body = self._service.facts(cik)
        facts: dict[str, Any] = body["facts"] if body else {}
        self._counts[cik] = (settings.now(), counts(facts))
        return facts or None

    def _absent(self, request: Request, ticker: str, why: str) -> Absent:
        return Absent(ticker, *self._days(request), "not_covered", why)

    def _days(self, request: Request) -> tuple[date, date]:
        first = request.start or markets.first_known(request.region)
        return first, request.end or self.last_date(request.region)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads that keep their connections: opening one takes time, and calls that wait for it arrive in a bunch."""
        return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="edgar")

    @cached_property
    def _service(self) -> Service:
        return Service(self._patience, self._rates)

    @cached_property
    def _companies(self) -> Companies:
        return Companies(self._service.tickers)


def _within(frame: pl.DataFrame, column: str, request: Request) -> pl.DataFrame:
    """Rows whose date lies in the range that is asked."""
    first, last = request.start or date.min, request.end or date.max
    return frame.filter(pl.col(column).is_between(first, last))


def _unknown(request: Request, ticker: str) -> str:
    if request.listing(ticker).delisted is not None:
        return "delisted, and the listing does not name its CIK"
    return "neither the listing nor EDGAR's present tickers name its filer"
