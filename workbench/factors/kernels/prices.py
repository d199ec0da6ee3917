"""Compiled passes over prices: carrying, returns over halts, and the market model."""

# mypy: disable-error-code="no-untyped-def,untyped-decorator,no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, njit, void
from numba.types import Array

_IN = Array(float64, 2, "C", readonly=True)
_LINE = Array(float64, 1, "C", readonly=True)
_OUT = float64[:, ::1]
_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}

LANES = 16
BETA, RESIDUAL_STD, RESIDUAL_SCORE = 0, 1, 2


@njit(void(_IN, int64, int64, int64, _OUT), **_OPTIONS)
def carry(prices, limit, first, last, out):
    """The last price that is at most ``limit`` rows old."""
    age = np.full(last - first, limit + 1)
    held = np.full(last - first, np.nan)
    for row in range(len(prices)):
        for column in range(first, last):
            price, place = prices[row, column], column - first
            there = not np.isnan(price)
            held[place] = price if there else held[place]
            age[place] = 0 if there else min(age[place] + 1, limit + 1)
            out[row, column] = held[place] if age[place] <= limit else np.nan


@njit(void(_IN, int64, boolean, int64, int64, _OUT), **_OPTIONS)
def changes(prices, limit, relative, first, last, out):
    """Each price against the price before it, which is at most ``limit`` rows older than the row before."""
    age = np.full(last - first, limit + 1)
    held = np.full(last - first, np.nan)
    for row in range(len(prices)):
        for column in range(first, last):
            price, place = prices[row, column], column - first
            there = not np.isnan(price)
            before = held[place] if age[place] <= limit else np.nan
            out[row, column] = price / before - 1.0 if relative else price - before
            held[place] = price if there else held[place]
            age[place] = 0 if there else min(age[place] + 1, limit + 1)


@njit(void(_IN, int64, int64, int64, int64, int64, int64, _OUT), **_OPTIONS)
def total_return(prices, window, skip, limit, least, first, last, out):
    """Carried price ``skip`` rows ago over the one ``window`` rows ago, less 1, with ``least`` prices between."""
    rows = len(prices)
    carried = np.empty((rows, LANES))
    count = np.zeros((rows + 1, LANES), np.int64)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        carry(prices, limit, column, column + width, out)
        for row in range(rows):
            for lane in range(width):
                price = prices[row, column + lane]
                count[row + 1, lane] = count[row, lane] + (not np.isnan(price))
                carried[row, lane] = out[row, column + lane]
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window and count[row + 1, lane] - count[row - window, lane] >= least:
                    result = carried[row - skip, lane] / carried[row - window, lane] - 1.0
                out[row, column + lane] = result


@njit(void(_IN, int64, int64, int64, _OUT), **_OPTIONS)
def since_first(values, window, first, last, out):
    """Rows from the window's first value to its end, both counted; 0 where it holds none."""
    rows = len(values)
    following = np.full((rows + 1, LANES), rows)
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        for row in range(rows - 1, -1, -1):
            for lane in range(width):
                value = values[row, column + lane]
                following[row, lane] = following[row + 1, lane] if np.isnan(value) else row
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window - 1:
                    result = max(row + 1 - following[row - window + 1, lane], 0)
                out[row, column + lane] = result


@njit(void(_IN, _LINE, int64, int64, int64, float64[:, :, ::1]), **_OPTIONS)
def _pairs(prices, index, limit, column, width, state):
    """Returns of a tile of stocks, and the index's returns over the same span, as blocks of one row."""
    rows = len(prices)
    age = np.full(LANES, limit + 1)
    held, level = np.full(LANES, np.nan), np.full(LANES, np.nan)
    for row in range(rows):
        for lane in range(LANES):
            price = prices[row, column + lane] if lane < width else np.nan
            there = not np.isnan(price)
            before = held[lane] if age[lane] <= limit else np.nan
            stock = price / before - 1.0
            market = index[row] / level[lane] - 1.0
            both = not (np.isnan(stock) or np.isnan(market))
            state[0, row, lane] = 1.0 if both else 0.0
            state[1, row, lane] = market if both else 0.0
            state[2, row, lane] = stock if both else 0.0
            held[lane] = price if there else held[lane]
            level[lane] = index[row] if there else level[lane]
            age[lane] = 0 if there else min(age[lane] + 1, limit + 1)
    state[3:] = 0.0


@njit(inline="always")
def _join(early, before, state, row):
    """Count, means and centred products of an earlier and a later block, in place of the later one."""
    n, x, y, xx, xy, yy = early[0], early[1], early[2], early[3], early[4], early[5]
    late_n, late_x, late_y = state[0], state[1], state[2]
    late_xx, late_xy, late_yy = state[3], state[4], state[5]
    for lane in range(LANES):
        both = n[before, lane] + late_n[row, lane]
        share = late_n[row, lane] / (both if both > 0.0 else 1.0)
        weight = n[before, lane] * share
        gap_x, gap_y = late_x[row, lane] - x[before, lane], late_y[row, lane] - y[before, lane]
        late_xx[row, lane] = (xx[before, lane] + late_xx[row, lane]) + (gap_x * gap_x) * weight
        late_xy[row, lane] = (xy[before, lane] + late_xy[row, lane]) + (gap_x * gap_y) * weight
        late_yy[row, lane] = (yy[before, lane] + late_yy[row, lane]) + (gap_y * gap_y) * weight
        late_x[row, lane] = x[before, lane] + gap_x * share
        late_y[row, lane] = y[before, lane] + gap_y * share
        late_n[row, lane] = both


@njit(float64(float64, float64, float64, float64, float64, float64, int64), **_OPTIONS)
def _statistic(n, x, y, xx, xy, yy, wanted):
    if not xx > 0.0:
        return np.nan
    beta = xy / xx
    if wanted == BETA:
        return beta
    rest = yy - beta * xy
    rest = rest if rest > 1e-14 * yy else 0.0
    if wanted == RESIDUAL_STD:
        return np.sqrt(rest / (n - 2.0))
    return n * (y - beta * x) / np.sqrt(rest / (n - 2.0)) if rest > 0.0 else np.nan


@njit(void(_IN, _LINE, int64, int64, int64, int64, int64, int64, _OUT), **_OPTIONS)
def market_model(prices, index, window, limit, least, wanted, first, last, out):
    """A statistic of the regression of each stock's returns on the index's, over each window of rows."""
    rows = len(prices)
    state, total = np.empty((6, rows, LANES)), np.empty((6, rows, LANES))
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        _pairs(prices, index, limit, column, width, state)
        total[:] = 0.0
        done, size, left = 0, 1, window
        while left:
            if left & 1:
                for row in range(rows - 1, done - 1, -1):
                    _join(state, row - done, total, row)
                done += size
            left >>= 1
            if left:
                for row in range(rows - 1, size - 1, -1):
                    _join(state, row - size, state, row)
            size *= 2
        for row in range(rows):
            for lane in range(width):
                result = np.nan
                if row >= window - 1 and total[0, row, lane] >= least:
                    n, x, y = total[0, row, lane], total[1, row, lane], total[2, row, lane]
                    xx, xy, yy = total[3, row, lane], total[4, row, lane], total[5, row, lane]
                    result = _statistic(n, x, y, xx, xy, yy, wanted)
                out[row, column + lane] = result
