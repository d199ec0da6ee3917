"""Research on scores: information coefficient, quantile returns, decay and turnover."""

from __future__ import annotations

from workbench.research.forward import forward_returns
from workbench.research.information import newey_west_t, rank_autocorrelation, rank_ic
from workbench.research.tearsheet import Tearsheet, tearsheet

__all__ = ["Tearsheet", "forward_returns", "newey_west_t", "rank_autocorrelation", "rank_ic", "tearsheet"]
