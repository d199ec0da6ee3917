"""Rules for figures of filings that factors share: what stands in, what counts as nothing, what has no ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def first_of(*figures: Array) -> Array:
    """The first figure that is known, in the order given; NaN where none is."""
    result = figures[0]
    for other in figures[1:]:
        result = np.where(np.isnan(result), other, result)
    return result


def or_nothing(figure: Array) -> Array:
    """The figure, 0 where it is not filed: for lines that a statement shows only where there is something."""
    return np.where(np.isnan(figure), 0.0, figure)


def positive(figure: Array) -> Array:
    """The figure where it is above 0, else NaN: what may stand below the line of a ratio."""
    return np.where(figure > 0.0, figure, np.nan)


def gross_profit(filed: Array, revenue: Array, cost_of_revenue: Array) -> Array:
    """Gross profit as filed, else revenue minus cost of revenue."""
    return first_of(filed, revenue - cost_of_revenue)


def common_equity(filed: Array, total_equity: Array, preferred_equity: Array) -> Array:
    """Equity of the common shareholders: as filed, else that of all shareholders of the parent minus preferred.

    Preferred equity that is not filed counts as none: a balance sheet shows the line where there is some.
    """
    return first_of(filed, total_equity - or_nothing(preferred_equity))
