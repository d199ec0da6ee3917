"""Backtests: targets, schedules, costs, engines and performance statistics; arrays in, results out."""

from __future__ import annotations

from workbench.backtests import performance
from workbench.backtests.benchmark import equal_weight
from workbench.backtests.costs import Costs
from workbench.backtests.engines import DEFAULT_ENGINE, Engine, Job, Ledger, engine, get_engine
from workbench.backtests.outcome import BacktestRun
from workbench.backtests.run import run
from workbench.backtests.schedule import PERIODS, rebalance_rows
from workbench.backtests.targets import Targets
from workbench.backtests.waterfall import waterfall

__all__ = [
    "DEFAULT_ENGINE",
    "PERIODS",
    "BacktestRun",
    "Costs",
    "Engine",
    "Job",
    "Ledger",
    "Targets",
    "engine",
    "equal_weight",
    "get_engine",
    "performance",
    "rebalance_rows",
    "run",
    "waterfall",
]
