"""The information coefficient: how well a score's order foretells the order of returns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.factors.transforms import average_rank

Array = NDArray[np.float64]


def rank_ic(score: Array, forward: Array, min_names: int = 10) -> tuple[Array, NDArray[np.int64]]:
    """Spearman correlation of score and forward return, date by date.

    Parameters
    ----------
    score, forward : (T, N) arrays
        Of one region; names without both values are left out of the date.
    min_names : int
        Fewest names with both values.

    Returns
    -------
    ic : (T,) array
        Between -1 and 1; NaN on dates with fewer names, or where all values of one side are equal.
    names : (T,) array
        Names with both values.
    """
    both = ~np.isnan(score) & ~np.isnan(forward)
    names = both.sum(axis=1)
    first = _centred(average_rank(np.where(both, score, np.nan)), both, names)
    second = _centred(average_rank(np.where(both, forward, np.nan)), both, names)
    top = (first * second).sum(axis=1)
    bottom = np.sqrt((first * first).sum(axis=1) * (second * second).sum(axis=1))
    usable = (names >= max(min_names, 3)) & (bottom > 0.0)
    return np.where(usable, top / np.where(usable, bottom, 1.0), np.nan), names


def rank_autocorrelation(score: Array, lag: int, min_names: int = 10) -> float:
    """Mean rank correlation of a score with itself ``lag`` rows before; NaN where no date has enough names."""
    if len(score) <= lag:
        return math.nan
    ic, _ = rank_ic(score[lag:], score[:-lag], min_names)
    return float(np.nanmean(ic)) if (~np.isnan(ic)).any() else math.nan


def newey_west_t(values: Array, lags: int) -> float:
    """t-statistic of the mean under autocorrelation, with Bartlett weights.

    Parameters
    ----------
    values : (T,) array
        NaN are left out.
    lags : int
        Overlapping returns of h sessions are correlated over h - 1 dates: pass h - 1.

    Returns
    -------
    float
        NaN for fewer than ``lags + 2`` values or a variance that is not positive.

    References
    ----------
    Newey and West (1987), Econometrica 55(3), equation 5.
    """
    seen = values[~np.isnan(values)]
    n = len(seen)
    if n < lags + 2:
        return math.nan
    spread = seen - seen.mean()
    variance = float(spread @ spread) / n
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        variance += 2.0 * weight * float(spread[lag:] @ spread[:-lag]) / n
    return float(seen.mean() / math.sqrt(variance / n)) if variance > 0.0 else math.nan


def _centred(ranks: Array, both: NDArray[np.bool_], names: NDArray[np.int64]) -> Array:
    """Ranks minus the mean rank of the date; 0 for names left out."""
    return np.where(both, ranks - ((names + 1) / 2.0)[:, None], 0.0)
