"""Factors, scores and targets may not move when the future is cut off, scrambled or revised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench import factors
from workbench.factors import inputs
from workbench.lake.panel import Panel
from workbench.studies import Strategy, selection

ROWS, NAMES, CUT, HALTED = 360, 15, 330, 4
ITEMS = tuple(
    dict.fromkeys(
        need
        for name in factors.names()
        for need in factors.get(name).needs
        if need not in (*inputs.BARS, inputs.PRICE, inputs.DOLLAR_VOLUME, inputs.INDEX)
    )
)


@pytest.fixture
def world():
    """Bars, filed figures that hold for some time, and the level of the index, by name."""
    rng = np.random.default_rng(8)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (ROWS, NAMES)), axis=0))
    bars = {
        "open": close * np.exp(rng.normal(0.0, 0.005, close.shape)),
        "high": close * 1.01,
        "low": close * 0.99,
        "close": close,
        "volume": np.floor(rng.lognormal(9.0, 1.0, close.shape)),
        "turnover": close * rng.lognormal(9.0, 1.0, close.shape),
    }
    missing = rng.random(close.shape) < 0.03
    missing[200:215, HALTED] = True
    found = {name: np.where(missing, np.nan, values) for name, values in bars.items()}
    for name in ITEMS:
        held = np.repeat(rng.lognormal(3.0, 0.4, (ROWS // 40 + 1, NAMES)), 40, axis=0)[:ROWS]
        held[:, 2] *= -1.0
        found[name] = np.where(rng.random((1, NAMES)) < 0.05, np.nan, held)
    found["index"] = 1000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (ROWS, 1)), axis=0))
    return found


def panel_of(world, rows=slice(None), columns=slice(None)):
    dates = np.busday_offset(np.datetime64("2023-01-02"), np.arange(ROWS), roll="forward")[rows]
    tickers = tuple(f"KR:{number:02d}" for number in range(NAMES))[columns]
    bars, items = ({name: world[name][rows, columns].copy() for name in names} for names in (inputs.BARS, ITEMS))
    levels = {"KR": world["index"][rows, 0].copy()}
    return Panel(dates.copy(), tickers, bars, items, currency="KRW", index_levels=levels)


@pytest.fixture(params=["cut off", "scrambled", "revised"])
def other_future(request, world):
    if request.param == "cut off":
        return panel_of(world, slice(None, CUT))
    rng = np.random.default_rng(9)
    later = {name: values.copy() for name, values in world.items()}
    for values in later.values():
        values[CUT:] = rng.permutation(values[CUT:]) if request.param == "scrambled" else values[CUT:] * 3.0
    return panel_of(later)


@pytest.mark.parametrize("name", factors.names())
def test_a_factor_does_not_see_the_future(name, world, other_future):
    known, other = (factors.compute([name], panel) for panel in (panel_of(world), other_future))
    assert np.isfinite(known.raw[name][:CUT]).any()
    assert np.array_equal(known.raw[name][:CUT], other.raw[name][:CUT], equal_nan=True)
    assert np.array_equal(known[name].values[:CUT], other[name].values[:CUT], equal_nan=True)


@pytest.mark.parametrize("name", factors.names())
def test_a_longer_history_moves_nothing(name, world):
    early = 15
    known, later = (factors.compute([name], panel) for panel in (panel_of(world), panel_of(world, slice(early, None))))
    seen = ~np.isnan(later.raw[name])
    assert seen.any()
    assert np.array_equal(known.raw[name][early:][seen], later.raw[name][seen])


@pytest.mark.parametrize("name", factors.names())
def test_a_column_moves_no_other(name, world):
    known, few = (factors.compute([name], panel_of(world, columns=one)) for one in (slice(None), slice(3, 11)))
    assert np.array_equal(known.raw[name][:, 3:11], few.raw[name], equal_nan=True)


def test_targets_do_not_move_when_the_history_ends_earlier(world):
    strategy = Strategy.load("momentum_top20")
    whole, cut = (
        factors.compute(strategy.factor_set, panel).composite
        for panel in (panel_of(world), panel_of(world, slice(None, CUT)))
    )
    known, other = selection.targets(whole, strategy), selection.targets(cut, strategy)
    count = len(other.dates)
    assert count
    assert (known.dates[:count] == other.dates).all()
    assert np.array_equal(known.weights[:count], other.weights, equal_nan=True)


def test_a_factor_that_looks_ahead_is_noticed(world, other_future, monkeypatch):
    honest = factors.get("momentum_12m_1m")
    leaking = replace(honest, function=lambda close: honest.function(close=np.roll(close, -30, axis=0)))
    monkeypatch.setitem(factors.registry._REGISTRY, "momentum_12m_1m", leaking)
    known, other = (factors.compute(["momentum_12m_1m"], panel) for panel in (panel_of(world), other_future))
    name = "momentum_12m_1m"
    assert not np.array_equal(known.raw[name][:CUT], other.raw[name][:CUT], equal_nan=True)
