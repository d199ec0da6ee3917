"""Items of filings as they are kept: a few steps a company instead of a value a day.

A figure changes when something is filed, some hundred times in ten years. The dense array is made when it
is asked for, so that thirty items cost what one costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.integer[Any]]

#: Instead of a row of rates: the value stands as filed (PLAIN), or in a currency that is not the price's (FOREIGN).
PLAIN, FOREIGN = -1, -2
#: Columns that are turned from steps into rows at a time; some fit into the cache of a core.
_TILE = 64


@dataclass(frozen=True, eq=False)
class Stepped:
    """One item on the axes of a panel.

    Attributes
    ----------
    shape : (int, int)
        T and N of the dense array.
    bounds : int64, shape (N + 1,)
        Steps ``bounds[n]`` to ``bounds[n + 1] - 1`` are those of column n, ascending by row; the first is at row 0.
    row : int64, shape (K,)
        Row from which the value holds, until the next step of the column.
    value : float64, shape (K,)
        As filed; NaN where nothing is known.
    rate : int16, shape (K,)
        Row of ``rates`` that the value is multiplied with, :data:`PLAIN` or :data:`FOREIGN`.
    rates : float64, shape (R, T)
    """

    shape: tuple[int, int]
    bounds: Whole
    row: Whole
    value: Floats
    rate: NDArray[np.int16]
    rates: Floats

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        row: Whole,
        column: Whole,
        value: Floats,
        rate: NDArray[np.int16],
        rates: Floats,
    ) -> Stepped:
        """Steps in order of each column's days; of several at one row the last counts, those from T on none."""
        inside = row < shape[0]
        everyone = np.arange(shape[1])
        row = np.concatenate([np.zeros(shape[1], np.int64), row[inside]])
        column = np.concatenate([everyone, column[inside]])
        value = np.concatenate([np.full(shape[1], np.nan), value[inside]])
        rate = np.concatenate([np.full(shape[1], PLAIN, np.int16), rate[inside]])
        order = np.lexsort((row, column))
        row, column = row[order], column[order]
        last = np.append((row[1:] != row[:-1]) | (column[1:] != column[:-1]), True)[: len(row)]
        bounds = np.searchsorted(column[last], np.arange(shape[1] + 1))
        return cls(shape, bounds, row[last], value[order][last], rate[order][last], rates)

    def until(self, rows: int) -> Stepped:
        """The same on the first rows."""
        return replace(self, shape=(rows, self.shape[1]), rates=self.rates[:, :rows])

    def dense(self, rows: Whole | None = None, columns: Whole | None = None, *, in_price: bool = False) -> Floats:
        """The array on some rows and columns.

        Parameters
        ----------
        rows, columns : int (t,) and (n,), optional
            Positions, rows ascending; None takes all.
        in_price : bool
            Hide values in another currency than the price's for which no rate was asked.

        Returns
        -------
        float64, shape (t, n)
        """
        chosen = np.arange(self.shape[1]) if columns is None else np.asarray(columns)
        taken = np.arange(self.shape[0]) if rows is None else np.asarray(rows)
        result = np.empty((len(taken), len(chosen)))
        for first in range(0, len(chosen), _TILE):
            tile = chosen[first : first + _TILE]
            result[:, first : first + _TILE] = self._tile(taken, tile, in_price).T
        return result

    def _tile(self, rows: Whole, columns: Whole, in_price: bool) -> Floats:
        """Some columns, shape (n, t)."""
        count = self.bounds[columns + 1] - self.bounds[columns]
        ends = np.cumsum(count)
        step = np.repeat(self.bounds[columns] - (ends - count), count) + np.arange(ends[-1])
        at = np.searchsorted(rows, self.row[step])
        following = np.append(at[1:], len(rows))
        following[ends - 1] = len(rows)
        value, rate = self.value[step], self.rate[step]
        if in_price:
            value = np.where(rate == FOREIGN, np.nan, value)
        grid = np.repeat(value, following - at).reshape(len(columns), len(rows))
        if (rate >= 0).any():
            which = np.repeat(rate, following - at).reshape(grid.shape)
            for number in np.unique(rate[rate >= 0]):
                grid = np.where(which == number, grid * self.rates[number, rows], grid)
        return grid


class Items(Mapping[str, "Floats"]):
    """Items by name; the dense array of one is made when it is read, and only the newest is kept.

    Parameters
    ----------
    shape : (int, int)
        T and N.
    stepped : mapping of str to Stepped
    whole : mapping of str to float64 (T, N)
        What changes every day, such as the market value.
    """

    def __init__(
        self, shape: tuple[int, int], stepped: Mapping[str, Stepped], whole: Mapping[str, Floats] | None = None
    ) -> None:
        self.shape = shape
        self._stepped = dict(stepped)
        self._whole = dict(whole or {})
        for values in self._whole.values():
            values.setflags(write=False)
        self._newest: tuple[str, Floats] | None = None

    def __getitem__(self, name: str) -> Floats:
        if name in self._whole:
            return self._whole[name]
        newest = self._newest
        if newest is not None and newest[0] == name:
            return newest[1]
        values = self._stepped[name].dense()
        values.setflags(write=False)
        self._newest = (name, values)
        return values

    def __contains__(self, name: object) -> bool:
        return name in self._stepped or name in self._whole

    def __iter__(self) -> Iterator[str]:
        return iter((*self._stepped, *self._whole))

    def __len__(self) -> int:
        return len(self._stepped) + len(self._whole)

    def until(self, rows: int) -> Items:
        """The same items on the first rows."""
        stepped = {name: one.until(rows) for name, one in self._stepped.items()}
        return Items((rows, self.shape[1]), stepped, {name: values[:rows] for name, values in self._whole.items()})

    def part(self, name: str, rows: Whole, columns: Whole) -> Floats:
        """An item on some rows and columns, float64 (t, n); only what is in the currency of the column's price."""
        if name in self._whole:
            whole: Floats = self._whole[name][np.ix_(rows, columns)]
            return whole
        return self._stepped[name].dense(rows, columns, in_price=True)

    def with_whole(self, **whole: Floats) -> Items:
        """The same items and some more."""
        return Items(self.shape, self._stepped, {**self._whole, **whole})
