"""The composite of a factor set as a score of 0 to 100.

    score = 100 Φ(z),   z = (composite - mean) / standard deviation of the region's names on the date

so that 50 is the average name of the region, 70 lies 0.52 standard deviations above it, and the order of the names
is the composite's own, whatever the set's size, transform or way of combination. About three names in ten are BUY
at a threshold of 70, whatever the market does: the signal is relative to the region. What the market does is the
first layer of the layered score.

A score is taken apart along the secant of this curve: a factor's points are ``k w s / W`` with its score ``s``, its
weight ``w``, the weight ``W`` of the factors that are there, and the name's own ``k = (score - 50) / (composite -
mean)``. What is left is ``base``: 50, less ``k`` times the region's mean composite. A composite that is no weighted
mean of its factors (a fitted one) has one part, ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.factors import registry, transforms
from workbench.factors.scores import COMPOSITE
from workbench.signals.result import Points, Signals, confidence, in_units
from workbench.signals.rules import SignalRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workbench.factors import FactorSet, Scores
    from workbench.factors.scores import Labels

    Array = NDArray[np.float64]

#: Fewest names of a region and date for a mean and a standard deviation.
FEWEST_NAMES = transforms.ZSCORE_MIN_NAMES
#: How far the weighted mean of the factors may lie from the composite to be called the same.
SAME = 1e-9
#: Slope of 100 Φ(z) at 0: the secant's limit for an average name.
_SLOPE = 100.0 / np.sqrt(2.0 * np.pi)


def from_scores(scores: Scores, factor_set: FactorSet, rules: SignalRules | None = None) -> Signals:
    """Signals of a factor set.

    Parameters
    ----------
    scores : Scores
        Of :func:`workbench.factors.compute`, any way of combination.
    factor_set : FactorSet
        The set they were computed by: its name, its weights.
    rules : SignalRules, optional
        Thresholds; 70 and 50 by default.

    Returns
    -------
    Signals
        NaN where there is no composite, and on dates with fewer than ten names with one, or all equal.

    Raises
    ------
    ConfigError
        The scores lack a factor of the set.

    Notes
    -----
    Timing: a row uses the composites of its own region and date only.
    """
    missing = [name for name in factor_set.factors if name not in scores.values]
    if missing:
        raise ConfigError(
            f"The scores lack {missing[0]} of the set {factor_set.name}.", hint="Compute them by this very set."
        )
    chosen = rules or SignalRules()
    composite = scores.values[COMPOSITE]
    mean, deviation = _spread(composite, scores.labels)
    score = in_units(_scaled(composite, mean, deviation, scores.labels))
    parts = FactorParts(scores, factor_set.factors, mean, score)
    few = [
        f"{region}: {names} scored names at most, fewer than {chosen.min_names}: no confidence."
        for region in scores.labels.region_names()
        if 0 < (names := int((~np.isnan(score[:, scores.labels.columns(region)])).sum(axis=1).max())) < chosen.min_names
    ]
    standing = confidence(score, scores.labels, chosen.min_names)
    return Signals(factor_set.name, scores.labels, score, standing, chosen, parts, notes=(*scores.notes, *few))


def _spread(composite: Array, labels: Labels) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    """Mean and standard deviation (n) of each region's dates, (T, 1); NaN on dates with too few names.

    Values of a date are summed without the gaps between them: a column that is empty there moves no bit.
    """
    means, deviations = {}, {}
    for region in labels.region_names():
        own = composite[:, labels.columns(region)]
        mean, deviation = np.full((len(own), 1), np.nan), np.full((len(own), 1), np.nan)
        there = ~np.isnan(own)
        for row in np.flatnonzero(there.sum(axis=1) >= FEWEST_NAMES):
            values = own[row][there[row]]
            middle = values.mean()
            spread = np.sqrt(np.mean(np.square(values - middle)))
            if spread > 1e-12 * max(abs(middle), 1e-300):
                mean[row], deviation[row] = middle, spread
        means[region], deviations[region] = mean, deviation
    return means, deviations


def _scaled(composite: Array, mean: Mapping[str, Array], deviation: Mapping[str, Array], labels: Labels) -> Array:
    from scipy.special import ndtr

    score = np.full(composite.shape, np.nan)
    for region in labels.region_names():
        columns = labels.columns(region)
        score[:, columns] = 100.0 * ndtr((composite[:, columns] - mean[region]) / deviation[region])
    return score


@dataclass(frozen=True, eq=False)
class FactorParts:
    """Takes the scores of a factor set apart into its families and factors."""

    scores: Scores
    weights: Mapping[str, float]
    mean: Mapping[str, Array]
    score: Array

    def points(self, rows: slice) -> Points:
        """Points by family and factor; see the module."""
        composite, score = self.scores.values[COMPOSITE][rows], self.score[rows]
        centre = np.full(score.shape, np.nan)
        for region, mean in self.mean.items():
            centre[:, self.scores.labels.columns(region)] = mean[rows]
        away = composite - centre
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.where(np.abs(away) > 1e-6, (score - 50.0) / away, _SLOPE)
        factors = {name: self.scores.values[name][rows] for name in self.weights}
        weight = sum(np.where(np.isnan(values), 0.0, self.weights[name]) for name, values in factors.items())
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = {name: self.weights[name] * values / weight for name, values in factors.items()}
        whole = sum(np.nan_to_num(values) for values in shares.values())
        additive = np.abs(whole - composite) <= SAME * np.maximum(1.0, np.abs(composite))
        parts: Points = {"base": {}}
        for name, values in shares.items():
            family = registry.get(name).family
            parts.setdefault(family, {})[name] = np.where(additive, slope * values, np.nan)
        given = sum(np.nan_to_num(values) for layer in parts.values() for values in layer.values())
        if (~additive & ~np.isnan(score)).any():
            parts["model"] = {"model": np.where(additive, np.nan, score - 50.0)}
        parts["base"]["region_mean"] = np.where(additive, score - given, 50.0)
        return parts
