"""Collection: plan what is missing, fetch it by the chain of providers, check it, publish it."""

from __future__ import annotations

from workbench.collect.absence import contradicted, unexplained
from workbench.collect.collection import ORDER, collect
from workbench.collect.doctor import doctor
from workbench.collect.fetching import Pace
from workbench.collect.imports import Imported, import_files
from workbench.collect.job import Collected, guard_mixing
from workbench.collect.providers import provider_for

__all__ = [
    "ORDER",
    "Collected",
    "Imported",
    "Pace",
    "collect",
    "contradicted",
    "doctor",
    "guard_mixing",
    "import_files",
    "provider_for",
    "unexplained",
]
