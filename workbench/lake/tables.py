"""Which tables a lake has: the declared ones, and those found in its folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import LakeError
from workbench.lake import delta
from workbench.schemas import TABLES, Table

if TYPE_CHECKING:
    from pathlib import Path

    from deltalake import DeltaTable

#: Folder whose sub-folders are tables of their own, one a factor set.
FACTOR_SCORES = "factor_scores"
#: Tables written beside a main table: their rows show only once that publish has committed.
SIDE_TABLES = ("revisions", "quarantine", "gaps")
#: Stands for "no region" in locks, publish ids and revisions of tables such as ``fx``.
NO_REGION = "--"
#: Columns that say how a row came, not what it says: ignored when rows are compared.
PROVENANCE = ("collected_at", "source")


def exists(root: Path, name: str) -> bool:
    """Whether the table has been created in this lake.

    A log without a commit, left by a process that died while creating the table, is no table yet.
    """
    return delta.current_version(root / name) is not None


def names(root: Path) -> list[str]:
    """Names of the tables that exist below ``root``, main tables first, side tables last."""
    declared = [name for name in TABLES if name not in SIDE_TABLES]
    sets = root / FACTOR_SCORES
    dynamic = [f"{FACTOR_SCORES}/{folder.name}" for folder in sorted(sets.iterdir())] if sets.is_dir() else []
    return [name for name in (*declared, *dynamic, *SIDE_TABLES) if exists(root, name)]


def resolve(root: Path, table: str | Table) -> Table:
    """The declaration of a table, by name or as it is.

    Raises
    ------
    LakeError
        If the name is neither declared nor a folder of this lake; the message names the known ones.
    """
    if isinstance(table, Table):
        return table
    if table in TABLES:
        return TABLES[table]
    if table.startswith(f"{FACTOR_SCORES}/") and exists(root, table):
        return _from_disk(root, table)
    known = sorted({*TABLES, *names(root)})
    raise LakeError(f"The lake has no table {table!r}.", hint=f"Use one of {', '.join(known)}.", table=table)


def stored_columns(table: Table) -> dict[str, pl.DataType]:
    """Columns on disk: the declared ones and the derived partition column ``year``."""
    derived: dict[str, pl.DataType] = {"year": pl.Int32()} if "year" in table.partition else {}
    return {**table.columns, **derived}


def column_types(handle: DeltaTable) -> dict[str, pl.DataType]:
    """Polars types of the columns of a Delta table, in order."""
    import pyarrow as pa

    frame = pl.DataFrame(pa.schema(handle.schema().to_arrow()).empty_table())
    return dict(frame.schema)


def _from_disk(root: Path, name: str) -> Table:
    from workbench.lake import delta

    handle = delta.current(root / name)
    types = column_types(handle)
    types.pop("year", None)
    key = ("region", "ticker", "date")
    return Table(name, types, key=key, partition=("region", "year"), date_column="date", keeps_revisions=False)
