"""Upkeep: small files merged into sorted ones, and files that no kept version needs deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.errors import LakeError
from workbench.lake import delta, locks, side, tables, writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from deltalake import DeltaTable

    from workbench.lake.snapshots import Snapshot
    from workbench.lake.store import Lake
    from workbench.schemas import Table

#: A partition of several files is left alone when they are this large: the writer splits there.
LARGE_FILE = 64 * 1024 * 1024


def compact(lake: Lake) -> dict[str, int]:
    """Merge the files of each partition into one, sorted by key; no row changes.

    Side tables lose the superseded forms of their rows. Writers of the same region wait meanwhile.

    Returns
    -------
    dict of str to int
        Rewritten partitions of each table that had any.
    """
    done = {}
    for name in tables.names(lake.root):
        table = tables.resolve(lake.root, name)
        regions = settings.REGIONS if table.by_region else (tables.NO_REGION,)
        count = sum(_compact_slice(lake.root, table, region) for region in regions)
        if count:
            done[name] = count
    return done


def _compact_slice(root: Path, table: Table, region: str) -> int:
    from deltalake.exceptions import CommitFailedError

    with locks.held(root, table.name, region):
        while True:
            try:
                handle = writing.open_table(root, table)
                scopes = _fragmented(table, handle, region)
                for scope in scopes:
                    _rewrite_sorted(root, table, scope, region)
                return len(scopes)
            except CommitFailedError:
                continue


def _fragmented(table: Table, handle: DeltaTable, region: str) -> list[writing.Scope]:
    """Partitions of the slice that hold several small files."""
    files = pl.DataFrame(handle.get_add_actions(flatten=True))
    if files.is_empty():
        return []
    columns = [f"partition.{name}" for name in table.partition]
    if table.by_region:
        files = files.filter(pl.col("partition.region") == region)
    small = (pl.col("size_bytes") < LARGE_FILE).sum() > 1
    if not columns:
        return [writing.Scope(None, ())] if files.select(small).item() else []
    scopes = []
    for values in files.group_by(columns).agg(small.alias("small")).filter(pl.col("small")).sort(columns).iter_rows():
        years = (int(values[1]),) if "year" in table.partition else None
        scopes.append(writing.Scope(table.partition[0], (values[0],), years))
    return scopes


def _rewrite_sorted(root: Path, table: Table, scope: writing.Scope, region: str) -> None:
    handle = delta.writing_handle(root / table.name)
    commits = side.committed_live(root) if table.name in tables.SIDE_TABLES else None

    def content(_: writing.Scope, rows: pl.LazyFrame) -> pl.DataFrame:
        if commits is not None:
            shown = side.is_committed(commits)
            rows = pl.concat([side.newest(table, rows, commits), rows.filter(~shown)])
        return rows.sort(table.key).collect()

    writing.rewrite(table, handle, scope, content, writing.properties("compact", region))


def vacuum(lake: Lake, keep: Sequence[Snapshot], *, retention_hours: float) -> list[Path]:
    """Delete data files that no protected version refers to.

    Protected are the newest version, the versions of every kept snapshot, and each version that was
    the newest one within the retention; files younger than the retention stay in any case, since a
    writer may be about to commit them.

    Parameters
    ----------
    lake : Lake
        The lake.
    keep : sequence of Snapshot
        Moments that must stay readable, such as those of the kept runs' cards.
    retention_hours : float
        Age, in hours, below which nothing is deleted.

    Returns
    -------
    list of Path
        The deleted files.

    Raises
    ------
    LakeError
        If the retention is negative, or a kept snapshot cannot be read any more.
    """
    if retention_hours < 0:
        raise LakeError(f"retention_hours={retention_hours} is negative.", hint="Pass 0 or more hours.")
    deleted: list[Path] = []
    for name in tables.names(lake.root):
        kept = [snapshot.versions[name] for snapshot in keep if name in snapshot.versions]
        deleted += _vacuum_table(lake.root / name, kept, retention_hours * 3600)
    delta.forget_handles()
    return deleted


def _vacuum_table(folder: Path, kept: Iterable[int], seconds: float) -> list[Path]:
    import time

    cutoff = time.time() - seconds
    newest = delta.current(folder)
    versions = {newest.version(), *kept, *_current_since(newest, cutoff)}
    needed = {path for version in versions for path in _files(folder, version, required=version in set(kept))}
    # The folder is listed only to find what to delete: reading goes by the log.
    gone = [
        path
        for path in folder.rglob("*.parquet")
        if "_delta_log" not in path.parts and str(path) not in needed and path.stat().st_mtime < cutoff
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _current_since(handle: DeltaTable, cutoff: float) -> list[int]:
    """Versions that were the newest one at some time after the cutoff."""
    found = []
    for entry in handle.history():
        found.append(int(entry["version"]))
        if entry["timestamp"] / 1000 < cutoff:
            break
    return found


def _files(folder: Path, version: int, *, required: bool) -> list[str]:
    try:
        return delta.at_version(folder, version).file_uris()
    except LakeError:
        if required:
            raise
        return []
