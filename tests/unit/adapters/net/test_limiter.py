"""The limiter on a clock of its own: no call too early in any window, whatever threads, processes and pauses do."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.adapters.net import Limiter, Rate, limiter
from workbench.errors import ConfigError

FIFTEEN = Rate(15, 1.0)


class Clock:
    """Stands for the module ``time``; sleeping moves it."""

    def __init__(self) -> None:
        self.at, self.boot = 1000.0, 1_700_000_000.0

    def monotonic(self) -> float:
        return self.at

    def time(self) -> float:
        return self.boot + self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(limiter, "time", made)
    return made


def paced(clock: Clock, *rates: Rate, key: str = "k") -> Limiter:
    return Limiter("mine", rates, key=key, sleep=clock.sleep)


def fullest(moments: list[float], seconds: float) -> int:
    """Most calls in any window of so many seconds."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


def test_a_busy_key_uses_nearly_all_of_its_rate_and_never_more(clock: Clock) -> None:
    one = paced(clock, FIFTEEN)
    moments = [one.acquire() for _ in range(300)]
    assert fullest(moments, 1.0) <= 15
    assert 300 / (moments[-1] - moments[0]) > 0.95 * 15


def test_a_short_pause_is_made_good_and_a_long_one_is_not(clock: Clock) -> None:
    one = paced(clock, FIFTEEN)
    moments = []
    for _ in range(20):
        moments += [one.acquire() for _ in range(60)]
        clock.sleep(0.25)
    assert fullest(moments, 1.0) <= 15
    assert len(moments) / (moments[-1] - moments[0]) > 0.95 * 15, "a batch's end costs nothing"
    clock.sleep(3600.0)
    after = [one.acquire() for _ in range(60)]
    assert fullest(after, 1.0) <= 15


def test_a_thread_that_wakes_late_does_not_fill_the_window_of_the_next_calls(clock: Clock) -> None:
    late = Limiter("mine", [FIFTEEN], key="k", sleep=lambda seconds: clock.sleep(seconds + 0.04))
    punctual = paced(clock, FIFTEEN)
    moments = [(late if number % 10 == 3 else punctual).acquire() for number in range(200)]
    assert fullest(moments, 1.0) <= 15


def test_a_call_whose_reply_is_slow_arrived_late_and_moves_the_ones_a_window_behind(clock: Clock) -> None:
    one = paced(clock, FIFTEEN)
    moments, arrivals = [], []
    for number in range(400):
        moments.append(one.acquire())
        late = 0.05 if number % 7 == 3 else 0.0
        arrivals.append(moments[-1] + late)
        clock.at += 0.001 + late
        one.answered(moments[-1])
    assert fullest(sorted(arrivals), 1.0) <= 15
    assert 400 / (moments[-1] - moments[0]) > 0.9 * 15


def test_of_calls_that_left_together_any_may_have_arrived_last(clock: Clock) -> None:
    one = paced(clock, Rate(3, 1.0))
    first = one.acquire()
    clock.at += 0.1
    one.answered(first)
    slots = [one.acquire() for _ in range(3)]
    # The first of the three arrives last, after the others.
    for slot, late in zip(slots, (0.3, 0.0, 0.0), strict=True):
        clock.at = slot + 0.1 + late
        one.answered(slot)
    arrivals = sorted([slots[0] + 0.3, *slots[1:], *(one.acquire() for _ in range(6))])
    assert fullest(arrivals, 1.0) <= 3


def test_a_call_without_a_reply_yet_is_suspected_of_being_on_its_way(clock: Clock) -> None:
    one = paced(clock, FIFTEEN)
    first = one.acquire()
    clock.at += 0.2
    one.answered(first)
    held = one.acquire()
    for _ in range(14):
        slot = one.acquire()
        clock.at = max(clock.at, slot + 0.2)
        one.answered(slot)
    assert one.acquire() >= held + 1.0 + 0.3


def test_a_long_window_of_many_calls_is_kept_short(clock: Clock) -> None:
    one = paced(clock, FIFTEEN, Rate(900, 60.0, spread=False))
    moments = [one.acquire() for _ in range(2000)]
    assert fullest(moments[::10], 60.0) <= 90
    assert 2000 / (moments[-1] - moments[0]) > 0.95 * 15
    assert len(one.path.read_text()) < 4000, "it is read and written with each call"


def test_a_long_window_holds_beside_a_short_one(clock: Clock) -> None:
    one = paced(clock, Rate(10, 1.0), Rate(50, 60.0, spread=False))
    moments = [one.acquire() for _ in range(160)]
    assert fullest(moments, 60.0) <= 50
    assert moments[49] - moments[0] < 7.0, "within the long window calls follow each other quickly"


def test_two_spread_rates_are_as_slow_as_the_slower(clock: Clock) -> None:
    one = paced(clock, Rate(10, 1.0), Rate(60, 60.0))
    moments = [one.acquire() for _ in range(30)]
    assert (moments[-1] - moments[0]) / 29 == pytest.approx(1 / 0.975, rel=0.03)


def test_keys_do_not_share_a_pace_and_only_a_hash_is_written(clock: Clock, state: Path) -> None:
    first, second = paced(clock, FIFTEEN, key="SECRETKEY"), paced(clock, FIFTEEN, key="other")
    first.acquire()
    assert second.acquire() == clock.at
    assert first.path != second.path
    assert "SECRETKEY" not in first.path.name + first.path.read_text()
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600


def test_a_refusal_slows_everybody_down_once_and_quiet_speeds_up_again(clock: Clock) -> None:
    one, other = paced(clock, FIFTEEN), paced(clock, FIFTEEN)
    slots = [one.acquire() for _ in range(4)]
    clock.sleep(0.3)
    for slot in slots:
        one.refused(slot, 1.0)
    assert other.pace() == limiter.SLOWER, "four refusals of one moment are one"
    assert other.acquire() >= slots[-1] + 1.0, "the provider is left alone"
    clock.sleep(limiter.QUIET)
    assert other.pace() == pytest.approx(limiter.SLOWER * limiter.FASTER)
    clock.sleep(100 * limiter.QUIET)
    assert other.pace() == 1.0


def test_refusal_after_refusal_stops_at_the_floor(clock: Clock) -> None:
    one = paced(clock, FIFTEEN)
    for _ in range(60):
        one.refused(one.acquire(), 0.1)
        clock.sleep(0.1)
    assert one.pace() == limiter.FLOOR


def test_a_slot_that_was_booked_before_a_refusal_is_void(clock: Clock) -> None:
    other = paced(clock, FIFTEEN)
    refused: list[float] = []

    def sleep(seconds: float) -> None:
        if not refused:
            refused.append(clock.at)
            other.refused(clock.at, 5.0)
        clock.sleep(seconds)

    one = Limiter("mine", [FIFTEEN], key="k", sleep=sleep)
    one.acquire()
    clock.at += 0.001
    assert one.acquire() >= refused[0] + 5.0


def test_what_is_left_from_before_a_restart_is_void(clock: Clock) -> None:
    one = paced(clock, FIFTEEN, Rate(3, 60.0, spread=False))
    for _ in range(3):
        one.refused(one.acquire(), 1.0)
    clock.boot += clock.at + 60.0
    clock.at = 12.0
    assert one.acquire() == 12.0, "the new boot's clock starts near zero"
    assert one.pace() == 1.0


@pytest.mark.parametrize("text", ["", "no json", "[1, 2]", '{"next": '])
def test_a_broken_file_is_a_fresh_start(clock: Clock, text: str) -> None:
    one = paced(clock, FIFTEEN)
    one.path.parent.mkdir(parents=True)
    one.path.write_text(text)
    assert one.acquire() == clock.at
    assert json.loads(one.path.read_text())["last"] == clock.at


@pytest.mark.parametrize(
    "damage",
    [
        {"boot": None},
        {"next": "soon"},
        {"hold": 1e12},
        {"pace": 0},
        {"pace": None},
        {"sent": []},
        {"sent": {str(FIFTEEN): [[1, 2, 3]]}},
        {"calls": {"3 calls in 60 s": {"count": 1}}},
        {"last": float("nan")},
    ],
)
def test_a_file_with_other_values_is_a_fresh_start(clock: Clock, damage: dict[str, object]) -> None:
    one = paced(clock, FIFTEEN, Rate(3, 60.0, spread=False))
    one.acquire()
    one.path.write_text(json.dumps(json.loads(one.path.read_text()) | damage))
    assert one.acquire() - clock.at < 1.0
    assert one.pace() == 1.0


def test_the_environment_replaces_the_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_RATE_MINE", "100/1,3000/60")
    assert Limiter("mine", [FIFTEEN]).rates == (Rate(100, 1.0), Rate(3000, 60.0))
    monkeypatch.setenv("WORKBENCH_RATE_MINE", "fast")
    with pytest.raises(ConfigError, match="WORKBENCH_RATE_MINE"):
        Limiter("mine", [FIFTEEN])


def test_threads_share_one_pace() -> None:
    one = Limiter("mine", [Rate(200, 1.0)], key="threads")
    with ThreadPoolExecutor(8) as pool:
        moments = sorted(pool.map(lambda _: one.acquire(), range(120)))
    assert (moments[-1] - moments[0]) > 119 / 200 - limiter.CREDIT


SCRIPT = """
from workbench.adapters.net import Limiter, Rate
one = Limiter("mine", [Rate(20, 1.0)], key="processes")
print(*(one.acquire() for _ in range(20)))
"""


def test_processes_share_one_pace() -> None:
    running = [subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    moments = sorted(float(moment) for one in running for moment in one.communicate()[0].split())
    assert len(moments) == 60
    assert fullest(moments, 1.0) <= 20
