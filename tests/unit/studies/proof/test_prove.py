"""What the prover looks at, what it says of odd targets, and what it keeps."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from workbench import backtests, settings
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.lake import Lake
from workbench.lake.whatif import Alteration
from workbench.studies import Strategy, certificate, prove
from workbench.studies.proof import certify, fills, subjects, worlds
from workbench.studies.proof.findings import Certificate

QUICK = {"cuts": 1, "tickers": 20}


@pytest.fixture(scope="module")
def lake(tiny_lake_folder):
    return Lake(tiny_lake_folder, pinned=None).at(Lake(tiny_lake_folder, pinned=None).snapshot())


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(certify, "_known", {})


def test_the_certificate_says_what_was_proven_on_what(lake):
    proof = prove("reversal_1m", lake, "KR", **QUICK)
    found = proof.certificate
    assert proof.causal
    assert (found.target, found.kind, found.regions, found.tolerance) == ("reversal_1m", "factor", ("KR",), 0.0)
    assert found.snapshot == lake.snapshot().id
    assert found.values > 1_000
    assert 15 < found.tickers <= 20
    assert {"cut off", "scrambled", "revised", "later regions shifted"} <= set(found.worlds)
    assert found.text.startswith("Proven causal")
    (kept,) = (settings.load().state / "proofs").glob("*.json")
    assert Certificate.from_json(kept.read_text(encoding="utf-8")) == found
    assert json.loads(kept.read_text(encoding="utf-8"))["text"] == found.text


def test_a_kept_certificate_is_not_made_again_until_the_code_changes(lake, monkeypatch):
    first = certificate("reversal_1m", lake, "KR")

    def refuse(*_args, **_options):
        raise AssertionError("it was proven again")

    monkeypatch.setattr(certify.prover, "prove", refuse)
    assert certificate("reversal_1m", lake, "KR") == first
    certify._known.clear()
    assert certificate("reversal_1m", lake, "KR") == first
    with pytest.raises(AssertionError, match="again"):
        certificate("reversal_1m", lake, "US")
    monkeypatch.setattr(certify.keys, "workbench_hash", lambda: "another")
    with pytest.raises(AssertionError, match="again"):
        certificate("reversal_1m", lake, "KR")


def test_other_parameters_have_another_certificate():
    strategy = Strategy.load("momentum_top20")
    other = strategy.replace(selection={"top_n": 7})
    one, two = (certify.keys.key(subjects.of_strategy(each), ("KR",), "close") for each in (strategy, other))
    assert one != two
    assert one == certify.keys.key(subjects.of_strategy(strategy.replace(hypothesis="other words")), ("KR",), "close")


def test_no_certificate_where_there_is_nothing_to_prove_with(tmp_path):
    assert certificate("reversal_1m", Lake(tmp_path / "empty", pinned=None), "KR") is None
    with pytest.raises(NotEnoughHistory):
        prove("reversal_1m", Lake(tmp_path / "empty", pinned=None), "KR")


def test_a_target_without_values_is_not_causal(lake):
    def nothing(close):
        return np.full_like(close, np.nan)

    proof = prove(nothing, lake, "KR", **QUICK)
    assert not proof.causal
    assert [one.kind for one in proof.findings] == ["empty"]
    assert "nothing is proven" in str(proof.findings[0])
    assert proof.certificate.text.startswith("Unproven")
    assert certificate(nothing, lake, "KR") is None


def test_a_constant_does_not_come_from_the_lake(lake):
    def constant(close):
        return np.arange(close.shape[1]) + np.zeros_like(close)

    proof = prove(constant, lake, "KR", **QUICK)
    assert {one.kind for one in proof.findings} == {"insensitive"}


def test_what_cannot_be_built_without_the_future_is_found(lake):
    def needs_the_end(lake, regions, start, end):
        panel = lake.panel(regions, start=start, end=end, fields=("close",))
        if panel.dates[-1].item() < date(2025, 12, 1):
            raise ValueError("the last month is missing")
        rows, columns = np.nonzero(~np.isnan(panel["close"]))
        import polars as pl

        tickers = np.array(panel.tickers)[columns]
        return pl.DataFrame({"date": panel.dates[rows], "ticker": tickers, "value": panel["close"][rows, columns]})

    proof = prove(needs_the_end, lake, "KR", **QUICK)
    assert "failed" in {one.kind for one in proof.findings}
    assert "the last month is missing" in str(proof.findings[0])


def test_the_prover_itself_would_be_noticed_if_it_altered_nothing(lake, monkeypatch):
    """Worlds that are the lake as it is: then even the past does not move, and everything is flagged."""
    monkeypatch.setattr(worlds.Plan, "altered", lambda *_: Alteration())
    proof = prove("reversal_1m", lake, "KR", **QUICK)
    assert not proof.causal


def test_unknown_things_are_refused_with_what_is_near(lake):
    with pytest.raises(ConfigError, match="no factor, factor set or strategy 'momentum_12m'") as refused:
        prove("momentum_12m", lake, "KR")
    assert "momentum_12m_1m" in refused.value.hint
    with pytest.raises(ConfigError, match="A list cannot be proven"):
        prove([1.0], lake, "KR")
    with pytest.raises(ConfigError, match="timing='open'"):
        prove("reversal_1m", lake, "KR", timing="open")
    with pytest.raises(ConfigError, match="cuts=0"):
        prove("reversal_1m", lake, "KR", cuts=0)
    with pytest.raises(ConfigError, match="cannot be cut at"):
        prove("reversal_1m", lake, "KR", dates=["2031-01-06"])
    with pytest.raises(ConfigError, match="takes no parameter"):
        prove(lambda: 1, lake, "KR")


def test_the_plan_is_the_same_each_time_and_keeps_what_is_eventful(lake):
    asked = {"seed": 0, "cuts": 3, "tickers": 8, "whole": False}
    one, two = (worlds.plan(lake, ("KR", "US"), None, **asked) for _ in range(2))
    assert one == two
    assert {moment.region for moment in one.moments} == {"KR", "US"}
    assert len(one.keep["KR"]) == 8
    ended = lake.read("tickers", "KR")
    eventful = ended["ticker"].filter(ended["delisted_date"].is_between(one.start, one.end)).to_list()
    reused = ended["ticker"].filter(ended["spell"] > 1).to_list()
    assert set(one.keep["KR"]) & set(eventful)
    assert set(one.keep["KR"]) & set(reused)
    assert worlds.plan(lake, ("KR",), [date(2025, 3, 4)], **asked).moments[0].day == date(2025, 3, 4)


def test_codes_whose_prices_a_later_split_has_moved_are_left_out(tiny_lake):
    import polars as pl

    lake = Lake(tiny_lake)
    bars = lake.read("ohlcv", "KR").with_columns(adjusted=pl.lit("split"))
    lake.publish("ohlcv", bars, region="KR")
    plan = worlds.plan(lake, ("KR",), None, seed=0, cuts=1, tickers=50, whole=False)
    split = lake.read("actions", "KR").filter(pl.col("kind") == "split")
    split = split.filter(pl.col("ex_date").is_between(plan.start, plan.end))["ticker"].unique()
    assert plan.left_out == len(split) > 0
    assert not set(plan.keep["KR"]) & set(split)


def test_an_engine_that_trades_on_the_day_of_the_decision_is_found(lake, monkeypatch):
    strategy = Strategy.load("momentum_top20")
    chosen = worlds.needed([strategy.factor_set])
    world = worlds.World(lake.what_if(Alteration()), ("KR",), date(2024, 7, 1), date(2025, 12, 30), chosen)
    assert fills.check(strategy, world) is None
    honest = backtests.run

    def at_once(targets, panel, **options):
        """Decisions move to the session before, so that they are filled on their own day."""
        rows = np.searchsorted(panel.dates, targets.dates) - 1
        return honest(backtests.Targets(panel.dates[rows], targets.tickers, targets.weights.copy()), panel, **options)

    monkeypatch.setattr(fills.backtests, "run", at_once)
    found = fills.check(strategy, world)
    assert found.kind == "fill"
    assert "traded before it is known" in str(found)


def test_nothing_is_written_into_the_lake(lake):
    before = lake.root.stat().st_mtime_ns, sorted(path.name for path in Path(lake.root).rglob("*.json"))
    prove("momentum_top20", lake, "KR", **QUICK)
    assert (lake.root.stat().st_mtime_ns, sorted(path.name for path in Path(lake.root).rglob("*.json"))) == before
