"""The lake: Delta tables of Parquet partitions, published atomically, read by version."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.lake.panel import Panel
    from workbench.lake.publish import Published
    from workbench.lake.snapshots import Snapshot
    from workbench.lake.store import Lake
    from workbench.lake.universe_rules import Universe

__all__ = ["Lake", "Panel", "Published", "Snapshot", "Universe"]

_MODULES = {
    "Lake": "workbench.lake.store",
    "Panel": "workbench.lake.panel",
    "Published": "workbench.lake.publish",
    "Snapshot": "workbench.lake.snapshots",
    "Universe": "workbench.lake.universe_rules",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'workbench.lake' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
