"""The day's calls of one key, counted by all processes: we stop before the service does."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench import journal, settings
from workbench.adapters.net import Limiter, Rate
from workbench.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

SEOUL = ZoneInfo("Asia/Seoul")
#: Calls that a key may make in a Seoul day (service guide), and the part of them that we use: the rest is its
#: owner's, and covers calls that the service counted and we did not.
DAILY, SHARE = 20_000, 0.99
#: Five a second, as the known clients do; above some 1,000 a minute the address is blocked for a day.
RATES = (Rate(5, 1.0), Rate(900, 60.0, spread=False))


class Budget:
    """Counts the calls of one key in one Seoul day.

    Parameters
    ----------
    key : str
        Only a hash of it is written down.
    daily : int
        Calls that the service allows in a day; we stop at :data:`SHARE` of them.
    clock : callable
        UTC now.
    """

    def __init__(self, key: str, daily: int, clock: Callable[[], datetime]) -> None:
        digest = hashlib.sha256(f"dart\0{key}".encode()).hexdigest()[:16]
        self.path = settings.load().state / "limits" / f"dart-day-{digest}.json"
        self.daily, self.own = daily, max(1, int(daily * SHARE))
        self._clock = clock
        self._mutex = threading.Lock()

    def today(self) -> date:
        """The day in Seoul."""
        return self._clock().astimezone(SEOUL).date()

    def used(self) -> int:
        """Calls made today."""
        with self._counted() as counted:
            return counted["calls"]

    def take(self) -> None:
        """Count one call.

        Raises
        ------
        Throttled
            When the day's calls are used up; ``context["retry_after"]`` is the time to the next Seoul day.
        """
        with self._counted() as counted:
            spent = counted["calls"] >= self.own
            counted["calls"] += 0 if spent else 1
        if spent:
            raise self.spent()

    def exhaust(self) -> None:
        """Note that the service itself says that the day's calls are used up."""
        with self._counted() as counted:
            counted["calls"] = max(counted["calls"], self.own)

    def spent(self) -> Throttled:
        """The error of a day whose calls are used up."""
        now = self._clock().astimezone(SEOUL)
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), SEOUL)
        action = "Nothing: what was answered is kept, and a collection tomorrow (Seoul) goes on from there."
        journal.note("dart.day_spent", level="warning", action=action, calls=self.own, until=tomorrow)
        return Throttled(
            f"{self.own:,} of the {self.daily:,} calls that dart allows a key in a day are made; "
            f"no more until {tomorrow:%Y-%m-%d}, Seoul time.",
            hint="Collect again tomorrow; what was answered today is kept and not asked again.",
            provider="dart",
            retry_after=(tomorrow - now).total_seconds(),
        )

    @contextmanager
    def _counted(self) -> Iterator[dict[str, int]]:
        """Today's count, read and written under a lock that dies with its holder."""
        today = self.today().isoformat()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._mutex:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                counted = _of_day(os.read(handle, 4096), today)
                yield counted
                text = json.dumps({"day": today, **counted}).encode()
                os.pwrite(handle, text, 0)
                os.ftruncate(handle, len(text))
            finally:
                os.close(handle)


class BudgetedLimiter(Limiter):
    """A limiter whose every slot also counts as one call of the day."""

    def __init__(self, rates: Sequence[Rate], budget: Budget, *, key: str, sleep: Callable[[float], None]) -> None:
        super().__init__("dart", rates, key=key, sleep=sleep)
        self.budget = budget

    def acquire(self) -> float:
        """Wait for the next slot, or raise :class:`Throttled` when the day's calls are used up."""
        self.budget.take()
        return super().acquire()


def _of_day(text: bytes, today: str) -> dict[str, int]:
    try:
        found = json.loads(text)
        return {"calls": int(found["calls"]) if found["day"] == today else 0}
    except (ValueError, KeyError, TypeError):
        return {"calls": 0}
