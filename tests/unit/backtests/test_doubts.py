"""Prices that end or break: visible in a result, left out of the benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.backtests import Costs, Targets, equal_weight, run

TWO = ("KR:A", "KR:B")


def held(panel, weights):
    done = run(Targets(np.asarray(panel.dates)[:1], panel.tickers, np.array([weights])), panel, Costs.flat(panel))
    return done.notes


def test_a_position_whose_bars_end_for_ever_is_named(make_panel):
    close = np.full((40, 2), 100.0)
    close[10:, 1] = np.nan
    panel = make_panel(close, TWO)
    notes = held(panel, [0.5, 0.5])
    assert any("1 positions, 50.0% of the value" in note and f"KR:B since {panel.dates[9]}" in note for note in notes)
    assert held(panel, [1.0, 0.0]) == ()
    assert held(panel.until(panel.dates[29]), [0.5, 0.5]) == ()


def test_a_break_of_the_price_while_held_is_named(make_panel):
    close = np.full((6, 2), 100.0)
    close[4:, 1] = 900.0
    panel = make_panel(close, TWO)
    assert any("KR:B" in note and str(panel.dates[4]) in note and "+400.0%" in note for note in held(panel, [0.5, 0.5]))
    assert held(panel, [1.0, 0.0]) == ()


def test_the_benchmark_leaves_breaks_and_ended_stocks_out(make_panel):
    close = np.full((40, 2), 100.0)
    close[1:, 0] = 100.0 * 1.01 ** np.arange(1, 40)
    close[3:, 1] = 900.0
    assert equal_weight(make_panel(close, TWO))[3] == pytest.approx(1.005**2 * 1.01)
    close[3:, 1] = np.nan
    gains = np.diff(np.log(equal_weight(make_panel(close, TWO))))
    assert gains[:23] == pytest.approx(np.log(1.005))
    assert gains[23:] == pytest.approx(np.log(1.01))


def test_the_benchmark_counts_the_return_over_a_long_halt(make_panel):
    close = np.full((40, 2), 100.0)
    close[3:35, 1] = np.nan
    close[35:, 1] = 50.0
    value = equal_weight(make_panel(close, TWO))
    assert value[34] == 1.0
    assert value[35] == pytest.approx(0.75)
