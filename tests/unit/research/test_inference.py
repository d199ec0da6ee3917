"""t-statistics by hand, critical values by simulation, and how often each of them rejects what is true."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.research import inference


def test_fixed_b_by_hand():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    spread = values - 3.0
    weights = np.maximum(0.0, 1.0 - np.abs(np.subtract.outer(np.arange(4), np.arange(4))) / 4.0)
    variance = spread @ weights @ spread / 4.0
    assert inference.fixed_b_t(values, 4) == pytest.approx(3.0 / np.sqrt(variance / 4.0))
    assert inference.fixed_b_t(values, 1) == pytest.approx(3.0 / np.sqrt(spread @ spread / 16.0))


def test_critical_values_are_the_published_ones():
    """Normal at b = 0; at b = 1 those of Kiefer, Vogelsang and Bunzel (2000), 5.374 and 6.811, over the root of 2."""
    assert inference.critical_value(0.0) == pytest.approx(1.96)
    assert inference.critical_value(1.0, 0.10) == pytest.approx(5.374 / np.sqrt(2.0), rel=0.005)
    assert inference.critical_value(1.0, 0.05) == pytest.approx(6.811 / np.sqrt(2.0), rel=0.005)


@pytest.mark.parametrize("b", [0.05, 0.2, 0.5, 1.0])
def test_critical_values_by_simulation(b):
    rng = np.random.default_rng(7)
    steps = 400
    found = np.array([inference.fixed_b_t(row, round(b * steps)) for row in rng.normal(size=(8000, steps))])
    for level in (0.10, 0.05, 0.02):
        simulated = np.quantile(np.abs(found), 1.0 - level)
        assert simulated == pytest.approx(inference.critical_value(b, level), rel=0.06)


def overlapping(rng, dates, horizon):
    """Sums over ``horizon`` independent days: what overlapping returns without any skill look like."""
    total = np.cumsum(np.concatenate([[0.0], rng.normal(size=dates + horizon - 1)]))
    return total[horizon:] - total[:-horizon]


def test_the_headline_keeps_its_level_where_newey_west_does_not():
    rng = np.random.default_rng(11)
    tried = [inference.infer(overlapping(rng, 504, 21), 21) for _ in range(1500)]
    assert {one.periods for one in tried} == {24}
    headline = np.mean([one.sign != 0 for one in tried])
    usual = np.mean([abs(one.t_newey_west) > 1.96 for one in tried])
    apart = np.mean([abs(one.t_non_overlapping) > 2.069 for one in tried])  # Student's t, 23 degrees of freedom
    assert 0.035 < headline < 0.085
    assert apart < 0.055
    assert usual > 0.11


def test_a_mean_that_is_there_is_found():
    values = overlapping(np.random.default_rng(3), 1500, 21) + 5.0
    found = inference.infer(values, 21)
    assert found.sign == 1
    assert found.stars == "***"
    assert inference.infer(-values, 21).sign == -1


def test_below_24_periods_nothing_is_significant():
    values = np.full(23 * 21, 1.0)
    values[::2] = 1.1
    found = inference.infer(values, 21)
    assert found.periods == 23
    assert not found.sufficient
    assert found.stars == "insufficient"
    assert np.isnan(found.t_fixed_b)
    assert found.sign == 0
    assert inference.infer(np.concatenate([values, [1.0]]), 21).sufficient


def test_scores_of_month_ends_do_not_overlap():
    """One observation every 21 rows over a horizon of 21: all of them are periods."""
    values = np.full(21 * 30, np.nan)
    values[::21] = np.random.default_rng(0).normal(size=30)
    found = inference.infer(values, 21)
    assert (found.observations, found.periods) == (30, 30)
    assert found.t_newey_west == pytest.approx(inference.newey_west_t(values, 0))


def test_non_overlapping_takes_every_hth_date_and_all_starts():
    values = np.arange(100.0) ** 2
    values[0] = np.nan
    starts = [inference.student_t(values[start::10]) for start in range(1, 11)]
    assert inference.infer(values, 10).t_non_overlapping == pytest.approx(np.mean(starts))


def test_equal_values_have_no_t():
    assert np.isnan(inference.newey_west_t(np.full(40, 0.1), 3))
    assert np.isnan(inference.student_t(np.full(40, 0.1)))
    nothing = inference.infer(np.full(5, np.nan), 5)
    assert nothing.observations == 0
    assert np.isnan(nothing.mean)
