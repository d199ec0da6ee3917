"""Third layer: momentum and timing of a stock.

Four components, each 0 to 100:

- ``relative_strength``: percentile of the return over 126 sessions in the region; Levy (1967), "Relative Strength
  as a Criterion for Investment Selection", Journal of Finance 22(4).
- ``rsi_14``: Wilder's index (1978, "New Concepts in Technical Trading Systems") itself, which here confirms a trend:
  above 50 gains outweigh losses (Brown 1999, "Technical Analysis for the Trading Professional", chapter 1). The
  factor of the same name is read the other way round, as a reversal over days.
- ``macd``: Appel's line (12, 26) and its signal (9): above the signal and above zero 100, above the signal only 60,
  above zero only 40, neither 0 (Appel 2005, "Technical Analysis: Power Tools for Active Investors", chapter 8).
- ``volume``: share of the last 50 sessions' volume, of those that closed higher or lower, that came with a higher
  close; O'Neil (2009), "How to Make Money in Stocks", part 1 (up/down volume).

Timing: the value at t uses rows up to t; RSI and MACD are those of the table ``technicals``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import transforms, windows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

INDICATORS = ("rsi_14", "macd", "macd_signal")
HALF_YEAR, VOLUME_WINDOW = 126, 50
#: Points of MACD: above signal and zero, above the signal, above zero, neither.
MACD_POINTS = (100.0, 60.0, 40.0, 0.0)


def components(
    close: Array, volume: Array, indicators: Mapping[str, Array], member: NDArray[np.bool_], min_names: int
) -> dict[str, Array]:
    """The components of one region's stocks.

    Parameters
    ----------
    close, volume : (S, N) arrays
        Total-return closes and split-adjusted volume; NaN where the stock did not trade.
    indicators : mapping of str to (S, N) array
        ``INDICATORS`` of the table ``technicals``.
    member : (S, N) bool
        Names among which the relative strength stands.
    min_names : int
        Fewest names for a percentile.

    Returns
    -------
    dict of str to (S, N) array
        0 to 100; NaN without a trade on the session or enough history.
    """
    there = ~np.isnan(close)
    strength = np.where(member & there, windows.total_return(close, window=HALF_YEAR, skip=0), np.nan)
    parts = {
        "relative_strength": 100.0 * transforms.percentile(strength, min_names),
        "rsi_14": indicators["rsi_14"],
        "macd": macd_points(indicators["macd"], indicators["macd_signal"]),
        "volume": up_volume(close, volume),
    }
    return {name: np.where(there, values, np.nan) for name, values in parts.items()}


def macd_points(line: Array, signal: Array) -> Array:
    """Points of MACD and its signal line."""
    both, rising, above, neither = MACD_POINTS
    points = np.where(line > signal, np.where(line > 0.0, both, rising), np.where(line > 0.0, above, neither))
    return np.where(np.isnan(line) | np.isnan(signal), np.nan, points)


def up_volume(close: Array, volume: Array) -> Array:
    """Share of the volume of moving sessions that came with a higher close, times 100."""
    change = windows.observed_returns(close)
    up = np.where(np.isnan(change), np.nan, np.where(change > 0.0, volume, 0.0))
    moved = np.where(np.isnan(change), np.nan, np.where(change != 0.0, volume, 0.0))
    rose, total = windows.rolling_sum(up, VOLUME_WINDOW), windows.rolling_sum(moved, VOLUME_WINDOW)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0.0, np.clip(100.0 * rose / total, 0.0, 100.0), np.nan)
