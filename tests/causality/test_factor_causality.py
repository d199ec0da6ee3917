"""Factors, scores and targets may not move when the future is cut off, scrambled or revised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench import factors
from workbench.lake.panel import Panel
from workbench.studies import Strategy, selection

ROWS, NAMES, CUT = 340, 15, 310


@pytest.fixture
def close():
    rng = np.random.default_rng(8)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (ROWS, NAMES)), axis=0))
    prices[rng.random((ROWS, NAMES)) < 0.03] = np.nan
    return prices


def panel_of(close, rows=slice(None)):
    dates = np.busday_offset(np.datetime64("2023-01-02"), np.arange(ROWS), roll="forward")[rows]
    tickers = tuple(f"KR:{number:02d}" for number in range(NAMES))
    return Panel(dates.copy(), tickers, {"close": close[rows].copy()}, currency="KRW")


@pytest.fixture(params=["cut off", "scrambled", "revised"])
def other_future(request, close):
    if request.param == "cut off":
        return panel_of(close, slice(None, CUT))
    rng = np.random.default_rng(9)
    later = close.copy()
    later[CUT:] = rng.permutation(later[CUT:]) if request.param == "scrambled" else later[CUT:] * 3.0
    return panel_of(later)


@pytest.mark.parametrize("name", factors.names())
def test_a_factor_does_not_see_the_future(name, close, other_future):
    known, other = (factors.compute([name], panel) for panel in (panel_of(close), other_future))
    assert np.isfinite(known.raw[name][:CUT]).any()
    assert np.array_equal(known.raw[name][:CUT], other.raw[name][:CUT], equal_nan=True)
    assert np.array_equal(known[name].values[:CUT], other[name].values[:CUT], equal_nan=True)


@pytest.mark.parametrize("name", factors.names())
def test_a_longer_history_moves_nothing(name, close):
    early = 15
    known, later = (factors.compute([name], panel) for panel in (panel_of(close), panel_of(close, slice(early, None))))
    seen = ~np.isnan(later.raw[name])
    assert seen.any()
    assert np.array_equal(known.raw[name][early:][seen], later.raw[name][seen])


def test_targets_do_not_move_when_the_history_ends_earlier(close):
    strategy = Strategy.load("momentum_top20")
    whole, cut = (
        factors.compute(strategy.factor_set, panel).composite
        for panel in (panel_of(close), panel_of(close, slice(None, CUT)))
    )
    known, other = selection.targets(whole, strategy), selection.targets(cut, strategy)
    count = len(other.dates)
    assert count
    assert (known.dates[:count] == other.dates).all()
    assert np.array_equal(known.weights[:count], other.weights, equal_nan=True)


def test_a_factor_that_looks_ahead_is_noticed(close, other_future, monkeypatch):
    honest = factors.get("momentum_12m_1m")
    leaking = replace(honest, function=lambda close: honest.function(close=np.roll(close, -30, axis=0)))
    monkeypatch.setitem(factors.registry._REGISTRY, "momentum_12m_1m", leaking)
    known, other = (factors.compute(["momentum_12m_1m"], panel) for panel in (panel_of(close), other_future))
    name = "momentum_12m_1m"
    assert not np.array_equal(known.raw[name][:CUT], other.raw[name][:CUT], equal_nan=True)
