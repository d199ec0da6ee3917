"""Share counts and dividends per share of a report: ``stockTotqySttus`` and ``alotMatter``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import markets
from workbench.adapters.dart.companies import COMMON, PREFERRED
from workbench.adapters.dart.dates import days, received
from workbench.adapters.dart.lines import normal_name
from workbench.adapters.dart.statements import number
from workbench.adapters.statements import Fact
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from workbench.adapters.dart.companies import Security
    from workbench.adapters.dart.filings import Report

COUNTS, DIVIDENDS = "stockTotqySttus", "alotMatter"
#: What part of the shares a count holds: those in the hands of holders, or with treasury shares too.
OUTSTANDING, LISTED = "outstanding", "listed"
_CASH_PER_SHARE = "주당현금배당금"
_WORDS = {COMMON: ("보통",), PREFERRED: ("우선", "종류")}


def counts(
    rows: Sequence[Mapping[str, Any]], report: Report, security: Security, source: str
) -> Iterator[dict[str, Any]]:
    """The row of ``shares`` that a report gives for a security, if it gives one.

    The count is that of the shares in the hands of holders (``distb_stock_co``), else issued less treasury
    shares; where neither is told, the issued ones, with the basis ``listed``. A preferred share of a second
    or later class has none: the service counts all classes together.

    Raises
    ------
    ShapeChanged
        When no row names the issued shares.
    """
    if all("istc_totqy" not in row for row in rows):
        raise ShapeChanged(
            f"dart answered {COUNTS} without the field istc_totqy.",
            hint="Look at the service's guide; if its fields changed, the adapter must be adapted.",
            provider="dart",
        )
    own = [row for row in rows if _class_of(row.get("se")) == security.share_class]
    counted = [(row, *_count(row)) for row in own]
    counted = [entry for entry in counted if entry[1]]
    if len(counted) != 1 or not security.sole:
        return
    row, count, basis = counted[0]
    filed, held = received(str(row["rcept_no"])), _held(row, report)
    if held > filed:
        return
    yield {
        "region": "KR",
        "ticker": security.ticker,
        "date": held,
        "available_date": markets.next_session("KR", filed),
        "shares_outstanding": count,
        "basis": basis,
        "source": source,
    }


def dividends(rows: Sequence[Mapping[str, Any]], report: Report, basis: str, share_class: str) -> Iterator[Fact]:
    """The cash dividend per share of a fiscal year, in won, as its annual report gives it.

    Interim reports are not read: whether theirs is of the period or of the year so far differs by company.
    A ``-`` is no fact, because companies write it for nothing and for not yet decided.
    """
    found = [row for row in rows if normal_name(row.get("se")) == _CASH_PER_SHARE and "원" in str(row.get("se"))]
    own = [row for row in found if _class_of(row.get("stock_knd")) == share_class]
    if not own and len(found) == 1 and share_class == COMMON:
        own = found
    values = [(row, value) for row in own if (value := number(row.get("thstrm"))) is not None]
    if len(values) == 1:
        row, value = values[0]
        number_ = str(row["rcept_no"])
        yield Fact(
            "dividends_per_share", report.start, report.end, value, "KRW", received(number_), f"{number_}-{basis}"
        )


def _count(row: Mapping[str, Any]) -> tuple[float | None, str]:
    held, issued, treasury = (number(row.get(name)) for name in ("distb_stock_co", "istc_totqy", "tesstk_co"))
    if held:
        return held, OUTSTANDING
    if issued is not None and treasury is not None:
        return issued - treasury, OUTSTANDING
    return issued, LISTED


def _held(row: Mapping[str, Any], report: Report) -> date:
    told = days(row.get("stlm_dt"))
    return told[0] if told else report.end


def _class_of(text: object) -> str | None:
    named = {name for name, words in _WORDS.items() if any(word in str(text or "") for word in words)}
    return named.pop() if len(named) == 1 else None
