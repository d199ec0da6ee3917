"""Minimum variance by hand and by its optimality conditions, and the errors a user meets."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import portfolio
from workbench.errors import ConfigError, Infeasible, ModelError, NotEnoughHistory
from workbench.portfolio import covariance


def labels(n):
    return tuple(f"KR:{number:02d}" for number in range(n))


@pytest.fixture
def close():
    rng = np.random.default_rng(4)
    market = rng.normal(0.0, 0.008, (300, 1))
    own = rng.normal(0.0, 1.0, (300, 12)) * np.linspace(0.005, 0.03, 12)
    return 100.0 * np.exp(np.cumsum(market + own, axis=0))


def optimize(panel, **more):
    more.setdefault("at", panel.dates[-1].item())
    more.setdefault("constraints", {"max_weight": 0.15})
    return portfolio.optimize("min_variance", panel, **more)


def test_two_assets_by_the_closed_form(make_panel, close):
    panel = make_panel(close[:, [2, 8]], labels(2))
    found = optimize(panel, covariance="sample", constraints=None)
    daily = close[-253:, [2, 8]][1:] / close[-253:, [2, 8]][:-1] - 1.0
    matrix = np.cov(daily, rowvar=False)
    first = (matrix[1, 1] - matrix[0, 1]) / (matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    weights = dict(zip(found.weights["ticker"], found.weights["weight"], strict=True))
    assert weights["KR:00"] == pytest.approx(min(first, 1.0), abs=1e-4)
    assert found.risk == pytest.approx(
        np.sqrt(252 * np.array([first, 1 - first]) @ matrix @ [first, 1 - first]), rel=1e-4
    )


def test_no_feasible_neighbour_has_less_variance(make_panel, close):
    panel = make_panel(close, labels(12))
    found = optimize(panel)
    matrix = covariance.estimate("ledoit_wolf", close[-253:][1:] / close[-253:][:-1] - 1.0)
    weights = np.zeros(12)
    for ticker, weight in zip(found.weights["ticker"], found.weights["weight"], strict=True):
        weights[int(ticker[3:])] = weight
    rng = np.random.default_rng(0)
    for _ in range(300):
        give, take = rng.choice(12, 2, replace=False)
        step = min(0.02, weights[give], 0.15 - weights[take])
        if step > 1e-4:
            other = weights.copy()
            other[give] -= step
            other[take] += step
            assert other @ matrix @ other >= weights @ matrix @ weights * (1 - 1e-6)


def test_weights_and_risk_shares_sum_to_one_and_bounds_hold(make_panel, close):
    found = optimize(make_panel(close, labels(12)))
    assert found.weights["weight"].sum() == pytest.approx(1.0)
    assert sum(found.risk_contributions.values()) == pytest.approx(1.0)
    assert found.weights["weight"].max() <= 0.15 + 1e-6
    assert "max_weight KR:00" in found.binding
    assert found.status == "optimal"
    assert 1.0 < found.effective_names <= 12.0


def test_nothing_after_the_date_is_used(make_panel, close):
    panel = make_panel(close, labels(12))
    later = close.copy()
    later[281:] *= 7.0
    at = panel.dates[280].item()
    assert optimize(panel, at=at).weights.equals(optimize(make_panel(later, labels(12)), at=at).weights)


def test_assets_that_cannot_be_used_are_listed_with_the_reason(make_panel, close):
    close[:200, 0] = np.nan
    member, traded = np.ones(close.shape, bool), np.isfinite(close)
    member[290:, 1] = False
    traded[299, 2] = False
    panel = make_panel(close, labels(12), member=member, traded=traded)
    found = optimize(panel, tickers=(*labels(12), "KR:99"))
    reasons = dict(found.excluded.rows())
    assert "traded on" in reasons["KR:00"]
    assert "not listed" in reasons["KR:01"]
    assert "suspended" in reasons["KR:02"]
    assert reasons["KR:99"] == "not in the panel"
    assert found.candidates == 9


def test_a_conflict_is_named_with_the_bound_that_would_do(make_panel, close):
    panel = make_panel(close[:, :5], labels(5))
    with pytest.raises(Infeasible, match=r"5 assets .*0\.75.*at least 0\.2") as caught:
        optimize(panel)
    assert caught.value.context["least_max_weight"] == pytest.approx(0.2)
    assert optimize(panel, constraints={"max_weight": 0.2}).weights["weight"].to_list() == pytest.approx([0.2] * 5)
    with pytest.raises(Infeasible, match=r"min_weight=0\.3"):
        optimize(panel, constraints={"min_weight": 0.3})


def test_errors_name_object_bound_and_next_action(make_panel, close):
    panel = make_panel(close, labels(12))
    with pytest.raises(NotEnoughHistory, match="252 are needed"):
        optimize(panel, at="2024-02-01")
    with pytest.raises(NotEnoughHistory, match="1 of 2 assets"):
        optimize(panel, tickers=("KR:00", "KR:99"))
    with pytest.raises(ConfigError, match="no objective 'magic'"):
        portfolio.optimize("magic", panel, at="2024-12-01")
    with pytest.raises(ConfigError, match="estimator 'magic'"):
        optimize(panel, covariance="magic")
    with pytest.raises(ConfigError, match=r"max_weights.*Known constraints"):
        optimize(panel, constraints={"max_weights": 0.1})
    with pytest.raises(ConfigError, match=r"max_weight: Input should be less"):
        optimize(panel, constraints={"max_weight": 1.5})
    with pytest.raises(ConfigError, match="several currencies"):
        optimize(make_panel(close, labels(12), currency=None))
    with pytest.raises(ConfigError, match="expected has no return for 12"):
        optimize(panel, expected={})


@pytest.mark.parametrize("cap", [0.03, 0.06, 0.1])
def test_no_weight_is_above_its_cap_and_all_sum_to_one(make_panel, cap):
    rng = np.random.default_rng(0)
    market = rng.normal(0.0, 0.01, (300, 3)) @ rng.normal(0.5, 0.2, (3, 150))
    prices = 100 * np.exp(np.cumsum(market + rng.normal(0.0, 1.0, (300, 150)) * rng.uniform(0.008, 0.03, 150), axis=0))
    panel = make_panel(prices, tuple(f"KR:{number:03d}" for number in range(150)))
    found = optimize(panel, covariance="sample", constraints={"max_weight": cap})
    assert found.weights["weight"].max() <= cap
    assert found.weights["weight"].sum() == pytest.approx(1.0, abs=1e-12)
    assert found.weights.height < 150


def test_inputs_that_cannot_be_optimized_are_refused_by_name(make_panel, close):
    with pytest.raises(NotEnoughHistory, match="1 of 1 assets"):
        optimize(make_panel(close[:, :1], labels(1)), constraints=None)
    with pytest.raises(ConfigError, match="lookback=1"):
        optimize(make_panel(close, labels(12)), lookback=1)
    with pytest.raises(ConfigError, match="KR:01 is given more than once"):
        optimize(make_panel(close, labels(12)), tickers=["KR:00", "KR:01", "KR:01"])
    for estimator in ("sample", "ledoit_wolf"):
        with pytest.raises(ModelError, match="no variance"):
            optimize(make_panel(np.full((300, 8), 100.0), labels(8)), covariance=estimator)


def test_an_asset_whose_price_breaks_is_left_out_with_the_day(make_panel, close):
    close[200:, 3] *= 60.0
    panel = make_panel(close, labels(12))
    excluded = dict(optimize(panel).excluded.iter_rows())
    assert list(excluded) == ["KR:03"]
    assert str(panel.dates[200]) in excluded["KR:03"]
    assert optimize(panel, lookback=99).excluded.is_empty()
