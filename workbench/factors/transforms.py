"""From raw values to comparable scores: one region and one date at a time.

Every function takes the (T, N) values of one region. A row with too few names has no score at all,
since a rank among five is not a rank.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    result = values.copy()
    rows = ~np.isnan(values).all(axis=1)
    if rows.any():
        low, high = np.nanquantile(values[rows], [lower, upper], axis=1)
        result[rows] = np.clip(values[rows], low[:, None], high[:, None])
    return result


def zscore(values: Array, min_names: int = ZSCORE_MIN_NAMES) -> Array:
    """Distance from the row's mean in standard deviations (n).

    Returns
    -------
    (T, N) array
        NaN for NaN, and for the whole row where fewer than ``min_names`` names have a value or all
        values are equal.
    """
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    usable = count >= max(min_names, 2)
    safe = np.where(usable, count, 1)
    mean = np.where(there, values, 0.0).sum(axis=1) / safe
    spread = np.where(there, values - mean[:, None], 0.0)
    deviation = np.sqrt((spread * spread).sum(axis=1) / safe)
    usable &= deviation > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scaled = spread / np.where(usable, deviation, 1.0)[:, None]
    return np.where(there & usable[:, None], scaled, np.nan)


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
    rows, columns = values.shape
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(columns), values.shape)
    starts = np.ones(values.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    ends = np.ones(values.shape, dtype=bool)
    ends[:, :-1] = starts[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, columns)[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty((rows, columns))
    np.put_along_axis(ranks, order, (first + last) / 2.0 + 1.0, axis=1)
    return np.where(np.isnan(values), np.nan, ranks)


def combine(scores: dict[str, Array], weights: dict[str, float]) -> Array:
    """Weighted mean of scores, its weights renormalised over the ones that are there.

    Parameters
    ----------
    scores : dict of str to (T, N) array
        Comparable scores, high is good.
    weights : dict of str to float
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
        top += np.where(there, weight * np.nan_to_num(scores[name]), 0.0)
        bottom += np.where(there, abs(weight), 0.0)
    enough = (bottom > 0.0) & (bottom >= 0.5 * total - 1e-12)
    return np.where(enough, top / np.where(enough, bottom, 1.0), np.nan)
