"""Rows of one version of a table, read from its file list alone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.errors import LakeError
from workbench.lake import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deltalake import DeltaTable

    from workbench.lake.store import Lake
    from workbench.schemas import Table

#: Above this many tickers the list is cheaper to apply after reading than inside the scan.
MOST_TICKERS_PUSHED = 5_000


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def predicate(
    table: Table,
    region: str | None = None,
    start: date | None = None,
    end: date | None = None,
    tickers: Sequence[str] | None = None,
) -> str | None:
    """SQL condition of a slice in the columns of the table, None for all of it."""
    parts: list[str] = []
    if region is not None and "region" in table.columns:
        parts.append(f"region = {quoted(region)}")
    column = table.date_column
    if column is not None and (start is not None or end is not None):
        yearly = "year" in table.partition
        if start is not None:
            parts.append(f"{column} >= DATE '{start.isoformat()}'")
            if yearly:
                parts.append(f"year >= {start.year}")
        if end is not None:
            parts.append(f"{column} <= DATE '{end.isoformat()}'")
            if yearly:
                parts.append(f"year <= {end.year}")
    if tickers and "ticker" in table.columns:
        parts.append(f"ticker >= {quoted(min(tickers))} AND ticker <= {quoted(max(tickers))}")
    return " AND ".join(parts) or None


def file_list(handle: DeltaTable, condition: str | None = None) -> list[str]:
    """Local paths of the files that may hold rows of the slice."""
    return handle.file_uris(file_pruning_predicate=condition) if condition else handle.file_uris()


def scan(table: Table, files: Iterable[str]) -> pl.LazyFrame:
    """A lazy frame over Parquet files of the table, partition columns included.

    A file from before a column was added shows it as null.
    """
    paths = list(files)
    columns = tables.stored_columns(table)
    if not paths:
        return pl.LazyFrame(schema=columns)
    partition = {name: columns[name] for name in table.partition}
    return pl.scan_parquet(
        paths,
        schema=columns,
        hive_partitioning=bool(partition),
        hive_schema=partition or None,
        glob=False,
        missing_columns="insert",
        extra_columns="ignore",
        cache=False,
    ).select(list(columns))


def rows(
    table: Table,
    handle: DeltaTable,
    region: str | None = None,
    start: date | None = None,
    end: date | None = None,
    tickers: Sequence[str] | None = None,
) -> pl.LazyFrame:
    """The rows of a slice, unsorted, with the partition column ``year`` where there is one."""
    frame = scan(table, file_list(handle, predicate(table, region, start, end, tickers)))
    if region is not None and "region" in table.columns:
        frame = frame.filter(pl.col("region") == region)
    if table.date_column is not None:
        day = pl.col(table.date_column)
        if start is not None:
            frame = frame.filter(day >= start)
        if end is not None:
            frame = frame.filter(day <= end)
    if tickers is not None and "ticker" in table.columns and len(tickers) <= MOST_TICKERS_PUSHED:
        frame = frame.filter(pl.col("ticker").is_in(list(tickers)))
    elif tickers is not None and "ticker" in table.columns:
        frame = frame.join(pl.LazyFrame({"ticker": sorted(set(tickers))}), on="ticker", how="semi")
    return frame


def read(
    lake: Lake,
    table: str | Table,
    *,
    region: str | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    tickers: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Rows of a slice as the lake shows them, sorted by key; see ``Lake.read``.

    Raises
    ------
    LakeError
        If the table, the region or a column is unknown; the message names the known ones.
    """
    from workbench.lake import delta, side

    declared = tables.resolve(lake.root, table)
    if region is not None and region not in (*settings.REGIONS, tables.NO_REGION):
        raise LakeError(f"There is no region {region!r}.", hint=f"Use one of {', '.join(settings.REGIONS)}.")
    if isinstance(tickers, str):
        # Its characters would be taken for codes, and nothing would be found.
        tickers = [tickers]
    unknown = [name for name in columns or () if name not in declared.columns]
    if unknown:
        raise LakeError(
            f"The table {declared.name!r} has no column {unknown[0]!r}.",
            hint=f"Use one of {', '.join(declared.columns)}.",
        )
    wanted = list(columns or declared.columns)
    if lake.altered is not None:
        return _read_altered(lake, declared, region, _day(start), _day(end), tickers).select(wanted)
    is_side = declared.name in tables.SIDE_TABLES
    # A side table shows only what its main tables have committed, so it needs one moment of them all.
    versions = lake.tables() if is_side else {}
    version = versions.get(declared.name) if is_side else lake.version(declared)
    if version is None:
        return declared.empty().select(wanted)
    handle = delta.at_version(lake.root / declared.name, version)
    frame = rows(declared, handle, region, _day(start), _day(end), tickers)
    if is_side:
        frame = side.visible(declared, frame, side.committed_at(lake.root, versions))
    return frame.sort(declared.key).select(wanted).collect()


def _read_altered(
    lake: Lake, table: Table, region: str | None, start: date | None, end: date | None, tickers: Sequence[str] | None
) -> pl.DataFrame:
    """The same of a lake as it might have been, which has no files of its own."""
    from workbench.lake import sql, views

    condition = predicate(table, region, start, end, tickers)
    text = f"SELECT * FROM {views.identifier(table.name)}" + (f" WHERE {condition}" if condition else "")
    frame = sql.query(lake, text).select(pl.col(name).cast(kind) for name, kind in table.columns.items())
    if tickers is not None and "ticker" in table.columns:
        frame = frame.filter(pl.col("ticker").is_in(list(tickers)))
    return frame.sort(table.key)


def _day(value: date | str | None) -> date | None:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise LakeError(f"{value!r} is not a date.", hint="Write it as 2024-06-28.") from error
