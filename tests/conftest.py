"""Fixtures shared by every stage: the tiny sample lake, folders of real data, a frozen clock."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import hypothesis
import pytest

# A machine with other work is no failure of the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent
MOMENT = "2026-01-05T09:00:00+00:00"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads or writes the user's own lake, reports or run."""
    for name in (
        "WORKBENCH_RUN_DIR",
        "WORKBENCH_SNAPSHOT",
        "WORKBENCH_REPLAY",
        "WORKBENCH_STARTED",
        "WORKBENCH_SAMPLE",
        "WORKBENCH_PARAMS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKBENCH_HOME", str(ROOT))
    monkeypatch.setenv("WORKBENCH_LAKE", str(tmp_path / "own-lake"))
    monkeypatch.setenv("WORKBENCH_REPORTS", str(tmp_path / "own-reports"))
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "own-state"))


@pytest.fixture(scope="session")
def tiny_lake_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that holds the tiny sample market of all six regions; never written to by a test.

    Built once for all workers of a run; ``TEST_TINY_LAKE`` names one that an earlier stage built.
    """
    kept = os.environ.get("TEST_TINY_LAKE")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = Path(kept) if kept else shared / "tiny-lake"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder)
            (folder / "complete").touch()
    return folder


def _build(folder: Path) -> None:
    from workbench import collect
    from workbench.adapters.sample import Sample
    from workbench.lake import Lake
    from workbench.settings import REGIONS

    os.environ["WORKBENCH_NOW"] = MOMENT
    try:
        for region in REGIONS:
            collect.collect(Lake(folder), region, provider=Sample(size="tiny"))
    finally:
        del os.environ["WORKBENCH_NOW"]


@pytest.fixture
def tiny_lake(tiny_lake_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A test's own copy of the tiny sample lake, which the settings point to."""
    from workbench.lake import Lake

    folder = tmp_path / "lake"
    Lake(tiny_lake_folder).clone(folder)
    monkeypatch.setenv("WORKBENCH_LAKE", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real prices; the test is skipped where it is absent."""
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    folder = shared / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: name its parent folder in WORKBENCH_SHARED")
    return folder
