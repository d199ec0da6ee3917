"""Momentum: what has risen goes on rising for a while; over a month, what has risen falls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import windows
from workbench.factors.registry import factor

if TYPE_CHECKING:
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
        ``close[t-21] / close[t-252] - 1``; NaN where the stock was not listed 252 sessions ago, or traded
        on fewer than 80 % of them.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.total_return(close, window=252, skip=21)


@factor(
    family="momentum",
    lookback=126 + windows.CARRIED,
    needs=("close",),
    source="Jegadeesh and Titman (1993), Journal of Finance 48(1), the 6-month form, here skipping the last month",
)
def momentum_6m_1m(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total return from 126 to 21 sessions ago, as a fraction.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``close[t-21] / close[t-126] - 1``; NaN where the stock was not listed 126 sessions ago, or traded
        on fewer than 80 % of them.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.total_return(close, window=126, skip=21)


@factor(
    family="momentum",
    lookback=14 + windows.CARRIED,
    needs=("close",),
    direction=-1,
    source="Cutler (1991), Stocks & Commodities, after Wilder (1978), New Concepts in Technical Trading Systems, ch. 6",
)
def rsi_14(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative strength index of the last 14 sessions with plain averages, 0 to 100.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``100 * U / (U + D)``, U and D the sums of the rises and of the falls of the close over 14 sessions.
        NaN where fewer than 80 % of the 14 changes are there, and where the price did not move.

    Notes
    -----
    A high value is a price that has run ahead: the direction is -1, short-term reversal. Wilder smooths U and
    D without end, which makes a value depend on all of the past; the table ``technicals`` has his form
    (:func:`workbench.factors.technicals.technicals`). The two are close in order and differ in level.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    changes = windows.observed_changes(close)
    up = windows.rolling_sum(np.maximum(changes, 0.0), 14)
    moved = windows.rolling_sum(np.abs(changes, out=changes), 14)
    return 100.0 * up / np.where(moved > 0.0, moved, np.nan)


@factor(
    family="momentum",
    lookback=251,
    needs=("close",),
    source="George and Hwang (2004), Journal of Finance 59(5), equation 1",
)
def near_high_52w(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Close over the highest close of the last 252 sessions, above 0 and at most 1.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``close[t] / max(close[t-251..t])``. On a day without a bar the last close stands in for at most 21
        sessions; NaN where the stock traded on fewer than 80 % of the 252.

    Notes
    -----
    Closes, not intraday highs: one bad print of a high would hide a stock for a year.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.carry(close) / windows.rolling_max(close, 252)


@factor(
    family="momentum",
    lookback=199,
    needs=("close",),
    source="Brock, Lakonishok and LeBaron (1992), Journal of Finance 47(5), the 1-200 rule as a distance",
)
def trend_200d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of the close from its mean over the last 200 sessions, as a fraction of the mean.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``close[t] / mean(close[t-199..t]) - 1``. On a day without a bar the last close stands in for at most
        21 sessions; NaN where the stock traded on fewer than 80 % of the 200.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.carry(close) / windows.rolling_mean(close, 200) - 1.0


@factor(
    family="momentum",
    lookback=21 + windows.CARRIED,
    needs=("close",),
    direction=-1,
    source="Jegadeesh (1990), Journal of Finance 45(3)",
)
def reversal_1m(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total return of the last 21 sessions, as a fraction; a low one is hoped to be good.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        ``close[t] / close[t-21] - 1``; NaN where the stock was not listed 21 sessions ago, or traded on fewer
        than 80 % of them.

    Notes
    -----
    Part of it is the bounce between bid and ask, which nobody earns: measure it from the next session's
    price, as :mod:`workbench.research` does.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return windows.total_return(close, window=21, skip=0)


@factor(
    family="momentum",
    lookback=252 + windows.CARRIED,
    needs=("close", "index_close"),
    source="Blitz, Huij and Martens (2011), Journal of Empirical Finance 18(3), section 2; market model, see Notes",
)
def residual_momentum_12m_1m(close: NDArray[np.float64], index_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the returns that the index does not explain, from 252 to 21 sessions ago, over their deviation.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.
    index_close : (T, 1) array
        Level of the region's index; NaN where there is none.

    Returns
    -------
    (T, N) array
        ``sum(r - beta m) / s`` over the 231 sessions t-251..t-21, with beta and s (n - 2) from the regression
        ``r = a + beta m + e`` over the same sessions; no unit. NaN where fewer than 80 % of them have both
        returns, the index did not move, or nothing is left to explain.

    Notes
    -----
    The paper regresses monthly returns on three factors over 36 months, and adds up the residuals of the last
    12 without the intercept. Here the regression has daily returns, one factor, the index, and the window of
    the sum itself, so that a stock needs one year of prices and not three; least squares makes residuals sum
    to zero over their own window, so the intercept stays in: the value is n a / s.

    Timing: the value at t uses returns up to t - 21; it can be traded on the session after t.
    """
    return windows.lag(windows.residual_score(close, index_close, 252 - 21), 21)


@factor(
    family="momentum",
    lookback=126 + windows.CARRIED,
    needs=("close", "index_close"),
    source="Levy (1967), Journal of Finance 22(4); the ratio of stock to index over 6 months",
)
def relative_strength_6m(close: NDArray[np.float64], index_close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Growth of the stock over the growth of its region's index, 126 sessions, less 1.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.
    index_close : (T, 1) array
        Level of the region's index; NaN where there is none.

    Returns
    -------
    (T, N) array
        ``(close[t] / close[t-126]) / (index[t] / index[t-126]) - 1``, a fraction; NaN where the index has no
        level, the stock was not listed 126 sessions ago, or traded on fewer than 80 % of them.

    Notes
    -----
    On one date all stocks of a region are divided by one number: within a region the order is that of the
    6-month return. The level is what counts: it can be compared between regions, and crosses 0 with the index.
    The stock's return has its dividends, the index's only if the index is a total-return one.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    stock = windows.total_return(close, window=126, skip=0)
    index = windows.total_return(index_close, window=126, skip=0)
    return (1.0 + stock) / (1.0 + index) - 1.0
