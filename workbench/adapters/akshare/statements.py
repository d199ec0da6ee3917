"""Facts of filings from the overview of results and the three statements, by the day of announcement.

Amounts are in yuan and cumulative from the first of January, so that a report is a quarter, a half year, nine
months or a year by its last day. NOTICE_DATE is the day of the first announcement. UPDATE_DATE, which the
library's overview shows as the day of announcement, is the day on which Eastmoney last touched the row: for
the first quarter of a year usually the day on which the next year's first quarter was announced.

Eastmoney keeps one value a period. Where a company restated a period, that value is the restated one, from the
first announcement on; the report does not say where this is so.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from workbench import markets
from workbench.adapters.akshare import symbols
from workbench.adapters.akshare.calls import one_of
from workbench.adapters.akshare.report import changed, day_of, number, present
from workbench.adapters.statements import Fact, derive, rows, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from workbench.adapters.akshare.calls import Eastmoney
    from workbench.adapters.akshare.routing import Library

#: Reports of the data centre and their column of the period's last day; the fuller ones first.
REPORTS = (
    ("RPT_DMSK_FN_INCOME", "REPORT_DATE"),
    ("RPT_DMSK_FN_BALANCE", "REPORT_DATE"),
    ("RPT_DMSK_FN_CASHFLOW", "REPORT_DATE"),
    ("RPT_LICO_FN_CPD", "REPORTDATE"),
)
#: Functions of the library for whole statements of one company, and how many calls each makes at most.
WHOLE = (
    "stock_profit_sheet_by_report_em",
    "stock_balance_sheet_by_report_em",
    "stock_cash_flow_sheet_by_report_em",
)
NEEDED = ("SECURITY_CODE", "NOTICE_DATE")


def filed(pages: Eastmoney, tickers: Sequence[str], start: date, end: date) -> dict[str, list[Fact]]:
    """Facts of each code for periods that end from ``start`` to ``end``, in four reports for all codes at once.

    Raises
    ------
    ShapeChanged
        A report has no day of announcement, or no column that is an item.
    """
    found: dict[str, list[Fact]] = {}
    for report, column in REPORTS:
        condition = f"{one_of(tickers)}({column}>='{start}')({column}<='{end}')"
        mine = present(pages.report(report, condition, f"SECURITY_CODE,{column}"), NEEDED, tickers, report)
        _add(found, mine, report, start, end)
    return found


def whole(library: Library, tickers: Sequence[str], start: date, end: date) -> dict[str, list[Fact]]:
    """Facts of each code from its whole statements: more items, about fifty calls a company.

    Raises
    ------
    ShapeChanged
        As :func:`filed`.
    """
    found: dict[str, list[Fact]] = {}
    for ticker in tickers:
        code, _, exchange = symbols.security_code(ticker).partition(".")
        for function in WHOLE:
            frame = library.call(function, symbol=f"{exchange}{code}")
            mine = present(frame.to_dict("records"), NEEDED, (ticker,), function)
            _add(found, mine, function, start, end)
    return found


def fundamentals(ticker: str, facts: Iterable[Fact]) -> pl.DataFrame:
    """Rows of ``fundamentals`` of one code, items that follow from others included."""
    return rows("CN", ticker, derive(facts), "akshare")


def _add(found: dict[str, list[Fact]], mine: list[dict[str, Any]], report: str, start: date, end: date) -> None:
    tags = table().by("akshare")
    known = {tag for names in tags.values() for tag in names}
    if mine and not any(known & row.keys() for row in mine):
        raise changed(report, "without a column that is an item")
    for row in mine:
        last = day_of(row.get("REPORT_DATE") or row.get("REPORTDATE"))
        if last is None:
            raise changed(report, "without the last day of the period")
        if start <= last <= end:
            found.setdefault(str(row["SECURITY_CODE"]), []).extend(_facts(row, last, tags))


def _facts(row: dict[str, Any], last: date, tags: dict[str, list[str]]) -> list[Fact]:
    """The items of one row; without a day of announcement nobody could have known them."""
    noticed, items = day_of(row["NOTICE_DATE"]), table()
    if noticed is None or noticed < markets.first_known("CN"):
        return []
    filing = f"{row['SECURITY_CODE']}/{last}/{noticed}"
    named = row.get("CURRENCY")
    currency = named if isinstance(named, str) and named else "CNY"
    found = []
    for item, names in tags.items():
        value = next((value for name in names if (value := number(row.get(name))) is not None), None)
        if value is None:
            continue
        first = None if items[item].kind == "instant" else date(last.year, 1, 1)
        money = None if items[item].unit == "shares" else currency
        found.append(Fact(item, first, last, value, money, noticed, filing))
    return found
