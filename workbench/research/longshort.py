"""The portfolio behind a spread: long the top quantile, short the bottom one, renewed a bit every session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.research.forward import Fills
    from workbench.research.quantiles import Buckets

    Array = NDArray[np.float64]

#: Sessions a year by which means a session are annualized.
SESSIONS = 252


@dataclass(frozen=True, eq=False)
class LongShort:
    """Returns and trades of one region's long-short portfolio, on its sessions.

    Attributes
    ----------
    gross : (S,) array
        Gain of the session over the money put into one side; NaN before the first position and after the last.
    bought, sold : (S,) array
        Money traded on the session, over the money of one side; a short sale is a sale.
    top, trades : (S, N) array
        Weights of the long side by the row of the decision, and their change: what is traded ``delay`` rows later.
    """

    gross: Array
    bought: Array
    sold: Array
    top: Array
    trades: Array

    @property
    def turnover(self) -> Array:
        """Money traded on the session, buys and sells of both sides."""
        return self.bought + self.sold

    def cost(self, buy: Array, sell: Array) -> Array:
        """What trading took from the return of the session; ``buy`` and ``sell`` are rates as fractions, (S,)."""
        return self.bought * buy + self.sold * sell


def long_short(buckets: Buckets, quantiles: int, done: Fills, holding: int) -> LongShort:
    """Hold the extreme quantiles of each date for ``holding`` sessions, side by side.

    Each session one new pair of equal-weight portfolios is opened and the oldest one closed, so that the
    result does not depend on the day on which one happens to begin (Jegadeesh and Titman 1993). Dates
    without quantiles open none, and the others share the money.

    Parameters
    ----------
    buckets : (S, N) int array
        Quantiles on the sessions of one region; 0 none.
    quantiles : int
        The highest.
    done : Fills
        Prices of the same rows and columns.
    holding : int
        Sessions.

    Notes
    -----
    Timing: weights of row t are traded at the execution price of row t + d (d = ``done.delay``) and earn from
    there on. Names that cannot be bought there are left out. A position is bought once and held: weights that
    are put back to equal each day would buy what fell and sell what rose, and earn the bounce between bid and ask
    (Blume and Stambaugh 1983), which nobody can. So the gains of a session are, on average, the mean spread over
    ``holding`` sessions divided by ``holding``. Turnover is the change of the weights as they were opened.
    A move over a break of the price earns nothing.
    """
    reachable = np.zeros(buckets.shape, dtype=bool)
    reachable[: len(buckets) - done.delay] = done.tradable[done.delay :]
    chosen = np.where(reachable, buckets, 0)
    both = (chosen == quantiles).any(axis=1) & (chosen == 1).any(axis=1)
    high, low = (_equal((chosen == number) & both[:, None]) for number in (quantiles, 1))
    top = _held(high, both, holding)
    weights = top - _held(low, both, holding)
    gross = _gains(high - low, both, holding, done)
    change = np.diff(weights, axis=0, prepend=0.0)
    bought, sold = np.maximum(change, 0.0).sum(axis=1), np.maximum(-change, 0.0).sum(axis=1)
    started = np.cumsum(both) > 0
    first = done.delay if done.execution == "next_open" else done.delay + 1
    gross[~_later(started, first, False)] = np.nan
    if both.any():
        gross[np.flatnonzero(both)[-1] + holding + done.delay + 1 :] = np.nan
    traded = (_later(bought, done.delay, 0.0), _later(sold, done.delay, 0.0))
    return LongShort(gross, *traded, top, np.abs(np.diff(top, axis=0, prepend=0.0)))


def _equal(inside: NDArray[np.bool_]) -> Array:
    """Equal weights of the names of each row."""
    weights: Array = inside / np.maximum(inside.sum(axis=1), 1)[:, None]
    return weights


def _held(opened: Array, formed: NDArray[np.bool_], holding: int) -> Array:
    """Mean of what was opened on the last ``holding`` rows."""
    count = np.rint(_window(formed.astype(np.float64), holding))
    held: Array = _window(opened, holding) / np.maximum(count, 1.0)[:, None]
    held[np.abs(held) < 1e-12 * np.abs(opened).max(axis=0, initial=0.0)] = 0.0
    return held


def _window(values: Array, rows: int) -> Array:
    """Sum over the last rows, row t included."""
    total = np.cumsum(values, axis=0)
    result = total.copy()
    result[rows:] -= total[:-rows]
    return result


def _gains(opened: Array, formed: NDArray[np.bool_], holding: int, done: Fills) -> Array:
    """Gain of each row on the shares that were in place."""
    close, price = _whole(done)
    entry = np.full(price.shape, np.nan)
    entry[: len(price) - done.delay] = price[done.delay :]
    shares = _held(np.divide(opened, entry, out=np.zeros_like(opened), where=opened != 0.0), formed, holding)
    close, price = np.nan_to_num(close), np.nan_to_num(price)
    held, fresh = _later(shares, done.delay + 1, 0.0)[1:], _later(shares, done.delay, 0.0)[1:]
    result = np.zeros(len(shares))
    if done.execution == "next_open":
        night, day = price[1:] - close[:-1], close[1:] - price[1:]
        result[1:] = np.einsum("tn,tn->t", held, night) + np.einsum("tn,tn->t", fresh, day)
    else:
        result[1:] = np.einsum("tn,tn->t", held, close[1:] - close[:-1])
    return result


def _whole(done: Fills) -> tuple[Array, Array]:
    """Closes and prices of execution without their breaks."""
    if not done.broken[-1].any():
        return done.value, done.price
    factor = np.ones(done.value.shape)
    broken = np.diff(done.broken, axis=0) > 0
    np.divide(done.value[:-1], done.value[1:], out=factor[1:], where=broken)
    level = np.cumprod(np.where(np.isnan(factor), 1.0, factor), axis=0)
    return done.value * level, done.price * level


def _later(values: NDArray[Any], rows: int, before: float | bool) -> NDArray[Any]:
    """Values as of ``rows`` rows earlier."""
    result = np.full(values.shape, before, dtype=values.dtype)
    result[rows:] = values[: len(values) - rows]
    return result
