"""Portfolios: estimators, objectives and constraints; arrays in, an allocation out."""

from __future__ import annotations

from workbench.portfolio.allocation import Allocation
from workbench.portfolio.constraints import Constraints
from workbench.portfolio.covariance import estimator
from workbench.portfolio.objectives import Problem, Solution, objective
from workbench.portfolio.optimize import optimize

__all__ = ["Allocation", "Constraints", "Problem", "Solution", "estimator", "objective", "optimize"]
