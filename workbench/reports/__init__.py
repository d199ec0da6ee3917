"""What a notebook shows: headers, tables, charts, headline numbers; and the pages made of them.

The functions display in any notebook. Inside a run of the runner they also save what they show into
the folder of the run.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.reports import theme
    from workbench.reports.output import certificate, chart, digest, header, headline, progress, run_card, table

__all__ = ["certificate", "chart", "digest", "header", "headline", "progress", "run_card", "table", "theme"]

_NAMES = dict.fromkeys(
    ("certificate", "chart", "digest", "header", "headline", "progress", "run_card", "table"), "output"
)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"workbench.reports.{_NAMES[name]}"), name)
    try:
        return importlib.import_module(f"workbench.reports.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"workbench.reports.{name}":
            raise
        raise AttributeError(f"module 'workbench.reports' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted(__all__)
