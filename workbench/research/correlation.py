"""Which factors say the same: correlation of their scores, and of the returns they earn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.factors.transforms import average_rank
from workbench.research import forward, quantiles
from workbench.research.longshort import long_short

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors import Scores
    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]

#: Correlation from which on two factors are called near duplicates.
DUPLICATE = 0.8
#: Fewest sessions with both returns for a correlation of returns.
_FEWEST = 60


@dataclass(frozen=True, eq=False)
class Correlation:
    """Correlations of every pair of factors.

    Attributes
    ----------
    of : str
        ``scores`` or ``returns``.
    names : tuple of str
        The factors, ordered so that similar ones stand together (average linkage on 1 - |correlation|).
    matrix : (K, K) array
        Mean over the regions in the order of ``names``; NaN where no region knows the pair.
    pairs : polars.DataFrame
        region, a, b, correlation, dates: each pair once, in every region that knows it.
    start, end : str
        First and last date, ISO.
    """

    of: str
    names: tuple[str, ...]
    matrix: Array
    pairs: pl.DataFrame
    start: str
    end: str

    def __repr__(self) -> str:
        return f"Correlation(of {self.of}, {len(self.names)} factors, {self.start} to {self.end})"

    def near_duplicates(self, bound: float = DUPLICATE) -> pl.DataFrame:
        """Pairs whose mean correlation over the regions is at least ``bound`` in size: a, b, correlation, regions."""
        import polars as pl

        mean = self.pairs.group_by("a", "b", maintain_order=True).agg(
            pl.col("correlation").mean(), pl.col("region").alias("regions")
        )
        found = mean.filter(pl.col("correlation").abs() >= bound)
        return found.sort(pl.col("correlation").abs(), "a", "b", descending=[True, False, False])


def factor_correlation(scores: Scores, every: int = 5, min_names: int = 10) -> Correlation:
    """Mean over the dates of the cross-sectional rank correlation of every pair of factors.

    Parameters
    ----------
    scores : Scores
        Of at least two factors.
    every : int
        Sessions between the dates that are looked at: scores change slowly.
    min_names : int
        Fewest names with both scores on a date.

    Returns
    -------
    Correlation
        Names are ranked among all of their factor and date, and correlated over those that both factors score.
    """
    if every < 1:
        raise ConfigError(f"every={every} must be at least 1.", hint="5 looks at one session a week.")
    names, rows = _names(scores), []
    for region in scores.labels.region_names():
        columns = scores.labels.columns(region)
        days = np.flatnonzero(scores.labels.sessions[region])[::every]
        ranks = np.stack([average_rank(scores.values[name][np.ix_(days, columns)]) for name in names])
        found = np.stack([_cross_section(ranks[:, day], min_names) for day in range(len(days))])
        rows += _rows(region, names, found)
    dates = scores.labels.dates
    return _gathered("scores", names, rows, str(dates[0]), str(dates[-1]))


def return_correlation(
    scores: Scores,
    panel: Panel,
    groups: int = 5,
    holding: int = 21,
    execution: forward.Execution = "next_close",
    min_names: int = 10,
) -> Correlation:
    """Correlation of the daily returns of the factors' long-short portfolios.

    Parameters
    ----------
    scores : Scores
        Of at least two factors.
    panel : Panel
        Total-return closes with the same rows and columns as the scores, or more.
    groups : int
        Quantiles: the highest is held, the lowest sold.
    holding : int
        Sessions for which names are held (:func:`workbench.research.longshort.long_short`).
    execution : str
        See :func:`workbench.research.forward_returns`.
    min_names : int
        Fewest names of a date.

    Returns
    -------
    Correlation
        Over the sessions of each region on which both factors hold something, at least 60.

    Raises
    ------
    ConfigError
        Dates of the scores that the panel does not have.
    """
    names, rows = _names(scores), []
    absent = ~np.isin(scores.labels.dates, panel.dates)
    if absent.any():
        raise ConfigError(
            f"{int(absent.sum())} dates of the scores are no rows of the panel (first: "
            f"{scores.labels.dates[absent][0]}).",
            hint="Take the panel of the same regions and dates as the scores, or a longer one.",
        )
    done = forward.fills(panel, execution)
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    for region in scores.labels.region_names():
        own = np.array(
            [column for column in scores.labels.columns(region) if scores.labels.tickers[column] in place],
            dtype=np.intp,
        )
        sessions = np.flatnonzero(scores.labels.sessions[region])
        days = np.searchsorted(panel.dates, scores.labels.dates[sessions])
        there = np.array([place[scores.labels.tickers[column]] for column in own], dtype=np.intp)
        prices = done.cut(np.ix_(days, there))
        returns = np.stack(
            [
                long_short(
                    quantiles.bucket(scores.values[name][np.ix_(sessions, own)], groups, max(min_names, 2 * groups)),
                    groups,
                    prices,
                    holding,
                ).gross
                for name in names
            ]
        )
        found = _cross_section(returns, _FEWEST)
        held = (~np.isnan(returns)).astype(np.int64)
        rows += _rows(region, names, found[None], held @ held.T)
    dates = scores.labels.dates
    return _gathered("returns", names, rows, str(dates[0]), str(dates[-1]))


def _names(scores: Scores) -> tuple[str, ...]:
    if len(scores.names) < 2:
        raise ConfigError("A correlation needs two factors or more.", hint="Take a factor set with several.")
    return scores.names


def _cross_section(values: Array, fewest: int) -> Array:
    """Correlation of every two rows of (K, N) values over the columns where both have one."""
    there = (~np.isnan(values)).astype(np.float64)
    filled = np.where(there > 0.0, values, 0.0)
    size = np.abs(filled).max(axis=1, keepdims=True, initial=0.0)
    filled = filled / np.where(size > 0.0, size, 1.0)
    count = there @ there.T
    first, square, cross = filled @ there.T, (filled * filled) @ there.T, filled @ filled.T
    safe = np.maximum(count, 1.0)
    covariance = cross / safe - first * first.T / safe**2
    variance = square / safe - (first / safe) ** 2
    bottom = np.sqrt(np.maximum(variance * variance.T, 0.0))
    usable = (count >= max(fewest, 3)) & (bottom > 1e-12)
    return np.where(usable, np.clip(covariance / np.where(usable, bottom, 1.0), -1.0, 1.0), np.nan)


def _rows(
    region: str, names: tuple[str, ...], found: Array, dates: NDArray[np.int64] | None = None
) -> list[tuple[str, str, str, float, int]]:
    rows = []
    for a, b in combinations(range(len(names)), 2):
        seen = found[:, a, b][~np.isnan(found[:, a, b])]
        if len(seen):
            count = len(seen) if dates is None else int(dates[a, b])
            rows.append((region, names[a], names[b], float(seen.mean()), count))
    return rows


def _gathered(
    of: str, names: tuple[str, ...], rows: list[tuple[str, str, str, float, int]], start: str, end: str
) -> Correlation:
    import polars as pl

    kinds = {"region": pl.String, "a": pl.String, "b": pl.String, "correlation": pl.Float64, "dates": pl.Int64}
    pairs = pl.DataFrame(rows, schema=kinds, orient="row")
    means: Mapping[tuple[str, str], float] = {
        (a, b): value for a, b, value in pairs.group_by("a", "b").agg(pl.col("correlation").mean()).iter_rows()
    }
    matrix = np.eye(len(names))
    for a, b in combinations(range(len(names)), 2):
        matrix[a, b] = matrix[b, a] = means.get((names[a], names[b]), np.nan)
    order = _similar(matrix)
    return Correlation(of, tuple(names[place] for place in order), matrix[np.ix_(order, order)], pairs, start, end)


def _similar(matrix: Array) -> list[int]:
    """An order in which similar factors stand together."""
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return list(range(len(matrix)))
    distance = 1.0 - np.abs(np.nan_to_num(matrix))
    np.fill_diagonal(distance, 0.0)
    flat = squareform((distance + distance.T) / 2.0, checks=False)
    tree = hierarchy.linkage(flat, method="average", optimal_ordering=True)
    return [int(place) for place in hierarchy.leaves_list(tree)]
