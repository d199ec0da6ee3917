"""Rollback: one region of all its tables as it stood at a snapshot, as new versions.

The target is written to a journal first. If the process dies half way, the next writer of the region
finishes the rollback before it does anything else.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import ConfigError
from workbench.lake import compare, delta, locks, reading, side, tables, writing
from workbench.lake.publish import Published
from workbench.lake.snapshots import Snapshot
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from pathlib import Path

    from deltalake import DeltaTable

    from workbench.lake.store import Lake
    from workbench.schemas import Table

_LOCK = "rollback"


def rollback(lake: Lake, region: str, to: Snapshot) -> dict[str, Published]:
    """Rewrite a region's rows in every table as they were; other regions are not touched.

    Parameters
    ----------
    lake : Lake
        The lake; its newest versions are rewritten.
    region : str
        Region to take back.
    to : Snapshot
        Moment to return to. A table that did not exist then loses the region's rows.

    Returns
    -------
    dict of str to Published
        What happened to each table; counts of zero where it stood as wanted. Tables without regions
        (fx, indexes, trials, ...) stay as they are.

    Raises
    ------
    ConfigError
        If the region is unknown.
    LakeError
        If the snapshot's files are gone.
    """
    if region not in REGIONS:
        raise ConfigError(f"There is no region {region!r}.", hint=f"Use one of {', '.join(REGIONS)}.")
    for name, version in to.versions.items():
        delta.at_version(lake.root / name, version)
    with locks.held(lake.root, _LOCK, region):
        return _run(lake.root, region, to)


def interrupted(root: Path, region: str) -> bool:
    """Whether a rollback of the region has begun and not ended."""
    return _journal(root, region).exists()


def finish_interrupted(root: Path, region: str) -> None:
    """Finish the rollback of a process that died; waits for one that is under way."""
    if not interrupted(root, region):
        return
    with locks.held(root, _LOCK, region):
        if interrupted(root, region):
            _run(root, region, Snapshot.from_json(_journal(root, region).read_text(encoding="utf-8")))


def _journal(root: Path, region: str) -> Path:
    return root / locks.FOLDER / f"rollback.{region}.json"


def _run(root: Path, region: str, to: Snapshot) -> dict[str, Published]:
    found = [tables.resolve(root, name) for name in tables.names(root)]
    regional = [table for table in found if table.by_region]
    mains = sorted((table for table in regional if table.name not in tables.SIDE_TABLES), key=lambda t: t.name)
    sides = [table for table in regional if table.name in tables.SIDE_TABLES]
    with ExitStack() as stack:
        for name in (*(table.name for table in mains), "quarantine", "gaps", "revisions"):
            stack.enter_context(locks.held(root, name, region))
        journal = _journal(root, region)
        draft = journal.with_suffix(".draft")
        draft.write_text(to.to_json(), encoding="utf-8")
        draft.replace(journal)
        # Side tables first, so that none of them is ever ahead of its main table.
        done = {table.name: _restore(root, table, region, to) for table in (*sides, *mains)}
        journal.unlink()
    return {name: done[name] for name in tables.names(root) if name in done}


def _restore(root: Path, table: Table, region: str, to: Snapshot) -> Published:
    from deltalake.exceptions import CommitFailedError

    while True:
        try:
            return _restore_once(root, table, region, to)
        except CommitFailedError:
            # Another region's commit came between; under the locks nobody else writes this one.
            continue


def _restore_once(root: Path, table: Table, region: str, to: Snapshot) -> Published:
    handle = writing.open_table(root, table)
    version = to.versions.get(table.name)
    then = None if version is None else delta.at_version(root / table.name, version)
    here = f"region = {reading.quoted(region)}"
    if then is not None and set(reading.file_list(then, here)) == set(reading.file_list(handle, here)):
        return Published(handle.version())
    commits = side.committed_at(root, to.versions)
    totals = {"inserted": 0, "unchanged": 0, "revised": 0, "deleted": 0}
    scope = _whole_region(table, region, (handle, then))
    for chunk in scope.chunks():
        target = _shown(table, _stored(table, then, chunk), commits)
        for name, count in _differences(table, _stored(table, handle, chunk).collect(), target):
            totals[name] += count
    if not (totals["inserted"] or totals["revised"] or totals["deleted"]):
        return Published(handle.version(), unchanged=totals["unchanged"])
    number = side.last_number(handle, region) + 1
    publish_id = side.publish_id(table.name, region, number)
    properties = writing.properties("rollback", region, number, publish_id=publish_id, target=to.id, **totals)

    def content(_: writing.Scope, rows: pl.LazyFrame) -> pl.DataFrame:
        return table_empty if then is None else _shown(table, rows, commits)

    table_empty = pl.DataFrame(schema=tables.stored_columns(table))
    writing.rewrite(table, handle, scope, content, properties, source=then)
    return Published(handle.version(), publish_id=publish_id, **totals)


def _whole_region(table: Table, region: str, handles: tuple[DeltaTable | None, ...]) -> writing.Scope:
    if "year" not in table.partition:
        return writing.Scope("region", (region,))
    years: set[int] = set()
    for handle in handles:
        if handle is not None:
            here = [part for part in handle.partitions() if part["region"] == region]
            years.update(int(part["year"]) for part in here)
    return writing.Scope("region", (region,), tuple(sorted(years)))


def _stored(table: Table, handle: DeltaTable | None, chunk: writing.Scope) -> pl.LazyFrame:
    return pl.LazyFrame(schema=tables.stored_columns(table)) if handle is None else chunk.rows(table, handle)


def _shown(table: Table, rows: pl.LazyFrame, commits: pl.DataFrame) -> pl.DataFrame:
    """What a reader saw of the rows, sorted by key."""
    if table.name in tables.SIDE_TABLES:
        rows = side.visible(table, rows, commits)
    return rows.sort(table.key).collect()


def _differences(table: Table, now: pl.DataFrame, then: pl.DataFrame) -> list[tuple[str, int]]:
    """Counts of what the rollback changes; every column counts here, and so does every stored form."""
    columns = tables.stored_columns(table)
    same = then.join(now, on=list(columns), how="semi", nulls_equal=True).height
    key = compare.join_key(table)
    known = then.join(now.select(key).unique(), on=key, how="semi").height
    return [
        ("inserted", then.height - known),
        ("unchanged", same),
        ("revised", known - same),
        ("deleted", now.height - known),
    ]
