"""The versions of the tables, as their logs tell them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.lake import delta, tables
from workbench.schemas import INSTANT

if TYPE_CHECKING:
    from workbench.lake.store import Lake
    from workbench.schemas import Table

_COUNTS = ("inserted", "unchanged", "revised", "deleted")
_SCHEMA: dict[str, pl.DataType] = {
    "table": pl.String(),
    "version": pl.Int64(),
    "timestamp": INSTANT,
    "operation": pl.String(),
    "region": pl.String(),
    **dict.fromkeys(_COUNTS, pl.Int64()),
    "publish_id": pl.String(),
    "run": pl.String(),
}


def versions(lake: Lake, table: str | Table | None = None) -> pl.DataFrame:
    """Every version of a table or of all, up to the ones this lake reads, newest first.

    Returns
    -------
    polars.DataFrame
        Columns table, version, timestamp (UTC), operation (publish, side rows, rollback, compact, purge,
        or what Delta calls it), region, inserted, unchanged, revised, deleted (rows; null where they do
        not apply), publish_id, run.
    """
    wanted = None if table is None else tables.resolve(lake.root, table).name
    rows = [
        _row(name, entry)
        for name, version in lake.tables().items()
        if wanted in (None, name)
        for entry in delta.at_version(lake.root / name, version).history()
    ]
    return pl.DataFrame(rows, schema=_SCHEMA).sort("timestamp", "table", "version", descending=[True, False, True])


def _row(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    counts = {count: entry.get(count) for count in _COUNTS}
    return {
        "table": name,
        "version": entry["version"],
        "timestamp": datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        "operation": entry.get("action") or str(entry["operation"]).lower(),
        "region": entry.get("region") or None,
        **counts,
        "publish_id": entry.get("publish_id"),
        "run": entry.get("run") or None,
    }
