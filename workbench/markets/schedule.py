"""Builds the sessions of a region: library or table, with the corrections laid over it."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workbench.markets import dated, vietnam
from workbench.markets.record import get

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.markets.record import Market

_UTC = ZoneInfo("UTC")
#: Warning filters belong to the process, so only one calendar is loaded at a time.
_LOADING = threading.Lock()


@dataclass(frozen=True)
class Hours:
    """One session in exchange-local time; break times are None where there is no lunch break."""

    opens: time
    closes: time
    break_starts: time | None = None
    break_ends: time | None = None


@dataclass(frozen=True)
class Schedule:
    """Every known session of a region.

    Attributes
    ----------
    first_day, last_day : date
        Days for which the calendar knows whether there is a session.
    days : ndarray of datetime64[D], shape (S,)
        Sessions in order.
    opens, closes : ndarray of datetime64[s], shape (S,)
        UTC instants.
    break_starts, break_ends : ndarray of datetime64[s], shape (S,)
        UTC instants of the lunch break, NaT without one.
    unconfirmed : frozenset of date
        Days, sessions or not, that rest on a rule or on a source that was not read.
    """

    first_day: date
    last_day: date
    days: NDArray[np.datetime64]
    opens: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    break_starts: NDArray[np.datetime64]
    break_ends: NDArray[np.datetime64]
    unconfirmed: frozenset[date]


@cache
def load(region: str) -> Schedule:
    """The schedule of a region, built once a process."""
    market = get(region)
    first, last = bounds(market.region)
    if market.calendar_name == "table":
        sessions = _table_sessions(first, last)
    else:
        sessions = _library_sessions(
            market, first, last, date.fromisoformat(_bounds_row(market.region)["load_through"])
        )
    unconfirmed = (
        {day for day, confirmed in vietnam.table().items() if not confirmed} if market.region == "VN" else set()
    )
    for row in dated.read("calendar_corrections"):
        if row["region"] == market.region:
            _correct(sessions, row)
            if row["confirmed"] != "yes":
                unconfirmed.add(date.fromisoformat(row["date"]))
    return _pack(sessions, market.timezone, first, last, frozenset(unconfirmed))


@cache
def bounds(region: str) -> tuple[date, date]:
    """First and last day the calendar of a region knows about."""
    row = _bounds_row(region)
    return date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])


def _bounds_row(region: str) -> dict[str, str]:
    return next(row for row in dated.read("calendar_bounds") if row["region"] == region)


@cache
def confirmed_spans(region: str) -> tuple[tuple[date, date], ...]:
    """Stretches of days whose sessions rest on a source, both ends included."""
    return tuple(
        (date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]))
        for row in dated.read("calendar_confirmed")
        if row["region"] == region
    )


def _library_sessions(market: Market, first: date, last: date, through: date) -> dict[date, Hours]:
    """Sessions of an exchange_calendars calendar (the load takes up to two seconds)."""
    import exchange_calendars
    from pandas.errors import Pandas4Warning

    # The library's Korean calendar gives its last loaded session the opening time of a year's first
    # one, so it is loaded beyond the last day that is used (column load_through).
    with _LOADING, warnings.catch_warnings():
        # exchange_calendars 4.13 uses names that pandas 3.1 announces to remove in pandas 4.
        warnings.simplefilter("ignore", Pandas4Warning)
        calendar = exchange_calendars.get_calendar(
            market.calendar_name, start=first.isoformat(), end=through.isoformat()
        )
    frame = calendar.schedule.loc[: last.isoformat()]
    columns = [_local_times(frame[column], market.timezone) for column in ("open", "close", "break_start", "break_end")]
    days = [stamp.date() for stamp in frame.index]
    return {day: Hours(*times) for day, *times in zip(days, *columns, strict=True)}


def _local_times(instants: Any, timezone: str) -> list[time | None]:
    """A column of UTC stamps as exchange-local times, None for a missing one."""
    local = instants.dt.tz_convert(timezone)
    return [None if missing else stamp.time() for stamp, missing in zip(local, local.isna(), strict=True)]


def _table_sessions(first: date, last: date) -> dict[date, Hours]:
    """Vietnam: every weekday that is not closed; days worked on a weekend are no sessions."""
    hours = [(date.fromisoformat(row["valid_from"]), _hours(row)) for row in dated.read("vietnam_hours")]
    sessions = {}
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if day.weekday() < 5 and day not in vietnam.closed_weekdays(day.year):
            sessions[day] = next(held for since, held in reversed(hours) if since <= day)
    return sessions


def _hours(row: dict[str, str]) -> Hours:
    opens, closes = time.fromisoformat(row["open"]), time.fromisoformat(row["close"])
    return Hours(opens, closes, _optional(row["break_start"]), _optional(row["break_end"]))


def _optional(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _correct(sessions: dict[date, Hours], row: dict[str, str]) -> None:
    """Lay one correction over the sessions; other kinds than ``closed`` set hours."""
    day = date.fromisoformat(row["date"])
    if row["kind"] == "closed":
        sessions.pop(day, None)
        return
    usual = sessions.get(day) or sessions[max(known for known in sessions if known < day)]
    opens = _optional(row["open"]) or usual.opens
    closes = _optional(row["close"]) or usual.closes
    starts, ends = usual.break_starts, usual.break_ends
    if starts is not None and ends is not None and opens < starts and ends < closes:
        sessions[day] = Hours(opens, closes, starts, ends)
    else:
        sessions[day] = Hours(opens, closes)


def _pack(
    sessions: dict[date, Hours], timezone: str, first: date, last: date, unconfirmed: frozenset[date]
) -> Schedule:
    import numpy as np

    days = sorted(sessions)
    zone = ZoneInfo(timezone)

    def instants(attribute: str) -> NDArray[np.datetime64]:
        stamps = [_instant(day, getattr(sessions[day], attribute), zone) for day in days]
        packed = np.array(stamps, dtype="datetime64[s]")
        packed.setflags(write=False)
        return packed

    packed_days = np.array(days, dtype="datetime64[D]")
    packed_days.setflags(write=False)
    return Schedule(
        first_day=first,
        last_day=last,
        days=packed_days,
        opens=instants("opens"),
        closes=instants("closes"),
        break_starts=instants("break_starts"),
        break_ends=instants("break_ends"),
        unconfirmed=unconfirmed,
    )


def _instant(day: date, local: time | None, zone: ZoneInfo) -> datetime | None:
    """Naive UTC, as numpy wants it; the zone knows daylight saving."""
    if local is None:
        return None
    return datetime.combine(day, local, tzinfo=zone).astimezone(_UTC).replace(tzinfo=None)
