"""Notebooks run in processes of their own, on the tiny sample lake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kernel_environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a subprocess that executes notebooks without the runner."""
    return {
        **os.environ,
        "WORKBENCH_REPORTS": str(tmp_path / "reports"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "jupyter"),
        "PYTHONHASHSEED": "0",
    }
