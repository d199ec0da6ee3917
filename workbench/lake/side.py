"""What may be seen of the side tables: rows of committed publishes, the latest of each key.

Side rows are appended before the main table's commit, with the id of the publish they belong to:
``table/region/000000012``. The main commit then raises the number of its (table, region) in Delta's
application transactions. A row whose number is above that one belongs to a publish that is under way
or that died, and is not shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.lake import delta, reading, tables
from workbench.schemas import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deltalake import DeltaTable

    from workbench.lake.store import Lake

#: The column of each side table that grows with every newer row of one key.
SEEN = {"revisions": "seen_at", "quarantine": "seen_at", "gaps": "last_seen"}
#: Digits of the number at the end of a publish id.
DIGITS = 9
_SCHEMA = {"table": pl.String(), "region": pl.String(), "n": pl.Int64()}


def application(region: str) -> str:
    """Name of the Delta application transaction that counts the publishes of a region."""
    return f"publish/{region}"


def publish_id(table: str, region: str, number: int) -> str:
    """``table/region/number``, the number padded so that ids of one slice sort by it."""
    return f"{table}/{region}/{number:0{DIGITS}d}"


def last_number(handle: DeltaTable | None, region: str) -> int:
    """Number of the last committed publish of a region, 0 where there was none."""
    return (handle.transaction_version(application(region)) or 0) if handle is not None else 0


def committed(lake: Lake) -> pl.DataFrame:
    """Columns ``table``, ``region``, ``n`` for every table and region with a committed publish."""
    return committed_at(lake.root, lake.tables())


def committed_at(root: Path, versions: Mapping[str, int]) -> pl.DataFrame:
    """The same for given versions."""
    rows = []
    for name, version in versions.items():
        handle = delta.at_version(root / name, version)
        for region in (*settings.REGIONS, tables.NO_REGION):
            number = last_number(handle, region)
            if number:
                rows.append((name, region, number))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def committed_live(root: Path) -> pl.DataFrame:
    """The same for the newest versions."""
    found = {name: delta.current_version(root / name) for name in tables.names(root)}
    return committed_at(root, {name: version for name, version in found.items() if version is not None})


def is_committed(commits: pl.DataFrame) -> pl.Expr:
    """True for rows whose publish has committed."""
    limits = {f"{table}/{region}": number for table, region, number in commits.iter_rows()}
    owner = pl.col("publish_id").str.head(-DIGITS - 1)
    number = pl.col("publish_id").str.tail(DIGITS).cast(pl.Int64)
    return number <= owner.replace_strict(limits, default=-1, return_dtype=pl.Int64)


def visible(table: Table, rows: pl.LazyFrame, commits: pl.DataFrame) -> pl.LazyFrame:
    """Rows of a side table that a reader may see, one a key; a gap that was closed is not there."""
    rows = newest(table, rows, commits)
    return rows.filter(pl.col("end") >= pl.col("start")) if table.name == "gaps" else rows


def newest(table: Table, rows: pl.LazyFrame, commits: pl.DataFrame) -> pl.LazyFrame:
    """The committed row of each key that was written last, closed gaps among them."""
    number = pl.col("publish_id").str.tail(DIGITS)
    return (
        rows.filter(is_committed(commits))
        .sort(SEEN[table.name], number)
        .unique(subset=list(table.key), keep="last", maintain_order=True)
    )


def select_sql(name: str, source: str, commits: pl.DataFrame) -> str:
    """The same as DuckDB SQL: a SELECT over ``source``, an expression that holds all rows on disk."""
    table = TABLES[name]
    columns = ", ".join(f'side."{column}"' for column in table.columns)
    if commits.is_empty():
        return f"SELECT {columns} FROM {source} AS side WHERE false"
    limits = ", ".join(
        f"({reading.quoted(f'{owner}/{region}')}, {number})" for owner, region, number in commits.iter_rows()
    )
    key = ", ".join(f'side."{column}"' for column in table.key)
    number = f"right(side.publish_id, {DIGITS})::BIGINT"
    still_open = ' AND side."end" >= side."start"' if name == "gaps" else ""
    return (
        f"SELECT {columns} FROM {source} AS side "
        f"JOIN (VALUES {limits}) AS done(slice, n) "
        f"ON left(side.publish_id, -{DIGITS + 1}) = done.slice AND {number} <= done.n "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY side.{SEEN[name]} DESC, {number} DESC) = 1{still_open}"
    )
