"""When each market closes, and which session of another market had closed by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import markets

if TYPE_CHECKING:
    from numpy.typing import NDArray


def close_instants(region: str, dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """UTC instants of a region's closes on some dates, half days respected.

    Parameters
    ----------
    region : str
    dates : (S,) datetime64[D], ascending

    Returns
    -------
    (S,) datetime64[s]
        A date with a bar that the calendar has as no session closes at the hour of the session before it.
    """
    days, hours = _calendar(region, dates)
    place = np.clip(np.searchsorted(days, dates, side="right") - 1, 0, len(days) - 1)
    return np.asarray(dates.astype("datetime64[s]") + hours[place], "datetime64[s]")


def _calendar(region: str, dates: NDArray[np.datetime64]) -> tuple[NDArray[np.datetime64], NDArray[np.timedelta64]]:
    """Sessions around the dates, and the time from midnight UTC of the local day to the close."""
    first, last = markets.first_known(region), markets.last_known(region)
    week = np.timedelta64(14, "D")
    start = min(max(first, (dates[0] - week).astype(object)), last)
    end = max(min(last, (dates[-1] + week).astype(object)), start)
    days = markets.session_array(region, start, end)
    closes = [markets.close_time(region, day.item()).replace(tzinfo=None) for day in days]
    return days, np.asarray(np.array(closes, "datetime64[s]") - days.astype("datetime64[s]"), "timedelta64[s]")


def ordinals(region: str, dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Number of each date's session in the region's calendar: the same for every window of the history."""
    days = markets.session_array(region, markets.first_known(region), markets.last_known(region))
    return np.searchsorted(days, dates).astype(np.int64)


def latest_known(own: NDArray[np.datetime64], other: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The last session of another market that closed before each close of the own one.

    Parameters
    ----------
    own, other : (S,) and (Q,) datetime64[s], ascending
        Instants of the closes.

    Returns
    -------
    (S,) int64
        Positions in ``other``; -1 where none closed before. A close at the very same instant is not before.
    """
    return np.searchsorted(other, own, side="left").astype(np.int64) - 1
