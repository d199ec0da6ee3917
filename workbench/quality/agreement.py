"""How far two providers agree on the same bars: what a change of source is decided by, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.quality.catalogue import JUMP_REACH_DAYS
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.lake import Lake

#: Sessions on which two providers must agree before a ticker changes its source.
OVERLAP = 5
#: Closes that differ by less (as a fraction) are the same close: feeds differ in which auction they report.
CLOSE_TOLERANCE = 0.005
#: Prices may be rounded to hundredths; on a low price this counts up to the fraction beside it.
ROUNDING, ROUNDING_MOST = 0.0051, 0.03
#: Part of the sessions that may differ all the same: single bad prints.
MOST_DIFFERING = 0.1
#: Volumes differ by venue; beyond this factor (in the median) they are in other units, such as lots.
VOLUME_FACTOR = 20.0
#: A close this many times the one before, or this part of it, where the source changes: a split of 2 to 1 and
#: more that nobody announced looks like this, and so does a price wrong by 100.
SEAM = 1.8

_KEY = ["ticker", "date"]


def compare(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Bars of the same ticker and day from two providers, side by side.

    Parameters
    ----------
    ours, theirs : polars.DataFrame
        ticker, date, close, volume, adjusted, source. Only rows with a positive close on both sides and of
        one kind of adjustment are compared.

    Returns
    -------
    polars.DataFrame
        ticker, date, provider_a, provider_b (in alphabetical order), difference (of the closes, as a
        fraction of ours), differing (bool), volume_ratio (theirs / ours, null without both).
    """
    columns = ("close", "volume", "adjusted", "source")
    both = ours.select(*_KEY, *columns).join(
        theirs.select(*_KEY, *(pl.col(name).alias(f"{name}_b") for name in columns)), on=_KEY
    )
    usable = (pl.col("close") > 0) & (pl.col("close_b") > 0) & (pl.col("adjusted") == pl.col("adjusted_b"))
    difference = (pl.col("close_b") / pl.col("close") - 1.0).abs()
    rounding = (pl.lit(ROUNDING) / pl.min_horizontal("close", "close_b")).clip(upper_bound=ROUNDING_MOST)
    traded = (pl.col("volume") > 0) & (pl.col("volume_b") > 0)
    return (
        both.filter(usable.fill_null(False) & pl.col("close").is_finite() & pl.col("close_b").is_finite())
        .unique(_KEY, keep="first", maintain_order=True)
        .select(
            *_KEY,
            provider_a=pl.min_horizontal("source", "source_b"),
            provider_b=pl.max_horizontal("source", "source_b"),
            difference=difference,
            differing=difference > pl.max_horizontal(pl.lit(CLOSE_TOLERANCE), rounding),
            volume_ratio=pl.when(traded).then(pl.col("volume_b") / pl.col("volume")),
        )
    )


def verdicts(compared: pl.DataFrame) -> pl.DataFrame:
    """Whether two providers agree on a ticker, from all that was compared.

    Returns
    -------
    polars.DataFrame
        ticker, common, differing (sessions), largest (difference, as a fraction), agrees (at least
        :data:`OVERLAP` sessions agree, at most :data:`MOST_DIFFERING` of them differ, and volumes are in one
        unit), enough (at least :data:`OVERLAP` sessions were compared), other_volume (bool).
    """
    ratio = pl.col("volume_ratio").median()
    other = ((ratio > VOLUME_FACTOR) | (ratio < 1.0 / VOLUME_FACTOR)).fill_null(False)
    return (
        compared.group_by("ticker", maintain_order=True)
        .agg(
            common=pl.len().cast(pl.Int64),
            differing=pl.col("differing").sum().cast(pl.Int64),
            largest=pl.col("difference").max(),
            other_volume=other,
        )
        .with_columns(
            agrees=(pl.col("common") - pl.col("differing") >= OVERLAP)
            & (pl.col("differing") <= MOST_DIFFERING * pl.col("common"))
            & ~pl.col("other_volume"),
            enough=pl.col("common") >= OVERLAP,
        )
    )


def seams(ours: pl.DataFrame, new: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Moves between neighbouring bars, one of which is new, that are too large to change a source on.

    Parameters
    ----------
    ours, new : polars.DataFrame
        ticker, date, close: bars that stand, and those of another source beside them.
    actions : polars.DataFrame
        ticker, ex_date: an action between two bars explains their move.

    Returns
    -------
    polars.DataFrame
        ticker, date, close, before (the close before), of the first such move of each ticker.
    """
    columns = [*_KEY, "close"]
    marked = pl.concat(
        [
            ours.select(columns).join(new, on=_KEY, how="anti").with_columns(new=pl.lit(value=False)),
            new.select(columns).with_columns(new=pl.lit(value=True)),
        ]
    ).sort(_KEY)
    moves = marked.with_columns(
        before=pl.col("close").shift(1).over("ticker"),
        last=pl.col("date").shift(1).over("ticker"),
        beside=pl.col("new") | pl.col("new").shift(1).over("ticker"),
    )
    ratio = pl.col("close") / pl.col("before")
    near = (pl.col("date") - pl.col("last")).dt.total_days() <= JUMP_REACH_DAYS
    large = moves.filter((pl.col("beside") & near & ((ratio >= SEAM) | (ratio <= 1.0 / SEAM))).fill_null(False))
    between = (pl.col("ex_date") > pl.col("last")) & (pl.col("ex_date") <= pl.col("date"))
    explained = large.join(actions.select("ticker", "ex_date"), on="ticker").filter(between)
    return (
        large.join(explained, on=_KEY, how="anti")
        .unique("ticker", keep="first", maintain_order=True)
        .select(*columns, "before")
    )


def agreement_rows(compared: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows of the table ``agreement``: counts and largest difference of each pair and day."""
    return (
        compared.unique([*_KEY, "provider_a", "provider_b"], keep="last", maintain_order=True)
        .group_by("provider_a", "provider_b", "date")
        .agg(
            rows=pl.len().cast(pl.Int64),
            differing=pl.col("differing").sum().cast(pl.Int64),
            largest_difference=pl.col("difference").max(),
        )
        .with_columns(region=pl.lit(region))
        .select(list(TABLES["agreement"].columns))
    )


def with_known(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``agreement`` that never say less than what is known of the same pair and day.

    The same bars may be compared again and again, so that counts cannot be added up.
    """
    key = list(TABLES["agreement"].key)
    figures = ("rows", "differing", "largest_difference")
    both = rows.join(known.select(*key, *figures), on=key, how="left", suffix="_known")
    return both.with_columns(pl.max_horizontal(name, f"{name}_known").alias(name) for name in figures).select(
        list(TABLES["agreement"].columns)
    )


def summary(lake: Lake, region: str) -> pl.DataFrame:
    """How far providers agreed in one region.

    Returns
    -------
    polars.DataFrame
        provider_a, provider_b, rows (bars that were compared), differing, share (of rows), largest_difference
        (as a fraction of the close), first, last (days).
    """
    return (
        lake.read("agreement", region)
        .group_by("provider_a", "provider_b")
        .agg(
            rows=pl.col("rows").sum(),
            differing=pl.col("differing").sum(),
            share=pl.col("differing").sum() / pl.col("rows").sum(),
            largest_difference=pl.col("largest_difference").max(),
            first=pl.col("date").min(),
            last=pl.col("date").max(),
        )
        .sort("provider_a", "provider_b")
    )
