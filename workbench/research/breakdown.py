"""Where a score works: by sector, by size and by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.research import information
from workbench.research.quantiles import bucket, returns_by_bucket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

SIZES = ("small", "middle", "large")
#: Fewest names of a group on a date.
GROUP_MIN_NAMES = 6


def sector_codes(panel: Panel) -> tuple[Codes, tuple[str, ...]] | None:
    """Sector of each column on each date as it was known then, and the names behind the numbers.

    Returns
    -------
    codes : (T, N) int array
        Place in ``names``; -1 where no sector was known.
    names : tuple of str
        None in place of both where the panel knows no sector.
    """
    known = panel.sectors_by_date
    if known is None or not known.value:
        return None
    names = tuple(sorted(set(known.value)))
    number = {name: place for place, name in enumerate(names)}
    codes = np.full(panel.shape, -1, dtype=np.int64)
    first = np.searchsorted(panel.dates, known.start)
    last = np.where(np.isnat(known.end), len(panel.dates), np.searchsorted(panel.dates, known.end, side="right"))
    for column, start, end, value in zip(known.column, first, last, known.value, strict=True):
        codes[start:end, column] = number[value]
    return codes, names


def size_terciles(size: Array, scored: NDArray[np.bool_]) -> Codes:
    """Third of each scored name by size on its date: 0 small, 1 middle, 2 large; -1 unknown.

    Parameters
    ----------
    size : (S, N) array
        Of one region, known at the close of the row.
    scored : (S, N) bool
        Names that have a score.
    """
    return bucket(np.where(scored, size, np.nan), len(SIZES), len(SIZES) * GROUP_MIN_NAMES) - 1


def by_group(
    score: Array, forward: Array, codes: Codes, names: tuple[str, ...]
) -> Iterator[tuple[str, Array, Array, float]]:
    """Rank IC and spread within each group.

    Parameters
    ----------
    score, forward : (S, N) arrays
        Of one region.
    codes : (S, N) int array
        Group of each name on each date, -1 none.
    names : tuple of str
        Of the groups.

    Yields
    ------
    name : str
    ic, spread : (S,) arrays
        Spread: the group's top third minus its bottom third. NaN on dates with fewer than six names.
    names : float
        Mean number of names with score and return, on dates that have enough.
    """
    for number, name in enumerate(names):
        columns = np.flatnonzero((codes == number).any(axis=0))
        inside = codes[:, columns] == number
        own, later = np.where(inside, score[:, columns], np.nan), forward[:, columns]
        ic, count = information.rank_ic(own, later, GROUP_MIN_NAMES)
        earned = returns_by_bucket(bucket(np.where(np.isnan(later), np.nan, own), 3, GROUP_MIN_NAMES), later, 3)
        seen = ~np.isnan(ic)
        yield name, ic, earned[:, 2] - earned[:, 0], float(count[seen].mean()) if seen.any() else 0.0
