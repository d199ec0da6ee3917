"""Values that change on some dates and hold until the next change, as dense arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)


def carried_forward(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[Any], grid: NDArray[Kind]
) -> NDArray[Kind]:
    """Fill ``grid`` with values that hold from their row on.

    Parameters
    ----------
    rows, columns, values : arrays of shape (K,)
        In any order of columns; within a column and row the last one counts. Rows from T on are left out.
    grid : array, shape (T, N)
        Its first row holds what is true before any change; it is filled in place and returned.
    """
    if not len(rows):
        return grid
    order = np.argsort(rows, kind="stable")
    columns, values = columns[order], values[order]
    bounds = np.searchsorted(rows[order], np.arange(len(grid) + 1))
    now = grid[0].copy()
    for row, (low, high) in enumerate(pairwise(bounds)):
        if high > low:
            now[columns[low:high]] = values[low:high]
        grid[row] = now
    return grid
