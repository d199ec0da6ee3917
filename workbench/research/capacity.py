"""How much money a score can carry before its trades are too large for the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]

#: Sessions over which traded value is averaged.
ADV_SESSIONS = 21
#: Shares of a stock's daily traded value that are shown.
PARTICIPATION = (0.01, 0.05, 0.10)
#: Share of the traded money that stays within the participation.
WITHIN = 0.9


def dollar_volume(panel: Panel) -> Array | None:
    """Money traded a day, (T, N), in the panel's currency: turnover as reported, else close times volume as stored.

    Days without a trade count as zero from the first bar on, NaN before it; None where the panel has neither
    turnover nor volume.
    """
    if "turnover" not in panel.bars and "volume" not in panel.bars:
        return None
    close = np.asarray(panel.raw("close"), dtype=np.float64)
    money = np.full(close.shape, np.nan)
    if "volume" in panel.bars:
        money = close * panel.raw("volume")
    if "turnover" in panel.bars:
        reported = np.asarray(panel.raw("turnover"), dtype=np.float64)
        money = np.where(reported > 0.0, reported, money)
    if panel.rate is not None:
        money = money * panel.rate
    listed = np.maximum.accumulate(~np.isnan(close), axis=0)
    money = np.where(np.asarray(panel.traded, dtype=bool) & ~np.isnan(money), money, 0.0)
    return np.where(listed, money, np.nan)


def average(money: Array, sessions: int = ADV_SESSIONS) -> Array:
    """Mean of the last rows, row t included; NaN where one of them is missing.

    Parameters
    ----------
    money : (S, N) array
        On the sessions of one region.
    """
    there = ~np.isnan(money)
    count, total = (np.cumsum(values, axis=0) for values in (there, np.where(there, money, 0.0)))
    count[sessions:] -= count[:-sessions].copy()
    total[sessions:] -= total[:-sessions].copy()
    return np.where(count == sessions, np.maximum(total, 0.0) / sessions, np.nan)


def capacity(trades: Array, adv: Array, participation: float, within: float = WITHIN) -> float:
    """Money of one side at which its trades reach a share of the stocks' daily traded value.

    Parameters
    ----------
    trades : (S, N) array
        Money traded over the portfolio's money (:attr:`LongShort.trades`).
    adv : (S, N) array
        Average daily traded value known on the day of the decision.
    participation : float
        Share of it, 0.05 for 5 %.
    within : float
        Share of all traded money that stays below ``participation``; the rest would have to wait.

    Returns
    -------
    float
        In the currency of ``adv``; NaN without a trade. Trades in stocks without a known value count as
        ones that can carry nothing.

    Notes
    -----
    A trade of weight w reaches the share p of a stock's value v with a portfolio of ``p v / w``. The result is
    the quantile of these amounts, weighted by what is traded.
    """
    there = trades > 0.0
    if not there.any():
        return float("nan")
    weight = trades[there]
    amount = participation * np.nan_to_num(adv[there]) / weight
    order = np.argsort(amount)
    share = np.cumsum(weight[order]) / weight.sum()
    return float(amount[order][min(int(np.searchsorted(share, 1.0 - within)), len(order) - 1)])
