"""What the factors of one region are handed: each input loaded once, and dropped after its last use."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import inputs
from workbench.factors.neutralize import Codes, sector_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

#: The sector of GICS whose balance sheets and cash flows mean something else.
FINANCIALS = "Financials"


@dataclass(frozen=True)
class Slice:
    """One region of a panel: its sessions, and its columns.

    Attributes
    ----------
    rows : (T,) bool array
        Sessions of the region among the dates of the panel.
    columns : (n,) int array
        Its columns.
    """

    panel: Panel
    rows: NDArray[np.bool_]
    columns: NDArray[np.intp]

    def cut(self, grid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The region's part of a (T, N) grid of the panel, shape (t, n)."""
        return np.asarray(grid, dtype=bool)[np.ix_(self.rows, self.columns)]


class Supply:
    """Arrays by name, shared by the threads of one region.

    Parameters
    ----------
    part : Slice
        The region.
    orders : iterable of iterable of str
        The inputs of each user; an input is dropped when its last user has given it back.
    """

    def __init__(self, part: Slice, orders: Iterable[Iterable[str]]) -> None:
        self.part = part
        self._wanted = Counter(name for order in orders for name in order)
        self._held: dict[str, NDArray[np.float64]] = {}
        self._locks = {name: threading.Lock() for name in self._wanted}
        self._guard = threading.Lock()

    def take(self, name: str) -> NDArray[np.float64]:
        """The input, (t, n) or (t, 1), read-only; loaded by whoever comes first."""
        with self._locks[name]:
            if name not in self._held:
                values = inputs.load(name, self.part.panel, self.part.rows, self.part.columns)
                values.setflags(write=False)
                self._held[name] = values
            return self._held[name]

    def give_back(self, names: Iterable[str]) -> None:
        """One user has done with these inputs."""
        with self._guard:
            self._wanted.subtract(names)
            for name in names:
                if self._wanted[name] <= 0:
                    self._held.pop(name, None)


@dataclass(frozen=True)
class Masks:
    """Where values of a region may stand.

    Attributes
    ----------
    member : (t, n) bool array
        Listed on the date and, with an index as universe, in it.
    broken : tuple of (int, int, int)
        Each break of a price: the row of the bar before it, its own row, and its column.
    sectors : (t, n) int array or None
        Number of the sector on the date, -1 where unknown; None where nobody asks for it.
    financials : int
        Number of the sector Financials, -2 where it does not occur.
    """

    member: NDArray[np.bool_]
    broken: tuple[tuple[int, int, int], ...]
    sectors: Codes | None
    financials: int

    @classmethod
    def of(cls, part: Slice, sectors: bool) -> Masks:
        """Those of a region; sectors only where they are needed."""
        codes, names = sector_codes(part.panel, part.rows, part.columns) if sectors else (None, ())
        number = names.index(FINANCIALS) if FINANCIALS in names else -2
        return cls(part.cut(part.panel.member), tuple(_broken(part)), codes, number)

    def usable(self, lookback: int, financials: bool) -> NDArray[np.bool_]:
        """Members whose look-back holds no break of the price and whose sector the factor is meant for.

        A break counts where the look-back, row t - lookback to row t, holds the bars on both its sides: then
        the factor may have taken the step between two levels for a return.
        """
        usable = self.member.copy()
        for before, row, column in self.broken:
            usable[row : before + lookback + 1, column] = False
        if not financials and self.sectors is not None:
            usable &= self.sectors != self.financials
        return usable


def _broken(part: Slice) -> Iterator[tuple[int, int, int]]:
    """Breaks with the bar before each: the last close, or the row before where the panel holds no closes."""
    closes = part.panel.bars.get("close")
    for row, column in zip(*np.nonzero(part.cut(part.panel.breaks)), strict=True):
        before = row - 1
        if closes is not None:
            own = closes[:, part.columns[column]][part.rows][:row]
            bars = np.flatnonzero(own > 0.0)
            before = bars[-1] if len(bars) else before
        yield int(before), int(row), int(column)
