"""One weight a factor, from what the factors did on a training span."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import NotEnoughHistory
from workbench.portfolio import covariance
from workbench.research.combine.sample import rank_weights
from workbench.research.information import rank_ic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workbench.factors.combination import Combination
    from workbench.research.combine.sample import Sample

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]

#: Share of the training dates on which a factor must have a return or IC, to be weighted at all.
MIN_COVERED = 0.5
#: Fewest dates on which all weighted factors have one.
MIN_DATES = 40


def weigh(sample: Sample, rows: Rows, spec: Combination, min_names: int) -> tuple[dict[str, float], int]:
    """Weights of the factors by one of the closed-form methods.

    Parameters
    ----------
    sample : Sample
    rows : array of int
        Training rows, without holes, purged.
    spec : Combination
        ``inverse_volatility``, ``max_sharpe`` or ``max_ir``.
    min_names : int
        Fewest names of a date.

    Returns
    -------
    weights : dict of str to float
        Sizes sum to 1; factors left out for want of data have 0.
    dates : int
        Dates that were used.

    Raises
    ------
    NotEnoughHistory
        Fewer than 40 dates with all factors that are there on half of the dates.
    """
    columns = sample.known(rows)
    names = sample.scores.names
    if spec.method == "max_ir":
        series = information_coefficients(sample, rows, columns, min_names)
    else:
        series = factor_returns(sample, rows, columns, spec.horizon, min_names)
    covered = (~np.isnan(series)).mean(axis=0) >= MIN_COVERED if len(series) else np.zeros(len(names), dtype=bool)
    whole = ~np.isnan(series[:, covered]).any(axis=1)
    if not covered.any() or whole.sum() < MIN_DATES:
        raise NotEnoughHistory(
            f"{sample.region} has {int(whole.sum()) if covered.any() else 0} dates with all factors between "
            f"{sample.dates[rows[0]]} and {sample.dates[rows[-1]]}; {MIN_DATES} are needed.",
            hint="Take a longer `train`, or factors with more history.",
        )
    found = np.zeros(len(names))
    found[covered] = _solve(series[whole][:, covered], spec)
    return dict(zip(names, found.tolist(), strict=True)), int(whole.sum())


def information_coefficients(sample: Sample, rows: Rows, columns: Rows, min_names: int) -> Array:
    """Rank IC of each factor with the return over the horizon, (R, K); NaN on dates with too few names."""
    forward = sample.forward[np.ix_(rows, columns)]
    ics = [rank_ic(sample.score(name, rows, columns), forward, min_names)[0] for name in sample.scores.names]
    return np.column_stack(ics)


def factor_returns(sample: Sample, rows: Rows, columns: Rows, horizon: int, min_names: int) -> Array:
    """Daily return of each factor's long-short portfolio by rank, (D, K), as a fraction.

    On each session one part in ``horizon`` is formed anew and held for ``horizon`` sessions, entered at the
    close of the session after its scores (Jegadeesh and Titman 1993): days that share no return, and yet
    the factor's behaviour over the horizon. Days on which not all parts are formed from training rows are
    left out: the last day used is two sessions after the last training row.
    """
    earned = sample.earned[np.ix_(np.arange(rows[0] + horizon + 1, rows[-1] + 3), columns)]
    result = np.full((len(earned), len(sample.scores.names)), np.nan)
    for number, name in enumerate(sample.scores.names):
        formed = rank_weights(sample.score(name, rows, columns), min_names)
        running = np.vstack([np.zeros((1, len(columns))), np.cumsum(formed, axis=0)])
        held = (running[horizon:] - running[:-horizon]) / horizon
        count = np.concatenate([[0], np.cumsum(formed.any(axis=1))])
        complete = count[horizon:] - count[:-horizon] == horizon
        result[:, number] = np.where(complete, (held * earned).sum(axis=1), np.nan)
    return result


def _solve(series: Array, spec: Combination) -> Array:
    """Weights from a (D, K) series without NaN; sizes sum to 1. A series that never moves has 0."""
    deviation = series.std(axis=0, ddof=1)
    moves = deviation > 1e-12 * np.maximum(np.abs(series.mean(axis=0)), 1e-300)
    found = np.zeros(series.shape[1])
    if not moves.any():
        return _of_size_one(found)
    scaled = series[:, moves] / deviation[moves]
    weights = np.ones(scaled.shape[1])
    if spec.method != "inverse_volatility":
        overlap = spec.horizon if spec.method == "max_ir" else 1
        weights = best_ratio(scaled.mean(axis=0), _shrunk(scaled, overlap), negative=spec.negative_weights)
    found[moves] = weights / deviation[moves]
    return _of_size_one(found)


def best_ratio(mean: Array, spread: Array, *, negative: bool) -> Array:
    """Weights with the highest mean over standard deviation; sizes sum to 1.

    Parameters
    ----------
    mean : (K,) array
    spread : (K, K) array
        Covariance, positive definite.
    negative : bool
        Whether weights below 0 are allowed: then ``spread^-1 mean``. Else the same with every weight at
        least 0, by the active sets of non-negative least squares: the best ray of the cone minimises
        ``w' spread w / 2 - mean' w`` on it.

    Notes
    -----
    Where no mean is above 0 and none may be turned round, there is no such weight: all are equal then.
    """
    from scipy.optimize import nnls

    root = np.linalg.cholesky(spread)
    aim = np.linalg.solve(root, mean)
    found: Array = np.linalg.solve(root.T, aim) if negative else nnls(root.T, aim)[0]
    return _of_size_one(found)


def _of_size_one(weights: Array) -> Array:
    """Weights whose sizes sum to 1; equal ones where all are 0."""
    size = float(np.abs(weights).sum())
    scaled: Array = weights / size if size > 0.0 else np.full(len(weights), 1.0 / len(weights))
    return scaled


def _shrunk(series: Array, overlap: int) -> Array:
    """Covariance drawn towards a multiple of the identity, as far as the number of dates asks for.

    Neighbouring dates share ``overlap - 1`` of ``overlap`` days of their labels. Each phase of dates that
    share none is estimated by itself, so that the shrinkage knows how few they are; the mean of all phases
    uses every date.
    """
    phases = [series[phase::overlap] for phase in range(overlap)]
    usable = [phase for phase in phases if len(phase) >= 3] or [series]
    if series.shape[1] == 1:
        return np.atleast_2d(series.var(ddof=1))
    found: Array = np.mean([covariance.estimate("ledoit_wolf", phase) for phase in usable], axis=0)
    return found


def told(weights: Mapping[str, float], most: int = 5) -> str:
    """The largest weights in one line, the largest first."""
    ordered = sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0]))
    return ", ".join(f"{name} {weight:.0%}" for name, weight in ordered[:most] if weight)
