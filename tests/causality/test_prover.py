"""The leak prover finds every planted leak and names what moved, and nothing that is shipped is flagged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from planted_leaks import INDEX, LEAKS

from workbench import factors
from workbench.factors import FactorSet
from workbench.factors.combination import LEARNED, WEIGHTED, Combination
from workbench.lake import Lake
from workbench.studies import Strategy, prove
from workbench.studies.proof import Certificate

QUICK = {"cuts": 2, "tickers": 20}


@pytest.fixture(scope="module")
def lake(tiny_lake_folder, tmp_path_factory):
    """The tiny lake, with an index whose members change."""
    lake = Lake(Lake(tiny_lake_folder).clone(tmp_path_factory.mktemp("prover") / "lake").root)
    codes = lake.sql("SELECT DISTINCT ticker FROM ohlcv WHERE region = 'KR' ORDER BY 1")["ticker"].to_list()
    stays = pl.DataFrame(
        {
            "index": INDEX,
            "ticker": [f"KR:{code}" for code in codes[:18]],
            "valid_from": [date(2020, 1, 2)] * 15 + [date(2025, 8, 1)] * 3,
            "valid_to": [date(2025, 5, 30)] * 3 + [None] * 15,
            "source": "test",
        }
    )
    lake.publish("memberships", stays)
    return Lake(lake.root)


@pytest.mark.parametrize("name", sorted(LEAKS))
def test_a_planted_leak_is_found(lake, name):
    leak = LEAKS[name]
    target = leak.target(lake) if leak.made else leak.target
    proof = prove(target, lake, leak.regions, timing=leak.timing, fitted=leak.fitted, **QUICK)
    assert not proof.causal
    assert leak.kind in {one.kind for one in proof.findings}, proof
    assert not proof.certificate.causal
    if leak.kind == "moved":
        told = " ".join(one.input for one in proof.findings)
        assert leak.input in told, proof
        first = proof.findings[0]
        assert first.ticker.startswith("KR:")
        assert date.fromisoformat(first.date) <= date.fromisoformat(proof.certificate.cuts[-1][:10])
        assert first.count > 0


def test_nothing_that_is_shipped_is_flagged(lake):
    proof = prove("all", lake, ("KR", "US"), **QUICK)
    assert proof.causal, proof
    proven = {one.target: one for one in proof.certificates}
    assert set(factors.names()) <= set(proven)
    assert {"layered", "technicals", "momentum_top20", "momentum_volatility"} <= set(proven)
    assert all(one.values > 5_000 for one in proven.values())
    assert all(one.tolerance == 0.0 for one in proven.values() if one.kind == "factor")


@pytest.mark.parametrize("method", [*WEIGHTED, *LEARNED])
def test_a_fitted_composite_is_causal(lake, method):
    if method == "xgboost":
        pytest.importorskip("xgboost")
    spec = Combination(method=method, train="12m", step="3m", trees=20, min_leaf=20)
    chosen = FactorSet(
        name="fitted", factors={"reversal_1m": 1.0, "rsi_14": 1.0, "max_return_21d": 1.0}, combination=spec
    )
    proof = prove(chosen, lake, "KR", cuts=1, tickers=20)
    assert proof.causal, proof
    assert proof.certificate.tolerance == 1e-12
    assert "composite" not in proof.certificate.without


@pytest.mark.parametrize("universe", [INDEX, {"largest": 15}])
def test_universes_by_rule_are_causal(lake, universe):
    strategy = Strategy.load("momentum_top20").replace(universe=universe)
    proof = prove(strategy, lake, "KR", **QUICK)
    assert proof.causal, proof
    assert "targets" not in proof.certificate.without


def test_an_honest_function_of_the_lake_is_causal(lake):
    def honest(lake, regions, start, end):
        panel = lake.panel(regions, start=start, end=end, fields=("close",), items=("net_income_ttm",), warmup=21)
        values = panel["net_income_ttm"] / panel.raw("close")
        return {"yield": _frame(panel, values)}

    proof = prove(honest, lake, ("KR", "US", "JP"), **QUICK)
    assert proof.causal, proof
    assert proof.certificate.values > 10_000


def test_weights_that_are_held_are_causal_if_they_were_known_the_day_before(lake):
    def held(lake, regions, start, end):
        panel = lake.panel(regions, start=start, end=end, fields=("close",), adjust="none")
        values = np.full_like(panel["close"], np.nan)
        values[1:] = panel["close"][:-1]
        return _frame(panel, values)

    assert prove(held, lake, "KR", timing="held", **QUICK).causal
    assert prove(held, lake, "KR", **QUICK).causal


def test_the_age_of_a_listing_and_a_cache_that_is_honest_are_causal(lake):
    weights = {}

    def age(lake, regions, start, end):
        panel = lake.panel(regions, start=start, end=end, fields=("close",))
        weights.setdefault("scale", 1.0 / 365.0)
        began = dict(lake.sql("SELECT ticker, min(listed_date) FROM tickers WHERE region = 'KR' GROUP BY 1").rows())
        first = np.array([began[label[3:].split("#")[0]] for label in panel.tickers], "datetime64[D]")
        days = (panel.dates[:, None] - first[None, :]).astype(float)
        return _frame(panel, np.where(panel.member & (days > 0.0), days * weights["scale"], np.nan))

    proof = prove(age, lake, "KR", **QUICK)
    assert proof.causal, proof


def test_a_set_brings_along_what_its_factors_do(lake):
    ahead = np.ones(500)

    @factors.factor(family="momentum", lookback=5, needs=("close",))
    def carries_data(close):
        return close * ahead[: close.shape[1]]

    try:
        proof = prove(FactorSet(name="carried", factors={"carries_data": 1.0}), lake, "KR", cuts=1, tickers=20)
    finally:
        factors.registry._REGISTRY.pop("carries_data", None)
    assert "captured" in {one.kind for one in proof.findings}


def test_a_leak_that_was_found_is_not_forgotten_by_a_weaker_look(lake, tmp_path):
    honest = prove("reversal_1m", lake, "KR", cuts=1, tickers=10).certificate
    found = replace(honest, causal=False, findings=("it moved",))
    path = found.save(tmp_path)
    honest.save(tmp_path)
    assert not Certificate.from_json(path.read_text()).causal
    replace(honest, snapshot="another").save(tmp_path)
    assert Certificate.from_json(path.read_text()).causal


def _frame(panel, values):
    rows, columns = np.nonzero(~np.isnan(values))
    tickers = np.array(panel.tickers)
    return pl.DataFrame({"date": panel.dates[rows], "ticker": tickers[columns], "value": values[rows, columns]})
