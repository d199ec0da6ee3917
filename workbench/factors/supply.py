"""What the factors of one region are handed: each input loaded once, and dropped after its last use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.factors import inputs, windows
from workbench.factors.neutralize import Codes, sector_codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from workbench.factors.registry import Factor
    from workbench.lake.panel import Panel

#: The sector of GICS whose balance sheets and cash flows mean something else.
FINANCIALS = "Financials"


def is_filed(name: str) -> bool:
    """Whether an input is a figure of filings, and not of bars, indexes or counts of shares."""
    return name not in (*inputs.BARS, *inputs.MADE_OF, inputs.SHARES)


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

    @property
    def shape(self) -> tuple[int, int]:
        """(t, n): sessions and columns."""
        return int(np.count_nonzero(self.rows)), len(self.columns)

    @property
    def region(self) -> str:
        """Its name; empty for a region without columns."""
        return self.panel.regions[int(self.columns[0])] if len(self.columns) else ""

    def cut(self, grid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The region's part of a (T, N) grid of the panel, shape (t, n)."""
        return np.asarray(grid, dtype=bool)[np.ix_(self.rows, self.columns)]


def serve(
    factors: Sequence[Factor],
    part: Slice,
    columns: slice,
    use: Callable[[Factor, dict[str, NDArray[np.float64]]], None],
    carried: Callable[[str, NDArray[np.float64]], NDArray[np.float64]] = lambda _, values: values,
) -> None:
    """Hand each factor its inputs on some columns, in an order in which inputs can go early.

    Parameters
    ----------
    use : callable
        Takes the factor and its arrays by name, each (t, n), or (t, 1) for a level of the region; read-only.
    carried : callable, optional
        Takes an input's name and array, and returns the array with its gaps filled.
    """
    held: dict[str, NDArray[np.float64]] = {}
    left = ordered(factors)
    while left:
        factor = left.pop(0)
        for need in factor.needs:
            if need not in held:
                held[need] = carried(need, inputs.load(need, part.panel, part.rows, part.columns[columns]))
                held[need].setflags(write=False)
        use(factor, {need: held[need] for need in factor.needs})
        wanted = {need for one in left for need in one.needs}
        held = {need: values for need, values in held.items() if need in wanted}


def ordered(factors: Sequence[Factor]) -> list[Factor]:
    """Factors in an order that holds few inputs at once: next comes the one that adds the fewest new ones."""
    left, held, order = list(factors), set[str](), []
    while left:
        users = {need: sum(need in one.needs for one in left) for one in left for need in one.needs}
        best = min(left, key=lambda one: (len(set(one.needs) - held), sum(users[need] for need in one.needs)))
        left.remove(best)
        order.append(best)
        held = (held | set(best.needs)) & {need for one in left for need in one.needs}
    return order


@dataclass(frozen=True)
class Masks:
    """Where values of a region may stand.

    Attributes
    ----------
    member : (t, n) bool array
        Listed on the date and, with an index as universe, in it; and traded on one of the last 21 sessions
        before it, or on it: what is suspended for longer, or has vanished without a delisting, is not scored.
    broken : (3, k) int array
        The breaks of prices: row of the bar before, own row, column.
    sectors : (t, n) int array or None
        Number of the sector on the date, -1 where unknown; None where nobody asks for it.
    financials : int
        Number of the sector Financials, -2 where it does not occur.
    """

    member: NDArray[np.bool_]
    broken: NDArray[np.int64]
    sectors: Codes | None
    financials: int

    @classmethod
    def of(cls, part: Slice, sectors: bool) -> Masks:
        """Those of a region; sectors only where they are needed."""
        codes, names = sector_codes(part.panel, part.rows, part.columns) if sectors else (None, ())
        number = names.index(FINANCIALS) if FINANCIALS in names else -2
        broken = np.array(list(_broken(part)), np.int64).reshape(-1, 3).T
        return cls(part.cut(part.panel.member) & _alive(part.cut(part.panel.traded)), broken, codes, number)

    def forbid(self, values: NDArray[Any], lookback: int, financials: bool, columns: slice) -> None:
        """Take away values of some columns: of no members, across a break, of sectors they are not meant for.

        A break counts where the look-back, row t - lookback to row t, holds the bars on both its sides: then
        the factor may have taken the step between two levels for a return.
        """
        values[~self.member[:, columns]] = np.nan
        first, after = columns.start or 0, self.member.shape[1] if columns.stop is None else columns.stop
        for before, row, column in self.broken[:, (self.broken[2] >= first) & (self.broken[2] < after)].T:
            values[row : before + lookback + 1, column - first] = np.nan
        if not financials and self.sectors is not None:
            values[self.sectors[:, columns] == self.financials] = np.nan


def _alive(traded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Traded on the row or on one of the :data:`workbench.factors.windows.CARRIED` before it."""
    number = np.arange(len(traded), dtype=np.int32)[:, None]
    last = np.maximum.accumulate(np.where(traded, number, np.int32(-windows.CARRIED - 1)), axis=0)
    alive: NDArray[np.bool_] = number - last <= windows.CARRIED
    return alive


def _broken(part: Slice) -> Iterator[tuple[int, int, int]]:
    """Breaks with the bar before each: the last close, or the row before where the panel holds no closes."""
    closes = part.panel.bars.get("close")
    for row, column in zip(*np.nonzero(part.cut(part.panel.breaks)), strict=True):
        before = row - 1
        if closes is not None:
            bars = np.flatnonzero(closes[:, part.columns[column]][part.rows][:row] > 0.0)
            before = bars[-1] if len(bars) else before
        yield int(before), int(row), int(column)
