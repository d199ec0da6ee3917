"""Answers of several providers to one question, put together: who stands where they say different things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Days between the dates that two providers give one action.
NEAR_DAYS = 5
#: Part by which its ratio or amount may differ.
NEAR_VALUE = 0.02
_RANK = "_rank"


@dataclass(frozen=True)
class Merged:
    """One frame from several answers.

    Attributes
    ----------
    frame : polars.DataFrame
        Rows to publish, one a key.
    disputed : polars.DataFrame
        ticker, kind, ex_date, value, source, other_date, other_value, other_source: actions close to another
        provider's with another value. Both stand where their dates differ, else the first.
    """

    frame: pl.DataFrame
    disputed: pl.DataFrame


def ranked(frames: Sequence[pl.DataFrame], table: str, ranks: Mapping[str, int]) -> pl.DataFrame:
    """Rows of all, one a key: the earlier provider's, its nulls filled from the later ones."""
    declared = TABLES[table]
    rows = pl.concat(frames).with_columns(_rank(ranks)).sort(_RANK, maintain_order=True)
    others = [name for name in declared.columns if name not in declared.key]
    merged = rows.group_by(declared.key, maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in others)
    return merged.select(list(declared.columns))


def behind(frame: pl.DataFrame, held: pl.DataFrame, table: str, ranks: Mapping[str, int]) -> pl.DataFrame:
    """Rows beside what the lake holds: of a key that it has from an earlier provider only the nulls are filled."""
    key = list(TABLES[table].key)
    others = [name for name in frame.columns if name not in key]
    both = frame.with_columns(_rank(ranks)).join(held.with_columns(_rank(ranks)), on=key, how="left", suffix="_held")
    later = (pl.col(f"{_RANK}_held") < pl.col(_RANK)).fill_null(False)
    filled = [
        pl.when(later).then(pl.coalesce(f"{name}_held", name)).otherwise(pl.col(name)).alias(name) for name in others
    ]
    return both.select(*key, *filled).select(frame.columns)


def actions(frames: Sequence[pl.DataFrame], held: pl.DataFrame, ranks: Mapping[str, int]) -> Merged:
    """Corporate actions of several providers; the same one on neighbouring dates stands once.

    Parameters
    ----------
    frames : sequence of polars.DataFrame
        Rows of ``actions``, one frame a provider.
    held : polars.DataFrame
        Rows of the lake, of the same tickers.
    ranks : mapping of str to int
        Place of each provider in the order.
    """
    offered = pl.concat(frames).with_columns(_rank(ranks))
    key = ["ticker", "ex_date", "kind", "source"]
    standing = held.join(offered, on=key, how="anti").with_columns(_rank(ranks))
    # What the lake holds stands before another provider's row beside it, whoever that is; its own rows may change.
    others = pl.concat([offered.with_columns(before=pl.col(_RANK)), standing.with_columns(before=pl.lit(-1, pl.Int64))])
    pairs = offered.join(others, on=["ticker", "kind"], suffix="_other").filter(
        (pl.col("source") != pl.col("source_other"))
        & (pl.col("before") < pl.col(_RANK))
        & ((pl.col("ex_date") - pl.col("ex_date_other")).dt.total_days().abs() <= NEAR_DAYS)
        & ((pl.col("currency") == pl.col("currency_other")).fill_null(True) | (pl.col("kind") == "split"))
    )
    equal = (pl.col("value") / pl.col("value_other") - 1.0).abs() <= NEAR_VALUE
    earlier = (pl.col(f"{_RANK}_other") < pl.col(_RANK)) | (pl.col("ex_date") != pl.col("ex_date_other"))
    repeated = pairs.filter(equal & earlier).select(key).unique()
    disputed = (
        pairs.join(repeated, on=key, how="anti")
        .filter(~equal)
        .select(
            "ticker",
            "kind",
            "ex_date",
            "value",
            "source",
            other_date="ex_date_other",
            other_value="value_other",
            other_source="source_other",
        )
        .unique(maintain_order=True)
    )
    kept = offered.join(repeated, on=key, how="anti").drop(_RANK)
    frame = ranked([kept], "actions", ranks) if kept.height else kept
    return Merged(behind(frame, held, "actions", ranks), disputed)


def attributes(frames: Sequence[pl.DataFrame], held: pl.DataFrame, ranks: Mapping[str, int]) -> pl.DataFrame:
    """Attributes of several providers: of each ticker and kind one provider's.

    A value that stands in the lake already makes no row of a later day.
    """
    place = ["ticker", "kind"]
    offered = pl.concat(frames).with_columns(_rank(ranks))
    standing = held.with_columns(_rank(ranks)).filter(pl.col(_RANK) < len(ranks))
    best = (
        pl.concat([offered.select(*place, _RANK), standing.select(*place, _RANK)])
        .group_by(place)
        .agg(best=pl.col(_RANK).min())
    )
    chosen = offered.join(best, on=place).filter(pl.col(_RANK) == pl.col("best")).drop(_RANK, "best")
    return without_repetition(chosen, held)


def without_repetition(frame: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Attributes without those that say again, of a later day, what is valid already."""
    place = ["ticker", "kind"]
    newest = (
        held.sort("valid_from")
        .group_by(place)
        .agg(pl.col("value", "valid_from", "valid_to").last().name.suffix("_held"))
    )
    both = frame.join(newest, on=place, how="left")
    repeated = (
        (pl.col("value") == pl.col("value_held"))
        & (pl.col("valid_from") > pl.col("valid_from_held"))
        & pl.col("valid_to_held").is_null()
        & pl.col("valid_to").is_null()
    ).fill_null(False)
    return both.filter(~repeated).select(frame.columns)


def _rank(ranks: Mapping[str, int]) -> pl.Expr:
    return pl.col("source").replace_strict(dict(ranks), default=len(ranks), return_dtype=pl.Int64).alias(_RANK)
