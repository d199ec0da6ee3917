"""Kernels: the array work behind windows and transforms, compiled where numba is there.

Every function takes (T, N) float64 arrays, NaN for missing, and returns a new one; none changes its input.
The compiled form and the form in numpy join the same numbers in the same order and give the same bits:
which one runs is a matter of speed alone. ``make setup`` compiles them into the cache beside the modules;
where numba is missing, can keep no cache, or ``WORKBENCH_NUMBA=0`` is set, numpy does the work.

``window`` counts rows, row t included; ``least`` is the number of values a window must hold.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.factors.kernels import plain, plain_bars, plain_rows
from workbench.factors.kernels.threads import spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Columns that a compiled kernel works on side by side.
LANES = 16


class Compiled(NamedTuple):
    """The compiled modules."""

    bars: Any
    columns: Any
    prices: Any
    rows: Any


def compiled() -> Compiled | None:
    """The compiled kernels, or None where numpy is to do the work."""
    return None if os.environ.get("WORKBENCH_NUMBA") == "0" else _load()


@cache
def _load() -> Compiled | None:
    try:
        import numba  # noqa: F401
    except ImportError:
        return None
    try:
        from workbench.factors.kernels import bars, columns, prices, rows
    except RuntimeError as error:
        # Numba's word for a machine on which it can keep no cache: each process would compile for itself.
        if "cannot cache" not in str(error):
            raise
        return None
    return Compiled(bars, columns, prices, rows)


def _array(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.float64)


def _by_columns(kernel: Callable[..., None], values: Array, *rest: Any) -> Array:
    out = np.empty(values.shape)
    spread(lambda first, last: kernel(values, *rest, first, last, out), values.shape[1], values.size, LANES)
    return out


def rolling_sum(values: Array, window: int, least: int) -> Array:
    """Sum of the values of each window that are there."""
    return _sum(_array(values), window, least, False)


def rolling_mean(values: Array, window: int, least: int) -> Array:
    """Mean of the values of each window that are there."""
    return _sum(_array(values), window, least, True)


def _sum(values: Array, window: int, least: int, mean: bool) -> Array:
    fast = compiled()
    if fast is None:
        return plain.rolling_sum(values, window, least, mean)
    return _by_columns(fast.columns.rolling_sum, values, window, least, mean)


def rolling_max(values: Array, window: int, least: int) -> Array:
    """Largest value of each window."""
    return _extreme(_array(values), window, least, 1.0)


def rolling_min(values: Array, window: int, least: int) -> Array:
    """Smallest value of each window."""
    return _extreme(_array(values), window, least, -1.0)


def _extreme(values: Array, window: int, least: int, sign: float) -> Array:
    fast = compiled()
    if fast is None:
        return plain.rolling_extreme(values, window, least, sign)
    return _by_columns(fast.columns.rolling_extreme, values, window, least, sign)


def rolling_drawdown(values: Array, window: int, least: int) -> Array:
    """Deepest fall from a peak of the window to a later value of it, as a positive fraction of the peak."""
    fast = compiled()
    if fast is None:
        return plain.rolling_drawdown(_array(values), window, least)
    return _by_columns(fast.columns.rolling_drawdown, _array(values), window, least)


def rolling_std(values: Array, window: int, least: int) -> Array:
    """Standard deviation (n - 1) of the values of each window that are there; ``least`` is at least 2."""
    fast = compiled()
    if fast is None:
        return plain.rolling_std(_array(values), window, least)
    return _by_columns(fast.columns.rolling_std, _array(values), window, least)


def rolling_top_mean(values: Array, window: int, top: int, least: int) -> Array:
    """Mean of the ``top`` largest values of each window; ``least`` is at least ``top``."""
    fast = compiled()
    if fast is None:
        return plain.rolling_top_mean(_array(values), window, top, least)
    return _by_columns(fast.columns.rolling_top_mean, _array(values), window, top, least)


def carry(prices: Array, limit: int) -> Array:
    """The last price of each column that is at most ``limit`` rows old."""
    fast = compiled()
    if fast is None:
        return plain.carry(_array(prices), limit)
    return _by_columns(fast.prices.carry, _array(prices), limit)


def changes(prices: Array, limit: int, *, relative: bool) -> Array:
    """Each price against the price before it, as a fraction or a difference; NaN where there is no price."""
    fast = compiled()
    if fast is None:
        return plain.changes(_array(prices), limit, relative)
    return _by_columns(fast.prices.changes, _array(prices), limit, relative)


def total_return(prices: Array, window: int, skip: int, limit: int, least: int) -> Array:
    """Carried price ``skip`` rows ago over the one ``window`` rows ago, less 1; ``least`` of window + 1 prices."""
    fast = compiled()
    if fast is None:
        return plain.total_return(_array(prices), window, skip, limit, least)
    return _by_columns(fast.prices.total_return, _array(prices), window, skip, limit, least)


def since_first(values: Array, window: int) -> Array:
    """Rows from the first value of each window to its end, both counted; 0 where it holds none."""
    fast = compiled()
    if fast is None:
        return plain.since_first(_array(values), window)
    return _by_columns(fast.prices.since_first, _array(values), window)


def market_model(prices: Array, index: Array, window: int, limit: int, least: int, wanted: int) -> Array:
    """Beta, residual deviation or residual score of stocks against an index of shape (T,)."""
    level = np.ascontiguousarray(index, dtype=np.float64)
    fast = compiled()
    if fast is None:
        return plain.market_model(_array(prices), level, window, limit, least, wanted)
    return _by_columns(fast.prices.market_model, _array(prices), level, window, limit, least, wanted)


def winsorize(values: Array, lower: float, upper: float) -> Array:
    """Values beyond two quantiles of their row pulled to them; the quantiles are ``np.nanquantile``'s."""
    return _standardize(values, (lower, upper), None)


def zscore(values: Array, min_names: int) -> Array:
    """Distance from the row's mean in standard deviations (n); NaN rows of fewer names or of equal values."""
    return _standardize(values, None, min_names)


def winsorized_zscore(values: Array, lower: float, upper: float, min_names: int) -> Array:
    """``zscore(winsorize(values))`` in one pass, with the same bits."""
    return _standardize(values, (lower, upper), min_names)


def _standardize(values: Array, clip: tuple[float, float] | None, min_names: int | None) -> Array:
    given = _array(values)
    lower, upper = clip or (0.0, 1.0)
    asked = (clip is not None, lower, upper, min_names is not None, min_names or 0)
    fast = compiled()
    if fast is None:
        return plain_rows.standardize(given, *asked)
    out = np.empty(given.shape)
    kernel = fast.rows.standardize
    spread(lambda first, last: kernel(given, *asked, first, last, out), len(given), given.size)
    return out


def average_rank(values: Array) -> Array:
    """Rank of each value in its row from 1, ties sharing their mean rank; NaN for NaN."""
    given = _array(values)
    fast = compiled()
    if fast is None:
        return plain_rows.average_rank(given, np.argsort(given, axis=1))
    out = np.empty(given.shape)

    def rank(first: int, last: int) -> None:
        order = np.argsort(given[first:last], axis=1)
        fast.rows.average_rank(given, order, first, last, out)

    spread(rank, len(given), given.size)
    return out


def indicators(prices: Array, restart: NDArray[np.bool_], years: NDArray[np.int64], warm: int) -> Array:
    """Technical indicators of the bars of each column, (13, T, N), levels in units of close over scale.

    Parameters
    ----------
    prices : (4, T, N) array
        Closes, highs, lows and scales. A row without a close is no bar; a bar without a high or a low has its
        close for it.
    restart : (T, N) bool array
        Rows on which all that was before is forgotten.
    years : (T,) int array
        Calendar year of each row, ascending.
    warm : int
        Years before a row's own whose bars a value may use.
    """
    given, flags = _array(prices), np.ascontiguousarray(restart, dtype=bool)
    numbers = np.ascontiguousarray(years, dtype=np.int64)
    fast = compiled()
    if fast is None:
        return plain_bars.indicators(given, flags, numbers, warm)
    out = np.empty((plain_bars.COLUMNS, *flags.shape))
    kernel = fast.bars.indicators
    spread(lambda first, last: kernel(given, flags, numbers, warm, first, last, out), flags.shape[1], flags.size, LANES)
    return out
