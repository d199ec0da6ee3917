"""Targets: what weights were decided, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import BacktestError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Targets:
    """Weights by decision date.

    Attributes
    ----------
    dates : (D,) datetime64[D]
        Strictly rising; each is decided at the close of the column's region on that day.
    tickers : tuple of str
        Columns, as in the panel.
    weights : (D, N) array
        Fraction of the whole portfolio's value; 0 sells, NaN says nothing about the ticker on that
        date (another region decides on another day). Rows sum to at most 1, the rest is cash.

    Raises
    ------
    BacktestError
        Shapes that do not fit, a ticker twice, dates that do not rise, weights that are negative or sum to more than 1.

    Notes
    -----
    Timing: decided at the close of ``date``, traded at the close of the region's next session.
    """

    dates: NDArray[np.datetime64]
    tickers: tuple[str, ...]
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.weights.shape != (len(self.dates), len(self.tickers)):
            raise BacktestError(
                f"Targets of shape {self.weights.shape} do not fit {len(self.dates)} dates and "
                f"{len(self.tickers)} tickers.",
                hint="Give one row a decision date and one column a ticker.",
            )
        if len(set(self.tickers)) < len(self.tickers):
            twice = next(ticker for ticker in self.tickers if self.tickers.count(ticker) > 1)
            raise BacktestError(f"{twice} has more than one column of targets.", hint="Give each ticker one column.")
        if len(self.dates) > 1 and not (np.diff(self.dates) > np.timedelta64(0, "D")).all():
            raise BacktestError("The decision dates do not rise.", hint="Sort them and give each date once.")
        if not len(self.dates):
            raise BacktestError(
                "There is no decision date.",
                hint="Take a longer period: no rebalance day with scored names lies in it.",
            )
        totals = np.nansum(self.weights, axis=1)
        worst = int(np.argmax(totals))
        if totals[worst] > 1.0 + 1e-9:
            raise BacktestError(
                f"The weights of {self.dates[worst]} sum to {totals[worst]:.6f}, above 1.",
                hint="Divide them by their sum; borrowing is not modelled.",
            )
        if np.nanmin(self.weights, initial=0.0) < 0.0:
            raise BacktestError("A target weight is negative.", hint="Short positions are not modelled: use 0 or more.")
        self.weights.setflags(write=False)

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}"
        return f"Targets({len(self.dates)} decisions, {len(self.tickers)} tickers, {span})"

    def to_polars(self) -> pl.DataFrame:
        """Weights above 0 in long form: date, ticker, weight."""
        import polars as pl

        rows, columns = np.nonzero(np.nan_to_num(self.weights) > 0.0)
        return pl.DataFrame(
            {
                "date": self.dates[rows],
                "ticker": [self.tickers[column] for column in columns],
                "weight": self.weights[rows, columns],
            },
            schema_overrides={"ticker": pl.String},
        )
