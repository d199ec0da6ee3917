"""Composites fitted on the past: weights of factors, and models of trees, each judged after it was fitted."""

from __future__ import annotations

from workbench.research.combine.combined import Combined
from workbench.research.combine.walk import combine, walk_of

__all__ = ["Combined", "combine", "walk_of"]
