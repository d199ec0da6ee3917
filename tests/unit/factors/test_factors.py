"""Factors by hand, their missing-value rules, and what they may not see."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import factors
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors import transforms, windows


@pytest.fixture
def walk():
    rng = np.random.default_rng(1)
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (320, 12)), axis=0))


def labels(n, region="KR"):
    return tuple(f"{region}:{number:03d}" for number in range(n))


def test_momentum_is_the_return_from_252_to_21_sessions_ago(walk):
    value = factors.get("momentum_12m_1m")(close=walk)
    assert np.isnan(value[:252]).all()
    assert value[260] == pytest.approx(walk[239] / walk[8] - 1.0, rel=1e-15)


def test_momentum_needs_listing_at_the_start_and_enough_bars(walk):
    walk[:20, 0] = np.nan
    walk[15:37, 3] = np.nan
    walk[15:40, 4] = np.nan
    walk[100:160, 1] = np.nan
    walk[255, 2] = np.nan
    value = factors.get("momentum_12m_1m")(close=walk)
    assert np.isnan(value[252:272, 0]).all()
    assert np.isfinite(value[272, 0])
    assert np.isnan(value[260, 1])
    assert np.isfinite(value[260, 2])
    assert value[280, 3] == pytest.approx(walk[259, 3] / walk[14, 3] - 1.0)
    assert np.isnan(value[289, 4])


def test_volatility_is_the_annual_standard_deviation_of_252_returns(walk):
    value = factors.get("volatility_252d")(close=walk)
    daily = walk[1:] / walk[:-1] - 1.0
    assert value[280] == pytest.approx(daily[28:280].std(axis=0, ddof=1) * np.sqrt(252), rel=1e-12)
    assert factors.get("volatility_252d").direction == -1


def test_a_halt_is_one_return_and_not_many_calm_days():
    prices = np.array([[100.0], [np.nan], [np.nan], [121.0], [121.0]])
    assert windows.observed_returns(prices)[:, 0] == pytest.approx([np.nan, np.nan, np.nan, 0.21, 0.0], nan_ok=True)


def test_a_longer_history_moves_no_value_by_a_bit(walk):
    for name in ("momentum_12m_1m", "volatility_252d"):
        factor = factors.get(name)
        whole, later = factor(close=walk), factor(close=walk[20:])
        assert np.isfinite(later[factor.lookback :]).all()
        assert (whole[20:] == later)[factor.lookback :].all()


def test_regions_are_computed_on_their_own_sessions_and_aligned(make_panel, walk):
    rows = len(walk)
    open_in_us = np.ones(rows, bool)
    open_in_us[10::10] = False
    us = np.where(open_in_us[:, None], walk, np.nan)
    sessions = {"KR": np.ones(rows, bool), "US": open_in_us}
    panel = make_panel(np.hstack([walk, us]), labels(12) + labels(12, "US"), session_rows=sessions)
    scores = factors.compute(["momentum_12m_1m"], panel)
    own = us[open_in_us]
    raw = scores.raw["momentum_12m_1m"]
    assert raw[-1, 12:] == pytest.approx(own[-22] / own[-253] - 1.0)
    assert np.isnan(raw[~open_in_us][:, 12:]).all()
    assert np.isfinite(raw[~open_in_us][-1, :12]).all()


def test_suspended_and_unlisted_days_are_hidden(make_panel, walk):
    traded, member = np.ones(walk.shape, bool), np.ones(walk.shape, bool)
    traded[120:190, 0] = False
    member[300:, 1] = False
    panel = make_panel(walk, labels(12), traded=traded, member=member)
    raw = factors.compute(["momentum_12m_1m"], panel).raw["momentum_12m_1m"]
    assert np.isnan(raw[310, 0])
    assert np.isnan(raw[300:, 1]).all()
    assert np.isfinite(raw[299, 1])


def test_scores_are_turned_winsorized_and_combined(make_panel, walk):
    scores = factors.compute(["momentum_12m_1m", "volatility_252d"], make_panel(walk, labels(12)))
    last = scores["volatility_252d"].values[-1]
    assert np.corrcoef(last, scores.raw["volatility_252d"][-1])[0, 1] < -0.9
    assert last.mean() == pytest.approx(0.0, abs=1e-12)
    both = (last + scores["momentum_12m_1m"].values[-1]) / 2
    assert scores.composite.values[-1] == pytest.approx(both)
    assert scores.latest()["composite"].is_sorted(descending=True)
    assert set(scores.to_polars().columns) >= {"region", "ticker", "date", "momentum_12m_1m", "composite"}


def test_too_few_names_have_no_score(make_panel, walk):
    scores = factors.compute(["momentum_12m_1m"], make_panel(walk[:, :9], labels(9)))
    assert np.isnan(scores.composite.values).all()
    wider = factors.compute(["momentum_12m_1m"], make_panel(walk, labels(12)))
    assert np.isnan(wider.percentile().values).all()
    assert np.nanmax(wider.percentile(min_names=12).values) == 1.0


def test_dates_outside_the_panel_are_refused(make_panel, walk):
    with pytest.raises(NotEnoughHistory, match="2031"):
        factors.compute(["momentum_12m_1m"], make_panel(walk, labels(12)), start="2031-01-01")


def test_transforms_by_hand():
    row = np.array([[1.0, 2.0, 2.0, np.nan, 9.0]])
    assert transforms.average_rank(row)[0] == pytest.approx([1, 2.5, 2.5, np.nan, 4], nan_ok=True)
    assert transforms.percentile(row, 4)[0] == pytest.approx([0, 0.5, 0.5, np.nan, 1], nan_ok=True)
    assert transforms.winsorize(row, 0.0, 0.5)[0] == pytest.approx([1, 2, 2, np.nan, 2], nan_ok=True)
    assert transforms.zscore(row, 4)[0] == pytest.approx(
        np.array([-2.5, -1.5, -1.5, np.nan, 5.5]) / 3.2015621187, nan_ok=True
    )
    assert np.isnan(transforms.zscore(np.full((1, 12), 3.0))).all()


def test_combination_renormalises_over_what_is_there():
    a, b = np.array([[1.0, np.nan, np.nan]]), np.array([[3.0, 3.0, np.nan]])
    assert transforms.combine({"a": a, "b": b}, {"a": 1.0, "b": 1.0})[0] == pytest.approx([2, 3, np.nan], nan_ok=True)
    assert np.isnan(transforms.combine({"a": a, "b": b}, {"a": 3.0, "b": 1.0})[0, 1])


def test_declarations_are_checked():
    with pytest.raises(ConfigError, match="direction=2"):
        factors.factor(family="x", lookback=1, needs=("close",), direction=2)
    with pytest.raises(ConfigError, match="declares needs"):
        factors.factor(family="x", lookback=1, needs=("close", "volume"))(lambda close: close)
    with pytest.raises(ConfigError, match="momentum_12m_1m"):
        factors.get("momentum_12m")


def test_the_highest_hundredth_is_ordered_by_value_and_not_by_code(make_panel):
    rng = np.random.default_rng(3)
    panel = make_panel(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (300, 600)), axis=0)), labels(600))
    scores = factors.compute(["momentum_12m_1m"], panel)
    best = [f"KR:{column:03d}" for column in np.argsort(-scores.raw["momentum_12m_1m"][-1])[:20]]
    assert np.unique(-np.sort(-scores.composite.values[-1])[:6]).size == 1  # winsorizing has made them equal
    assert scores.composite.latest()["ticker"].to_list()[:20] == best
    assert scores.latest()["ticker"].to_list()[:20] == best
    later = factors.compute(["momentum_12m_1m"], panel, start=panel.dates[290].item())
    assert later.composite.only(np.arange(600)).latest()["ticker"].to_list()[:20] == best


def test_a_break_of_the_price_hides_the_factor_until_the_look_back_has_passed_it(make_panel):
    rng = np.random.default_rng(5)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (620, 12)), axis=0))
    close[300:, 4] *= 40.0
    raw = factors.compute(["momentum_12m_1m", "volatility_252d"], make_panel(close, labels(12))).raw
    lookback = factors.get("momentum_12m_1m").lookback
    for values in raw.values():
        assert np.isfinite(values[299, 4])
        assert np.isnan(values[300 : 300 + lookback, 4]).all()
        assert np.isfinite(values[300 + lookback, 4])
        assert np.isfinite(values[lookback:, 5]).all()


def test_no_factor_is_refused_and_a_factor_without_source_has_a_hash(make_panel, walk):
    with pytest.raises(ConfigError, match="No factor is named"):
        factors.compute([], make_panel(walk, labels(12)))
    hashes = []
    for number in (1.0, 2.0):
        room: dict[str, object] = {}
        exec(f"def typed(close):\n    return close * {number}", room)
        factor = factors.Factor("typed", room["typed"], "x", 1, ("close",), 1, "")
        hashes.append(factor.code_hash)
    assert hashes[0] != hashes[1]


def test_an_unknown_field_is_refused_with_the_name_of_the_factor(make_panel, monkeypatch):
    monkeypatch.setattr(factors.registry, "_REGISTRY", dict(factors.registry._REGISTRY))

    @factors.factor(family="test", lookback=0, needs=("closee",))
    def misspelt(closee):
        return closee

    with pytest.raises(ConfigError, match=r"misspelt needs 'closee'.* Did you mean 'close'"):
        factors.compute(["misspelt"], make_panel(np.full((3, 12), 1.0), labels(12)))


def test_scores_are_short_at_a_prompt(make_panel, walk):
    scores = factors.compute(["momentum_12m_1m"], make_panel(walk, labels(12)))
    assert repr(scores).startswith("Scores(momentum_12m_1m, composite; KR, 320 dates x 12 tickers, 2024-01-01 to")
    assert repr(scores.composite).startswith("Score('composite', KR")
    assert len(repr(scores)) < 200
