"""The tear sheet on scores whose worth is known beforehand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from workbench import factors, research
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors.scores import Labels, Score

NAMES = tuple(f"KR:{number:02d}" for number in range(20))


@pytest.fixture
def close():
    rng = np.random.default_rng(2)
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (60, 20)), axis=0))


def score_of(panel, values):
    sessions = {region: panel.sessions(region) for region in dict.fromkeys(panel.regions)}
    return Score("test", values, Labels(panel.dates, panel.tickers, panel.regions, sessions))


def test_forward_returns_begin_at_the_next_close(make_panel, close):
    forward = research.forward_returns(make_panel(close, NAMES), 5)
    assert forward[10] == pytest.approx(close[16] / close[11] - 1.0)
    assert np.isnan(forward[54:]).all()
    assert np.isfinite(forward[53]).all()


def test_a_delisted_stock_leaves_at_its_proceeds_and_an_untraded_one_cannot_be_entered(make_panel, delisted, close):
    close[30:, 0] = np.nan
    days = make_panel(close, NAMES).dates
    traded = np.isfinite(close)
    traded[21, 1] = False
    panel = make_panel(close, NAMES, delisting=delisted(20, 0, days[29], 0.0, days[30]), traded=traded)
    forward = research.forward_returns(panel, 5)
    assert forward[26, 0] == pytest.approx(-1.0)
    assert np.isnan(forward[29, 0])
    assert np.isnan(forward[20, 1])


def test_a_perfect_score_has_an_ic_of_one_and_rising_quantiles(make_panel, close):
    panel = make_panel(close, NAMES)
    sheet = research.tearsheet(score_of(panel, research.forward_returns(panel, 5)), panel, horizons=(5,))
    assert sheet.summary["mean_ic"].to_list() == pytest.approx([1.0])
    assert sheet.quantiles["mean_return"].is_sorted()
    assert (sheet.spread["spread"] > 0).all()
    assert sheet.ic["names"].unique().to_list() == [20]


def test_the_same_days_return_is_not_counted(make_panel, close):
    panel = make_panel(close, NAMES)
    tomorrow = np.full(close.shape, np.nan)
    tomorrow[:-1] = close[1:] / close[:-1] - 1.0
    sheet = research.tearsheet(score_of(panel, tomorrow), panel, horizons=(1,))
    assert abs(sheet.summary["mean_ic"][0]) < 0.1


def test_rank_ic_agrees_with_scipy(close):
    stats = pytest.importorskip("scipy.stats")
    a, b = np.round(close[:5], 0), close[5:10].copy()
    b[2, 3] = np.nan
    ic, names = research.rank_ic(a, b)
    for row in range(5):
        there = ~np.isnan(b[row])
        assert ic[row] == pytest.approx(stats.spearmanr(a[row][there], b[row][there]).statistic)
    assert names.tolist() == [20, 20, 19, 20, 20]


def test_newey_west_by_hand():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    spread = values - 3.0
    variance = (spread @ spread + 2 * 0.5 * (spread[1:] @ spread[:-1])) / 4
    assert research.newey_west_t(values, 1) == pytest.approx(3.0 / np.sqrt(variance / 4))
    assert np.isnan(research.newey_west_t(np.ones(10), 1))


def test_turnover_and_coverage(make_panel, close):
    panel = make_panel(close, NAMES)
    constant = np.tile(np.arange(20.0), (60, 1))
    constant[:, 19] = np.nan
    sheet = research.tearsheet(score_of(panel, constant), panel, horizons=(1, 5), quantiles=4)
    assert sheet.turnover["rank_autocorrelation"].to_list() == pytest.approx([1.0, 1.0])
    assert sheet.turnover["top_quantile_replaced"].to_list() == [0.0, 0.0]
    assert sheet.coverage["coverage"].unique().to_list() == pytest.approx([0.95])


def test_regions_stand_side_by_side(make_panel, close):
    tickers = (*NAMES, *(name.replace("KR", "US") for name in NAMES))
    panel = make_panel(np.hstack([close, close[::-1]]), tickers)
    sheet = research.tearsheet(score_of(panel, research.forward_returns(panel, 1)), panel, horizons=(1,))
    assert sheet.summary["region"].to_list() == ["KR", "US"]
    assert sheet.ic.filter(pl.col("region") == "US").height == 58


def test_errors_say_what_to_do(make_panel, close):
    panel = make_panel(close, NAMES)
    with pytest.raises(ConfigError, match="horizons"):
        research.tearsheet(score_of(panel, close), panel, horizons=(0,))
    with pytest.raises(ConfigError, match="tickers are missing"):
        research.tearsheet(score_of(panel, close), make_panel(close[:, :19], NAMES[:19]))
    with pytest.raises(NotEnoughHistory, match="min_names"):
        research.tearsheet(score_of(panel, close), panel, min_names=21)
    assert factors.names()


def test_a_return_over_a_break_of_the_price_is_left_out(make_panel):
    close = np.full((8, 1), 10.0)
    close[4:] = 100.0
    found = research.forward_returns(make_panel(close, ("KR:A",)), 1)[:, 0]
    assert np.isnan(found[2])
    assert found[[0, 1, 3, 4]].tolist() == [0.0] * 4


def test_a_market_without_trades_is_told(make_panel, close):
    rng = np.random.default_rng(3)
    values, traded = rng.normal(size=close.shape), rng.random(close.shape) > 0.3
    panels = make_panel(close, NAMES), make_panel(close, NAMES, traded=traded)
    calm, thin = (research.tearsheet(score_of(panel, values), panel).notes for panel in panels)
    share = f"No volume on {1.0 - traded.mean():.0%} of the bars of KR"
    assert thin[0].startswith(share)  # doubts before conventions
    assert "Decided at the close" in thin[-3]
    assert not any("No volume" in note for note in calm)
