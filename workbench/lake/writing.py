"""One commit on one Delta table: append sorted rows, or rewrite the smallest range that holds them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.errors import LakeError
from workbench.lake import delta, locks, reading, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

    from deltalake import CommitProperties, DeltaTable

    from workbench.schemas import Table


def open_table(root: Path, table: Table) -> DeltaTable:
    """A fresh handle to read from and write on; the table is created, or given a new column, if need be.

    Raises
    ------
    LakeError
        If the table on disk has other columns than the declaration.
    """
    folder = root / table.name
    wanted = tables.stored_columns(table)
    if not tables.exists(root, table.name):
        with locks.held(root, table.name, "create"):
            delta.create(folder, pl.DataFrame(schema=wanted), table.partition)
    handle = delta.writing_handle(folder)
    found = tables.column_types(handle)
    if found == wanted:
        return handle
    foreign = [name for name, kind in found.items() if wanted.get(name, kind) != kind or name not in wanted]
    if foreign:
        raise LakeError(
            f"The table {table.name!r} on disk has {foreign[0]!r} as {found[foreign[0]]}, unlike its declaration.",
            hint="Publish under another table name, or import the data into a new lake.",
        )
    with locks.held(root, table.name, "create"):
        _add_columns(folder, wanted)
    return delta.writing_handle(folder)


def _add_columns(folder: Path, wanted: Mapping[str, pl.DataType]) -> None:
    from deltalake import Schema

    handle = delta.writing_handle(folder)
    found = tables.column_types(handle)
    missing = {name: kind for name, kind in wanted.items() if name not in found}
    if missing:
        fields = Schema.from_arrow(pl.DataFrame(schema=missing).to_arrow().schema).fields
        handle.alter.add_columns(fields)


#: Rows from which an append is handed over year by year.
_MANY = 1_000_000


@dataclass(frozen=True)
class Scope:
    """A range of rows that one overwrite replaces.

    Attributes
    ----------
    partition : str or None
        Name of the outer partition column.
    values : tuple of str
        Its values in the range.
    years : tuple of int or None
        Years in the range, for tables that are partitioned by year.
    days : (date, date) or None
        Bounds of the date column, both included; None where whole partitions are replaced.
    """

    partition: str | None
    values: tuple[str, ...]
    years: tuple[int, ...] | None = None
    days: tuple[date, date] | None = None

    def sql(self, table: Table) -> str | None:
        """The range as a Delta predicate, None for the whole table."""
        parts = []
        if self.partition is not None:
            parts.append(f"{self.partition} IN ({', '.join(reading.quoted(value) for value in self.values)})")
        if self.years is not None:
            parts.append(f"year IN ({', '.join(map(str, self.years))})")
        if self.days is not None:
            first, last = (day.isoformat() for day in self.days)
            parts.append(f"{table.date_column} >= DATE '{first}' AND {table.date_column} <= DATE '{last}'")
        return " AND ".join(parts) or None

    def chunks(self) -> Iterator[Scope]:
        """The range in pieces of one folder each, so that a rewrite holds one of them in memory."""
        for value in self.values or ("",):
            for year in self.years or (None,):
                years = None if year is None else (year,)
                yield Scope(self.partition, (value,) if self.partition else (), years, self.days)

    def expression(self, table: Table) -> pl.Expr:
        """The range as a polars condition on stored columns."""
        rule = pl.lit(value=True)
        if self.partition is not None:
            rule = rule & pl.col(self.partition).is_in(list(self.values))
        if self.years is not None:
            rule = rule & pl.col("year").is_in(list(self.years))
        if self.days is not None and table.date_column is not None:
            rule = rule & pl.col(table.date_column).is_between(*self.days)
        return rule

    def rows(self, table: Table, handle: DeltaTable) -> pl.LazyFrame:
        """Rows of the range on disk."""
        return reading.scan(table, reading.file_list(handle, self.sql(table))).filter(self.expression(table))


def scope_of(table: Table, handle: DeltaTable, touched: pl.DataFrame) -> Scope:
    """The smallest range that holds the touched rows and cuts no file in two.

    Days are bounds where the files that hold them are few, such as those of the last daily appends.
    Where a large file would be cut, the whole partition is replaced: that costs the same and keeps its
    rows sorted.
    """
    outer = table.partition[0] if table.partition else None
    values = tuple(touched.get_column(outer).unique().sort()) if outer else ()
    yearly = "year" in table.partition
    years = tuple(touched.get_column("year").unique().sort()) if yearly else None
    whole = Scope(outer, values, years)
    column = table.date_column
    if column is None or (years is not None and len(years) > 1):
        return whole
    files = pl.DataFrame(handle.get_add_actions(flatten=True))
    if outer:
        files = files.filter(pl.col(f"partition.{outer}").is_in(list(values)))
    if years is not None:
        files = files.filter(pl.col("partition.year").cast(pl.Int64) == years[0])
    low, high = f"min.{column}", f"max.{column}"
    if low not in files.columns or files.select(pl.col(low, high).is_null().any()).row(0) != (False, False):
        return whole
    days: list[date] = touched.get_column(column).sort().to_list()
    first, last = days[0], days[-1]
    while True:
        hit = files.filter((pl.col(low) <= last) & (pl.col(high) >= first))
        if hit.height == files.height:
            return whole
        wider = min([first, *hit.get_column(low)]), max([last, *hit.get_column(high)])
        if wider == (first, last):
            return Scope(outer, values, years, wider)
        first, last = wider


def append(handle: DeltaTable, frame: pl.DataFrame, properties: CommitProperties) -> None:
    """Add rows as one new file a partition; an empty frame makes a commit without files.

    Many rows are handed over year by year: the writer would deal all of them out to their partitions first,
    which takes their memory a second time.
    """
    if frame.height < _MANY or "year" not in frame.columns:
        _write(handle, frame.rechunk(), "append", None, properties)
        return
    import pyarrow as pa

    years = frame.get_column("year").unique().sort()
    batches = (batch for year in years for batch in _batch(frame.filter(pl.col("year") == year)))
    _write(
        handle, pa.RecordBatchReader.from_batches(frame.head(0).to_arrow().schema, batches), "append", None, properties
    )


def rewrite(
    table: Table,
    handle: DeltaTable,
    scope: Scope,
    content: Callable[[Scope, pl.LazyFrame], pl.DataFrame],
    properties: CommitProperties,
    source: DeltaTable | None = None,
) -> None:
    """Replace a range by what ``content`` makes of each of its chunks, in one commit.

    ``content`` is handed a chunk and its rows in ``source``, by default those of ``handle`` itself. It
    runs while the commit is written and must not touch a Delta table: that ends in a panic.

    It must be the handle that the rows were read from: a commit that landed since makes this one fail
    instead of losing the other's rows.
    """
    import pyarrow as pa

    empty = pl.DataFrame(schema=tables.stored_columns(table)).to_arrow()
    chunks = [(chunk, chunk.rows(table, source or handle)) for chunk in scope.chunks()]
    batches = (batch for chunk, rows in chunks for batch in _batch(content(chunk, rows)))
    reader = pa.RecordBatchReader.from_batches(empty.schema, batches)
    _write(handle, reader, "overwrite", scope.sql(table), properties)


def _batch(frame: pl.DataFrame) -> list[Any]:
    """The rows as one record batch: the writer deals several out in turn, which would undo the sorting."""
    return list(frame.rechunk().to_arrow().combine_chunks().to_batches())


def _measured(handle: DeltaTable) -> list[str]:
    """Columns of single precision: scores, of which hardly two are equal."""
    return [name for name, kind in tables.column_types(handle).items() if kind == pl.Float32()]


def _write(handle: DeltaTable, data: Any, mode: Any, predicate: str | None, properties: CommitProperties) -> None:
    from deltalake import PostCommitHookProperties, write_deltalake

    write_deltalake(
        handle,
        data,
        mode=mode,
        predicate=predicate,
        writer_properties=delta.writer_properties(_measured(handle)),
        commit_properties=properties,
        post_commithook_properties=PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False),
    )


def properties(action: str, region: str, number: int | None = None, **counts: Any) -> CommitProperties:
    """What a commit says about itself, and the number of the publish where it is one."""
    from deltalake import CommitProperties, Transaction

    from workbench.lake import side

    run = os.environ.get("WORKBENCH_RUN_DIR")
    metadata = {"action": action, "region": region, "run": Path(run).name if run else "", **counts}
    transactions = [Transaction(app_id=side.application(region), version=number)] if number is not None else None
    return CommitProperties(custom_metadata=metadata, app_transactions=transactions)
