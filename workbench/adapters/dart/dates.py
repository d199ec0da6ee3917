"""Dates as DART writes them, and the months of a fiscal year."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

_DAY = re.compile(r"(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})")


def received(rcept_no: str) -> date:
    """The day a filing arrived: the first eight digits of its receipt number.

    Raises
    ------
    ValueError
        If they are no date.
    """
    return date(int(rcept_no[:4]), int(rcept_no[4:6]), int(rcept_no[6:8]))


def days(text: object) -> list[date]:
    """The dates in a text such as ``2024.07.01 ~ 2024.09.30`` or ``2023-12-31``; none where there are none."""
    found = _DAY.findall(text) if isinstance(text, str) else []
    return [date(int(year), int(month), int(day)) for year, month, day in found]


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
