"""What a publish would change: rows that are new, the same, different, or gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.lake import side, tables
from workbench.schemas import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

_OLD = "__old"
#: Columns of the side tables that say when and by whom a row was written.
_BOOKKEEPING = ("seen_at", "first_seen", "last_seen", "publish_id")


@dataclass(frozen=True)
class Changes:
    """Rows of a frame against the rows that stand in the lake.

    Attributes
    ----------
    inserted, revised : polars.DataFrame
        Rows to write, with the table's stored columns.
    before : polars.DataFrame
        The compared values that ``revised`` replaces, in the same order.
    deleted : polars.DataFrame
        Rows to remove, as they stand in the lake.
    unchanged : int
        Rows of the frame that the lake has already.
    """

    inserted: pl.DataFrame
    revised: pl.DataFrame
    before: pl.DataFrame
    deleted: pl.DataFrame
    unchanged: int

    @property
    def any(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inserted.height or self.revised.height or self.deleted.height)

    @property
    def rewrites(self) -> bool:
        """Whether rows that stand in the lake have to go."""
        return bool(self.revised.height or self.deleted.height)


def compared(table: Table) -> list[str]:
    """Columns in which a difference counts."""
    ignored = {*table.key, *tables.PROVENANCE}
    if table.name in tables.SIDE_TABLES:
        ignored.update(_BOOKKEEPING)
    return [name for name in table.columns if name not in ignored]


def join_key(table: Table) -> list[str]:
    """Key columns that differ within one slice."""
    return [name for name in table.key if not (name == "region" and table.by_region)] or list(table.key)


def classify(
    table: Table,
    frame: pl.DataFrame,
    existing: pl.DataFrame,
    replace: tuple[date, date] | None = None,
    within: Mapping[str, str] | None = None,
) -> Changes:
    """Compare a conformed frame with the rows of its slice; null equals null.

    Parameters
    ----------
    table : Table
        Declaration.
    frame : polars.DataFrame
        Conformed rows of one slice.
    existing : polars.DataFrame
        Rows of the lake that cover the keys of the frame, and all rows of ``replace``.
    replace : (date, date), optional
        Range, both days included, in which rows absent from the frame are to be deleted.
    within : mapping of str to str, optional
        Values of columns; only rows that have them are deleted.
    """
    nothing = existing.clear()
    if existing.is_empty():
        return Changes(frame, frame.clear(), nothing, nothing, 0)
    key, fields = join_key(table), compared(table)
    kept = [name for name in ("first_seen", side.SEEN.get(table.name, "")) if name in table.columns]
    old = existing.select(*key, *(pl.col(name).alias(name + _OLD) for name in (*fields, *kept)), pl.lit(1).alias(_OLD))
    joined = frame.join(old, on=key, how="left", maintain_order="left")
    there = pl.col(_OLD).is_not_null()
    differs = pl.any_horizontal(*(pl.col(name).ne_missing(pl.col(name + _OLD)) for name in fields), pl.lit(value=False))
    revised = joined.filter(there & differs)
    before = revised.select(pl.col(name + _OLD).alias(name) for name in fields)
    inserted = joined.filter(~there).select(frame.columns)
    return Changes(
        inserted=inserted,
        revised=_carry_over(table, revised).select(frame.columns),
        before=before,
        deleted=_deleted(table, frame, existing, replace, within or {}),
        unchanged=frame.height - inserted.height - revised.height,
    )


def _carry_over(table: Table, revised: pl.DataFrame) -> pl.DataFrame:
    """A row seen before keeps when it was first seen; its newer form is always the later one."""
    seen = side.SEEN.get(table.name)
    if seen is None:
        return revised
    later = pl.max_horizontal(pl.col(seen), pl.col(seen + _OLD) + pl.duration(microseconds=1))
    revised = revised.with_columns(later.alias(seen))
    if "first_seen" in table.columns:
        revised = revised.with_columns(pl.coalesce("first_seen" + _OLD, "first_seen").alias("first_seen"))
    return revised


def _deleted(
    table: Table,
    frame: pl.DataFrame,
    existing: pl.DataFrame,
    replace: tuple[date, date] | None,
    within: Mapping[str, str],
) -> pl.DataFrame:
    if replace is None or table.date_column is None:
        return existing.clear()
    inside = existing.filter(pl.col(table.date_column).is_between(*replace), **within)
    return inside.join(frame, on=join_key(table), how="anti")


def revision_rows(table: Table, changes: Changes, region: str, seen_at: datetime) -> pl.DataFrame:
    """One row of ``revisions`` for each changed field, and one with field ``*`` for each deleted row.

    Tables without regions stand under region ``--``; what has no ticker is named by the first key
    column, and a table without a date takes the day of ``seen_at``.
    """
    parts = []
    after = changes.revised
    labels = _labels(table, region, seen_at)
    for name in compared(table):
        differs = after.get_column(name).ne_missing(changes.before.get_column(name))
        if differs.any():
            values = after.filter(differs).select(*labels, pl.lit(name).alias("field"), _text(table, name).alias("new"))
            old = changes.before.filter(differs).select(_text(table, name).alias("old"))
            parts.append(values.with_columns(old.get_column("old")))
    if changes.deleted.height:
        whole = pl.struct(list(table.columns)).struct.json_encode()
        parts.append(
            changes.deleted.select(
                *labels, pl.lit("*").alias("field"), whole.alias("old"), pl.lit(None, pl.String()).alias("new")
            )
        )
    empty = TABLES["revisions"].empty()
    return pl.concat([empty, *parts], how="diagonal") if parts else empty


def _labels(table: Table, region: str, seen_at: datetime) -> Sequence[pl.Expr]:
    dates = [name for name in table.key if table.columns[name] == pl.Date()]
    day = table.date_column or (dates[0] if dates else None)
    names = [name for name in table.key if name != "region"]
    return (
        pl.lit(region).alias("region"),
        pl.col("ticker" if "ticker" in table.columns else names[0]).cast(pl.String).alias("ticker"),
        (pl.col(day) if day else pl.lit(seen_at.date())).alias("date"),
        pl.lit(seen_at).cast(pl.Datetime("us", "UTC")).alias("seen_at"),
        pl.lit(table.name).alias("table"),
        pl.struct(list(table.key)).struct.json_encode().alias("row_key"),
    )


def _text(table: Table, name: str) -> pl.Expr:
    if isinstance(table.columns[name], pl.List):
        return pl.col(name).cast(pl.List(pl.String())).list.join(",")
    return pl.col(name).cast(pl.String)
