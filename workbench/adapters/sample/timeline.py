"""The sessions a region's sample market has, and the days before them on which it warms up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import markets
from workbench.adapters.sample.spec import SESSIONS_PER_YEAR

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from workbench.adapters.sample.spec import SampleSpec

#: Steps simulated before the first session, so that the first session has a past of one year.
WARMUP = SESSIONS_PER_YEAR
#: Quarterly filings reach this many days further back than the prices.
FILINGS_BEFORE = timedelta(days=560)


@dataclass(frozen=True)
class Timeline:
    """Dates of one region.

    Attributes
    ----------
    sessions : (T,) datetime64[D]
        Trading days of the sample market, ascending.
    steps : (WARMUP + T,) datetime64[D]
        Weekdays of the warm-up, then the sessions.
    filing_days : datetime64[D]
        Sessions on which a filing can become available; they start earlier than the prices.
    """

    sessions: NDArray[Any]
    steps: NDArray[Any]
    filing_days: NDArray[Any]

    def session_on_or_after(self, days: NDArray[Any]) -> NDArray[np.int64]:
        """Index of the first session on or after each day; T where there is none."""
        return np.searchsorted(self.sessions, days, side="left").astype(np.int64)


def weekdays_before(day: np.datetime64, count: int) -> NDArray[Any]:
    """The ``count`` weekdays before ``day``, ascending."""
    last = np.busday_offset(day, -1, roll="forward")
    return np.busday_offset(last, np.arange(-count + 1, 1), roll="backward")


@lru_cache(maxsize=16)
def timeline(spec: SampleSpec, region: str) -> Timeline:
    """The dates of ``region`` in the world of ``spec``."""
    filing_days = _sessions(region, spec.start - FILINGS_BEFORE, spec.end)
    sessions = filing_days[filing_days >= np.datetime64(spec.start)]
    steps = np.concatenate([weekdays_before(sessions[0], WARMUP), sessions])
    for array in (sessions, steps, filing_days):
        array.flags.writeable = False
    return Timeline(sessions, steps, filing_days)


def _sessions(region: str, start: date, end: date) -> NDArray[Any]:
    first = max(start, markets.first_known(region))
    return np.array(markets.session_array(region, first, end), dtype="datetime64[D]")


@lru_cache(maxsize=4)
def world_days(spec: SampleSpec) -> NDArray[Any]:
    """Weekdays from before every region's warm-up to the end of the world, datetime64[D]."""
    start = np.datetime64(spec.start)
    inside = np.arange(start, np.datetime64(spec.end) + 1)
    inside = inside[np.is_busday(inside)]
    days = np.concatenate([weekdays_before(start, WARMUP + 20), inside])
    days.flags.writeable = False
    return days
