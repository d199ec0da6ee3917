"""The factors of one region: own values by blocks of columns, then scores by blocks of rows.

Blocks keep the arrays that come and go in the caches of the processor, and give the threads something to
share. No value depends on them: a factor of the house looks along columns only, and a score along its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.factors import registry, transforms
from workbench.factors.scaling import Scaling
from workbench.factors.supply import Masks, Slice, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from workbench.factors.sets import FactorSet

    Floats = NDArray[np.floating[Any]]

#: Cells of one block, and the number of columns that kernels take side by side.
BLOCK, LANES = 190_000, 16


class Regional:
    """The work on one region.

    Parameters
    ----------
    chosen : FactorSet
    part : Slice
        The region's sessions and columns in the panel.
    rows : slice
        Rows of the panel that are kept; those before them are the warm-up.
    """

    def __init__(self, chosen: FactorSet, part: Slice, rows: slice) -> None:
        self.chosen, self.part = chosen, part
        self.factors = [registry.get(name) for name in chosen.factors]
        by_sector = "sector" in chosen.neutralize or not all(one.financials for one in self.factors)
        self.masks = Masks.of(part, by_sector)
        self.days = np.asarray(part.panel.dates)[part.rows]
        kept = np.zeros(len(part.rows), dtype=bool)
        kept[rows] = True
        #: Kept rows among the region's sessions, and their places among all kept rows.
        self.kept = span(kept[part.rows])
        self.places = np.flatnonzero(part.rows[rows])
        self.scaling = Scaling.of(chosen, part, self.masks, self.kept)

    def own_values(self, raw: Mapping[str, Floats], pool: Executor) -> None:
        """Write the factors' own values into (T, N) arrays of the kept rows."""
        alone = [one for one in self.factors if one.by_column]
        if alone:
            width = max(LANES, BLOCK // max(self.part.shape[0], 1) // LANES * LANES)
            # What a panel makes once and keeps is made before the threads ask for it.
            serve(alone, self.part, slice(0, 1), lambda *_: None)
            list(pool.map(lambda columns: self._write(alone, raw, columns), blocks(self.part.shape[1], width)))
        self._write([one for one in self.factors if not one.by_column], raw, slice(0, self.part.shape[1]))

    def scores(self, raw: Mapping[str, Floats], values: Mapping[str, Floats], pool: Executor) -> dict[str, int]:
        """Write the scores, made of the values in ``raw``; returns how many were filled in, by factor."""
        height = max(1, BLOCK // max(self.part.shape[1], 1))
        jobs = [(one, rows) for one in self.factors for rows in blocks(len(self.places), height)]

        def job(given: tuple[registry.Factor, slice]) -> tuple[str, int]:
            factor, rows = given
            cell = cell_of(self.places[rows], self.part.columns)
            own = np.ascontiguousarray(raw[factor.name][cell], dtype=np.float64)
            values[factor.name][cell], count = self.scaling.score(own, factor.direction, rows)
            return factor.name, count

        filled = dict.fromkeys(self.chosen.factors, 0)
        for name, count in pool.map(job, jobs):
            filled[name] += count
        return filled

    def _write(self, factors: list[registry.Factor], raw: Mapping[str, Floats], columns: slice) -> None:
        cell = cell_of(self.places, self.part.columns[columns])

        def use(factor: registry.Factor, arrays: dict[str, NDArray[np.float64]]) -> None:
            raw[factor.name][cell] = self._own(factor, arrays, columns)[self.kept]

        serve(factors, self.part, columns, use)

    def _own(
        self, factor: registry.Factor, arrays: dict[str, NDArray[np.float64]], columns: slice
    ) -> NDArray[np.float64]:
        """The factor's values on all sessions of some columns.

        Rows with less history than the look-back have no value, so that a longer history moves none.
        """
        found = np.asarray(factor(**arrays), dtype=np.float64)
        shape = self.masks.member[:, columns].shape
        fresh = found.shape == shape and found.flags.owndata and found.flags.writeable
        values = found if fresh else np.array(np.broadcast_to(found, shape))
        values[: factor.lookback] = np.nan
        values[~np.isfinite(values)] = np.nan
        self.masks.forbid(values, factor.lookback, factor.financials, columns)
        days = self.chosen.fills(factor.name)
        if days:
            values = transforms.forward_fill(values, self.days, days)
            self.masks.forbid(values, factor.lookback, factor.financials, columns)
        return values


def blocks(length: int, size: int) -> Iterator[slice]:
    """Ranges of ``size`` that make up ``length``."""
    return (slice(first, min(first + size, length)) for first in range(0, length, size))


def cell_of(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[Any, ...]:
    """An index of rows and columns; of slices where they follow one another, which spares copies."""
    runs = [not len(one) or one[-1] - one[0] + 1 == len(one) for one in (rows, columns)]
    if not all(runs):
        return np.ix_(rows, columns)
    return tuple(slice(int(one[0]), int(one[-1]) + 1) if len(one) else slice(0, 0) for one in (rows, columns))


def span(flags: NDArray[np.bool_]) -> slice:
    """The rows from the first to the last flag."""
    numbers = np.flatnonzero(flags)
    return slice(int(numbers[0]), int(numbers[-1]) + 1) if len(numbers) else slice(0, 0)
