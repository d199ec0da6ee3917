"""A fitted composite may not move when what comes later is cut off, scrambled or revised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_scores import assembled, changed, world

from workbench.backtests.splits import WalkForward
from workbench.factors.combination import LEARNED, WEIGHTED, Combination
from workbench.factors.scores import COMPOSITE, Labels
from workbench.research import combine

METHODS = (*WEIGHTED, *LEARNED)
#: In the middle of a scored span: two fits and a half have been made by then.
CUT = 720
SPEC = {"train": "1y", "step": "6m", "horizon": 10, "trees": 20, "min_leaf": 20}
STRENGTH = (0.001, 0.0005, 0.0)


def spec_of(method):
    return Combination(**{"method": method, **SPEC})


def known_then():
    """A world in which the last column is listed after the cut."""
    one = world(seed=7, strength=STRENGTH, rows=900, names=40)
    values, close = {name: np.array(one.scores.values[name]) for name in one.scores.names}, one.panel["close"].copy()
    for array in (*values.values(), close):
        array[: CUT + 10, -1] = np.nan
    return assembled(values, close, one.panel.dates.copy())


def changes(one):
    """The same past with other futures."""
    revised = changed(one)
    close = np.array(revised.panel["close"])
    close[CUT:] *= 1.5
    return {
        "cut off": changed(one, rows=slice(None, CUT), columns=slice(None, -1)),
        "scrambled": changed(one, later=CUT),
        "revised": assembled(dict(revised.scores.raw), close, one.panel.dates.copy()),
    }


def moved(method, one, other, lookback=None):
    """Largest relative difference of the composites before the cut."""
    spec = spec_of(method)
    known = combine(one.scores, one.panel, spec, lookback=lookback).composite.values[:CUT]
    again = combine(other.scores, other.panel, spec, lookback=lookback).composite.values[:CUT]
    known = known[:, : again.shape[1]]
    assert np.isfinite(known).sum() > 5_000
    if not np.array_equal(np.isnan(known), np.isnan(again)):
        return np.inf
    return np.nanmax(np.abs(known - again) / np.maximum(np.abs(known), 1e-3))


@pytest.mark.parametrize("change", ["cut off", "scrambled", "revised"])
@pytest.mark.parametrize("method", METHODS)
def test_a_composite_does_not_see_the_future(method, change):
    one = known_then()
    assert moved(method, one, changes(one)[change]) <= 1e-12


@pytest.mark.parametrize("method", METHODS)
def test_labels_after_a_fit_move_nothing_it_scores(method):
    """From the last day that a fit may know on, every price is another one; only the scores stay."""
    one = known_then()
    days = one.panel.dates
    start = int(np.searchsorted(days, np.datetime64("2022-07-01")))
    assert start < CUT
    close = np.array(one.panel["close"])
    close[start:] = np.random.default_rng(3).permutation(close[start:].ravel()).reshape(close[start:].shape)
    other = assembled(dict(one.scores.raw), close, days.copy())
    assert moved(method, one, other) <= 1e-12


@pytest.mark.parametrize("method", ["max_ir", "random_forest", "gradient_boosting"])
def test_a_longer_history_moves_no_fit_that_was_made(method):
    one, early = known_then(), 60
    later = changed(one, rows=slice(early, None))
    # The look-back has the first whole training span begin in both on the same day.
    spec = spec_of(method)
    whole = combine(one.scores, one.panel, spec).composite.values[early:]
    short = combine(later.scores, later.panel, spec).composite.values
    both = ~np.isnan(short)
    assert both.sum() > 5_000
    assert np.nanmax(np.abs(whole[both] - short[both])) <= 1e-12
    assert (~np.isnan(whole)).sum() >= both.sum()


@pytest.mark.parametrize("method", ["max_ir", "gradient_boosting"])
def test_another_region_moves_nothing(method):
    """US has sessions of its own: on every ninth row of the union only it trades, on others only KR."""
    one, more = known_then(), world(seed=8, strength=STRENGTH, rows=900, names=30)
    tickers = (*one.panel.tickers, *(name.replace("KR", "US") for name in more.panel.tickers))
    number = np.arange(900)
    sessions = {"KR": number % 9 != 0, "US": number % 10 != 0}

    def closed(array, region):
        return np.where(sessions[region][:, None], array, np.nan)

    def pair(name):
        return np.hstack([closed(one.scores.values[name], "KR"), closed(more.scores.values[name], "US")])

    values = {name: pair(name) for name in (*one.scores.names, COMPOSITE)}
    raw = {name: values[name] for name in one.scores.names}
    close = np.hstack([closed(one.panel["close"], "KR"), closed(more.panel["close"], "US")])
    panel = replace(
        one.panel,
        tickers=tickers,
        bars={"close": close},
        session_rows=sessions,
        **{name: np.empty(0) for name in ("split_factor", "total_factor")},
        **{name: np.empty(0, dtype=bool) for name in ("member", "traded", "breaks")},
        adjusted_kind=(),
        currencies=(),
        delisting=type(one.panel.delisting).none(0),
        _adjusted={},
    )
    labels = Labels(panel.dates, tickers, tuple(panel.regions), sessions)
    both = combine(replace(one.scores, labels=labels, raw=raw, values=values), panel, spec_of(method))
    rows = sessions["KR"]
    alone = assembled(
        {name: one.scores.values[name][rows] for name in one.scores.names},
        one.panel["close"][rows],
        one.panel.dates[rows].copy(),
    )
    known = combine(alone.scores, alone.panel, spec_of(method)).composite.values
    found = both.composite.values[np.ix_(rows, np.arange(40))]
    assert np.isfinite(known).sum() > 5_000
    assert np.array_equal(np.isnan(known), np.isnan(found))
    assert np.nanmax(np.abs(known - found)) <= 1e-12
    assert np.isnan(both.composite.values[~sessions["US"]][:, 40:]).all()
    assert np.isfinite(both.composite.values[:, 40:]).any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("leak", ["the whole sample", "no purge"])
def test_a_fit_that_knows_too_much_is_noticed(method, leak, monkeypatch):
    honest = WalkForward.rows

    def whole(self, fold, sessions):
        return np.arange(len(sessions) - 2), honest(self, fold, sessions)[1]

    def unpurged(self, fold, sessions):
        train = np.flatnonzero((sessions >= fold.train_start) & (sessions < fold.train_end))
        return train, honest(self, fold, sessions)[1]

    monkeypatch.setattr(WalkForward, "rows", whole if leak == "the whole sample" else unpurged)
    one = known_then()
    if leak == "the whole sample":
        assert moved(method, one, changes(one)["scrambled"]) > 1e-6
        return
    # Only the days on which the labels of the last training rows end tell the difference.
    days = one.panel.dates
    start = int(np.searchsorted(days, np.datetime64("2022-07-01")))
    close = np.array(one.panel["close"])
    close[start:] = np.random.default_rng(3).permutation(close[start:].ravel()).reshape(close[start:].shape)
    assert moved(method, one, assembled(dict(one.scores.raw), close, days.copy())) > 1e-9
