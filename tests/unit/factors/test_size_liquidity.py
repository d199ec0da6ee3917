"""Size and liquidity factors by hand, and what a day without a trade means to each."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors


def value(name, **arrays):
    return factors.get(name)(**arrays)


@pytest.fixture
def walk():
    return 50.0 * np.exp(np.cumsum(np.random.default_rng(6).normal(0.0, 0.02, (300, 4)), axis=0))


@pytest.fixture
def traded():
    return np.random.default_rng(7).lognormal(13.0, 1.0, (300, 4))


def test_market_cap_in_logarithms():
    found = value("log_market_cap", market_cap=np.array([[np.e**3, 0.0, -1.0, np.nan]]))
    assert found[0] == pytest.approx([3.0, np.nan, np.nan, np.nan], nan_ok=True)


def test_dollar_volume_counts_days_without_a_trade_as_zero(traded):
    traded[250:270, 1] = np.nan
    traded[:265, 2] = np.nan
    found = value("log_dollar_volume_63d", dollar_volume=traded)[299]
    assert found[0] == pytest.approx(np.log(traded[237:300, 0].mean()))
    assert found[1] == pytest.approx(np.log(np.nansum(traded[237:300, 1]) / 63))
    assert np.isnan(found[2]), "listed 35 sessions ago"


def test_amihud_is_the_mean_of_return_over_money(walk, traded):
    traded[280, 1] = 0.0
    walk[260, 2] = traded[260, 2] = np.nan
    found = value("amihud_illiquidity_252d", close=walk, dollar_volume=traded)[299]
    size = np.abs(walk[1:] / walk[:-1] - 1.0)
    assert found[0] == pytest.approx((size[47:299, 0] / traded[48:300, 0]).mean() * 1e6)
    rows = [row for row in range(48, 300) if row != 280]
    assert found[1] == pytest.approx(np.mean([size[row - 1, 1] / traded[row, 1] for row in rows]) * 1e6)
    sizes = {row: abs(walk[row, 2] / walk[row - 1 - (row == 261), 2] - 1.0) for row in range(48, 300) if row != 260}
    assert found[2] == pytest.approx(np.mean([sizes[row] / traded[row, 2] for row in sizes]) * 1e6)
    walk[100:155, 3] = np.nan
    assert np.isnan(value("amihud_illiquidity_252d", close=walk, dollar_volume=traded)[299, 3])


def test_turnover_does_not_see_a_split():
    """Half the price and twice the shares on row 40: the same share of the company changes hands."""
    rows = 80
    price, shares = np.full((rows, 3), 100.0), np.full((rows, 3), 1e6)
    price[40:, 0], shares[40:, 0] = 50.0, 2e6
    money = np.full((rows, 3), 1e6)
    money[60:70, 1] = np.nan
    shares[:70, 2] = np.nan
    found = value("turnover_63d", dollar_volume=money, price=price, shares_outstanding=shares)[-1]
    assert found[0] == pytest.approx(0.01)
    assert found[1] == pytest.approx(0.01 * 53 / 63)
    assert np.isnan(found[2])


def test_zero_return_days_count_days_without_a_trade():
    close = np.cumprod(np.tile([[1.01], [0.98], [1.02]], (100, 4)), axis=0)
    close[200:210, 0] = close[199, 0]
    close[100:163, 1] = np.nan
    close[:100, 2] = np.nan
    close[:, 3] = 5.0
    found = value("zero_return_days_252d", close=close)[299]
    assert found[0] == pytest.approx(10 / 252)
    assert found[1] == pytest.approx(64 / 252), "63 days of a halt, and the bar after it"
    assert np.isnan(found[2]), "listed 200 sessions ago"
    assert found[3] == 1.0
