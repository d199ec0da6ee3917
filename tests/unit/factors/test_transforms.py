"""Transforms by hand, and what none of them may do: look at another row, or care for columns without values."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.factors import transforms
from workbench.factors.neutralize import neutralize

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-08", "2024-01-09", "2024-02-01"], "datetime64[D]")


@pytest.fixture
def grid():
    rng = np.random.default_rng(11)
    values = rng.standard_t(3, (40, 70))
    values[rng.random(values.shape) < 0.15] = np.nan
    values[7] = np.nan
    values[8, 5:] = np.nan
    return values


@pytest.fixture
def groups(grid):
    rng = np.random.default_rng(12)
    codes = rng.integers(-1, 6, grid.shape[1]).astype(np.int16)
    return np.tile(codes, (len(grid), 1))


def test_forward_fill_counts_days_of_the_calendar():
    values = np.array([[1.0, np.nan], [np.nan, 2.0], [np.nan, np.nan], [np.nan, np.nan], [np.nan, 5.0]])
    filled = transforms.forward_fill(values, DAYS, 6)
    assert filled[:, 0] == pytest.approx([1, 1, 1, np.nan, np.nan], nan_ok=True)
    assert filled[:, 1] == pytest.approx([np.nan, 2, 2, 2, 5], nan_ok=True)


def test_forward_fill_takes_nothing_from_later_rows():
    values = np.array([[np.nan], [np.nan], [3.0], [np.nan], [9.0]])
    cut = transforms.forward_fill(values[:4], DAYS[:4], 400)
    assert np.array_equal(transforms.forward_fill(values, DAYS, 400)[:4], cut, equal_nan=True)
    assert np.isnan(cut[:2]).all()


def test_median_fill_is_counted_and_stays_with_members():
    values = np.array([[1.0, np.nan, 3.0, np.nan], [np.nan, np.nan, np.nan, np.nan]])
    where = np.array([[True, True, True, False], [True, True, True, True]])
    filled, count = transforms.fill_median(values, where)
    assert filled[0] == pytest.approx([1, 2, 3, np.nan], nan_ok=True)
    assert np.isnan(filled[1]).all()
    assert count == 1
    assert np.isnan(values[0, 1])


def test_weights_are_renormalised_over_what_is_there_and_half_must_be():
    a, b, c = (np.array([[1.0, 1.0, np.nan]]), np.array([[3.0, np.nan, np.nan]]), np.array([[5.0, np.nan, 2.0]]))
    found = transforms.combine({"a": a, "b": b, "c": c}, {"a": 2.0, "b": 1.0, "c": 1.0})[0]
    assert found == pytest.approx([(2 * 1 + 3 + 5) / 4, 1.0, np.nan], nan_ok=True)


def test_ranks_need_thirty_names():
    row = np.arange(29.0)[None, :]
    assert np.isnan(transforms.percentile(row)).all()
    assert transforms.percentile(np.arange(30.0)[None, :])[0] == pytest.approx(np.arange(30) / 29)


def test_winsorized_zscore_is_both_in_one(grid):
    both = transforms.zscore(transforms.winsorize(grid, 0.05, 0.9), 10)
    assert np.array_equal(transforms.winsorized_zscore(grid, 0.05, 0.9, 10), both, equal_nan=True)


def test_neutral_scores_are_residuals_of_least_squares(grid, groups):
    size = np.random.default_rng(13).normal(10.0, 2.0, grid.shape)
    found = neutralize(grid, groups, size)
    row = 3
    codes, there = groups[row], ~np.isnan(grid[row])
    few = {code for code in set(codes) if code >= 0 and (codes[there] == code).sum() < 5}
    merged = np.where([code in few or code < 0 for code in codes], 99, codes)
    x = np.column_stack(
        [*((merged[there] == code).astype(float) for code in np.unique(merged[there])), size[row, there]]
    )
    left = grid[row, there] - x @ np.linalg.lstsq(x, grid[row, there], rcond=None)[0]
    assert found[row, there] == pytest.approx(left, abs=1e-10)
    assert np.isnan(found[row, ~there]).all()


def test_groups_of_fewer_than_five_form_a_rest_and_a_small_rest_has_no_value():
    values = np.arange(12.0)[None, :]
    codes = np.array([[0] * 5 + [1] * 4 + [2] * 2 + [-1]], np.int16)
    found = neutralize(values, codes)[0]
    assert found[:5] == pytest.approx(values[0, :5] - 2.0)
    assert found[5:] == pytest.approx(values[0, 5:] - values[0, 5:].mean())
    alone = neutralize(values[:, :9], codes[:, :9])[0]
    assert np.isnan(alone[5:]).all()
    assert alone[:5] == pytest.approx(values[0, :5] - 2.0)


def test_a_name_without_a_size_has_no_neutral_score(grid):
    size = np.random.default_rng(13).normal(10.0, 2.0, grid.shape)
    size[:, 4] = np.nan
    found = neutralize(grid, None, size)
    assert np.isnan(found[:, 4]).all()
    assert np.isfinite(found[0, 5]) == np.isfinite(grid[0, 5])
    flat = neutralize(grid, None, np.ones(grid.shape))
    assert flat == pytest.approx(transforms.centred(grid), nan_ok=True)


def everything(values, groups, size):
    yield transforms.winsorize(values)
    yield transforms.zscore(values)
    yield transforms.winsorized_zscore(values)
    yield transforms.percentile(values)
    yield transforms.centred(values)
    yield neutralize(values, groups)
    yield neutralize(values, groups, size)


@pytest.mark.parametrize("plain", ["0", "1"])
def test_columns_without_values_and_other_rows_move_no_bit(grid, groups, monkeypatch, plain):
    monkeypatch.setenv("WORKBENCH_NUMBA", plain)
    size = np.random.default_rng(14).normal(10.0, 2.0, grid.shape)
    places = np.sort(np.random.default_rng(15).choice(113, grid.shape[1], replace=False))

    def spread(values, missing):
        wide = np.full((len(values), 113), missing, values.dtype)
        wide[:, places] = values
        return wide

    known = list(everything(grid, groups, size))
    wide = everything(spread(grid, np.nan), spread(groups, -1), spread(size, np.nan))
    alone = everything(grid[21:22].copy(), groups[21:22], size[21:22])
    for one, other, single in zip(known, wide, alone, strict=True):
        assert np.array_equal(one, other[:, places], equal_nan=True)
        assert np.array_equal(one[21], single[0], equal_nan=True)
