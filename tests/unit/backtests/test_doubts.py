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


def follows(panel, rows):
    """The benchmark of a strategy that decides on these rows."""
    weights = np.zeros((len(rows), len(panel.tickers)))
    return equal_weight(panel, Targets(np.asarray(panel.dates)[rows], panel.tickers, weights))


def test_the_benchmark_leaves_breaks_out(make_panel):
    close = np.full((40, 2), 100.0)
    close[:, 0] = 100.0 * 1.01 ** np.arange(40)
    close[3:, 1] = 900.0
    value = follows(make_panel(close, TWO), [0])
    assert value[:2].tolist() == [1.0, 1.0]
    assert value[5] == pytest.approx(0.5 * 1.01**4 + 0.5)


def test_the_benchmark_keeps_an_ended_stock_at_its_last_price_and_earns_the_return_over_a_halt(make_panel):
    close = np.full((40, 2), 100.0)
    close[3:35, 1] = np.nan
    close[35:, 1] = 50.0
    value = follows(make_panel(close, TWO), [0, 20])
    assert value[34] == pytest.approx(1.0)
    assert value[35] == pytest.approx(0.75)


def test_a_price_that_bounces_earns_the_benchmark_nothing_between_two_decisions(make_panel):
    close = np.full((41, 2), 100.0)
    close[1::2, 0] = 150.0
    panel = make_panel(close, TWO)
    assert follows(panel, [1])[-1] == pytest.approx(1.0)
    assert follows(panel, list(range(40)))[-1] > 1.5


def test_bars_without_volume_are_told_with_their_share(make_panel):
    traded = np.ones((20, 2), dtype=bool)
    traded[::4, 1] = False
    panel = make_panel(np.full((20, 2), 100.0), TWO, traded=traded)
    assert any("No volume on 12% of the bars of KR" in note for note in held(panel, [0.5, 0.5]))
    calm = make_panel(np.full((20, 2), 100.0), TWO)
    assert held(calm, [0.5, 0.5]) == ()
