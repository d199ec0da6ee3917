"""Scores whose composite was fitted, and what was fitted when."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from workbench.factors.scores import COMPOSITE, Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from workbench.backtests.splits import Fold
    from workbench.factors.combination import Combination


@dataclass(frozen=True, eq=False)
class Window:
    """One fit of one region.

    Attributes
    ----------
    region : str
    fold : Fold
        Days of the calendar to learn on and to score.
    first, last : datetime64[D]
        First and last date whose label was learnt on.
    dates : int
        Dates that were learnt on.
    observations : int
        Stocks on dates for a model of trees, dates for weights.
    weights : dict of str to float
        Weight of each factor; for a model of trees its share of the fit, by permutation. Sizes sum to 1.
    """

    region: str
    fold: Fold
    first: np.datetime64
    last: np.datetime64
    dates: int
    observations: int
    weights: dict[str, float]


@dataclass(frozen=True, eq=False)
class Combined(Scores):
    """Scores whose composite was made by a :class:`~workbench.factors.combination.Combination`.

    Attributes
    ----------
    method : str
        How the composite was made.
    fitted : tuple of Window
        Every fit, region by region, the earliest first; empty for fixed weights.
    """

    method: str = "equal"
    fitted: tuple[Window, ...] = field(default=(), repr=False)

    @property
    def weights(self) -> pl.DataFrame:
        """What each factor counted: window (first scored day), region, factor, weight.

        The weight of a learned model is the factor's share of the fit, by permutation.
        """
        import polars as pl

        rows = [
            (window.fold.test_start.item(), window.region, factor, weight)
            for window in self.fitted
            for factor, weight in window.weights.items()
        ]
        schema = {"window": pl.Date, "region": pl.String, "factor": pl.String, "weight": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def windows(self) -> pl.DataFrame:
        """When each fit learnt and what it scores.

        window and scored_until (first and last day that it scores), region, first and last (date learnt on),
        dates and observations.
        """
        import polars as pl

        one = np.timedelta64(1, "D")
        rows = [
            (
                window.fold.test_start.item(),
                (window.fold.test_end - one).item(),
                window.region,
                window.first.item(),
                window.last.item(),
                window.dates,
                window.observations,
            )
            for window in self.fitted
        ]
        days = ("window", "scored_until", "region", "first", "last", "dates", "observations")
        kinds = (pl.Date, pl.Date, pl.String, pl.Date, pl.Date, pl.Int64, pl.Int64)
        return pl.DataFrame(rows, schema=dict(zip(days, kinds, strict=True)), orient="row")


def replaced(
    scores: Scores,
    composite: NDArray[np.float64],
    spec: Combination,
    windows: Sequence[Window],
    notes: Sequence[str],
) -> Combined:
    """The same scores with another composite.

    The equal-weight composite breaks ties of the fitted one: trees give many names one and the same value.
    """
    kept = {one.name: getattr(scores, one.name) for one in fields(Scores)}
    composite.setflags(write=False)
    kept["unclipped"] = scores.values[COMPOSITE] if scores.unclipped is None else scores.unclipped
    kept["values"] = {**scores.values, COMPOSITE: composite}
    kept["notes"] = (*scores.notes, *notes)
    return Combined(**kept, method=spec.method, fitted=tuple(windows))
