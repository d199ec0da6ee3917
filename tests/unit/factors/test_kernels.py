"""Kernels against plain loops, and the compiled form against the one in numpy: the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workbench.factors import kernels
from workbench.factors.kernels import plain

ROWS, COLUMNS = 150, 37


def gappy(rows=ROWS, columns=COLUMNS, seed=0):
    """Prices with late listings, holes, a long halt, a constant column and one that is never there."""
    rng = np.random.default_rng(seed)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (rows, columns)), axis=0))
    prices[rng.random(prices.shape) < 0.05] = np.nan
    for column in range(4, columns, 5):
        prices[: rng.integers(1, rows), column] = np.nan
    prices[40:75, 1] = np.nan
    prices[:, 2] = np.where(np.isnan(prices[:, 2]), np.nan, 7.0)
    prices[:, 3] = np.nan
    return prices


def index_level(rows=ROWS, seed=1):
    level = 1000.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, rows)))
    level[50:53] = np.nan
    return level


WINDOWED = {
    "rolling_sum": lambda x, w: kernels.rolling_sum(x, w, max(1, w // 2)),
    "rolling_mean": lambda x, w: kernels.rolling_mean(x, w, max(1, w // 2)),
    "rolling_max": lambda x, w: kernels.rolling_max(x, w, max(1, w // 2)),
    "rolling_min": lambda x, w: kernels.rolling_min(x, w, max(1, w // 2)),
    "rolling_drawdown": lambda x, w: kernels.rolling_drawdown(x, w, max(1, w // 2)),
    "rolling_std": lambda x, w: kernels.rolling_std(x, w, max(2, w // 2)),
    "rolling_top_mean": lambda x, w: kernels.rolling_top_mean(x, w, min(3, w), min(3, w)),
    "since_first": kernels.since_first,
    "total_return": lambda x, w: kernels.total_return(x, w, w // 3, 4, max(1, w // 2)),
}
UNBOUNDED = {
    "carry": lambda x: kernels.carry(x, 4),
    "changes": lambda x: kernels.changes(x, 4, relative=True),
    "differences": lambda x: kernels.changes(x, 4, relative=False),
}
MODELS = {"beta": plain.BETA, "residual_std": plain.RESIDUAL_STD, "residual_score": plain.RESIDUAL_SCORE}


def model(x, w, wanted):
    return kernels.market_model(x, index_level(len(x)), w, 4, max(3, w // 2), wanted)


def loop(function, values, window, least):
    """``function`` of the values that are there, window by window."""
    out = np.full(values.shape, np.nan)
    for row in range(window - 1, len(values)):
        for column in range(values.shape[1]):
            part = values[row - window + 1 : row + 1, column]
            part = part[~np.isnan(part)]
            if len(part) >= least:
                out[row, column] = function(part)
    return out


def drawdown(part):
    peaks = np.maximum.accumulate(part)
    return (1.0 - part / peaks).max()


ORACLES = {
    "rolling_sum": np.sum,
    "rolling_mean": np.mean,
    "rolling_max": np.max,
    "rolling_min": np.min,
    "rolling_drawdown": drawdown,
}


@pytest.mark.parametrize("window", [1, 2, 5, 21, 64, 100, 150, 151])
@pytest.mark.parametrize("name", ORACLES)
def test_windows_against_a_loop(name, window):
    prices = gappy()
    expected = loop(ORACLES[name], prices, window, max(1, window // 2))
    np.testing.assert_allclose(WINDOWED[name](prices, window), expected, rtol=1e-13, atol=1e-15)


def test_top_mean_and_age_against_a_loop():
    returns = kernels.changes(gappy(), 4, relative=True)
    top = loop(lambda part: np.sort(part)[-5:].mean(), returns, 21, 17)
    np.testing.assert_allclose(kernels.rolling_top_mean(returns, 21, 5, 17), top, rtol=1e-13)
    ages = kernels.since_first(returns, 21)
    for row in range(20, ROWS):
        for column in range(COLUMNS):
            seen = np.flatnonzero(~np.isnan(returns[row - 20 : row + 1, column]))
            assert ages[row, column] == (21 - seen[0] if len(seen) else 0)


@pytest.mark.parametrize("shift", [0.0, 0.05])
def test_standard_deviation_within_its_bound_of_two_passes(shift):
    """The bound: some units in the last place, times one plus mean over deviation."""
    returns = np.random.default_rng(5).normal(shift, 0.02, (400, 20))
    returns[np.random.default_rng(6).random(returns.shape) < 0.1] = np.nan
    expected = loop(lambda part: np.sqrt(((part - part.mean()) ** 2).sum() / (len(part) - 1)), returns, 252, 202)
    found = kernels.rolling_std(returns, 252, 202)
    assert (np.isnan(found) == np.isnan(expected)).all()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_standard_deviation_of_equal_values_is_zero_and_of_levels_still_good():
    returns = np.full((300, 17), 0.1)
    returns[::7] = np.nan
    found = kernels.rolling_std(returns, 252, 202)
    assert (found[251:] == 0.0).all()
    levels = 1000.0 + np.random.default_rng(1).normal(0.0, 1.0, (300, 3))
    expected = loop(lambda part: part.std(ddof=1), levels, 252, 202)
    np.testing.assert_allclose(kernels.rolling_std(levels, 252, 202), expected, rtol=1e-11)


def test_market_model_against_least_squares():
    prices, level = gappy(), index_level()
    window = 60
    beta, spread, score = (kernels.market_model(prices, level, window, 4, 40, wanted) for wanted in MODELS.values())
    pairs = [[] for _ in range(COLUMNS)]
    for column in range(COLUMNS):
        last = None
        for row in range(ROWS):
            if np.isnan(prices[row, column]):
                continue
            if last is not None and row - last <= 5 and not np.isnan(level[[row, last]]).any():
                stock = prices[row, column] / prices[last, column] - 1.0
                pairs[column].append((row, level[row] / level[last] - 1.0, stock))
            last = row
    compared = 0
    for row in range(window - 1, ROWS):
        for column in range(COLUMNS):
            used = [(x, y) for at, x, y in pairs[column] if row - window < at <= row]
            if len(used) < 40:
                assert np.isnan(beta[row, column])
                continue
            x, y = np.array(used).T
            design = np.column_stack([np.ones(len(x)), x])
            (_, slope), rest, *_ = np.linalg.lstsq(design, y)
            assert beta[row, column] == pytest.approx(slope, rel=1e-9, abs=1e-14)
            sigma = np.sqrt(rest[0] / (len(x) - 2))
            assert spread[row, column] == pytest.approx(sigma, rel=1e-9, abs=1e-14)
            if column == 2:
                assert np.isnan(score[row, column])
            else:
                assert score[row, column] == pytest.approx((y - slope * x).sum() / sigma, rel=1e-7)
            compared += 1
    assert compared > 1000


def test_market_model_of_a_flat_index_and_of_the_index_itself():
    prices, flat = gappy(), np.full(ROWS, 50.0)
    for wanted in MODELS.values():
        assert np.isnan(kernels.market_model(prices, flat, 60, 4, 3, wanted)).all()
    level = index_level()
    own = np.column_stack([level, level * 3.0])
    np.testing.assert_allclose(kernels.market_model(own, level, 60, 4, 40, plain.BETA)[59:], 1.0, rtol=1e-12)
    assert (kernels.market_model(own, level, 60, 4, 40, plain.RESIDUAL_STD)[59:] < 1e-9).all()
    assert np.isnan(kernels.market_model(own, level, 60, 4, 40, plain.RESIDUAL_SCORE)).all()


def every_result(prices):
    yield from ((name, run(prices)) for name, run in UNBOUNDED.items())
    for window in (1, 5, 21, 64, 100, 200):
        yield from ((f"{name} {window}", run(prices, window)) for name, run in WINDOWED.items())
        if window >= 3:
            yield from ((f"{name} {window}", model(prices, window, wanted)) for name, wanted in MODELS.items())
    returns = kernels.changes(prices, 4, relative=True)
    yield "std of returns", kernels.rolling_std(returns, 100, 50)
    yield "winsorize", kernels.winsorize(returns, 0.01, 0.99)
    yield "zscore", kernels.zscore(returns, 10)
    yield "both", kernels.winsorized_zscore(returns, 0.05, 0.9, 10)
    yield "rank", kernels.average_rank(np.round(returns, 2))


@pytest.mark.parametrize("shape", [(ROWS, COLUMNS), (ROWS, 16), (60, 8), (1, 5), (0, 4), (5, 0)])
def test_numpy_gives_the_same_bits(monkeypatch, shape):
    prices = gappy()[: shape[0], : shape[1]]
    assert kernels.compiled() is not None
    fast = dict(every_result(prices))
    monkeypatch.setenv("WORKBENCH_NUMBA", "0")
    assert kernels.compiled() is None
    for name, values in every_result(prices):
        np.testing.assert_array_equal(fast[name], values, err_msg=name)
        assert fast[name].shape == prices.shape


@pytest.mark.parametrize("name", WINDOWED)
def test_neither_history_nor_future_moves_a_bit(name):
    prices = gappy()
    reach = 21 + 4
    whole = WINDOWED[name](prices, 21)
    later = WINDOWED[name](prices[33:], 21)
    np.testing.assert_array_equal(whole[33 + reach :], later[reach:])
    np.testing.assert_array_equal(whole[:101], WINDOWED[name](prices[:101], 21))
    alone = WINDOWED[name](prices[:, 5:6], 21)
    np.testing.assert_array_equal(whole[:, 5:6], alone)


@pytest.mark.parametrize("wanted", MODELS.values())
def test_neither_history_nor_future_moves_the_market_model(wanted):
    prices, level = gappy(), index_level()
    whole = kernels.market_model(prices, level, 21, 4, 10, wanted)
    later = kernels.market_model(prices[33:], level[33:], 21, 4, 10, wanted)
    np.testing.assert_array_equal(whole[33 + 26 :], later[26:])
    np.testing.assert_array_equal(whole[:101], kernels.market_model(prices[:101], level[:101], 21, 4, 10, wanted))


@pytest.mark.parametrize(("lower", "upper"), [(0.01, 0.99), (0.0, 1.0), (0.25, 0.75), (0.0, 0.5), (0.6, 0.61)])
def test_winsorizing_is_clipping_to_the_quantiles_of_numpy(lower, upper):
    rng = np.random.default_rng(2)
    for width in (1, 2, 3, 7, 100, 333):
        values = np.round(rng.standard_t(2, (40, width)), rng.integers(1, 6))
        values[rng.random(values.shape) < 0.2] = np.nan
        values = values[~np.isnan(values).all(axis=1)]
        low, high = np.nanquantile(values, [lower, upper], axis=1)
        expected = np.clip(values, low[:, None], high[:, None])
        np.testing.assert_array_equal(kernels.winsorize(values, lower, upper), expected)


def test_zscore_by_hand_and_where_there_is_none():
    row = np.array([[1.0, 2.0, 2.0, np.nan, 9.0], [3.0] * 5, [np.nan] * 5, [1.0, np.nan, np.nan, np.nan, 2.0]])
    found = kernels.zscore(row, 3)
    assert found[0] == pytest.approx(np.array([-2.5, -1.5, -1.5, np.nan, 5.5]) / 3.2015621187, nan_ok=True)
    assert np.isnan(found[1:]).all()
    assert np.isfinite(kernels.zscore(row, 2)[3, [0, 4]]).all()


def test_empty_columns_move_no_zscore():
    values = np.random.default_rng(4).normal(size=(30, 100))
    wider = np.insert(values, [0, 3, 3, 50, 100], np.nan, axis=1)
    there = ~np.isnan(wider).all(axis=0)
    np.testing.assert_array_equal(kernels.zscore(values, 10), kernels.zscore(wider, 10)[:, there])
    np.testing.assert_array_equal(
        kernels.winsorized_zscore(values, 0.01, 0.99, 10), kernels.zscore(kernels.winsorize(values, 0.01, 0.99), 10)
    )


def test_ranks_share_ties():
    row = np.array([[1.0, 2.0, 2.0, np.nan, 9.0], [np.nan] * 5])
    assert kernels.average_rank(row)[0] == pytest.approx([1, 2.5, 2.5, np.nan, 4], nan_ok=True)
    assert np.isnan(kernels.average_rank(row)[1]).all()


def test_threads_give_the_same_bits(monkeypatch):
    prices = np.tile(gappy(), (4, 8))
    alone = WINDOWED["rolling_std"](prices, 100), kernels.zscore(prices, 10)
    monkeypatch.setattr(kernels.threads, "_SMALL", 0)
    monkeypatch.setattr(kernels.threads, "cores", lambda: 3)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: (WINDOWED["rolling_std"](prices, 100), kernels.zscore(prices, 10)), range(8)))
    for deviation, score in found:
        np.testing.assert_array_equal(deviation, alone[0])
        np.testing.assert_array_equal(score, alone[1])


def test_an_error_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(kernels.threads, "_SMALL", 0)
    monkeypatch.setattr(kernels.threads, "cores", lambda: 2)

    def fail(first, last):
        raise ValueError("in a part")

    with pytest.raises(ValueError, match="in a part"):
        kernels.threads.spread(fail, 100, 100)


def test_inputs_may_be_frozen_and_strided_and_stay_as_they_are():
    prices = gappy()
    before = prices.copy()
    prices.setflags(write=False)
    every = list(every_result(prices))
    np.testing.assert_array_equal(prices, before)
    assert len(every) > 50
    strided = np.asfortranarray(before)
    np.testing.assert_array_equal(kernels.rolling_sum(strided, 21, 10), kernels.rolling_sum(before, 21, 10))


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout.strip()


def test_numba_is_loaded_when_a_kernel_is_called_and_not_before():
    code = "import sys, workbench.factors; print('numba' in sys.modules)"
    assert python(code) == "False"


def test_without_numba_numpy_does_the_work():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\nfrom workbench.factors import kernels\n"
        "print(kernels.compiled(), kernels.rolling_sum(np.ones((3, 1)), 2, 2)[-1, 0])"
    )
    assert python(code) == "None 2.0"


def test_without_a_place_for_a_cache_numpy_does_the_work():
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "import numpy as np\nfrom workbench.factors import kernels\n"
        "print(kernels.compiled(), kernels.rolling_sum(np.ones((3, 1)), 2, 2)[-1, 0])"
    )
    assert python(code) == "None 2.0"


def test_every_kernel_comes_from_the_cache(tmp_path):
    """A second process compiles nothing: what set-up has compiled is what users load."""
    code = (
        "from numba.core import event\n"
        "from workbench.factors import kernels\n"
        "with event.install_recorder('numba:compile') as compiled:\n"
        "    assert kernels.compiled() is not None\n"
        "print(len(compiled.buffer))"
    )
    kept = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert int(python(code, **kept)) > 0
    assert int(python(code, **kept)) == 0
