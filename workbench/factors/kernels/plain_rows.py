"""The cross-sections of :mod:`workbench.factors.kernels.rows` in numpy: the same sums in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LANES = 16


def standardize(values: Array, clip: bool, lower: float, upper: float, scale: bool, least: int) -> Array:
    """Rows winsorized, made z-scores, or both."""
    result = values
    if clip:
        result = _clipped(values, lower, upper)
    return _scaled(result, least) if scale else result


def _clipped(values: Array, lower: float, upper: float) -> Array:
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    low, high = (_quantile(ordered, count, share)[:, None] for share in (lower, upper))
    return np.where(values < low, low, np.where(values > high, high, values))


def _quantile(ordered: Array, count: NDArray[np.int64], share: float) -> Array:
    last = np.maximum(count - 1, 0)
    virtual = last * share
    below = np.minimum(np.floor(virtual).astype(np.int64), last)
    weight = virtual - below
    rows = np.arange(len(ordered))
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
    with np.errstate(invalid="ignore"):
        step = high - low
        result: Array = np.where(weight >= 0.5, high - step * (1.0 - weight), low + step * weight)
    return result


def _scaled(values: Array, least: int) -> Array:
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    usable = count >= max(least, 2)
    safe = np.where(usable, count, 1)
    packed = np.argsort(~there, axis=1, kind="stable")
    found = np.where(there, values, 0.0)
    mean = _sum(found, packed) / safe
    spread = np.where(there, values - mean[:, None], 0.0)
    deviation = np.sqrt(_sum(spread * spread, packed) / safe)
    usable &= deviation > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scaled = spread / np.where(usable, deviation, 1.0)[:, None]
    return np.where(there & usable[:, None], scaled, np.nan)


def _sum(found: Array, packed: NDArray[np.int64]) -> Array:
    """Sum of each row in lanes, over its values without the gaps between them."""
    values = np.take_along_axis(found, packed, axis=1)
    lanes = np.zeros((len(values), LANES))
    for start in range(0, values.shape[1], LANES):
        part = values[:, start : start + LANES]
        lanes[:, : part.shape[1]] += part
    total = np.zeros(len(values))
    for lane in range(LANES):
        total += lanes[:, lane]
    return total


def average_rank(values: Array, order: NDArray[np.int64]) -> Array:
    """Ranks from 1 of rows whose ascending order is given; ties share their mean rank, NaN for NaN."""
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    starts = np.ones(values.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    ends = np.ones(values.shape, dtype=bool)
    ends[:, :-1] = starts[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2.0 + 1.0, axis=1)
    return np.where(np.isnan(values), np.nan, ranks)
