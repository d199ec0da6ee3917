"""Estimators of the covariance of returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Estimator = Callable[[NDArray[np.float64]], NDArray[np.float64]]

DAYS_A_YEAR = 252

_ESTIMATORS: dict[str, Estimator] = {}


def estimator(name: str) -> Callable[[Estimator], Estimator]:
    """Register a function from daily returns (L, M) to an annual covariance (M, M)."""

    def register(function: Estimator) -> Estimator:
        _ESTIMATORS[name] = function
        return function

    return register


def estimate(name: str, returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Annual covariance of daily returns.

    Parameters
    ----------
    name : str
        ``sample`` or ``ledoit_wolf``.
    returns : (L, M) array
        Fractions, without NaN.

    Returns
    -------
    (M, M) array
        Symmetric, in fractions squared per year of 252 days.

    Raises
    ------
    ConfigError
        Unknown estimator.
    """
    if name not in _ESTIMATORS:
        raise ConfigError(f"There is no covariance estimator {name!r}.", hint=f"Known: {', '.join(_ESTIMATORS)}.")
    covariance = _ESTIMATORS[name](returns)
    symmetric: NDArray[np.float64] = (covariance + covariance.T) / 2.0
    return symmetric


@estimator("sample")
def sample(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sample covariance (n - 1)."""
    covariance: NDArray[np.float64] = np.atleast_2d(np.cov(returns, rowvar=False)) * DAYS_A_YEAR
    return covariance


@estimator("ledoit_wolf")
def ledoit_wolf(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sample covariance drawn towards a multiple of the identity.

    References
    ----------
    Ledoit and Wolf (2004), Journal of Multivariate Analysis 88(2), through PyPortfolioOpt.
    """
    import pandas as pd
    from pypfopt import risk_models

    shrinkage = risk_models.CovarianceShrinkage(pd.DataFrame(returns), returns_data=True, frequency=DAYS_A_YEAR)
    return np.asarray(shrinkage.ledoit_wolf(), dtype=np.float64)
