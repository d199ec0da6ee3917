"""Charts of results: plotly figures from result objects, each with a title, units and dates.

The functions take results as they are (studies, tear sheets, allocations) and import plotly when they
are called. Show a figure with ``reports.chart(figure, name)``, its numbers in a table beside it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.reports.charts.correlations import correlation_map
    from workbench.reports.charts.equity import costs, equity, turnover
    from workbench.reports.charts.factors import coverage, decay, information_coefficient, quantiles, stability
    from workbench.reports.charts.hits import hit_rates, hit_rates_of_parts
    from workbench.reports.charts.portfolio import region_weights, weights
    from workbench.reports.charts.prices import adjustment, explorer
    from workbench.reports.charts.signals import (
        buy_list,
        cross_region,
        factor_coverage,
        regimes,
        signal_history,
    )
    from workbench.reports.charts.spreads import breakdown, holding_periods, long_short

_MODULES = {
    "equity": ("equity", "costs", "turnover"),
    "correlations": ("correlation_map",),
    "factors": ("coverage", "decay", "information_coefficient", "quantiles", "stability"),
    "hits": ("hit_rates", "hit_rates_of_parts"),
    "portfolio": ("region_weights", "weights"),
    "prices": ("adjustment", "explorer"),
    "signals": (
        "buy_list",
        "cross_region",
        "factor_coverage",
        "regimes",
        "signal_history",
    ),
    "spreads": ("breakdown", "holding_periods", "long_short"),
}
_NAMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "adjustment",
    "breakdown",
    "buy_list",
    "correlation_map",
    "costs",
    "coverage",
    "cross_region",
    "decay",
    "equity",
    "explorer",
    "factor_coverage",
    "hit_rates",
    "hit_rates_of_parts",
    "holding_periods",
    "information_coefficient",
    "long_short",
    "quantiles",
    "regimes",
    "region_weights",
    "signal_history",
    "stability",
    "turnover",
    "weights",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        module = importlib.import_module(f"workbench.reports.charts.{_NAMES[name]}")
        # The import leaves the module's own name here, which may be that of a chart too.
        globals().update({chart: getattr(module, chart) for chart in _MODULES[_NAMES[name]]})
        return globals()[name]
    raise AttributeError(f"module 'workbench.reports.charts' has no attribute {name!r}")
