"""Weights in closed form, against computations of their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_scores import world

from workbench.errors import NotEnoughHistory
from workbench.factors.combination import Combination
from workbench.research.combine import weigh
from workbench.research.combine.sample import rank_weights, samples
from workbench.research.forward import forward_returns
from workbench.research.information import rank_ic


def a_covariance(rng, size):
    root = rng.normal(size=(size, 2 * size))
    return root @ root.T / (2 * size)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_no_other_weights_have_a_better_ratio(seed, size):
    rng = np.random.default_rng(seed)
    mean, spread = rng.normal(0.1, 1.0, size), a_covariance(rng, size)

    def ratio(weights):
        return weights @ mean / np.sqrt(weights @ spread @ weights)

    free = weigh.best_ratio(mean, spread, negative=True)
    assert np.abs(free).sum() == pytest.approx(1.0)
    bounded = weigh.best_ratio(mean, spread, negative=False)
    assert (bounded >= 0.0).all()
    if (mean <= 0.0).all():
        assert bounded == pytest.approx(np.full(size, 1 / size))
        return
    for other in (*np.eye(size), *rng.exponential(size=(50, size)), bounded + 1e-4 * rng.exponential(size=size)):
        assert ratio(bounded) >= ratio(other) - 1e-9
        assert ratio(free) >= ratio(other) - 1e-9


def test_two_uncorrelated_factors_by_hand():
    # Means 2 and 1, variances 4 and 1: weights as 2/4 to 1/1.
    weights = weigh.best_ratio(np.array([2.0, 1.0]), np.diag([4.0, 1.0]), negative=False)
    assert weights == pytest.approx([1 / 3, 2 / 3])
    assert weigh.best_ratio(np.array([2.0, -1.0]), np.diag([4.0, 1.0]), negative=False) == pytest.approx([1.0, 0.0])
    assert weigh.best_ratio(np.array([2.0, -1.0]), np.diag([4.0, 1.0]), negative=True) == pytest.approx([1 / 3, -2 / 3])


def test_rank_weights_are_long_the_upper_half():
    weights = rank_weights(np.array([[1.0, 2.0, np.nan, 3.0, 9.0, 4.0], [1.0] + [np.nan] * 5]), min_names=5)
    assert weights[0] == pytest.approx([-2 / 3, -1 / 3, 0.0, 0.0, 2 / 3, 1 / 3])
    assert (weights[1] == 0.0).all()


def test_factor_returns_equal_a_loop_over_days_and_parts():
    one = world(seed=3, rows=90, names=20, missing=0.05)
    horizon, rows = 5, np.arange(20, 70)
    (sample,) = samples(one.scores, one.panel, horizon)
    columns = np.arange(20)
    found = weigh.factor_returns(sample, rows, columns, horizon, min_names=5)
    close = one.panel["close"]
    carried = np.array(close)
    for row in range(1, len(carried)):
        carried[row] = np.where(np.isnan(carried[row]), carried[row - 1], carried[row])
    for number, name in enumerate(one.scores.names):
        formed = rank_weights(one.scores.values[name], 5)
        expected = []
        for day in range(20 + horizon + 1, 72):
            daily = np.nan_to_num(carried[day] / carried[day - 1] - 1.0)
            # A part of day f is bought at the close of f + 1 and sold at that of f + 1 + horizon.
            parts = [formed[f] @ daily for f in range(20, 70) if f + 1 < day <= f + 1 + horizon]
            assert len(parts) == horizon
            expected.append(np.mean(parts))
        assert found[:, number] == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_inverse_volatility_is_that_of_the_factor_returns():
    one = world(seed=4, rows=400, names=30)
    spec = Combination(method="inverse_volatility", horizon=10)
    (sample,) = samples(one.scores, one.panel, spec.horizon)
    rows = np.arange(300)
    weights, dates = weigh.weigh(sample, rows, spec, 10)
    returns = weigh.factor_returns(sample, rows, np.arange(30), 10, 10)
    expected = 1 / returns.std(axis=0, ddof=1)
    assert list(weights.values()) == pytest.approx(expected / expected.sum())
    assert dates == 300 - 10 + 1


def test_max_ir_weighs_by_the_coefficients_of_the_training_rows():
    one = world(seed=5, strength=(0.002, 0.001, 0.0), rows=800, names=80, missing=0.0)
    spec = Combination(method="max_ir", horizon=5)
    (sample,) = samples(one.scores, one.panel, 5)
    rows = np.arange(700)
    weights, _ = weigh.weigh(sample, rows, spec, 10)
    assert weights["factor_0"] > weights["factor_1"] > weights["factor_2"]
    forward = forward_returns(one.panel, 5)
    ic = weigh.information_coefficients(sample, rows, np.arange(80), 10)
    for number, name in enumerate(one.scores.names):
        assert ic[:, number] == pytest.approx(rank_ic(one.scores.values[name], forward)[0][rows])
    # Little is shrunk with 140 phases of 5 days: near the plain covariance.
    plain = weigh.best_ratio(ic.mean(axis=0), np.cov(ic.T), negative=False)
    assert list(weights.values()) == pytest.approx(plain, abs=0.1)


def test_a_factor_without_data_has_no_weight_and_too_few_dates_are_told():
    one = world(seed=6, rows=300, names=30)
    one.scores.values["factor_1"][:200] = np.nan
    spec = Combination(method="max_ir", horizon=5)
    (sample,) = samples(one.scores, one.panel, 5)
    weights, _ = weigh.weigh(sample, np.arange(220), spec, 10)
    assert weights["factor_1"] == 0.0
    assert sum(weights.values()) == pytest.approx(1.0)
    with pytest.raises(NotEnoughHistory, match=r"KR has 30 dates.*40 are needed"):
        weigh.weigh(sample, np.arange(30), spec, 10)
