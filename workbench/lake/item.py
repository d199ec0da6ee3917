"""One item of filings on the axes of a panel, and what is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.lake.stepped import PLAIN, Stepped
from workbench.lake.ways import SAID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Item:
    """One item, point in time, as steps in no order.

    Attributes
    ----------
    row, column : int64, shape (K,)
        The value holds from this row on; rows from T on are left out.
    value : float64, shape (K,)
        NaN where nothing is known.
    currencies : tuple of str
        The currencies that occur.
    unit : int16, shape (K,)
        Index into ``currencies``; -1 for plain numbers.
    made : mapping of int to int
        How many tickers have values that came about in a way to be told (:mod:`workbench.lake.ways`).
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Floats
    currencies: tuple[str, ...]
    unit: NDArray[np.int16]
    made: Mapping[int, int]

    def note_made(self, name: str, notes: list[str]) -> None:
        """Say so where values are not filed as they stand."""
        notes.extend(f"{name}: values of {count} tickers {SAID[way]}." for way, count in sorted(self.made.items()))

    def note_absent(self, name: str, axes: Axes, notes: list[str]) -> None:
        """Say for which regions nothing at all is filed."""
        with_any = {axes.columns[number].region for number in np.unique(self.column)}
        without = [region for region in axes.sessions if region not in with_any]
        if without:
            notes.append(f"{name}: nothing is filed in {', '.join(without)}; no values there.")

    def filed(self) -> Iterator[tuple[int, int]]:
        """Each column and index of a currency that occur together."""
        money, count = self.unit >= 0, len(self.currencies) or 1
        pairs = np.unique(self.column[money] * count + self.unit[money])
        return zip((pairs // count).tolist(), (pairs % count).tolist(), strict=True)

    def foreign(self, own: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Currencies other than the price's, and how many tickers file in each."""
        pairs = ((self.currencies[unit], own[column]) for column, unit in self.filed())
        yield from sorted(Counter(currency for currency, price in pairs if currency != price).items())

    def stepped(self, shape: tuple[int, int], rates: Floats, rate_of: Callable[[int, str], int]) -> Stepped:
        """The same in order, each step with its row of ``rates``, which ``rate_of(column, currency)`` names."""
        table = np.full((shape[1], len(self.currencies) + 1), PLAIN, np.int16)
        for column, unit in self.filed():
            table[column, unit] = rate_of(column, self.currencies[unit])
        return Stepped.of(shape, self.row, self.column, self.value, table[self.column, self.unit], rates)

    def plain(self, shape: tuple[int, int]) -> Stepped:
        """The same as filed, whatever the currency."""
        return self.stepped(shape, np.empty((0, shape[0])), lambda *_: PLAIN)
