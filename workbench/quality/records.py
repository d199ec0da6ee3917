"""Rows for the quarantine table, and the split of rows that a table cannot take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.quality.rows import undeclared
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from datetime import datetime


def quarantine_records(
    quarantined: pl.DataFrame,
    *,
    table: str,
    region: str,
    source: str,
    seen_at: datetime,
    received: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Quarantined rows in the columns of the lake's quarantine table.

    Parameters
    ----------
    quarantined : polars.DataFrame
        ``ticker``, ``date``, ``reasons`` and the row's other columns.
    table, region, source : str
        Table the rows were meant for, region they belong to, provider they came from.
    seen_at : datetime
        UTC instant at which they were received.
    received : polars.DataFrame, optional
        The same rows, in the same order, as the source wrote them; by default the columns of
        ``quarantined`` other than ``reasons``.

    Returns
    -------
    polars.DataFrame
        ``row`` holds the row as received, as JSON.
    """
    columns = TABLES["quarantine"].columns
    if quarantined.is_empty():
        return TABLES["quarantine"].empty()
    rows = quarantined.drop("reasons") if received is None else received
    # Absent values are left out of the JSON by nobody: a null is part of what was received.
    as_json = rows.select(row=pl.struct(pl.all()).struct.json_encode())["row"]
    return quarantined.select(
        region=pl.lit(region),
        ticker=pl.col("ticker"),
        date=pl.col("date"),
        seen_at=pl.lit(seen_at).cast(columns["seen_at"]),
        table=pl.lit(table),
        row=as_json,
        reasons=pl.col("reasons"),
        source=pl.lit(source),
        publish_id=pl.lit(None, dtype=pl.String),
    ).unique(["table", "ticker", "date", "row"], keep="first", maintain_order=True)


def split_incomplete(frame: pl.DataFrame, table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows of a table other than ``ohlcv`` into those it can take and those it cannot.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of the table.
    table : str
        Its name.

    Returns
    -------
    good, quarantined : polars.DataFrame
        ``quarantined`` has ``reasons``: ``missing_value`` for a null, NaN or infinity in a key or required
        column, ``unknown_value`` for a word that the table does not declare, ``duplicate_conflict`` for a
        key that stands there with different values. Identical repetitions are kept once.
    """
    declared = TABLES[table]
    needed = [name for name in (*declared.key, *declared.required) if name in frame.columns]
    reals = [name for name, kind in declared.columns.items() if kind == pl.Float64 and name in frame.columns]
    numbers = [pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in reals]
    single = frame.with_columns(numbers).unique(maintain_order=True)
    reason = (
        pl.when(pl.any_horizontal(pl.col(name).is_null() for name in needed))
        .then(pl.lit("missing_value"))
        .when(undeclared(declared, frame.columns).is_not_null())
        .then(pl.lit("unknown_value"))
        .when(pl.struct(declared.key).is_duplicated())
        .then(pl.lit("duplicate_conflict"))
    )
    judged = single.with_columns(reasons=reason)
    bad = pl.col("reasons").is_not_null()
    return judged.filter(~bad).drop("reasons"), judged.filter(bad)
