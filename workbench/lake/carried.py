"""The price of a stock that does not trade: its last close, on the shares of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.lake.adjust import Steps
    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]
    Dates = NDArray[np.datetime64]

#: A close stands for so long, unless the listing ends before: beyond it nobody knows what the stock is worth.
KEPT_DAYS = 365
_LAST = """
SELECT region, ticker, max(date), arg_max(close, date) FROM ohlcv
WHERE timeframe = 'D' AND region IN (SELECT unnest($regions)) AND ticker IN (SELECT unnest($tickers))
    AND date < $first AND date >= $since AND year >= year($since) GROUP BY ALL
"""


@dataclass(frozen=True)
class Before:
    """Last close before the first row of each column, times the split factor of its day (N,), and the day."""

    close: Floats
    day: Dates

    @classmethod
    def none(cls, columns: int) -> Before:
        """Nothing is known."""
        return cls(np.full(columns, np.nan), np.full(columns, "NaT", "datetime64[D]"))


def before(lake: Lake, axes: Axes, close: Floats, steps: Sequence[Steps]) -> Before:
    """The closes that stocks without a bar on the first row carry into it."""
    from workbench.lake import sql

    result, first = Before.none(len(axes.columns)), axes.dates[0].item()
    silent = [n for n, one in enumerate(axes.columns) if one.first < first <= one.last and np.isnan(close[0, n])]
    if not silent:
        return result
    given = {
        "regions": list(axes.sessions),
        "tickers": sorted({axes.columns[n].ticker for n in silent}),
        "first": first,
        "since": date.fromordinal(max(1, first.toordinal() - KEPT_DAYS)),
    }
    with sql.reading(lake, ["ohlcv"]) as cursor:
        found = {row[:2]: row[2:] for row in cursor.execute(_LAST, given).fetchall()}
    for n in silent:
        one = axes.columns[n]
        day, value = found.get((one.region, one.ticker), (date.min, None))
        if value is not None and one.since <= day < one.until:
            ahead = [split for ex_date, split in zip(steps[n].dates, steps[n].split, strict=True) if ex_date <= day]
            result.close[n], result.day[n] = value * (ahead[-1] if ahead else 1.0), day
    return result


def carried_close(close: Floats, split: Floats, earlier: Before, dates: Dates) -> Floats:
    """The close as traded; without one the last close, for a year.

    Parameters
    ----------
    close, split : float64, shape (T, N)
        As stored, and the cumulative split factor.
    dates : datetime64[D], shape (T,)

    Returns
    -------
    float64, shape (T, N)
        A carried close is divided by the splits since its day. NaN before the first one.
    """
    there = np.isfinite(close)
    row = np.where(there, np.arange(len(close), dtype=np.int32)[:, None], np.int32(-1))
    np.maximum.accumulate(row, axis=0, out=row)
    result = close.copy()
    at, column = np.nonzero(~there & ((row >= 0) | np.isfinite(earlier.close)))
    last = row[at, column]
    known = last >= 0
    value = np.where(known, close[last, column] * split[last, column], earlier.close[column])
    day = np.where(known, dates[last], earlier.day[column])
    fresh = (dates[at] - day) <= np.timedelta64(KEPT_DAYS, "D")
    result[at, column] = np.where(fresh, value / split[at, column], np.nan)
    return result
