"""Polygon.io (since 2025-10-30 also Massive): US listings with the delisted, raw bars, splits, dividends, shares."""

from __future__ import annotations

from workbench.adapters.polygon.adapter import Polygon

__all__ = ["Polygon"]
