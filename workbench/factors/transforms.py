"""From raw values to comparable scores: one region and one date at a time.

Every function takes the (T, N) values of one region. A row with too few names has no score at all,
since a rank among five is not a rank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.factors import kernels

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = NDArray[np.float64]

#: Fewest names with a value for a z-score, and for a percentile.
ZSCORE_MIN_NAMES = 10
RANK_MIN_NAMES = 30


def winsorize(values: Array, lower: float = 0.01, upper: float = 0.99) -> Array:
    """Pull values beyond two quantiles of their row to these quantiles.

    Parameters
    ----------
    values : (T, N) array
        NaN stays NaN.
    lower, upper : float
        Quantiles as fractions, linear interpolation between neighbours.
    """
    return kernels.winsorize(values, lower, upper)


def zscore(values: Array, min_names: int = ZSCORE_MIN_NAMES) -> Array:
    """Distance from the row's mean in standard deviations (n).

    Returns
    -------
    (T, N) array
        NaN for NaN, and for the whole row where fewer than ``min_names`` names have a value or all
        values are equal.
    """
    return kernels.zscore(values, min_names)


def winsorized_zscore(
    values: Array, lower: float = 0.01, upper: float = 0.99, min_names: int = ZSCORE_MIN_NAMES
) -> Array:
    """``zscore(winsorize(values))`` in one pass, with the same bits."""
    return kernels.winsorized_zscore(values, lower, upper, min_names)


def percentile(values: Array, min_names: int = RANK_MIN_NAMES) -> Array:
    """Share of the row's other names that stand below, ties counted half: 0 the lowest, 1 the highest.

    Returns
    -------
    (T, N) array
        ``(average rank - 1) / (n - 1)``; NaN for NaN and for rows of fewer than ``min_names`` names.
        The default of 30 is where a decile still holds three names; a smaller sample may lower it,
        and says so by passing the number.
    """
    ranks = average_rank(values)
    count = (~np.isnan(values)).sum(axis=1)
    usable = count >= max(min_names, 2)
    scaled = (ranks - 1.0) / np.where(usable, count - 1, 1)[:, None]
    return np.where(usable[:, None], scaled, np.nan)


def average_rank(values: Array) -> Array:
    """Rank of each value in its row from 1, ties sharing their mean rank; NaN for NaN."""
    return kernels.average_rank(values)


def forward_fill(values: Array, dates: NDArray[np.datetime64], limit_days: int) -> Array:
    """The last value of each column, as long as it is not too old.

    Parameters
    ----------
    values : (T, N) array
        NaN where there is none.
    dates : (T,) datetime64[D]
        Ascending days of the rows.
    limit_days : int
        Days of the calendar, not rows, for which a value stands in for a missing one.

    Returns
    -------
    (T, N) array
        NaN before the first value, and where the last one is more than ``limit_days`` days old.

    Notes
    -----
    Timing: row t uses rows up to t that are at most ``limit_days`` days older.
    """
    number = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, number), axis=0)
    days = np.asarray(dates, "datetime64[D]").astype(np.int64)
    age = days[:, None] - days[np.maximum(last, 0)]
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (age <= limit_days), filled, np.nan)


def fill_median(values: Array, where: NDArray[np.bool_]) -> tuple[Array, int]:
    """The row's median in place of missing values.

    Parameters
    ----------
    values : (T, N) array
        Scores of one region.
    where : (T, N) bool array
        Names that may be filled: members on the date.

    Returns
    -------
    filled : (T, N) array
        A row without any value stays NaN.
    count : int
        Values that were filled in.
    """
    result = values.copy()
    missing = np.isnan(values)
    rows = np.flatnonzero(np.count_nonzero(missing, axis=1) < values.shape[1])
    median = np.full(len(values), np.nan)
    if len(rows):
        median[rows] = np.nanmedian(values[rows], axis=1)
    row, column = np.nonzero(missing & where & ~np.isnan(median)[:, None])
    result[row, column] = median[row]
    return result, len(row)


def centred(values: Array) -> Array:
    """Values less the mean of their row; NaN stays NaN."""
    there = ~np.isnan(values)
    mean = _row_sums(values, there) / np.maximum(np.count_nonzero(there, axis=1), 1)
    less: Array = values - mean[:, None]
    return less


def _row_sums(values: Array, there: NDArray[np.bool_]) -> Array:
    """Sum of the values that are there, one by one in the order of the columns: gaps move no bit of it."""
    row, column = np.nonzero(there)
    return np.bincount(row, weights=values[row, column], minlength=len(values)).astype(np.float64)


def combine(scores: Mapping[str, NDArray[np.floating[Any]]], weights: Mapping[str, float]) -> Array:
    """Weighted mean of scores, its weights renormalised over the ones that are there.

    Parameters
    ----------
    scores : mapping of str to (T, N) array
        Comparable scores, high is good.
    weights : mapping of str to float
        One a score; at least half of the total weight must be there for a name to have a value.

    Returns
    -------
    (T, N) array
        NaN where scores of more than half of the weight are missing.
    """
    total = sum(abs(weight) for weight in weights.values())
    shape = next(iter(scores.values())).shape
    top, bottom = np.zeros(shape), np.zeros(shape)
    for name, weight in weights.items():
        there = ~np.isnan(scores[name])
        np.add(top, weight * scores[name].astype(np.float64, copy=False), out=top, where=there)
        np.add(bottom, abs(weight), out=bottom, where=there)
    enough = (bottom > 0.0) & (bottom >= 0.5 * total - 1e-12)
    return np.where(enough, top / np.where(enough, bottom, 1.0), np.nan)
