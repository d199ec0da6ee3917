"""Spans of the calendar to learn on and to be judged on, purged of labels that reach across.

The label of row t is the return from the close of t + 1 (the first that a score of t can be traded at)
to the close of t + 1 + h, in sessions of the row's own region: it reaches ``h + 1`` rows ahead. A
training row whose label reaches into a test span has seen what it is judged on; it is left out (purged),
and so are ``embargo`` further rows next to the span. Edges are first days of months, counted from the
calendar and not from the data: data that ends earlier or begins earlier moves none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from numpy.typing import NDArray

    Days = NDArray[np.datetime64]
    Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Fold:
    """One span to learn on and the span that follows it; first days are in, ends are out.

    Attributes
    ----------
    train_start, train_end, test_start, test_end : datetime64[D]
        ``train_end`` is ``test_start``; what is taken from the end of training is a matter of sessions.
    """

    train_start: np.datetime64
    train_end: np.datetime64
    test_start: np.datetime64
    test_end: np.datetime64

    def __repr__(self) -> str:
        return f"Fold(train {self.train_start} to {self.train_end}, test {self.test_start} to {self.test_end})"

    @property
    def label(self) -> str:
        """The first day that is scored, as text."""
        return str(self.test_start)


@dataclass(frozen=True)
class WalkForward:
    """Learn on a span, be judged on the next one, move on by its length.

    Parameters
    ----------
    train, test : int
        Months of a training span and of a test span. A test span begins on the first day of each month
        whose number, counted from January 1970, ``test`` divides: 12 begins on each 1 January, 3 on each
        quarter.
    since : date or datetime64, optional
        Anchored: each training span begins on this day, and is at least ``train`` months long. None: rolling.
    reach : int
        Rows of a region that a label reaches ahead: horizon plus 1 for the execution on the next session.
    embargo : int
        Further rows left out between training and test.

    Raises
    ------
    BacktestError
        A length below 1, or a negative reach or embargo.
    """

    train: int
    test: int
    since: date | np.datetime64 | None = None
    reach: int = 1
    embargo: int = 0

    def __post_init__(self) -> None:
        if min(self.train, self.test) < 1 or min(self.reach, self.embargo) < 0:
            raise BacktestError(
                f"train={self.train} and test={self.test} months, reach={self.reach} and embargo={self.embargo} "
                "sessions cannot be split.",
                hint="Take at least 1 month each, and 0 or more sessions.",
            )

    def folds(self, first: date | np.datetime64, last: date | np.datetime64) -> tuple[Fold, ...]:
        """Folds whose test span begins by ``last`` and whose training does not begin before ``first``.

        The last test span may end after ``last``: what comes later is scored by the same fit.
        """
        begin, end = _day(first), _day(last)
        anchor = None if self.since is None else _day(self.since)
        found = []
        edge = _floor(begin, self.test)
        while edge.astype("datetime64[D]") <= end:
            rolling = (edge - self.train).astype("datetime64[D]")
            start = rolling if anchor is None else anchor
            if begin <= start <= rolling:
                test_start, test_end = (moment.astype("datetime64[D]") for moment in (edge, edge + self.test))
                found.append(Fold(start, test_start, test_start, test_end))
            edge = edge + self.test
        return tuple(found)

    def needed_from(self, day: date | np.datetime64) -> np.datetime64:
        """First day of training of the fold that scores ``day``."""
        if self.since is not None:
            return _day(self.since)
        edge: np.datetime64 = (_floor(_day(day), self.test) - self.train).astype("datetime64[D]")
        return edge

    def rows(self, fold: Fold, sessions: Days) -> tuple[Rows, Rows]:
        """Rows of one region to learn on and to score.

        Parameters
        ----------
        fold : Fold
        sessions : (S,) datetime64[D]
            Sessions of one region, rising.

        Returns
        -------
        train, test : arrays of int
            Row numbers. The label of the last training row ends before the first test row, with
            ``embargo`` rows between the two. No training row where the test span has no session yet.
        """
        test = np.flatnonzero((sessions >= fold.test_start) & (sessions < fold.test_end))
        train = np.flatnonzero((sessions >= fold.train_start) & (sessions < fold.train_end))
        return purged(train, (test,), self.reach, self.embargo) if len(test) else test, test


def purged(train: Rows, tests: Iterable[Rows], reach: int, embargo: int) -> Rows:
    """Training rows whose labels share no row with those of any test span, nor with the embargo around it.

    Parameters
    ----------
    train : array of int
        Rows one might learn on.
    tests : iterable of arrays of int
        Spans without holes; an empty one takes nothing away.
    reach : int
        The label of row t covers the rows t to ``t + reach``.
    embargo : int
        Rows that must lie between a label used for training and one of the test, on both sides.
    """
    keep = np.ones(len(train), dtype=bool)
    for test in tests:
        if len(test):
            keep &= (train + reach + embargo < test[0]) | (train > test[-1] + reach + embargo)
    return train[keep]


@dataclass(frozen=True)
class CombinatorialSplit:
    """One way to choose the test groups.

    Attributes
    ----------
    groups : tuple of int
        Numbers of the groups that are judged.
    train, test : arrays of int
        Row numbers of one region; ``test`` holds the chosen groups' rows.
    """

    groups: tuple[int, ...]
    train: Rows
    test: Rows


@dataclass(frozen=True)
class CombinatorialPurged:
    """Every choice of some of the groups to be judged on, the others to learn on.

    Unlike a walk forward it learns from what comes after the test as well: it tells how much a result
    depends on the one path that history took, and is no way to make scores that could have been traded.

    Parameters
    ----------
    edges : sequence of date or datetime64
        First days of the groups and, last, the day after the last one: G + 1 for G groups.
    chosen : int
        Groups judged at a time, 1 to G - 1.
    reach, embargo : int
        As for :class:`WalkForward`; the embargo holds on both sides of a group.

    References
    ----------
    López de Prado (2018), Advances in Financial Machine Learning, chapter 12.
    """

    edges: tuple[date | np.datetime64, ...]
    chosen: int = 2
    reach: int = 1
    embargo: int = 0

    def __post_init__(self) -> None:
        days = np.array(self.edges, dtype="datetime64[D]")
        if len(days) < 3 or not (np.diff(days) > np.timedelta64(0, "D")).all():
            raise BacktestError("Groups need at least three rising edges.", hint="Give the first days of the groups.")
        if not 1 <= self.chosen < len(days) - 1 or min(self.reach, self.embargo) < 0:
            raise BacktestError(
                f"chosen={self.chosen} of {len(days) - 1} groups, reach={self.reach}, embargo={self.embargo} cannot "
                "be split.",
                hint="Judge at least one group and leave at least one, with 0 or more rows of reach and embargo.",
            )

    def splits(self, sessions: Days) -> tuple[CombinatorialSplit, ...]:
        """All splits of one region's sessions, (S,) datetime64[D], rising."""
        days = np.array(self.edges, dtype="datetime64[D]")
        group = np.searchsorted(days, sessions, side="right") - 1
        inside = (group >= 0) & (group < len(days) - 1)
        found = []
        for numbers in combinations(range(len(days) - 1), self.chosen):
            tests = [np.flatnonzero(group == number) for number in numbers]
            others = np.flatnonzero(inside & ~np.isin(group, numbers))
            train = purged(others, tests, self.reach, self.embargo)
            found.append(CombinatorialSplit(numbers, train, np.concatenate(tests)))
        return tuple(found)

    def paths(self) -> tuple[tuple[int, ...], ...]:
        """Full histories put together from test groups: per path the number of the split for each group.

        Each group is judged in ``C(G - 1, chosen - 1)`` splits, so there are as many paths, and each uses
        every judged group once.
        """
        count = len(self.edges) - 1
        choices = list(combinations(range(count), self.chosen))
        judged = [[number for number, groups in enumerate(choices) if group in groups] for group in range(count)]
        return tuple(tuple(path) for path in zip(*judged, strict=True))


def _day(value: date | np.datetime64) -> np.datetime64:
    day: np.datetime64 = np.array([value], dtype="datetime64[D]")[0]
    return day


def _floor(day: np.datetime64, step: int) -> np.datetime64:
    """The last month on or before a day whose number since 1970 ``step`` divides."""
    number = int(day.astype("datetime64[M]").astype(np.int64))
    return np.datetime64(number - number % step, "M")
