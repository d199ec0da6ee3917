"""The Vietnamese lunar calendar, computed for UTC+7.

The rules are those of the Chinese calendar: months begin on the day of the new moon, and the winter
solstice falls into month 11. Only the meridian differs, so a new moon close to midnight gives Vietnam
another day than China (UTC+8) or Korea (UTC+9): Tết 2007 fell a day before the Chinese new year, and
2027 falls a day before the Korean one.

Source: Hồ Ngọc Đức, "Computing the Vietnamese lunar calendar"
(https://www.informatik.uni-leipzig.de/~duc/amlich/calrules_en.html), after J. Meeus, "Astronomical
Algorithms", 1998. Valid from 1900 to 2199.
"""

from __future__ import annotations

import math
from datetime import date
from functools import cache

_ZONE = 7.0 / 24.0
#: date.toordinal() of a day plus this is its Julian day number.
_JULIAN = 1721425
_MONTH = 29.530588853
#: New moon number 0 and the solstice count from here (1899-12-31).
_EPOCH = 2415021.076998695


def solar_date(day: int, month: int, year: int) -> date:
    """The Gregorian date of a day of the Vietnamese lunar year.

    Parameters
    ----------
    day, month : int
        Lunar day (1 to 30) and month (1 to 12), never a leap month.
    year : int
        Lunar year, named after the Gregorian year in which its month 1 begins.

    Examples
    --------
    >>> solar_date(1, 1, 2027)
    datetime.date(2027, 2, 6)
    """
    start, end = (_month_11(year - 1), _month_11(year)) if month < 11 else (_month_11(year), _month_11(year + 1))
    offset = (month - 11) % 12
    if end - start > 365:
        leap = _leap_offset(start)
        if offset >= leap:
            offset += 1
    number = math.floor(0.5 + (start - _EPOCH) / _MONTH)
    return date.fromordinal(_new_moon_day(number + offset) + day - 1 - _JULIAN)


@cache
def _month_11(year: int) -> int:
    """Julian day on which the month with the winter solstice of a year begins."""
    last_day = date(year, 12, 31).toordinal() + _JULIAN
    number = math.floor((last_day - 2415021) / _MONTH)
    begin = _new_moon_day(number)
    return _new_moon_day(number - 1) if _sun_sector(begin) >= 9 else begin


def _leap_offset(month_11: int) -> int:
    """Months from month 11 to the leap month: the first one without a principal solar term."""
    number = math.floor(0.5 + (month_11 - _EPOCH) / _MONTH)
    offset = 1
    sector = _sun_sector(_new_moon_day(number + offset))
    while offset < 14:
        offset += 1
        following = _sun_sector(_new_moon_day(number + offset))
        if following == sector:
            break
        sector = following
    return offset - 1


def _new_moon_day(number: int) -> int:
    """Julian day, in Vietnam, of a new moon counted from 1900-01-01."""
    return math.floor(_new_moon(number) + 0.5 + _ZONE)


def _new_moon(number: int) -> float:
    """Julian date (UTC) of a new moon; Meeus, chapter 49, shortened."""
    t = number / 1236.85
    rad = math.pi / 180
    mean = 2415020.75933 + 29.53058868 * number + 0.0001178 * t**2 - 0.000000155 * t**3
    mean += 0.00033 * math.sin((166.56 + 132.87 * t - 0.009173 * t**2) * rad)
    sun = (359.2242 + 29.10535608 * number - 0.0000333 * t**2 - 0.00000347 * t**3) * rad
    moon = (306.0253 + 385.81691806 * number + 0.0107306 * t**2 + 0.00001236 * t**3) * rad
    latitude = (21.2964 + 390.67050646 * number - 0.0016528 * t**2 - 0.00000239 * t**3) * rad
    change = (0.1734 - 0.000393 * t) * math.sin(sun) + 0.0021 * math.sin(2 * sun)
    change += -0.4068 * math.sin(moon) + 0.0161 * math.sin(2 * moon) - 0.0004 * math.sin(3 * moon)
    change += 0.0104 * math.sin(2 * latitude) - 0.0051 * math.sin(sun + moon)
    change += -0.0074 * math.sin(sun - moon) + 0.0004 * math.sin(2 * latitude + sun)
    change += -0.0004 * math.sin(2 * latitude - sun) - 0.0006 * math.sin(2 * latitude + moon)
    change += 0.0010 * math.sin(2 * latitude - moon) + 0.0005 * math.sin(2 * moon + sun)
    return mean + change - _clock_correction(t)


def _clock_correction(t: float) -> float:
    """Dynamical time less universal time, in days."""
    if t < -11:
        return 0.001 + 0.000839 * t + 0.0002261 * t**2 - 0.00000845 * t**3 - 0.000000081 * t**4
    return -0.000278 + 0.000265 * t + 0.000262 * t**2


def _sun_sector(julian_day: int) -> int:
    """Which twelfth of the ecliptic (0 from the spring equinox) the sun is in at midnight in Vietnam."""
    t = (julian_day - 0.5 - _ZONE - 2451545.0) / 36525
    rad = math.pi / 180
    anomaly = 357.52910 + 35999.05030 * t - 0.0001559 * t**2 - 0.00000048 * t**3
    longitude = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    longitude += (1.914600 - 0.004817 * t - 0.000014 * t**2) * math.sin(anomaly * rad)
    longitude += (0.019993 - 0.000101 * t) * math.sin(2 * anomaly * rad) + 0.000290 * math.sin(3 * anomaly * rad)
    return math.floor((longitude % 360) / 30)
