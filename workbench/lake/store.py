"""The lake as one object: where it is, which moment it shows, and what can be done with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import LakeError
from workbench.lake import snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    import polars as pl
    from deltalake import DeltaTable

    from workbench.lake.panel import Panel
    from workbench.lake.publish import Published
    from workbench.lake.snapshots import Snapshot
    from workbench.lake.universe_rules import Universe
    from workbench.lake.whatif import Alteration, Held
    from workbench.schemas import Table

_UNSET: Any = object()


class Lake:
    """Delta tables of Parquet partitions below one folder.

    Parameters
    ----------
    root : str or Path, optional
        Folder of the lake, by default the one of the settings (``WORKBENCH_LAKE``). It is created by
        the first publish.
    pinned : Snapshot or None, optional
        Moment that reads see. By default the snapshot of ``WORKBENCH_SNAPSHOT``, and without that
        variable the newest versions. Publishing goes to the live tables in any case.
    read_only : bool, default False
        Refuse every writing method.

    Raises
    ------
    LakeError
        If the address is not a local folder.
    """

    def __init__(self, root: str | Path | None = None, *, pinned: Snapshot | None = _UNSET, read_only: bool = False):
        self.root: Path = _local_folder(root)
        self.pinned: Snapshot | None = snapshots.from_environment() if pinned is _UNSET else pinned
        self.read_only = read_only
        self.altered: Alteration | None = None
        self.held: Held | None = None

    def __repr__(self) -> str:
        moment = f" at {self.pinned.id}" if self.pinned else ""
        altered = f", {self.altered.label}" if self.altered else ""
        return f"Lake({str(self.root)!r}{moment}{', read-only' if self.read_only else ''}{altered})"

    # Which moment is read -------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The versions this lake reads: the pinned ones, else the newest of one moment."""
        return self.pinned or snapshots.take(self.root)

    def tables(self) -> dict[str, int]:
        """Version of each table that exists, as this lake reads it."""
        return dict(self.snapshot().versions)

    def live(self) -> Lake:
        """The same lake without a pinned snapshot: what a run has published itself is seen."""
        self._unaltered("live tables")
        return Lake(self.root, pinned=None)

    def at(self, when: str | date | datetime | Snapshot | Mapping[str, int]) -> Lake:
        """The same lake at an earlier moment, read-only.

        Parameters
        ----------
        when : str, date, datetime, Snapshot or mapping of str to int
            A bare date means the end of that day (UTC), a time without zone is UTC.

        Raises
        ------
        LakeError
            If the lake had no version by then, or a version does not exist.
        """
        self._unaltered("earlier moments")
        return Lake(self.root, pinned=snapshots.resolve(self.root, when), read_only=True)

    def what_if(self, alteration: Alteration, held: Held | None = None) -> Lake:
        """The lake as it might have been, read-only and without a copy: the leak prover's worlds.

        Parameters
        ----------
        alteration : Alteration
            What was not known at a moment is cut off, scrambled or revised; see :mod:`workbench.lake.whatif`.
        held : Held, optional
            The tables in memory, for many worlds of the same few codes; None reads the lake's files.
        """
        from workbench.lake import whatif

        return whatif.what_if(self, alteration, held)

    def version(self, table: str | Table) -> int | None:
        """Version of a table that this lake reads, None where it does not exist."""
        from workbench.lake import delta, tables

        name = tables.resolve(self.root, table).name
        return self.pinned.versions.get(name) if self.pinned else delta.current_version(self.root / name)

    def delta(self, table: str | Table) -> DeltaTable | None:
        """The Delta handle of that version (shared: never write on it), None where there is no table."""
        from workbench.lake import delta, tables

        self._unaltered("files")
        version = self.version(table)
        return None if version is None else delta.at_version(self.root / tables.resolve(self.root, table).name, version)

    def files(self, table: str | Table) -> tuple[int | None, list[str]]:
        """Version of a table and the local paths of its Parquet files: the only list to read from."""
        handle = self.delta(table)
        return (None, []) if handle is None else (handle.version(), handle.file_uris())

    # Reading --------------------------------------------------------------------------------------

    def read(
        self,
        table: str | Table,
        region: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        tickers: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Rows of a table, sorted by its key; an empty frame of its schema where it does not exist yet.

        Parameters
        ----------
        table : str or Table
            Name or declaration.
        region, start, end, tickers
            Bounds of the slice, both dates included; None means no bound.
        columns : sequence of str, optional
            Columns to return, by default all declared ones.

        Returns
        -------
        polars.DataFrame
            Missing values are null. Of ``revisions``, ``quarantine`` and ``gaps`` only rows whose
            publish has committed, and of ``gaps`` only those that have not been closed.
        """
        from workbench.lake import reading

        return reading.read(self, table, region=region, start=start, end=end, tickers=tickers, columns=columns)

    def committed(self) -> pl.DataFrame:
        """Number of the last committed publish: columns ``table``, ``region``, ``n``.

        A row of a side table shows only if the number at the end of its ``publish_id``
        (``table/region/000000012``) is at most ``n`` of that table and region.
        """
        from workbench.lake import side

        return side.committed(self)

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Answer a query over every table and view by name (DuckDB SQL)."""
        from workbench.lake import sql

        return sql.query(self, query, params)

    def script(self) -> str:
        """SQL that creates the tables and views of this lake in any DuckDB client."""
        from workbench.lake import views

        return views.script(self)

    def sources(self, region: str | None = None) -> tuple[str, ...]:
        """Distinct providers in ``ohlcv``, sorted."""
        import polars as pl

        from workbench.lake import reading
        from workbench.schemas import TABLES

        if self.altered is not None:
            query = "SELECT DISTINCT source FROM ohlcv WHERE region = coalesce(?, region) ORDER BY 1"
            return tuple(self.sql(query, [region])["source"])
        handle = self.delta("ohlcv")
        if handle is None:
            return ()
        frame = reading.rows(TABLES["ohlcv"], handle, region).select(pl.col("source").unique().sort()).collect()
        return tuple(frame["source"])

    def panel(
        self,
        regions: str | Sequence[str],
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        fields: Sequence[str] = ("open", "high", "low", "close", "volume"),
        items: Sequence[str] = (),
        universe: Universe | Sequence[str] | str | None = None,
        adjust: str = "total",
        currency: str | None = None,
        warmup: int = 0,
    ) -> Panel:
        """Dense read-only arrays (T dates, N tickers) of one region or several; see ``Panel``."""
        from workbench.lake import panel

        return panel.build(
            self,
            regions,
            start=start,
            end=end,
            fields=fields,
            items=items,
            universe=universe,
            adjust=adjust,
            currency=currency,
            warmup=warmup,
        )

    def versions(self, table: str | Table | None = None) -> pl.DataFrame:
        """Every version: table, version, timestamp, operation, region, inserted, revised, deleted, publish_id."""
        from workbench.lake.history import versions

        return versions(self, table)

    # Writing --------------------------------------------------------------------------------------

    def publish(
        self,
        table: str | Table,
        frame: pl.DataFrame,
        region: str | None = None,
        replace: tuple[date, date] | None = None,
        within: Mapping[str, str] | None = None,
        seen_at: datetime | None = None,
        quarantine: pl.DataFrame | None = None,
        gaps: pl.DataFrame | None = None,
    ) -> Published:
        """Upsert rows on the table's key in one atomic commit; see ``workbench.lake.publish.publish``."""
        from workbench.lake import publish

        self._writable()
        return publish.publish(
            self,
            table,
            frame,
            region,
            replace=replace,
            within=within,
            seen_at=seen_at,
            quarantine=quarantine,
            gaps=gaps,
        )

    def rollback(self, region: str, to: str | date | datetime | Snapshot | Mapping[str, int]) -> dict[str, Published]:
        """Rewrite one region of all its tables as it was at a snapshot, as new versions."""
        from workbench.lake import rollback

        self._writable()
        return rollback.rollback(self, region, snapshots.resolve(self.root, to))

    def compact(self) -> dict[str, int]:
        """Merge small files into sorted ones; returns the number of rewritten partitions a table."""
        from workbench.lake.upkeep import compact

        self._writable()
        return compact(self)

    def vacuum(self, keep: Iterable[Snapshot] = (), *, retention_hours: float = 24.0) -> list[Path]:
        """Delete files that neither the newest version nor a kept snapshot needs."""
        from workbench.lake.upkeep import vacuum

        self._writable()
        return vacuum(self, list(keep), retention_hours=retention_hours)

    def clone(self, folder: str | Path, snapshot: Snapshot | None = None) -> Lake:
        """A lake of its own in ``folder`` with the same data and versions up to the snapshot."""
        from workbench.lake.clone import clone

        self._unaltered("files")
        return clone(self, _local_folder(folder), snapshot or self.snapshot())

    def _unaltered(self, what: str) -> None:
        if self.altered is not None:
            from workbench.lake import whatif

            whatif.refuse(self, what)

    def _writable(self) -> None:
        if self.read_only:
            raise LakeError(
                f"{self!r} shows an earlier moment and is read-only.", hint="Write through wb.Lake() instead."
            )


def _local_folder(root: str | Path | None) -> Path:
    root = os.environ.get("WORKBENCH_LAKE") or settings.load().lake if root is None else root
    if "://" in str(root) or any(part.endswith(":") for part in Path(root).parts[:1]):
        raise LakeError(
            f"{str(root)!r} is not a local folder, and this lake reads local folders only.",
            hint="Copy or mount it, and pass the folder.",
        )
    folder = Path(root).expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise LakeError(f"{folder} is not a folder.", hint="Pass the folder that holds the tables.")
    return folder
