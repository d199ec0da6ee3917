"""Optimize a portfolio from the returns in a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError, ModelError
from workbench.portfolio import covariance as estimators
from workbench.portfolio import objectives
from workbench.portfolio.allocation import Allocation
from workbench.portfolio.constraints import Constraints
from workbench.portfolio.history import history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel
    from workbench.portfolio.history import History

#: Weights below this are the solver's rounding, not a decision.
SMALLEST_WEIGHT = 1e-4

IN_SAMPLE = (
    "The volatility is annualized and in-sample: that of these weights over the very returns they were fitted to. "
    "Expect more afterwards."
)
EQUAL_RISK = (
    "At the least variance a little more of any freely held name adds the same risk: where no bound binds, the share "
    "of the risk therefore equals the weight; where some do, it is in proportion to it among the free names."
)


def optimize(
    objective: str,
    panel: Panel,
    *,
    at: str | date,
    tickers: Sequence[str] | None = None,
    lookback: int = 252,
    covariance: str = "ledoit_wolf",
    expected: Mapping[str, float] | None = None,
    constraints: Mapping[str, float] | Constraints | None = None,
) -> Allocation:
    """Weights of a fully invested long-only portfolio.

    Parameters
    ----------
    objective : str
        ``min_variance``.
    panel : Panel
        Total-return closes in one currency.
    at : date or ISO text
        The day of the decision; nothing after its close is used.
    tickers : sequence of str, optional
        Assets to choose from; None takes all columns.
    lookback : int
        Daily returns to estimate from.
    covariance : str
        ``ledoit_wolf`` or ``sample``.
    expected : mapping of str to float, optional
        Expected return per year by ticker, fractions; needed by objectives that use it.
    constraints : mapping, optional
        ``max_weight``, ``min_weight``.

    Returns
    -------
    Allocation
        Assets without enough history are listed with the reason.

    Raises
    ------
    ConfigError
        Unknown objective, estimator or constraint, a panel of several currencies, a lookback below 2, a
        ticker given twice, or expected returns that miss an asset.
    ModelError
        The returns have no variance, or the solver failed.
    Infeasible
        The constraints contradict each other or the number of assets; the message names the conflict.
    NotEnoughHistory
        Too few days, or fewer than two usable assets.

    Notes
    -----
    Timing: decided at the close of ``at``, to be traded on the next session.

    Examples
    --------
    >>> allocation = wb.portfolio.optimize("min_variance", panel, at="2024-06-28", constraints={"max_weight": 0.15})
    ... # doctest: +SKIP
    """
    solve = objectives.get(objective)
    bounds = Constraints.of(constraints)
    if panel.currency is None:
        raise ConfigError("The panel holds several currencies.", hint='Load it with currency="USD".')
    past = history(panel, at, tickers=tickers, lookback=lookback)
    bounds.check(len(past.tickers))
    matrix = estimators.estimate(covariance, past.returns)
    hopes = _expected(expected, past.tickers)
    solution = solve(objectives.Problem(matrix, hopes, bounds))
    weights = _cleaned(solution.weights, bounds)
    variance = float(weights @ matrix @ weights)
    if not variance > 0.0:
        raise ModelError(
            f"The returns of the {lookback} days to {past.at} have no variance, so that nothing can be minimized.",
            hint="Look at the prices: they may be carried over a halt or a missing file.",
        )
    contributions = weights * (matrix @ weights) / variance
    return Allocation(
        objective=objective,
        at=past.at,
        weights=_frame(past.tickers, weights, contributions),
        expected_return=None if hopes is None else float(weights @ hopes),
        risk=variance**0.5,
        excluded=_excluded(past),
        binding=_binding(past.tickers, weights, bounds),
        covariance=covariance,
        observations=len(past.returns),
        candidates=len(past.tickers),
        solver=solution.solver,
        status=solution.status,
        notes=_notes(panel, past, objective),
    )


def _expected(expected: Mapping[str, float] | None, tickers: tuple[str, ...]) -> NDArray[np.float64] | None:
    if expected is None:
        return None
    missing = [ticker for ticker in tickers if ticker not in expected]
    if missing:
        raise ConfigError(
            f"expected has no return for {len(missing)} assets (first: {missing[:3]}).",
            hint="Give one for each asset, or leave the asset out of tickers.",
        )
    return np.array([expected[ticker] for ticker in tickers], dtype=np.float64)


def _cleaned(weights: NDArray[np.float64], bounds: Constraints) -> NDArray[np.float64]:
    """Weights without the solver's rounding: none out of bounds, their sum 1.

    What is cut off goes to the names that have room, in proportion to it, so that no cap is broken.
    """
    kept = np.clip(weights, bounds.min_weight, bounds.max_weight)
    if bounds.min_weight == 0.0:
        large = np.where(kept < SMALLEST_WEIGHT, 0.0, kept)
        if np.count_nonzero(large) * bounds.max_weight >= 1.0:
            kept = large
    for _ in range(3):  # the first step leaves rounding only
        missing = 1.0 - kept.sum()
        room = np.where(kept > 0.0, bounds.max_weight - kept if missing > 0.0 else kept - bounds.min_weight, 0.0)
        if missing == 0.0 or not room.sum() > 0.0:
            break
        kept = np.clip(kept + missing * room / room.sum(), 0.0, bounds.max_weight)
    cleaned: NDArray[np.float64] = kept
    return cleaned


def _frame(tickers: tuple[str, ...], weights: NDArray[np.float64], contributions: NDArray[np.float64]) -> pl.DataFrame:
    import polars as pl

    return (
        pl.DataFrame(
            {
                "region": [ticker.split(":", 1)[0] for ticker in tickers],
                "ticker": list(tickers),
                "weight": weights,
                "risk_contribution": contributions,
            }
        )
        .filter(pl.col("weight") > 0.0)
        .sort(["weight", "ticker"], descending=[True, False])
    )


def _excluded(past: History) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(list(past.excluded), schema={"ticker": pl.String, "reason": pl.String}, orient="row")


def _binding(tickers: tuple[str, ...], weights: NDArray[np.float64], bounds: Constraints) -> tuple[str, ...]:
    """Bounds that are met exactly, up to the solver's tolerance."""
    high = [f"max_weight {ticker}" for ticker, w in zip(tickers, weights, strict=True) if w > bounds.max_weight - 1e-4]
    if bounds.min_weight == 0.0:
        return tuple(high)
    low = [f"min_weight {ticker}" for ticker, w in zip(tickers, weights, strict=True) if w < bounds.min_weight + 1e-4]
    return (*high, *low)


def _notes(panel: Panel, past: History, objective: str) -> tuple[str, ...]:
    notes = [IN_SAMPLE, *([EQUAL_RISK] if objective == "min_variance" else []), *panel.notes]
    if len({ticker.split(":", 1)[0] for ticker in past.tickers}) > 1:
        notes.append("Markets close at different hours, so that daily covariances between regions are understated.")
    if past.excluded:
        notes.append(f"{len(past.excluded)} assets could not be used; each stands in the list with its reason.")
    return tuple(notes)
