"""Performance statistics, each with its convention.

One equity curve with a base row before the first trade goes in. Daily returns are those of the curve's
own rows (for several markets: the union of their sessions). Years are counted by the calendar, risk is
annualized with 252 days, the risk-free rate is 0. Where a figure is not defined, it is NaN.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import BacktestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Dates = NDArray[np.datetime64]

DAYS_A_YEAR = 252
CALENDAR_YEAR = 365.25


def returns(equity: Array) -> Array:
    """Simple daily returns, (T - 1,), as fractions."""
    return equity[1:] / equity[:-1] - 1.0


def years(dates: Dates) -> float:
    """Length in calendar years of 365.25 days, as ffn counts it."""
    return float((dates[-1] - dates[0]).astype("timedelta64[D]").astype(np.int64)) / CALENDAR_YEAR


def cagr(dates: Dates, equity: Array) -> float:
    """Compound annual growth rate, ``(end / start) ** (1 / years) - 1``; NaN for less than one day."""
    length = years(dates)
    return float((equity[-1] / equity[0]) ** (1.0 / length) - 1.0) if length > 0.0 and equity[-1] > 0.0 else math.nan


def volatility(daily: Array) -> float:
    """Standard deviation (n - 1) of daily returns times sqrt(252)."""
    return float(daily.std(ddof=1) * math.sqrt(DAYS_A_YEAR)) if len(daily) > 1 else math.nan


def sharpe(daily: Array) -> float:
    """Mean over standard deviation (n - 1) of daily returns, times sqrt(252); NaN for a constant curve."""
    deviation = float(daily.std(ddof=1)) if len(daily) > 1 else 0.0
    return float(daily.mean()) / deviation * math.sqrt(DAYS_A_YEAR) if deviation > 1e-12 else math.nan


def sortino(daily: Array) -> float:
    """Mean over the root of the mean squared loss (all days counted), times sqrt(252); NaN without a loss."""
    if not len(daily):
        return math.nan
    downside = math.sqrt(float((np.minimum(daily, 0.0) ** 2).mean()))
    return float(daily.mean()) / downside * math.sqrt(DAYS_A_YEAR) if downside > 1e-12 else math.nan


def drawdown(equity: Array) -> Array:
    """Distance to the highest value so far, (T,), as a fraction of it: 0 or negative."""
    return equity / np.maximum.accumulate(equity) - 1.0


def max_drawdown(equity: Array) -> float:
    """The deepest drawdown, a negative fraction."""
    return float(drawdown(equity).min())


def calmar(dates: Dates, equity: Array) -> float:
    """CAGR over the size of the deepest drawdown; NaN without a drawdown."""
    deepest = -max_drawdown(equity)
    return cagr(dates, equity) / deepest if deepest > 0.0 else math.nan


def positive_months(dates: Dates, equity: Array) -> float:
    """Share of calendar months in which the curve rose; the first and last month as far as they go."""
    month = dates.astype("datetime64[M]")
    ends = np.append(np.flatnonzero(month[1:] != month[:-1]), len(month) - 1)
    levels = np.concatenate([equity[:1], equity[ends[ends > 0]]])
    gains = levels[1:] / levels[:-1] - 1.0
    return float((gains > 0.0).mean()) if len(gains) else math.nan


def statistics(dates: Dates, equity: Array, turnover: Array, cost: Array) -> dict[str, float]:
    """All statistics of one curve.

    Parameters
    ----------
    dates : (T,) datetime64[D]
    equity : (T,) array
        In one currency; the first row stands before any trade.
    turnover : (T,) array
        Traded value over the value before trading, both sides.
    cost : (T,) array
        Money paid on each row, in the curve's currency.

    Returns
    -------
    dict of str to float
        Fractions, ratios and years by name; ``turnover_per_year`` is one-sided (half of buys plus
        sells), ``cost_per_year`` a fraction of the mean equity.

    Raises
    ------
    BacktestError
        Fewer than two rows, or an equity that is not a number.
    """
    if len(equity) < 2:
        raise BacktestError("An equity curve of one row has no statistics.", hint="Choose a later end date.")
    if not np.isfinite(equity).all():
        raise BacktestError("The equity curve holds a value that is not a number.", hint="Check the prices.")
    daily, length = returns(equity), years(dates)
    return {
        "total_return": float(equity[-1] / equity[0] - 1.0),
        "cagr": cagr(dates, equity),
        "volatility": volatility(daily),
        "sharpe": sharpe(daily),
        "sortino": sortino(daily),
        "max_drawdown": max_drawdown(equity),
        "calmar": calmar(dates, equity),
        "positive_months": positive_months(dates, equity),
        "turnover_per_year": float(turnover.sum()) / 2.0 / length if length > 0.0 else math.nan,
        "cost_per_year": float(cost.sum()) / float(equity.mean()) / length if length > 0.0 else math.nan,
        "years": length,
    }
