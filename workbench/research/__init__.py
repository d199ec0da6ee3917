"""Research on scores: do they foretell returns, where, for how long, and what is left after costs."""

from __future__ import annotations

from workbench.research.combine import Combined, combine
from workbench.research.correlation import Correlation, factor_correlation, return_correlation
from workbench.research.factor_returns import factor_returns
from workbench.research.fama_macbeth import Premium, fama_macbeth
from workbench.research.forward import forward_returns
from workbench.research.inference import Inference, critical_value, fixed_b_t, infer, newey_west_t
from workbench.research.information import pearson_ic, rank_autocorrelation, rank_ic
from workbench.research.proxies import implied_shares
from workbench.research.tearsheet import Tearsheet, tearsheet

__all__ = [
    "Combined",
    "Correlation",
    "Inference",
    "Premium",
    "Tearsheet",
    "combine",
    "critical_value",
    "factor_correlation",
    "factor_returns",
    "fama_macbeth",
    "fixed_b_t",
    "forward_returns",
    "implied_shares",
    "infer",
    "newey_west_t",
    "pearson_ic",
    "rank_autocorrelation",
    "rank_ic",
    "return_correlation",
    "tearsheet",
]
