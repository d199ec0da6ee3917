"""The answer of an optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    import polars as pl


@dataclass(frozen=True, eq=False)
class Allocation:
    """One optimized portfolio.

    Attributes
    ----------
    objective : str
        What was optimized.
    at : date
        Last day whose prices were used.
    weights : polars.DataFrame
        region, ticker, weight (fraction, above 0, largest first), risk_contribution (share of the
        variance; all rows sum to 1).
    expected_return : float or None
        Fraction per year, from the expected returns that were given; None where none were.
    risk : float
        Standard deviation per year under the estimated covariance, a fraction.
    excluded : polars.DataFrame
        ticker, reason: assets that were asked for and could not be used.
    binding : tuple of str
        Constraints that hold with equality, as ``max_weight KR:005930``.
    covariance : str
        Estimator of the covariance.
    observations : int
        Rows of returns.
    candidates : int
        Assets the optimizer chose from.
    solver, status : str
        Who solved it, and what it says of the solution.
    notes : tuple of str
        What a reader must know.
    """

    objective: str
    at: date
    weights: pl.DataFrame
    expected_return: float | None
    risk: float
    excluded: pl.DataFrame
    binding: tuple[str, ...]
    covariance: str
    observations: int
    candidates: int
    solver: str
    status: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        largest = max(self.weights["weight"].to_list())
        return (
            f"Allocation({self.objective!r}, decided on {self.at}, {self.weights.height} of {self.candidates} names, "
            f"largest weight {largest:.1%}, volatility {self.risk:.1%} a year in the past)"
        )

    @property
    def risk_contributions(self) -> dict[str, float]:
        """Share of the portfolio's variance by ticker."""
        return dict(zip(self.weights["ticker"], self.weights["risk_contribution"], strict=True))

    @property
    def effective_names(self) -> float:
        """Inverse of the sum of squared weights: how many names of equal weight would be as concentrated."""
        squares: float = sum(weight * weight for weight in self.weights["weight"].to_list())
        return 1.0 / squares
