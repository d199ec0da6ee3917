"""Rolling pieces that factors are made of: pure functions on (T, N) arrays of one region's sessions.

A row is a session of the market, whether or not the stock traded on it: a suspended day keeps its
row, with NaN. Each column is one spell of one listing, so nothing here can reach across a re-used code.

Every function returns a new (T, N) array. Rows before the window is full are NaN; a window of which fewer
than 80 % of the rows have a value is NaN as well, unless another share is asked for; otherwise the values
that are there count and the others do not. The value at t uses rows up to t, and of them no more than the
window (and the 21 sessions for which a price is carried, where it is): neither a longer history nor a
future cut off moves it by a bit. The work is done by :mod:`workbench.factors.kernels`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.factors import kernels
from workbench.factors.kernels import plain

Array = NDArray[np.float64]

#: Share of the window's sessions on which the stock must have its own bar.
MIN_OBSERVED = 0.8
#: Sessions for which a price stands in for a missing one.
CARRIED = 21


def needed(window: int, share: float = MIN_OBSERVED, at_least: int = 1) -> int:
    """Values that a window of so many rows must hold: the share of its rows, rounded up."""
    return max(at_least, math.ceil(share * window - 1e-9))


def carry(prices: Array, limit: int = CARRIED) -> Array:
    """The last observed price at each row, at most ``limit`` sessions old.

    Parameters
    ----------
    prices : (T, N) array
        NaN where there is no bar.
    limit : int
        Sessions a price may be carried; a longer halt is NaN. With a limit, a value depends on a known
        number of rows, and a longer history moves nothing.

    Returns
    -------
    (T, N) array
        NaN before the first bar, and where the last bar is too old.
    """
    return kernels.carry(prices, limit)


def observed_share(values: Array, window: int) -> Array:
    """Share of the last ``window`` rows, row t included, that have a value.

    Returns
    -------
    (T, N) array
        Between 0 and 1; rows before the window is full are NaN.
    """
    return kernels.rolling_sum(np.where(np.isnan(values), 0.0, 1.0), window, window) / window


def total_return(prices: Array, *, window: int, skip: int) -> Array:
    """Return from ``window`` sessions ago to ``skip`` sessions ago, as a fraction.

    Parameters
    ----------
    prices : (T, N) array
        Adjusted for splits and dividends; NaN where there is no bar.
    window, skip : int
        Sessions, ``window > skip >= 0``.

    Returns
    -------
    (T, N) array
        ``carried[t - skip] / carried[t - window] - 1``. NaN where the stock was not listed at the
        window's start or has its own bar on fewer than 80 % of the window's sessions.

    Notes
    -----
    Timing: the value at t uses rows t - window - 21 to t and is known at the close of t: prices up to
    t - skip, and whether there were bars up to t.
    """
    return kernels.total_return(prices, window, skip, CARRIED, needed(window + 1))


def observed_returns(prices: Array) -> Array:
    """Return of each bar on the bar before it, as a fraction; the first bar after a halt spans the halt.

    Returns
    -------
    (T, N) array
        NaN where there is no bar, at each column's first bar, and after a halt of more than 21 sessions.
    """
    return kernels.changes(prices, CARRIED, relative=True)


def observed_changes(prices: Array) -> Array:
    """Difference of each bar from the bar before it, in units of the price; NaN as in :func:`observed_returns`."""
    return kernels.changes(prices, CARRIED, relative=False)


def rolling_sum(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Sum of the last ``window`` rows, over the values that are there."""
    return kernels.rolling_sum(values, window, needed(window, share))


def rolling_mean(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Mean of the last ``window`` rows, over the values that are there."""
    return kernels.rolling_mean(values, window, needed(window, share))


def rolling_max(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Largest value of the last ``window`` rows."""
    return kernels.rolling_max(values, window, needed(window, share))


def rolling_min(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Smallest value of the last ``window`` rows."""
    return kernels.rolling_min(values, window, needed(window, share))


def rolling_std(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Standard deviation (n - 1) of the last ``window`` rows, over the values that are there.

    Notes
    -----
    Blocks of the window are joined by the pairwise formula of Chan, Golub and LeVeque (1979), Stanford
    report STAN-CS-79-773, equation 2.1: equal values have a deviation of exactly 0, and for returns the
    result is within 1e-12 of two passes over the window.
    """
    return kernels.rolling_std(values, window, needed(window, share, at_least=2))


def rolling_drawdown(prices: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Deepest fall from a price of the last ``window`` rows to a later one, as a positive fraction of the first."""
    return kernels.rolling_drawdown(prices, window, needed(window, share))


def rolling_top_mean(values: Array, window: int, top: int, share: float = MIN_OBSERVED) -> Array:
    """Mean of the ``top`` largest of the last ``window`` rows."""
    return kernels.rolling_top_mean(values, window, top, needed(window, share, at_least=top))


def mean_since_listed(values: Array, window: int, share: float = MIN_OBSERVED) -> Array:
    """Mean of the last ``window`` rows from the window's first value on, in which a missing row counts as 0.

    The mean of a quantity of which nothing is there on a day without a trade: volume, or moves of the price.

    Returns
    -------
    (T, N) array
        NaN where less than the share of the window's rows lies between its first value and t: there the stock
        was listed only lately, or had not traded for long before. A day without a trade after that is no gap.
    """
    listed = kernels.since_first(values, window)
    total = kernels.rolling_sum(values, window, 1)
    return np.where(listed >= needed(window, share), total / np.where(listed > 0.0, listed, 1.0), np.nan)


def beta(prices: Array, index: Array, window: int) -> Array:
    """Slope of the stock's returns on the index's over the last ``window`` sessions, by least squares.

    Parameters
    ----------
    prices : (T, N) array
        Adjusted for splits and dividends; NaN where there is no bar.
    index : (T, 1) array
        Level of the index on the same sessions; NaN where there is none.
    window : int
        Sessions whose returns are used.

    Returns
    -------
    (T, N) array
        NaN where fewer than 80 % of the sessions have both returns, or the index did not move.

    Notes
    -----
    A stock's return is that of :func:`observed_returns`: the first one after a halt spans the halt. It is
    compared with the index's return from the same bar to the same bar, not with the index's last day.
    """
    return _market_model(prices, index, window, plain.BETA)


def residual_std(prices: Array, index: Array, window: int) -> Array:
    """Standard deviation (n - 2) of the stock's returns around the regression of :func:`beta`, a session."""
    return _market_model(prices, index, window, plain.RESIDUAL_STD)


def residual_score(prices: Array, index: Array, window: int) -> Array:
    """Sum of the stock's returns less beta times the index's, in units of their deviation around the regression.

    Returns
    -------
    (T, N) array
        ``sum(r - beta m) / residual_std``; NaN also where the regression leaves no residual.
    """
    return _market_model(prices, index, window, plain.RESIDUAL_SCORE)


def _market_model(prices: Array, index: Array, window: int, wanted: int) -> Array:
    level = np.asarray(index, dtype=np.float64).reshape(len(prices))
    return kernels.market_model(prices, level, window, CARRIED, needed(window, at_least=3), wanted)


def lag(values: Array, rows: int) -> Array:
    """The value of ``rows`` sessions ago; NaN on the first ones."""
    result = np.full(values.shape, np.nan)
    if rows < len(values):
        result[rows:] = values[: len(values) - rows]
    return result
