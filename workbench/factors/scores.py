"""Scores, labelled like the panel they were computed from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from workbench.errors import ConfigError
from workbench.factors import transforms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

COMPOSITE = "composite"
_TIE = "tie break"


@dataclass(frozen=True, eq=False)
class Labels:
    """Rows and columns of a score.

    Attributes
    ----------
    dates : (T,) datetime64[D]
        Union of the regions' sessions.
    tickers : tuple of str
        ``KR:005930``.
    regions : tuple of str
        Region of each column.
    sessions : mapping of str to (T,) bool
        Rows that are sessions of a region.
    """

    dates: NDArray[np.datetime64]
    tickers: tuple[str, ...]
    regions: tuple[str, ...]
    sessions: Mapping[str, NDArray[np.bool_]]

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) else "no dates"
        return f"{' '.join(self.region_names())}, {len(self.dates)} dates x {len(self.tickers)} tickers, {span}"

    def columns(self, region: str) -> NDArray[np.intp]:
        """Column numbers of a region."""
        return np.flatnonzero(np.array(self.regions) == region)

    def of_rows(self, rows: slice | NDArray[np.bool_]) -> Labels:
        """The labels of some rows."""
        sessions = {region: flags[rows] for region, flags in self.sessions.items()}
        return Labels(self.dates[rows], self.tickers, self.regions, sessions)

    def region_names(self) -> tuple[str, ...]:
        """The regions, in the order of the columns."""
        return tuple(dict.fromkeys(self.regions))


@dataclass(frozen=True, eq=False)
class Score:
    """One normalized factor value by date and ticker; high is hoped to be good.

    Attributes
    ----------
    name : str
        The factor's name, or ``composite``.
    values : (T, N) array
        NaN where there is no score, and on dates that are no session of the column's region.
    labels : Labels
        Dates, tickers and regions.
    tie_break : (T, N) array or None
        The score before its extremes were pulled in: it ranks names whose scores are equal.

    Notes
    -----
    Timing: row t is known at the close of the column's region on t and can be traded on its next session.
    """

    name: str
    values: NDArray[np.float64]
    labels: Labels
    tie_break: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        return f"Score({self.name!r}, {self.labels!r})"

    @property
    def dates(self) -> NDArray[np.datetime64]:
        """Dates of the rows."""
        return self.labels.dates

    @property
    def tickers(self) -> tuple[str, ...]:
        """Tickers of the columns."""
        return self.labels.tickers

    @property
    def regions(self) -> tuple[str, ...]:
        """Region of each column."""
        return self.labels.regions

    def only(self, columns: NDArray[np.intp]) -> Score:
        """The same score of some columns."""
        chosen = [int(column) for column in columns]
        labels = Labels(
            self.dates,
            tuple(self.tickers[column] for column in chosen),
            tuple(self.regions[column] for column in chosen),
            self.labels.sessions,
        )
        tie_break = None if self.tie_break is None else self.tie_break[:, chosen]
        return Score(self.name, self.values[:, chosen], labels, tie_break)

    def latest(self) -> pl.DataFrame:
        """The last scored session of each region, best first: region, ticker, date, score."""
        import polars as pl

        rows, columns = np.nonzero(~np.isnan(self.values))
        equal = self.values if self.tie_break is None else self.tie_break
        frame = self.to_polars().with_columns(pl.Series(_TIE, equal[rows, columns]))
        return _best_first(frame, "score")

    def to_pandas(self) -> pd.DataFrame:
        """Dates by tickers, NaN where there is no score."""
        import pandas as pd

        index = pd.DatetimeIndex(self.dates.astype("datetime64[ns]"), name="date")
        return pd.DataFrame(self.values.copy(), index=index, columns=pd.Index(self.tickers, name="ticker"))

    def to_polars(self) -> pl.DataFrame:
        """Long form without the missing values: region, ticker, date, score."""
        import polars as pl

        rows, columns = np.nonzero(~np.isnan(self.values))
        return pl.DataFrame(
            {
                "region": pl.Series(self.regions, dtype=pl.String)[columns],
                "ticker": pl.Series(self.tickers, dtype=pl.String)[columns],
                "date": self.dates[rows].astype("datetime64[D]"),
                "score": self.values[rows, columns],
            },
            schema_overrides={"date": pl.Date},
        )


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of several factors, and their combination.

    Attributes
    ----------
    labels : Labels
        Dates, tickers and regions.
    raw : mapping of str to (T, N) array
        The factors' own values in their own units, before any transform.
    values : mapping of str to (T, N) array
        The scores: winsorized, scaled per region and date, turned by the factor's direction; with
        ``composite``, their weighted mean.
    notes : tuple of str
        What the panel had to say.
    unclipped : (T, N) array, function that returns it, or None
        The composite made of scores that were not winsorized. Winsorizing gives the highest hundredth of
        the names one and the same score: among them this value decides, not the order of their codes.
        It is worked out when it is first asked for.
    filled : mapping of str to int
        Scores of each factor that are medians of their region and date, where the set asks for such filling.

    Notes
    -----
    Arrays are float64, or float32 where :func:`workbench.factors.compute` was asked for the precision of the
    table: then they equal the published numbers to the bit.
    """

    labels: Labels
    raw: Mapping[str, NDArray[np.float64]]
    values: Mapping[str, NDArray[np.float64]]
    notes: tuple[str, ...] = ()
    unclipped: NDArray[np.float64] | Callable[[], NDArray[np.float64]] | None = None
    filled: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Scores({', '.join(self.values)}; {self.labels!r})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors, without the composite."""
        return tuple(self.raw)

    @property
    def composite(self) -> Score:
        """The combination of all factors."""
        return self[COMPOSITE]

    def __getitem__(self, name: str) -> Score:
        if name not in self.values:
            raise ConfigError(f"There is no score {name!r}.", hint=f"These were computed: {', '.join(self.values)}.")
        return Score(name, self.values[name], self.labels, self._tie_break() if name == COMPOSITE else None)

    def _tie_break(self) -> NDArray[np.float64] | None:
        if callable(self.unclipped):
            object.__setattr__(self, "unclipped", self.unclipped())
        return self.unclipped  # type: ignore[return-value]

    def between(self, start: str | date | None = None, end: str | date | None = None) -> Self:
        """The same scores from ``start`` to ``end``, both included; None means no bound."""
        keep = np.ones(len(self.labels.dates), dtype=bool)
        if start is not None:
            keep &= self.labels.dates >= np.datetime64(start, "D")
        if end is not None:
            keep &= self.labels.dates <= np.datetime64(end, "D")
        labels = self.labels.of_rows(keep)
        found = self.unclipped
        cut = partial(_rows_of, found, keep) if callable(found) else None if found is None else found[keep]
        return replace(self, labels=labels, unclipped=cut, **self._each(lambda values: values[keep]))

    def rounded(self) -> Self:
        """The same scores in float32, as the table holds them."""
        return replace(self, **self._each(lambda values: values.astype(np.float32)))

    def _each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> dict[str, Any]:
        """Own values and scores, each changed, for :func:`dataclasses.replace`."""
        return {
            part: {name: _frozen(change(values)) for name, values in getattr(self, part).items()}
            for part in ("raw", "values")
        }

    def percentile(self, name: str = COMPOSITE, min_names: int = transforms.RANK_MIN_NAMES) -> Score:
        """Standing of each name among its region's names on the date, 0 the lowest and 1 the highest.

        Parameters
        ----------
        name : str
            A factor, or ``composite``.
        min_names : int
            Dates with fewer scored names in a region stay NaN.
        """
        if name not in self.values:
            self[name]
        whole = self.values[name].astype(np.float64)
        values = np.full(whole.shape, np.nan)
        for region in self.labels.region_names():
            columns = self.labels.columns(region)
            values[:, columns] = transforms.percentile(np.ascontiguousarray(whole[:, columns]), min_names)
        return Score(name, values, self.labels)

    def latest(self) -> pl.DataFrame:
        """The last session of each region, best composite first: region, ticker, date, a column a score."""
        import polars as pl

        rows, columns = self._scored()
        found = self._tie_break()
        equal = self.values[COMPOSITE] if found is None else found
        frame = self.to_polars().with_columns(pl.Series(_TIE, equal[rows, columns]))
        return _best_first(frame, COMPOSITE)

    def to_polars(self) -> pl.DataFrame:
        """One row a region, ticker and date that has any score; a column a factor, and the composite."""
        import polars as pl

        rows, columns = self._scored()
        frame = pl.DataFrame(
            {
                "region": pl.Series(self.labels.regions, dtype=pl.String)[columns],
                "ticker": pl.Series(self.labels.tickers, dtype=pl.String)[columns],
                "date": self.labels.dates[rows].astype("datetime64[D]"),
                **{name: values[rows, columns] for name, values in self.values.items()},
            },
            schema_overrides={"date": pl.Date},
        )
        return frame.with_columns(pl.col(name).fill_nan(None) for name in self.values)

    def to_pandas(self) -> pd.DataFrame:
        """One column a score, by date and ticker (the index that alphalens takes)."""
        frame = self.to_polars().drop("region").to_pandas()
        return frame.set_index(["date", "ticker"])

    def scored(self) -> NDArray[np.bool_]:
        """Cells that have any score, shape (T, N)."""
        there = np.zeros((len(self.labels.dates), len(self.labels.tickers)), dtype=bool)
        for values in self.values.values():
            there |= ~np.isnan(values)
        return there

    def _scored(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        rows, columns = np.nonzero(self.scored())
        return rows, columns


def _rows_of(made: Callable[[], NDArray[np.float64]], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    return made()[keep]


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values


def _best_first(frame: pl.DataFrame, score: str) -> pl.DataFrame:
    """The last date of each region, highest score first, ties by the column ``_TIE``, which is then dropped."""
    import polars as pl

    last = pl.col("date") == pl.col("date").max().over("region")
    by, falling = ["region", score, _TIE, "ticker"], [False, True, True, False]
    return frame.filter(last).sort(by, descending=falling, nulls_last=True).drop(_TIE)
