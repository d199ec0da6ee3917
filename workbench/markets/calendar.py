"""When a market trades: sessions, opening hours and the next close, in exchange-local days and UTC instants.

Opening hours are those of the main session, closing auction included; lunch breaks and half days are
respected. Hong Kong's and Tokyo's lunch breaks of before 2012 are given as today's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workbench.errors import CalendarRange, ConfigError
from workbench.markets import schedule
from workbench.markets.record import get
from workbench.settings import REGIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def first_known(region: str) -> date:
    """The first session the calendar knows."""
    return _first_to_last(get(region).region)[0]


def last_known(region: str) -> date:
    """The last session the calendar knows; beyond its days every question is a CalendarRange error."""
    return _first_to_last(get(region).region)[1]


@lru_cache(maxsize=16)
def _first_to_last(region: str) -> tuple[date, date]:
    days = schedule.load(region).days
    return days[0].item(), days[-1].item()


def sessions(region: str, start: date, end: date) -> list[date]:
    """Trading days from ``start`` to ``end``, both included, in order.

    Raises
    ------
    CalendarRange
        When a day asked for lies outside the days the calendar knows.
    """
    days: list[date] = session_array(region, start, end).tolist()
    return days


@lru_cache(maxsize=1024)
def session_array(region: str, start: date, end: date) -> NDArray[np.datetime64]:
    """Trading days as a read-only array of datetime64[D], shape (S,); see :func:`sessions`."""
    region = get(region).region
    if start > end:
        raise ConfigError(f"The start {start} lies after the end {end}.", hint="Swap them.", start=start, end=end)
    _check_range(region, start)
    _check_range(region, end)
    days = schedule.load(region).days
    chosen = days[_place(days, start, "left") : _place(days, end, "right")]
    chosen.setflags(write=False)
    return chosen


def is_session(region: str, day: date) -> bool:
    """True when the market traded, or is to trade, on the day."""
    return _index(get(region).region, day) is not None


def is_confirmed(region: str, day: date) -> bool:
    """True when session or closure of the day rests on a source, False when it follows from a rule only."""
    region = get(region).region
    _check_range(region, day)
    spans = schedule.confirmed_spans(region)
    return any(first <= day <= last for first, last in spans) and day not in schedule.load(region).unconfirmed


def open_time(region: str, day: date) -> datetime:
    """UTC instant at which the session of ``day`` opens.

    Raises
    ------
    CalendarRange
        When the day is no session.
    """
    return _instant(schedule.load(get(region).region).opens[_session_index(region, day)])


def close_time(region: str, day: date) -> datetime:
    """UTC instant at which the session of ``day`` closes; errors as :func:`open_time`."""
    return _instant(schedule.load(get(region).region).closes[_session_index(region, day)])


def is_open(region: str, instant_utc: datetime) -> bool:
    """True from the open until just before the close, outside the lunch break.

    Parameters
    ----------
    region : str
        One of the six regions.
    instant_utc : datetime
        With a time zone, any; a naive one is an error.
    """
    index = _index(get(region).region, _local_day(region, instant_utc))
    if index is None:
        return False
    plan, stamp = schedule.load(get(region).region), _stamp(instant_utc)
    if not plan.opens[index] <= stamp < plan.closes[index]:
        return False
    # Comparisons with NaT are False, so a session without a break passes.
    return not bool(plan.break_starts[index] <= stamp < plan.break_ends[index])


def active_markets(instant_utc: datetime) -> tuple[str, ...]:
    """Regions that are open at an instant, in the order of the regions."""
    return tuple(region for region in REGIONS if is_open(region, instant_utc))


def next_close(region: str, instant_utc: datetime) -> datetime:
    """The first close after an instant, in UTC; at the very close it is the following one."""
    region = get(region).region
    _local_day(region, instant_utc)
    closes = schedule.load(region).closes
    index = int(closes.searchsorted(_stamp(instant_utc), side="right"))
    if index >= len(closes):
        raise _beyond(region, instant_utc.date())
    return _instant(closes[index])


def last_completed_session(region: str, instant_utc: datetime) -> date:
    """The latest trading day that has closed by an instant, the instant of its close included."""
    region = get(region).region
    _check_range(region, _local_day(region, instant_utc))
    plan = schedule.load(region)
    index = int(plan.closes.searchsorted(_stamp(instant_utc), side="right")) - 1
    if index < 0:
        raise _beyond(region, instant_utc.date())
    return _as_date(plan.days[index])


def previous_session(region: str, day: date) -> date:
    """The last trading day strictly before ``day``."""
    return _neighbour(get(region).region, day, "left", -1)


def next_session(region: str, day: date) -> date:
    """The first trading day strictly after ``day``."""
    return _neighbour(get(region).region, day, "right", 0)


def _neighbour(region: str, day: date, side: str, shift: int) -> date:
    _check_range(region, day)
    days = schedule.load(region).days
    index = _place(days, day, side) + shift
    if not 0 <= index < len(days):
        raise _beyond(region, day)
    return _as_date(days[index])


def _index(region: str, day: date) -> int | None:
    """Position of a trading day, None on a day without a session."""
    _check_range(region, day)
    days = schedule.load(region).days
    index = _place(days, day, "left")
    return index if index < len(days) and days[index].item() == day else None


def _session_index(region: str, day: date) -> int:
    index = _index(get(region).region, day)
    if index is None:
        raise CalendarRange(
            f"{get(region).region} has no session on {day}.",
            hint="Ask for a trading day, such as the one that markets.previous_session gives.",
            region=region,
            day=day,
        )
    return index


def _place(days: Any, day: date, side: str) -> int:
    import numpy as np

    return int(days.searchsorted(np.datetime64(day, "D"), side=side))


def _check_range(region: str, day: date) -> None:
    first, last = schedule.bounds(region)
    if not first <= day <= last:
        raise _beyond(region, day)


def _beyond(region: str, day: date) -> CalendarRange:
    first, last = schedule.bounds(region)
    return CalendarRange(
        f"The calendar of {region} knows {first} to {last}; {day} needs a session outside these days.",
        hint=(
            "Ask for days inside, or update exchange-calendars and the last day in "
            "workbench/markets/tables/calendar_bounds.csv."
        ),
        region=region,
        day=day,
        first_day=first,
        last_day=last,
    )


def _local_day(region: str, instant: datetime) -> date:
    if instant.tzinfo is None:
        raise ConfigError(
            f"The instant {instant} has no time zone.", hint="Give it one, as in datetime(2026, 1, 5, 1, tzinfo=UTC)."
        )
    return instant.astimezone(ZoneInfo(get(region).timezone)).date()


def _stamp(instant: datetime) -> np.datetime64:
    import numpy as np

    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "us")


def _instant(stamp: np.datetime64) -> datetime:
    moment: Any = stamp.item()
    utc: datetime = moment.replace(tzinfo=UTC)
    return utc


def _as_date(stamp: np.datetime64) -> date:
    day: Any = stamp.item()
    return date.fromordinal(day.toordinal())
