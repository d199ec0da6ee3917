"""Factors: pure functions over one region's sessions, made comparable and combined into scores."""

from __future__ import annotations

from workbench.factors import transforms, windows
from workbench.factors.compute import asked, compute, from_panel
from workbench.factors.registry import Factor, factor, get, names
from workbench.factors.scores import Score, Scores
from workbench.factors.sets import FactorSet

__all__ = [
    "Factor",
    "FactorSet",
    "Score",
    "Scores",
    "asked",
    "compute",
    "factor",
    "from_panel",
    "get",
    "names",
    "transforms",
    "windows",
]
