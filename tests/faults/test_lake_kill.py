"""``kill -9`` at any moment of a publish: the lake reads, nothing runs ahead, the next publish completes."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import polars as pl
import pytest

from workbench.lake import Lake

#: Publishes four steps, each with new rows, revisions of the step before, quarantine and gaps.
PUBLISHER = textwrap.dedent(
    """
    import sys
    from datetime import UTC, date, datetime, timedelta
    import polars as pl
    from workbench.lake import Lake

    STEPS, TICKERS, DAYS = 4, 300, 60
    SEEN = datetime(2024, 6, 1, tzinfo=UTC)
    lake = Lake(sys.argv[1], pinned=None)
    tickers = pl.DataFrame({"ticker": [f"{n:06d}" for n in range(TICKERS)]})

    def bars(step, close):
        days = pl.DataFrame({"date": [date(2022, 6, 1) + timedelta(days=DAYS * step + n) for n in range(DAYS)]})
        return tickers.join(days, how="cross").with_columns(
            region=pl.lit("KR"), timeframe=pl.lit("D"), close=pl.lit(close),
            adjusted=pl.lit("none"), source=pl.lit("s"),
            collected_at=pl.lit(SEEN).cast(pl.Datetime("us", "UTC")),
        )

    print("ready", flush=True)
    landed = max(lake.committed()["n"], default=0)  # like a collection, it goes on after what has landed
    for step in range(landed, STEPS):
        frame = bars(step, 1.0)
        if step:
            frame = pl.concat([frame, bars(step - 1, 2.0).filter(pl.col("ticker") < "000050")])
        day = date(2022, 6, 1) + timedelta(days=DAYS * step)
        quarantine = pl.DataFrame({"region": ["KR"], "ticker": [f"Q{step}"], "date": [day], "row": ["{}"],
                                   "reasons": ["impossible"], "source": ["s"]})
        gaps = pl.DataFrame({"region": ["KR"], "ticker": ["G"], "start": [date(2022, 6, 1)], "end": [day],
                             "reason": ["unknown"]})
        lake.publish("ohlcv", frame, "KR", seen_at=SEEN, quarantine=quarantine, gaps=gaps)
        print(step, flush=True)
    """
)
ROWS, REVISED = 300 * 60, 50 * 60
CONTENT = ("ohlcv", "revisions", "quarantine", "gaps")


def start(root):
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def content(root):
    lake = Lake(root, pinned=None)
    return {name: lake.read(name) for name in CONTENT}


def check_state(root):
    """The lake shows the state after some number of whole publishes; returns that number."""
    lake = Lake(root, pinned=None)
    done = dict(lake.committed().select("table", "n").iter_rows()).get("ohlcv", 0)
    assert lake.read("ohlcv").height == done * ROWS
    assert lake.read("revisions").height == max(done - 1, 0) * REVISED
    assert lake.read("quarantine")["ticker"].to_list() == [f"Q{step}" for step in range(done)]
    ends = lake.read("gaps")["end"]
    assert len(ends) == min(done, 1)
    for name in CONTENT[1:]:
        numbers = lake.read(name)["publish_id"].str.tail(9).cast(pl.Int64)
        assert numbers.is_empty() or numbers.max() <= done
    return done


def kill_and_resume(tmp_path, times, seed):
    clean = tmp_path / "clean"
    began = time.monotonic()
    finish(start(clean))
    length = time.monotonic() - began
    # From "ready" on; the imports before it are not worth killing.
    process = start(tmp_path / "timed")
    began = time.monotonic()
    finish(process)
    length = min(length, time.monotonic() - began)
    expected, moments = content(clean), random.Random(seed)
    stages = set()
    for number in range(times):
        root = tmp_path / f"killed-{number}"
        process = start(root)
        time.sleep(moments.uniform(0, length))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        stages.add(check_state(root))
        finish(start(root))
        assert check_state(root) == 4
        found = content(root)
        for name in CONTENT:
            assert found[name].equals(expected[name]), f"{name} differs after kill {number}"
        shutil.rmtree(root)
    return stages


def test_killed_publishes_leave_a_committed_state(tmp_path):
    kill_and_resume(tmp_path, 3, seed=11)


@pytest.mark.soak
def test_killed_twenty_times(tmp_path):
    stages = kill_and_resume(tmp_path, 20, seed=12)
    assert len(stages) > 2, f"the kills hit only the stages {stages}"
