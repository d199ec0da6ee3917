"""Data quality: checks that quarantine and never drop, and what they found in a lake.

``check_bars`` and ``check_fx`` are pure functions over frames; ``health`` reads a lake. The table of
checks with their bounds is :func:`catalogue`.
"""

from __future__ import annotations

from workbench.quality.bars import Checked, check_bars
from workbench.quality.catalogue import CHECKS, CODES, Check, catalogue
from workbench.quality.findings import Health, health, way_in
from workbench.quality.jumps import JUMP_BOUNDS, JumpBound
from workbench.quality.rates import CheckedRates, check_fx
from workbench.quality.records import quarantine_records, split_incomplete

__all__ = [
    "CHECKS",
    "CODES",
    "JUMP_BOUNDS",
    "Check",
    "Checked",
    "CheckedRates",
    "Health",
    "JumpBound",
    "catalogue",
    "check_bars",
    "check_fx",
    "health",
    "quarantine_records",
    "split_incomplete",
    "way_in",
]
