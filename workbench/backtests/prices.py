"""What a position is worth on each date, and on which dates it can be traded or is closed by force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

#: How long a delisted position waits for its proceeds before it counts as paid at the last price.
PAYMENT_WAIT = np.timedelta64(90, "D")
#: Sessions without a bar after which a price is called stale.
STALE = 21


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices a simulation needs, without a NaN between the first bar and the end.

    Attributes
    ----------
    value : (T, N) array
        Total-return close in the panel's currency: the last bar's price is carried over other markets'
        holidays, halts and missing days; at the closing row and after it, the proceeds. NaN before
        the first bar.
    tradable : (T, N) bool
        Rows on which the stock traded on a session of its own market.
    ended : (N,) int
        First row after a delisted stock's last day; T where it is not delisted within the rows.
    closing : (N,) int
        Row on which a delisted stock is paid out; T where that is not within the rows.
    unit : (T, N) array
        Price of one share as traded, in the panel's currency: value without the reinvested dividends
        and the splits.
    age : (T, N) int
        Sessions of the column's region since its last bar, 0 on the day of a bar; T before the first.
    """

    value: NDArray[np.float64]
    tradable: NDArray[np.bool_]
    ended: NDArray[np.int64]
    closing: NDArray[np.int64]
    unit: NDArray[np.float64]
    age: NDArray[np.int64]

    def since(self, row: int) -> Prices:
        """The same from a row on."""
        ended, closing = self.ended - row, self.closing - row
        return Prices(self.value[row:], self.tradable[row:], ended, closing, self.unit[row:], self.age[row:])


def prices(panel: Panel) -> Prices:
    """Valuation prices of a panel with total-return closes.

    Only a delisting closes a position: a stock whose bars end without one keeps its last price. A
    delisted stock is paid out on the first row on or after the day of its proceeds. Where none have been
    paid 90 days after the last day of listing, it is paid out at its last price: what is known later
    changes nothing.
    """
    close = np.asarray(panel["close"], dtype=np.float64)
    factor = np.asarray(panel.total_factor, dtype=np.float64)
    value, unit = _carry(close), _carry(close / factor)
    ended, closing, payout = _closings(panel, len(close))
    for column in np.flatnonzero(closing < len(close)):
        row = closing[column]
        if row == 0 or np.isnan(value[row - 1, column]):
            continue
        share = payout[column] if np.isfinite(payout[column]) else 1.0
        value[row:, column] = value[row - 1, column] * share
        unit[row:, column] = unit[row - 1, column] * share
    tradable = np.asarray(panel.traded, dtype=bool) & ~np.isnan(close)
    age = _age(panel, ~np.isnan(close))
    for frozen in (value, tradable, ended, closing, unit, age):
        frozen.setflags(write=False)
    return Prices(value, tradable, ended, closing, unit, age)


def _age(panel: Panel, there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Sessions of each column's own region since its last bar."""
    regions = tuple(dict.fromkeys(panel.regions))
    counts = np.column_stack([np.cumsum(panel.sessions(region)) for region in regions])
    place = {region: number for number, region in enumerate(regions)}
    passed = counts[:, [place[region] for region in panel.regions]]
    last = np.maximum.accumulate(np.where(there, passed, -1), axis=0)
    age: NDArray[np.int64] = np.where(last >= 0, passed - last, len(there))
    return age


def _closings(panel: Panel, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rows of end and payout of each column, and the proceeds as a multiple of the last price as traded."""
    days = np.asarray(panel.dates)
    last, paid = panel.delisting.date, panel.delisting.paid
    gone = ~np.isnat(last)
    deadline = last + PAYMENT_WAIT
    in_time = gone & (paid <= deadline)
    ended = np.where(gone, np.searchsorted(days, last, side="right"), rows)
    due = np.searchsorted(days, np.where(in_time, paid, deadline), side="left")
    closing = np.where(gone, np.maximum(ended, due), rows)
    raw = _carry(np.asarray(panel.raw("close"), dtype=np.float64))
    final = raw[np.clip(ended - 1, 0, rows - 1), np.arange(len(last))]
    known = in_time & (final > 0.0)
    multiple = np.where(known, panel.delisting.proceeds / np.where(known, final, 1.0), np.nan)
    return ended, closing, multiple


def _carry(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last value that was seen, row by row; NaN before the first."""
    rows = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(rows, axis=0)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)
