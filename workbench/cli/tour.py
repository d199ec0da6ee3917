"""What ``wb demo`` runs: the notebooks of the demo, stage after stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.runs import Job

_COLLECT = "notebooks/collection/collect_region.ipynb"
_HEALTH = "notebooks/collection/data_health.ipynb"
_FACTORS = "notebooks/factors/compute_factors.ipynb"
_TEARSHEET = "notebooks/factors/factor_tearsheet.ipynb"
_CORRELATION = "notebooks/factors/factor_correlation.ipynb"
_SIGNALS = "notebooks/factors/composite_signals.ipynb"
_BACKTEST = "notebooks/backtests/backtest.ipynb"
_OPTIMIZE = "notebooks/backtests/optimize_portfolio.ipynb"
#: A day shortly before the end of the sample market, between a wrong price and its correction in each region.
_BEFORE_CORRECTIONS = "2025-12-22"


def stages(size: str) -> list[list[Job]]:
    """The jobs of the demo; the jobs of one stage may run side by side.

    Parameters
    ----------
    size : str
        Size of the sample market, ``tiny`` or ``demo``.
    """
    from workbench.runs import Job
    from workbench.settings import REGIONS

    sample = {"sample_size": size}
    # As a provider answers before its corrections, bad rows among the good; then what has come since.
    first = [
        Job(_COLLECT, {"region": region, **sample, "sample_today": _BEFORE_CORRECTIONS, "sample_defects": True})
        for region in REGIONS
    ]
    then = [Job(_COLLECT, {"region": region, **sample}) for region in REGIONS]
    research = [
        Job(_FACTORS),
        Job(_HEALTH),
        Job(_BACKTEST, {"regions": list(REGIONS)}),
        Job(_TEARSHEET, {"factor_set": "multi_factor", "regions": list(REGIONS)}),
        Job(_CORRELATION, {"factor_set": "multi_factor"}),
        Job(_SIGNALS),
        *(Job(_BACKTEST, {"regions": [region]}) for region in REGIONS),
        Job(_OPTIMIZE),
    ]
    return [first, then, research]
