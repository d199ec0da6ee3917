"""The public windows: the rule of enough values, and pieces that kernels do not have."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors
from workbench.factors import windows


@pytest.mark.parametrize(("window", "fewest"), [(1, 1), (5, 4), (14, 12), (21, 17), (63, 51), (252, 202), (253, 203)])
def test_four_fifths_of_the_rows_are_needed(window, fewest):
    assert windows.needed(window) == fewest
    for seen, there in ((fewest, True), (fewest - 1, False)):
        values = np.full((window, 1), np.nan)
        values[window - seen :] = np.arange(seen)[:, None]
        for function in (windows.rolling_sum, windows.rolling_mean, windows.rolling_max, windows.rolling_min):
            assert np.isfinite(function(values, window)[-1, 0]) == (there and seen > 0)
        if window > 1:
            assert np.isfinite(windows.rolling_std(values, window)[-1, 0]) == there


def test_a_share_of_values_may_be_asked_for():
    values = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    assert np.isnan(windows.rolling_mean(values, 4)[-1, 0])
    assert windows.rolling_mean(values, 4, share=0.5)[-1, 0] == 2.0
    assert windows.rolling_max(values, 4, share=0.0)[-1, 0] == 3.0
    assert np.isnan(windows.rolling_max(np.full((4, 1), np.nan), 4, share=0.0)).all()


def test_a_price_is_carried_for_21_sessions_and_no_longer():
    prices = np.full((40, 1), np.nan)
    prices[3] = 7.0
    carried = windows.carry(prices)[:, 0]
    assert np.isnan(carried[:3]).all()
    assert (carried[3:25] == 7.0).all()
    assert np.isnan(carried[25:]).all()
    assert np.isfinite(windows.carry(prices, limit=1)[:, 0]).sum() == 2


def test_a_return_spans_a_halt_of_21_sessions_and_no_longer():
    prices = np.full((60, 2), np.nan)
    prices[[0, 22], 0] = 100.0, 150.0
    prices[[0, 23], 1] = 100.0, 150.0
    returns = windows.observed_returns(prices)
    assert returns[22, 0] == 0.5
    assert windows.observed_changes(prices)[22, 0] == 50.0
    assert np.isnan(returns[:, 1]).all()


def test_observed_share_by_hand():
    values = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    assert windows.observed_share(values, 2)[:, 0] == pytest.approx([np.nan, 0.5, 0.5, 0.5], nan_ok=True)


def test_top_mean_by_hand():
    values = np.array([[0.1], [0.4], [np.nan], [0.2], [0.3]])
    assert windows.rolling_top_mean(values, 5, 2)[-1, 0] == pytest.approx(0.35)
    assert np.isnan(windows.rolling_top_mean(values, 5, 5)[-1, 0])


def test_the_mean_since_the_first_value_counts_missing_rows_as_zero():
    values = np.full((10, 3), np.nan)
    values[[0, 5], 0] = 4.0, 6.0
    values[2, 1] = 8.0
    values[3:, 2] = 1.0
    mean = windows.mean_since_listed(values, 10)[-1]
    assert mean[0] == 1.0
    assert mean[1] == 1.0
    assert np.isnan(mean[2]), "listed on fewer than 80 % of the window's rows"
    assert np.isnan(windows.mean_since_listed(values, 10)[:9]).all()
    assert np.isnan(windows.mean_since_listed(np.full((10, 1), np.nan), 10)).all()


def test_lag():
    values = np.arange(6.0).reshape(3, 2)
    assert windows.lag(values, 1)[1:] == pytest.approx(values[:2])
    assert np.isnan(windows.lag(values, 1)[0]).all()
    assert np.isnan(windows.lag(values, 3)).all()
    assert (windows.lag(values, 0) == values).all()


def test_a_halted_stock_is_compared_with_the_index_over_the_same_span():
    """Units of the index itself that are not quoted on some days still have a beta of exactly one."""
    market = np.random.default_rng(0).normal(0.0, 0.01, 300)
    market[200:213] = [0.03] * 12 + [-0.02]
    level = np.cumprod(1.0 + market)[:, None]
    gappy = level.copy()
    gappy[100:105], gappy[200:212], gappy[250:265:2] = np.nan, np.nan, np.nan
    assert windows.beta(gappy, level, 252)[-1, 0] == pytest.approx(1.0, rel=1e-12)
    own = windows.observed_returns(gappy)[48:, 0]
    there = ~np.isnan(own)
    naive = np.polyfit(market[48:][there], own[there], 1)[0]
    assert abs(naive - 1.0) > 0.1, "the index's last day would be the wrong thing to compare with"


PRICE_FAMILIES = {"momentum", "low_volatility", "size_liquidity"}
PRICE_FACTORS = [name for name in factors.names() if factors.get(name).family in PRICE_FAMILIES]


def market(rows=420, columns=23, gaps=0.04):
    """Inputs of every price factor, with holes, late listings, a long halt and a price that does not move."""
    rng = np.random.default_rng(8)
    moves = rng.normal(0.0, 0.01, (rows, 1))
    close = 80.0 * np.exp(np.cumsum(moves + rng.normal(0.0, 0.02, (rows, columns)), axis=0))
    close[:, 5] = 12.0
    price, shares = close.copy(), np.full(close.shape, 1e7)
    money = close * rng.lognormal(10.0, 1.0, close.shape)
    gone = rng.random(close.shape) < gaps
    gone[:90, 3], gone[200:230, 4], gone[:, 6] = True, True, True
    for values in (close, money):
        values[gone] = np.nan
    level = 1000.0 * np.exp(np.cumsum(moves, axis=0))
    return {
        "close": close,
        "index_close": level,
        "dollar_volume": money,
        "price": price,
        "shares_outstanding": shares,
        "market_cap": price * shares,
    }


def computed(factor, inputs, rows):
    return factor(**{name: inputs[name][rows] for name in factor.needs})


def test_there_are_nineteen_price_factors_each_with_its_source():
    assert len(PRICE_FACTORS) == 19
    for name in PRICE_FACTORS:
        assert factors.get(name).source
        assert "Timing:" in (factors.get(name).function.__doc__ or "")


@pytest.mark.parametrize("numba", ["1", "0"])
@pytest.mark.parametrize("name", PRICE_FACTORS)
def test_a_factor_uses_its_look_back_and_no_row_more(monkeypatch, name, numba):
    """The daily update: the last rows alone give the bits of the whole, and so does a future that is cut off."""
    monkeypatch.setenv("WORKBENCH_NUMBA", numba)
    factor, inputs = factors.get(name), market()
    whole = computed(factor, inputs, slice(None))
    assert np.isfinite(whole[-1]).sum() > 15
    for last in (419, 400, 333):
        update = computed(factor, inputs, slice(last - factor.lookback, last + 1))
        np.testing.assert_array_equal(update[-1], whole[last])
    np.testing.assert_array_equal(computed(factor, inputs, slice(0, 350)), whole[:350])


@pytest.mark.parametrize("name", PRICE_FACTORS)
def test_one_name_alone_nothing_at_all_and_too_few_rows(name):
    factor, inputs = factors.get(name), market()
    whole = computed(factor, inputs, slice(None))
    alone = {key: values[:, :1] for key, values in inputs.items()}
    np.testing.assert_array_equal(computed(factor, alone, slice(None)), whole[:, :1])
    nothing = {key: np.full_like(values, np.nan) for key, values in inputs.items()}
    assert np.isnan(computed(factor, nothing, slice(None))).all()
    assert computed(factor, inputs, slice(0, 3)).shape == (3, 23)
    none = {key: values if key == "index_close" else values[:, :0] for key, values in inputs.items()}
    assert computed(factor, none, slice(None)).shape == (420, 0)
