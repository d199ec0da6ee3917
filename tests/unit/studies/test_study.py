"""A study on the tiny sample lake: counted, repeatable, and nothing published in a replay."""

from __future__ import annotations

import polars as pl
import pytest

import workbench as wb
from workbench.errors import BacktestError, ConfigError, NotEnoughHistory, WorkbenchError


@pytest.fixture
def lake(tiny_lake):
    return wb.Lake(tiny_lake)


@pytest.fixture
def strategy():
    return wb.Strategy.load("momentum_top20")


def test_a_result_is_complete_and_recorded(lake, strategy):
    result = wb.backtest(strategy, lake, regions="KR")
    assert result.currency == "KRW"
    assert result.trials == 1
    assert result.proven
    assert result.notes[0] == result.certificate.text
    assert result.certificate.text.startswith("Proven causal")
    assert not any(note.startswith("Unproven") for note in result.notes)
    assert result.equity["cash"].min() >= -1e-6
    assert result.waterfall["annual"][:-1].sum() == pytest.approx(result.waterfall["annual"][-1])
    assert result.fills["date"].min() > result.equity["date"][0]
    row = lake.read("trials").row(0, named=True)
    assert (row["id"], row["status"], row["hypothesis"]) == (result.id, "succeeded", strategy.hypothesis)
    assert len(row["returns"]) == result.equity.height - 1
    stored = lake.read("backtest_results")
    assert stored["equity"].to_list() == result.equity["equity"].to_list()


def test_a_name_will_do_and_results_are_short_at_a_prompt(lake, strategy):
    result = wb.backtest("momentum_top20", lake, regions="KR")
    assert result.id == wb.backtest(strategy, lake, regions="KR").id
    assert repr(result).startswith("Result(momentum_top20, KR, ")
    assert f"{result.stats['cagr']:.1%} a year" in repr(result)
    assert repr(result.targets).startswith(f"Targets({len(result.targets.dates)} decisions")
    assert any("1,000,000 KRW" in note and "fractional" in note for note in result.notes)
    scores = wb.studies.score("momentum_volatility", lake, "KR")
    sheet = wb.research.tearsheet(scores.composite, lake.panel("KR", fields=("close",)))
    assert "KR. Insufficient history" in repr(sheet)
    found = wb.studies.allocate("min_variance", lake, "KR", "2025-06-30")
    assert result.proven
    assert result.notes[0].startswith("Proven") or "causal" in result.notes[0].lower()
    assert found.notes[0] == wb.studies.UNPROVEN
    assert any("in-sample" in note for note in found.notes)
    assert "Allocation('min_variance', decided on 2025-06-30" in repr(found)
    assert max(len(repr(shown)) for shown in (result, result.targets, scores, sheet, found)) < 400


def test_all_six_regions_in_one_currency(lake, strategy):
    result = wb.backtest(strategy, lake)
    assert result.currency == "USD"
    assert set(result.fills["region"]) == set(strategy.regions)
    assert result.equity["cash"].min() >= -1e-6
    assert result.holdings["weight"].sum() <= 1.0 + 1e-9


def test_the_same_again_is_the_same_to_the_bit_and_no_new_trial(lake, strategy):
    first, second = (wb.backtest(strategy, lake, regions="KR") for _ in range(2))
    assert first.id == second.id
    assert first.equity.equals(second.equity)
    assert first.fills.equals(second.fills)
    assert second.trials == 1
    assert lake.read("trials").height == 1


def test_other_parameters_are_another_trial_and_another_hypothesis_another_count(lake, strategy):
    wb.backtest(strategy, lake, regions="KR")
    fewer = strategy.replace(selection={"top_n": 5})
    assert wb.backtest(fewer, lake, regions="KR").trials == 2
    assert wb.backtest(fewer, lake, regions="KR", hypothesis="Something else.").trials == 1


def test_a_failed_evaluation_is_counted_and_a_typing_error_is_not(lake, strategy):
    with pytest.raises(WorkbenchError):
        wb.backtest(strategy, lake, regions="KR", end="2023-03-01")
    assert lake.read("trials")["status"].to_list() == ["failed"]
    with pytest.raises(ConfigError, match="KP"):
        wb.backtest(strategy, lake, regions="KP")
    with pytest.raises(ConfigError, match="not meant for US"):
        wb.backtest(strategy.replace(regions=["KR"]), lake, regions="US")
    with pytest.raises(ConfigError, match="not before"):
        wb.backtest(strategy, lake, regions="KR", start="2025-01-01", end="2024-01-01")
    assert lake.read("trials").height == 1
    assert wb.backtest(strategy, lake, regions="KR").trials == 2


def test_an_interruption_is_counted(lake, strategy, monkeypatch):
    def interrupt(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.backtests.run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        wb.backtest(strategy, lake, regions="KR")
    assert lake.read("trials")["status"].to_list() == ["interrupted"]


def test_a_replay_shows_the_same_count_and_writes_nothing(lake, strategy, monkeypatch):
    wb.backtest(strategy.replace(selection={"top_n": 5}), lake, regions="KR")
    moment = lake.snapshot()
    monkeypatch.setenv("WORKBENCH_STARTED", wb.settings.now().isoformat())
    wb.backtest(strategy.replace(selection={"top_n": 6}), lake, regions="KR")  # by a run side by side
    original = wb.backtest(strategy, lake.at(moment), regions="KR")
    wb.backtest(strategy.replace(selection={"top_n": 8}), lake, regions="KR")
    before = lake.tables()
    monkeypatch.setenv("WORKBENCH_REPLAY", "1")
    again = wb.backtest(strategy, lake.at(moment), regions="KR")
    assert (original.trials, again.trials) == (3, 3)
    monkeypatch.delenv("WORKBENCH_STARTED")
    assert wb.backtest(strategy, lake.at(moment), regions="KR").trials == 4  # shown anew: all tries so far
    assert again.equity.equals(original.equity)
    wb.studies.score("momentum_volatility", lake, "KR")
    wb.studies.allocate("min_variance", lake, "KR", "2025-06-30")
    wb.backtest(strategy.replace(selection={"top_n": 7}), lake, regions="KR")
    assert lake.tables() == before


def test_the_warm_up_lets_a_later_start_decide_at_once(lake, strategy):
    whole = wb.backtest(strategy, lake, regions="KR")
    late = wb.backtest(strategy, lake, regions="KR", start="2025-01-01")
    assert late.equity["date"][0].isoformat() == "2025-01-31"
    day = late.targets.dates[0]
    held = [
        dict(one.targets.to_polars().filter(date=day.item()).select("ticker", "weight").rows()) for one in (whole, late)
    ]
    assert held[0] == held[1]


def test_scores_are_kept_by_exchange_code(lake):
    scores = wb.studies.score("momentum_volatility", lake, ["KR", "US"], start="2025-06-01")
    stored = lake.read("factor_scores/momentum_volatility")
    assert stored.height == scores.to_polars().height
    assert not stored["ticker"].str.contains("[:#]").any()
    long = lake.sql("SELECT DISTINCT factor_name FROM factor_scores ORDER BY 1")["factor_name"].to_list()
    assert long == ["composite", "momentum_12m_1m", "volatility_252d"]
    wb.studies.score("momentum_volatility", lake, "KR", start="2025-06-01")
    assert lake.read("factor_scores/momentum_volatility").equals(stored)


def test_an_allocation_uses_nothing_after_its_day_and_keeps_its_holdings(lake, strategy):
    day = "2025-06-30"
    selected = wb.studies.select(strategy, lake, ["KR", "US"], day)
    assert selected["weight"].sum() == pytest.approx(1.0)
    found = wb.studies.allocate(
        "min_variance", lake, ["KR", "US"], day, tickers=selected["ticker"].to_list(), constraints={"max_weight": 0.2}
    )
    stored = lake.read("holdings")
    assert stored.height == found.weights.height
    assert set(stored["currency"]) == {"USD"}
    price = stored.filter(region="US").row(0, named=True)
    raw = lake.read("ohlcv", region="US", start=found.at, end=found.at, tickers=[price["ticker"]])
    assert price["price"] == pytest.approx(raw["close"][0])
    assert set(found.weights["ticker"]) <= set(selected["ticker"])


def test_what_is_not_there_is_said(lake, strategy, tmp_path):
    with pytest.raises(NotEnoughHistory, match="no prices of KR"):
        wb.studies.last_date(wb.Lake(tmp_path / "empty"), "KR")
    with pytest.raises(WorkbenchError):
        wb.studies.select(strategy, lake, "KR", "2023-02-01")
    assert wb.studies.last_date(lake, ["KR", "US"]) == lake.read("ohlcv").filter(pl.col("region") == "US")["date"].max()


def test_a_day_that_is_none_is_refused_before_anything_is_counted(lake, strategy):
    with pytest.raises(ConfigError, match="start='2025-13-01' is not a date"):
        wb.backtest(strategy, lake, regions="KR", start="2025-13-01")
    with pytest.raises(ConfigError, match="at='soon' is not a date"):
        wb.studies.select(strategy, lake, "KR", "soon")
    with pytest.raises(ConfigError, match="at is empty"):
        wb.studies.allocate("min_variance", lake, "KR", "")
    assert lake.read("trials").is_empty()


def test_a_study_started_while_an_interrupt_is_handled_counts_as_what_it_is(lake, strategy):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        wb.backtest(strategy, lake, regions="KR")
    assert lake.read("trials")["status"].to_list() == ["succeeded"]


def test_another_result_of_the_same_evaluation_is_kept_and_counted_once(lake, strategy, monkeypatch):
    first = wb.backtest(strategy, lake, regions="KR")
    before = lake.read("trials").row(0, named=True)
    version = lake.version("trials")
    wb.backtest(strategy, lake, regions="KR")
    assert lake.version("trials") == version
    monkeypatch.setattr("workbench.backtests.sizing._cost", lambda trade, rates: 0.0)
    again = wb.backtest(strategy, lake, regions="KR")
    after = lake.read("trials").row(0, named=True)
    assert (again.id, again.trials, lake.read("trials").height) == (first.id, 1, 1)
    assert again.stats != first.stats
    assert after["returns"] != before["returns"]
    assert after["recorded_at"] == before["recorded_at"]


def test_a_universe_too_small_for_a_score_is_told_as_such(lake, strategy):
    small = strategy.replace(universe={"most_traded": 8, "window": 20})
    told = r"universe \(most_traded 8; .*needs 10 names a region on one day: KR at most 8\. Widen the `universe`"
    with pytest.raises(BacktestError, match=told):
        wb.backtest(small, lake, regions="KR")
    with pytest.raises(BacktestError, match="no decision date"):
        wb.backtest(strategy, lake, regions="KR", start="2025-06-02", end="2025-06-13")


def test_a_region_too_small_for_a_score_is_noted_beside_a_large_one(lake, strategy):
    codes = lake.read("tickers", region="US")["ticker"].unique().to_list()
    few = lake.read("tickers", region="KR")["ticker"].unique().sort().to_list()[:3]
    mixed = strategy.replace(universe={"codes": [*codes, *few]})
    result = wb.backtest(mixed, lake, regions=["KR", "US"])
    assert any("KR at most 3" in note for note in result.notes)
