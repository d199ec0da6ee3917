"""Fitted composites: they find what is planted, find nothing in noise, and say what they did."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest
from planted_scores import assembled, changed, world
from pydantic import ValidationError

from workbench.backtests.splits import WalkForward
from workbench.errors import ConfigError, DataError
from workbench.factors import transforms
from workbench.factors.combination import LEARNED, WEIGHTED, Combination
from workbench.factors.scores import COMPOSITE
from workbench.research import combine, forward_returns
from workbench.research.information import rank_ic

METHODS = (*WEIGHTED, *LEARNED)
#: 2021 on is scored, by fits on the year before each half year.
SPEC = {"train": "1y", "step": "6m", "horizon": 10, "trees": 30, "min_leaf": 20}


def spec_of(method, **more):
    return Combination(**{"method": method, **SPEC, **more})


def coefficients(combined, one, horizon=10):
    """Out-of-sample rank ICs of dates that share no return, where there is a composite."""
    scored = ~np.isnan(combined.composite.values).all(axis=1)
    ic, _ = rank_ic(combined.composite.values, forward_returns(one.panel, horizon))
    ic = ic[scored][:: horizon + 1]
    return ic[~np.isnan(ic)]


def t_of(ic):
    return float(ic.mean() / ic.std(ddof=1) * math.sqrt(len(ic)))


@pytest.fixture(scope="module")
def planted():
    return world(seed=1)


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_finds_the_one_factor_that_foretells(method, planted):
    combined = combine(planted.scores, planted.panel, spec_of(method))
    rows = ~np.isnan(combined.composite.values).all(axis=1)
    assert str(planted.panel.dates[rows][0]) == "2021-01-01"
    equal = np.where(rows[:, None], planted.scores.composite.values, np.nan)
    plain, _ = rank_ic(equal, forward_returns(planted.panel, 10))
    found, _ = rank_ic(combined.composite.values, forward_returns(planted.panel, 10))
    if method == "inverse_volatility":  # knows nothing of means
        assert np.nanmean(found) == pytest.approx(np.nanmean(plain), abs=0.03)
        return
    assert np.nanmean(found) > 1.3 * np.nanmean(plain)
    heaviest = combined.weights.sort("weight").group_by("window").last()
    assert set(heaviest["factor"]) == {"factor_0"}


@pytest.mark.parametrize("method", METHODS)
def test_noise_is_no_more_than_noise(method):
    found = []
    for seed in range(6):
        noise = world(seed=100 + seed, strength=(0.0,) * 4, rows=820, names=40)
        found.append(t_of(coefficients(combine(noise.scores, noise.panel, spec_of(method)), noise)))
    # The mean of six t-statistics has a standard deviation of 0.41.
    assert abs(np.mean(found)) < 1.25
    assert max(np.abs(found)) < 3.2


@pytest.mark.parametrize("method", ["random_forest", "gradient_boosting", "xgboost"])
def test_a_fit_on_the_whole_sample_finds_something_in_noise(method, monkeypatch):
    """The test above can fail: the same worlds, learnt with the answers."""
    honest = WalkForward.rows

    def leaking(self, fold, sessions):
        return np.arange(len(sessions) - 2), honest(self, fold, sessions)[1]

    monkeypatch.setattr(WalkForward, "rows", leaking)
    found = []
    for seed in range(2):
        noise = world(seed=100 + seed, strength=(0.0,) * 4, rows=820, names=40)
        combined = combine(noise.scores, noise.panel, spec_of(method, depth=8, every=2))
        found.append(t_of(coefficients(combined, noise)))
    assert min(found) > 5.0


@pytest.mark.parametrize("method", METHODS)
def test_the_same_again_gives_the_same_bits(method, planted):
    first, again = (combine(planted.scores, planted.panel, spec_of(method)) for _ in range(2))
    assert np.array_equal(first.composite.values, again.composite.values, equal_nan=True)


@pytest.mark.parametrize("method", METHODS)
def test_the_composite_is_a_zscore_and_missing_stays_missing(method, planted):
    values = {name: np.array(planted.scores.values[name]) for name in planted.scores.names}
    for name in list(values)[:3]:
        values[name][700:720, 5] = np.nan
    one = assembled(values, np.array(planted.panel["close"]), planted.panel.dates.copy())
    combined = combine(one.scores, one.panel, spec_of(method))
    there = ~np.isnan(combined.composite.values)
    scored = there.any(axis=1)
    assert not scored[: np.searchsorted(one.panel.dates, np.datetime64("2021-01-01"))].any()
    means, deviations = (
        np.nanmean(combined.composite.values[scored], 1),
        np.nanstd(combined.composite.values[scored], 1),
    )
    assert means == pytest.approx(np.zeros(len(means)), abs=1e-9)
    assert deviations == pytest.approx(np.ones(len(means)))
    if method in LEARNED:
        assert not there[700:720, 5].any()
        seen = sum((~np.isnan(array)).astype(int) for array in values.values())
        assert np.array_equal(there[scored], (seen >= 3)[scored])


def test_weights_are_renormalised_over_what_is_there(planted):
    combined = combine(planted.scores, planted.panel, spec_of("max_ir"))
    weights = combined.weights.filter(combined.weights["window"] == combined.weights["window"].max())
    own = {factor: weight for factor, weight in weights.select("factor", "weight").iter_rows() if weight}
    row = np.flatnonzero(~np.isnan(combined.composite.values).all(axis=1))[-1]
    expected = transforms.combine({name: planted.scores.values[name][[row]] for name in own}, own)
    assert combined.composite.values[row] == pytest.approx(transforms.zscore(expected)[0], nan_ok=True)


def test_windows_say_what_was_learnt_when(planted):
    combined = combine(planted.scores, planted.panel, spec_of("max_ir"))
    frame = combined.windows
    assert [str(day) for day in frame["window"]] == [str(day) for day in frame["window"].sort()]
    assert frame["region"].unique().to_list() == ["KR"]
    days = planted.panel.dates
    for window, last in frame.select("window", "last").iter_rows():
        gap = np.searchsorted(days, np.datetime64(window)) - np.searchsorted(days, np.datetime64(last))
        assert gap == 10 + 1 + 5 + 1
    assert frame["dates"].min() > 200
    assert combined.weights.group_by("window").agg(sum=combined.weights["weight"].sum()).height == frame.height
    assert any("KR: composite by max_ir" in note and "empty before" in note for note in combined.notes)
    assert combined.method == "max_ir"


def test_equal_weights_leave_the_composite_as_it_is(planted):
    combined = combine(planted.scores, planted.panel, Combination())
    assert np.array_equal(combined.composite.values, planted.scores.composite.values, equal_nan=True)
    assert combined.weights.is_empty()
    assert combined.windows.is_empty()
    assert combined.notes == planted.scores.notes


def test_too_short_a_history_gives_an_empty_composite_and_the_reason(planted):
    combined = combine(planted.scores, planted.panel, spec_of("max_ir", train="10y"))
    assert np.isnan(combined.composite.values).all()
    assert any("is empty: the data from 2019-12-02" in note for note in combined.notes)
    few = world(seed=2, rows=500, names=12)
    combined = combine(few.scores, few.panel, spec_of("gradient_boosting", every=21))
    assert any("500 on 12 are needed" in note for note in combined.notes)


def test_a_span_that_the_look_back_eats_into_is_not_learnt_from(planted):
    whole = combine(planted.scores, planted.panel, spec_of("max_ir"))
    later = combine(planted.scores, planted.panel, spec_of("max_ir"), lookback=100)
    assert str(whole.windows["window"][0]) == "2021-01-01"
    assert str(later.windows["window"][0]) == "2021-07-01"


def test_an_anchored_fit_learns_from_its_first_day_on(planted):
    spec = spec_of("max_ir", anchored=True, since="2020-01-01")
    combined = combine(planted.scores, planted.panel, spec)
    assert {str(day) for day in combined.windows["first"]} == {"2020-01-01"}
    assert combined.windows["dates"].is_sorted()


def test_ties_of_trees_are_broken_by_the_equal_weights(planted):
    combined = combine(planted.scores, planted.panel, spec_of("gradient_boosting", trees=5, depth=1))
    assert combined.composite.tie_break is planted.scores.values[COMPOSITE]


def test_scores_that_do_not_fit_the_panel_are_refused(planted):
    short = changed(planted, rows=slice(100, None))
    with pytest.raises(DataError, match="100 dates of the scores are no rows"):
        combine(planted.scores, short.panel, spec_of("max_ir"))
    narrow = changed(planted, columns=slice(0, 50))
    with pytest.raises(DataError, match="10 tickers of the scores are not in the panel"):
        combine(planted.scores, narrow.panel, spec_of("max_ir"))


def test_a_missing_extra_is_told_with_its_name(planted, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "xgboost":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'spock-workbench\[xgboost\]'"):
        combine(planted.scores, planted.panel, spec_of("xgboost"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"method": "best"}, "Input should be 'equal'"),
        ({"train": "4w"}, "is no period: write years or months"),
        ({"train": "30y"}, "between 3m and 20y"),
        ({"step": "9y"}, "between 1m and 5y"),
        ({"train": "3m"}, "at least 40 must remain"),
        ({"horizon": 0}, "greater than or equal to 1"),
        ({"anchored": True}, "anchored=true needs `since`"),
        ({"since": "2020-01-01"}, "`since` needs anchored=true"),
        ({"anchored": True, "since": "2020-01-15"}, "first day of a month"),
        ({"leaves": 4}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_settings_name_the_bound(fields, told):
    with pytest.raises(ValidationError, match=told):
        Combination(**fields)
