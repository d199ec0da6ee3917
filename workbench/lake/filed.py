"""Filings of an item as arrays, what is asked of them, and what comes out: the tables of :mod:`workbench.lake.filings`.

Days are numbers since 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.schemas.periods import INSTANT, LENGTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Days = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Periods by number: an instant, then those that begin with the fiscal year, the shortest first.
PERIODS = (INSTANT, "Q", "6M", "9M", "FY")
#: First and last length of each period in days, (5, 2).
DAYS = np.array([(0, 0), *(LENGTHS[name] for name in PERIODS[1:])], np.int64)
#: Days by which the end of a year may move: weeks of 52 and 53, the last Saturday of a month.
_DRIFT = 15


class Rows(NamedTuple):
    """The filings of one item, each company's together and in the order they became known.

    Attributes
    ----------
    filing : int64 (R, 5)
        First day on which it could be used; end of the period, or the instant; number of the period in
        :data:`PERIODS`; code of the currency, -1 for plain numbers; day from which splits (by their ex dates)
        are not in the value yet.
    value : float64 (R,)
    """

    filing: Days
    value: Floats


class Companies(NamedTuple):
    """Whose rows they are, C companies.

    Attributes
    ----------
    bounds, split_bounds : int64 (C + 1,)
        Rows and splits of each.
    newest_bar : int64 (C,)
        Day whose shares figures are on, where a provider adjusts its prices to its newest bar; -1 where
        figures are on the shares of each day.
    split : float64 (S, 2)
        Ex dates, ascending for each company, and new shares per old share.
    """

    bounds: Days
    newest_bar: Days
    split_bounds: Days
    split: Floats


class Nature(NamedTuple):
    """How an item behaves.

    Attributes
    ----------
    power : int
        1 for counts of shares, -1 for figures a share, 0 for what splits leave alone.
    adds_up : bool
        False for averages of a period, of which neither sums nor differences mean anything.
    by_day : bool
        Asked back by the day, not by the period: a count holds until the next one.
    kept : int
        Days after the end of its period for which a figure is known.
    """

    power: int
    adds_up: bool
    by_day: bool
    kept: int


class Asked(NamedTuple):
    """Figures that are asked of an item, (A,) each.

    Attributes
    ----------
    trailing : bool
        Twelve months instead of the newest period.
    back : bool
        The figure of an earlier period.
    near, far : int64
        Days between the two ends, least and most; ``near`` is where a count is asked for.
    """

    trailing: NDArray[np.bool_]
    back: NDArray[np.bool_]
    near: Days
    far: Days


class Found(NamedTuple):
    """Room for the steps.

    Attributes
    ----------
    place : int32 (K, 5)
        Number of the question, of the company, day, code of the currency, and way.
    value : float64 (K,)
    """

    place: NDArray[np.int32]
    value: Floats

    @classmethod
    def room(cls, size: int) -> Found:
        """Room for some steps."""
        return cls(np.empty((size, 5), np.int32), np.empty(size))


def asked(wanted: Sequence[tuple[bool, int]], by_day: bool) -> Asked:
    """Questions as (twelve months, quarters back)."""
    near, far = [], []
    for _, back in wanted:
        years, rest = divmod(back, 4)
        shift = round(365.25 * years)
        least, most = DAYS[rest] if rest else (-_DRIFT, _DRIFT)
        near.append(round(365.25 / 4 * back) if by_day else shift + int(least))
        far.append(shift + int(most))
    trailing, back_at_all = [one for one, _ in wanted], [back > 0 for _, back in wanted]
    return Asked(
        np.array(trailing, np.bool_), np.array(back_at_all, np.bool_), np.array(near, np.int64), np.array(far, np.int64)
    )
