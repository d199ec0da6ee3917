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
        Return of the session: 1 of money long, 1 short; NaN before the first position.
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
    there on. Names that cannot be bought there are left out. Weights are kept by trades that are not counted:
    turnover is the change of the weights, without the drift of prices.
    A return over a break of the price counts as zero.
    """
    reachable = np.zeros(buckets.shape, dtype=bool)
    reachable[: len(buckets) - done.delay] = done.tradable[done.delay :]
    chosen = np.where(reachable, buckets, 0)
    both = (chosen == quantiles).any(axis=1) & (chosen == 1).any(axis=1)
    top = _weights((chosen == quantiles) & both[:, None], both, holding)
    weights = top - _weights((chosen == 1) & both[:, None], both, holding)
    gross = _returns(weights, done)
    change = np.diff(weights, axis=0, prepend=0.0)
    bought, sold = np.maximum(change, 0.0).sum(axis=1), np.maximum(-change, 0.0).sum(axis=1)
    started = np.cumsum(both) > 0
    first = done.delay if done.execution == "next_open" else done.delay + 1
    gross[~_later(started, first, False)] = np.nan
    traded = (_later(bought, done.delay, 0.0), _later(sold, done.delay, 0.0))
    return LongShort(gross, *traded, top, np.abs(np.diff(top, axis=0, prepend=0.0)))


def _weights(inside: NDArray[np.bool_], formed: NDArray[np.bool_], holding: int) -> Array:
    """Mean of the equal-weight portfolios formed on the last ``holding`` rows."""
    size = inside.sum(axis=1)
    total = _window(inside / np.maximum(size, 1)[:, None], holding)
    count = np.rint(_window(formed.astype(np.float64), holding))
    weights: Array = total / np.maximum(count, 1.0)[:, None]
    weights[np.abs(weights) < 1e-12] = 0.0
    return weights


def _window(values: Array, rows: int) -> Array:
    """Sum over the last rows, row t included."""
    total = np.cumsum(values, axis=0)
    result = total.copy()
    result[rows:] -= total[:-rows]
    return result


def _returns(weights: Array, done: Fills) -> Array:
    """Return of each row on the weights that were in place."""
    before = done.value[:-1]
    whole = np.diff(done.broken, axis=0) == 0
    held, fresh = _later(weights, done.delay + 1, 0.0)[1:], _later(weights, done.delay, 0.0)[1:]
    result = np.zeros(len(weights))
    if done.execution != "next_open":
        result[1:] = _earned(held, done.value[1:], before, whole)
        return result
    night = _earned(held, done.price[1:], before, whole)
    day = _earned(fresh, done.value[1:], done.price[1:], whole)
    result[1:] = (1.0 + night) * (1.0 + day) - 1.0
    return result


def _earned(weights: Array, after: Array, before: Array, whole: NDArray[np.bool_]) -> Array:
    gain = after / before - 1.0
    gain[~whole | np.isnan(gain)] = 0.0
    earned: Array = np.einsum("tn,tn->t", weights, gain)
    return earned


def _later(values: NDArray[Any], rows: int, before: float | bool) -> NDArray[Any]:
    """Values as of ``rows`` rows earlier."""
    result = np.full(values.shape, before, dtype=values.dtype)
    result[rows:] = values[: len(values) - rows]
    return result
