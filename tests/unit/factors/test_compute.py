"""What compute hands to factors and takes away again: inputs, sectors, suspensions, breaks, fills."""

from __future__ import annotations

import tracemalloc
import weakref

import numpy as np
import pytest

from workbench import factors
from workbench.errors import ConfigError, DataError
from workbench.factors import FactorSet, inputs, registry, supply
from workbench.lake.listing import Sectors

NAMES = 12


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    factors.names()
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))


@pytest.fixture
def close():
    rng = np.random.default_rng(4)
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (120, NAMES)), axis=0))


def labels(count=NAMES, region="KR"):
    return tuple(f"{region}:{number:03d}" for number in range(count))


def register(name, needs=("close",), lookback=0, financials=True, direction=1):
    def plain(**arrays):
        return np.asarray(arrays[needs[0]]) * 1.0

    registry._REGISTRY[name] = registry.Factor(name, plain, "test", lookback, needs, direction, "", financials)
    return name


def test_financials_have_no_value_from_the_day_they_are_in_the_sector(make_panel, close):
    sectors = Sectors(
        np.array([0, 1, 1]),
        np.array(["2024-01-01", "2024-01-01", "2024-03-01"], "datetime64[D]"),
        np.array(["NaT", "2024-02-29", "NaT"], "datetime64[D]"),
        ("Financials", "Energy", "Financials"),
    )
    panel = make_panel(close, labels(), sectors_by_date=sectors)
    scores = factors.compute([register("plain", financials=False), register("every")], panel)
    raw = scores.raw
    assert [note for note in scores.notes if "the sector of 83% of the members" in note and "of plain." in note]
    assert not [note for note in factors.compute(["every"], panel).notes if "sector" in note]
    later = panel.dates >= np.datetime64("2024-03-01")
    assert np.isnan(raw["plain"][:, 0]).all()
    assert (np.isnan(raw["plain"][:, 1]) == later).all()
    assert np.isfinite(raw["plain"][:, 2]).all()
    assert np.isfinite(raw["every"]).all()


def test_a_stock_that_has_not_traded_for_21_sessions_is_not_scored(make_panel, close):
    traded = np.ones(close.shape, bool)
    traded[40:80, 3] = False
    filed = np.ones(close.shape)
    panel = make_panel(close, labels(), traded=traded, items={"total_assets": filed})
    raw = factors.compute([register("filed", needs=("total_assets",))], panel).raw["filed"]
    missing = np.flatnonzero(np.isnan(raw[:, 3]))
    assert missing.tolist() == list(range(39 + 22, 80))
    assert np.isfinite(np.delete(raw, 3, axis=1)).all()


def test_a_break_counts_where_the_look_back_holds_both_its_sides(make_panel, close):
    close[60:, 5] *= 40.0
    close[50:60, 5] = np.nan
    panel = make_panel(close, labels())
    raw = factors.compute([register("plain", lookback=30)], panel).raw["plain"][:, 5]
    hidden = np.flatnonzero(np.isnan(raw[60:])) + 60
    assert hidden.tolist() == list(range(60, 49 + 30 + 1))


def test_a_break_before_the_panel_counts_alike_however_long_the_history_is(make_panel, close):
    close[50:75, 5] = np.nan
    close[75:, 5] *= 40.0
    whole = make_panel(close, labels())
    for begins in range(0, 60):
        part = make_panel(close[begins:], labels(), dates=whole.dates[begins:])
        name = register("plain", lookback=30)
        known, later = (factors.compute([name], one).raw[name] for one in (whole, part))
        assert np.array_equal(known[begins + 30 :], later[30:], equal_nan=True)


def test_infinite_values_are_none(make_panel, close):
    def ratio(close):
        return close / np.where(close > 100.0, 0.0, 1.0)

    registry._REGISTRY["ratio"] = registry.Factor("ratio", ratio, "test", 0, ("close",), 1, "")
    with np.errstate(divide="ignore"):
        raw = factors.compute(["ratio"], make_panel(close, labels())).raw["ratio"]
    assert (np.isnan(raw) == (close > 100.0)).all()


def test_inputs_are_read_only_and_a_factor_may_return_what_it_was_given(make_panel, close):
    def same(close):
        assert not close.flags.writeable
        return close

    registry._REGISTRY["same"] = registry.Factor("same", same, "test", 20, ("close",), 1, "")
    panel = make_panel(close, labels())
    raw = factors.compute(["same"], panel).raw["same"]
    assert np.isnan(raw[:20]).all()
    assert np.isfinite(panel["close"]).all()


def test_each_input_is_loaded_once_and_dropped_after_its_last_use(make_panel, close, monkeypatch):
    items = {f"item_{number}": np.full(close.shape, float(number)) for number in range(6)}
    panel = make_panel(close, labels(), items=items)
    names = [
        register("a", needs=("item_0", "item_1")),
        register("b", needs=("item_4", "item_5")),
        register("c", needs=("item_1", "item_2")),
        register("d", needs=("item_2", "item_3")),
    ]
    loaded, gone, most = [], [], []
    honest = inputs.load

    class Tracked(np.ndarray):
        pass

    def load(name, *rest):
        values = honest(name, *rest).view(Tracked)
        loaded.append(name)
        weakref.finalize(values, gone.append, name)
        most.append(len(loaded) - len(gone))
        return values

    monkeypatch.setattr(supply.inputs, "load", load)
    factors.compute(names, panel)
    assert sorted(loaded) == sorted(items)
    assert max(most) <= 3


def test_thirty_items_are_never_held_at_once(make_panel):
    rows, columns = 600, 400
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.02, (rows, columns)), axis=0))
    one = np.ones((rows, columns))
    panel = make_panel(close, labels(columns), items={f"item_{number}": one for number in range(30)})
    names = [register(f"f{number}", needs=(f"item_{number}",)) for number in range(30)]
    array = rows * columns * 8
    factors.compute(names[:1], panel, precision="float32")  # compiled code is loaded once, and is no array
    tracemalloc.start()
    scores = factors.compute(names, panel, precision="float32")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    results = 61 * array / 2
    assert len(scores.raw) == 30
    assert peak < results + 12 * array


def test_filled_scores_are_counted_and_named(make_panel, close):
    filed = close.copy()
    filed[:, 3] = np.nan
    member = np.ones(close.shape, bool)
    member[:, 4] = False
    panel = make_panel(close, labels(), items={"total_assets": filed}, member=member)
    chosen = FactorSet(name="x", factors={register("filed", needs=("total_assets",)): 1.0}, fill="median", min_names=5)
    scores = factors.compute(chosen, panel)
    assert scores.filled == {"filed": len(close)}
    assert any("filled with the median" in note and "filed 120" in note for note in scores.notes)
    assert scores["filed"].values[50, 3] == np.nanmedian(np.delete(scores["filed"].values[50], 3))
    assert np.isnan(scores.raw["filed"][:, 3]).all()
    assert np.isnan(scores["filed"].values[:, 4]).all()
    plain = factors.compute(chosen.model_copy(update={"fill": None}), panel)
    assert plain.filled == {}
    assert np.isnan(plain["filed"].values[:, 3]).all()


def test_filings_may_be_carried_for_some_days_and_prices_never(make_panel, close):
    filed = close.copy()
    filed[60:, 3] = np.nan
    closes = close.copy()
    closes[60:70, 6] = np.nan
    panel = make_panel(closes, labels(), items={"total_assets": filed})
    chosen = FactorSet(
        name="x", factors={register("filed", needs=("total_assets",)): 1.0, register("plain"): 1.0}, fill_days=14
    )
    assert chosen.lookback == 21
    raw = factors.compute(chosen, panel).raw
    age = (panel.dates - panel.dates[59]).astype(int)
    assert (np.isfinite(raw["filed"][:, 3]) == (age <= 14)).all()
    assert np.isnan(raw["plain"][60:70, 6]).all()


def test_a_neutral_composite_has_no_mean_in_its_region(make_panel, close):
    rng = np.random.default_rng(5)
    gappy = np.where(rng.random(close.shape) < 0.3, np.nan, close)
    panel = make_panel(close, labels(), items={"total_assets": gappy, "cash": close[:, ::-1].copy()})
    given = {register("a", needs=("total_assets",)): 1.0, register("b", needs=("cash",)): 1.0}
    plain, centred = (
        factors.compute(FactorSet(name="x", factors=given, neutralize=kinds, min_names=3), panel)
        for kinds in ((), ("region",))
    )
    assert np.abs(np.nanmean(plain.composite.values, axis=1)).max() > 1e-3
    assert np.abs(np.nanmean(centred.composite.values, axis=1)).max() < 1e-12


def test_neutralizing_by_size_needs_a_size(make_panel, close):
    chosen = FactorSet(name="x", factors={register("plain"): 1.0}, neutralize=("size",))
    with pytest.raises(ConfigError, match="neutralized by size"):
        factors.compute(chosen, make_panel(close, labels()))
    with pytest.raises(ConfigError, match="precision='float16'"):
        factors.compute(["plain"], make_panel(close, labels()), precision="float16")


def test_single_precision_is_the_rounded_double(make_panel, close):
    names = [register("a"), register("b", direction=-1)]
    double, single = (
        factors.compute(names, make_panel(close, labels()), precision=one) for one in ("float64", "float32")
    )
    for name in double.raw:
        assert single.raw[name].dtype == np.float32
        assert np.array_equal(single.raw[name], double.raw[name].astype(np.float32), equal_nan=True)
        assert single[name].values == pytest.approx(double[name].values, abs=1e-5, nan_ok=True)
    assert np.array_equal(double.rounded()["a"].values, double["a"].values.astype(np.float32), equal_nan=True)


def from_a_cell(function, lookback=0):
    function.__module__ = "__main__"
    factors.factor(family="mine", lookback=lookback, needs=("close",))(function)
    return function.__name__


@pytest.mark.parametrize(
    "made", [lambda close: close[-1], lambda close: close[1:], lambda _: 3.0, lambda _: None, lambda c: c.astype(str)]
)
def test_what_is_not_one_number_a_session_and_column_is_refused(make_panel, close, made):
    def odd(close):
        return made(close)

    with pytest.raises(DataError, match=rf"odd returned shape .* for KR.*shape \(120, {NAMES}\)"):
        factors.compute([from_a_cell(odd)], make_panel(close, labels()))


def test_what_a_factor_raises_names_it_and_its_region(make_panel, close):
    def changing(close):
        close[close < 90] = np.nan
        return close

    with pytest.raises(ValueError, match="read-only") as caught:
        factors.compute([from_a_cell(changing)], make_panel(close, labels()))
    assert "factor changing, on KR" in caught.value.__notes__[0]


def test_an_array_that_a_cell_keeps_is_not_changed(make_panel, close):
    kept = close.copy()

    def keeping(close):
        return kept

    factors.compute([from_a_cell(keeping, lookback=5)], make_panel(close, labels()))
    assert np.array_equal(kept, close)


def test_a_factor_without_scores_is_told(make_panel, close):
    def nothing(close):
        return close * np.nan

    def equal(close):
        return np.ones(close.shape)

    names = [from_a_cell(nothing), from_a_cell(equal), register("plain")]
    notes = " ".join(factors.compute(names, make_panel(close, labels())).notes)
    assert "KR: nothing has no score on any date; it has no value." in notes
    assert "KR: equal has no score on any date; too few names have a value, or all are equal." in notes
    assert "plain" not in notes


def test_a_factor_that_looks_further_back_than_it_says_is_told(make_panel, close):
    def month(close):
        return factors.windows.total_return(close, window=30, skip=0)

    panel = make_panel(close, labels())
    assert any("month has other values" in note for note in factors.compute([from_a_cell(month, 10)], panel).notes)
    assert factors.compute([from_a_cell(month, 30)], panel).notes == ()


def test_a_value_that_a_rule_forbids_is_not_filled(make_panel, close):
    def booked(common_equity):
        return np.where(common_equity > 0.0, common_equity, np.nan)

    equity = close.copy()
    equity[60:, 3] = -1.0
    equity[60:, 4] = np.nan
    booked.__module__ = "__main__"
    factors.factor(family="mine", lookback=0, needs=("common_equity",))(booked)
    panel = make_panel(close, labels(), items={"common_equity": equity})
    raw = factors.compute(FactorSet(name="x", factors={"booked": 1.0}, fill_days=14), panel).raw["booked"]
    assert np.isnan(raw[60:, 3]).all()
    assert np.isfinite(raw[60:65, 4]).all()
    assert np.isnan(raw[80:, 4]).all()


def test_ranks_of_few_names_are_told(make_panel, close):
    chosen = FactorSet(name="x", factors={register("plain"): 1.0}, transform="rank", min_names=5)
    assert any("from 5 names" in note for note in factors.compute(chosen, make_panel(close, labels())).notes)
    plain = chosen.model_copy(update={"min_names": None})
    notes = factors.compute(plain, make_panel(close, labels())).notes
    assert notes == ("KR: plain has no score on any date; too few names have a value, or all are equal.",)


def test_names_are_given_once_and_one_may_stand_alone(make_panel, close):
    panel = make_panel(close, labels())
    register("plain")
    assert factors.compute("plain", panel).names == ("plain",)
    with pytest.raises(ConfigError, match="plain is named twice"):
        factors.compute(["plain", "plain"], panel)


def test_a_factor_that_fails_on_its_look_back_alone_is_told_so(make_panel, close):
    def windowed(close):
        return np.concatenate([np.full((40, close.shape[1]), np.nan), close[40:] / close[: len(close) - 40]])

    def averaged(close):
        return close - np.nanmean(np.where(np.arange(len(close))[:, None] < 60, close, np.nan), axis=0)

    gappy = close.copy()
    gappy[-30:, 2] = np.nan
    panel = make_panel(gappy, labels())
    with pytest.raises(ValueError, match=r"broadcast|shape") as caught:
        factors.compute([from_a_cell(windowed, 10)], panel)
    assert "windowed, on KR when it is given 21 sessions before the last" in caught.value.__notes__[0]
    assert any("averaged has other values" in note for note in factors.compute([from_a_cell(averaged)], panel).notes)
