"""Spock Workbench: quantitative equity research in six markets, from raw data to a trusted result.

``import workbench as wb`` loads nothing heavy; each name below loads its module on first use.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it (a module's own name maps to itself).
_NAMES = {
    "Lake": "workbench.lake",
    "Strategy": "workbench.studies",
    "Universe": "workbench.lake.universe_rules",
    "backtest": "workbench.studies",
    "prove": "workbench.studies",
    "run": "workbench.runs",
    "replay": "workbench.runs",
    "secret": "workbench.secrets",
}
_MODULES = (
    "adapters",
    "backtests",
    "collect",
    "errors",
    "factors",
    "lake",
    "markets",
    "portfolio",
    "quality",
    "reports",
    "research",
    "runs",
    "schemas",
    "settings",
    "signals",
    "studies",
)

__all__ = [*_NAMES, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"workbench.{name}")
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
