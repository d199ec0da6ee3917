"""Compiled rolling windows: sixteen columns at a time, each value from the rows of its own window only.

Sums, extremes, moments and drawdowns are built by doubling: a window of 252 rows is the union of blocks of
4, 8, 16, 32, 64 and 128 rows, and a block is two blocks of half its length. No running sum is carried
along, so neither a longer history nor a future cut off moves a value by a bit, and no error grows.

All take ``first`` and ``last`` column, so that threads can share an array, and write NaN where a window is
not full or holds fewer than ``least`` values.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator,no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, njit, void
from numba.types import Array

_IN = Array(float64, 2, "C", readonly=True)
_TILE = float64[:, ::1]
_COUNT = int64[:, ::1]
_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}

LANES = 16


@njit(void(_IN, int64, int64, float64, _TILE, _COUNT), **_OPTIONS)
def _take(values, column, width, missing, tile, count):
    """A tile of columns with ``missing`` for NaN, and the number of values seen so far."""
    for row in range(len(values)):
        for lane in range(width):
            value = values[row, column + lane]
            there = not np.isnan(value)
            tile[row, lane] = value if there else missing
            count[row + 1, lane] = count[row, lane] + there
        for lane in range(width, LANES):
            tile[row, lane] = missing
            count[row + 1, lane] = 0


@njit(inline="always")
def _deepen(early_high, early_low, early_depth, high, low, depth):
    """Join an earlier block to a later one, in place of the later one; an empty block has a peak of 0."""
    for lane in range(LANES):
        peak = early_high[lane]
        fall = 1.0 - low[lane] / peak if peak > 0.0 else 0.0
        deepest = early_depth[lane] if early_depth[lane] > depth[lane] else depth[lane]
        depth[lane] = fall if fall > deepest else deepest
        high[lane] = peak if peak > high[lane] else high[lane]
        low[lane] = early_low[lane] if early_low[lane] < low[lane] else low[lane]


@njit(inline="always")
def _join(early_number, early_mean, early_square, number, mean, square):
    """Count, mean and sum of squared deviations of an earlier and a later block, in place of the later one."""
    for lane in range(LANES):
        both = early_number[lane] + number[lane]
        share = number[lane] / (both if both > 0.0 else 1.0)
        gap = mean[lane] - early_mean[lane]
        square[lane] = (early_square[lane] + square[lane]) + (gap * gap) * (early_number[lane] * share)
        mean[lane] = early_mean[lane] + gap * share
        number[lane] = both


@njit(inline="always")
def _insert(new, best, top):
    for lane in range(LANES):
        value = new[lane]
        for level in range(top):
            held = best[level, lane]
            larger = value > held
            best[level, lane] = value if larger else held
            value = held if larger else value


@njit(void(_IN, int64, int64, boolean, int64, int64, _TILE), **_OPTIONS)
def rolling_sum(values, window, least, mean, first, last, out):
    """Sum, or mean, of the values that are there."""
    rows = len(values)
    part, total = np.empty((rows, LANES)), np.empty((rows, LANES))
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _take(values, column, width, 0.0, part, count)
        total[:] = 0.0
        done, size, left = 0, 1, window
        while left:
            if left & 1:
                for row in range(rows - 1, done - 1, -1):
                    late, early = total[row], part[row - done]
                    for lane in range(LANES):
                        late[lane] = early[lane] + late[lane]
                done += size
            left >>= 1
            if left:
                for row in range(rows - 1, size - 1, -1):
                    late, early = part[row], part[row - size]
                    for lane in range(LANES):
                        late[lane] = early[lane] + late[lane]
            size *= 2
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window - 1:
                    seen = count[row + 1, lane] - count[row + 1 - window, lane]
                    if seen >= least:
                        result = total[row, lane] / seen if mean else total[row, lane]
                out[row, column + lane] = result


@njit(void(_IN, int64, int64, float64, int64, int64, _TILE), **_OPTIONS)
def rolling_extreme(values, window, least, sign, first, last, out):
    """Largest value for ``sign`` 1, smallest for -1; two blocks that overlap cover the window."""
    rows = len(values)
    part = np.empty((rows, LANES))
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _take(values, column, width, -np.inf * sign, part, count)
        for row in range(rows):
            for lane in range(LANES):
                part[row, lane] *= sign
        size = 1
        while size < window:
            step = min(size, window - size)
            for row in range(rows - 1, step - 1, -1):
                late, early = part[row], part[row - step]
                for lane in range(LANES):
                    late[lane] = early[lane] if early[lane] > late[lane] else late[lane]
            size += step
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window - 1 and count[row + 1, lane] - count[row + 1 - window, lane] >= least:
                    result = sign * part[row, lane]
                out[row, column + lane] = result


@njit(void(_IN, int64, int64, int64, int64, _TILE), **_OPTIONS)
def rolling_drawdown(values, window, least, first, last, out):
    """Deepest fall from a peak of the window to a later trough, as a positive fraction of the peak."""
    rows = len(values)
    shape = (rows, LANES)
    high, low, depth = np.empty(shape), np.empty(shape), np.empty(shape)
    top, bottom, deepest = np.empty(shape), np.empty(shape), np.empty(shape)
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _take(values, column, width, np.nan, high, count)
        for row in range(rows):
            for lane in range(LANES):
                there = not np.isnan(high[row, lane])
                low[row, lane] = high[row, lane] if there else np.inf
                high[row, lane] = high[row, lane] if there else 0.0
        top[:], bottom[:], deepest[:], depth[:] = 0.0, np.inf, 0.0, 0.0
        done, size, left = 0, 1, window
        while left:
            if left & 1:
                for row in range(rows - 1, done - 1, -1):
                    _deepen(high[row - done], low[row - done], depth[row - done], top[row], bottom[row], deepest[row])
                done += size
            left >>= 1
            if left:
                for row in range(rows - 1, size - 1, -1):
                    _deepen(high[row - size], low[row - size], depth[row - size], high[row], low[row], depth[row])
            size *= 2
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window - 1 and count[row + 1, lane] - count[row + 1 - window, lane] >= least:
                    result = deepest[row, lane]
                out[row, column + lane] = result


@njit(void(_IN, int64, int64, int64, int64, _TILE), **_OPTIONS)
def rolling_std(values, window, least, first, last, out):
    """Standard deviation (n - 1); blocks are joined by the pairwise formula of Chan, Golub and LeVeque."""
    rows = len(values)
    shape = (rows, LANES)
    number, mean, square = np.empty(shape), np.empty(shape), np.empty(shape)
    all_number, all_mean, all_square = np.empty(shape), np.empty(shape), np.empty(shape)
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _take(values, column, width, 0.0, mean, count)
        for row in range(rows):
            for lane in range(LANES):
                number[row, lane] = count[row + 1, lane] - count[row, lane]
        square[:], all_number[:], all_mean[:], all_square[:] = 0.0, 0.0, 0.0, 0.0
        done, size, left = 0, 1, window
        while left:
            if left & 1:
                for row in range(rows - 1, done - 1, -1):
                    before = row - done
                    _join(number[before], mean[before], square[before], all_number[row], all_mean[row], all_square[row])
                done += size
            left >>= 1
            if left:
                for row in range(rows - 1, size - 1, -1):
                    before = row - size
                    _join(number[before], mean[before], square[before], number[row], mean[row], square[row])
            size *= 2
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                seen = all_number[row, lane]
                if row >= window - 1 and seen >= least:
                    result = np.sqrt(all_square[row, lane] / (seen - 1.0))
                out[row, column + lane] = result


@njit(void(_IN, int64, int64, int64, int64, int64, _TILE), **_OPTIONS)
def rolling_top_mean(values, window, top, least, first, last, out):
    """Mean of the ``top`` largest values of each window."""
    rows = len(values)
    part, best = np.empty((rows, LANES)), np.empty((top, LANES))
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _take(values, column, width, -np.inf, part, count)
        for row in range(rows):
            if row < window - 1:
                for lane in range(width):
                    out[row, column + lane] = np.nan
                continue
            best[:] = -np.inf
            for place in range(row - window + 1, row + 1):
                _insert(part[place], best, top)
            for lane in range(width):
                total = 0.0
                for level in range(top):
                    total += best[level, lane]
                seen = count[row + 1, lane] - count[row + 1 - window, lane]
                out[row, column + lane] = total / top if seen >= least else np.nan
