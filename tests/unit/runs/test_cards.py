"""Cards, the list of runs, and the index page."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workbench import runs
from workbench.errors import RunError
from workbench.runs import card as cards


def test_a_running_card_whose_process_is_gone_was_interrupted(make_run: Callable[..., Path]) -> None:
    alive = cards.this_process()
    gone = {**alive, "started": alive["started"] - 1000}  # another process had this number
    assert cards.read(make_run("20260101-000000-a-0001", status="running", process=alive)).status == "running"
    assert cards.read(make_run("20260101-000000-a-0002", status="running", process=gone)).status == "interrupted"
    assert cards.read(make_run("20260101-000000-a-0003", status="running", process={})).status == "running"
    nameless = {"host": socket.gethostname()}
    assert cards.read(make_run("20260101-000000-a-0004", status="running", process=nameless)).status == "interrupted"


def test_this_process_is_found_again() -> None:
    process = cards.this_process()
    assert process["pid"] == os.getpid()
    assert process["started"] == psutil.Process().create_time()


def test_runs_are_found_by_their_beginning_and_by_latest(make_run: Callable[..., Path]) -> None:
    for name in ("20260101-000000-a-0001", "20260102-000000-a-0002", "20260101-000000-a-0001-replay-0003"):
        make_run(name)
    assert runs.load("20260101-000000-a-0001").id == "20260101-000000-a-0001"
    assert runs.load("20260101").id == "20260101-000000-a-0001"
    assert runs.load("latest").id == "20260102-000000-a-0002"
    assert runs.load("0002").id == "20260102-000000-a-0002"
    assert runs.load("replay-0003").id == "20260101-000000-a-0001-replay-0003"
    make_run("20260101-000000-b-0002")
    with pytest.raises(RunError, match="2 runs end with '0002'"):
        runs.load("0002")
    with pytest.raises(RunError, match="no run '002'"):
        runs.load("002")
    with pytest.raises(RunError, match="4 runs begin with '2026'"):
        runs.load("2026")
    with pytest.raises(RunError, match="no run 'x'") as caught:
        runs.load("x")
    assert "20260102-000000-a-0002" in caught.value.hint


def test_history_is_newest_first_and_skips_what_is_no_run(make_run: Callable[..., Path]) -> None:
    make_run("20260101-000000-a-0001", seconds=1.5, headline={"cagr": 0.1}, code={"commit": "c", "dirty": False})
    folder = make_run("20260103-000000-b-0002", status="failed", error={"name": "ValueError", "message": "no"})
    (make_run("20260104-000000-c-0003") / "run.json").write_text("{half")
    frame = runs.history()
    assert frame["id"].to_list() == ["20260103-000000-b-0002", "20260101-000000-a-0001"]
    assert frame["error"].to_list() == ["ValueError: no", None]
    assert frame["started"][0].isoformat() == "2026-01-03T00:00:00+00:00"
    assert frame["report"][0] == str(folder / "report.html")
    assert runs.kept_snapshots() == []


def test_history_without_runs_has_its_columns(make_run: Callable[..., Path]) -> None:
    frame = runs.history()
    assert frame.height == 0
    assert "headline" in frame.columns


def test_the_index_lists_runs_and_escapes_what_they_say(make_run: Callable[..., Path]) -> None:
    make_run("20260101-000000-a-0001", title="<script>alert(1)</script>", headline={"cagr": 0.0834, "rows": 12345})
    make_run("20260102-000000-b-0002", parameters={"region": "KR"})
    text = runs.write_index().read_text()
    assert text.index("20260102") < text.index("20260101")
    assert "<script>alert" not in text
    assert "8.34%" in text
    assert "12,345" in text
    assert "region=KR" in text
    assert "http" not in text.replace("http-equiv", "")


def test_a_text_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    cards.write_text(path, "old")

    def broken(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="no space"):
        cards.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
