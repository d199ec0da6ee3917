"""Returns by quantile of a score: what the best and the worst names went on to earn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.factors.transforms import percentile

Array = NDArray[np.float64]


def bucket(score: Array, quantiles: int, min_names: int) -> NDArray[np.int64]:
    """Quantile of each name on its date: 1 the lowest scores, ``quantiles`` the highest, 0 none.

    Parameters
    ----------
    score : (T, N) array
        Of one region.
    quantiles : int
        At least 2.
    min_names : int
        Dates with fewer scored names have no quantiles.
    """
    standing = percentile(score, min_names)
    there = ~np.isnan(standing)
    number = np.minimum(np.floor(np.nan_to_num(standing) * quantiles), quantiles - 1) + 1
    return np.where(there, number, 0).astype(np.int64)


def returns_by_bucket(buckets: NDArray[np.int64], forward: Array, quantiles: int) -> Array:
    """Equal-weight mean forward return of each quantile and date.

    Returns
    -------
    (T, Q) array
        Fractions over the horizon; NaN where no name of the quantile has a return.
    """
    result = np.full((len(buckets), quantiles), np.nan)
    for number in range(1, quantiles + 1):
        inside = (buckets == number) & ~np.isnan(forward)
        count = inside.sum(axis=1)
        total = np.where(inside, forward, 0.0).sum(axis=1)
        result[:, number - 1] = np.where(count > 0, total / np.where(count > 0, count, 1), np.nan)
    return result


def replaced_share(buckets: NDArray[np.int64], number: int, lag: int) -> float:
    """Mean share of a quantile's names that were not in it ``lag`` rows before; NaN where it is always empty."""
    if len(buckets) <= lag:
        return float("nan")
    now, before = buckets[lag:] == number, buckets[:-lag] == number
    size = now.sum(axis=1)
    dates = (size > 0) & before.any(axis=1)
    if not dates.any():
        return float("nan")
    return float(((now & ~before).sum(axis=1)[dates] / size[dates]).mean())
