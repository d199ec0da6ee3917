"""Scores without what their sector or size explains: residuals of one regression a region and date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from workbench.lake.panel import Panel

Array = NDArray[np.float64]
Codes = NDArray[np.int16]

#: Fewest names of a sector on a date.
SECTOR_MIN_NAMES = 5
#: Rows that are worked on at once: what bounds the memory, without a bearing on any value.
_ROWS = 256
UNKNOWN = -1


def sector_codes(panel: Panel, rows: NDArray[np.bool_], columns: NDArray[np.intp]) -> tuple[Codes, tuple[str, ...]]:
    """Sector of each column on each date, as a number.

    Returns
    -------
    codes : (t, n) int16 array
        Position in the names; -1 where the lake knows no sector on the date.
    names : tuple of str
        Sectors that occur anywhere in the panel, in alphabetical order.
    """
    found = panel.sectors_by_date
    shape = (len(panel.tickers), len(panel.dates))
    codes = np.full(shape, UNKNOWN, np.int16)
    if found is None:
        return np.ascontiguousarray(codes.T[rows][:, columns]), ()
    names = tuple(sorted(set(found.value)))
    number = {name: code for code, name in enumerate(names)}
    first = np.searchsorted(panel.dates, found.start)
    after = np.where(np.isnat(found.end), shape[1], np.searchsorted(panel.dates, found.end, side="right"))
    for column, begin, end, value in zip(found.column, first, after, found.value, strict=True):
        codes[column, begin:end] = number[value]
    return np.ascontiguousarray(codes[columns][:, rows].T), names


def neutralize(
    values: Array, groups: Codes | None = None, size: Array | None = None, min_names: int = SECTOR_MIN_NAMES
) -> Array:
    """Residuals of a cross-sectional regression of each row on dummies of its groups and on a size.

    Parameters
    ----------
    values : (T, N) array
        One region; NaN stays NaN.
    groups : (T, N) int array, optional
        Group of each name on the date, -1 where unknown. None puts all names into one group.
    size : (T, N) array, optional
        For example the log of the market capitalization. A name without it has no residual.
    min_names : int
        Groups with fewer names on the date are put together with the names of unknown group into one rest
        group. Where even that has fewer names, they have no residual: the mean of two names is no sector.

    Returns
    -------
    (T, N) array
        ``values - group's mean - slope * (size - group's mean size)``, the slope common to all groups (least
        squares; Frisch, Waugh and Lovell). A row in which no size differs within its groups keeps slope 0.

    Notes
    -----
    Timing: row t uses row t only. A name that has no value, wherever its column stands, moves no other's
    residual by a bit.
    """
    result = np.full(values.shape, np.nan)
    for first in range(0, len(values), _ROWS):
        part = slice(first, first + _ROWS)
        result[part] = _residuals(
            values[part], None if groups is None else groups[part], None if size is None else size[part], min_names
        )
    return result


def _residuals(values: Array, groups: Codes | None, size: Array | None, min_names: int) -> Array:
    result = np.full(values.shape, np.nan)
    there = ~np.isnan(values) if size is None else ~np.isnan(values) & ~np.isnan(size)
    row, column = np.nonzero(there)
    if not len(row):
        return result
    group = np.zeros(len(row), np.int64) if groups is None else groups[row, column].astype(np.int64)
    kinds = int(group.max()) + 2
    key = row * kinds + np.where(group < 0, kinds - 1, group)
    if groups is not None:
        small = np.bincount(key, minlength=len(values) * kinds) < min_names
        key = np.where(small[key], row * kinds + kinds - 1, key)
    count = np.bincount(key, minlength=len(values) * kinds)
    left = _demeaned(values[row, column], key, count)
    if size is not None:
        other = _demeaned(size[row, column], key, count)
        top = np.bincount(row, weights=left * other, minlength=len(values))
        bottom = np.bincount(row, weights=other * other, minlength=len(values))
        slope = np.where(bottom > 0.0, top / np.where(bottom > 0.0, bottom, 1.0), 0.0)
        left = left - slope[row] * other
    if groups is not None:
        left = np.where(count[key] >= min_names, left, np.nan)
    result[row, column] = left
    return result


def _demeaned(values: Array, key: NDArray[np.int64], count: NDArray[np.int64]) -> Array:
    """Values less the mean of their group; summed one by one, in the order of the columns."""
    mean = np.bincount(key, weights=values, minlength=len(count)) / np.maximum(count, 1)
    less: Array = values - mean[key]
    return less
