"""What a panel knows of its columns beside prices: the end of a listing, and the sector, by date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Delisting:
    """The end of each column's listing, as far as it lies inside the panel.

    Attributes
    ----------
    date : datetime64[D], shape (N,)
        Last day of listing, the day before ``delisted_date``; NaT while listed at the panel's end. It is known
        from the next day on.
    proceeds : float64, shape (N,)
        Cash per share a holder received, as paid, in the column's own currency; NaN where unknown or listed.
    reason : tuple of str or None
        As the provider states it.
    paid : datetime64[D], shape (N,)
        Day of the proceeds; NaT where there are none.
    """

    date: Dates
    proceeds: Floats
    reason: tuple[str | None, ...]
    paid: Dates

    @classmethod
    def none(cls, columns: int) -> Delisting:
        """No column was delisted."""
        never = _frozen(np.full(columns, "NaT", "datetime64[D]"))
        return cls(never, _frozen(np.full(columns, np.nan)), (None,) * columns, never)

    def until(self, last: np.datetime64) -> Delisting:
        """The same, without what happened after ``last``."""
        ended, never = self.date < last, np.datetime64("NaT", "D")
        paid = ended & (self.paid <= last)
        return Delisting(
            _frozen(np.where(ended, self.date, never)),
            _frozen(np.where(paid, self.proceeds, np.nan)),
            tuple(reason if known else None for reason, known in zip(self.reason, ended, strict=True)),
            _frozen(np.where(paid, self.paid, never)),
        )


@dataclass(frozen=True)
class Sectors:
    """Dated sector labels: value ``value[k]`` holds for ``column[k]`` from ``start[k]`` to ``end[k]`` (NaT: open)."""

    column: NDArray[np.int64]
    start: Dates
    end: Dates
    value: tuple[str, ...]

    def at(self, day: np.datetime64, columns: int) -> tuple[str | None, ...]:
        """Label of each column on ``day``, None where none is known."""
        labels: list[str | None] = [None] * columns
        for row in np.flatnonzero((self.start <= day) & (np.isnat(self.end) | (day <= self.end))):
            labels[self.column[row]] = self.value[row]
        return tuple(labels)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
