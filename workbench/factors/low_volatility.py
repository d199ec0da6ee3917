"""Low volatility: calm stocks have earned more for their risk than wild ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import windows
from workbench.factors.registry import factor

if TYPE_CHECKING:
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
        ``std(r[t-251..t]) * sqrt(252)``, n - 1; NaN where fewer than 80 % of the 252 returns are there.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    returns = windows.observed_returns(close)
    annual: NDArray[np.float64] = windows.rolling_std(returns, 252) * SESSIONS_A_YEAR**0.5
    return annual


@factor(
    family="low_volatility",
    lookback=252 + windows.CARRIED,
    needs=("close",),
    direction=-1,
    source="Sortino and van der Meer (1991), Journal of Portfolio Management 17(4), downside deviation, target 0",
)
def downside_volatility_252d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Annualized root mean square of the losses among the daily returns of 252 sessions, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``sqrt(mean(min(r, 0)^2) * 252)`` over r[t-251..t]: gains count as 0 and stay in the mean. NaN where
        fewer than 80 % of the 252 returns are there.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    losses = np.minimum(windows.observed_returns(close), 0.0)
    return np.sqrt(windows.rolling_mean(np.square(losses, out=losses), 252) * SESSIONS_A_YEAR)


@factor(
    family="low_volatility",
    lookback=252 + windows.CARRIED,
    needs=("close", "index_close"),
    direction=-1,
    source="Frazzini and Pedersen (2014), Journal of Financial Economics 111(1); one-year daily beta, not shrunk",
)
def beta_252d(close: NDArray[np.float64], index_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope of the daily returns on those of the region's index, 252 sessions.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.
    index_close : (T, 1) array
        Level of the region's index; NaN where there is none.

    Returns
    -------
    (T, N) array
        ``cov(r, m) / var(m)`` over t-251..t, no unit; NaN where fewer than 80 % of the sessions have both
        returns, or the index did not move.

    Notes
    -----
    The first return after a halt spans the halt, and is set against the index's return over the same span.
    The paper takes correlation from five years of overlapping returns and shrinks to 1; least squares over
    one year is the plain form of the same quantity. Stocks that trade late have it too low (Dimson 1979).

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.beta(close, index_close, 252)


@factor(
    family="low_volatility",
    lookback=251,
    needs=("close",),
    direction=-1,
    source="Magdon-Ismail and Atiya (2004), Risk 17(10), maximum drawdown; over a rolling year",
)
def max_drawdown_252d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deepest fall from a close of the last 252 sessions to a later one, as a positive fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``max over s <= u of 1 - close[u] / close[s]`` with s, u in t-251..t; 0 for a price that never fell.
        NaN where the stock traded on fewer than 80 % of the 252 sessions.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.rolling_drawdown(close, 252)


@factor(
    family="low_volatility",
    lookback=252 + windows.CARRIED,
    needs=("close", "index_close"),
    direction=-1,
    source="Ang, Hodrick, Xing and Zhang (2006), Journal of Finance 61(1), equation 8; market model over one year",
)
def idiosyncratic_volatility_252d(close: NDArray[np.float64], index_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Annualized standard deviation of what the index does not explain of 252 daily returns, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.
    index_close : (T, 1) array
        Level of the region's index; NaN where there is none.

    Returns
    -------
    (T, N) array
        ``std(e) * sqrt(252)``, n - 2, of ``r = a + beta m + e`` over t-251..t; NaN where fewer than 80 % of
        the sessions have both returns, or the index did not move.

    Notes
    -----
    The paper takes residuals from three factors over one month; the index is the factor that every region has.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    annual: NDArray[np.float64] = windows.residual_std(close, index_close, 252) * SESSIONS_A_YEAR**0.5
    return annual


@factor(
    family="low_volatility",
    lookback=21 + windows.CARRIED,
    needs=("close",),
    direction=-1,
    source="Bali, Cakici and Whitelaw (2011), Journal of Financial Economics 99(2), MAX(5)",
)
def max_return_21d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the five largest daily returns of the last 21 sessions, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        NaN where fewer than 80 % of the 21 returns are there.

    Notes
    -----
    The paper's MAX(5), not its MAX(1): one day's return may be a merger or a bad print.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.rolling_top_mean(windows.observed_returns(close), 21, 5)
