"""Scores in the lake: the same numbers day by day as at once, one definition a table, and factors of a notebook."""

from __future__ import annotations

import linecache

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench import factors, studies
from workbench.errors import ConfigError, LakeError
from workbench.factors import FactorSet, registry
from workbench.lake import Lake
from workbench.studies import definitions

SET = FactorSet(name="mine", factors={"momentum_12m_1m": 1.0, "book_to_price": 1.0, "volatility_252d": 0.5})
TABLE = "factor_scores/mine"

CELL = """
import numpy as np
from workbench.factors import factor, windows

@factor(family="mine", lookback=273, needs=("close", "net_income_ttm", "market_cap"), financials=False)
def calm_earnings(close, net_income_ttm, market_cap):
    spread = windows.rolling_std(windows.observed_returns(close), 252)
    return net_income_ttm / market_cap / spread - np.nanmedian(net_income_ttm) * 0.0
"""


@pytest.fixture
def lake(tiny_lake):
    return Lake(tiny_lake, pinned=None)


@pytest.fixture
def from_a_cell(monkeypatch):
    """A factor as a notebook registers it."""
    factors.names()
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))
    linecache.cache["<cell>"] = (len(CELL), None, CELL.splitlines(keepends=True), "<cell>")
    exec(compile(CELL, "<cell>", "exec"), {"__name__": "__main__"})
    return "calm_earnings"


def test_the_table_holds_what_is_returned_to_the_bit(lake):
    scores = studies.score(SET, lake, ["KR", "JP"], start="2025-03-03")
    stored = lake.read(TABLE)
    expected = scores.to_polars()
    assert stored.height == expected.height
    assert stored["definition"].unique().to_list() == [SET.content_hash]
    codes = expected["ticker"].str.split(":").list.last().str.split("#").list.first()
    joined = expected.with_columns(ticker=codes).join(stored, on=["region", "ticker", "date"], suffix="_stored")
    assert joined.height == stored.height
    for name in scores.values:
        assert joined[name].dtype == pl.Float32
        assert joined[name].equals(joined[f"{name}_stored"].alias(name), null_equal=True)
    assert stored.select("region", "ticker", "date").equals(stored.select("region", "ticker", "date").sort(pl.all()))


def test_days_that_are_added_one_by_one_make_the_table_of_the_whole_run(lake):
    studies.score(SET, lake, ["KR", "US"], start="2025-11-03")
    whole = lake.read(TABLE)
    other = SET.model_copy(update={"name": "daily"})
    days = whole["date"].unique().sort().to_list()
    studies.score(other, lake, ["KR", "US"], start=days[0], end=days[20])
    for last in (days[21], days[25], days[-1]):
        studies.score(other, lake, ["KR", "US"], end=last, update=True)
    daily = lake.read("factor_scores/daily")
    assert daily.drop("definition").equals(whole.drop("definition"))
    history = lake.versions("factor_scores/daily")
    assert history["revised"].sum() == 0
    assert history["inserted"].sum() == whole.height


def test_an_update_with_nothing_new_changes_nothing(lake):
    studies.score(SET, lake, "KR", start="2025-12-01")
    version = lake.version(TABLE)
    again = studies.score(SET, lake, "KR", update=True)
    assert len(again.labels.dates) == 1
    assert lake.version(TABLE) == version
    with pytest.raises(ConfigError, match="update=True"):
        studies.score(SET, lake, "KR", start="2025-12-01", update=True)


def test_an_update_writes_the_new_session_alone(lake):
    studies.score(SET, lake, "KR", start="2025-01-02", end="2025-12-26")
    before = set(lake.delta(TABLE).file_uris())
    studies.score(SET, lake, "KR", update=True)
    added = set(lake.delta(TABLE).file_uris()) - before
    assert before <= set(lake.delta(TABLE).file_uris())
    assert len(added) == 1
    assert pl.read_parquet(added.pop(), hive_partitioning=False)["date"].min().isoformat() == "2025-12-29"


def test_two_definitions_are_never_mixed(lake):
    studies.score(SET, lake, ["KR", "US"], start="2025-10-01")
    changed = SET.model_copy(update={"winsorize": (0.05, 0.95)})
    assert changed.content_hash != SET.content_hash
    for more in ({}, {"update": True}):
        with pytest.raises(LakeError, match=f"KR by another definition.*{SET.content_hash}.*{changed.content_hash}"):
            studies.score(changed, lake, "KR", **more)
    assert set(lake.read(TABLE)["definition"]) == {SET.content_hash}
    studies.score(changed, lake, "KR", start="2025-12-01", anew=True)
    stored = lake.read(TABLE)
    assert set(stored.filter(region="KR")["definition"]) == {changed.content_hash}
    assert stored.filter(region="KR")["date"].min().isoformat() == "2025-12-01"
    assert set(stored.filter(region="US")["definition"]) == {SET.content_hash}
    assert lake.read("revisions").filter(table=TABLE).is_empty()
    studies.score(changed, lake, "KR", update=True)


def test_a_set_with_other_factors_starts_afresh_in_its_table(lake):
    studies.score(SET, lake, "KR", start="2025-12-01")
    other = FactorSet(name="mine", factors={"momentum_6m_1m": 1.0, "volatility_252d": 1.0})
    with pytest.raises(LakeError, match="another definition"):
        studies.score(other, lake, "KR", start="2025-12-01")
    studies.score(other, lake, "KR", start="2025-12-01", anew=True)
    stored = lake.read(TABLE)
    assert stored["momentum_12m_1m"].is_null().all()
    assert stored["momentum_6m_1m"].is_not_null().any()
    long = lake.sql("SELECT DISTINCT factor_name FROM factor_scores ORDER BY 1")["factor_name"].to_list()
    assert long == ["composite", "momentum_6m_1m", "volatility_252d"]


def test_rows_of_unknown_definition_count_as_another(lake):
    table = definitions.table(lake, SET)
    row = {"ticker": ["005930"], "date": ["2025-12-01"], "composite": [1.0]}
    lake.publish(table, pl.DataFrame(row).with_columns(pl.col("date").str.to_date()), "KR")
    with pytest.raises(LakeError, match="unknown"):
        studies.score(SET, lake, "KR", start="2025-12-01")


def test_a_factor_of_a_notebook_is_scored_combined_and_backtested(lake, from_a_cell):
    chosen = FactorSet(name="own", factors={from_a_cell: 1.0, "momentum_12m_1m": 1.0}, min_names=5)
    scores = studies.score(chosen, lake, "US", start="2025-06-02")
    assert np.isfinite(scores[from_a_cell].values).sum() > 500
    both = (scores[from_a_cell].values.astype(float) + scores["momentum_12m_1m"].values) / 2
    there = np.isfinite(both)
    assert scores.composite.values[there] == pytest.approx(both[there], rel=1e-6)
    stored = lake.read("factor_scores/own")
    assert stored[from_a_cell].is_not_null().sum() == np.isfinite(scores[from_a_cell].values).sum()
    strategy = studies.Strategy(
        name="own_idea",
        hypothesis="Steady earners that have risen go on rising.",
        regions=("US",),
        factors={from_a_cell: 1.0, "momentum_12m_1m": 1.0},
        selection={"top_n": 3},
    )
    result = wb.backtest(strategy, lake, start="2025-01-02")
    assert result.stats["volatility"] > 0
    assert result.trials == 1
    changed = CELL.replace("* 0.0", "* 0.0 + 0.0")
    linecache.cache["<cell2>"] = (len(changed), None, changed.splitlines(keepends=True), "<cell2>")
    before = strategy.content_hash
    exec(compile(changed, "<cell2>", "exec"), {"__name__": "__main__"})
    assert strategy.content_hash != before


def test_a_fitted_set_is_scored_as_it_is_combined(lake):
    chosen = FactorSet(
        name="fitted",
        factors={"momentum_12m_1m": 1.0, "volatility_252d": 1.0},
        min_names=5,
        combination={"method": "inverse_volatility", "train": "6m", "step": "3m", "horizon": 5, "embargo": 2},
    )
    scores = studies.score(chosen, lake, "KR", start="2025-06-02")
    stored = lake.read("factor_scores/fitted")
    assert stored["composite"].is_not_null().sum() > 1000
    whole = stored.filter(pl.col("date") == stored["date"].max()).drop("definition")
    alone = chosen.model_copy(update={"name": "fitted_alone"})
    studies.score(alone, lake, "KR", start=scores.labels.dates[-1].item())
    assert lake.read("factor_scores/fitted_alone").drop("definition").equals(whole)


def test_a_large_append_is_handed_over_year_by_year_and_reads_the_same(lake, monkeypatch):
    studies.score(SET, lake, "KR", start="2024-06-03")
    whole = lake.read(TABLE)
    monkeypatch.setattr("workbench.lake.writing._MANY", 10)
    other = SET.model_copy(update={"name": "large"})
    studies.score(other, lake, "KR", start="2024-06-03")
    large = lake.read("factor_scores/large")
    assert large.drop("definition").equals(whole.drop("definition"))
    files = pl.DataFrame(lake.delta("factor_scores/large").get_add_actions(flatten=True))
    assert files["partition.year"].sort().cast(pl.String).to_list() == ["2024", "2025"]
    assert lake.versions("factor_scores/large")["inserted"].sum() == whole.height


def test_a_score_that_is_gone_is_gone_from_the_table_on_the_dates_computed(lake):
    studies.score(SET, lake, "KR", start="2025-12-15")
    before = lake.read(TABLE)
    table = definitions.table(lake, SET)
    day = before["date"].unique().sort().to_list()[-2]
    row = before.filter(date=day).head(1).with_columns(ticker=pl.lit("999999"))
    lake.publish(table, row, "KR")
    early = before["date"].min()
    lake.publish(table, row.with_columns(date=pl.lit(early)), "KR")
    studies.score(SET, lake, "KR", start=day)
    left = lake.read(TABLE).filter(ticker="999999")
    assert left["date"].to_list() == [early]
    assert lake.read(TABLE).filter(pl.col("ticker") != "999999").equals(before)
