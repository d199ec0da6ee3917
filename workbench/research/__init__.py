"""Research on scores: information coefficient, quantile returns, decay and turnover."""

from __future__ import annotations

from workbench.research.combine import Combined, combine
from workbench.research.forward import forward_returns
from workbench.research.inference import newey_west_t
from workbench.research.information import pearson_ic, rank_autocorrelation, rank_ic
from workbench.research.tearsheet import Tearsheet, tearsheet

__all__ = [
    "Combined",
    "Tearsheet",
    "combine",
    "forward_returns",
    "newey_west_t",
    "pearson_ic",
    "rank_autocorrelation",
    "rank_ic",
    "tearsheet",
]
