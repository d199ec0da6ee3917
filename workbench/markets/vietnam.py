"""Closed days of the Vietnamese exchanges: a table of known years, the public-holiday rule around it.

The table (``tables/vietnam_closed.csv``) rests on observed trading days (2020 to 2025) and on the
exchange's own schedule (2026). For other years the days follow from the Labour Code: they are right
about the holidays and blind to bridge days, which the government grants year by year.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from workbench.markets import dated
from workbench.markets.lunar import solar_date

_DAY = timedelta(days=1)
_SATURDAY = 5


@cache
def table() -> dict[date, bool]:
    """Closed weekdays of the years in the table, and whether each is confirmed."""
    return {date.fromisoformat(row["date"]): row["confirmed"] == "yes" for row in dated.read("vietnam_closed")}


@cache
def closed_weekdays(year: int) -> frozenset[date]:
    """Weekdays without a session: the table's where it has the year, else the rule's."""
    known = frozenset(day for day in table() if day.year == year)
    return known or rule_closed_weekdays(year)


@cache
def rule_closed_weekdays(year: int) -> frozenset[date]:
    """Weekdays closed by the public-holiday rule, without bridge days.

    A holiday on a weekend is made up for on the next weekday that is not itself a holiday.
    Source: Labour Code 2019, articles 111 and 112 (and its predecessors of 1994, 2007 and 2012).
    """
    holidays = statutory_holidays(year)
    closed = {day for day in holidays if day.weekday() < _SATURDAY}
    for day in holidays:
        if day.weekday() >= _SATURDAY:
            substitute = day + _DAY
            while substitute.weekday() >= _SATURDAY or substitute in closed:
                substitute += _DAY
            closed.add(substitute)
    return frozenset(closed)


def statutory_holidays(year: int) -> tuple[date, ...]:
    """Public holidays of a year in order, those on weekends included."""
    days = [date(year, 1, 1), *_tet(year), date(year, 4, 30), date(year, 5, 1), *_national_day(year)]
    if year >= 2007:
        days.append(solar_date(10, 3, year))
    if year >= 2026:
        # Vietnam Culture Day, by Politburo resolution 80-NQ/TW of 2026.
        days.append(date(year, 11, 24))
    return tuple(sorted(set(days)))


def _tet(year: int) -> list[date]:
    """Five days around the lunar new year (four until 2012): two before it since 2016, else one."""
    new_year = solar_date(1, 1, year)
    length = 5 if year >= 2013 else 4
    before = 2 if year >= 2016 else 1
    return [new_year + _DAY * offset for offset in range(-before, length - before)]


def _national_day(year: int) -> list[date]:
    """2 September, and since 2021 the neighbour that makes the longer rest."""
    day = date(year, 9, 2)
    if year < 2021:
        return [day]
    # On Thursday, Sunday and Monday the day after it joins the weekend or its substitutes.
    return [day, day + _DAY] if day.weekday() in {0, 3, 6} else [day - _DAY, day]
