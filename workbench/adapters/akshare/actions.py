"""Dividends, bonus shares and share counts from the report of distributions (RPT_SHAREBONUS_DET).

The report states everything per TEN shares and before tax. Only plans that were carried out count, and only
with a day on which the share traded without the right. Rights issues are not in it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import markets
from workbench.adapters.akshare.calls import one_of
from workbench.adapters.akshare.report import day_of, number, present
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from workbench.adapters.akshare.calls import Eastmoney

REPORT = "RPT_SHAREBONUS_DET"
NEEDED = ("SECURITY_CODE", "REPORT_DATE", "EX_DIVIDEND_DATE", "ASSIGN_PROGRESS", "PRETAX_BONUS_RMB", "NOTICE_DATE")
CARRIED_OUT = "实施分配"
PER = 10.0


def distributions(pages: Eastmoney, tickers: Sequence[str]) -> list[dict[str, Any]]:
    """All rows of the report of these codes, plans included.

    Raises
    ------
    ShapeChanged
        A column that is needed is missing.
    """
    rows = pages.report(REPORT, one_of(tickers), "SECURITY_CODE,REPORT_DATE")
    return present(rows, NEEDED, tickers, REPORT)


def actions(rows: Iterable[dict[str, Any]], start: date, end: date) -> pl.DataFrame:
    """Rows of ``actions`` with an ex date from ``start`` to ``end``.

    A dividend is cash before tax per share held at the open of the ex date: where bonus shares go ex on the
    same day, the amount per old share is divided by the new shares per old share. Bonus shares and capital
    reserves turned into shares are one split, 1.3 for three in ten: other providers know the same event from
    prices alone and call it so, and under two kinds it would count twice.
    """
    cash: dict[tuple[str, date], float] = defaultdict(float)
    extra: dict[tuple[str, date], float] = defaultdict(float)
    seen = set()
    for row in rows:
        ex = day_of(row["EX_DIVIDEND_DATE"])
        paid, given = number(row["PRETAX_BONUS_RMB"]) or 0.0, _shares_per_ten(row)
        same = (row["SECURITY_CODE"], day_of(row["REPORT_DATE"]), ex, paid, given)
        if row["ASSIGN_PROGRESS"] != CARRIED_OUT or ex is None or not start <= ex <= end or same in seen:
            continue
        seen.add(same)
        key = (str(row["SECURITY_CODE"]), ex)
        cash[key] += paid / PER
        extra[key] += given / PER
    found: list[tuple[str, date, str, float, str | None]] = []
    for key in sorted(cash):
        ticker, ex = key
        ratio = 1.0 + extra[key]
        if cash[key] > 0:
            found.append((ticker, ex, "dividend", cash[key] / ratio, "CNY"))
        if extra[key] > 0:
            found.append((ticker, ex, "split", ratio, None))
    return _frame("actions", ("ticker", "ex_date", "kind", "value", "currency"), found)


def shares(rows: Iterable[dict[str, Any]], start: date, end: date) -> pl.DataFrame:
    """Rows of ``shares``: the total shares that an announcement names, as of its day, known a session later.

    Counts between two announcements are not there; the report has one or two a year.
    """
    counts: dict[tuple[str, date], float] = {}
    for row in rows:
        noticed, count = day_of(row["NOTICE_DATE"]), number(row.get("TOTAL_SHARES"))
        if noticed is not None and count and max(start, markets.first_known("CN")) <= noticed <= end:
            counts[str(row["SECURITY_CODE"]), noticed] = count
    found = [
        (ticker, day, markets.next_session("CN", day), count, "outstanding")
        for (ticker, day), count in sorted(counts.items())
    ]
    return _frame("shares", ("ticker", "date", "available_date", "shares_outstanding", "basis"), found)


def _shares_per_ten(row: dict[str, Any]) -> float:
    """Bonus and capitalisation shares per ten; the sum is taken where the source does not split it."""
    parts = [number(row.get(name)) or 0.0 for name in ("BONUS_RATIO", "IT_RATIO")]
    return sum(parts) or number(row.get("BONUS_IT_RATIO")) or 0.0


def _frame(table: str, names: Sequence[str], found: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    schema = TABLES[table].columns
    frame = pl.DataFrame(found, schema={name: schema[name] for name in names}, orient="row")
    fixed = (pl.lit("CN").alias("region"), pl.lit("akshare").alias("source"))
    return frame.with_columns(*fixed).select(*schema)
