"""Walk forward: each span of dates is scored by what was fitted before it began."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.splits import WalkForward
from workbench.errors import NotEnoughHistory
from workbench.factors import combination, registry, transforms
from workbench.research.combine import learn, weigh
from workbench.research.combine.combined import Combined, Window, replaced
from workbench.research.combine.sample import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from workbench.backtests.splits import Fold
    from workbench.factors import Scores
    from workbench.factors.combination import Combination
    from workbench.lake.panel import Panel
    from workbench.research.combine.sample import Sample

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]
    Foretell = Callable[[Rows], Array]


def combine(
    scores: Scores,
    panel: Panel,
    spec: Combination,
    *,
    lookback: int | None = None,
    min_names: int = transforms.ZSCORE_MIN_NAMES,
) -> Combined:
    """Replace the composite by one that was fitted on the past.

    Parameters
    ----------
    scores : Scores
        Features: comparable, per region and date; NaN where missing.
    panel : Panel
        Total-return closes on the dates of the scores, with the sessions before them that the factors'
        look-back takes.
    spec : Combination
        Method, horizon, training span and step. ``equal`` leaves the composite as it is.
    lookback : int, optional
        Sessions before a date that its scores use. None takes the longest of the registered factors.
    min_names : int
        Fewest names of a region and date, for labels and for the composite.

    Returns
    -------
    Combined
        ``composite`` is a z-score per region and date, NaN before the first fit and where a stock has fewer
        than half of the scores by weight (by number for models of trees). ``weights`` tells what each factor
        counted in each fit, ``windows`` when it learnt.

    Raises
    ------
    ConfigError
        A library that is not installed.
    DataError
        Dates or tickers of the scores that the panel does not have.

    Notes
    -----
    Each region is fitted by itself, on its own sessions: the composite of KR is the same whether or not US is
    asked for too, and no label of a market that closes later is used. A span is scored by a fit on dates
    whose labels ended before it, with ``embargo`` sessions between. A fit is made only where the data reach
    over its whole training span and the look-back before it: a history that begins earlier, or data that
    end later, move no fit.

    Timing: the composite of row t uses scores of row t and returns up to the end of the last span before t.

    Examples
    --------
    >>> spec = Combination(method="max_ir", train="3y", step="1y")  # doctest: +SKIP
    >>> wb.research.combine(scores, panel, spec).weights  # doctest: +SKIP
    """
    learn.check_installed(spec.method)
    if not spec.fitted:
        return replaced(scores, np.array(scores.composite.values), spec, (), ())
    reach_back = _lookback(scores) if lookback is None else lookback
    composite = np.full(scores.composite.values.shape, np.nan)
    windows: list[Window] = []
    notes: list[str] = []
    for sample in samples(scores, panel, spec.horizon):
        fitted, missed = _region(sample, spec, reach_back, min_names, composite)
        windows += fitted
        notes += _told(sample, spec, fitted, missed)
    return replaced(scores, composite, spec, windows, notes)


def walk_of(spec: Combination) -> WalkForward:
    """The walk forward of a combination: its spans of the calendar and what is purged."""
    return WalkForward(
        train=combination.months(spec.train),
        test=combination.months(spec.step),
        since=spec.since,
        reach=spec.horizon + 1,
        embargo=spec.embargo,
    )


def _region(
    sample: Sample, spec: Combination, lookback: int, min_names: int, composite: Array
) -> tuple[list[Window], list[str]]:
    """Fit and score every span of a region; what could not be fitted is told."""
    windows, missed = [], []
    for fold, train, test in _folds(sample, spec, lookback):
        try:
            window, foretell = _fit(sample, fold, train, spec, min_names)
        except NotEnoughHistory as error:
            missed.append(f"No fit for the span from {fold.label}: {error.message}")
            continue
        windows.append(window)
        values = transforms.zscore(foretell(test), min_names)
        composite[np.ix_(sample.place[0][test], sample.place[1])] = values
    return windows, missed


def _folds(sample: Sample, spec: Combination, lookback: int) -> Iterator[tuple[Fold, Rows, Rows]]:
    """Folds whose training span, and the look-back before it, the data cover; with their rows."""
    walk = walk_of(spec)
    for fold in walk.folds(sample.sessions[0], sample.dates[-1]):
        begins = int(np.searchsorted(sample.sessions, fold.train_start))
        # The first session that is there may be one after others that are not.
        exact = begins < len(sample.sessions) and sample.sessions[begins] == fold.train_start
        if begins < max(sample.before, lookback, 0 if exact else 1):
            continue
        train, test = walk.rows(fold, sample.dates)
        if len(train) and len(test):
            yield fold, train, test


def _fit(sample: Sample, fold: Fold, train: Rows, spec: Combination, min_names: int) -> tuple[Window, Foretell]:
    first, last = sample.dates[train[0]], sample.dates[train[-1]]
    everyone = np.arange(len(sample.place[1]))
    if spec.method in combination.LEARNED:
        model = learn.Learned(sample, train, spec, min_names)
        window = Window(sample.region, fold, first, last, model.dates, model.observations, model.weights)
        return window, lambda rows: model.foretell(learn.stacked(sample, rows, everyone))
    with learn.one_thread():
        weights, dates = weigh.weigh(sample, train, spec, min_names)
    window = Window(sample.region, fold, first, last, dates, dates, weights)
    counted = {name: weight for name, weight in weights.items() if weight != 0.0}
    return window, lambda rows: transforms.combine(
        {name: sample.score(name, rows, everyone) for name in counted}, counted
    )


def _lookback(scores: Scores) -> int:
    """The longest look-back of the factors that are registered; others are taken to have none."""
    known = set(registry.names())
    return max((registry.get(name).lookback for name in scores.names if name in known), default=0)


def _told(sample: Sample, spec: Combination, windows: list[Window], missed: list[str]) -> list[str]:
    """Notes on the fits of one region."""
    if not windows:
        short = (
            f"the data from {sample.dates[0]} on, with the look-back taken off, cover no training span of {spec.train} "
            f"before {sample.dates[-1]}."
        )
        reason = missed[0] if missed else short
        return [f"{sample.region}: the composite by {spec.method} is empty: {reason}"]
    first, last = windows[0], windows[-1]
    times = "1 fit" if len(windows) == 1 else f"{len(windows)} fits, each"
    span = f"all dates since {spec.since}" if spec.anchored else f"the {spec.train} before its span"
    what = (
        f"{sample.region}: composite by {spec.method}, {times} on {span}; scored from {first.fold.label} on, empty "
        f"before. The last fit learnt until {last.last}, most weight on {weigh.told(last.weights)}."
    )
    holes = [
        f"{later.fold.label}" for former, later in pairwise(windows) if former.fold.test_end != later.fold.test_start
    ]
    gaps = [f"{sample.region}: no composite in the span before {', '.join(holes)}."] if holes else []
    return [what, *gaps, *(f"{sample.region}: {reason}" for reason in missed)]
