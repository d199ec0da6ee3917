"""Compiled technical indicators: sixteen stocks at a time, each on its own bars.

A recursion that is to be continued tomorrow with the bits of today needs a beginning that does not move: the
values of a calendar year come from a run that starts at the first bar of the second year before. See
:mod:`workbench.factors.technicals`.
"""
# mypy: disable-error-code="no-untyped-def,untyped-decorator,no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import boolean, float64, int64, njit, void
from numba.types import Array

_IN = Array(float64, 3, "C", readonly=True)
_FLAGS = Array(boolean, 2, "C", readonly=True)
_YEARS = Array(int64, 1, "C", readonly=True)
_TABLE = float64[:, ::1]
_LINE = float64[::1]
_OUT = float64[:, :, ::1]
_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}

LANES = 16
MEANS = (5, 20, 60, 120, 200)
#: Rows of a table of results: five means, then these.
RSI, MACD, SIGNAL, HISTOGRAM, UPPER, MIDDLE, LOWER, ATR = 5, 6, 7, 8, 9, 10, 11, 12
COLUMNS = 13
PERIOD, FAST, SLOW, SMOOTH, BAND = 14, 12, 26, 9, 20
STILL = 1e-14


@njit(void(_LINE, int64, int64, int64, boolean, _LINE, _TABLE), **_OPTIONS)
def _means(close, bar, age, row, afresh, sums, found):
    """Means of the last bars, by sums that begin anew with each year, and the bands around the second."""
    for number in range(len(MEANS)):
        width = MEANS[number]
        if age < width - 1:
            continue
        if afresh or age == width - 1:
            total = 0.0
            for place in range(bar - width + 1, bar + 1):
                total += close[place]
        else:
            total = sums[number] + close[bar] - close[bar - width]
        sums[number] = total
        found[number, row] = total / width
    if age >= BAND - 1:
        middle = found[1, row]
        square = 0.0
        for place in range(bar - BAND + 1, bar + 1):
            gap = close[place] - middle
            square += gap * gap
        spread = 2.0 * np.sqrt(square / BAND)
        found[UPPER, row] = middle + spread
        found[MIDDLE, row] = middle
        found[LOWER, row] = middle - spread


@njit(void(_LINE, _LINE, _LINE, int64, int64, _LINE), **_OPTIONS)
def _smooth(close, high, low, bar, age, state):
    """One bar more for the recursions; ``state`` is rise, fall, range, fast, slow and signal."""
    price = close[bar]
    if age == 0:
        state[:] = 0.0
    else:
        before = close[bar - 1]
        rise, fall = max(price - before, 0.0), max(before - price, 0.0)
        reach = max(high[bar] - low[bar], abs(high[bar] - before), abs(low[bar] - before))
        if age <= PERIOD:
            state[0] += rise
            state[1] += fall
            state[2] += reach
            if age == PERIOD:
                state[0] /= PERIOD
                state[1] /= PERIOD
                state[2] /= PERIOD
        else:
            state[0] = (state[0] * (PERIOD - 1) + rise) / PERIOD
            state[1] = (state[1] * (PERIOD - 1) + fall) / PERIOD
            state[2] = (state[2] * (PERIOD - 1) + reach) / PERIOD
    if age < SLOW:
        state[3] += price if age >= SLOW - FAST else 0.0
        state[4] += price
        if age == SLOW - 1:
            state[3] /= FAST
            state[4] /= SLOW
    else:
        state[3] += (price - state[3]) * (2.0 / (FAST + 1))
        state[4] += (price - state[4]) * (2.0 / (SLOW + 1))
    line = state[3] - state[4]
    if SLOW - 1 <= age <= SLOW + SMOOTH - 2:
        state[5] += line
        if age == SLOW + SMOOTH - 2:
            state[5] /= SMOOTH
    elif age >= SLOW:
        state[5] += (line - state[5]) * (2.0 / (SMOOTH + 1))


@njit(void(int64, int64, _LINE, _TABLE), **_OPTIONS)
def _write(age, row, state, found):
    if age >= PERIOD:
        moved = state[0] + state[1]
        found[RSI, row] = 100.0 * (state[0] / moved) if moved > STILL else np.nan
        found[ATR, row] = state[2]
    if age >= SLOW + SMOOTH - 2:
        line = state[3] - state[4]
        found[MACD, row] = line
        found[SIGNAL, row] = state[5]
        found[HISTOGRAM, row] = line - state[5]


@njit(void(_TABLE, int64[:, ::1], int64, int64, _LINE, _LINE, _TABLE), **_OPTIONS)
def _stock(bars, marks, count, warm, sums, state, found):
    """All years of one stock's bars; the marks of a bar are whether it begins anew, its row and its year."""
    close, high, low = bars[0], bars[1], bars[2]
    anew, rows, years = marks[0], marks[1], marks[2]
    first = 0
    while first < count:
        year = years[first]
        last = first
        while last < count and years[last] == year:
            last += 1
        start = first
        while start > 0 and years[start - 1] >= year - warm:
            start -= 1
        begun = start
        for bar in range(start, last):
            if anew[bar]:
                begun = bar
            _smooth(close, high, low, bar, bar - begun, state)
            if bar >= first:
                _means(close, bar, bar - begun, rows[bar], bar == first, sums, found)
                _write(bar - begun, rows[bar], state, found)
        first = last


@njit(void(_IN, _FLAGS, _YEARS, int64, int64, int64, _OUT), **_OPTIONS)
def indicators(prices, restart, years, warm, first, last, out):
    """The indicators of columns ``first`` to ``last`` of closes, highs, lows and scales."""
    rows = prices.shape[1]
    bars, marks = np.empty((3, rows)), np.empty((3, rows), np.int64)
    sums, state = np.empty(len(MEANS)), np.empty(6)
    found = np.empty((LANES, COLUMNS, rows))
    for column in range(first, last, LANES):
        width = min(LANES, last - column)
        found[:] = np.nan
        for lane in range(width):
            count, broken = 0, False
            for row in range(rows):
                broken = broken or restart[row, column + lane]
                price = prices[0, row, column + lane]
                if np.isnan(price):
                    continue
                high, low = prices[1, row, column + lane], prices[2, row, column + lane]
                bars[0, count] = price
                bars[1, count] = price if np.isnan(high) else high
                bars[2, count] = price if np.isnan(low) else low
                marks[0, count], marks[1, count], marks[2, count] = broken, row, years[row]
                broken = False
                count += 1
            _stock(bars, marks, count, warm, sums, state, found[lane])
        for number in range(COLUMNS):
            for row in range(rows):
                for lane in range(width):
                    value = found[lane, number, row]
                    if number != RSI:
                        value /= prices[3, row, column + lane]
                    out[number, row, column + lane] = value
