"""Splits read off the ratio of adjusted to raw prices, and nothing else read into it.

It is not stated anywhere whether adjusted overseas prices contain splits only or dividends too, so a move of the
ratio is a split only where it is (a) at least :data:`LEAST` and (b) a ratio in which shares are split, such as 2,
3/2, 11/10 or 1/20, within the rounding of the prices. A dividend moves the ratio by some percent and by no such
ratio; a special dividend, a spin-off or rights above that size mostly miss (b). A move that fails (b) is no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

#: Smallest ratio of new to old shares (or of old to new) that is taken for a split: 11 for 10.
LEAST = 1.099
#: Smallest in Korea, where adjusted prices contain no dividends: 51 for 50.
LEAST_KOREA = 1.019
#: Shares are split by n for one of these; the other way round, one for n.
_OLD_SHARES = (1, 2, 3, 4, 5, 10, 20, 50)
#: A ratio fits within this, besides the rounding of prices.
_FIT = 0.0008
#: Rounding beyond this makes any ratio fit, and none is believed.
_BLUR = 0.006
#: Days on either side of which the median ratio is taken.
_NEAR = 8


@dataclass(frozen=True)
class Prices:
    """Closes of the days that both series have, oldest first.

    Attributes
    ----------
    days : sequence of date
        Ascending.
    raw, adjusted : sequence of float
        Both positive.
    unit : float
        The step to which adjusted prices are rounded.
    """

    days: Sequence[date]
    raw: Sequence[float]
    adjusted: Sequence[float]
    unit: float

    @classmethod
    def joined(cls, raw: Mapping[date, float], adjusted: Mapping[date, float], unit: float) -> Prices:
        """From two series; days that one of them lacks are left out."""
        days = sorted(day for day in raw if raw[day] > 0 and adjusted.get(day, 0.0) > 0)
        return cls(days, [raw[day] for day in days], [adjusted[day] for day in days], unit)

    def ratio(self, at: int) -> float:
        """Adjusted to raw price."""
        return self.adjusted[at] / self.raw[at]

    def blur(self, at: int) -> float:
        """Relative error of a ratio by rounding."""
        return self.unit / 2 / self.adjusted[at]


@dataclass(frozen=True)
class Move:
    """A day on which the ratio moved.

    Attributes
    ----------
    before, day : date
        The last day with the old ratio and the first with the new one.
    factor : float
        New ratio over old one: new shares per old share, if it is a split.
    blur : float
        Relative error of it.
    close : float
        Raw close of ``before``.
    """

    before: date
    day: date
    factor: float
    blur: float
    close: float


def moves(prices: Prices, least: float) -> list[Move]:
    """Days between which the ratio moved by at least ``least``, or to less than its inverse.

    The size is measured between medians over some days on either side, since prices are rounded.
    """
    steps = [
        at
        for at in range(1, len(prices.days))
        if _stands_out(prices.ratio(at) / prices.ratio(at - 1), prices.blur(at) + prices.blur(at - 1), least)
    ]
    found = []
    for number, at in enumerate(steps):
        low = max(steps[number - 1] if number else 0, at - _NEAR)
        high = min(steps[number + 1] if number + 1 < len(steps) else len(prices.days), at + _NEAR)
        before, after = range(low, at), range(at, high)
        factor = median(map(prices.ratio, after)) / median(map(prices.ratio, before))
        blur = min(map(prices.blur, before)) + min(map(prices.blur, after))
        if _stands_out(factor, blur, least):
            found.append(Move(prices.days[at - 1], prices.days[at], factor, blur, prices.raw[at - 1]))
    return found


def split_ratio(factor: float, blur: float) -> float | None:
    """The ratio in which shares are split that a factor stands for; None where it stands for none.

    Parameters
    ----------
    factor : float
        New ratio of prices over old one.
    blur : float
        Relative error of it.

    Examples
    --------
    >>> split_ratio(4.0003, 0.0001), split_ratio(0.05, 0.0001), split_ratio(1.0457, 0.0001)
    (4.0, 0.05, None)
    """
    if not factor > 0 or blur > _BLUR:
        return None
    size, tolerance = _size(factor), _FIT + blur
    for old in _OLD_SHARES:
        new = round(size * old)
        if abs(new / old / size - 1) <= tolerance and new > old:
            # Rounding makes a coincidence likely where many ratios lie close together.
            if old > 5 and tolerance * old > 0.1:
                return None
            ratio = Fraction(new, old)
            return float(ratio if factor > 1 else 1 / ratio)
    return None


def _stands_out(factor: float, blur: float, least: float) -> bool:
    """Large enough, and not an effect of rounding."""
    return _size(factor) >= least and _size(factor) - 1 > 1.5 * blur


def _size(factor: float) -> float:
    return factor if factor >= 1 else 1 / factor
