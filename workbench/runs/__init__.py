"""Running notebooks unattended: the runner, the run card, replay, and the index of reports."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.runs import parameters
    from workbench.runs.card import Run, load
    from workbench.runs.index import history, kept_snapshots, write_index
    from workbench.runs.many import Job, run_many
    from workbench.runs.replaying import Replay, replay
    from workbench.runs.runner import Step, run

__all__ = [
    "Job",
    "Replay",
    "Run",
    "Step",
    "history",
    "kept_snapshots",
    "load",
    "parameters",
    "replay",
    "run",
    "run_many",
    "write_index",
]

_NAMES = {
    "Job": "many",
    "Replay": "replaying",
    "Run": "card",
    "Step": "runner",
    "history": "index",
    "kept_snapshots": "index",
    "load": "card",
    "replay": "replaying",
    "run": "runner",
    "run_many": "many",
    "write_index": "index",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"workbench.runs.{_NAMES[name]}"), name)
    if name == "parameters":
        return importlib.import_module("workbench.runs.parameters")
    raise AttributeError(f"module 'workbench.runs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
