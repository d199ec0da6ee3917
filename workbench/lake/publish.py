"""Publish: an atomic upsert on a table's key, with its revisions, quarantine and gaps."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.errors import LakeError, SchemaViolation
from workbench.lake import compare, locks, reading, side, sidewrite, tables, writing
from workbench.lake.conform import conform, region_of
from workbench.schemas import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from deltalake import CommitProperties, DeltaTable

    from workbench.lake.compare import Changes
    from workbench.lake.store import Lake

#: How often a publish starts again from the read when another commit came between.
ATTEMPTS = 12


@dataclass(frozen=True)
class Published:
    """What one publish did.

    Attributes
    ----------
    version : int or None
        Version of the table afterwards; None where the table was not even created.
    inserted, unchanged, revised, deleted : int
        Rows of the main table.
    publish_id : str or None
        ``table/region/number``; None where nothing had to be committed.
    """

    version: int | None
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    deleted: int = 0
    publish_id: str | None = None


@dataclass(frozen=True)
class Order:
    """One checked call: what to publish where."""

    root: Path
    table: Table
    region: str
    frame: pl.DataFrame
    replace: tuple[date, date] | None
    within: Mapping[str, str]
    seen_at: datetime
    sides: dict[str, pl.DataFrame] = field(default_factory=dict)


def publish(
    lake: Lake,
    table: str | Table,
    frame: pl.DataFrame,
    region: str | None = None,
    *,
    replace: tuple[date, date] | None = None,
    within: Mapping[str, str] | None = None,
    seen_at: datetime | None = None,
    quarantine: pl.DataFrame | None = None,
    gaps: pl.DataFrame | None = None,
) -> Published:
    """Upsert rows: new keys are added, different ones replaced, all others stay as they are.

    Parameters
    ----------
    lake : Lake
        Where to; the newest versions are written even if the lake is pinned.
    table : str or Table
        Name or declaration.
    frame : polars.DataFrame
        Rows in the table's columns, in any order; nullable columns may be missing, NaN becomes null. A
        row replaces the row of its key as a whole.
    region : str, optional
        Required for tables kept by region; all rows must belong to it.
    replace : (date, date), optional
        Days, both included, in which the region's rows that are absent from the frame are deleted.
    within : mapping of str to str, optional
        With ``replace``: only rows with these values of columns are deleted, such as one ``set`` of ``signals``.
    seen_at : datetime, optional
        When the values were seen, for ``revisions``, ``quarantine`` and ``gaps``; now by default.
    quarantine, gaps : polars.DataFrame, optional
        Side rows of this publish. They are shown from its commit on.

    Returns
    -------
    Published
        Counts and id. Rows that differ only in ``source`` or ``collected_at`` count as unchanged; where
        nothing differs, nothing is committed.

    Raises
    ------
    SchemaViolation, RegionMismatch
        If rows do not fit the table; ``rows`` holds them with a ``reason``.
    LakeError
        If the table is unknown, the folder cannot be written, or other writers keep coming between.

    Notes
    -----
    Safe at any moment against the death of its process: the main commit is one atomic step, and side
    rows written before it stay hidden until it lands.
    """
    from deltalake.exceptions import CommitFailedError

    from workbench.lake import rollback

    order = _order(
        lake.root, tables.resolve(lake.root, table), frame, region, replace, within, seen_at, quarantine, gaps
    )
    for _ in range(ATTEMPTS):
        rollback.finish_interrupted(lake.root, order.region)
        with ExitStack() as stack:
            stack.enter_context(locks.held(order.root, order.table.name, order.region))
            for name in order.sides:
                stack.enter_context(locks.held(order.root, name, order.region))
            if rollback.interrupted(order.root, order.region):
                continue
            try:
                return _attempt(order)
            except CommitFailedError:
                continue
    raise LakeError(
        f"Publishing to {order.table.name!r} met a newer version {ATTEMPTS} times.",
        hint="Publish again when fewer writers are at work.",
    )


def _order(
    root: Path,
    table: Table,
    frame: pl.DataFrame,
    region: str | None,
    replace: tuple[date, date] | None,
    within: Mapping[str, str] | None,
    seen_at: datetime | None,
    quarantine: pl.DataFrame | None,
    gaps: pl.DataFrame | None,
) -> Order:
    where = region_of(table, region)
    moment = seen_at or settings.now()
    if replace is not None and (table.date_column is None or not table.by_region or not _days(replace)):
        raise SchemaViolation(
            f"replace={replace} is not a range of days of one region in {table.name!r}.",
            hint="Pass (first day, last day) for a table with regions and a date column, or leave it out.",
        )
    given = {"quarantine": quarantine, "gaps": gaps}
    sides = {name: rows for name, rows in given.items() if rows is not None and rows.height}
    if sides and (table.name in tables.SIDE_TABLES or not table.by_region):
        raise SchemaViolation(
            f"{table.name!r} takes no side rows.", hint="Pass quarantine and gaps with a table kept by region."
        )
    if table.name in tables.SIDE_TABLES:
        frame = sidewrite.completed(table, frame, table.name, moment)
    checked = {
        name: conform(TABLES[name], sidewrite.completed(TABLES[name], rows, table.name, moment), where)
        for name, rows in sides.items()
    }
    conformed = conform(table, frame, where if table.by_region else None)
    return Order(root, table, where, conformed, replace, within or {}, moment, checked)


def _days(replace: tuple[date, date]) -> bool:
    """Whether a range is two plain days in order."""
    from datetime import date, datetime

    plain = all(isinstance(day, date) and not isinstance(day, datetime) for day in replace)
    return plain and len(replace) == 2 and replace[0] <= replace[1]


def _attempt(order: Order) -> Published:
    """Read, compare and write on one handle."""
    root, table, region = order.root, order.table, order.region
    empty = order.frame.is_empty() and not order.sides
    if empty and not tables.exists(root, table.name):
        return Published(None)
    handle = writing.open_table(root, table)
    changes = compare.classify(table, order.frame, _existing(order, handle), order.replace, order.within)
    sides = sidewrite.new_rows(root, region, order.sides)
    if not changes.any and not sides:
        return Published(handle.version(), unchanged=changes.unchanged)
    number = side.last_number(handle, region) + 1
    publish_id = side.publish_id(table.name, region, number)
    sidewrite.purge(root, table.name, region, number - 1)
    if changes.rewrites and table.keeps_revisions and table.name not in tables.SIDE_TABLES:
        sides["revisions"] = compare.revision_rows(table, changes, region, order.seen_at)
    for name, rows in sides.items():
        sidewrite.append(root, name, region, rows, publish_id)
    counts = {
        "inserted": changes.inserted.height,
        "unchanged": changes.unchanged,
        "revised": changes.revised.height,
        "deleted": changes.deleted.height,
    }
    properties = writing.properties("publish", region, number, publish_id=publish_id, **counts)
    _commit(order, handle, changes, publish_id, properties)
    return Published(handle.version(), publish_id=publish_id, **counts)


def _existing(order: Order, handle: DeltaTable) -> pl.DataFrame:
    """The rows on disk that the frame is compared with: its days and tickers, and all of ``replace``."""
    table, frame = order.table, order.frame
    region = order.region if table.by_region else None
    start, end, tickers = None, None, None
    if table.date_column is not None:
        days = frame.get_column(table.date_column)
        bounds = [day for day in (days.min(), days.max(), *(order.replace or ())) if day is not None]
        if not bounds:
            return pl.DataFrame(schema=tables.stored_columns(table))
        start, end = min(bounds), max(bounds)
    if "ticker" in table.columns and order.replace is None:
        tickers = frame.get_column("ticker").unique().to_list()
    rows = reading.rows(table, handle, region, start, end, tickers)
    if table.name in tables.SIDE_TABLES:
        rows = side.newest(table, rows, side.committed_live(order.root))
    return rows.collect()


def _commit(order: Order, handle: DeltaTable, changes: Changes, publish_id: str, properties: CommitProperties) -> None:
    """One commit on the handle that was read from."""
    table = order.table
    is_side = table.name in tables.SIDE_TABLES
    stamp = [pl.lit(publish_id).alias("publish_id")] if is_side else []
    fresh = pl.concat([changes.inserted, changes.revised]) if changes.revised.height else changes.inserted
    fresh = fresh.with_columns(stamp).select(list(tables.stored_columns(table)))
    if not changes.rewrites:
        writing.append(handle, fresh, properties)
        return
    columns = list(dict.fromkeys((*table.partition, *([table.date_column] if table.date_column else []))))
    touched = pl.concat([fresh.select(columns), changes.deleted.select(columns)]) if columns else fresh.head(0)
    key = compare.join_key(table)
    gone = pl.concat([changes.revised.select(key), changes.deleted.select(key)])

    commits = side.committed_live(order.root) if is_side else pl.DataFrame()

    def content(chunk: writing.Scope, stored: pl.LazyFrame) -> pl.DataFrame:
        rows = stored.collect()
        kept = sidewrite.without(table, rows, gone, commits) if is_side else rows.join(gone, on=key, how="anti")
        return pl.concat([kept, fresh.filter(chunk.expression(table))]).sort(table.key)

    writing.rewrite(table, handle, writing.scope_of(table, handle, touched), content, properties)
