"""One region of a tear sheet: its score, prices and traits on its own sessions, and what is measured on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workbench.research import information, quantiles
from workbench.research.inference import Inference, infer
from workbench.research.longshort import LongShort, long_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from workbench.research.costs import Rates
    from workbench.research.forward import Execution, Fills

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """What is asked of a score.

    Attributes
    ----------
    horizons : tuple of int
        Sessions.
    quantiles : int
    min_names : int
        Fewest names of a date.
    holding : int
        Horizon of the verdict, the portfolio, the breakdown and the capacity.
    execution : str
        See :func:`workbench.research.forward.forward_returns`.
    """

    horizons: tuple[int, ...]
    quantiles: int
    min_names: int
    holding: int
    execution: Execution

    @property
    def parity(self) -> bool:
        """Measured as alphalens does: names count that have a return over every horizon."""
        return self.execution == "close"


@dataclass(frozen=True, eq=False)
class Regional:
    """A region on its own sessions; every array is (S, N) unless said otherwise.

    Attributes
    ----------
    name : str
    days : (S,) datetime64[D]
    score : array
        NaN outside of the score's dates.
    asked : (S,) bool
        Sessions within the score's dates.
    member : bool array
    done : Fills
    question : Question
    rates : Rates or None
        Of the region; None where they are not known.
    sectors : (codes, names) or None
    size : array or None
        What names are ordered by for their size.
    adv : array or None
        Average daily traded value.
    currency : str
        Of ``adv``.
    """

    name: str
    days: NDArray[np.datetime64]
    score: Array
    asked: NDArray[np.bool_]
    member: NDArray[np.bool_]
    done: Fills
    question: Question
    rates: Rates | None
    sectors: tuple[NDArray[np.int64], tuple[str, ...]] | None
    size: Array | None
    adv: Array | None
    currency: str

    @cached_property
    def forward(self) -> Mapping[int, Array]:
        """Forward returns by horizon."""
        return {horizon: self.done.gains(horizon) for horizon in self.question.horizons}

    @cached_property
    def seen(self) -> Array:
        """The score; in parity mode that of names with a return over every horizon."""
        if not self.question.parity:
            return self.score
        missing = np.any([np.isnan(values) for values in self.forward.values()], axis=0)
        return np.where(missing, np.nan, self.score)

    @cached_property
    def ic(self) -> Mapping[int, tuple[Array, NDArray[np.int64]]]:
        """Rank IC and number of names by horizon, each (S,)."""
        asked = self.question
        return {one: information.rank_ic(self.seen, self.forward[one], asked.min_names) for one in asked.horizons}

    @cached_property
    def buckets(self) -> NDArray[np.int64]:
        """Quantiles of the scored names."""
        asked = self.question
        fewest = max(asked.min_names, 2 * asked.quantiles)
        return quantiles.bucket(self.seen, asked.quantiles, fewest, distinct=asked.parity)

    @cached_property
    def portfolio(self) -> LongShort:
        """The long-short portfolio over the holding period."""
        return self.held(self.question.holding)

    @cached_property
    def headline(self) -> Inference:
        """Of the rank IC over the holding period."""
        return infer(self.ic[self.question.holding][0], self.question.holding)

    def without(self, horizon: int) -> str:
        """Why no date has an information coefficient over a horizon."""
        most = int(self.ic[horizon][1].max(initial=0))
        if most >= self.question.min_names:
            return f"on every date all scores, or all returns over {horizon} sessions, are equal"
        return (
            f"no date has {self.question.min_names} names with a score and a return over {horizon} sessions "
            f"(at most {most})"
        )

    def held(self, horizon: int) -> LongShort:
        """The long-short portfolio of another holding period."""
        return long_short(self.buckets, self.question.quantiles, self.done, horizon)

    def frame(self, rows: Sequence[tuple[object, ...]], **kinds: pl.DataType | type[pl.DataType]) -> pl.DataFrame:
        """Rows under named and typed columns, with the region in front; empty ones keep their columns."""
        import polars as pl

        found = pl.DataFrame(rows, schema=kinds, orient="row")
        return found.select(pl.lit(self.name).alias("region"), pl.all()).with_columns(
            pl.col(name).fill_nan(None) for name, kind in kinds.items() if kind == pl.Float64
        )

    def dated(self, kept: NDArray[np.bool_], **columns: NDArray[np.generic]) -> pl.DataFrame:
        """Columns by session where ``kept`` says so, with region and date in front."""
        import polars as pl

        found = pl.DataFrame({"date": self.days[kept], **{name: values[kept] for name, values in columns.items()}})
        return found.select(pl.lit(self.name).alias("region"), pl.all())
