"""Signals and technicals in the lake: what is published, and that an update gives the numbers of a full run."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from workbench import signals, studies
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.factors import FactorSet
from workbench.lake import Lake
from workbench.signals import SignalRules

SET = FactorSet(name="calm", factors={"volatility_252d": 1.0, "trend_200d": 1.0})
REGIONS = ("KR", "JP")


@pytest.fixture
def lake(tiny_lake):
    return Lake(tiny_lake)


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.sort("region", "ticker", "date", "set").equals(other.sort("region", "ticker", "date", "set"))


def test_signals_of_a_set_are_published_with_their_scores(lake) -> None:
    found = studies.signal(SET, lake, REGIONS, start="2025-06-02")
    stored = lake.live().read("signals")
    assert stored.height == int((~np.isnan(found.score)).sum()) > 0
    assert set(stored["set"]) == {"calm"}
    assert lake.live().version("factor_scores/calm") is not None
    for score, said, layers in stored.select("score", "signal", "layers").iter_rows():
        assert said == ("BUY" if score >= 70 else "WATCH" if score >= 50 else "AVOID")
        assert sum(sum(parts.values()) for parts in json.loads(layers).values()) == pytest.approx(score, abs=1e-9)
    # Twenty names a region are too few for a percentile.
    assert stored["confidence"].null_count() == stored.height
    assert not stored["ticker"].str.contains(":").any()


def test_two_sets_stand_side_by_side(lake) -> None:
    first = studies.signal(SET, lake, "KR", start="2025-12-01")
    second = studies.signal("layered", lake, "KR", start="2025-12-01")
    stored = lake.live().read("signals")
    counts = dict(stored.group_by("set").len().iter_rows())
    assert counts == {name: int((~np.isnan(one.score)).sum()) for name, one in (("calm", first), ("layered", second))}


def test_a_day_alone_has_the_numbers_of_the_whole_history(lake) -> None:
    """To the bit, regime of other regions included, for both kinds of signals and for technicals."""
    for name in (SET, "layered"):
        whole = studies.signal(name, lake, REGIONS, keep=False)
        day = whole.labels.dates[-3].item()
        alone = studies.signal(name, lake, REGIONS, start=day, keep=False)
        assert alone.to_polars().height > 0
        assert _same(alone.to_polars(), whole.to_polars(start=day))
    whole, alone = studies.technicals(lake, REGIONS), studies.technicals(lake, REGIONS, start="2025-12-22")
    first = int(np.searchsorted(whole.labels.dates, np.datetime64("2025-12-22")))
    for name, values in alone.values.items():
        columns = [whole.labels.tickers.index(ticker) for ticker in alone.labels.tickers]
        np.testing.assert_array_equal(values, whole.values[name][first:][:, columns], err_msg=name)


def test_a_region_alone_has_the_numbers_it_has_among_others(lake) -> None:
    together = studies.signal("layered", lake, REGIONS, start="2025-11-03", keep=False).to_polars()
    alone = studies.signal("layered", lake, "KR", start="2025-11-03", keep=False).to_polars()
    assert _same(alone, together.filter(region="KR"))


def test_what_comes_later_changes_no_signal(lake) -> None:
    whole = studies.signal("layered", lake, REGIONS, start="2025-10-01", keep=False).to_polars()
    early = studies.signal("layered", lake, REGIONS, start="2025-10-01", end="2025-11-14", keep=False).to_polars()
    day = pl.date(2025, 11, 14)
    assert _same(early, whole.filter(pl.col("date") <= day))


def test_a_replay_and_a_look_publish_nothing(lake, monkeypatch) -> None:
    studies.signal("layered", lake, "KR", start="2025-12-15", keep=False)
    assert lake.live().version("signals") is None
    monkeypatch.setenv("WORKBENCH_REPLAY", "1")
    studies.signal("layered", lake, "KR", start="2025-12-15")
    studies.technicals(lake, "KR", start="2025-12-15")
    assert lake.live().version("signals") is None
    assert lake.live().version("technicals") is None


def test_technicals_are_published_under_the_codes_of_the_exchange(lake) -> None:
    found = studies.technicals(lake, REGIONS, start="2025-12-01")
    stored = lake.live().read("technicals")
    assert stored.height == found.to_polars().height
    assert stored["date"].min().isoformat() == "2025-12-01"
    assert stored.filter(pl.col("rsi_14").is_between(0.0, 100.0)).height > 0.9 * stored.height
    # Nothing that is derived makes rows of revisions, and no result depends on it.
    before = lake.live().sql("SELECT count(*) FROM revisions").item()
    studies.technicals(lake, REGIONS, start="2025-12-01")
    assert lake.live().sql("SELECT count(*) FROM revisions").item() == before


def test_results_do_not_depend_on_what_was_derived(lake) -> None:
    from workbench.studies import trials

    before = trials.identity(lake, "x")
    studies.technicals(lake, "KR", start="2025-12-22")
    studies.signal("layered", lake, "KR", start="2025-12-22")
    assert trials.identity(lake, "x") == before


def test_rules_are_the_user_s(lake) -> None:
    rules = SignalRules.model_validate({"regions": {"KR": {"buy": 60, "watch": 20}}})
    found = studies.signal("layered", lake, "KR", start="2025-12-22", rules=rules, keep=False)
    frame = found.latest()
    assert (frame["signal"] == "BUY").to_list() == (frame["score"] >= 60.0).to_list()
    with pytest.raises(NotEnoughHistory, match="no sessions between 2026-01-05"):
        studies.signal("layered", lake, "KR", start="2026-01-05")
    with pytest.raises(ConfigError, match="no file"):
        studies.signal("layered", lake, "KR", rules="other")


def test_names_and_counts_for_the_pages(lake) -> None:
    made = studies.signal("layered", lake, REGIONS, start="2025-12-01")
    frame = studies.named(made.latest(), lake)
    assert frame["name"].null_count() == 0
    layers = signals.by_layer(frame)
    assert layers.select(pl.sum_horizontal("regime", "structure", "timing")).to_series().to_list() == pytest.approx(
        frame["score"].to_list(), abs=1e-9
    )
    scores = studies.score(SET, lake, REGIONS, start="2025-12-01")
    counts = studies.written(scores, studies.technicals(lake, REGIONS, start="2025-12-01"), made)
    assert counts["signal_rows"].sum() == lake.live().read("signals").height
    assert counts["technical_rows"].sum() == lake.live().read("technicals").height
    assert counts["score_rows"].sum() == lake.live().read("factor_scores/calm").height


def test_members_without_a_score_have_a_reason(lake) -> None:
    chosen = FactorSet(name="some", factors={"volatility_252d": 1.0, "gross_profitability": 1.0})
    scores = studies.score(chosen, lake, REGIONS, start="2023-06-01", end="2025-12-26")
    found = studies.missing(scores, lake)
    reasons = ["did_not_trade", "financials", "short_history", "no_input"]
    assert (found.select(pl.sum_horizontal("scored", *reasons)).to_series() == found["members"]).all()
    assert found.filter(factor="volatility_252d")["financials"].sum() == 0
    financials = dict(found.filter(factor="gross_profitability").select("region", "financials").iter_rows())
    panel = lake.panel("KR", start="2025-12-26", end="2025-12-26", fields=("close",))
    here = [sector == "Financials" and bool(panel.member[-1, n]) for n, sector in enumerate(panel.sector_at(-1))]
    assert financials["KR"] == sum(here) > 0
    early = studies.score(chosen, lake, "KR", start="2023-02-01", end="2023-03-02")
    reasons_then = studies.missing(early, lake).filter(factor="volatility_252d").row(0, named=True)
    assert reasons_then["short_history"] > 0
    assert reasons_then["scored"] == 0


def test_hits_of_a_late_start_need_no_panel_of_the_warm_up(lake) -> None:
    """Names that were delisted in the warm-up are counted in its breadth and are no part of the signals."""
    found = studies.signal("layered", lake, REGIONS, start="2025-06-02", keep=False)
    table = signals.hit_rates(found, lake.panel(REGIONS, start="2025-06-02", fields=("close",)))
    assert set(table["verdict"]) == {"insufficient"}
    assert table.filter(kind="AVOID")["signals"].min() > 0


def test_signals_that_are_gone_under_new_rules_are_gone_on_the_dates_computed(lake, monkeypatch) -> None:
    """Those of other dates, other sets and other regions stay, however the commits are cut."""
    monkeypatch.setattr("workbench.studies.signalling._COMMIT", 50)
    studies.signal(SET, lake, "KR", start="2025-12-01")
    studies.signal("layered", lake, REGIONS, start="2025-12-01")
    before = lake.live().read("signals")
    strict = SignalRules.model_validate({"min_names": 25, "layers": _needing("relative_strength")})
    found = studies.signal("layered", lake, "KR", start="2025-12-15", rules=strict)
    assert np.isnan(found.score).all()
    after = lake.live().read("signals")
    gone = (pl.col("set") == "layered") & (pl.col("region") == "KR") & (pl.col("date") >= pl.date(2025, 12, 15))
    assert before.filter(gone).height > 0
    assert _same(after, before.filter(~gone))


def _needing(component: str) -> dict:
    return {"timing": {"weight": 1, "components": {component: 1}}}


def test_technicals_that_are_gone_are_gone_on_the_dates_computed(lake) -> None:
    studies.technicals(lake, "KR", start="2025-12-01")
    before = lake.live().read("technicals")
    day = before["date"].max()
    lake.live().publish("technicals", before.filter(date=day).head(1).with_columns(ticker=pl.lit("999999")), "KR")
    studies.technicals(lake, "KR", start="2025-12-22")
    assert lake.live().read("technicals").equals(before)
