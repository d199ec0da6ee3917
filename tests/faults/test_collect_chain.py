"""A chain of providers on bad days: killed in the middle, and two processes at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from fake_provider import SESSIONS, Fake, chains

from workbench import collect
from workbench.lake import Lake

SUPPORT = str(Path(__file__).resolve().parents[1] / "support")
CODES = tuple(f"T{n:03d}" for n in range(40))
BATCH = 4
#: Each batch takes some time and is noted in a file before it is answered; nothing is published by size.
CODE = f"""
import sys, time
sys.path.insert(0, {SUPPORT!r})
from pathlib import Path
from fake_provider import Fake, chains
from workbench import collect
from workbench.errors import Throttled
from workbench.lake import Lake

log, mode = Path(sys.argv[2]), sys.argv[3]

class Slow(Fake):
    batch_size = {BATCH}
    def fetch(self, table, request):
        if table == "ohlcv":
            with log.open("a") as file:
                file.write(f"{{self.name}} {{','.join(request.tickers)}}\\n")
            time.sleep(0.15)
            if mode == "throttled" and self.name == "one" and log.read_text().count("one ") > 3:
                raise Throttled("one asks for fewer calls.")
        return super().fetch(table, request)

one, two = Slow("one"), Slow("two", tables=("ohlcv",))
one.codes = two.codes = tuple(f"T{{n:03d}}" for n in range({len(CODES)}))
print("ready", flush=True)
collect.collect(Lake(sys.argv[1]), "US", chains(one, two), pace=collect.Pace(publish_seconds=0.1))
print("done", flush=True)
"""


def start(lake, log, mode="well"):
    child = subprocess.Popen(
        [sys.executable, "-c", CODE, str(lake.root), str(log), mode],
        stdout=subprocess.PIPE,
        env=dict(os.environ),
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    return child


def asked(log):
    """Tickers asked, by provider, as often as they were."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return {
        name: Counter(t for who, codes in lines if who == name for t in codes.split(",")) for name in ("one", "two")
    }


def complete(lake):
    bars = lake.read("ohlcv", "US")
    assert bars.select("ticker", "date").is_unique().all()
    assert bars.height == len(CODES) * len(SESSIONS)
    assert collect.unexplained(lake, "US").is_empty()
    assert lake.read("gaps", "US").is_empty()


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_costs_at_most_the_batch_that_was_asked_and_the_one_that_was_published(tmp_path, seed):
    lake, log = Lake(tmp_path / "lake"), tmp_path / "asked"
    child = start(lake, log)
    generator = random.Random(seed)
    while not log.is_file() or len(log.read_text().splitlines()) < 3 + seed:
        time.sleep(0.01)
    time.sleep(generator.uniform(0.0, 0.3))
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    again = start(lake, log)
    assert again.stdout.read() == "done\n"
    assert again.wait() == 0
    again.stdout.close()
    complete(lake)
    twice = sum(count - 1 for count in asked(log)["one"].values())
    assert twice <= 2 * BATCH
    assert not asked(log)["two"]


def test_two_processes_at_once_leave_one_lake_and_share_what_fails(tmp_path):
    lake, log = Lake(tmp_path / "lake"), tmp_path / "asked"
    children = [start(lake, log, "throttled") for _ in range(2)]
    for child in children:
        assert child.stdout.read() == "done\n"
        assert child.wait() == 0
        child.stdout.close()
    complete(lake)
    assert set(lake.sources()) == {"one", "two"}
    (row,) = collect.put_aside().to_dicts()
    assert (row["provider"], row["reason"], row["table"]) == ("one", "throttled", "*")
    calls = log.read_text().count("one ")
    assert calls <= 3 + 2, "each process may have been asking when the first refusal came"


def test_throttled_in_the_middle_the_rest_comes_from_the_next_and_the_run_says_so(tmp_path):
    lake = Lake(tmp_path / "lake")
    from workbench.errors import Throttled

    one, two = Fake("one"), Fake("two", tables=("ohlcv",))
    one.codes = two.codes = CODES
    one.errors["ohlcv"] = [*[None] * 7, Throttled("one asks for fewer calls.", retry_after=120.0)]
    done = collect.collect(lake, "US", chains(one, two))
    complete(lake)
    by_source = lake.read("ohlcv", "US").group_by("source").len().sort("source").rows()
    assert by_source == [("one", 14 * len(SESSIONS)), ("two", 26 * len(SESSIONS))]
    notes = {row["provider"]: (row["status"], row["asked"]) for row in done.providers.to_dicts()}
    assert notes == {"one": ("put aside", 9), "two": ("asked", 13)}
    assert done.summary["status"].to_list() == ["collected", "collected"]
