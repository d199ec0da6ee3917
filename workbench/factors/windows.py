"""Rolling pieces that factors are made of: pure functions on (T, N) arrays of one region's sessions.

A row is a session of the market, whether or not the stock traded on it: a suspended day keeps its
row, with NaN. Each column is one spell of one listing, so nothing here can reach across a re-used code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of the window's sessions on which the stock must have its own bar.
MIN_OBSERVED = 0.8
#: Sessions for which a price stands in for a missing one.
CARRIED = 21


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
    number = np.arange(len(prices))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(prices), -1, number), axis=0)
    filled = np.take_along_axis(prices, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (number - last <= limit), filled, np.nan)


def observed_share(values: Array, window: int) -> Array:
    """Share of the last ``window`` rows, row t included, that have a value.

    Returns
    -------
    (T, N) array
        Between 0 and 1; rows before the window is full are NaN.
    """
    count = np.cumsum(~np.isnan(values), axis=0, dtype=np.int64)
    share = np.full(values.shape, np.nan)
    if len(values) >= window:
        earlier = np.vstack([np.zeros((1, values.shape[1]), dtype=np.int64), count[:-window]])
        share[window - 1 :] = (count[window - 1 :] - earlier) / window
    return share


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
    result = np.full(prices.shape, np.nan)
    if len(prices) <= window:
        return result
    carried = carry(prices)
    enough = observed_share(prices, window + 1)[window:] >= MIN_OBSERVED
    later = carried[window - skip : len(prices) - skip]
    result[window:] = np.where(enough, later / carried[:-window] - 1.0, np.nan)
    return result


def observed_returns(prices: Array) -> Array:
    """Return of each bar on the bar before it, as a fraction; the first bar after a halt spans the halt.

    Returns
    -------
    (T, N) array
        NaN where there is no bar, at each column's first bar, and after a halt of more than 21 sessions.
    """
    result = np.full(prices.shape, np.nan)
    result[1:] = prices[1:] / carry(prices)[:-1] - 1.0
    return result


def rolling_std(values: Array, window: int) -> Array:
    """Standard deviation (n - 1) of the last ``window`` rows, over the values that are there.

    Returns
    -------
    (T, N) array
        NaN where fewer than 80 % of the window's rows have a value.

    Notes
    -----
    Each window is summed on its own, so that a longer history moves no value by a bit.
    """
    result = np.full(values.shape, np.nan)
    if len(values) < window:
        return result
    for t in range(window - 1, len(values)):
        part = values[t - window + 1 : t + 1]
        there = ~np.isnan(part)
        count = there.sum(axis=0)
        enough = count >= max(2.0, MIN_OBSERVED * window)
        safe = np.where(enough, count, 2)
        mean = np.where(there, part, 0.0).sum(axis=0) / safe
        spread = np.where(there, part - mean, 0.0)
        result[t] = np.where(enough, np.sqrt((spread * spread).sum(axis=0) / (safe - 1)), np.nan)
    return result
