"""The provider: what it offers, and its answers in the tables of the lake."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from workbench import journal, markets, secrets, settings
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.dart import shares, statements
from workbench.adapters.dart.answers import SETTLING, Answers
from workbench.adapters.dart.budget import DAILY, RATES
from workbench.adapters.dart.client import KEY, Service
from workbench.adapters.dart.companies import Companies
from workbench.adapters.dart.filings import ANNUAL, FIRST_YEAR
from workbench.adapters.dart.reading import Reader
from workbench.adapters.net import Limiter
from workbench.adapters.net.batch import Batch
from workbench.adapters.statements import derive, rows
from workbench.errors import ProviderError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from workbench.adapters.dart.companies import Security
    from workbench.adapters.dart.filings import Report
    from workbench.adapters.dart.reading import Reports
    from workbench.adapters.net import Patience, Rate
    from workbench.adapters.statements import Fact

    Answer = tuple[Security, pl.DataFrame, list[Absent]]

REGION = "KR"
#: Companies asked at the same time: enough to use the allowed rate in spite of the way to Seoul.
AT_ONCE = 4
#: A later report shows a period again one year after it, and may restate it.
COMPARED = timedelta(days=366)
#: Samsung Electronics, whom a probe asks about.
_PROBED = "00126380"


class Dart(Adapter):
    """OpenDART of the Korean Financial Supervisory Service.

    Parameters
    ----------
    daily : int
        Calls in a Seoul day that the key allows.
    rates : sequence of Rate
        Pace of all processes that use the key.
    patience : Patience, optional
        Attempts and time limits of one request.

    Notes
    -----
    Tables: ``fundamentals`` from the periodic reports since business year 2015, ``shares`` from the same reports.

    Timing: a row is filed on the receipt date of the filing that the service answers with, and available on
    the next session. The service answers with a report's newest version only. Where a report was corrected, its
    rows carry the date of the correction, never that of the original, whose figures are gone: what a
    collection took in before the correction stays in the lake as the earlier vintage.

    ``filing_id`` is the receipt number and the basis, such as ``20220308000798-CFS`` (consolidated) or ``-OFS``
    (separate). One answer never mixes the two for a company.

    Source: opendart.fss.or.kr, developer guide.
    """

    name: ClassVar[str] = "dart"
    batch_size: ClassVar[int] = 20
    patient: ClassVar[bool] = True
    secrets: ClassVar[tuple[str, ...]] = (KEY,)
    signup: ClassVar[str] = "Request a key at https://opendart.fss.or.kr (free) and put DART_API_KEY=... into .env."

    def __init__(self, *, daily: int = DAILY, rates: Sequence[Rate] = RATES, patience: Patience | None = None) -> None:
        self._daily, self._rates, self._patience = daily, tuple(rates), patience

    @cached_property
    def _service(self) -> Service:
        return Service(daily=self._daily, rates=self._rates, patience=self._patience)

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self._service)

    @cached_property
    def _companies(self) -> Companies:
        return Companies(self._service, self._answers)

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Statements and share counts of Korea."""
        return {"fundamentals": frozenset({REGION}), "shares": frozenset({REGION})}

    def last_date(self, region: str) -> date:
        """The last completed session."""
        return markets.last_completed_session(region, self.now())

    def now(self) -> datetime:
        """UTC now, by the service's clock where ours is far from it."""
        return self._service.now() if "_service" in self.__dict__ else settings.now()

    def limits(self) -> str:
        """The limits in force."""
        rates = Limiter(self.name, self._rates).rates
        made = f", {self._service.budget.used():,} of them made" if secrets.is_set(KEY) else ""
        return f"{', '.join(map(str, rates))}; {self._daily:,} calls a day in Seoul{made}"

    def probe(self) -> str:
        """Ask for one company's profile."""
        body = self._service.page("company", corp_code=_PROBED)
        told = f"knows {body.get('corp_name')}" if body else "has no data about the company it was asked for"
        return f"the key is accepted; the service {told}"

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of ``fundamentals`` or ``shares`` of periods that end in the days asked.

        Raises
        ------
        ProviderError
            Typed; :class:`workbench.errors.Throttled` names the next Seoul day where the day's calls are used up.
        """
        if request.region not in self.offers.get(table, frozenset()):
            raise ProviderError(f"dart has no {table} of {request.region}.", hint="Ask another provider.", table=table)
        start = request.start or date(FIRST_YEAR, 1, 1)
        end = request.end or self.last_date(REGION)
        codes = self._companies.codes() if request.tickers is None else request.tickers
        found = {code: self._companies.find(code, request.listing(code).issuer_id) for code in codes}
        known = [security for security in found.values() if security is not None]
        absent = [
            Absent(code, start, end, "not_covered", "DART knows no company with this code")
            for code, security in found.items()
            if security is None
        ]
        corps = list(dict.fromkeys(security.corp for security in known))
        make = self._fundamentals if table == "fundamentals" else self._shares
        batch, frames = Batch(self.name, start, end), [TABLES[table].empty()]
        for security, frame, gaps in make(known, corps, start, end, batch):
            own = frame.filter(pl.col(str(TABLES[table].date_column)).is_between(start, end))
            frames.append(own)
            silent = Absent(security.ticker, start, end, "not_covered", "no report of a period that ends in these days")
            absent += [gap for gap in gaps if start <= gap.start <= gap.end <= end] or (
                [silent] if own.is_empty() else []
            )
        failed = {one.ticker: one for one in batch.absent(corps)}
        absent += [replace(failed[one.corp], ticker=one.ticker) for one in known if one.corp in failed]
        return Fetched(pl.concat(frames).sort(TABLES[table].key), tuple(absent))

    def _fundamentals(
        self, known: Iterable[Security], corps: Sequence[str], start: date, end: date, batch: Batch
    ) -> Iterator[Answer]:
        reader = Reader(self._answers, self._companies)
        # Later reports show the periods again, perhaps restated.
        read = self._each(batch, corps, lambda corp: reader.statements(reader.plan(corp, start, end + COMPARED)))
        reader.main_accounts(read.values())
        paid = self._each(batch, list(read), lambda corp: _dividends(reader, read[corp], start, end))

        def made(security: Security) -> Answer:
            reports = read[security.corp].whole()
            bodies = reports.one_basis()
            facts: list[Fact] = []
            for body in bodies:
                facts += statements.facts(body, reports.profile.founded, security.share_class)
                for rows_of, report in paid[security.corp]:
                    if report == body.report:
                        facts += shares.dividends(rows_of, report, body.basis, security.share_class)
            frame = rows(REGION, security.ticker, derive(facts), self.name)
            return security, frame, self._gaps(security, reports, {body.report for body in bodies})

        return self._made(batch, (one for one in known if one.corp in paid), made)

    def _shares(
        self, known: Iterable[Security], corps: Sequence[str], start: date, end: date, batch: Batch
    ) -> Iterator[Answer]:
        reader = Reader(self._answers, self._companies)

        def counts(corp: str) -> list[tuple[list[dict[str, Any]], Report]]:
            reports = reader.plan(corp, start, end)
            asked = [(reader.other(shares.COUNTS, reports, report), report) for report in reports.planned]
            return [(rows_of, report) for rows_of, report in asked if rows_of]

        counted = self._each(batch, corps, counts)
        schema = TABLES["shares"]

        def made(security: Security) -> Answer:
            entries = [
                entry
                for rows_of, report in counted[security.corp]
                for entry in shares.counts(rows_of, report, security, self.name)
            ]
            frame = pl.DataFrame(entries, schema=dict(schema.columns)).unique(schema.key, maintain_order=True)
            together = Absent(security.ticker, start, end, "not_covered", "DART counts all preferred shares together")
            return security, frame, [] if security.sole else [together]

        return self._made(batch, (one for one in known if one.corp in counted), made)

    def _each(self, batch: Batch, corps: Sequence[str], ask: Callable[[str], Any]) -> dict[str, Any]:
        """The answer for each company, several at a time; one that fails does not take the others with it."""
        found: dict[str, Any] = {}
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            asked = {corp: pool.submit(ask, corp) for corp in corps}
            for corp, future in asked.items():
                if not (batch.stopped and future.cancel()):
                    answer = batch.ask(corp, future.result, proof=lambda _: False)
                    found |= {} if answer is None else {corp: answer}
        finally:
            pool.shutdown(cancel_futures=True)
        return found

    def _made(self, batch: Batch, known: Iterable[Security], make: Callable[[Security], Answer]) -> Iterator[Answer]:
        """Rows and gaps of each security; those whose answers cannot be read are the batch's."""
        for security in known:
            answer = batch.ask(security.corp, partial(make, security), lambda one: not one[1].is_empty())
            if answer is not None:
                yield answer

    def _gaps(self, security: Security, reports: Reports, used: set[Report]) -> list[Absent]:
        """Reports that exist and whose statements are not in the answer, on the day their period ends."""
        today = self._service.today()
        gaps = []
        for report in reports.missing:
            if report.versions:
                late = report.filed() + SETTLING > today
                reason = "unknown" if late else "not_covered"
                gaps.append((report, reason, f"filed as {report.newest}, without statements in the service"))
        left_out = [body.report for body in reports.bodies if body.report not in used]
        gaps += [(report, "not_covered", "only on the other basis than the series") for report in left_out]
        if left_out:
            journal.note("dart.basis_changed", ticker=security.ticker, periods=[f"{report.end}" for report in left_out])
        return [Absent(security.ticker, report.end, report.end, reason, said) for report, reason, said in gaps]


def _dividends(reader: Reader, reports: Reports, start: date, end: date) -> list[tuple[list[dict[str, Any]], Report]]:
    """Dividend rows of the annual reports of the days asked."""
    annual = [report for report in reports.years if report.code == ANNUAL and start <= report.end <= end]
    asked = [(reader.other(shares.DIVIDENDS, reports, report), report) for report in annual]
    return [(rows_of, report) for rows_of, report in asked if rows_of]
