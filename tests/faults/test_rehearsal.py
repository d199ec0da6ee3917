"""A full dress rehearsal: `wb collect --all` against the local servers of all providers; one answer in 20 is bad."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from rehearsal import KEYS, Stage, stage
from world import World

from workbench import collect, markets
from workbench.lake import Lake
from workbench.settings import REGIONS

ROOT = Path(__file__).resolve().parents[2]
START = "2025-10-01"
BEFORE, LAST = date(2025, 12, 29), date(2025, 12, 30)
SHARE = 0.05


def _environment(running: Stage) -> dict[str, str]:
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("WORKBENCH_")}
    return cleared | {"WORKBENCH_HOME": str(ROOT)} | running.environment


def _wb(running: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *arguments]
    return subprocess.run(
        command, env=_environment(running), cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False
    )


def _collect(running: Stage) -> None:
    done = _wb(running, "collect", "--all", "-p", f"start={START}")
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _bars(lake: Lake, region: str) -> pl.DataFrame:
    return lake.read("ohlcv", region).select("ticker", "date", "close", "volume").sort("ticker", "date")


def _truth(world: World, region: str) -> pl.DataFrame:
    """What was traded, of the companies that KIS still lists: nobody else lists the rest of the six regions."""
    traded = world.rows("ohlcv", region).filter(
        pl.col("open").is_not_null() & (pl.col("volume") > 0) & (pl.col("date") >= date.fromisoformat(START))
    )
    return traded.select("ticker", "date", "close", "volume").sort("ticker", "date")


def _check(lake: Lake, world: World, region: str) -> None:
    truth, got = _truth(world, region), _bars(lake, region)
    key = ["ticker", "date"]
    known = lake.read("tickers", region)["ticker"].unique()
    missing = truth.filter(pl.col("ticker").is_in(known.implode())).join(got, on=key, how="anti")
    explained = collect.absence.days_of(
        lake.read("gaps", region), collect.absence.sessions_of(region, date.fromisoformat(START), LAST)
    )
    assert missing.join(explained, on=key, how="anti").is_empty(), f"{region}: bars are missing without a reason"
    assert collect.unexplained(lake, region).is_empty()
    assert collect.contradicted(lake, region).is_empty()
    both = got.join(truth, on=key, suffix="_true")
    assert both.height > 0.95 * truth.height, f"{region}: {both.height} of {truth.height} bars"
    wrong = both.filter((pl.col("close") / pl.col("close_true") - 1.0).abs() > 1e-4)
    assert wrong.is_empty(), f"{region}: {wrong.height} wrong closes, such as {wrong.row(0, named=True)}"


def _unseen(folder: Path) -> None:
    """No key in anything that was written."""
    needles = [value.encode() for name, value in KEYS.items() if name != "EDGAR_USER_AGENT"]
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(needle in content for needle in needles), file


def _rehearse(folder: Path, most: int, share: float) -> Iterator[tuple[Stage, Lake]]:
    """The evening of the last day but one, then that of the last, each with bad answers."""
    for today in (BEFORE, LAST):
        world = World("demo", today=today, most=most)
        with stage(world, folder, f"{today}T23:30:00+00:00") as running:
            running.spoil(share)
            _collect(running)
            lake = Lake(folder / "lake", pinned=None)
            for region in REGIONS:
                _check(lake, world, region)
            _unseen(folder)
            yield running, lake


@pytest.mark.parametrize("most", [6, pytest.param(50, marks=pytest.mark.soak)])
def test_every_bar_is_there_or_explained_and_the_second_run_fetches_the_new_session(tmp_path: Path, most: int) -> None:
    before: dict[str, int] = {}
    evenings = _rehearse(tmp_path, most, SHARE)
    first, lake = next(evenings)
    asked = dict(first.calls)
    for region in REGIONS:
        before[region] = _bars(lake, region).height
    running, lake = next(evenings)
    for region in REGIONS:
        new = _bars(lake, region).height - before[region]
        sessions = 1 if markets.is_session(region, LAST) else 0
        assert 0 <= new <= 2 * most, (region, new, sessions)
    assert running.calls["kis"] < asked["kis"], "the second evening asks for less than the first"


def test_the_log_says_what_happened_under_the_id_of_each_run(tmp_path: Path) -> None:
    world = World("demo", today=LAST, most=3)
    with stage(world, tmp_path, f"{LAST}T23:30:00+00:00") as running:
        running.servers["kis"].fault("429", share=1.0, path="/uapi/")
        done = _wb(running, "collect", "KR", "-p", "start=2025-12-01")
        assert "Traceback" not in done.stderr
        lines = json.loads(_wb(running, "log", "--level", "warning", "--json").stdout)
        asked = _wb(running, "doctor", "--json")
    assert lines
    runs = {line["run"] for line in lines}
    assert len(runs) == 1
    assert "collect-region" in next(iter(runs))
    assert not any(line["event"] == "clock.skewed" for line in lines)
    assert any(line["event"] == "provider.throttled" and line["provider"] == "kis" for line in lines)
    assert any(line["event"] == "collect.put_aside" and line["provider"] == "kis" for line in lines)
    states = {row["provider"]: row["status"] for row in json.loads(asked.stdout)}
    assert states["kis"] == "throttled"
    assert all(state == "works" for name, state in states.items() if name != "kis"), states
    assert asked.returncode == 1


def test_the_doctor_says_which_keys_are_wrong(tmp_path: Path) -> None:
    with stage(World("demo", today=LAST, most=2), tmp_path, f"{LAST}T23:30:00+00:00") as running:
        wrong = {name: KEYS[name][:-1] + "0" for name in ("KIS_APP_SECRET", "POLYGON_API_KEY", "DART_API_KEY")}
        running.environment |= wrong
        asked = _wb(running, "doctor", "--json")
    rows = {row["provider"]: row for row in json.loads(asked.stdout)}
    states = {name: row["status"] for name, row in rows.items()}
    assert states == {
        "kis": "unauthorised",
        "polygon": "unauthorised",
        "dart": "unauthorised",
        "akshare": "works",
        "yahoo": "works",
        "edgar": "works",
    }
    assert all(rows[name]["action"] for name in ("kis", "polygon", "dart"))
    assert all(row["limits"].startswith("400 calls in 1 s") for row in rows.values()), "the rates in force"
    assert not any(value in asked.stdout for value in wrong.values())
    assert asked.returncode == 1
