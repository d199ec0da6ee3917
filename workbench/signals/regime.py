"""First layer: regime and breadth of a region, the same for all its stocks on a date.

Five components, each 0 to 100, high is good for holding stocks:

- ``index_trend``: distance of the region's series from its own 200-session mean, in the standard deviations that
  a random walk of its volatility would show, through the normal distribution. The distance of a random walk from
  its mean of n steps has the variance n/3 of a step's. Source of the rule: Faber (2007), "A Quantitative Approach
  to Tactical Asset Allocation", Journal of Wealth Management 9(4).
- ``breadth``: share of the members above their own 200-session mean. Murphy (1999), "Technical Analysis of the
  Financial Markets", chapter 18.
- ``calmness``: 100 minus the standing of the last 21 sessions' standard deviation among those of the
  last 252 sessions. Ang and Timmermann (2012), "Regime Changes and Financial Markets", section 2: calm and wild
  regimes persist.
- ``advance_decline``: net advances over advances and declines, mean of 21 sessions, its standing among the last
  252 sessions. Murphy (1999), chapter 18.
- ``region_strength``: standing of the region's return over 126 sessions among all regions whose close was
  known, each in local currency. Asness, Liew and Stevens (1997), "Parallels Between the Cross-Sectional
  Predictability of Stock and Country Returns".

Timing: row t is known at the region's close of t; another region's session counts only if it closed earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import windows
from workbench.signals import clocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workbench.signals.series import RegionSeries

    Array = NDArray[np.float64]

MEAN, YEAR, MONTH, QUARTER, HALF_YEAR = 200, 252, 21, 63, 126
#: Oldest close that stands for a region on a date.
STALE = np.timedelta64(10, "D")
#: Fewest members for breadth and advances.
FEWEST_MEMBERS = 10


def components(
    region: str,
    dates: NDArray[np.datetime64],
    close: Array,
    member: NDArray[np.bool_],
    series: Mapping[str, RegionSeries],
) -> dict[str, Array]:
    """The components of a region on its sessions.

    Parameters
    ----------
    region : str
        One of ``series``.
    dates : (S,) datetime64[D]
        Its sessions.
    close : (S, N) array
        Total-return closes of its stocks; NaN where they did not trade.
    member : (S, N) bool
    series : mapping of str to RegionSeries
        Of this region, and of the ones it is compared with.

    Returns
    -------
    dict of str to (S,) array
        0 to 100; NaN where a window is not full, under ten members, and where the series is ten days old.
    """
    own = series[region]
    place = _latest(own.dates, dates)
    return {
        "index_trend": _at(index_trend(own.returns), place),
        "breadth": breadth(close, member),
        "calmness": _at(calmness(own.returns), place),
        "advance_decline": advance_decline(close, member),
        "region_strength": region_strength(region, dates, series),
    }


def index_trend(returns: Array) -> Array:
    """Distance from the 200-session mean as a probability of 0 to 100, (S,) from (S,) log returns."""
    from scipy.special import ndtr

    result = np.full(len(returns), np.nan)
    if len(returns) <= MEAN:
        return result
    steps = np.lib.stride_tricks.sliding_window_view(returns[1:], MEAN - 1)
    # Levels of the window over its last one: only these returns, so a longer history moves no bit.
    before = np.exp(-np.cumsum(steps[:, ::-1], axis=1))
    distance = -np.log((1.0 + before.sum(axis=1)) / MEAN)
    deviation = _deviation(returns, QUARTER)[MEAN - 1 :]
    # The first window ends on row 199: it spans 200 levels and 199 returns.
    with np.errstate(invalid="ignore", divide="ignore"):
        result[MEAN - 1 :] = 100.0 * ndtr(distance / (deviation * np.sqrt(MEAN / 3.0)))
    return result


def calmness(returns: Array) -> Array:
    """100 minus the standing of the month's volatility among those of the last 252 sessions, (S,) from (S,)."""
    return 100.0 - standing(_deviation(returns, MONTH), YEAR)


def breadth(close: Array, member: NDArray[np.bool_]) -> Array:
    """Share of the members with a 200-session mean that stand above it, times 100."""
    mean = windows.rolling_mean(close, MEAN)
    there = member & ~np.isnan(mean) & ~np.isnan(close)
    count = there.sum(axis=1)
    above = (there & (close > mean)).sum(axis=1)
    return np.where(count >= FEWEST_MEMBERS, 100.0 * above / np.maximum(count, 1), np.nan)


def advance_decline(close: Array, member: NDArray[np.bool_]) -> Array:
    """Standing of the month's mean of net advances over advances and declines among the last 252 sessions."""
    change = windows.observed_returns(close)
    up = (member & (change > 0.0)).sum(axis=1).astype(np.float64)
    down = (member & (change < 0.0)).sum(axis=1).astype(np.float64)
    moved = up + down
    net = np.where(moved >= FEWEST_MEMBERS, (up - down) / np.maximum(moved, 1.0), np.nan)
    return standing(_mean(net, MONTH), YEAR)


def region_strength(region: str, dates: NDArray[np.datetime64], series: Mapping[str, RegionSeries]) -> Array:
    """Standing of a region's 126-session return among the regions, ties counted half; NaN for fewer than two."""
    own = clocks.close_instants(region, dates)
    known = []
    for name, other in series.items():
        place = _latest(other.dates, dates)
        if name != region and len(other.dates):
            known_then = clocks.latest_known(own, clocks.close_instants(name, other.dates))
            place = _fresh(known_then, other.dates, dates)
        known.append((name, _at(_total(other.returns, HALF_YEAR), place)))
    mine = dict(known)[region]
    others = np.array([values for name, values in known if name != region])
    if not len(others):
        return np.full(len(dates), np.nan)
    there = ~np.isnan(others)
    below = (there & (others < mine)).sum(axis=0) + 0.5 * (there & (others == mine)).sum(axis=0)
    count = there.sum(axis=0)
    return np.where((count > 0) & ~np.isnan(mine), 100.0 * below / np.maximum(count, 1), np.nan)


def standing(values: Array, window: int) -> Array:
    """Standing of each value among the last ``window`` ones, itself included and ties counted half, 0 to 100.

    NaN where the window is not full of rows, or fewer than 80 % of them have a value.
    """
    result = np.full(len(values), np.nan)
    if len(values) < window:
        return result
    parts = np.lib.stride_tricks.sliding_window_view(values, window)
    last = parts[:, -1:]
    count = (~np.isnan(parts)).sum(axis=1)
    below = (parts < last).sum(axis=1) + 0.5 * ((parts == last).sum(axis=1) - 1)
    usable = ~np.isnan(last[:, 0]) & (count >= windows.MIN_OBSERVED * window)
    result[window - 1 :] = np.where(usable, 100.0 * below / np.maximum(count - 1, 1), np.nan)
    return result


def _deviation(returns: Array, window: int) -> Array:
    return windows.rolling_std(returns[:, None], window)[:, 0]


def _mean(values: Array, window: int) -> Array:
    return windows.rolling_mean(values[:, None], window)[:, 0]


def _total(returns: Array, window: int) -> Array:
    """Sum of the last ``window`` returns; NaN where one is missing."""
    result = np.full(len(returns), np.nan)
    if len(returns) >= window:
        result[window - 1 :] = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(returns, window)).sum(1)
    return result


def _latest(known: NDArray[np.datetime64], dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Position of each date's last row in a series of the same region; -1 where there is none or it is stale."""
    return _fresh(np.searchsorted(known, dates, side="right").astype(np.int64) - 1, known, dates)


def _fresh(place: NDArray[np.int64], known: NDArray[np.datetime64], dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    if not len(known):
        return np.full(len(dates), -1, np.int64)
    age = dates - known[np.maximum(place, 0)]
    return np.where((place >= 0) & (age <= STALE), place, -1)


def _at(values: Array, place: NDArray[np.int64]) -> Array:
    if not len(values):
        return np.full(len(place), np.nan)
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
