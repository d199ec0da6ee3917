"""Technical indicators against TA-Lib, and that tomorrow's update gives the bits of a full run."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
import talib

from workbench.errors import DataError
from workbench.factors.technicals import technicals, warmup_start
from workbench.schemas import TABLES, TECHNICALS

START = "2018-01-02"


def bars(rows=1300, columns=9, seed=0, gaps=0.0, volatility=0.02):
    """Closes, highs and lows; some columns are listed late, and some days have no bar."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, volatility, (rows, columns)), axis=0))
    high, low = close * (1.0 + 0.02 * rng.random(close.shape)), close * (1.0 - 0.02 * rng.random(close.shape))
    gone = rng.random(close.shape) < gaps
    gone[:300, 3] = True
    gone[500:560, 4] = gaps > 0.0
    for values in (close, high, low):
        values[gone] = np.nan
    return close, high, low


def panel_of(make_panel, close, high, low, start=START, **more):
    tickers = more.pop("tickers", tuple(f"KR:{number:03d}" for number in range(close.shape[1])))
    return make_panel(close, tickers, start=start, bars={"high": high, "low": low}, **more)


def reference(close, high, low):
    return dict(
        zip(
            TECHNICALS,
            [
                *(talib.SMA(close, period) for period in (5, 20, 60, 120, 200)),
                talib.RSI(close, 14),
                *talib.MACD(close, 12, 26, 9),
                *talib.BBANDS(close, 20, 2.0, 2.0),
                talib.ATR(high, low, close, 14),
            ],
            strict=True,
        )
    )


def agree(found, expected, name):
    assert (np.isnan(found) == np.isnan(expected)).all(), name
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gaps", [0.0, 0.03])
@pytest.mark.parametrize("volatility", [0.005, 0.03])
def test_they_equal_talib_on_the_stocks_own_bars(make_panel, seed, gaps, volatility):
    close, high, low = bars(seed=seed, gaps=gaps, volatility=volatility)
    found = technicals(panel_of(make_panel, close, high, low))
    assert tuple(found.values) == TECHNICALS
    for column in range(close.shape[1]):
        there = ~np.isnan(close[:, column])
        expected = reference(*(values[there, column] for values in (close, high, low)))
        for name in TECHNICALS:
            agree(found[name][there, column], expected[name], name)
            assert np.isnan(found[name][~there, column]).all()


def test_rounded_prices_and_short_histories_equal_talib_too(make_panel):
    close, high, low = (np.round(values, 1) for values in bars(rows=40, columns=5, seed=7))
    close, high, low = close[:, :3], high[:, :3], low[:, :3]
    for rows in (1, 4, 5, 14, 15, 20, 33, 34, 40):
        found = technicals(panel_of(make_panel, close[:rows], high[:rows], low[:rows]))
        for column in range(3):
            expected = reference(*(values[:rows, column].copy() for values in (close, high, low)))
            for name in TECHNICALS:
                agree(found[name][:, column], expected[name], name)


@pytest.mark.parametrize("last", [900, 1043, 1044, 1299])
def test_an_update_of_one_session_gives_the_bits_of_the_full_run(make_panel, last):
    """Also on the first sessions of a year, and with breaks, splits and gaps on the way."""
    close, high, low = bars(gaps=0.05, seed=3)
    split = np.ones(close.shape)
    split[700:, 2], split[1000:, 5] = 2.0, 0.1
    flags = np.zeros(close.shape, bool)
    flags[[650, 990], [1, 6]] = True
    whole = panel_of(make_panel, close, high, low, split_factor=split, breaks=flags)
    full = technicals(whole)
    first = np.datetime64(warmup_start(whole.dates[last].item()))
    cut = slice(int(np.searchsorted(whole.dates, first)), last + 1)
    assert cut.start > 0
    part = panel_of(
        make_panel, close[cut], high[cut], low[cut], dates=whole.dates[cut], split_factor=split[cut], breaks=flags[cut]
    )
    update = technicals(part)
    for name in TECHNICALS:
        np.testing.assert_array_equal(update[name][-1], full[name][last])
        assert np.isfinite(update[name][-1]).any()


def test_numpy_gives_the_same_bits(make_panel, monkeypatch):
    close, high, low = bars(rows=700, gaps=0.05, seed=4)
    close[:, 7] = np.where(np.isnan(close[:, 7]), np.nan, 5.0)
    high[::9, 1] = np.nan
    flags = np.zeros(close.shape, bool)
    flags[400, 2] = True
    panel = panel_of(make_panel, close, high, low, breaks=flags, split_factor=np.full(close.shape, 3.0))
    fast = technicals(panel)
    monkeypatch.setenv("WORKBENCH_NUMBA", "0")
    plain = technicals(panel)
    for name in TECHNICALS:
        np.testing.assert_array_equal(fast[name], plain[name], err_msg=name)


def test_a_split_changes_no_indicator_but_for_its_scale(make_panel):
    close, high, low = bars(rows=600, columns=5)
    factor = np.ones(close.shape)
    factor[400:] = 2.0
    whole = technicals(panel_of(make_panel, close, high, low))
    traded = technicals(panel_of(make_panel, close / factor, high / factor, low / factor, split_factor=factor))
    for name in TECHNICALS:
        scale = 1.0 if name == "rsi_14" else factor
        np.testing.assert_allclose(traded[name], whole[name] / scale, rtol=1e-12, atol=1e-12)


def test_days_without_a_trade_are_no_bars(make_panel):
    close, high, low = bars(rows=120, columns=5)
    traded = np.ones(close.shape, bool)
    traded[60:70, 0] = False
    halted = close.copy()
    halted[60:70, 0] = close[59, 0]
    found = technicals(panel_of(make_panel, halted, high, low, traded=traded))
    assert np.isnan(found["ma5"][60:70, 0]).all()
    rows = np.r_[56:60, 70]
    assert found["ma5"][70, 0] == pytest.approx(close[rows, 0].mean())


def test_all_begin_anew_after_a_break(make_panel):
    close, high, low = bars(rows=500, columns=5)
    for values in (close, high, low):
        values[300:, 1] *= 50.0
    found = technicals(panel_of(make_panel, close, high, low))
    alone = technicals(panel_of(make_panel, close[300:], high[300:], low[300:]))
    for name in TECHNICALS:
        np.testing.assert_array_equal(found[name][300:, 1], alone[name][:, 1])


def test_a_price_that_does_not_move_has_no_rsi_and_narrow_bands(make_panel):
    flat = np.full((100, 3), 8.0)
    found = technicals(panel_of(make_panel, flat, flat, flat))
    assert np.isnan(found["rsi_14"]).all()
    for name in ("ma60", "bb_upper", "bb_lower"):
        assert found[name][99] == pytest.approx(8.0)
    assert (found["atr_14"][99] == 0.0).all()


def test_the_table_has_its_columns_and_leaves_out_the_warm_up(make_panel):
    close, high, low = bars(rows=40, columns=5)  # one of them is listed later
    found = technicals(panel_of(make_panel, close, high, low))
    frame = found.to_polars()
    assert frame.columns == ["region", "ticker", "date", *TECHNICALS] == list(TABLES["technicals"].columns)
    assert frame["date"].dtype == pl.Date
    assert frame.height == 4 * 36
    assert frame["ma200"].null_count() == frame.height
    later = found.to_polars(start="2018-02-20")
    assert later.height == 4 * int((found.labels.dates >= np.datetime64("2018-02-20")).sum()) > 0
    assert repr(found).startswith("Technicals(ma5, ma20")


def test_the_warm_up_begins_two_calendar_years_before():
    assert warmup_start("2024-06-28") == date(2022, 1, 1) == warmup_start(date(2024, 1, 1))


def test_a_panel_without_highs_is_refused(make_panel):
    with pytest.raises(DataError, match="'high'"):
        technicals(make_panel(np.ones((5, 2)), ("KR:1", "KR:2")))
