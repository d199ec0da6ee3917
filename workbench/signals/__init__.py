"""Signals: scores of 0 to 100, what they say (BUY, WATCH, AVOID), how often they were right, and regions compared."""

from __future__ import annotations

from workbench.signals.composite import from_scores
from workbench.signals.cross_region import RegionCorrelation, cross_region_correlation, side_by_side, strength
from workbench.signals.hits import hit_rates
from workbench.signals.layered import from_panel, regimes
from workbench.signals.result import Signals, by_layer
from workbench.signals.rules import SignalRules
from workbench.signals.series import RegionSeries, from_frame, from_levels

__all__ = [
    "RegionCorrelation",
    "RegionSeries",
    "SignalRules",
    "Signals",
    "by_layer",
    "cross_region_correlation",
    "from_frame",
    "from_levels",
    "from_panel",
    "from_scores",
    "hit_rates",
    "regimes",
    "side_by_side",
    "strength",
]
