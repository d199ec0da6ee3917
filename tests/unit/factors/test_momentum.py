"""Momentum factors by hand, and where they have no value."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors


@pytest.fixture
def walk():
    rng = np.random.default_rng(2)
    return 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (320, 8)), axis=0))


@pytest.fixture
def level():
    return 1000.0 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, 0.01, (320, 1)), axis=0))


def value(name, **arrays):
    return factors.get(name)(**arrays)


@pytest.mark.parametrize(("name", "window", "skip"), [("momentum_6m_1m", 126, 21), ("reversal_1m", 21, 0)])
def test_returns_between_two_sessions(walk, name, window, skip):
    found = value(name, close=walk)
    assert found[300] == pytest.approx(walk[300 - skip] / walk[300 - window] - 1.0, rel=1e-14)
    assert np.isnan(found[:window]).all()


def test_rsi_is_the_share_of_rises_in_all_moves():
    close = np.array([10.0, 11, 13, 12, 12, 15, 14, 16, 17, 16, 18, 19, 18, 20, 21])[:, None]
    moves = np.diff(close[:, 0])
    expected = 100.0 * moves[moves > 0].sum() / np.abs(moves).sum()
    assert value("rsi_14", close=close)[-1, 0] == pytest.approx(expected)
    rising, falling = np.arange(1.0, 31)[:, None], np.arange(31.0, 1, -1)[:, None]
    assert value("rsi_14", close=rising)[-1, 0] == 100.0
    assert value("rsi_14", close=falling)[-1, 0] == 0.0
    assert factors.get("rsi_14").direction == -1


def test_rsi_knows_nothing_of_what_was_before_its_window(walk):
    shifted = walk.copy()
    shifted[:250] *= 7.0
    found, other = value("rsi_14", close=walk), value("rsi_14", close=shifted)
    np.testing.assert_array_equal(found[265:], other[265:])


def test_nearness_to_the_high_and_distance_from_the_mean(walk):
    assert value("near_high_52w", close=walk)[300] == pytest.approx(walk[300] / walk[49:301].max(axis=0))
    assert value("trend_200d", close=walk)[300] == pytest.approx(walk[300] / walk[101:301].mean(axis=0) - 1.0)
    walk[298:301, 0] = np.nan
    assert value("near_high_52w", close=walk)[300, 0] == pytest.approx(walk[297, 0] / walk[49:298, 0].max())
    assert np.nanmax(value("near_high_52w", close=walk)) == 1.0


def test_relative_strength_divides_by_the_growth_of_the_index(walk, level):
    found = value("relative_strength_6m", close=walk, index_close=level)
    stock, index = walk[300] / walk[174], level[300, 0] / level[174, 0]
    assert found[300] == pytest.approx(stock / index - 1.0)
    missing = value("relative_strength_6m", close=walk, index_close=np.full_like(level, np.nan))
    assert np.isnan(missing).all()


def test_residual_momentum_by_least_squares(walk, level):
    found = value("residual_momentum_12m_1m", close=walk, index_close=level)
    r, m = np.diff(walk[:, 2]) / walk[:-1, 2], np.diff(level[:, 0]) / level[:-1, 0]
    t = 300
    y, x = r[t - 252 : t - 21], m[t - 252 : t - 21]  # r[k] is the return of row k + 1
    slope, intercept = np.polyfit(x, y, 1)
    spread = np.sqrt(((y - intercept - slope * x) ** 2).sum() / (len(y) - 2))
    assert len(y) == 231
    assert found[t, 2] == pytest.approx((y - slope * x).sum() / spread, rel=1e-9)
    later = walk.copy()
    later[t - 20 : t + 1] *= 2.0
    np.testing.assert_array_equal(value("residual_momentum_12m_1m", close=later, index_close=level)[t], found[t])


def test_a_price_that_never_moves(walk, level):
    flat = np.full_like(walk, 9.0)
    assert (value("momentum_6m_1m", close=flat)[147:] == 0.0).all()
    assert np.isnan(value("rsi_14", close=flat)).all()
    assert (value("near_high_52w", close=flat)[251:] == 1.0).all()
    assert value("trend_200d", close=flat)[251:] == pytest.approx(0.0, abs=1e-15)
    assert np.isnan(value("residual_momentum_12m_1m", close=flat, index_close=level)).all()
