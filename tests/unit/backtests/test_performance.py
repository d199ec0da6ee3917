"""Statistics against ffn where the convention is the same, and by hand where it is not."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from workbench.backtests import Targets, equal_weight, performance, rebalance_rows, waterfall
from workbench.errors import BacktestError, ConfigError


@pytest.fixture
def curve():
    rng = np.random.default_rng(11)
    dates = np.busday_offset(np.datetime64("2022-01-03"), np.arange(700), roll="forward")
    return dates, 1000.0 * np.cumprod(1.0 + np.concatenate([[0.0], rng.normal(0.0005, 0.01, 699)]))


def test_the_figures_of_ffn(curve):
    ffn = pytest.importorskip("ffn")
    pd = pytest.importorskip("pandas")
    dates, equity = curve
    prices = pd.Series(equity, index=pd.DatetimeIndex(dates.astype("datetime64[ns]")))
    ours = performance.statistics(dates, equity, np.zeros(700), np.zeros(700))
    with pd.option_context("future.infer_freq_returns_offset", False):
        theirs = ffn.PerformanceStats(prices, rf=0.0)
    assert ours["cagr"] == pytest.approx(theirs.cagr, rel=1e-12)
    assert ours["max_drawdown"] == pytest.approx(theirs.max_drawdown, rel=1e-12)
    assert ours["volatility"] == pytest.approx(theirs.daily_vol, rel=1e-9)
    assert ours["sharpe"] == pytest.approx(theirs.daily_sharpe, rel=1e-9)
    assert ours["sortino"] == pytest.approx(theirs.daily_sortino, rel=1e-9)
    assert ours["calmar"] == pytest.approx(theirs.calmar, rel=1e-12)


def test_by_hand():
    dates = np.array(["2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2025-01-31"], "datetime64[D]")
    equity = np.array([100.0, 50.0, 75.0, 150.0, 120.0])
    assert performance.max_drawdown(equity) == pytest.approx(-0.5)
    assert performance.cagr(dates, equity) == pytest.approx(1.2 ** (365.25 / 366) - 1)
    assert performance.positive_months(dates, equity) == pytest.approx(1 / 3)
    figures = performance.statistics(dates, equity, np.array([0, 1.0, 0, 1.0, 0]), np.array([0, 1.0, 0, 2.0, 0]))
    assert figures["turnover_per_year"] == pytest.approx(1.0 * 365.25 / 366)
    assert figures["cost_per_year"] == pytest.approx(3.0 / 99.0 * 365.25 / 366)


def test_undefined_figures_are_nan_not_infinite():
    flat = np.full(10, 7.0)
    dates = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-11"))
    figures = performance.statistics(dates, flat, np.zeros(10), np.zeros(10))
    assert math.isnan(figures["sharpe"])
    assert math.isnan(figures["sortino"])
    assert math.isnan(figures["calmar"])
    assert figures["max_drawdown"] == 0.0


def test_a_first_day_loss_is_a_drawdown():
    assert performance.max_drawdown(np.array([100.0, 90.0, 95.0])) == pytest.approx(-0.1)


def test_bad_curves_are_refused():
    dates = np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")
    with pytest.raises(BacktestError, match="one row"):
        performance.statistics(dates[:1], np.array([1.0]), np.zeros(1), np.zeros(1))
    with pytest.raises(BacktestError, match="not a number"):
        performance.statistics(dates, np.array([1.0, np.nan]), np.zeros(2), np.zeros(2))


def test_the_waterfall_adds_up_and_names_each_kind():
    dates = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 31), eager=True)
    rows = len(dates)
    commission, tax = np.zeros(rows), np.zeros(rows)
    commission[5], tax[5] = 10.0, 30.0
    equity = np.where(np.arange(rows) < 5, 1000.0, 960.0)
    frame = pl.DataFrame({"date": dates, "equity": equity, "commission": commission, "half_spread": 0.0, "tax": tax})
    steps = dict(waterfall(frame).select("step", "annual").rows())
    assert steps["gross"] == pytest.approx(0.0, abs=1e-12)
    assert steps["tax"] == pytest.approx(3.0 * steps["commission"])
    assert steps["gross"] + steps["commission"] + steps["half_spread"] + steps["tax"] == pytest.approx(steps["net"])
    assert steps["net"] == pytest.approx(performance.cagr(dates.to_numpy(), equity))


def test_rebalance_rows_are_calendar_ends_and_the_open_period_decides_nothing():
    days = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-28", "2024-02-29"], "datetime64[D]")
    assert rebalance_rows(days, "monthly").tolist() == [1]
    assert rebalance_rows(days, "monthly", np.datetime64("2024-03-04")).tolist() == [1, 4]
    assert rebalance_rows(days, "monthly", np.datetime64("2024-02-29")).tolist() == [1]
    assert rebalance_rows(days, "quarterly").tolist() == []
    assert rebalance_rows(days[:2], "monthly", days[2]).tolist() == [1]


def test_weekly_ends_on_the_last_session_before_monday():
    days = np.array(["2024-01-05", "2024-01-08", "2024-01-11", "2024-01-15"], "datetime64[D]")
    assert rebalance_rows(days, "weekly").tolist() == [0, 2]
    with pytest.raises(ConfigError, match="rebalance='daily'"):
        rebalance_rows(days, "daily")


def test_the_benchmark_holds_members_at_equal_weight_and_regions_at_equal_parts(make_panel, delisted):
    nan = np.nan
    gone = delisted(4, 0, "2024-01-03", 0.0, "2024-01-04")
    member = np.array([[True, True, True, False]] * 2 + [[False, True, True, True]] * 2)
    close = [[90, 80, 9, 5], [100, 100, 10, 5], [110, 90, 11, 5], [nan, 99, nan, 5]]
    sessions = {"KR": np.array([True] * 4), "US": np.array([True, True, True, False])}
    names = ("KR:A", "KR:B", "US:C", "US:D")
    panel = make_panel(close, names, delisting=gone, member=member, session_rows=sessions)
    decided = Targets(np.asarray(panel.dates)[:1], names, np.zeros((1, 4)))
    third = 1.0 + 0.5 * ((0.1 - 0.1) / 2) + 0.5 * 0.1
    assert equal_weight(panel, decided).tolist() == pytest.approx([1.0, 1.0, third, 0.25 * 0.99 + 0.5 * 1.1])
