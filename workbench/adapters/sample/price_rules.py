"""Ticks and daily limits of :mod:`workbench.markets`, applied to whole arrays of prices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.adapters.sample.profiles import profile
from workbench.markets import dated

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

#: Slack in ticks, so that a price that is a tick already does not move by a rounding error.
SLACK = 1e-7
#: Markets round a limit to ticks in different ways; this fraction of it is inside by any of them.
INSIDE = 0.98


@dataclass(frozen=True)
class Ticks:
    """The tick table of one board while it does not change.

    Attributes
    ----------
    edges : (B-1,) float64
        Upper bounds of the price bands, ascending; the last band has none.
    included : bool
        True where a price on a bound belongs to the lower band.
    sizes : (B,) float64
    """

    edges: NDArray[np.float64]
    included: bool
    sizes: NDArray[np.float64]

    def snap(self, prices: NDArray[np.float64], how: str = "nearest") -> NDArray[np.float64]:
        """Prices moved to a tick, ``nearest``, ``down`` or ``up``; never below one tick."""
        size = self.sizes[np.searchsorted(self.edges, prices, side="left" if self.included else "right")]
        steps = prices / size
        if how == "down":
            steps = np.floor(steps + SLACK)
        elif how == "up":
            steps = np.ceil(steps - SLACK)
        else:
            steps = np.rint(steps)
        return np.round(np.maximum(steps, 1.0) * size, 4)


@lru_cache(maxsize=256)
def _ticks_on(region: str, board: str, day: date) -> tuple[Ticks, date | None]:
    """The tick table of a day, and its last day (None while it holds)."""
    facts = dated.lookup("ticks", region, day, board)
    facts = tuple(sorted(facts, key=lambda fact: float(fact.fields["upper"] or "inf")))
    edges = [float(fact.fields["upper"]) for fact in facts if fact.fields["upper"]]
    ends = [fact.valid_to for fact in facts if fact.valid_to]
    included = any(fact.fields["upper_included"] == "yes" for fact in facts)
    sizes = [float(fact.fields["value"]) for fact in facts]
    return Ticks(np.array(edges), included, np.array(sizes)), min(ends, default=None)


@dataclass(frozen=True)
class PriceRules:
    """The rules of every company of a region on every session.

    Attributes
    ----------
    region : str
    boards : tuple of str
        Boards of the region, each once.
    board : (N,) int64
        Position in ``boards`` of each company.
    sessions : (T,) datetime64[D]
    """

    region: str
    boards: tuple[str, ...]
    board: NDArray[np.int64]
    sessions: NDArray[Any]

    def snap(self, prices: NDArray[np.float64], how: str = "nearest") -> NDArray[np.float64]:
        """Move an array (T, N) of prices to the ticks of their session and board."""
        snapped = np.empty_like(prices)
        for position, name in enumerate(self.boards):
            columns = np.flatnonzero(self.board == position)
            for rows, ticks in self._spans(name):
                block = np.ix_(np.arange(rows.start, rows.stop), columns)
                snapped[block] = ticks.snap(prices[block], how)
        return snapped

    def snap_row(self, row: int, columns: NDArray[np.int64], prices: NDArray[np.float64], how: str) -> None:
        """Move prices of some companies on one session to their ticks, in place."""
        day = self.sessions[row].astype(object)
        for position in np.unique(self.board[columns]):
            mine = self.board[columns] == position
            ticks, _ = _ticks_on(self.region, self.boards[position], day)
            prices[mine] = ticks.snap(prices[mine], how)

    def limits(self, days: NDArray[Any]) -> NDArray[np.float64]:
        """Widest move of a day by board (len(days), B), a fraction; infinite where there is none.

        A limit in money by price band is replaced by a fraction that is inside every band.
        """
        first = self.sessions[0].astype(object)
        columns = [[self._limit(name, max(day, first)) for day in days.astype(object)] for name in self.boards]
        return np.array(columns).T

    def _limit(self, board: str, day: date) -> float:
        fact = dated.lookup("price_limits", self.region, day, board)[0]
        if fact.fields["unit"] == "none":
            return np.inf
        if fact.fields["unit"] == "amount":
            return profile(self.region).widest_move
        return INSIDE * float(fact.fields["value"])

    def _spans(self, board: str) -> list[tuple[slice, Ticks]]:
        """Stretches of sessions on which the tick table of ``board`` does not change."""
        spans, row = [], 0
        while row < len(self.sessions):
            ticks, last = _ticks_on(self.region, board, self.sessions[row].astype(object))
            end = len(self.sessions)
            if last is not None:
                end = int(np.searchsorted(self.sessions, np.datetime64(last), side="right"))
            spans.append((slice(row, end), ticks))
            row = end
        return spans
