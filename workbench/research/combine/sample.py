"""What one region offers to learn from: its scores and what they earned, on its own sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import DataError
from workbench.factors import transforms
from workbench.research.forward import fills

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workbench.factors import Scores
    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]
    Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sample:
    """Scores and returns of one region; row t is its t-th session among the scored dates.

    Attributes
    ----------
    region : str
    dates : (S,) datetime64[D]
    sessions : datetime64[D] array
        Sessions of the region that the panel holds, up to the last of ``dates``.
    before : int
        How many of them stand before the first of ``dates``.
    forward : (S, N) array
        Return over the horizon from the next session's close on, as a fraction; NaN where there is none.
    earned : (S, N) array
        Return of each session on the one before, 0 where there is none or the price breaks.
    scores, place : Scores and pair of arrays
        Where the region's scores stand, so that they are read in pieces and not copied whole.
    """

    region: str
    dates: NDArray[np.datetime64]
    sessions: NDArray[np.datetime64]
    before: int
    forward: Array
    earned: Array
    scores: Scores
    place: tuple[Rows, Rows]

    def score(self, name: str, rows: Rows, columns: Rows) -> Array:
        """Scores of one factor on some rows and columns."""
        return np.ascontiguousarray(self.scores.values[name][np.ix_(self.place[0][rows], self.place[1][columns])])

    def known(self, rows: Rows) -> Rows:
        """Columns with a score on any of these rows.

        A stock that is listed later is no part of a fit, not even as an empty column: sums over more
        columns are rounded otherwise.
        """
        cell = np.ix_(self.place[0][rows], self.place[1])
        seen = np.zeros(len(self.place[1]), dtype=bool)
        for name in self.scores.names:
            seen |= ~np.isnan(self.scores.values[name][cell]).all(axis=0)
        return np.flatnonzero(seen)


def samples(scores: Scores, panel: Panel, horizon: int) -> Iterator[Sample]:
    """One sample a region of the scores.

    Raises
    ------
    DataError
        Dates or tickers of the scores that the panel does not have; sessions that the scores leave out.
    """
    rows, columns = _aligned(scores, panel)
    done, days = fills(panel), np.asarray(panel.dates)
    for region in scores.labels.region_names():
        every = np.flatnonzero(np.asarray(panel.sessions(region), dtype=bool))
        own = np.flatnonzero(np.isin(rows, every))
        if not len(own):
            continue
        place = own, scores.labels.columns(region)
        part = slice(int(np.searchsorted(every, rows[own[0]])), int(np.searchsorted(every, rows[own[-1]])) + 1)
        if part.stop - part.start != len(own):
            raise DataError(
                f"The scores of {region} leave out sessions between {days[rows[own[0]]]} and {days[rows[own[-1]]]}.",
                hint="Combine scores of all sessions, and select dates afterwards.",
            )
        cell = np.ix_(every, columns[place[1]])
        prices = done.cut(cell)
        earned = _earned(prices.value, np.asarray(panel.breaks, dtype=bool)[cell])
        sessions = days[every[: part.stop]]
        forward = prices.gains(horizon)
        yield Sample(region, sessions[part], sessions, part.start, forward[part], earned[part], scores, place)


def _earned(value: Array, broken: NDArray[np.bool_]) -> Array:
    """Return of each row on the one before, 0 where there is none or where the price breaks."""
    result = np.zeros(value.shape)
    result[1:] = value[1:] / value[:-1] - 1.0
    usable: NDArray[np.bool_] = np.isfinite(result) & np.logical_not(broken)
    return np.where(usable, result, 0.0)


def rank_weights(score: Array, min_names: int) -> Array:
    """A portfolio of each row that is long the upper half and short the lower one, by rank.

    Returns
    -------
    (R, N) array
        Both sides sum to 1 in size; 0 for NaN and for rows of fewer than ``min_names`` names.
    """
    centred = transforms.percentile(score, min_names) - 0.5
    weights = np.nan_to_num(centred)
    size = np.abs(weights).sum(axis=1, keepdims=True) / 2.0
    scaled: Array = weights / np.where(size > 0.0, size, 1.0)
    return scaled


def _aligned(scores: Scores, panel: Panel) -> tuple[Rows, Rows]:
    """Rows and columns of the panel at which the scores stand."""
    days = np.asarray(panel.dates)
    rows = np.searchsorted(days, scores.labels.dates)
    missing = ~np.isin(scores.labels.dates, days)
    if missing.any():
        raise DataError(
            f"{int(missing.sum())} dates of the scores are no rows of the panel (first: "
            f"{scores.labels.dates[missing][0]}).",
            hint="Combine with the panel that the scores were computed from, or one that covers it.",
        )
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    unknown = [ticker for ticker in scores.labels.tickers if ticker not in place]
    if unknown:
        raise DataError(
            f"{len(unknown)} tickers of the scores are not in the panel (first: {unknown[0]}).",
            hint="Combine with the panel that the scores were computed from, or one of the same universe.",
        )
    return rows.astype(np.intp), np.array([place[ticker] for ticker in scores.labels.tickers], dtype=np.intp)
