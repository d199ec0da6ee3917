"""Which periodic reports a company has filed, when, and in how many versions: ``list.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from workbench.adapters.dart.dates import first_day, month_end, months_before, received
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.adapters.dart.answers import Answers
    from workbench.adapters.dart.companies import Profile

#: First business year of which the service has statements (service guide).
FIRST_YEAR = 2015
#: Months of the fiscal year that a report covers, and its code.
CODES = {3: "11013", 6: "11012", 9: "11014", 12: "11011"}
MONTHS = {code: months for months, code in CODES.items()}
ANNUAL = CODES[12]
_PERIODIC = re.compile(r"(사업|반기|분기)보고서\s*\(\s*(\d{4})\.(\d{2})\s*\)")
_PAGE = 100


@dataclass(frozen=True)
class Report:
    """One periodic report of a company.

    Attributes
    ----------
    code : str
        ``11013`` first quarter, ``11012`` half year, ``11014`` third quarter, ``11011`` year.
    start, end : date
        First day of the fiscal year, and last day of the period.
    versions : tuple of str
        Receipt numbers of the report and its corrections, the newest last; empty where no list tells them.
    """

    code: str
    start: date
    end: date
    versions: tuple[str, ...] = field(default=())

    @property
    def months(self) -> int:
        """Months of the fiscal year that it covers."""
        return MONTHS[self.code]

    @property
    def newest(self) -> str:
        """Receipt number of the newest version, empty where unknown."""
        return self.versions[-1] if self.versions else ""

    def filed(self) -> date:
        """The day its newest version arrived."""
        return received(self.newest)

    @property
    def years(self) -> tuple[int, ...]:
        """What the service may call its business year: one year, two where the fiscal year spans two."""
        return tuple(dict.fromkeys((self.start.year, months_before(self.end, self.months - 12).year)))


def listed(answers: Answers, corp: str, profile: Profile) -> list[Report]:
    """All periodic reports since the service has statements, by period; empty where the list has none."""
    today = answers.service.today()
    rows = answers.kept(corp, "list", f"{today:%Y%m%d}", lambda: _rows(answers, corp, today))
    return reports(rows, profile)


def reports(rows: Iterable[dict[str, Any]], profile: Profile) -> list[Report]:
    """The periodic reports among rows of ``list.json``.

    Notes
    -----
    The period stands in the report's name; the month in which the year ends is that of the annual reports,
    so that a company which moved it is read right before and after.
    """
    found: dict[tuple[date, bool], list[str]] = {}
    for row in rows:
        name = _PERIODIC.search(str(row["report_nm"]))
        if name and 1 <= int(name[3]) <= 12:
            end = month_end(int(name[2]), int(name[3]))
            found.setdefault((end, name[1] == "사업"), []).append(str(row["rcept_no"]))
    years = sorted(end for end, annual in found if annual)
    made = []
    for (end, annual), versions in sorted(found.items()):
        start = _year_start(end, annual, years, profile)
        months = 12 if annual else (end.year - start.year) * 12 + end.month - start.month + 1
        if months in CODES:
            made.append(Report(CODES[months], start, end, tuple(sorted(versions))))
    return made


def by_calendar(profile: Profile, start: date, end: date) -> list[Report]:
    """The reports that can exist of periods that end from ``start`` to ``end``, where no list tells them."""
    closing = profile.fiscal_month or 12
    possible = []
    for year in range(max(start.year, FIRST_YEAR), end.year + 2):
        for months, code in CODES.items():
            last = months_before(month_end(year, closing), 12 - months)
            if start <= last <= end:
                possible.append(Report(code, first_day(last, months), last))
    return sorted(possible, key=lambda one: one.end)


def _year_start(end: date, annual: bool, years: list[date], profile: Profile) -> date:
    """First day of the fiscal year that the period belongs to."""
    earlier = [year for year in years if year < end]
    if earlier and months_before(end, 12) <= earlier[-1]:
        return earlier[-1] + timedelta(days=1)
    if annual:
        return first_day(end, 12)
    later = next((year for year in years if year > end), None)
    closing = later.month if later else profile.fiscal_month or (earlier[-1].month if earlier else 12)
    return first_day(end, (end.month - closing - 1) % 12 + 1)


def _rows(answers: Answers, corp: str, today: date) -> list[dict[str, Any]]:
    """The rows of all pages; a company without filings has none."""
    found: list[dict[str, Any]] = []
    page, pages = 1, 1
    while page <= pages:
        body = answers.service.page(
            "list",
            corp_code=corp,
            bgn_de=f"{FIRST_YEAR}0101",
            end_de=f"{today:%Y%m%d}",
            last_reprt_at="N",
            pblntf_ty="A",
            page_no=str(page),
            page_count=str(_PAGE),
        )
        if body is None:
            break
        try:
            pages = int(body["total_page"])
            found += [{"report_nm": row["report_nm"], "rcept_no": row["rcept_no"]} for row in body["list"]]
            for row in found:
                received(row["rcept_no"])
        except (KeyError, TypeError, ValueError) as error:
            raise ShapeChanged(
                f"dart answered list.json with rows of another shape ({type(error).__name__}: {error}).",
                hint="Look at the guide of list.json; if it changed, the adapter must be adapted.",
                provider="dart",
            ) from error
        page += 1
    return found
