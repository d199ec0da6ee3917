"""Rows of a report of the data centre: columns that must be there, days and numbers as it writes them."""

from __future__ import annotations

from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any

from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Collection


def present(
    rows: list[dict[str, Any]], needed: Collection[str], tickers: Collection[str], report: str
) -> list[dict[str, Any]]:
    """The rows of the codes that were asked.

    Raises
    ------
    ShapeChanged
        A row lacks a needed column, or the rows are of other codes only.
    """
    for row in rows:
        if missing := next((name for name in needed if name not in row), None):
            raise changed(report, f"without {missing}")
    mine = [row for row in rows if str(row["SECURITY_CODE"]) in tickers]
    if rows and not mine:
        raise changed(report, f"of {rows[0]['SECURITY_CODE']}, which was not asked: the filter is not heeded")
    return mine


def day_of(value: Any) -> date | None:
    """``2025-04-19 00:00:00`` as a day; None for nothing or a dash.

    Raises
    ------
    ShapeChanged
        For anything else: taken for nothing, it would make an event vanish.
    """
    text = str(value or "").strip("- ")
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise changed("the data centre", f"with the day {text!r}") from error


def number(value: Any) -> float | None:
    """A finite number; None for null, a dash or text."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def changed(report: str, what: str) -> ShapeChanged:
    """The error of a report in another form; ``what`` completes "rows of … "."""
    return ShapeChanged(
        f"akshare answered rows of {report} {what}.",
        hint="The report changed its columns; the adapter must be adapted.",
        provider="akshare",
        report=report,
    )
