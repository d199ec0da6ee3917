"""Dates as DART writes them, and the months of a fiscal year."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from workbench.errors import ShapeChanged

_DAY = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")


def received(rcept_no: str) -> date:
    """The day a filing arrived: the first eight digits of its receipt number.

    Raises
    ------
    ShapeChanged
        If they are no date.
    """
    found = days(rcept_no[:8])
    if not found:
        raise ShapeChanged(
            f"dart wrote the receipt number of a filing as {rcept_no[:40]!r}.",
            hint="Look at the service's guide; if receipt numbers changed, the adapter must be adapted.",
            provider="dart",
        )
    return found[0]


def days(text: object) -> list[date]:
    """The dates in a text such as ``2024.07.01 ~ 2024.09.30`` or ``2023-12-31``; none where there are none.

    Digits that are no date, such as ``00000000``, are left out.
    """
    found = _DAY.findall(text) if isinstance(text, str) else []
    made = (_made(*map(int, one)) for one in found)
    return [day for day in made if day is not None]


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_end(year: int, month: int) -> date:
    """The last day of a month; months beyond 1 to 12 lie in other years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


def months_before(end: date, months: int) -> date:
    """The month end so many months before a month end."""
    return month_end(end.year, end.month - months)


def first_day(end: date, months: int) -> date:
    """The first day of the so many months that end with ``end``."""
    return months_before(end, months) + timedelta(days=1)
