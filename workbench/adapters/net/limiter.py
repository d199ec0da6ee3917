"""Paces calls: all threads and processes of one key share one clock of slots, kept in a small locked file.

Slots are spread evenly for short windows and kept as a list of the last calls for long ones. A refusal by
the provider slows everybody down; quiet speeds up again, never beyond what is allowed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Part of the allowed rate that is used: room for calls that arrive closer together than they were sent.
SHARE = 0.975
#: After a refusal the pace is multiplied by this, down to the floor; after a quiet while by the other one.
SLOWER, FLOOR, FASTER = 0.85, 0.1, 1.05
#: Seconds without a refusal after which the pace rises a step.
QUIET = 5.0
#: A next slot farther away than this is left over from before a restart of the machine.
_STALE = 86_400.0


@dataclass(frozen=True)
class Rate:
    """At most ``calls`` in any ``seconds``; ``spread`` puts them at even distances instead of in bursts."""

    calls: int
    seconds: float
    spread: bool = True

    def __str__(self) -> str:
        return f"{self.calls} calls in {self.seconds:g} s"


class Limiter:
    """The pace of one key.

    Parameters
    ----------
    name : str
        Of the provider.
    rates : sequence of Rate
        All of them hold; ``WORKBENCH_RATE_<NAME>`` (``100/1`` or ``100/1,3000/60``: calls in seconds) replaces
        them, for a subscription with other limits.
    key : str
        Those who share it share the pace; only a hash of it is written down.
    sleep : callable
        Takes seconds; tests pass one that does not wait.
    """

    def __init__(
        self, name: str, rates: Sequence[Rate], *, key: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.name, self.rates = name, _chosen(name) or tuple(rates)
        digest = hashlib.sha256(f"{name}\0{key}".encode()).hexdigest()[:16]
        self.path = settings.load().state / "limits" / f"{name}-{digest}.json"
        self._sleep = sleep
        self._mutex = threading.Lock()

    def acquire(self) -> float:
        """Wait for the next slot; returns its time, which :meth:`refused` is told."""
        with self._state() as state:
            now = time.monotonic()
            slot = max(now, state["next"] if state["next"] - now < _STALE else now)
            for rate in self.rates:
                slot = max(slot, _free(rate, state, slot))
            for rate in self.rates:
                _take(rate, state, slot)
        if slot > now:
            self._sleep(slot - now)
        return slot

    def refused(self, slot: float, wait: float = 1.0) -> None:
        """Slow down: the provider refused the call of this slot, and is left alone for ``wait`` seconds.

        Calls that were under way when an earlier refusal slowed the pace do not slow it again.
        """
        with self._state() as state:
            now = time.monotonic()
            state["next"] = max(state["next"], now + wait)
            if slot > state["slowed"]:
                state["pace"] = max(FLOOR, state["pace"] * SLOWER)
                state["slowed"] = state["raised"] = now

    def pace(self) -> float:
        """The part of the allowed rate that is used at present, 1.0 where no refusal is near."""
        with self._state() as state:
            return float(state["pace"])

    @contextmanager
    def _state(self) -> Iterator[dict[str, Any]]:
        """The shared state, read and written under a lock that dies with its holder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._mutex:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                state = _load(os.read(handle, 1 << 20))
                _rise(state)
                yield state
                text = json.dumps(state).encode()
                os.pwrite(handle, text, 0)
                os.ftruncate(handle, len(text))
            finally:
                os.close(handle)


def _chosen(name: str) -> tuple[Rate, ...]:
    """The rates that the environment names for a provider."""
    variable = f"WORKBENCH_RATE_{name.upper()}"
    text = os.environ.get(variable, "")
    try:
        pairs = [part.split("/") for part in text.split(",") if part.strip()]
        found = tuple(Rate(int(calls), float(seconds)) for calls, seconds in pairs)
    except ValueError:
        found = (Rate(0, 0.0),) if text else ()
    if any(rate.calls < 1 or rate.seconds <= 0.0 for rate in found):
        raise ConfigError(f"{variable}={text!r} is no rate.", hint="Write calls/seconds, such as 100/1.")
    return found


def _load(text: bytes) -> dict[str, Any]:
    fresh: dict[str, Any] = {"next": 0.0, "pace": 1.0, "slowed": 0.0, "raised": 0.0, "calls": {}}
    try:
        found = json.loads(text)
    except ValueError:
        return fresh
    return fresh | found if isinstance(found, dict) and found.get("slowed", 0.0) <= time.monotonic() else fresh


def _rise(state: dict[str, Any]) -> None:
    now = time.monotonic()
    while state["pace"] < 1.0 and now - state["raised"] >= QUIET:
        state["pace"] = min(1.0, state["pace"] * FASTER)
        state["raised"] += QUIET


def _free(rate: Rate, state: dict[str, Any], slot: float) -> float:
    """The first time at or after ``slot`` at which the rate allows a call."""
    if rate.spread:
        return slot
    past: list[float] = state["calls"].get(str(rate), [])
    if len(past) < rate.calls:
        return slot
    return max(slot, past[-rate.calls] + rate.seconds / (SHARE * float(state["pace"])))


def _take(rate: Rate, state: dict[str, Any], slot: float) -> None:
    if rate.spread:
        state["next"] = max(state["next"], slot + rate.seconds / (rate.calls * SHARE * state["pace"]))
        return
    past = [moment for moment in state["calls"].get(str(rate), []) if moment <= slot]
    state["calls"][str(rate)] = [*past, slot][-rate.calls :]
