"""The information coefficient: how well a score's order, or its value, foretells returns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.factors.transforms import average_rank

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


def rank_ic(score: Array, forward: Array, min_names: int = 10) -> tuple[Array, Counts]:
    """Spearman correlation of score and forward return, date by date.

    Parameters
    ----------
    score, forward : (T, N) arrays
        Of one region; names without both values are left out of the date.
    min_names : int
        Fewest names with both values, at least 3.

    Returns
    -------
    ic : (T,) array
        Between -1 and 1; NaN on dates with fewer names, or where all values of one side are equal.
    names : (T,) array
        Names with both values.
    """
    both = ~np.isnan(score) & ~np.isnan(forward)
    first = average_rank(np.where(both, score, np.nan))
    second = average_rank(np.where(both, forward, np.nan))
    return _correlation(first, second, both, min_names)


def pearson_ic(score: Array, forward: Array, min_names: int = 10) -> tuple[Array, Counts]:
    """Linear correlation of score and forward return, date by date; arguments and result as in :func:`rank_ic`."""
    return _correlation(score, forward, ~np.isnan(score) & ~np.isnan(forward), min_names)


def rank_autocorrelations(score: Array, lag: int, min_names: int = 10) -> Array:
    """Correlation of the ranks of a score with the ranks ``lag`` rows before, over the names with both.

    Returns
    -------
    (T,) array
        NaN for the first ``lag`` rows and for dates with too few names. Names are ranked among all of
        their own date, as in alphalens' ``factor_rank_autocorrelation``.
    """
    result = np.full(len(score), np.nan)
    if len(score) > lag:
        ranks = average_rank(score)
        both = ~np.isnan(ranks[lag:]) & ~np.isnan(ranks[:-lag])
        result[lag:] = _correlation(ranks[lag:], ranks[:-lag], both, min_names)[0]
    return result


def rank_autocorrelation(score: Array, lag: int, min_names: int = 10) -> float:
    """Mean of :func:`rank_autocorrelations`; NaN where no date has enough names."""
    found = rank_autocorrelations(score, lag, min_names)
    return float(np.nanmean(found)) if (~np.isnan(found)).any() else math.nan


def _correlation(first: Array, second: Array, both: NDArray[np.bool_], min_names: int) -> tuple[Array, Counts]:
    """Correlation of two arrays row by row over the cells of a mask."""
    names = both.sum(axis=1)
    usable = names >= max(min_names, 3)
    count = np.maximum(names, 1)
    a, b = (_centred(values, both, count) for values in (first, second))
    top = np.einsum("tn,tn->t", a, b)
    left, right = np.einsum("tn,tn->t", a, a), np.einsum("tn,tn->t", b, b)
    # Equal values leave a rest of rounding; a correlation of rounding errors is none.
    usable &= (left > _rounding(first, both, count)) & (right > _rounding(second, both, count))
    bottom = np.sqrt(np.where(usable, left, 1.0)) * np.sqrt(np.where(usable, right, 1.0))
    return np.where(usable, np.clip(top / bottom, -1.0, 1.0), np.nan), names


def _centred(values: Array, both: NDArray[np.bool_], count: Counts) -> Array:
    """Values minus their mean on the date; 0 for names left out."""
    filled = np.where(both, values, 0.0)
    return np.where(both, filled - (filled.sum(axis=1) / count)[:, None], 0.0)


def _rounding(values: Array, both: NDArray[np.bool_], count: Counts) -> Array:
    """Sum of squares that rounding alone can leave of equal values."""
    largest = np.where(both, np.abs(values), 0.0).max(axis=1, initial=0.0)
    rest: Array = count * (1e-14 * largest) ** 2
    return rest
