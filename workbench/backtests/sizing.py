"""How much is traded to reach target weights, costs paid out of the same portfolio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.backtests.costs import Rates

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sized:
    """Trades of one date.

    Attributes
    ----------
    trade : (N,) array
        Signed value in the portfolio's currency, before costs; 0 for columns that do not trade.
    short_of_cash : bool
        True where the buys were scaled down to the cash that was there.
    """

    trade: Array
    short_of_cash: bool


def size(held: Array, weights: Array, active: NDArray[np.bool_], cash: float, rates: Rates) -> Sized:
    """Trades that bring the active columns to their weights of the value that is left after costs.

    Parameters
    ----------
    held : (N,) array
        Value of each position, 0 where there is none.
    weights : (N,) array
        Target weights; read where ``active``.
    active : (N,) bool
        Columns that trade on this date.
    cash : float
        In the portfolio's currency, at least 0.
    rates : Rates
        Costs as fractions of the traded value.

    Returns
    -------
    Sized
        ``trade = weight * value_after - held`` with ``value_after = value - costs(trade)``: a fixed point,
        reached to the last bit in a few steps since costs are a small share of a trade. Where other
        positions tie up the money (a suspended stock, another market's holiday), buys are scaled down
        to the cash and nothing is borrowed.
    """
    value = cash + float(held.sum())
    aim = np.where(active, weights, 0.0)
    after, trade = value, np.zeros_like(held)
    for _ in range(100):
        trade = np.where(active, aim * after - held, 0.0)
        again = value - _cost(trade, rates)
        if again == after:
            break
        after = again
    buys = np.where(trade > 0.0, trade, 0.0)
    sells = trade - buys
    available = cash - float(sells.sum()) + float((sells * rates.sell).sum())
    wanted = float((buys * (1.0 + rates.buy)).sum())
    if wanted > available + 1e-9 * max(value, 1.0):
        return Sized(sells + buys * (max(available, 0.0) / wanted), True)
    return Sized(trade, False)


def _cost(trade: Array, rates: Rates) -> float:
    return float(np.where(trade > 0.0, trade * rates.buy, -trade * rates.sell).sum())
