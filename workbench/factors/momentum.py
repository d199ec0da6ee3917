"""Momentum: what has risen goes on rising for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.factors import windows
from workbench.factors.registry import factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@factor(
    family="momentum",
    lookback=252 + windows.CARRIED,
    needs=("close",),
    source="Jegadeesh and Titman (1993), Journal of Finance 48(1), the 12-month form that skips the last month",
)
def momentum_12m_1m(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total return from 252 to 21 sessions ago, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        NaN where the stock was not listed 252 sessions ago, or traded on fewer than 80 % of them.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.total_return(close, window=252, skip=21)
