"""How far back the plan of a key reaches: learned from its refusals, and remembered for a week.

The free plan covers about two years and says so only by refusing. The first day that is covered moves with
the calendar, so that what is remembered is the last day that was refused.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.adapters.polygon.kept import Kept

#: The oldest bars of any plan (vendor documentation).
FIRST_DAY = date(2003, 9, 10)
#: Reach of the free plan, from which the search begins.
_FREE = timedelta(days=730)
_RECORD = "history"


class History:
    """The days that a plan covers.

    Parameters
    ----------
    kept : Kept
        Where the last refused day is remembered.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        found = (kept.record(_RECORD) or {}).get("refused")
        self.refused = date.fromisoformat(found) if found else None

    @property
    def first(self) -> date:
        """The first day that may be asked for."""
        return FIRST_DAY if self.refused is None else max(FIRST_DAY, self.refused + timedelta(days=1))

    def refuse(self, day: date) -> None:
        """Remember that the plan does not cover a day."""
        if self.refused is None or day > self.refused:
            self.refused = day
            self._kept.keep_record(_RECORD, {"refused": day.isoformat()})

    def find(self, days: Sequence[date], covers: Callable[[date], bool]) -> None:
        """Find the first covered one of the days, of which the first is refused.

        Parameters
        ----------
        days : sequence of date
            Sessions, ascending.
        covers : callable
            ``covers(day)`` asks for one day.
        """
        low, high = 0, len(days)
        probe = next((place for place, day in enumerate(days) if day > days[-1] - _FREE), 1)
        step, said = 1, set[bool]()
        while high - low > 1:
            probe = (low + high) // 2 if len(said) == 2 else min(max(probe, low + 1), high - 1)
            good = covers(days[probe])
            said.add(good)
            low, high = (low, probe) if good else (probe, high)
            probe, step = probe - step if good else probe + step, step * 2
        self.refuse(days[low])
