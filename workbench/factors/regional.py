"""The factors of one region: own values by blocks of columns, then scores by blocks of rows.

Blocks keep the arrays that come and go in the caches of the processor, and give the threads something to
share. No value depends on them: a factor of the house looks along columns only, and a score along its row.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import DataError
from workbench.factors import registry, transforms
from workbench.factors.scaling import Scaling
from workbench.factors.supply import Masks, Slice, is_filed, serve

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
        self.chosen, self.part, self.region = chosen, part, part.region
        #: What a reader must know of the factors' own values.
        self.notes: list[str] = []
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
        self._note_sectors()

    def _note_sectors(self) -> None:
        """Say on which share of the members it is not known whether they are financials."""
        meant = [one.name for one in self.factors if not one.financials]
        if not meant or self.masks.sectors is None:
            return
        member = self.masks.member[self.kept]
        unknown = int((member & (self.masks.sectors[self.kept] < 0)).sum())
        if unknown:
            self.notes.append(
                f"{self.region}: the sector of {unknown / member.sum():.0%} of the members (by stock and session) is "
                f"not known on the date; financials among them have values of {', '.join(meant)}."
            )

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

        serve(factors, self.part, columns, use, self._carried)

    def _own(
        self, factor: registry.Factor, arrays: dict[str, NDArray[np.float64]], columns: slice
    ) -> NDArray[np.float64]:
        """The factor's values on all sessions of some columns.

        Rows with less history than the look-back have no value, so that a longer history moves none.
        """
        with _Naming(factor, self.region):
            made = factor(**arrays)
        found = self._checked(factor, made, self.masks.member[:, columns].shape)
        if not factor.by_column:
            self._check_reach(factor, arrays, found)
        fresh = factor.by_column and found.flags.owndata and found.flags.writeable
        values = found if fresh else found.copy()  # a cell's function may return an array that it keeps
        values[: factor.lookback] = np.nan
        values[~np.isfinite(values)] = np.nan
        self.masks.forbid(values, factor.lookback, factor.financials, columns)
        return values

    def _checked(self, factor: registry.Factor, made: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """What a factor returned, if it is one number a session and column.

        Nothing is broadcast: a row for all dates would hold what is only known on one of them.
        """
        found = np.asarray(made)
        if found.shape != shape or found.dtype.kind not in "fiub":
            what = f"shape {found.shape} and type {found.dtype}"
            raise DataError(
                f"Factor {factor.name} returned {what} for {self.region}; it must return numbers of shape {shape}, "
                "one for each session and column.",
                hint="Return an array like the inputs, NaN where there is no value.",
            )
        return np.asarray(found, dtype=np.float64)

    def _check_reach(
        self, factor: registry.Factor, arrays: dict[str, NDArray[np.float64]], found: NDArray[np.float64]
    ) -> None:
        """Note where the last session has another value if it is computed with no more than the look-back."""
        rows = self.chosen.lookback + 1
        if len(found) <= rows:
            return
        short = f" when it is given {rows - 1} sessions before the last, as in a daily update; its look-back is longer"
        with _Naming(factor, self.region, short), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # columns that are empty in the short history are none of the cell's doing
            alone = np.asarray(factor(**{name: values[-rows:] for name, values in arrays.items()}))
        same = alone.shape == (rows, found.shape[1]) and np.array_equal(alone[-1], found[-1], equal_nan=True)
        if not same:
            self.notes.append(
                f"{self.region}: {factor.name} has other values on {self.days[-1]} when it is given {rows - 1} "
                "sessions before it and not the whole history: a daily update will not give the numbers of a full run. "
                f"Raise its lookback={factor.lookback}."
            )

    def _carried(self, need: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """An input with its gaps filled, where the set asks for that: a missing figure of filings, no price.

        A value that a rule forbids, like book to price of a negative book, stays forbidden.
        """
        days = self.chosen.fill_days
        return transforms.forward_fill(values, self.days, days) if days and is_filed(need) else values


class _Naming:
    """Names the factor and the region in what a factor's function raises, and lets it go on."""

    def __init__(self, factor: registry.Factor, region: str, when: str = "") -> None:
        self.factor, self.region, self.when = factor, region, when

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception):
            error.add_note(
                f"Raised by the function of factor {self.factor.name}, on {self.region}{self.when}. Its inputs are "
                f"read-only arrays of (sessions, columns): {', '.join(self.factor.needs)}; copy one before changing it."
            )


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
