"""Signals of a factor set: the scale, the parts, the thresholds."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pytest

from workbench import factors
from workbench.errors import ConfigError, DataError
from workbench.factors import FactorSet
from workbench.signals import SignalRules, from_scores

SET = FactorSet(name="pair", factors={"signals_up": 2.0, "signals_down": 1.0})


@factors.factor(family="rising", lookback=0, needs=("close",))
def signals_up(close):
    return close.copy()


@factors.factor(family="falling", lookback=0, needs=("volume",), direction=-1)
def signals_down(volume):
    return volume.copy()


@pytest.fixture
def panel(make_panel):
    generator = np.random.default_rng(8)
    close = np.exp(generator.normal(3.0, 0.5, (6, 70)))
    volume = np.exp(generator.normal(3.0, 0.5, (6, 70)))
    volume[:, ::7] = np.nan
    tickers = tuple(f"KR:{n:06d}" for n in range(40)) + tuple(f"JP:{n}" for n in range(1000, 1030))
    return make_panel(close, tickers, bars={"volume": volume}, traded=np.ones(close.shape, bool))


@pytest.fixture
def signals(panel):
    return from_scores(factors.compute(SET, panel), SET)


def test_the_scale_is_the_normal_distribution_of_the_composite(panel, signals) -> None:
    composite = factors.compute(SET, panel).values["composite"]
    for row, first, last in ((2, 0, 40), (4, 40, 70)):
        own = composite[row, first:last]
        spread = NormalDist(float(np.nanmean(own)), float(np.nanstd(own)))
        expected = [100.0 * spread.cdf(value) for value in own]
        np.testing.assert_allclose(signals.score[row, first:last], expected, atol=5.1e-5)


def test_parts_add_up_to_the_score_and_missing_ones_have_none(signals) -> None:
    frame = signals.to_polars()
    assert frame.height == 6 * 70
    for row in frame.iter_rows(named=True):
        parts = json.loads(row["layers"])
        total = sum(points for layer in parts.values() for points in layer.values())
        assert total == pytest.approx(row["score"], abs=1e-9)
        number = int(row["ticker"].split(":")[1])
        column = number if row["region"] == "KR" else 40 + number - 1000
        assert ("falling" in parts) == (column % 7 != 0)
        assert set(parts) <= {"base", "rising", "falling"}


def test_a_part_has_the_sign_of_its_factor_and_the_share_of_its_weight(panel, signals) -> None:
    scores = factors.compute(SET, panel)
    row, column = 3, 5
    up, down = (scores.values[name][row, column] for name in ("signals_up", "signals_down"))
    parts = dict(signals.apart(signals.labels.tickers[column], panel.dates[row])["component", "points"].iter_rows())
    assert np.sign(parts["signals_up"]) == np.sign(up)
    assert parts["signals_up"] / parts["signals_down"] == pytest.approx(2.0 * up / down, rel=1e-3)


def test_thresholds_are_the_region_s(panel, signals) -> None:
    rules = SignalRules.model_validate({"regions": {"JP": {"buy": 90, "watch": 10}}})
    frame = from_scores(factors.compute(SET, panel), SET, rules).to_polars()
    for region, buy, watch in (("KR", 70, 50), ("JP", 90, 10)):
        for score, said in frame.filter(region=region).select("score", "signal").iter_rows():
            assert said == ("BUY" if score >= buy else "WATCH" if score >= watch else "AVOID")
    history = signals.history()
    assert history["scored"].to_list() == [40] * 6 + [30] * 6
    assert (history["buy"] + history["watch"] + history["avoid"]).to_list() == history["scored"].to_list()


def test_confidence_is_the_place_among_the_region_s_names(signals) -> None:
    own = signals.score[0, :40]
    expected = [(np.sum(own < value) + 0.5 * (np.sum(own == value) - 1)) / 39 for value in own]
    np.testing.assert_allclose(signals.confidence[0, :40], expected, atol=1e-12)


def test_few_names_have_no_confidence_and_the_notes_say_so(panel) -> None:
    rules = SignalRules(min_names=35)
    found = from_scores(factors.compute(SET, panel), SET, rules)
    assert np.isnan(found.confidence[:, 40:]).all()
    assert not np.isnan(found.confidence[:, :40]).any()
    assert any("JP: 30 scored names" in note for note in found.notes)
    assert found.to_polars().filter(region="JP")["confidence"].null_count() == 180


def test_a_fitted_composite_has_one_part(panel) -> None:
    scores = factors.compute(SET, panel)
    fitted = np.tanh(scores.values["composite"]) ** 3
    found = from_scores(replace(scores, values={**scores.values, "composite": fitted}), SET)
    for text, score in found.to_polars().select("layers", "score").iter_rows():
        parts = json.loads(text)
        assert set(parts) == {"base", "model"}
        assert parts["base"]["average"] + parts["model"]["model"] == pytest.approx(score, abs=1e-9)


def test_what_is_centred_rounded_or_weighted_by_a_fit_is_taken_apart_as_well(panel) -> None:
    scores = factors.compute(SET, panel)
    composite = scores.values["composite"]
    rounded = factors.compute(SET, panel, precision="float32")
    centred = factors.compute(SET.model_copy(update={"neutralize": ("region",)}), panel)
    turned = {name: scores.values[name] * weight for name, weight in (("signals_up", 0.7), ("signals_down", -0.3))}
    there = {"signals_up": 0.7, "signals_down": 0.3}
    size = sum(np.where(np.isnan(turned[name]), 0.0, weight) for name, weight in there.items())
    weighted = sum(np.nan_to_num(values) for values in turned.values()) / size
    fold = SimpleNamespace(test_start=panel.dates[0], test_end=panel.dates[-1] + np.timedelta64(1, "D"))
    fits = tuple(
        SimpleNamespace(region=region, fold=fold, weights={"signals_up": 0.7, "signals_down": -0.3})
        for region in ("KR", "JP")
    )
    fitted = SimpleNamespace(
        labels=scores.labels, notes=(), fitted=fits, values={**scores.values, "composite": 4.0 * weighted + 1.0}
    )
    assert not np.allclose(centred.values["composite"], composite)
    for made in (rounded, centred, fitted):
        for text, score in from_scores(made, SET).to_polars().select("layers", "score").iter_rows():
            parts = json.loads(text)
            assert "model" not in parts
            assert sum(sum(layer.values()) for layer in parts.values()) == pytest.approx(score, abs=1e-9)
    apart = from_scores(fitted, SET).apart(panel.tickers[1], panel.dates[0])
    points = dict(apart["component", "points"].iter_rows())
    assert np.sign(points["signals_down"]) == -np.sign(scores.values["signals_down"][0, 1])


def test_a_date_moves_no_other(panel, signals) -> None:
    """Rows after t, scrambled, and a longer history move no bit of row t."""
    close = np.array(panel["close"])
    close[4:] = close[4:, ::-1] * 3.0
    moved = replace(panel, bars={**panel.bars, "close": close}, _adjusted={})
    other = from_scores(factors.compute(SET, moved), SET)
    np.testing.assert_array_equal(other.score[:4], signals.score[:4])
    short = from_scores(factors.compute(SET, panel, start=panel.dates[3].item()), SET)
    np.testing.assert_array_equal(short.score, signals.score[3:])
    first = signals.to_polars(start=panel.dates[3].item())
    assert short.to_polars().equals(first)


def test_ten_names_are_needed(make_panel) -> None:
    panel = make_panel(np.arange(1.0, 19.0).reshape(2, 9), tuple(f"KR:{n:06d}" for n in range(9)))
    chosen = FactorSet(name="few", factors={"signals_up": 1.0}, min_names=2)
    found = from_scores(factors.compute(chosen, panel), chosen)
    assert np.isnan(found.score).all()
    assert found.to_polars().is_empty()
    assert found.latest().is_empty()


def test_what_is_not_there_is_said(panel, signals) -> None:
    other = FactorSet(name="other", factors={"volatility_252d": 1.0})
    with pytest.raises(ConfigError, match="lack volatility_252d"):
        from_scores(factors.compute(SET, panel), other)
    with pytest.raises(DataError, match="no score of KR:999999"):
        signals.apart("KR:999999", panel.dates[0])
