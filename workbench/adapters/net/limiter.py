"""Paces calls: all threads and processes of one key share one clock of slots, kept in a small locked file.

Short windows (``spread``) give slots at even distances; a short pause, such as the end of a batch, is made good
afterwards, at most :data:`CREDIT` seconds of it; after a long one calls begin a little slower. What the provider
counts is arrivals: a call that woke late, or whose reply took longer than the fastest ones, arrived late, and the
call that is a window behind it leaves as much later. Long windows keep the times of the last calls. A refusal
slows everybody down, those included that hold a slot already; quiet speeds up again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
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

#: Part of the allowed rate that slots are given out for.
SHARE = 0.99
#: Seconds by which arrivals of a full window are kept farther apart than it is long.
MARGIN = 0.006
#: After a refusal the pace is multiplied by this, down to the floor; after a quiet while by the other one.
SLOWER, FLOOR, FASTER = 0.85, 0.1, 1.05
#: Seconds without a refusal after which the pace rises a step.
QUIET = 5.0
#: Seconds of idleness that are made good, in calls at half the usual distance.
CREDIT = 0.5
#: A pause of so many seconds is long: connections are made anew, and for so many seconds nobody knows how fast a
#: reply can be; distances are longer by a factor.
LONG, WARMING, SLOWLY = 2.0, 2.0, 1.15
#: Seconds of lateness that a call is suspected of at most.
_LATE = 0.4
#: The fastest reply so far is forgotten by so much with each call: a network may become slower for good.
_FORGET = 1.002
#: Marks that a long window keeps at most; of more calls, every so manieth is one.
_MARKS = 60
#: Calls of a spread rate up to which its window is looked at; of more calls, even distances are enough.
_WATCHED = 100
#: The boot of the machine may seem to move by as many seconds (time servers); more is another boot, and what the
#: file says of the clock before it is void.
_SAME_BOOT = 30.0
#: The times in the file, and how far ahead one may lie before the file is taken for broken.
_TIMES, _LONGEST = ("next", "last", "since", "hold", "slowed", "raised"), 3600.0


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
        """Wait for the next slot; returns the time of the call, which :meth:`refused` is told."""
        while True:
            with self._state() as state:
                now = time.monotonic()
                slot = self._book(state, now)
            if slot > now:
                self._sleep(slot - now)
            at = max(slot, time.monotonic())
            with self._state() as state:
                if at < state["hold"]:
                    continue  # Somebody was refused meanwhile: this slot is void.
                ready = self._leave(state, at)
            if ready > at:
                self._sleep(ready - at)
            return ready

    def answered(self, slot: float) -> None:
        """Tell that the reply to the call of a slot is here: what it took longer than the fastest, it arrived late."""
        with self._state() as state:
            seconds = max(0.0, time.monotonic() - slot)
            state["fastest"] = min(seconds, (state["fastest"] or seconds) * _FORGET)
            for sent in state["sent"].values():
                for call in sent:
                    if call[0] == slot:
                        call[1] = seconds

    def _book(self, state: dict[str, Any], now: float) -> float:
        slot: float = max(now, state["hold"])
        distance = max((_distance(rate, state) for rate in self.rates if rate.spread), default=0.0)
        if distance:
            slot = max(slot, state["next"], state["last"] + distance / 2)
        for rate in self.rates:
            slot = slot if rate.spread else max(slot, _free(rate, state, slot))
        if distance:
            if slot - state["next"] > LONG:
                state["since"] = slot
            if slot - state["since"] < WARMING:
                distance *= SLOWLY
            credit = CREDIT if state["pace"] >= 1.0 and slot - state["since"] > WARMING else 0.0
            state["next"], state["last"] = max(state["next"], slot - credit) + distance, slot
        for rate in self.rates:
            if not rate.spread:
                _mark(rate, state, slot)
        return slot

    def _leave(self, state: dict[str, Any], at: float) -> float:
        """The first time from ``at`` on at which no window of a spread rate is overfull; the call is noted."""
        spread = [rate for rate in self.rates if rate.spread and rate.calls <= _WATCHED]
        for rate in spread:
            arrivals = sorted(_arrival(call, state, at) for call in state["sent"].get(str(rate), []))
            if len(arrivals) >= rate.calls:
                at = max(at, arrivals[-rate.calls] + rate.seconds + MARGIN)
        for rate in spread:
            sent = sorted([*state["sent"].get(str(rate), []), [at, None]], key=lambda call: call[0])
            # More than a window of them: of calls that left together, any may have arrived last.
            state["sent"][str(rate)] = sent[-2 * rate.calls :]
        return at

    def refused(self, slot: float, wait: float = 1.0) -> None:
        """Slow down: the provider refused the call of this slot, and is left alone for ``wait`` seconds.

        Calls that were under way when an earlier refusal slowed the pace do not slow it again.
        """
        with self._state() as state:
            now = time.monotonic()
            state["hold"] = max(state["hold"], now + wait)
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
    boot = time.time() - time.monotonic()
    fresh: dict[str, Any] = {
        "boot": boot,
        "next": 0.0,
        "last": 0.0,
        "since": 0.0,
        "hold": 0.0,
        "pace": 1.0,
        "slowed": 0.0,
        "raised": 0.0,
        "fastest": None,
        "calls": {},
        "sent": {},
    }
    try:
        found = json.loads(text)
    except ValueError:
        return fresh
    if not isinstance(found, dict) or not _is_state(state := fresh | found):
        return fresh
    return state if abs(state["boot"] - boot) < _SAME_BOOT else fresh


def _is_state(state: dict[str, Any]) -> bool:
    """Whether a file can be believed: numbers where they belong, no wait that nobody asked for."""
    latest = time.monotonic() + _LONGEST
    try:
        times = [state["boot"], state["pace"], state["fastest"] or 0.0, *(state[name] for name in _TIMES)]
        marks = [number for kept in state["calls"].values() for mark in kept["marks"] for number in (*mark,)]
        counts = [kept["count"] for kept in state["calls"].values()]
        calls = [number for sent in state["sent"].values() for at, took in sent for number in (at, took or 0.0)]
        return (
            all(math.isfinite(number) for number in (*times, *marks, *counts, *calls))
            and all(len(mark) == 2 for kept in state["calls"].values() for mark in kept["marks"])
            and all(state[name] <= latest for name in _TIMES)
            and FLOOR <= state["pace"] <= 1.0
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return False


def _rise(state: dict[str, Any]) -> None:
    now = time.monotonic()
    while state["pace"] < 1.0 and now - state["raised"] >= QUIET:
        state["pace"] = min(1.0, state["pace"] * FASTER)
        state["raised"] += QUIET


def _distance(rate: Rate, state: dict[str, Any]) -> float:
    """Seconds between two calls of a spread rate."""
    return rate.seconds / (rate.calls * SHARE * float(state["pace"]))


def _arrival(call: list[Any], state: dict[str, Any], now: float) -> float:
    """When a call arrived, at the latest; one without a reply yet may still be on its way."""
    sent, fastest = float(call[0]), state["fastest"]
    if fastest is None:
        return sent
    took = now - sent if call[1] is None else float(call[1])
    return sent + min(max(0.0, took - float(fastest)), _LATE)


def _free(rate: Rate, state: dict[str, Any], slot: float) -> float:
    """The first time at or after ``slot`` at which a rate that is not spread allows a call."""
    kept = state["calls"].get(str(rate))
    oldest = kept["count"] - rate.calls if kept else -1
    if kept is None or oldest < 0:
        return slot
    moment = next((moment for number, moment in kept["marks"] if number >= oldest), slot - rate.seconds)
    return max(slot, moment + rate.seconds * 1.01 / float(state["pace"]))


def _mark(rate: Rate, state: dict[str, Any], slot: float) -> None:
    """Count a call of a long window; every so manieth is a mark, which stands for those before it."""
    kept = state["calls"].setdefault(str(rate), {"count": 0, "marks": []})
    step = max(1, rate.calls // _MARKS)
    if kept["count"] % step == 0:
        kept["marks"].append([kept["count"], round(slot, 4)])
        kept["marks"] = [mark for mark in kept["marks"] if mark[0] >= kept["count"] - rate.calls - step]
    kept["count"] += 1
