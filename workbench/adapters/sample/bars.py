"""Bars as traded: latent returns become prices on ticks, inside limits, with a range and a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.price_rules import PriceRules
    from workbench.adapters.sample.spec import SampleSpec


@dataclass(frozen=True)
class Bars:
    """Raw bars, all (T, N) float64 in the region's currency; NaN where a company is not listed.

    Attributes
    ----------
    open, high, low, close : prices.
    volume : shares.
    turnover : about volume times the day's average price, in the currency.
    """

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    turnover: NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """The economic course of prices before ticks, all (T, N).

    Attributes
    ----------
    price : float64
        Latent price as traded, after splits and dividends.
    ratio : float64
        New shares for one old share on the ex date, else 1.
    dividend : float64
        Cash a share on the ex date, else 0.
    listed, halted : bool
    shares : float64
        Shares outstanding.
    limit : float64
        Widest move of a day by board (T, B); infinite where there is none.
    """

    price: NDArray[np.float64]
    ratio: NDArray[np.float64]
    dividend: NDArray[np.float64]
    listed: NDArray[np.bool_]
    halted: NDArray[np.bool_]
    shares: NDArray[np.float64]
    limit: NDArray[np.float64]


def make_bars(spec: SampleSpec, region: str, course: Course, rules: PriceRules, specific: NDArray[np.float64]) -> Bars:
    """Bars of a region.

    Parameters
    ----------
    specific : (N,) float64
        Annual specific volatility, which scales the range of a day.
    """
    close, base = _closes(course, rules)
    generator = spec.generator(region, "bars")
    daily = specific / np.sqrt(252.0)
    move = np.abs(np.log(close / base))
    limit = course.limit[:, rules.board]
    ceiling = np.where(np.isinf(limit), np.inf, base * (1.0 + limit))
    floor = np.where(np.isinf(limit), 0.0, base * (1.0 - limit))
    del limit
    gap = 0.4 * np.log(close / base) + 0.35 * daily * generator.standard_normal(close.shape)
    opened = np.clip(base * np.exp(gap), floor, ceiling)
    spread = 0.4 * daily + 0.25 * move
    upper = np.maximum(opened, close) * np.exp(spread * np.abs(generator.standard_normal(close.shape)))
    lower = np.minimum(opened, close) * np.exp(-spread * np.abs(generator.standard_normal(close.shape)))
    high = rules.snap(np.minimum(upper, ceiling), "down")
    low = rules.snap(np.maximum(lower, floor), "up")
    del upper, lower, gap
    high, low = np.maximum(high, close), np.minimum(low, close)
    opened = np.clip(rules.snap(opened), low, high)
    volume = _volumes(generator, course.shares, move, daily)
    for field in (opened, high, low):
        np.copyto(field, close, where=course.halted)
    volume[course.halted] = 0.0
    turnover = np.rint(volume * (opened + high + low + close) / 4.0)
    for field in (opened, high, low, close, volume, turnover):
        field[~course.listed] = np.nan
        field.flags.writeable = False
    return Bars(opened, high, low, close, volume, turnover)


def _closes(course: Course, rules: PriceRules) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Closes on ticks and inside the limit, and the price each day is measured from, (T, N) each.

    The base is the previous close, less the dividend, over the split ratio; a new listing has none
    and starts from its own close. Halted closes are carried.
    """
    close = rules.snap(course.price)
    base = close.copy()
    for row in range(1, len(close)):
        known = course.listed[row] & course.listed[row - 1]
        start = np.where(known, (close[row - 1] - course.dividend[row]) / course.ratio[row], close[row])
        limit = course.limit[row][rules.board]
        for how, bound in (("down", start * (1.0 + limit)), ("up", start * (1.0 - limit))):
            outside = close[row] > bound if how == "down" else close[row] < bound
            columns = np.flatnonzero(outside)
            if len(columns):
                bounded = bound[columns]
                rules.snap_row(row, columns, bounded, how)
                close[row, columns] = bounded
        close[row] = np.where(course.halted[row], close[row - 1], close[row])
        base[row] = start
    return close, base


def _volumes(
    generator: np.random.Generator,
    shares: NDArray[np.float64],
    move: NDArray[np.float64],
    daily: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Whole shares traded, lognormal around each company's own pace and rising with the day's move."""
    pace = np.exp(generator.normal(np.log(0.004), 0.7, shares.shape[1]))
    excitement = np.log((move + 0.5 * daily) / (1.3 * daily))
    noise = 0.45 * generator.standard_normal(shares.shape)
    volume: NDArray[np.float64] = np.rint(shares * pace * np.exp(0.6 * excitement + noise))
    return np.maximum(volume, 1.0)
