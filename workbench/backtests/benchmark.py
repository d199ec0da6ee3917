"""What doing nothing clever would have earned: every member at equal weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.prices import STALE, prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel


def equal_weight(panel: Panel, first: int = 0) -> NDArray[np.float64]:
    """Value of one unit of money spread evenly over all members, regions at equal parts.

    Parameters
    ----------
    panel : Panel
        Total-return closes in one currency.
    first : int
        Row at which the value is 1.

    Returns
    -------
    (T - first,) array
        Rebalanced daily and free of cost. On a region's closed days its part does not move; a
        delisted stock leaves at its proceeds. A stock without a bar for more than 21 sessions stops
        counting until it has one again, with the return over the gap; a return over a break of the
        price is left out.
    """
    market = prices(panel)
    gain = np.full(market.value.shape, np.nan)
    gain[1:] = market.value[1:] / market.value[:-1] - 1.0
    gain[np.asarray(panel.breaks, dtype=bool)] = np.nan
    row = np.arange(len(gain))[:, None]
    unpaid = (row >= market.ended) & (row < market.closing)
    fresh = (market.age <= STALE) | (row == market.closing)
    member = np.asarray(panel.member, dtype=bool)
    held = np.zeros(gain.shape, dtype=bool)
    held[1:] = ((member[:-1] & fresh[1:]) | unpaid[:-1]) & ~np.isnan(gain[1:])
    regions = np.array(panel.regions)
    parts = []
    for region in dict.fromkeys(panel.regions):
        columns = regions == region
        count = held[:, columns].sum(axis=1)
        total = np.where(held[:, columns], np.nan_to_num(gain[:, columns]), 0.0).sum(axis=1)
        parts.append(np.where(count > 0, total / np.where(count > 0, count, 1), 0.0))
    mean = np.mean(parts, axis=0)[first:]
    mean[0] = 0.0
    value: NDArray[np.float64] = np.cumprod(1.0 + mean)
    return value
