"""Objectives, each a function from a problem to weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError, Infeasible, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.portfolio.constraints import Constraints


@dataclass(frozen=True, eq=False)
class Problem:
    """What an objective is handed.

    Attributes
    ----------
    covariance : (M, M) array
        Annual.
    expected : (M,) array or None
        Annual expected returns, fractions.
    constraints : Constraints
        Already known to be satisfiable.
    """

    covariance: NDArray[np.float64]
    expected: NDArray[np.float64] | None
    constraints: Constraints


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights (M,), and what the solver says of them."""

    weights: NDArray[np.float64]
    solver: str
    status: str


Objective = Callable[[Problem], Solution]

_OBJECTIVES: dict[str, Objective] = {}


def objective(name: str) -> Callable[[Objective], Objective]:
    """Register a function as the objective ``name``."""

    def register(function: Objective) -> Objective:
        _OBJECTIVES[name] = function
        return function

    return register


def get(name: str) -> Objective:
    """The objective of this name.

    Raises
    ------
    ConfigError
        For an unknown name, with the known ones.
    """
    if name not in _OBJECTIVES:
        raise ConfigError(f"There is no objective {name!r}.", hint=f"Known: {', '.join(_OBJECTIVES)}.")
    return _OBJECTIVES[name]


@objective("min_variance")
def min_variance(problem: Problem) -> Solution:
    """The fully invested long-only portfolio of least variance within the bounds.

    References
    ----------
    Markowitz (1952), Journal of Finance 7(1); solved through PyPortfolioOpt with Clarabel, whose
    interior-point tolerance of 1e-8 decides how small a weight can be told from 0.
    """
    from pypfopt import EfficientFrontier, exceptions

    bounds = (problem.constraints.min_weight, problem.constraints.max_weight)
    frontier = EfficientFrontier(None, problem.covariance, weight_bounds=bounds, solver="CLARABEL")
    try:
        weights = frontier.min_volatility()
    except exceptions.OptimizationError as error:
        raise Infeasible(
            f"The solver found no portfolio of least variance: {error}.", hint="Loosen the constraints."
        ) from error
    values = np.array([weights[number] for number in range(len(weights))], dtype=np.float64)
    if not np.isfinite(values).all():
        raise ModelError("The solver returned weights that are not numbers.", hint="Check the covariance.")
    return Solution(values, "PyPortfolioOpt/CLARABEL", str(frontier._opt.status))
