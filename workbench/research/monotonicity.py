"""Do returns rise from quantile to quantile, or is it one extreme alone that earns?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.factors.transforms import average_rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Resamples of the bootstrap, and the fewest dates for one.
RESAMPLES = 1000
_FEWEST = 24


@dataclass(frozen=True)
class Monotonicity:
    """How far mean returns rise with the quantile.

    Attributes
    ----------
    ordered_steps : float
        Share of the steps from one quantile to the next one that rise.
    rank_correlation : float
        Spearman correlation of quantile number and mean return, -1 to 1.
    p_value : float
        Of the test by Patton and Timmermann: how often such a rise in all steps would be found where there is
        none. Small speaks for returns that rise throughout; NaN on fewer than 24 dates.
    """

    ordered_steps: float
    rank_correlation: float
    p_value: float


def monotonicity(earned: Array, block: int, rng: np.random.Generator, resamples: int = RESAMPLES) -> Monotonicity:
    """Examine returns by quantile and date.

    Parameters
    ----------
    earned : (T, Q) array
        Returns of the quantiles, 1 the lowest scores first; dates with a missing quantile are left out of the test.
    block : int
        Mean length of the blocks of the bootstrap in dates: no shorter than the returns overlap.
    rng : numpy.random.Generator
        Of the bootstrap.
    resamples : int
        Of the bootstrap.

    References
    ----------
    Patton and Timmermann (2010), "Monotonicity in asset returns", Journal of Financial Economics 98, 605-625:
    the smallest of the mean steps against its distribution under a stationary bootstrap around the sample's
    own means (equations 9 to 11). Politis and Romano (1994) for the bootstrap.
    """
    whole = earned[~np.isnan(earned).any(axis=1)]
    if not len(whole):
        return Monotonicity(math.nan, math.nan, math.nan)
    means = whole.mean(axis=0)
    steps = np.diff(means)
    order = average_rank(means[None])[0]
    number = np.arange(1.0, len(means) + 1.0)
    flat = float(np.ptp(order)) == 0.0
    correlation = math.nan if flat else float(np.corrcoef(number, order)[0, 1])
    p_value = math.nan
    if len(whole) >= _FEWEST:
        drawn = _bootstrap(np.diff(whole, axis=1), min(block, len(whole)), rng, resamples)
        p_value = float(((drawn - steps).min(axis=1) >= steps.min()).mean())
    return Monotonicity(float((steps > 0.0).mean()), correlation, p_value)


def _bootstrap(values: Array, block: int, rng: np.random.Generator, resamples: int) -> Array:
    """Column means of stationary bootstrap samples, (resamples, columns), by sums over blocks."""
    n = len(values)
    running = np.vstack([np.zeros(values.shape[1]), np.cumsum(np.vstack([values, values]), axis=0)])
    blocks = math.ceil(n / block) + 4 * math.ceil(math.sqrt(n / block)) + 4
    length = np.minimum(rng.geometric(1.0 / block, (resamples, blocks)), n)
    end = np.minimum(np.cumsum(length, axis=1), n)
    end[:, -1] = n  # the few samples whose blocks do not reach n end in a longer one
    length = np.diff(end, axis=1, prepend=0)
    start = rng.integers(0, n, (resamples, blocks))
    means: Array = (running[start + length] - running[start]).sum(axis=1) / n
    return means
