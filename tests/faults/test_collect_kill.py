"""kill -9 at random moments of a collection and of an import: the lake reads, and the next run completes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date

import polars as pl
import pytest

from workbench import collect, markets
from workbench.adapters.sample import Misbehaviour, Sample
from workbench.lake import Lake

DIRTY = frozenset({"high_below_low", "zero_prices", "jump", "conflict", "closed_day"})
SPEC = {
    "file": "prices.parquet",
    "region": "KR",
    "source": "killed",
    "columns": {name: name for name in ("ticker", "date", "open", "high", "low", "close", "volume")},
}
WINDOW = 2_000

#: Tells when the work itself begins, so that no kill is spent on imports.
COLLECT = """
import sys
from workbench import collect
from workbench.adapters.sample import Misbehaviour, Sample
from workbench.lake import Lake
class Small(Sample):
    batch_size = 3
sample = Small("tiny", misbehave=Misbehaviour(dirty=frozenset(sys.argv[2].split(","))))
sample.planted("KR")
print("ready", flush=True)
collect.collect(Lake(sys.argv[1]), "KR", sample, pace=collect.Pace(publish_rows=1))
print("done", flush=True)
"""
IMPORT = """
import json, sys
from workbench import collect
from workbench.lake import Lake
print("ready", flush=True)
collect.import_files(Lake(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], window_rows=int(sys.argv[4]))
print("done", flush=True)
"""


def start(code, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "WORKBENCH_SNAPSHOT"}
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert child.stdout.readline() == "ready\n"
    return child


def finish(child):
    """Wait for the end; returns the seconds it took."""
    begin = time.monotonic()
    assert child.stdout.read() == "done\n"
    assert child.wait() == 0
    child.stdout.close()
    return time.monotonic() - begin


def kill(child, after):
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def content(lake):
    """Everything but the times of the clock and the numbers of publishes."""
    tables = {
        "tickers": lake.read("tickers", "KR"),
        "actions": lake.read("actions", "KR"),
        "ohlcv": lake.read("ohlcv", "KR").drop("collected_at"),
        "gaps": lake.read("gaps", "KR"),
        "quarantine": lake.read("quarantine", "KR").sort("ticker", "date", "row"),
        "revisions": lake.read("revisions", "KR"),
        "coverage": lake.read("coverage", "KR"),
    }
    clocks = {"first_seen", "last_seen", "seen_at", "asked_at", "publish_id"}
    return {name: frame.drop(clocks & set(frame.columns)) for name, frame in tables.items()}


def check_consistent(lake):
    """Rows are those of committed publishes, and nothing beside them is shown that has no main rows."""
    versions = lake.versions("ohlcv") if "ohlcv" in lake.tables() else None
    bars = lake.read("ohlcv", "KR")
    committed = 0 if versions is None else int(versions["inserted"].fill_null(0).sum())
    assert bars.height == committed
    done = dict(lake.committed().select("table", "n").rows())
    for name in ("gaps", "quarantine", "revisions"):
        for identity in lake.read(name, "KR")["publish_id"].drop_nulls().unique():
            owner, _, number = identity.split("/")
            assert int(number) <= done.get(owner, 0)
    halted = lake.read("gaps", "KR").filter(pl.col("reason") == "suspended")
    tickers = set(bars["ticker"])
    assert set(halted["ticker"]) <= tickers


def same(one, other):
    for name, frame in one.items():
        assert frame.equals(other[name]), name


@pytest.fixture(scope="module")
def collected_once(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("collected") / "lake")
    seconds = finish(start(COLLECT, lake.root, ",".join(DIRTY)))
    return content(lake), seconds


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    """Three years of forty tickers in which some rows are faulty."""
    folder = tmp_path_factory.mktemp("prices")
    days = markets.sessions("KR", date(2021, 1, 4), date(2023, 12, 28))
    frame = pl.DataFrame({"ticker": [f"{n:06d}" for n in range(10, 50)]}).join(
        pl.DataFrame({"date": days}, schema={"date": pl.Date}), how="cross"
    )
    close = 1000.0 + pl.int_range(pl.len()).mod(97)
    frame = frame.with_columns(close=close, volume=pl.lit(10.0)).with_columns(
        open=pl.col("close"), high=pl.col("close") + 5, low=pl.col("close") - 5
    )
    faulty = pl.int_range(pl.len()).mod(911) == 0
    frame.with_columns(high=pl.when(faulty).then(1.0).otherwise("high")).write_parquet(folder / "prices.parquet")
    return folder


@pytest.fixture(scope="module")
def imported_once(tmp_path_factory, prices):
    import json

    lake = Lake(tmp_path_factory.mktemp("imported") / "lake")
    seconds = finish(start(IMPORT, lake.root, json.dumps(SPEC), prices, WINDOW))
    return content(lake), seconds


def kill_collection(folder, undisturbed, generator, kills):
    lake = Lake(folder / "lake")
    expected, seconds = undisturbed
    for _ in range(kills):
        kill(start(COLLECT, lake.root, ",".join(DIRTY)), generator.uniform(0.0, seconds))
        check_consistent(lake)

    class Small(Sample):
        batch_size = 3

    sample = Small("tiny", misbehave=Misbehaviour(dirty=DIRTY))
    collect.collect(lake, "KR", sample, pace=collect.Pace(publish_rows=1))
    check_consistent(lake)
    assert collect.unexplained(lake, "KR").is_empty()
    same(expected, content(lake))


def kill_import(folder, undisturbed, prices, generator, kills):
    import json

    lake = Lake(folder / "lake")
    expected, seconds = undisturbed
    for _ in range(kills):
        child = start(IMPORT, lake.root, json.dumps(SPEC), prices, WINDOW)
        kill(child, generator.uniform(0.0, seconds))
        check_consistent(lake)
    done = collect.import_files(lake, SPEC, prices, window_rows=WINDOW)
    assert done.rows_in == done.published + done.quarantined + done.superseded
    check_consistent(lake)
    same(expected, content(lake))


def test_a_killed_collection_is_completed_by_the_next(tmp_path, collected_once):
    kill_collection(tmp_path, collected_once, random.Random(1), kills=3)


def test_a_killed_import_is_completed_by_the_next(tmp_path, prices, imported_once):
    kill_import(tmp_path, imported_once, prices, random.Random(2), kills=3)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(20))
def test_a_collection_killed_at_twenty_moments(tmp_path, collected_once, seed):
    kill_collection(tmp_path, collected_once, random.Random(100 + seed), kills=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(20))
def test_an_import_killed_at_twenty_moments(tmp_path, prices, imported_once, seed):
    kill_import(tmp_path, imported_once, prices, random.Random(200 + seed), kills=1)


@pytest.mark.parametrize("rest", [[], ["_commit_1.json.tmp"]])
def test_a_table_whose_creation_was_killed_is_created_by_the_next_run(tmp_path, rest):
    for table in ("tickers", "ohlcv", "gaps"):
        log = tmp_path / table / "_delta_log"
        log.mkdir(parents=True)
        for name in rest:
            (log / name).touch()
    lake = Lake(tmp_path)
    assert lake.tables() == {}
    assert lake.read("ohlcv", "KR").is_empty()
    collect.collect(lake, "KR", Sample("tiny"), tables=["tickers", "ohlcv"])
    assert collect.unexplained(lake, "KR").is_empty()
    check_consistent(lake)
