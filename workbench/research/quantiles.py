"""Returns by quantile of a score: what the best and the worst names went on to earn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Buckets = NDArray[np.int64]


def bucket(score: Array, quantiles: int, min_names: int, *, distinct: bool = False) -> Buckets:
    """Quantile of each name on its date: 1 the lowest scores, ``quantiles`` the highest, 0 none.

    Parameters
    ----------
    score : (T, N) array
        Of one region.
    quantiles : int
        At least 2.
    min_names : int
        Dates with fewer scored names have no quantiles.
    distinct : bool
        Leave out dates on which two bounds fall on the same value, as alphalens does. By default such a
        date keeps its quantiles, some of which are empty.

    Notes
    -----
    The bounds are the quantiles ``k / Q`` of the date's scores with linear interpolation, and a name belongs
    to the first bound that is not below its score (``pandas.qcut``): equal scores stay together.
    """
    result = np.zeros(score.shape, dtype=np.int64)
    names = (~np.isnan(score)).sum(axis=1)
    rows = np.flatnonzero(names >= max(min_names, 2))
    if not len(rows):
        return result
    bounds = _bounds(np.sort(score[rows], axis=1), names[rows], quantiles)
    if distinct:
        apart = (np.diff(bounds, axis=1) > 0.0).all(axis=1)
        rows, bounds = rows[apart], bounds[apart]
    values = score[rows]
    number = np.ones(values.shape, dtype=np.int64)
    for inner in range(1, quantiles):
        number += values > bounds[:, inner, None]
    result[rows] = np.where(np.isnan(values), 0, number)
    return result


def _bounds(ordered: Array, names: NDArray[np.int64], quantiles: int) -> Array:
    """Quantiles of rows in rising order with NaN last, (T, Q + 1), rounded as ``pandas.qcut`` does."""
    share = np.linspace(0.0, 1.0, quantiles + 1)
    share = np.where(quantiles * share != np.arange(quantiles + 1), np.nextafter(share, 1.0), share)
    place = share[None, :] * (names - 1)[:, None]
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, (names - 1)[:, None])
    weight = place - below
    low, high = (np.take_along_axis(ordered, rows, axis=1) for rows in (below, above))
    step = high - low
    return np.where(weight >= 0.5, high - step * (1.0 - weight), low + step * weight)


def returns_by_bucket(buckets: Buckets, forward: Array, quantiles: int) -> Array:
    """Equal-weight mean forward return of each quantile and date.

    Returns
    -------
    (T, Q) array
        Fractions over the horizon; NaN where no name of the quantile has a return.
    """
    there = (buckets > 0) & ~np.isnan(forward)
    rows, _ = np.nonzero(there)
    cells = rows * quantiles + buckets[there] - 1
    size = len(buckets) * quantiles
    count = np.bincount(cells, minlength=size)
    total = np.bincount(cells, weights=forward[there], minlength=size)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.reshape(len(buckets), quantiles)


def market_return(buckets: Buckets, forward: Array) -> Array:
    """Equal-weight mean forward return of all names with a quantile, (T,); NaN where there is none."""
    return returns_by_bucket(np.minimum(buckets, 1), forward, 1)[:, 0]


def replaced_shares(buckets: Buckets, number: int, lag: int) -> Array:
    """Share of a quantile's names that were not in it ``lag`` rows before, (T,).

    NaN for the first ``lag`` rows and on dates on which the quantile is or was empty
    (``quantile_turnover`` of alphalens).
    """
    result = np.full(len(buckets), np.nan)
    if len(buckets) <= lag:
        return result
    now, before = buckets[lag:] == number, buckets[:-lag] == number
    size = now.sum(axis=1)
    dates = (size > 0) & before.any(axis=1)
    result[lag:] = np.where(dates, (now & ~before).sum(axis=1) / np.maximum(size, 1), np.nan)
    return result


def replaced_share(buckets: Buckets, number: int, lag: int) -> float:
    """Mean of :func:`replaced_shares`; NaN where the quantile is always empty."""
    found = replaced_shares(buckets, number, lag)
    return float(np.nanmean(found)) if (~np.isnan(found)).any() else float("nan")
