"""The Vietnamese lunar calendar and the public-holiday rule, against known years."""

from datetime import date

import pytest
from korean_lunar_calendar import KoreanLunarCalendar

from workbench import markets
from workbench.markets.lunar import solar_date
from workbench.markets.vietnam import rule_closed_weekdays, statutory_holidays, table

#: Bridge days that the government granted; no rule gives them.
BRIDGES = {date(2024, 4, 29), date(2025, 5, 2), date(2026, 8, 31)}
#: Lunar new years that differ from Korea's, because the new moon fell close to midnight.
OTHER_THAN_KOREA = {2007, 2027, 2028, 2030}


@pytest.mark.parametrize(
    ("year", "tet"),
    [
        (1985, date(1985, 1, 21)),  # a month before China's, the best known difference
        (2007, date(2007, 2, 17)),  # a day before China's
        (2024, date(2024, 2, 10)),
        (2026, date(2026, 2, 17)),
        (2027, date(2027, 2, 6)),  # Korea has 2027-02-07
        (2030, date(2030, 2, 2)),  # China has 2030-02-03
    ],
)
def test_tet(year: int, tet: date) -> None:
    assert solar_date(1, 1, year) == tet


def test_lunar_new_years_agree_with_the_korean_table_but_for_the_time_zone() -> None:
    korean = KoreanLunarCalendar()
    different = set()
    for year in range(2000, 2050):
        korean.setLunarDate(year, 1, 1, False)
        apart = (date.fromisoformat(korean.SolarIsoFormat()) - solar_date(1, 1, year)).days
        assert apart in {0, 1}, year
        if apart:
            different.add(year)
    assert different == OTHER_THAN_KOREA


@pytest.mark.parametrize("year", range(2020, 2027))
def test_the_rule_gives_the_known_closed_days_but_for_bridges(year: int) -> None:
    known = {day for day in table() if day.year == year}
    assert known - rule_closed_weekdays(year) == {day for day in BRIDGES if day.year == year}
    assert rule_closed_weekdays(year) <= known


def test_the_rule_gives_the_schedule_that_hanoi_published_for_2015() -> None:
    # HNX schedule: https://holidaystracker.com/stock-market/hanoi-stock-exchange-holidays-2015
    expected = ["01-01", "02-18", "02-19", "02-20", "02-23", "02-24", "04-28", "04-30", "05-01", "09-02"]
    assert [day.strftime("%m-%d") for day in sorted(rule_closed_weekdays(2015))] == expected


def test_2027_follows_from_the_rule() -> None:
    expected = ["01-01", "02-04", "02-05", "02-08", "02-09", "02-10", "04-16", "04-30", "05-03", "09-02", "09-03"]
    closed = [day.strftime("%m-%d") for day in sorted(rule_closed_weekdays(2027))]
    assert closed == [*expected, "11-24"]
    assert not any(markets.is_session("VN", day) for day in rule_closed_weekdays(2027))


def test_the_law_has_had_more_holidays_over_time() -> None:
    assert [len(statutory_holidays(year)) for year in (2005, 2008, 2014, 2021, 2026)] == [8, 9, 10, 11, 12]
