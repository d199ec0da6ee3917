"""How sure a mean of dated observations is, when the returns behind them overlap.

Three t-statistics of one mean:

* **fixed-b**, the headline: all dates, a Bartlett kernel over a share *b* of the sample, and the critical
  values that belong to this *b* (Kiefer and Vogelsang 2005). The usual normal critical values take the
  estimated variance for the true one and find far too much.
* **non-overlapping**: Student's t of dates whose returns share no session, the mean over all dates one can start
  with: a single start is one draw of many, and they differ widely.
* **Newey-West** with ``horizon - 1`` lags, kept because everybody quotes it. It rejects too often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Fewest periods that share no return for a verdict to be given.
MIN_PERIODS = 24

#: Kiefer and Vogelsang (2005), Econometric Theory 21, Table 1, Bartlett kernel: critical values of the t-statistic
#: as a polynomial in b, by the level of a two-sided test.
_FIXED_B = {
    0.10: (1.6449, 2.1859, 0.3142, -0.3427),
    0.05: (1.9600, 2.9694, 0.4160, -0.5324),
    0.02: (2.3263, 4.1618, 0.5368, -0.9060),
}
_STARS = {0.02: "***", 0.05: "**", 0.10: "*"}


@dataclass(frozen=True)
class Inference:
    """A mean, and how sure it is.

    Attributes
    ----------
    mean, std : float
        Of the observations (standard deviation with n - 1).
    observations, periods : int
        Dates with an observation, and how many of them share no return.
    t_fixed_b : float
        Headline; NaN below 24 periods. To be compared with ``critical``, not with 1.96.
    critical : float
        Of ``t_fixed_b`` at 5 %, two-sided; NaN with it.
    b : float
        Bandwidth of the kernel over the observations.
    t_non_overlapping, t_newey_west : float
        NaN where there are too few observations.
    stars : str
        ``*`` 10 %, ``**`` 5 %, ``***`` 2 % two-sided, by fixed-b; ``insufficient`` below 24 periods.
    """

    mean: float
    std: float
    observations: int
    periods: int
    t_fixed_b: float
    critical: float
    b: float
    t_non_overlapping: float
    t_newey_west: float
    stars: str

    @property
    def sufficient(self) -> bool:
        """At least 24 periods that share no return."""
        return self.periods >= MIN_PERIODS

    @property
    def sign(self) -> int:
        """1 or -1 where the mean differs from zero at 5 %, else 0."""
        return int(np.sign(self.mean)) if abs(self.t_fixed_b) > self.critical else 0


def infer(values: Array, horizon: int) -> Inference:
    """Examine the mean of observations whose returns span ``horizon`` rows.

    Parameters
    ----------
    values : (T,) array
        One row a session; NaN where there is no observation. Two observations overlap where their rows lie
        less than ``horizon`` apart, so that scores of month ends are counted as what they are.
    horizon : int
        Rows over which each observation is earned, at least 1.

    Notes
    -----
    The bandwidth of fixed-b is the largest of ``1.3 sqrt(n)`` (Lazarus, Lewis, Stock and Watson 2018) and
    three times the number of observations that overlap, at most n: a kernel not much wider than the overlap
    would miss a part of the variance.
    """
    rows = np.flatnonzero(~np.isnan(values))
    seen = values[rows]
    n = len(seen)
    overlap = _overlap(rows, horizon)
    apart = [_apart(rows[start:], horizon) for start in range(min(overlap, n))]
    periods = len(apart[0]) if apart else 0
    bandwidth = min(n, max(math.ceil(1.3 * math.sqrt(n)), 3 * overlap)) if n else 0
    enough = periods >= MIN_PERIODS
    t = fixed_b_t(seen, bandwidth) if enough else math.nan
    b = bandwidth / n if n else math.nan
    return Inference(
        mean=float(seen.mean()) if n else math.nan,
        std=float(seen.std(ddof=1)) if n > 1 else math.nan,
        observations=n,
        periods=periods,
        t_fixed_b=t,
        critical=critical_value(b) if enough else math.nan,
        b=b,
        t_non_overlapping=_mean([student_t(values[chosen]) for chosen in apart]),
        t_newey_west=newey_west_t(seen, overlap - 1),
        stars=_stars(t, b) if enough else "insufficient",
    )


def critical_value(b: float, level: float = 0.05) -> float:
    """Critical value of :func:`fixed_b_t` at a two-sided level of 0.10, 0.05 or 0.02, for ``b`` from 0 to 1.

    At b = 0 it is the normal one, 1.96; at b = 1 it is 4.81.
    """
    return sum(factor * b**power for power, factor in enumerate(_FIXED_B[level]))


def fixed_b_t(values: Array, bandwidth: int) -> float:
    """t-statistic of the mean with a Bartlett kernel of ``bandwidth`` observations, for fixed-b critical values.

    Parameters
    ----------
    values : (n,) array
        NaN are left out.
    bandwidth : int
        From 1 to n; autocovariance j has the weight ``1 - j / bandwidth``. b is ``bandwidth / n``.

    Returns
    -------
    float
        NaN for fewer than 2 values or no variance. Compare it with :func:`critical_value`.
    """
    return newey_west_t(values, bandwidth - 1)


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
        NaN for fewer than ``lags + 1`` or two values, or a variance that is not positive.

    References
    ----------
    Newey and West (1987), Econometrica 55(3), equation 5.
    """
    seen = values[~np.isnan(values)]
    n = len(seen)
    if n < max(lags + 1, 2):
        return math.nan
    spread = seen - seen.mean()
    variance = _bartlett(spread, lags + 1) / n
    return float(seen.mean() / math.sqrt(variance / n)) if variance > _nothing(seen) else math.nan


def student_t(values: Array) -> float:
    """Student's t of the mean of independent observations; NaN for fewer than 2 or no variance."""
    seen = values[~np.isnan(values)]
    if len(seen) < 2:
        return math.nan
    variance = float(seen.var(ddof=1))
    return float(seen.mean() / math.sqrt(variance / len(seen))) if variance > _nothing(seen) else math.nan


def _bartlett(spread: Array, bandwidth: int) -> float:
    """Sum over i, j of ``max(0, 1 - |i - j| / bandwidth) x_i x_j``, by sums over windows: never negative."""
    running = np.concatenate([np.zeros(bandwidth), np.cumsum(spread), np.full(bandwidth - 1, spread.sum())])
    windows = running[bandwidth:] - running[:-bandwidth]
    return float(windows @ windows) / bandwidth


def _nothing(seen: Array) -> float:
    """A variance that rounding alone can leave."""
    return (1e-14 * float(np.abs(seen).max())) ** 2


def _overlap(rows: NDArray[np.intp], horizon: int) -> int:
    """Most observations that begin within one holding period, at least 1."""
    if not len(rows):
        return 1
    return int((np.searchsorted(rows, rows + horizon) - np.arange(len(rows))).max())


def _apart(rows: NDArray[np.intp], horizon: int) -> NDArray[np.intp]:
    """Observations from the first one on, each at least ``horizon`` rows after the last."""
    chosen = []
    place = 0
    while place < len(rows):
        chosen.append(rows[place])
        place = int(np.searchsorted(rows, rows[place] + horizon))
    return np.array(chosen, dtype=np.intp)


def _mean(values: list[float]) -> float:
    """Mean of the numbers among them; NaN without one."""
    found = [value for value in values if not math.isnan(value)]
    return math.fsum(found) / len(found) if found else math.nan


def _stars(t: float, b: float) -> str:
    for level, stars in _STARS.items():
        if abs(t) > critical_value(b, level):
            return stars
    return ""
