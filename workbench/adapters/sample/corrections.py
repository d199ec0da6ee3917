"""Prices that the source publishes wrong at first and corrects some sessions later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.bars import Bars
    from workbench.adapters.sample.spec import SampleSpec


@dataclass(frozen=True)
class Corrections:
    """Bars that were published wrong, one entry each.

    Attributes
    ----------
    row, column : int64
        Session and company of the bar.
    known : int64
        Session from which the correct bar is published.
    close, volume : float64
        What was published before.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    known: NDArray[np.int64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def pending(self, session: int) -> NDArray[np.int64]:
        """Positions of the entries that are published but not yet corrected on a session."""
        return np.flatnonzero((self.row <= session) & (session < self.known))


def make_corrections(spec: SampleSpec, region: str, bars: Bars, limit: NDArray[np.float64]) -> Corrections:
    """Choose the bars: at least one a month, and always one in the last eight sessions.

    Parameters
    ----------
    limit : (N,) float64
        Widest move of a day; only quiet bars are chosen, so that the wrong close breaks no limit.
    """
    generator = spec.generator(region, "corrections")
    sessions, count = bars.close.shape
    quiet = _quiet(bars, limit)
    rows = [*range(5, sessions - 12, 21), sessions - 8]
    extra = max(0, round(spec.rates.corrected * count * spec.length) - len(rows))
    rows += generator.integers(5, sessions - 12, extra).tolist()
    chosen: dict[tuple[int, int], int] = {}
    for row in rows:
        columns = np.flatnonzero(quiet[row])
        if len(columns):
            lag = 5 if row == sessions - 8 else int(generator.integers(3, 11))
            chosen[(row, int(columns[generator.integers(len(columns))]))] = row + lag
    where = np.array(sorted(chosen))
    row, column = where[:, 0], where[:, 1]
    known = np.array([chosen[(int(r), int(c))] for r, c in where])
    middle = 0.5 * (bars.high[row, column] + bars.low[row, column])
    wrong = np.where(bars.close[row, column] < middle, bars.high[row, column], bars.low[row, column])
    return Corrections(row, column, known, wrong, np.rint(0.93 * bars.volume[row, column]))


def _quiet(bars: Bars, limit: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bars with a range, from any price of which the next close stays inside the limit, (T, N)."""
    bound = 0.9 * np.minimum(limit, 0.2)
    quiet = np.zeros(bars.close.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        traded = bars.volume > 0
        ranged = traded & (bars.high > bars.low) & (bars.high < (1.0 + bound) * bars.low)
        down = np.abs(bars.close[1:] / bars.high[:-1] - 1.0) < bound
        up = np.abs(bars.close[1:] / bars.low[:-1] - 1.0) < bound
    quiet[:-1] = ranged[:-1] & traded[1:] & down & up
    return quiet
