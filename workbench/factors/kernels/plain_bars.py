"""The indicators of :mod:`workbench.factors.kernels.bars` in numpy: all stocks at once, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

MEANS = (5, 20, 60, 120, 200)
RSI, MACD, SIGNAL, HISTOGRAM, UPPER, MIDDLE, LOWER, ATR = 5, 6, 7, 8, 9, 10, 11, 12
COLUMNS = 13
PERIOD, FAST, SLOW, SMOOTH, BAND = 14, 12, 26, 9, 20
STILL = 1e-14


def indicators(prices: Array, restart: NDArray[np.bool_], years: Integers, warm: int) -> Array:
    """The indicators, (13, T, N), of closes, highs, lows and scales."""
    close, high, low, scale = prices
    out = np.full((COLUMNS, *close.shape), np.nan)
    bars = np.stack([close, np.where(np.isnan(high), close, high), np.where(np.isnan(low), close, low)])
    there = ~np.isnan(close)
    packed = np.take_along_axis(close, np.argsort(~there, axis=0, kind="stable"), axis=0)
    number = np.cumsum(there, axis=0) - 1
    for year in np.unique(years):
        rows = np.flatnonzero((years >= year - warm) & (years <= year))
        _year(bars, restart, packed, number, rows, years == year, out)
    for place in range(COLUMNS):
        if place != RSI:
            out[place] /= scale
    return out


def _year(
    bars: Array,
    restart: NDArray[np.bool_],
    packed: Array,
    number: Integers,
    rows: Integers,
    wanted: NDArray[np.bool_],
    out: Array,
) -> None:
    """The wanted rows of one calendar year, from a run over ``rows``, which begin years before."""
    width = restart.shape[1]
    state, sums, before = np.zeros((6, width)), np.zeros((len(MEANS), width)), np.full(width, np.nan)
    age, broken, opened = np.full(width, -1), np.zeros(width, bool), np.zeros(width, bool)
    for row in rows:
        broken |= restart[row]
        at = np.flatnonzero(~np.isnan(bars[0, row]))
        age[at] = np.where(broken[at], 0, age[at] + 1)
        broken[at] = False
        state[:, at] = _smooth(bars[:, row, at], before[at], age[at], state[:, at])
        before[at] = bars[0, row, at]
        if wanted[row]:
            _means(packed, at, number[row, at], age[at], ~opened[at], sums, out[:, row])
            _write(at, age[at], state[:, at], out[:, row])
            opened[at] = True


def _smooth(bar: Array, before: Array, age: Integers, state: Array) -> Array:
    """One bar more for the recursions of some stocks; ``state`` is rise, fall, range, fast, slow and signal."""
    price, high, low = bar
    rise = np.where(price - before > 0.0, price - before, 0.0)
    fall = np.where(before - price > 0.0, before - price, 0.0)
    reach = np.fmax(high - low, np.fmax(np.abs(high - before), np.abs(low - before)))
    state = np.where(age == 0, 0.0, state)
    for number, new in enumerate((rise, fall, reach)):
        total = np.where(age == 0, 0.0, state[number] + new)
        early = np.where(age == PERIOD, total / PERIOD, total)
        state[number] = np.where(age <= PERIOD, early, (state[number] * (PERIOD - 1) + new) / PERIOD)
    fast = state[3] + np.where(age >= SLOW - FAST, price, 0.0)
    slow = state[4] + price
    fast, slow = np.where(age == SLOW - 1, fast / FAST, fast), np.where(age == SLOW - 1, slow / SLOW, slow)
    state[3] = np.where(age < SLOW, fast, state[3] + (price - state[3]) * (2.0 / (FAST + 1)))
    state[4] = np.where(age < SLOW, slow, state[4] + (price - state[4]) * (2.0 / (SLOW + 1)))
    line, last = state[3] - state[4], SLOW + SMOOTH - 2
    total = state[5] + line
    total = np.where(age == last, total / SMOOTH, total)
    seeding = np.where(age >= SLOW - 1, total, state[5])
    state[5] = np.where(age <= last, seeding, state[5] + (line - state[5]) * (2.0 / (SMOOTH + 1)))
    return state


def _means(
    packed: Array, at: Integers, bar: Integers, age: Integers, afresh: NDArray[np.bool_], sums: Array, found: Array
) -> None:
    """Means of the last bars, by sums that begin anew with each year, and the bands around the second."""
    for number, width in enumerate(MEANS):
        full = age >= width - 1
        anew = full & (afresh | (age == width - 1))
        go_on = full & ~anew
        total = np.zeros(len(at))
        for gap in range(width - 1, -1, -1):
            total[anew] += packed[bar[anew] - gap, at[anew]]
        new, old = packed[bar[go_on], at[go_on]], packed[bar[go_on] - width, at[go_on]]
        total[go_on] = sums[number, at[go_on]] + new - old
        sums[number, at[full]] = total[full]
        found[number, at[full]] = total[full] / width
    full = age >= BAND - 1
    bar, at = bar[full], at[full]
    middle, square = found[1, at], np.zeros(len(at))
    for gap in range(BAND - 1, -1, -1):
        distance = packed[bar - gap, at] - middle
        square += distance * distance
    spread = 2.0 * np.sqrt(square / BAND)
    found[UPPER, at], found[MIDDLE, at], found[LOWER, at] = middle + spread, middle, middle - spread


def _write(at: Integers, age: Integers, state: Array, found: Array) -> None:
    moved = state[0] + state[1]
    strength = np.where(moved > STILL, 100.0 * (state[0] / np.where(moved > STILL, moved, 1.0)), np.nan)
    begun = age >= PERIOD
    found[RSI, at[begun]], found[ATR, at[begun]] = strength[begun], state[2][begun]
    begun = age >= SLOW + SMOOTH - 2
    line = (state[3] - state[4])[begun]
    found[MACD, at[begun]], found[SIGNAL, at[begun]] = line, state[5][begun]
    found[HISTOGRAM, at[begun]] = line - state[5][begun]
