"""The composite of a factor set as a score of 0 to 100.

    score = 100 Φ(z),   z = (composite - mean) / standard deviation of the region's names on the date

so that 50 is the average name of the region, 70 lies 0.52 standard deviations above it, and the order of the names
is the composite's own, whatever the set's size, transform or way of combination. About three names in ten are BUY
at a threshold of 70, whatever the market does: the signal is relative to the region. What the market does is the
first layer of the layered score.

A score is taken apart along the secant of this curve: a factor's points are ``k a w s / W`` with its score ``s``, its
weight ``w`` on the date, the weight ``W`` of the factors that are there, the slope ``a`` of the composite on their
weighted mean ``Σ w s / W`` among the region's names, and the name's own ``k = (score - 50) / (composite - mean)``.
What is left is ``base``: 50 for the average name. A composite that does not lie on a line over any weighted mean (a
model of trees) has one part, ``model``.
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
#: How far a composite may lie from the line over the weighted mean of its factors; scores are kept in float32.
SAME = 1e-5
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
    composite = np.asarray(scores.values[COMPOSITE], np.float64)
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
        labels, score = self.scores.labels, self.score[rows]
        composite = np.asarray(self.scores.values[COMPOSITE][rows], np.float64)
        shares = self._shares(rows)
        whole = sum((np.nan_to_num(values) for values in shares.values()), np.zeros(score.shape))
        slope, explained = np.full(score.shape, np.nan), np.zeros(score.shape, bool)
        for region in labels.region_names():
            columns = labels.columns(region)
            away = composite[:, columns] - self.mean[region][rows]
            steep, on_line = _line(whole[:, columns], composite[:, columns])
            with np.errstate(invalid="ignore", divide="ignore"):
                secant = np.where(np.abs(away) > 1e-6, (score[:, columns] - 50.0) / away, _SLOPE)
            slope[:, columns], explained[:, columns] = secant * steep, on_line
        parts: Points = {"base": {}}
        for name, values in shares.items():
            points = np.where(explained, slope * values, np.nan)
            parts.setdefault(registry.get(name).family, {})[name] = points
        given = sum(np.nan_to_num(values) for named in parts.values() for values in named.values())
        if (~explained & ~np.isnan(score)).any():
            parts["model"] = {"model": np.where(explained, np.nan, score - 50.0)}
        parts["base"]["average"] = np.where(explained, score - given, 50.0)
        return parts

    def _shares(self, rows: slice) -> dict[str, Array]:
        """What each factor adds to the weighted mean; NaN where its score is missing."""
        shape = self.score[rows].shape
        values = {name: np.asarray(self.scores.values[name][rows], np.float64) for name in self.weights}
        weights = {name: np.full(shape, weight) for name, weight in self.weights.items()}
        days, labels = self.scores.labels.dates[rows], self.scores.labels
        for window in getattr(self.scores, "fitted", ()):
            inside = (days >= window.fold.test_start) & (days < window.fold.test_end)
            cell = np.ix_(inside, labels.columns(window.region))
            for name, weight in window.weights.items():
                weights[name][cell] = weight
        size = sum((np.where(np.isnan(values[name]), 0.0, np.abs(weights[name])) for name in values), np.zeros(shape))
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: weights[name] * values[name] / size for name in values}


def _line(whole: Array, composite: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Slope of the composite on the weighted mean, (R, 1), and the cells of rows that lie on the line, (R, n).

    As in :func:`_spread`, only what is there is summed.
    """
    steep, on_line = np.full((len(whole), 1), np.nan), np.zeros(whole.shape, bool)
    there = ~np.isnan(composite) & ~np.isnan(whole)
    for row in np.flatnonzero(there.sum(axis=1) >= FEWEST_NAMES):
        cells = there[row]
        x = whole[row, cells] - whole[row, cells].mean()
        y = composite[row, cells] - composite[row, cells].mean()
        spread = float(np.square(x).sum())
        if spread > 0.0:
            steep[row] = float((x * y).sum()) / spread
            on_line[row, cells] = bool((np.abs(y - steep[row] * x) <= SAME).all())
    return steep, on_line
