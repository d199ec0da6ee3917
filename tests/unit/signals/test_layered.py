"""The layered score: each component on numbers worked out by hand, the sum, the missing, and no look-ahead."""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from workbench import markets
from workbench.errors import ConfigError
from workbench.signals import SignalRules, from_levels, from_panel, regime, structure, timing

DAYS, KR, JP = 640, 34, 12


def _sessions(region: str, count: int) -> np.ndarray:
    days = markets.session_array(region, markets.first_known(region), markets.last_known(region))
    return days[np.searchsorted(days, np.datetime64("2021-01-04")) :][:count]


@pytest.fixture(scope="module")
def walk():
    """Closes and volumes of two regions on the union of their sessions, with a halt and a late listing."""
    generator = np.random.default_rng(21)
    sessions = {"KR": _sessions("KR", DAYS), "JP": _sessions("JP", DAYS)}
    dates = np.union1d(*sessions.values())
    rows = {region: np.isin(dates, own) for region, own in sessions.items()}
    regions = np.array(["KR"] * KR + ["JP"] * JP)
    drift = generator.normal(0.0, 0.001, KR + JP)
    close = 100.0 * np.exp(np.cumsum(drift + generator.normal(0.0, 0.015, (len(dates), KR + JP)), axis=0))
    volume = np.exp(generator.normal(10.0, 0.5, close.shape))
    there = np.column_stack([rows[region] for region in regions])
    there[300:320, 3] = False
    there[:200, 5] = False
    close, volume = np.where(there, close, np.nan), np.where(there, volume, np.nan)
    tickers = tuple(f"KR:{n:06d}" for n in range(KR)) + tuple(f"JP:{n}" for n in range(1000, 1000 + JP))
    bars = {"close": close, "high": close * 1.01, "low": close * 0.99, "volume": volume}
    return dates, tickers, bars, rows


@pytest.fixture(scope="module")
def indexes(walk):
    dates, _, _, rows = walk
    generator = np.random.default_rng(4)
    return {
        region: from_levels(
            region, region, dates[own], 1000.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, own.sum())))
        )
        for region, own in rows.items()
    }


def _panel(walk, first=0, last=None, start=0, **changed):
    from workbench.lake.panel import Panel

    dates, tickers, bars, rows = walk
    cut = slice(first, last)
    return Panel(
        dates[cut].copy(),
        tickers,
        {name: values[cut].copy() for name, values in {**bars, **changed}.items()},
        session_rows={region: own[cut] for region, own in rows.items()},
        start=start,
        currency=None,
    )


@pytest.fixture(scope="module")
def found(walk, indexes):
    return from_panel(_panel(walk), indexes)


def test_a_score_is_the_weighted_mean_of_its_layers(found) -> None:
    """Taken apart by hand: weights over the components and layers that are there."""
    row, column = 600, 7
    rules = found.rules
    layers = {}
    for layer, rule in rules.layers.items():
        key = f"regime:{found.labels.regions[column]}" if layer == "regime" else layer
        parts = {name: values[row, 0 if layer == "regime" else column] for name, values in found.layers[key].items()}
        assert not any(np.isnan(list(parts.values())))
        layers[layer] = np.average(list(parts.values()), weights=[rule.components[name] for name in parts])
    expected = np.average(list(layers.values()), weights=[rules.layers[layer].weight for layer in layers])
    assert found.score[row, column] == pytest.approx(expected, abs=5.1e-5)


def test_the_parts_of_every_score_add_up_to_it(found) -> None:
    frame = found.to_polars()
    assert frame.height > 10_000
    assert frame["score"].is_between(0.0, 100.0).all()
    for text, score in frame.sample(3_000, seed=1).select("layers", "score").iter_rows():
        parts = json.loads(text)
        assert sum(sum(layer.values()) for layer in parts.values()) == pytest.approx(score, abs=1e-9)
        assert all(points >= 0.0 for layer in parts.values() for points in layer.values())
    missing = frame.filter(region="JP").row(0, named=True)
    # Twelve names are too few for a percentile: the others of the layer count for more, and the notes say so.
    assert "relative_strength" not in json.loads(missing["layers"])["timing"]
    assert any("JP: no relative_strength (timing)" in note for note in found.notes)


def test_without_an_optional_layer_the_others_count_for_more(walk, indexes, found) -> None:
    few = replace(_panel(walk), member=np.isin(np.arange(KR + JP), np.arange(4)) & np.ones((len(walk[0]), 1), bool))
    alone = from_panel(few, {"KR": from_levels("KR", "KR", walk[0][:2], np.ones(2)), "JP": indexes["JP"]})
    parts = json.loads(alone.latest().row(0, named=True)["layers"])
    assert set(parts) == {"structure", "timing"}
    row = alone.latest().row(0, named=True)
    assert sum(sum(layer.values()) for layer in parts.values()) == pytest.approx(row["score"], abs=1e-9)
    strict = SignalRules.model_validate(
        {"layers": {"regime": {"weight": 1, "required": True, "components": {"breadth": 1}}}}
    )
    assert np.isnan(from_panel(few, indexes, strict).score).all()


def test_a_stock_that_did_not_trade_has_no_score(walk, found) -> None:
    close = walk[2]["close"]
    assert np.isnan(found.score[np.isnan(close)]).all()
    assert not np.isnan(found.score[600, :KR][~np.isnan(close[600, :KR])]).any()


def test_a_move_that_is_not_believed_silences_a_stock_for_a_year(walk, indexes) -> None:
    close = walk[2]["close"].copy()
    close[350:, 9] *= 20.0
    broken = from_panel(_panel(walk, close=close, high=close * 1.01, low=close * 0.99), indexes)
    there = ~np.isnan(broken.score[:, 9])
    own = np.flatnonzero(walk[3]["KR"])
    first = int(own[own >= 350][0])
    after = own[(own >= first)][:252]
    assert not there[after].any()
    assert there[own[own > after[-1]]].all()


def test_the_future_moves_nothing(walk, indexes, found) -> None:
    """Cut off, and scrambled, after a date: not a bit before it moves."""
    cut, day = 520, walk[0][519]
    short = from_panel(_panel(walk, last=cut), {name: one.until(day) for name, one in indexes.items()})
    np.testing.assert_array_equal(short.score, found.score[:cut])
    np.testing.assert_array_equal(short.confidence, found.confidence[:cut])
    generator = np.random.default_rng(0)
    close = walk[2]["close"].copy()
    close[cut:] *= generator.uniform(0.5, 2.0, close[cut:].shape)
    moved = from_panel(_panel(walk, close=close, high=close * 1.01, low=close * 0.99), indexes)
    np.testing.assert_array_equal(moved.score[:cut], found.score[:cut])
    assert not np.array_equal(moved.score[cut:], found.score[cut:], equal_nan=True)
    assert short.to_polars().equals(found.to_polars(end=day.item()))


def test_a_daily_update_has_the_numbers_of_a_full_run(walk, indexes, found) -> None:
    """From two calendar years before the day on, as `technicals.warmup_start` says, without the columns that ended."""
    dates = walk[0]
    first = int(np.searchsorted(dates, np.datetime64("2023-06-01")))
    warm = int(np.searchsorted(dates, np.datetime64("2021-01-01")))
    update = from_panel(_panel(walk, first=warm, start=first - warm), indexes)
    np.testing.assert_array_equal(update.labels.dates, dates[first:])
    np.testing.assert_array_equal(update.score, found.score[first:])
    assert update.to_polars().equals(found.to_polars(start=dates[first].item()))


def test_another_region_counts_only_by_closes_that_came_before(walk, indexes) -> None:
    """A late move of New York shows in Seoul's strength on the session after, not on the same date."""
    dates, rows = walk[0], walk[3]
    kr = dates[rows["KR"]]
    us = _sessions("US", DAYS)
    calm = from_levels("US", "US", us, 1000.0 * np.exp(np.linspace(0.0, 0.3, DAYS)))
    day = kr[500]
    assert day in us
    jumped = np.where(us >= day, 10.0, 1.0) * 1000.0 * np.exp(np.linspace(0.0, 0.3, DAYS))
    flat = {"KR": from_levels("KR", "KR", kr, 1000.0 * np.exp(np.linspace(0.0, 0.6, len(kr))))}
    before = regime.region_strength("KR", kr, {**flat, "US": calm})
    after = regime.region_strength("KR", kr, {**flat, "US": from_levels("US", "US", us, jumped)})
    first = int(np.flatnonzero(before[400:] != after[400:])[0]) + 400
    assert kr[first] > day
    assert (before[first], after[first]) == (100.0, 0.0)
    # Tokyo closed half an hour before Seoul until November 2024: its jump shows at once.
    jp = dates[rows["JP"]]
    both = np.intersect1d(kr[450:], jp[jp > kr[450]])[0]
    path = np.exp(np.linspace(0.0, 0.3, len(jp)))
    tokyo = [from_levels("JP", "JP", jp, 1000.0 * path * np.where(jp >= both, jump, 1.0)) for jump in (1.0, 10.0)]
    calm, jumped = (regime.region_strength("KR", kr, {**flat, "JP": one}) for one in tokyo)
    changed = np.flatnonzero(calm[400:] != jumped[400:])[0] + 400
    assert kr[changed] == both


def test_index_trend_by_hand() -> None:
    generator = np.random.default_rng(2)
    levels = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, 300)))
    series = from_levels("KR", "x", np.arange(300).astype("datetime64[D]"), levels)
    values = regime.index_trend(series.returns)
    assert np.isnan(values[:199]).all()
    for t in (199, 250, 299):
        deviation = np.std(series.returns[t - 62 : t + 1], ddof=1)
        distance = np.log(levels[t] / levels[t - 199 : t + 1].mean()) / (deviation * np.sqrt(200 / 3))
        assert values[t] == pytest.approx(100.0 * NormalDist().cdf(distance), abs=1e-9)


def test_breadth_and_advances_by_hand(walk) -> None:
    close = walk[2]["close"][walk[3]["KR"]][:, :KR]
    member = np.ones(close.shape, bool)
    t = 500
    window = close[t - 199 : t + 1]
    enough = (~np.isnan(window)).mean(axis=0) >= 0.8
    usable = enough & ~np.isnan(close[t])
    above = close[t, usable] > np.nanmean(window[:, usable], axis=0)
    assert regime.breadth(close, member)[t] == pytest.approx(100.0 * above.mean(), abs=1e-12)
    net = []
    for s in range(t - 251 - 20, t + 1):
        change = close[s] - close[s - 1]
        net.append((np.sum(change > 0) - np.sum(change < 0)) / np.sum(np.abs(change) > 0))
    month = np.convolve(net, np.ones(21) / 21, "valid")
    expected = 100.0 * np.sum(month[:-1] < month[-1]) / 251
    # A stock back from a halt counts against its last close, which moves no standing here by more than one place.
    assert regime.advance_decline(close, member)[t] == pytest.approx(expected, abs=0.5)


def test_stages_of_a_rise_and_a_fall() -> None:
    up, down = np.linspace(100.0, 200.0, 300), np.linspace(200.0, 100.0, 300)
    dip = up.copy()
    dip[-1] = 120.0
    spike = down.copy()
    spike[-1] = 180.0
    stages = structure.stages(np.column_stack([up, down, dip, spike]))
    np.testing.assert_array_equal(stages[-1], [2, 4, 3, 1])
    np.testing.assert_array_equal(stages[100], [0, 0, 0, 0])
    np.testing.assert_array_equal(structure.stage_points(stages)[-1], [100.0, 0.0, 30.0, 60.0])


def test_a_close_above_the_base_is_a_breakout() -> None:
    base = np.tile([100.0, 110.0], 60)
    close = np.column_stack([np.append(base, value) for value in (115.0, 105.0, 95.0)])
    np.testing.assert_array_equal(structure.breakout(close)[-1], [100.0, 50.0, 0.0])
    # The channel is that of the 55 sessions before: a peak 55 sessions ago counts, one of 56 does not.
    for ago, expected in ((55, 50.0), (56, 100.0)):
        peak = np.append(base, 110.0)
        peak[-1 - ago] = 120.0
        assert structure.breakout(peak[:, None])[-1, 0] == expected


def test_macd_and_volume_by_hand() -> None:
    line, signal = np.array([[1.0, -1.0, 1.0, -1.0, np.nan]]), np.array([[0.5, -2.0, 2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(timing.macd_points(line, signal)[0], [100.0, 60.0, 40.0, 0.0, np.nan])
    close = np.cumsum(np.where(np.arange(120) % 3 == 0, 2.0, -0.5))[:, None] + 100.0
    volume = np.where(np.arange(120) % 3 == 0, 300.0, 100.0)[:, None]
    ups = np.sum(np.arange(70, 120) % 3 == 0)
    assert timing.up_volume(close, volume)[-1, 0] == pytest.approx(100.0 * 3 * ups / (3 * ups + 50 - ups))


def test_what_the_panel_lacks_is_said(walk) -> None:
    panel = _panel(walk)
    with pytest.raises(ConfigError, match="the panel has no volume"):
        from_panel(replace(panel, bars={name: panel.bars[name] for name in ("close", "high", "low")}))
    with pytest.raises(ConfigError, match="adjust='none'"):
        from_panel(replace(panel, adjust="none"))
