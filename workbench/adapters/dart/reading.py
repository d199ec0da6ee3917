"""Reads the reports of one company: which exist, what the services answer about each, on one basis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.adapters.dart import filings, statements
from workbench.adapters.dart.answers import FULL, MAIN
from workbench.adapters.dart.dates import received
from workbench.adapters.dart.filings import FIRST_YEAR, Report
from workbench.adapters.dart.statements import CONSOLIDATED, SEPARATE, Body
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from workbench.adapters.dart.answers import Answers
    from workbench.adapters.dart.companies import Companies, Profile

    Rows = list[dict[str, Any]]

#: Companies that one request for main accounts may name (service guide, status 021).
MOST_COMPANIES = 100
#: A company is consolidated as long as one of so many of its newest reports is.
NEWEST = 4


@dataclass
class Reports:
    """The reports of one company that a request needs, and what was answered about them.

    Attributes
    ----------
    corp : str
        Code of the company.
    profile : Profile
        Of the company.
    planned : list of Report
        Those asked for.
    receipts : dict
        All listed reports, those that are not asked for too, by the receipt numbers of their versions.
    bodies : list of Body
        Statements, at most one a report.
    years : dict
        Business year under which the service has a report.
    missing : list of Report
        Planned ones that no service answered.
    unread : ShapeChanged or None
        Main accounts that cannot be read.
    """

    corp: str
    profile: Profile
    planned: list[Report]
    receipts: dict[str, Report]
    bodies: list[Body] = field(default_factory=list)
    years: dict[Report, int] = field(default_factory=dict)
    missing: list[Report] = field(default_factory=list)
    unread: ShapeChanged | None = None

    def whole(self) -> Reports:
        """Itself, where everything that was answered can be read.

        Raises
        ------
        ShapeChanged
            Of the main accounts: they are asked for many companies at once, and are one company's affair.
        """
        if self.unread is not None:
            raise self.unread
        return self

    def one_basis(self) -> list[Body]:
        """The bodies of the series' basis: consolidated before separate, never both.

        A company counts as consolidated as long as one of its last four answered reports is, so that one that
        gave up its subsidiaries goes on after a year.
        """
        ordered = sorted(self.bodies, key=lambda one: one.report.end)
        basis = CONSOLIDATED if any(one.basis == CONSOLIDATED for one in ordered[-NEWEST:]) else SEPARATE
        return [one for one in ordered if one.basis == basis]


class Reader:
    """Asks for statements, and for other services about the same reports.

    Parameters
    ----------
    answers : Answers
        Of the service.
    companies : Companies
        For profiles.
    """

    def __init__(self, answers: Answers, companies: Companies) -> None:
        self.answers, self.companies = answers, companies

    def plan(self, corp: str, start: date, end: date) -> Reports:
        """The reports of periods that end in these days and can exist: as listed, else by the calendar.

        A list without any periodic report is not believed, because statements are also served of companies
        whose reports it files under another type.
        """
        profile = self.companies.profile(corp)
        known = filings.listed(self.answers, corp, profile)
        today = self.answers.service.today()
        possible = known or filings.by_calendar(profile, start, min(end, today))
        planned = [one for one in possible if start <= one.end <= min(end, today) and max(one.years) >= FIRST_YEAR]
        return Reports(corp, profile, planned, {number: one for one in known for number in one.versions})

    def statements(self, reports: Reports) -> Reports:
        """Ask for the full statements of each planned report; those without go to ``missing``."""
        for report in reports.planned:
            body = self._full(reports, report)
            if body is None:
                reports.missing.append(report)
            else:
                reports.bodies.append(body)
        return reports

    def main_accounts(self, companies: Iterable[Reports]) -> None:
        """Ask for the main accounts of missing reports, for many companies at once."""
        wanted: dict[tuple[int, str], list[tuple[Reports, Report]]] = {}
        for reports in companies:
            for report in reports.missing:
                wanted.setdefault((report.years[0], report.code), []).append((reports, report))
        for (year, code), pairs in sorted(wanted.items()):
            for first in range(0, len(pairs), MOST_COMPANIES):
                self._main(year, code, pairs[first : first + MOST_COMPANIES])

    def other(self, service: str, reports: Reports, report: Report) -> Rows | None:
        """Rows of another service about a report."""
        years = (reports.years[report],) if report in reports.years else report.years
        for year in years:
            rows = self.answers.report(service, reports.corp, year, report.code, report.newest)
            if rows is not None and _about(rows, report):
                return rows
        return None

    def _full(self, reports: Reports, report: Report) -> Body | None:
        for basis in (CONSOLIDATED, SEPARATE):
            for year in report.years:
                rows = self.answers.report(FULL, reports.corp, year, report.code, report.newest, basis)
                if rows is None:
                    continue
                statements.check(rows, FULL)
                if self._is_of(rows, report, reports, year):
                    reports.years[report] = year
                    return Body(report, basis, rows)
        return None

    def _is_of(self, rows: Rows, report: Report, reports: Reports, year: int) -> bool:
        """Whether an answer is about the report: by its receipt number, by its dates, else by the calendar.

        What the service calls the business year of a company whose year ends in another month than December is
        not documented, so that the answer itself must tell.
        """
        receipt = str(rows[0]["rcept_no"])
        if receipt in reports.receipts:
            return reports.receipts[receipt] == report
        end = statements.period_end(rows)
        if end is None and len(report.years) > 1:
            main = self.answers.report(MAIN, reports.corp, year, report.code, report.newest)
            end = statements.period_end(main or [])
        return end == report.end if end else received(receipt) > report.end

    def _main(self, year: int, code: str, pairs: Sequence[tuple[Reports, Report]]) -> None:
        versions = {reports.corp: report.newest for reports, report in pairs}
        found = self.answers.main_accounts(versions, year, code)
        for reports, report in pairs:
            rows = found.get(reports.corp)
            if not rows:
                continue
            try:
                statements.check(rows, MAIN)
            except ShapeChanged as error:
                reports.unread = error
                continue
            end = statements.period_end(rows)
            if end not in (None, report.end) or received(str(rows[0]["rcept_no"])) <= report.end:
                continue
            for basis in (CONSOLIDATED, SEPARATE):
                own = [row for row in rows if row.get("fs_div") == basis]
                if own:
                    reports.bodies.append(Body(report, basis, own))
                    reports.missing.remove(report)
                    reports.years[report] = year
                    break


def _about(rows: Rows, report: Report) -> bool:
    receipt = str(rows[0].get("rcept_no"))
    return receipt in report.versions or received(receipt) > report.end
