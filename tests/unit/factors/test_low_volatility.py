"""Low-volatility factors by hand, and where they have no value."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors

NAMES = [name for name in factors.names() if factors.get(name).family == "low_volatility"]


@pytest.fixture
def walk():
    rng = np.random.default_rng(4)
    return 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (300, 6)), axis=0))


@pytest.fixture
def level():
    return 1000.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.01, (300, 1)), axis=0))


def value(name, **arrays):
    wanted = factors.get(name).needs
    return factors.get(name)(**{need: arrays[need] for need in wanted})


def returns(prices):
    return prices[1:] / prices[:-1] - 1.0


def test_they_are_six_and_low_is_good():
    assert len(NAMES) == 6
    assert all(factors.get(name).direction == -1 for name in NAMES)


def test_downside_volatility_counts_gains_as_zero(walk):
    losses = np.minimum(returns(walk)[27:279], 0.0)
    found = value("downside_volatility_252d", close=walk)
    assert found[279] == pytest.approx(np.sqrt((losses**2).mean(axis=0) * 252))
    rising = np.cumprod(np.full((300, 1), 1.01), axis=0)
    assert (value("downside_volatility_252d", close=rising)[274:] == 0.0).all()


def test_beta_and_idiosyncratic_volatility_by_least_squares(walk, level):
    x = returns(level)[27:279, 0]
    for column in range(walk.shape[1]):
        y = returns(walk)[27:279, column]
        slope, intercept = np.polyfit(x, y, 1)
        rest = y - intercept - slope * x
        assert value("beta_252d", close=walk, index_close=level)[279, column] == pytest.approx(slope, rel=1e-9)
        spread = np.sqrt((rest**2).sum() / 250 * 252)
        found = value("idiosyncratic_volatility_252d", close=walk, index_close=level)
        assert found[279, column] == pytest.approx(spread, rel=1e-9)


def test_drawdown_is_a_positive_depth_and_needs_the_peak_first():
    close = np.full((252, 3), 100.0)
    close[100:, 0], close[150:, 0] = 60.0, 80.0
    close[:50, 1] = 50.0
    close[-1, 2] = 90.0
    found = value("max_drawdown_252d", close=close)[-1]
    assert found == pytest.approx([0.4, 0.0, 0.1])


def test_max_return_is_the_mean_of_the_five_best_days(walk):
    best = np.sort(returns(walk)[258:279], axis=0)[-5:]
    assert value("max_return_21d", close=walk)[279] == pytest.approx(best.mean(axis=0))


def test_a_price_or_an_index_that_never_moves(walk, level):
    flat = np.full_like(walk, 3.0)
    for name in NAMES:
        assert (value(name, close=flat, index_close=level)[274:] == 0.0).all(), name
    still = np.full_like(level, 3.0)
    for name in ("beta_252d", "idiosyncratic_volatility_252d"):
        assert np.isnan(value(name, close=walk, index_close=still)).all()


def test_a_stock_that_is_the_index_has_a_beta_of_one_and_nothing_of_its_own(level):
    assert value("beta_252d", close=level * 4.0, index_close=level)[274:] == pytest.approx(1.0)
    assert value("idiosyncratic_volatility_252d", close=level * 4.0, index_close=level)[274:] == pytest.approx(0.0)


def test_too_few_bars_have_no_value(walk, level):
    walk[100:152, 0] = np.nan  # 52 of 252
    walk[100:150, 1] = np.nan  # 50: just enough bars, and enough returns
    for name in ("volatility_252d", "downside_volatility_252d", "beta_252d", "max_drawdown_252d"):
        found = value(name, close=walk, index_close=level)
        assert np.isnan(found[279, 0]), name
        if name == "max_drawdown_252d":
            assert np.isfinite(found[279, 1])
