"""Writers at the same time: nobody's rows are lost, and different regions do not fail each other."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, date, datetime

import polars as pl
import pytest

from workbench.lake import Lake, locks

ROUNDS = 12
#: A writer of its own process: every round it adds one day of its tickers, and corrects the day before.
WRITER = textwrap.dedent(
    """
    import sys
    from datetime import UTC, date, datetime, timedelta
    import polars as pl
    from workbench.lake import Lake

    root, region, prefix, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    lake = Lake(root, pinned=None)

    def day(number, close):
        return pl.DataFrame({
            "region": [region] * 3, "ticker": [f"{prefix}{n}" for n in range(3)], "timeframe": ["D"] * 3,
            "date": [date(2024, 1, 1) + timedelta(days=number)] * 3, "close": [close] * 3, "adjusted": ["none"] * 3,
            "source": [prefix] * 3, "collected_at": [datetime(2024, 1, 1, tzinfo=UTC)] * 3,
        })

    sys.stdin.readline()
    for number in range(rounds):
        frame = day(number, 1.0)
        if number:
            frame = pl.concat([frame, day(number - 1, 2.0)])
        today = date(2024, 1, 1) + timedelta(days=number)
        gaps = pl.DataFrame({"region": [region], "ticker": [prefix], "start": [today], "end": [today],
                             "reason": ["unknown"]})
        lake.publish("ohlcv", frame, region, gaps=gaps)
    """
)


def run_together(root, writers, rounds):
    """Start the processes, let them go at once, and wait for them."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), region, prefix, str(rounds)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for region, prefix in writers
    ]
    try:
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            _, errors = process.communicate(timeout=500)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
            process.wait()


def check(root, writers, rounds):
    lake = Lake(root, pinned=None)
    rows = lake.read("ohlcv")
    assert rows.height == len(writers) * rounds * 3
    owner = pl.concat_str("region", pl.col("ticker").str.head(1)).alias("owner")
    assert dict(rows.group_by(owner).len().iter_rows()) == {"".join(writer): rounds * 3 for writer in writers}
    assert rows.filter(pl.col("close") == 1.0).height == len(writers) * 3
    assert lake.read("revisions").height == len(writers) * (rounds - 1) * 3
    assert lake.read("gaps").height == len(writers) * rounds
    assert lake.delta("revisions").count() == len(writers) * (rounds - 1) * 3


def one_slice(root, rounds):
    writers = [("KR", "A"), ("KR", "B")]
    run_together(root, writers, rounds)
    check(root, writers, rounds)


def two_regions(root, rounds):
    writers = [("KR", "A"), ("US", "B")]
    run_together(root, writers, rounds)
    check(root, writers, rounds)


def test_two_processes_in_one_slice_lose_no_row(tmp_path):
    one_slice(tmp_path / "lake", ROUNDS)


def test_two_processes_in_two_regions_lose_no_row(tmp_path):
    two_regions(tmp_path / "lake", ROUNDS)


@pytest.mark.soak
def test_one_slice_a_hundred_times(tmp_path):
    one_slice(tmp_path / "lake", 100)


@pytest.mark.soak
def test_two_regions_a_hundred_times(tmp_path):
    two_regions(tmp_path / "lake", 100)


def bar(region):
    return pl.DataFrame(
        {
            "region": [region],
            "ticker": ["A"],
            "timeframe": ["D"],
            "date": [date(2024, 1, 2)],
            "close": [1.0],
            "adjusted": ["none"],
            "source": ["one"],
            "collected_at": [datetime(2024, 1, 2, tzinfo=UTC)],
        }
    )


def test_a_region_waits_for_itself_only(tmp_path):
    lake = Lake(tmp_path / "lake", pinned=None)
    lake.publish("ohlcv", bar("KR"), "KR")
    later = bar("KR").with_columns(close=2.0)
    thread = threading.Thread(target=lake.publish, args=("ohlcv", later, "KR"))
    with locks.held(lake.root, "ohlcv", "KR"):
        thread.start()
        lake.publish("ohlcv", bar("US"), "US")
        time.sleep(0.1)
        assert thread.is_alive()
        assert lake.read("ohlcv", "KR")["close"].to_list() == [1.0]
    thread.join(timeout=60)
    assert lake.read("ohlcv", "KR")["close"].to_list() == [2.0]
    assert lake.read("ohlcv", "US").height == 1


def test_threads_of_one_process_take_turns(tmp_path):
    lake = Lake(tmp_path / "lake", pinned=None)
    threads = [
        threading.Thread(target=lake.publish, args=("ohlcv", bar("KR").with_columns(ticker=pl.lit(f"T{n}")), "KR"))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert lake.read("ohlcv")["ticker"].to_list() == [f"T{n}" for n in range(6)]


def test_a_lock_goes_with_its_process(tmp_path):
    lake = Lake(tmp_path / "lake", pinned=None)
    code = (
        "import sys, time; from pathlib import Path; from workbench.lake import locks\n"
        "with locks.held(Path(sys.argv[1]), 'ohlcv', 'KR'):\n    print('held', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(lake.root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert lake.publish("ohlcv", bar("KR"), "KR").inserted == 1
