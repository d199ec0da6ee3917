"""Notebooks made for these tests, and folders of finished runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def fixture_notebooks() -> Path:
    return Path(__file__).parents[2] / "notebooks" / "fixtures"


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook whose first cell is tagged ``parameters`` and holds the given source."""

    def write(parameters: str, *cells: str, name: str = "made") -> Path:
        tagged = {"cell_type": "code", "source": parameters, "metadata": {"tags": ["parameters"]}, "id": "p"}
        others = [{"cell_type": "code", "source": text, "metadata": {}, "id": f"c{n}"} for n, text in enumerate(cells)]
        empty = {"outputs": [], "execution_count": None}
        content = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [{**cell, **empty} for cell in (tagged, *others)],
        }
        path = tmp_path / f"{name}.ipynb"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the card of a finished run, without running anything."""
    root = tmp_path / "reports"
    root.mkdir()
    monkeypatch.setenv("WORKBENCH_REPORTS", str(root))

    def make(run_id: str, **more: Any) -> Path:
        folder = root / run_id
        (folder / "tables").mkdir(parents=True)
        card = {"id": run_id, "notebook": "notebooks/x.ipynb", "title": "X", "status": "succeeded"}
        started = {"started": f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}T00:00:00.000+00:00"}
        (folder / "run.json").write_text(json.dumps({**card, **started, **more}))
        return folder

    return make
