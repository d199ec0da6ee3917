"""Sessions, opening hours, lunch breaks, half days, daylight saving, and the ends of the calendars."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from workbench import markets
from workbench.errors import CalendarRange, ConfigError
from workbench.settings import REGIONS


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_importing_markets_loads_no_calendar_library() -> None:
    heavy = "{'pandas', 'numpy', 'polars', 'exchange_calendars'}"
    code = f"import sys, workbench.markets; raise SystemExit(' '.join({heavy} & set(sys.modules)) or 0)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr.strip()) == (0, "")


@pytest.mark.parametrize(
    ("region", "day", "opens", "closes"),
    [
        # New York closes at 21:00 UTC in winter, at 20:00 in summer time, and at 13:00 local on half days.
        ("US", date(2024, 3, 8), "2024-03-08T14:30", "2024-03-08T21:00"),
        ("US", date(2024, 3, 11), "2024-03-11T13:30", "2024-03-11T20:00"),
        ("US", date(2024, 11, 1), "2024-11-01T13:30", "2024-11-01T20:00"),
        ("US", date(2024, 11, 4), "2024-11-04T14:30", "2024-11-04T21:00"),
        ("US", date(2024, 11, 29), "2024-11-29T14:30", "2024-11-29T18:00"),
        # Tokyo closes at 15:30 since 2024-11-05.
        ("JP", date(2024, 11, 1), "2024-11-01T00:00", "2024-11-01T06:00"),
        ("JP", date(2024, 11, 5), "2024-11-05T00:00", "2024-11-05T06:30"),
        # Seoul: first session of a year, exam days, an ordinary day, and the close of 15:00 until 2016-07-29.
        ("KR", date(2024, 1, 2), "2024-01-02T01:00", "2024-01-02T06:30"),
        ("KR", date(2023, 11, 16), "2023-11-16T01:00", "2023-11-16T07:30"),
        ("KR", date(2024, 11, 14), "2024-11-14T01:00", "2024-11-14T07:30"),
        ("KR", date(2025, 11, 13), "2025-11-13T01:00", "2025-11-13T07:30"),
        ("KR", date(2024, 11, 15), "2024-11-15T00:00", "2024-11-15T06:30"),
        ("KR", date(2016, 7, 29), "2016-07-29T00:00", "2016-07-29T06:00"),
        ("KR", date(2027, 12, 30), "2027-12-30T00:00", "2027-12-30T06:30"),
        # Hong Kong: half day, and two mornings lost to the weather.
        ("HK", date(2024, 12, 24), "2024-12-24T01:30", "2024-12-24T04:00"),
        ("HK", date(2020, 8, 19), "2020-08-19T05:30", "2020-08-19T08:00"),
        ("HK", date(2021, 6, 28), "2021-06-28T05:30", "2021-06-28T08:00"),
        ("CN", date(2024, 6, 3), "2024-06-03T01:30", "2024-06-03T07:00"),
        ("VN", date(2024, 6, 3), "2024-06-03T02:00", "2024-06-03T07:45"),
    ],
)
def test_opening_and_closing_instants(region: str, day: date, opens: str, closes: str) -> None:
    assert markets.open_time(region, day) == at(opens)
    assert markets.close_time(region, day) == at(closes)


@pytest.mark.parametrize(
    ("region", "instant", "expected"),
    [
        ("JP", "2024-06-03T02:29:59", True),
        ("JP", "2024-06-03T02:30", False),  # lunch 11:30 to 12:30
        ("JP", "2024-06-03T03:30", True),
        ("HK", "2024-06-03T04:00", False),  # lunch 12:00 to 13:00
        ("HK", "2024-06-03T05:00", True),
        ("CN", "2024-06-03T03:30", False),  # lunch 11:30 to 13:00
        ("CN", "2024-06-03T05:00", True),
        ("VN", "2024-06-03T04:30", False),  # lunch 11:30 to 13:00
        ("VN", "2024-06-03T06:00", True),
        ("KR", "2024-06-03T03:30", True),  # no lunch break
        ("KR", "2024-06-03T00:00", True),
        ("KR", "2024-06-03T06:30", False),  # the very close
        ("KR", "2024-06-02T03:30", False),  # a Sunday
        ("HK", "2024-12-24T05:30", False),  # half day
        ("HK", "2021-06-28T05:45", True),  # late open, no break
        ("US", "2024-11-29T18:00", False),
    ],
)
def test_is_open(region: str, instant: str, expected: bool) -> None:
    assert markets.is_open(region, at(instant)) is expected


def test_an_instant_may_carry_any_zone_but_must_carry_one() -> None:
    seoul = datetime(2024, 6, 3, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    assert markets.is_open("KR", seoul)
    with pytest.raises(ConfigError, match="no time zone"):
        markets.is_open("KR", datetime(2024, 6, 3, 0, 30))


def test_active_markets_around_the_clock() -> None:
    assert markets.active_markets(at("2026-11-20T06:20")) == ("KR", "CN", "HK", "JP", "VN")
    assert markets.active_markets(at("2026-11-20T15:00")) == ("US",)
    assert markets.active_markets(at("2026-11-20T22:00")) == ()


def test_next_close_and_last_completed_session_at_the_very_close() -> None:
    close = markets.close_time("KR", date(2024, 6, 3))
    assert markets.next_close("KR", close - timedelta(seconds=1)) == close
    assert markets.next_close("KR", close) == markets.close_time("KR", date(2024, 6, 4))
    assert markets.last_completed_session("KR", close) == date(2024, 6, 3)
    assert markets.last_completed_session("KR", close - timedelta(seconds=1)) == date(2024, 5, 31)


def test_the_session_before_and_after_are_strict() -> None:
    assert markets.previous_session("US", date(2024, 7, 5)) == date(2024, 7, 3)
    assert markets.next_session("US", date(2024, 7, 3)) == date(2024, 7, 5)
    assert markets.next_session("KR", date(2026, 6, 2)) == date(2026, 6, 4)
    assert markets.previous_session("KR", date(2026, 7, 18)) == date(2026, 7, 16)


@pytest.mark.parametrize("region", REGIONS)
def test_sessions_are_weekdays_in_order_and_agree_with_each_question(region: str) -> None:
    start, end = date(2023, 12, 1), date(2024, 3, 31)
    days = markets.sessions(region, start, end)
    assert days == sorted(set(days))
    assert all(day.weekday() < 5 for day in days)
    every = [start + timedelta(days=count) for count in range((end - start).days + 1)]
    assert days == [day for day in every if markets.is_session(region, day)]
    array = markets.session_array(region, start, end)
    assert array.dtype == np.dtype("datetime64[D]")
    assert not array.flags.writeable
    assert array.tolist() == days


@pytest.mark.parametrize("region", REGIONS)
def test_every_session_opens_before_it_closes_on_its_own_day(region: str) -> None:
    from workbench.markets import schedule

    plan = schedule.load(region)
    assert (plan.opens < plan.closes).all()
    assert (plan.closes[:-1] < plan.opens[1:]).all()
    breaks = ~np.isnat(plan.break_starts)
    assert (plan.opens[breaks] < plan.break_starts[breaks]).all()
    assert (plan.break_starts[breaks] < plan.break_ends[breaks]).all()
    assert (plan.break_ends[breaks] < plan.closes[breaks]).all()
    assert plan.days[0].item() == markets.first_known(region)
    assert plan.days[-1].item() == markets.last_known(region)


@pytest.mark.parametrize("region", REGIONS)
def test_calendars_start_early_enough_for_twenty_years(region: str) -> None:
    assert markets.first_known(region) <= date(2002, 3, 1)


@pytest.mark.parametrize(
    ("region", "last"), [("CN", "2026-12-31"), ("KR", "2027-12-31"), ("VN", "2027-12-31"), ("US", "2027-12-31")]
)
def test_beyond_the_last_known_day_is_an_error_that_names_the_bound(region: str, last: str) -> None:
    beyond = date.fromisoformat(last) + timedelta(days=1)
    instant = datetime(beyond.year, beyond.month, beyond.day, 12, tzinfo=UTC)
    questions = [
        lambda: markets.sessions(region, date(2026, 12, 1), beyond),
        lambda: markets.is_session(region, beyond),
        lambda: markets.is_open(region, instant),
        lambda: markets.next_session(region, markets.last_known(region)),
        lambda: markets.next_close(region, markets.close_time(region, markets.last_known(region))),
        lambda: markets.last_completed_session(region, instant),
        lambda: markets.is_confirmed(region, beyond),
    ]
    for question in questions:
        with pytest.raises(CalendarRange, match=rf"{region} knows .* to {last}.*calendar_bounds\.csv"):
            question()


def test_before_the_first_known_day_is_an_error_too() -> None:
    with pytest.raises(CalendarRange, match="VN knows 2002-03-01"):
        markets.sessions("VN", date(2001, 1, 1), date(2003, 1, 1))
    with pytest.raises(CalendarRange, match="KR knows 2000-01-01"):
        markets.previous_session("KR", markets.first_known("KR"))


def test_a_closed_day_has_no_close_and_a_swapped_range_is_refused() -> None:
    with pytest.raises(CalendarRange, match="HK has no session on 2023-09-01"):
        markets.close_time("HK", date(2023, 9, 1))
    with pytest.raises(ConfigError, match="lies after the end"):
        markets.sessions("KR", date(2024, 1, 2), date(2024, 1, 1))


def test_a_caller_can_see_which_days_follow_from_a_rule_only() -> None:
    assert markets.is_confirmed("VN", date(2024, 4, 29))
    assert markets.is_confirmed("VN", date(2026, 8, 31))
    assert not markets.is_confirmed("VN", date(2026, 11, 24))
    assert not markets.is_confirmed("VN", date(2027, 2, 4))
    assert not markets.is_confirmed("VN", date(2015, 2, 18))
    assert markets.is_confirmed("KR", date(2026, 7, 17))
    assert not markets.is_confirmed("KR", date(2027, 7, 19))
