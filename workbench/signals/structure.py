"""Second layer: trend and structure of a stock.

Four components, each 0 to 100, on total-return closes of sessions with a trade:

- ``stage``: Weinstein (1988), "Secrets for Profiting in Bull and Bear Markets", chapter 2. The mean of 150 sessions
  (his 30 weeks) rises or falls over the last 21 sessions, and the close stands above or below it: above a rising
  mean is stage 2 (advance, 100), above a falling one stage 1 (base, 60), below a rising one stage 3 (top, 30),
  below a falling one stage 4 (decline, 0).
- ``trend_200d``: distance from the 200-session mean in units of the stock's own volatility, through the normal
  distribution (see :mod:`workbench.signals.regime`, ``index_trend``).
- ``near_high_52w``: place of the close between the lowest and the highest close of 252 sessions; George and Hwang
  (2004), "The 52-Week High and Momentum Investing", Journal of Finance 59(5).
- ``breakout_55d``: place of the close in the channel of the 55 sessions before it, cut off at 0 and 100: a close
  above the base is a breakout, 100. Donchian (1960); the length is the Turtles' (Faith 2007, "Way of the Turtle").

Timing: the value at t uses the last 252 sessions up to t.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STAGE_MEAN, SLOPE, LONG_MEAN, QUARTER, YEAR, BASE = 150, 21, 200, 63, 252, 55
#: Points of Weinstein's stages 1 to 4.
STAGE_POINTS = (60.0, 100.0, 30.0, 0.0)


def components(close: Array) -> dict[str, Array]:
    """The components of one region's stocks.

    Parameters
    ----------
    close : (S, N) array
        Total-return closes on the region's sessions; NaN where the stock did not trade.

    Returns
    -------
    dict of str to (S, N) array
        0 to 100; NaN without a trade on the session, and where a window is not full or has values on fewer than
        80 % of its sessions.
    """
    there = ~np.isnan(close)
    parts = {
        "stage": stage_points(stages(close)),
        "trend_200d": trend(close),
        "near_high_52w": _place(close, windows.rolling_min(close, YEAR), windows.rolling_max(close, YEAR)),
        "breakout_55d": breakout(close),
    }
    return {name: np.where(there, values, np.nan) for name, values in parts.items()}


def stages(close: Array) -> NDArray[np.int8]:
    """Weinstein's stage of each stock, 1 to 4; 0 where it is not known."""
    mean = windows.rolling_mean(close, STAGE_MEAN)
    before = np.full(close.shape, np.nan)
    before[SLOPE:] = mean[:-SLOPE]
    known = ~(np.isnan(close) | np.isnan(mean) | np.isnan(before))
    above, rising = close > mean, mean > before
    stage = np.where(above, np.where(rising, 2, 1), np.where(rising, 3, 4))
    return np.where(known, stage, 0).astype(np.int8)


def stage_points(stage: NDArray[np.int8]) -> Array:
    """Points of stages, NaN for 0."""
    table = np.array([np.nan, *STAGE_POINTS])
    points: Array = table[stage]
    return points


def trend(close: Array) -> Array:
    """Distance from the 200-session mean in units of a random walk's, as a probability of 0 to 100."""
    from scipy.special import ndtr

    deviation = windows.rolling_std(windows.observed_returns(close), QUARTER)
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.log(close / windows.rolling_mean(close, LONG_MEAN))
        points: Array = 100.0 * ndtr(distance / (deviation * np.sqrt(LONG_MEAN / 3.0)))
    return points


def breakout(close: Array) -> Array:
    """Place of the close in the channel of the 55 sessions before it, 0 to 100."""
    high, low = np.full(close.shape, np.nan), np.full(close.shape, np.nan)
    high[1:], low[1:] = windows.rolling_max(close, BASE)[:-1], windows.rolling_min(close, BASE)[:-1]
    return _place(close, low, high)


def _place(close: Array, low: Array, high: Array) -> Array:
    width = high - low
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(width > 0.0, np.clip(100.0 * (close - low) / width, 0.0, 100.0), np.nan)
