"""Rows of the statement services made into facts: the right column of each row for each period.

========== ===================== ========================= ==============================
statement  report                ``thstrm_amount``         ``thstrm_add_amount``
========== ===================== ========================= ==============================
BS         any                   at the period's end
IS, CIS    quarters, half year   the three months          the year to date
IS, CIS    year                  the year
CF         any                   the year to date
========== ===================== ========================= ==============================

Source: guide of fnlttSinglAcntAll. The prior year's columns become facts of the filing too where they show
the same stretch of the year: the year to date a year earlier is what a trailing year subtracts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.adapters.dart.answers import FULL
from workbench.adapters.dart.companies import COMMON
from workbench.adapters.dart.dates import days, first_day, months_before, received
from workbench.adapters.dart.filings import ANNUAL, Report
from workbench.adapters.dart.lines import WHERE, Lines
from workbench.adapters.statements import Fact, table
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from workbench.adapters.statements import Item

CONSOLIDATED, SEPARATE = "CFS", "OFS"
_NEEDED = ("rcept_no", "sj_div", "account_nm")
_INTERIM_NAMES = ("분기", "반기")


@dataclass(frozen=True)
class Body:
    """What a statement service answered about one report.

    Attributes
    ----------
    report : Report
        Which one.
    basis : str
        ``CFS`` (consolidated) or ``OFS`` (separate).
    rows : sequence of mapping
        Of this basis only.
    """

    report: Report
    basis: str
    rows: Sequence[Mapping[str, Any]]

    @property
    def rcept_no(self) -> str:
        """Receipt number of the filing that the rows are from."""
        return str(self.rows[0]["rcept_no"])


def number(text: object) -> float | None:
    """An amount with or without thousands commas; None for nothing, an empty text and ``-``.

    Raises
    ------
    ShapeChanged
        If the text is something else.
    """
    plain = str("" if text is None else text).replace(",", "").strip()
    if plain in ("", "-"):
        return None
    try:
        return float(plain)
    except ValueError as error:
        raise ShapeChanged(
            f"dart wrote an amount as {str(text)[:40]!r}.",
            hint="Look at the filing; if amounts are written in a new way, the adapter must be adapted.",
            provider="dart",
        ) from error


def check(rows: Sequence[Mapping[str, Any]], service: str) -> None:
    """See that the rows have the fields that are read.

    Raises
    ------
    ShapeChanged
        Naming the missing field. An amount may be missing in a row, never in all.
    """
    missing = [name for name in _NEEDED if any(name not in row for row in rows)]
    somewhere = ("account_id", "thstrm_amount") if service == FULL else ("thstrm_amount",)
    missing += [name for name in somewhere if all(name not in row for row in rows)]
    if missing:
        raise ShapeChanged(
            f"dart answered {service} without the field {missing[0]}.",
            hint="Look at the service's guide; if its fields changed, the adapter must be adapted.",
            provider="dart",
        )


def facts(body: Body, founded: date | None = None, share_class: str = COMMON) -> Iterator[Fact]:
    """The facts of one answer.

    Parameters
    ----------
    body : Body
        The answer.
    founded : date or None
        Of the company: a period that began before it began then.
    share_class : str
        Whose figures per share are wanted.
    """
    filed, filing_id = received(body.rcept_no), f"{body.rcept_no}-{body.basis}"
    lines = Lines(body.rows)
    spans = _spans(body.report, founded)
    repeated = _single_repeats_cumulative(body)
    for item in table().values():
        values: dict[str, float] = {}
        currency = None
        for line in lines.find(item, share_class):
            for column, value in _columns(line, item, body.report, repeated):
                if column in spans and column not in values:
                    values[column] = value
                    currency = str(line.get("currency") or "").strip() or None
            if values:
                break
        for column, value in values.items():
            start, end = spans[column]
            unit = None if item.unit == "shares" else currency
            yield Fact(item.name, None if column == "instant" else start, end, value, unit, filed, filing_id)


def _columns(line: Mapping[str, Any], item: Item, report: Report, repeated: bool) -> Iterator[tuple[str, float]]:
    """What the columns of a line hold: name of the span, and value."""
    for column, names in _names(line, item, report, repeated):
        value = next((found for name in names if (found := number(line.get(name))) is not None), None)
        if value is not None:
            yield column, value


def _names(
    line: Mapping[str, Any], item: Item, report: Report, repeated: bool
) -> Iterable[tuple[str, tuple[str, ...]]]:
    if item.kind == "instant":
        return [("instant", ("thstrm_amount",))]
    if report.code == ANNUAL:
        return [("to_date", ("thstrm_amount", "thstrm_add_amount")), ("prior", ("frmtrm_amount",))]
    same = any(word in str(line.get("frmtrm_nm") or "") for word in _INTERIM_NAMES)
    earlier = ("frmtrm_q_amount", "frmtrm_amount") if same else ("frmtrm_q_amount",)
    if item.statement == "cash":
        return [("to_date", ("thstrm_amount",)), ("prior", earlier)]
    if report.months == 3:
        both = ("thstrm_amount", "thstrm_add_amount")
        return [("to_date", both), ("prior", ("frmtrm_add_amount", *earlier))]
    quarter = [] if repeated else [("quarter", ("thstrm_amount",))]
    return [*quarter, ("to_date", ("thstrm_add_amount",)), ("prior", ("frmtrm_add_amount",))]


def _spans(report: Report, founded: date | None) -> dict[str, tuple[date, date]]:
    """First and last day of what each column shows."""
    begin, end = report.start, report.end
    spans = {"instant": (end, end), "to_date": (begin, end), "quarter": (first_day(end, 3), end)}
    before = months_before(end, 12)
    whole = first_day(end, report.months) == begin
    if whole:
        spans["prior"] = (first_day(before, report.months), before)
    if founded is None or founded > end:
        return spans
    return {name: (max(start, founded), last) for name, (start, last) in spans.items() if founded <= last}


def _single_repeats_cumulative(body: Body) -> bool:
    """Whether a half or nine months' report shows the year to date in the column of the three months too."""
    if body.report.code == ANNUAL or body.report.months == 3:
        return False
    pairs = [
        (number(row.get("thstrm_amount")), number(row.get("thstrm_add_amount")))
        for row in body.rows
        if row["sj_div"] in WHERE["income"]
    ]
    known = [pair for pair in pairs if pair[0] and pair[1] is not None]
    return len(known) >= 3 and all(single == cumulative for single, cumulative in known)


def period_end(rows: Sequence[Mapping[str, Any]]) -> date | None:
    """The period's end as the rows of the main accounts tell it (``thstrm_dt``), None where they do not."""
    for row in rows:
        found = days(row.get("thstrm_dt"))
        if found:
            return found[-1]
    return None
