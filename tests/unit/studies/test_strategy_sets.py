"""Strategies on factor sets: items of filings, fitted composites, and what is counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.errors import NotEnoughHistory
from workbench.factors import FactorSet
from workbench.studies import composites

SET = FactorSet(
    name="mixed",
    factors={"book_to_price": 1.0, "roe": 1.0, "reversal_1m": 1.0},
    min_names=5,
)
LEARN = {"method": "inverse_volatility", "train": "1y", "step": "3m", "horizon": 5, "embargo": 0}


@pytest.fixture
def lake(tiny_lake):
    return wb.Lake(tiny_lake)


@pytest.fixture
def strategy():
    return wb.Strategy.load("momentum_top20").replace(name="mixed_top5", factor_set=SET, selection={"top_n": 5})


def test_the_house_strategy_of_five_families_trades(lake):
    strategy = wb.Strategy.load("multi_factor")
    assert {wb.factors.get(name).family for name in strategy.factor_set.factors} == {
        "value",
        "momentum",
        "quality",
        "low_volatility",
        "size_liquidity",
    }
    result = wb.backtest(strategy, lake, regions=["KR", "US"])
    assert set(result.fills["region"]) == {"KR", "US"}
    row = lake.read("trials").row(0, named=True)
    assert (row["status"], row["strategy"]) == ("succeeded", "multi_factor")
    assert '"earnings_yield"' in row["parameters"]


def test_targets_follow_the_scores_of_the_set(lake, strategy):
    result = wb.backtest(strategy, lake, regions="KR", start="2024-07-01")
    scores = wb.factors.compute(SET, lake, "KR", start="2024-07-01")
    composite, own = scores.composite, result.targets
    for date, weights in zip(own.dates, own.weights, strict=True):
        row = composite.values[np.searchsorted(composite.dates, date)]
        held = np.array([weights[own.tickers.index(ticker)] > 0.0 for ticker in composite.tickers])
        assert np.nanmin(row[held]) >= np.nanmax(np.where(held, np.nan, row))


def test_a_fitted_strategy_is_another_trial_and_says_what_it_learnt(lake, strategy):
    plain = wb.backtest(strategy, lake, regions="KR", start="2025-01-01")
    fitted = wb.backtest(strategy.replace(combination=LEARN), lake, regions="KR", start="2025-01-01")
    other = wb.backtest(strategy.replace(combination={**LEARN, "horizon": 10}), lake, regions="KR", start="2025-01-01")
    again = wb.backtest(strategy.replace(combination=LEARN), lake, regions="KR", start="2025-01-01")
    assert len({plain.id, fitted.id, other.id}) == 3
    assert (plain.trials, fitted.trials, other.trials) == (1, 2, 3)
    assert again.id == fitted.id
    assert again.equity.equals(fitted.equity)
    assert any("KR: composite by inverse_volatility" in note for note in fitted.notes)
    assert not np.array_equal(plain.targets.weights, fitted.targets.weights)


def test_the_start_of_a_study_moves_no_fit(lake, strategy):
    """Each loads the training span that it needs."""
    fitted = strategy.replace(combination=LEARN)
    late, early = (
        wb.backtest(fitted, lake, regions="KR", start=start).targets for start in ("2025-07-01", "2025-01-01")
    )
    common = np.isin(early.dates, late.dates)
    assert common.any()
    assert (early.dates[common] == late.dates).all()
    columns = [early.tickers.index(ticker) for ticker in late.tickers]
    assert np.array_equal(early.weights[common][:, columns], late.weights, equal_nan=True)


def test_what_is_published_is_what_a_strategy_uses(lake, strategy):
    chosen = strategy.replace(combination=LEARN).factor_set
    scores = wb.studies.score(chosen, lake, "KR", start="2025-07-01")
    panel = composites.load(chosen, lake, ["KR"], scores.labels.dates[0].item())
    used = composites.scored(chosen, panel, scores.labels.dates[0].item())
    assert np.isfinite(used.composite.values).any()
    assert np.array_equal(used.composite.values.astype(np.float32), scores.composite.values, equal_nan=True)
    table = lake.read("factor_scores/mixed").filter(pl.col("composite").is_not_null())
    assert table.height == np.isfinite(scores.composite.values).sum()


def test_what_would_be_held_today_uses_the_fitted_composite(lake, strategy):
    fitted = strategy.replace(combination=LEARN)
    held = wb.studies.select(fitted, lake, "KR", "2025-08-29")
    decided = wb.backtest(fitted, lake, regions="KR", start="2025-07-01").targets
    row = decided.weights[list(decided.dates.astype(str)).index("2025-08-29")]
    assert set(held["ticker"]) == {ticker for ticker, weight in zip(decided.tickers, row, strict=True) if weight > 0}


def test_a_history_too_short_to_learn_from_is_told(lake, strategy):
    with pytest.raises(NotEnoughHistory, match=r"mixed has no composite between.*KR: .*no training span of 5y"):
        wb.backtest(strategy.replace(combination={**LEARN, "train": "5y"}), lake, regions="KR", start="2025-01-01")
    assert lake.read("trials")["status"].to_list() == ["failed"]
