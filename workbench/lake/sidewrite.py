"""Writing side rows: only what is new, appended before the main commit, and orphans taken away.

Nothing here changes a row that a reader may see: a newer form of a row is appended beside the older
one, which stays the visible one until the publish commits. ``Lake.compact`` drops superseded rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import LakeError
from workbench.lake import compare, delta, reading, side, tables, writing
from workbench.lake.conform import conform
from workbench.schemas import INSTANT, TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path


_ATTEMPTS = 20


def completed(table: Table, frame: pl.DataFrame, owner: str, moment: datetime) -> pl.DataFrame:
    """Side rows with what the caller may leave out: the main table's name and when they were seen."""
    defaults = {name: pl.lit(moment).cast(INSTANT) for name in ("seen_at", "first_seen", "last_seen")}
    defaults["table"] = pl.lit(owner)
    for name, value in defaults.items():
        if name in table.columns:
            given = pl.col(name) if name in frame.columns else pl.lit(None, table.columns[name])
            frame = frame.with_columns(pl.coalesce(given, value).alias(name))
    return frame


def new_rows(root: Path, region: str, sides: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The side rows that the lake does not show yet, or shows differently."""
    found = {}
    for name, frame in sides.items():
        table = TABLES[name]
        rows = frame
        if tables.exists(root, name):
            days = frame.get_column(str(table.date_column))
            raw = reading.rows(table, delta.current(root / name), region, days.min(), days.max())  # type: ignore[arg-type]
            shown = side.newest(table, raw, side.committed_live(root)).collect()
            changes = compare.classify(table, frame, shown)
            rows = pl.concat([changes.inserted, changes.revised])
        if rows.height:
            found[name] = rows
    return found


def append(root: Path, name: str, region: str, rows: pl.DataFrame, publish_id: str) -> None:
    """Add rows under a publish id; they stay hidden until that publish commits."""
    table = TABLES[name]
    frame = conform(table, rows.with_columns(publish_id=pl.lit(publish_id)), region)
    properties = writing.properties("side rows", region, publish_id=publish_id, inserted=frame.height)
    _repeat(name, lambda: writing.append(writing.open_table(root, table), frame, properties))


def purge(root: Path, owner: str, region: str, committed: int) -> None:
    """Delete the side rows of a publish of ``owner`` that died before its commit.

    Cheap where there are none: the statistics of the files rule them out.
    """
    for name in tables.SIDE_TABLES:
        if name != owner and tables.exists(root, name):
            _repeat(name, lambda name=name: _purge_one(root, TABLES[name], owner, region, committed))  # type: ignore[misc]


def _purge_one(root: Path, table: Table, owner: str, region: str, committed: int) -> None:
    handle = delta.writing_handle(root / table.name)
    first = side.publish_id(owner, region, committed + 1)
    last = f"{owner}/{region}/{'9' * side.DIGITS}"
    condition = (
        f"region = {reading.quoted(region)} AND publish_id >= {reading.quoted(first)} "
        f"AND publish_id <= {reading.quoted(last)}"
    )
    files = reading.file_list(handle, condition)
    orphans = reading.scan(table, files).filter(pl.col("publish_id").is_between(pl.lit(first), pl.lit(last)))
    if files and orphans.select(pl.len()).collect().item():
        handle.delete(
            condition,
            writer_properties=delta.writer_properties(),
            commit_properties=writing.properties("purge", region),
        )


def without(table: Table, rows: pl.DataFrame, gone: pl.DataFrame, commits: pl.DataFrame) -> pl.DataFrame:
    """Rows on disk without every committed form of the keys in ``gone``; hidden rows stay."""
    shown = side.is_committed(commits)
    key = compare.join_key(table)
    return pl.concat([rows.filter(shown).join(gone, on=key, how="anti"), rows.filter(~shown)])


def _repeat(name: str, step: Callable[[], None]) -> None:
    """Do a commit again while other writers of the same side table come between."""
    from deltalake.exceptions import CommitFailedError

    for _ in range(_ATTEMPTS):
        try:
            return step()
        except CommitFailedError:
            continue
    raise LakeError(f"Writing to {name!r} met a newer version {_ATTEMPTS} times.", hint="Publish again.")
