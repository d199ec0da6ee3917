"""The windows of :mod:`workbench.factors.kernels.columns` and ``prices`` in numpy, with the same bits.

The way without a compiler: the same blocks are joined in the same order, on whole arrays at a time, and
each operation on two numbers is rounded alike. It is slower and takes more memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Block = tuple[Array, ...]

BETA, RESIDUAL_STD, RESIDUAL_SCORE = 0, 1, 2


def _doubled(block: Block, empty: Block, window: int, join: Callable[[Block, Block], Block]) -> Block:
    """Every window's block, from blocks of one row; rows without a full window are not to be used."""
    part, total = [array.copy() for array in block], [array.copy() for array in empty]
    done, size, left = 0, 1, window
    rows = len(part[0])
    while left:
        if left & 1:
            _join_earlier(part, total, done, rows, join)
            done += size
        left >>= 1
        if left:
            _join_earlier([array.copy() for array in part], part, size, rows, join)
        size *= 2
    return tuple(total)


def _join_earlier(
    early: list[Array], late: list[Array], gap: int, rows: int, join: Callable[[Block, Block], Block]
) -> None:
    if gap >= rows:
        return
    joined = join(tuple(array[: rows - gap] for array in early), tuple(array[gap:] for array in late))
    for array, new in zip(late, joined, strict=True):
        array[gap:] = new


def _seen(values: Array, window: int) -> NDArray[np.int64]:
    """Values in each window; -1 where it is not full."""
    seen = np.full(values.shape, -1, dtype=np.int64)
    if len(values) >= window:
        count = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
        np.cumsum(~np.isnan(values), axis=0, out=count[1:])
        seen[window - 1 :] = count[window:] - count[:-window]
    return seen


def _where_enough(seen: NDArray[np.int64], least: int, values: Array) -> Array:
    return np.where((seen >= 0) & (seen >= least), values, np.nan)


def _full(values: Array, number: float) -> Array:
    return np.full(values.shape, number)


def rolling_sum(values: Array, window: int, least: int, mean: bool) -> Array:
    """Sum, or mean, of the values that are there."""
    seen = _seen(values, window)
    (total,) = _doubled(
        (np.where(np.isnan(values), 0.0, values),),
        (_full(values, 0.0),),
        window,
        lambda early, late: (early[0] + late[0],),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return _where_enough(seen, least, total / seen if mean else total)


def rolling_extreme(values: Array, window: int, least: int, sign: float) -> Array:
    """Largest value for ``sign`` 1, smallest for -1."""
    part = np.where(np.isnan(values), -np.inf * sign, values) * sign
    size, rows = 1, len(values)
    while size < window:
        step = min(size, window - size)
        if step < rows:
            early, late = part[: rows - step], part[step:]
            part[step:] = np.where(early > late, early, late)
        size += step
    return _where_enough(_seen(values, window), least, sign * part)


def rolling_drawdown(values: Array, window: int, least: int) -> Array:
    """Deepest fall from a peak of the window to a later trough, as a positive fraction of the peak."""
    gone = np.isnan(values)
    block = (np.where(gone, 0.0, values), np.where(gone, np.inf, values), _full(values, 0.0))
    empty = (_full(values, 0.0), _full(values, np.inf), _full(values, 0.0))
    return _where_enough(_seen(values, window), least, _doubled(block, empty, window, _deepened)[2])


def _deepened(early: Block, late: Block) -> Block:
    (early_high, early_low, early_depth), (high, low, depth) = early, late
    some = early_high > 0.0
    fall = np.where(some, 1.0 - low / np.where(some, early_high, 1.0), 0.0)
    deepest = np.where(early_depth > depth, early_depth, depth)
    return (
        np.where(early_high > high, early_high, high),
        np.where(early_low < low, early_low, low),
        np.where(fall > deepest, fall, deepest),
    )


def rolling_std(values: Array, window: int, least: int) -> Array:
    """Standard deviation (n - 1)."""
    there = ~np.isnan(values)
    zeros = _full(values, 0.0)
    block = (there.astype(np.float64), np.where(there, values, 0.0), zeros)
    number, _, square = _doubled(block, (zeros, zeros, zeros), window, _joined)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _where_enough(_seen(values, window), least, np.sqrt(square / (number - 1.0)))


def _joined(early: Block, late: Block) -> Block:
    (early_number, early_mean, early_square), (number, mean, square) = early, late
    both = early_number + number
    share = number / np.where(both > 0.0, both, 1.0)
    gap = mean - early_mean
    return (
        both,
        early_mean + gap * share,
        (early_square + square) + (gap * gap) * (early_number * share),
    )


def rolling_top_mean(values: Array, window: int, top: int, least: int) -> Array:
    """Mean of the ``top`` largest values of each window."""
    best = np.full((top, *values.shape), -np.inf)
    filled = np.where(np.isnan(values), -np.inf, values)
    rows = len(values)
    for age in range(min(window, rows) - 1, -1, -1):
        new = filled[: rows - age].copy()
        for level in range(top):
            held = best[level, age:].copy()
            larger = new > held
            best[level, age:] = np.where(larger, new, held)
            new = np.where(larger, held, new)
    total = _full(values, 0.0)
    for level in range(top):
        total += best[level]
    return _where_enough(_seen(values, window), least, total / top)


def _last_seen(prices: Array) -> NDArray[np.int64]:
    """Row of the last price at or before each row; -1 before the first."""
    number = np.arange(len(prices))[:, None]
    return np.maximum.accumulate(np.where(np.isnan(prices), -1, number), axis=0)


def _recent(values: Array, last: NDArray[np.int64], limit: int) -> Array:
    """``values`` on the row ``last``, where that row is at most ``limit`` rows old."""
    age = np.arange(len(values))[:, None] - last
    found = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (age <= limit), found, np.nan)


def carry(prices: Array, limit: int) -> Array:
    """The last price that is at most ``limit`` rows old."""
    return _recent(prices, _last_seen(prices), limit) if len(prices) else prices.copy()


def changes(prices: Array, limit: int, relative: bool) -> Array:
    """Each price against the price before it, which is at most ``limit`` rows older than the row before."""
    result = _full(prices, np.nan)
    before = carry(prices, limit)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        result[1:] = prices[1:] / before - 1.0 if relative else prices[1:] - before
    return result


def total_return(prices: Array, window: int, skip: int, limit: int, least: int) -> Array:
    """Carried price ``skip`` rows ago over the one ``window`` rows ago, less 1."""
    result = _full(prices, np.nan)
    if len(prices) > window:
        carried = carry(prices, limit)
        later, earlier = carried[window - skip : len(prices) - skip], carried[: len(prices) - window]
        with np.errstate(divide="ignore", invalid="ignore"):
            result[window:] = later / earlier - 1.0
    return _where_enough(_seen(prices, window + 1), least, result)


def since_first(values: Array, window: int) -> Array:
    """Rows from the window's first value to its end, both counted; 0 where it holds none."""
    result = _full(values, np.nan)
    rows = len(values)
    if rows >= window:
        number = np.arange(rows)[:, None]
        filled = np.where(np.isnan(values), rows, number)
        following = np.minimum.accumulate(filled[::-1], axis=0)[::-1]
        result[window - 1 :] = np.maximum(number[window - 1 :] + 1 - following[: rows - window + 1], 0)
    return result


def market_model(prices: Array, index: Array, window: int, limit: int, least: int, wanted: int) -> Array:
    """A statistic of the regression of each stock's returns on the index's."""
    if not len(prices):
        return prices.copy()
    stock, market = _pairs(prices, index, limit)
    both = ~(np.isnan(stock) | np.isnan(market))
    zeros = _full(prices, 0.0)
    block = (both.astype(np.float64), np.where(both, market, 0.0), np.where(both, stock, 0.0), zeros, zeros, zeros)
    n, x, y, xx, xy, yy = _doubled(block, (zeros,) * 6, window, _joined_pairs)
    full = np.where(np.arange(len(prices)) >= window - 1, 1.0, 0.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _statistic(n, x, y, xx, xy, yy, wanted)
    return np.where((full > 0.0) & (n >= least), found, np.nan)


def _pairs(prices: Array, index: Array, limit: int) -> Block:
    """Returns of the stocks, and the index's over the same span."""
    stock, market = _full(prices, np.nan), _full(prices, np.nan)
    last = _last_seen(prices)[:-1]
    level = np.broadcast_to(index[:, None], prices.shape)
    before = _recent(prices[:-1], last, limit)
    level_before = np.where(last >= 0, np.take_along_axis(level, np.maximum(last, 0), axis=0), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        stock[1:] = prices[1:] / before - 1.0
        market[1:] = level[1:] / level_before - 1.0
    return stock, market


def _joined_pairs(early: Block, late: Block) -> Block:
    (early_n, early_x, early_y, *early_products), (n, x, y, xx, xy, yy) = early, late
    both = early_n + n
    share = n / np.where(both > 0.0, both, 1.0)
    weight = early_n * share
    gap_x, gap_y = x - early_x, y - early_y
    return (
        both,
        early_x + gap_x * share,
        early_y + gap_y * share,
        (early_products[0] + xx) + (gap_x * gap_x) * weight,
        (early_products[1] + xy) + (gap_x * gap_y) * weight,
        (early_products[2] + yy) + (gap_y * gap_y) * weight,
    )


def _statistic(n: Array, x: Array, y: Array, xx: Array, xy: Array, yy: Array, wanted: int) -> Array:
    beta = np.where(xx > 0.0, xy / xx, np.nan)
    if wanted == BETA:
        return beta
    rest = yy - beta * xy
    rest = np.where(rest > 1e-14 * yy, rest, np.where(np.isnan(beta), np.nan, 0.0))
    spread = np.sqrt(rest / (n - 2.0))
    if wanted == RESIDUAL_STD:
        return spread
    return np.where(rest > 0.0, n * (y - beta * x) / np.where(rest > 0.0, spread, 1.0), np.nan)
