"""When the accounts become known: filings weeks after the quarter, and later restatements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.accounts import Quarters
    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline

#: Days from the end of a quarter to its filing.
EARLIEST, LATEST = 24, 66
#: Quarters of a new company that its prospectus shows.
PROSPECTUS_DAYS = 400


@dataclass(frozen=True)
class Filings:
    """One entry a filing, in order of company, quarter and vintage.

    Attributes
    ----------
    column, quarter : int64
        Company, and row of the quarter.
    available : datetime64[D]
        The session from which it can be used.
    vintage : int64
        1 for the first filing of a quarter, 2 for its restatement.
    restated : float64
        Change of net income as a fraction of the first figure; 0 in first filings.
    """

    column: NDArray[np.int64]
    quarter: NDArray[np.int64]
    available: NDArray[Any]
    vintage: NDArray[np.int64]
    restated: NDArray[np.float64]


def make_filings(
    spec: SampleSpec, region: str, companies: list[Company], quarters: Quarters, line: Timeline
) -> Filings:
    """The filings of a region up to the end of the world."""
    generator = spec.generator(region, "filings")
    shape = quarters.ends.shape
    habit = generator.integers(EARLIEST, LATEST - 12, shape[1])
    lag = np.minimum(habit + generator.integers(0, 13, shape), LATEST)
    first = quarters.ends + lag.astype("timedelta64[D]")
    listed = np.array([company.listed for company in companies], dtype="datetime64[D]")
    ends = [line.sessions[company.last] if company.reason else line.sessions[-1] + 1 for company in companies]
    first = np.maximum(first, listed)
    shown = quarters.ends > listed - PROSPECTUS_DAYS
    restated = generator.random(shape) < spec.rates.restated / 4.0
    change = generator.choice([-1.0, 1.0], shape) * generator.uniform(0.03, 0.25, shape)
    again = first + generator.integers(60, 200, shape).astype("timedelta64[D]")
    parts = [_entries(shown, first, 1, np.zeros(shape)), _entries(shown & restated, again, 2, change)]
    column, quarter, day, vintage, restatement = (np.concatenate(values) for values in zip(*parts, strict=True))
    row = np.searchsorted(line.filing_days, day, side="left")
    known = row < len(line.filing_days)
    available = line.filing_days[np.minimum(row, len(line.filing_days) - 1)]
    keep = np.flatnonzero(known & (available < np.array(ends, dtype="datetime64[D]")[column]))
    order = keep[np.lexsort((vintage[keep], quarter[keep], column[keep]))]
    return Filings(column[order], quarter[order], available[order], vintage[order], restatement[order])


def _entries(chosen: NDArray[np.bool_], days: NDArray[Any], vintage: int, change: NDArray[np.float64]) -> list[Any]:
    quarter, column = np.nonzero(chosen)
    return [column, quarter, days[quarter, column], np.full(len(quarter), vintage), change[quarter, column]]
