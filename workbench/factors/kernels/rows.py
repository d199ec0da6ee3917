"""Compiled cross-sections: one date at a time over all names.

A row's numbers are gathered without its gaps first, in the order of the columns, and summed in sixteen
lanes: names without a value, and columns that a shorter panel does not have, move no bit.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator,no-untyped-call"

from __future__ import annotations

import math

import numpy as np
from numba import boolean, float64, int64, njit, void
from numba.types import Array

_IN = Array(float64, 2, "C", readonly=True)
_ORDER = Array(int64, 2, "C", readonly=True)
_OUT = float64[:, ::1]
_BUFFER = float64[::1]
_OPTIONS = {"nogil": True, "cache": True, "error_model": "numpy"}

LANES = 16


@njit(int64(_IN, int64, _BUFFER), **_OPTIONS)
def _gather(values, row, found):
    """The row's values that are there, in the order of its columns; returns how many."""
    count = 0
    for column in range(values.shape[1]):
        value = values[row, column]
        found[count] = value
        count += not np.isnan(value)
    return count


@njit(float64(_BUFFER, int64, _BUFFER), **_OPTIONS)
def _sum(found, count, lanes):
    lanes[:] = 0.0
    whole = count - count % LANES
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += found[start + lane]
    for place in range(whole, count):
        lanes[place - whole] += found[place]
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
    return total


@njit(void(_BUFFER, int64, float64), **_OPTIONS)
def _replace_largest(heap, size, value):
    """Put ``value`` for the largest one of a heap whose root is its largest."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@njit(float64(_BUFFER, int64, float64, _BUFFER), **_OPTIONS)
def _quantile(found, count, share, heap):
    """Quantile with linear interpolation, as ``np.quantile`` rounds it.

    The two order statistics come from a heap of the shorter tail: for the first and the last hundredth
    nearly every value is turned away by one comparison.
    """
    virtual = (count - 1) * share
    below = min(math.floor(virtual), count - 1)
    weight = virtual - below
    above = min(below + 1, count - 1)
    sign = 1.0 if below < count // 2 else -1.0
    rank = above if sign > 0.0 else count - 1 - below
    size = rank + 1
    for place in range(size):
        heap[place] = np.inf
    for place in range(count):
        value = sign * found[place]
        if value < heap[0]:
            _replace_largest(heap, size, value)
    outer = sign * heap[0]
    inner = outer
    if above > below:
        inner = heap[1]
        if size > 2 and heap[2] > inner:
            inner = heap[2]
        inner *= sign
    low, high = (inner, outer) if sign > 0.0 else (outer, inner)
    step = high - low
    if weight >= 0.5:
        return high - step * (1.0 - weight)
    return low + step * weight


@njit(void(_BUFFER, int64, float64, float64, _BUFFER), **_OPTIONS)
def _clip(found, count, lower, upper, heap):
    low = _quantile(found, count, lower, heap)
    high = _quantile(found, count, upper, heap)
    for place in range(count):
        value = found[place]
        found[place] = low if value < low else (high if value > high else value)


@njit(boolean(_BUFFER, int64, int64, _BUFFER, _BUFFER), **_OPTIONS)
def _scale(found, count, least, work, lanes):
    """Values to z-scores in place; False where there are too few or all are equal."""
    if count < max(least, 2):
        return False
    mean = _sum(found, count, lanes) / count
    for place in range(count):
        spread = found[place] - mean
        found[place] = spread
        work[place] = spread * spread
    deviation = math.sqrt(_sum(work, count, lanes) / count)
    if not deviation > 1e-12 * max(abs(mean), 1e-300):
        return False
    for place in range(count):
        found[place] /= deviation
    return True


@njit(void(_IN, int64, _BUFFER, boolean, _OUT), **_OPTIONS)
def _scatter(values, row, found, usable, out):
    count = 0
    for column in range(values.shape[1]):
        if usable and not np.isnan(values[row, column]):
            out[row, column] = found[count]
            count += 1
        else:
            out[row, column] = np.nan


@njit(void(_IN, boolean, float64, float64, boolean, int64, int64, int64, _OUT), **_OPTIONS)
def standardize(values, clip, lower, upper, scale, least, first, last, out):
    """Rows ``first`` to ``last`` winsorized, made z-scores, or both."""
    width = values.shape[1]
    found, work, lanes = np.empty(width + 1), np.empty(width + 1), np.empty(LANES)
    for row in range(first, last):
        count = _gather(values, row, found)
        usable = count > 0
        if usable and clip:
            _clip(found, count, lower, upper, work)
        if usable and scale:
            usable = _scale(found, count, least, work, lanes)
        _scatter(values, row, found, usable, out)


@njit(void(_IN, _ORDER, int64, int64, _OUT), **_OPTIONS)
def average_rank(values, order, first, last, out):
    """Ranks from 1 of rows whose ascending order is given, missing values last; ties share their mean rank."""
    width = values.shape[1]
    for row in range(first, last):
        start = 0
        while start < width:
            value = values[row, order[row - first, start]]
            if np.isnan(value):
                break
            end = start + 1
            while end < width and values[row, order[row - first, end]] == value:
                end += 1
            for place in range(start, end):
                out[row, order[row - first, place]] = (start + end - 1) / 2.0 + 1.0
            start = end
        for place in range(start, width):
            out[row, order[row - first, place]] = np.nan
