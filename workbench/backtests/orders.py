"""Orders between a decision and its fill: the one rule every engine shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.backtests.engines import Job


class OpenOrders:
    """Weights that were decided and not yet traded.

    A decision of row t can be filled from row t + 1 on, on the first row on which the stock trades on a
    session of its own market; a later decision for the same stock replaces it.

    Parameters
    ----------
    job : Job
        Decisions and tradable rows.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._weights = np.full(len(job.tickers), np.nan)

    def due(self, row: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Columns that trade on this row, and the weights they aim at; they are then no longer open."""
        active = ~np.isnan(self._weights) & self._job.prices.tradable[row]
        weights = np.where(active, self._weights, 0.0)
        self._weights = np.where(active, np.nan, self._weights)
        return active, weights

    def decide(self, row: int) -> None:
        """Take in what is decided at the close of this row."""
        decided = self._job.decisions.get(row)
        if decided is not None:
            self._weights = np.where(np.isnan(decided), self._weights, decided)
