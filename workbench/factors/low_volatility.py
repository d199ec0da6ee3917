"""Low volatility: calm stocks have earned more for their risk than wild ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.factors import windows
from workbench.factors.registry import factor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SESSIONS_A_YEAR = 252.0


@factor(
    family="low_volatility",
    lookback=252 + windows.CARRIED,
    needs=("close",),
    direction=-1,
    source="Ang, Hodrick, Xing and Zhang (2006), Journal of Finance 61(1); total volatility, not the residual one",
)
def volatility_252d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Annualized standard deviation of the daily returns of the last 252 sessions, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        NaN where fewer than 80 % of the 252 returns are there.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    returns = windows.observed_returns(close)
    annual: NDArray[np.float64] = windows.rolling_std(returns, 252) * SESSIONS_A_YEAR**0.5
    return annual
