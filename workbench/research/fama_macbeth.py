"""Premia of characteristics: cross-sectional regressions, period by period, and the mean of their slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory
from workbench.research.inference import Inference, infer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Premium:
    """Mean slope on one characteristic.

    Attributes
    ----------
    mean : float
        Return over the horizon for one unit of the characteristic, others held fixed (fraction).
    low, high : float
        Bounds of the 95 % interval by fixed-b critical values; NaN with fewer than 24 periods.
    inference : Inference
        The t-statistics behind it.
    """

    mean: float
    low: float
    high: float
    inference: Inference

    @property
    def significant(self) -> bool:
        """Zero lies outside the interval."""
        return self.low > 0.0 or self.high < 0.0


def fama_macbeth(
    forward: Floats, characteristics: Mapping[str, Floats], horizon: int = 1, min_names: int = 30
) -> dict[str, Premium]:
    """Premia of several characteristics at once.

    Parameters
    ----------
    forward : (T, N) array
        Return that follows what is known at row t, over ``horizon`` rows, as by
        :func:`workbench.research.forward_returns`; NaN where there is none.
    characteristics : mapping of str to (T, N) array
        Scores of one region, as known at row t; standard scores make the premium one of a standard
        deviation. A name that lacks one of them is left out of the date.
    horizon : int
        Rows over which a return is earned: slopes of rows closer than that overlap, and are judged so.
    min_names : int
        Fewest names with everything, and at least two more than there are characteristics.

    Returns
    -------
    dict of str to Premium
        By characteristic.

    Raises
    ------
    ConfigError
        Without a characteristic, or with arrays of other shapes than ``forward``.
    NotEnoughHistory
        No date has enough names.

    Notes
    -----
    Each date has a regression of the returns on a constant and the characteristics; a premium is the mean of
    its slopes, and their variation over time is its error: Fama and MacBeth (1973), "Risk, return, and
    equilibrium", Journal of Political Economy 81. For the t-statistics see :func:`workbench.research.inference.infer`.
    """
    if not characteristics:
        raise ConfigError("fama_macbeth needs a characteristic.", hint="For example {'value': scores.values}.")
    for name, values in characteristics.items():
        if values.shape != forward.shape:
            raise ConfigError(
                f"{name} has the shape {values.shape} and the returns {forward.shape}.",
                hint="Take both on the sessions and names of one region.",
            )
    found = slopes(forward, characteristics, min_names)
    if np.isnan(found).all():
        raise NotEnoughHistory(
            f"No date has {min_names} names with a return and {', '.join(characteristics)}.",
            hint="Take a longer history or a larger sample, or fewer characteristics.",
        )
    return {name: _premium(found[:, number], horizon) for number, name in enumerate(characteristics)}


def slopes(forward: Floats, characteristics: Mapping[str, Floats], min_names: int = 30) -> Floats:
    """Slopes of the regression of each date, (T, K) in the order of the characteristics; NaN without enough names.

    NaN as well where the characteristics of a date cannot be told apart.
    """
    stacked = np.stack([np.ones_like(forward), *characteristics.values()], axis=2)
    usable = np.isfinite(forward) & np.isfinite(stacked).all(axis=2)
    least = max(min_names, stacked.shape[2] + 1)
    result = np.full((len(forward), stacked.shape[2] - 1), np.nan)
    for row in np.flatnonzero(usable.sum(axis=1) >= least):
        inside = usable[row]
        solved, _, rank, _ = np.linalg.lstsq(stacked[row, inside], forward[row, inside], rcond=None)
        if rank == stacked.shape[2]:
            result[row] = solved[1:]
    return result


def _premium(found: Floats, horizon: int) -> Premium:
    judged = infer(found, horizon)
    if not math.isfinite(judged.t_fixed_b) or judged.t_fixed_b == 0.0:
        return Premium(judged.mean, math.nan, math.nan, judged)
    reach = abs(judged.mean / judged.t_fixed_b) * judged.critical
    return Premium(judged.mean, judged.mean - reach, judged.mean + reach, judged)
