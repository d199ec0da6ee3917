"""What a score could have earned: forward returns that start when it could first be traded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.prices import prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel


def forward_returns(panel: Panel, horizon: int) -> NDArray[np.float64]:
    """Total return over ``horizon`` sessions, entered at the next session's close.

    Parameters
    ----------
    panel : Panel
        Total-return closes.
    horizon : int
        Sessions of the column's own market, at least 1.

    Returns
    -------
    (T, N) array
        ``value[t + 1 + horizon] / value[t + 1] - 1`` as a fraction, counted in the region's sessions.
        NaN on dates that are no session of the region, where the stock did not trade at t + 1, and where
        the exit lies beyond the panel, and where the price breaks on the way (``panel.breaks``). A stock
        delisted on the way leaves at its proceeds.

    Notes
    -----
    Timing: a score of row t is known at the close of t; the return begins at the close of t + 1, so
    that no part of it overlaps what the score has seen.
    """
    market = prices(panel)
    result = np.full(market.value.shape, np.nan)
    regions = np.array(panel.regions)
    broken = np.cumsum(np.asarray(panel.breaks, dtype=np.int64), axis=0)
    for region in dict.fromkeys(panel.regions):
        rows = np.flatnonzero(np.asarray(panel.sessions(region), dtype=bool))
        columns = np.flatnonzero(regions == region)
        if len(rows) < horizon + 2:
            continue
        entry, leave = rows[1 : len(rows) - horizon], rows[1 + horizon :]
        start = market.value[np.ix_(entry, columns)]
        whole = broken[np.ix_(leave, columns)] == broken[np.ix_(entry, columns)]
        can_enter = market.tradable[np.ix_(entry, columns)] & whole
        gain = market.value[np.ix_(leave, columns)] / np.where(can_enter, start, np.nan) - 1.0
        result[np.ix_(rows[: len(entry)], columns)] = gain
    return result
