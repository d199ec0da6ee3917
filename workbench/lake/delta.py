"""Delta tables on disk: versions, handles, file lists and how files are written.

Everything is read from the log of one version. A listing of the folder is never used: it would also
see the files of replaced versions and of writers that died.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from deltalake import DeltaTable, WriterProperties

#: Rows of one row group: small enough for one ticker's look-up, large enough to compress well.
ROW_GROUP = 8_192
#: Nearly every value differs here, so that a dictionary adds its own size: without it files of real
#: bars are 10 to 25 per cent smaller.
PLAIN_COLUMNS = ("open", "high", "low", "close", "volume", "turnover")
#: Set when a table is created. Logs stay, so that every version can be found by its time; replaced
#: files go only by ``Lake.vacuum``, which keeps those that a kept run names.
CONFIGURATION = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 30 days",
    "delta.checkpointInterval": "50",
}
_LOG = "_delta_log"
_DIGITS = 20


def current_version(folder: Path) -> int | None:
    """Newest committed version of the table in ``folder``, None where there is no table."""
    known = _checkpointed(folder)
    if known is None or not commit_file(folder, known).exists():
        return _listed(folder)
    # Commits follow one another without a hole, so a few look-ups replace listing a log of thousands.
    while commit_file(folder, known + 1).exists():
        known += 1
    return known


def _checkpointed(folder: Path) -> int | None:
    try:
        return int(json.loads((folder / _LOG / "_last_checkpoint").read_bytes())["version"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return None


def _listed(folder: Path) -> int | None:
    try:
        with os.scandir(folder / _LOG) as entries:
            names = [entry.name.partition(".") for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return None
    versions = [int(stem) for stem, _, suffix in names if suffix == "json" and len(stem) == _DIGITS and stem.isdigit()]
    return max(versions, default=None)


def commit_file(folder: Path, version: int) -> Path:
    """Log entry of one version."""
    return folder / _LOG / f"{version:0{_DIGITS}d}.json"


def at_version(folder: Path, version: int) -> DeltaTable:
    """A handle on one version, for reading only: handles are shared and cached.

    Raises
    ------
    LakeError
        If the table has no such version.
    """
    try:
        entry = commit_file(folder, version).stat()
        stamp = (entry.st_ino, entry.st_mtime_ns)
    except FileNotFoundError:
        stamp = (0, 0)
    return _open(str(folder), version, stamp)


def current(folder: Path) -> DeltaTable:
    """A shared handle on the newest version, for reading only."""
    version = current_version(folder)
    if version is None:
        raise LakeError(f"There is no table in {folder}.", hint="Publish rows to it first.")
    return at_version(folder, version)


def forget_handles() -> None:
    """Drop the shared handles: files have been deleted, so versions are to be checked again."""
    _open.cache_clear()


@lru_cache(maxsize=128)
def _open(folder: str, version: int, stamp: tuple[int, int]) -> DeltaTable:  # noqa: ARG001
    # The stamp keeps a table that was deleted and made again apart from the one that was opened.
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        handle = DeltaTable(folder, version=version)
    except DeltaError as error:
        raise LakeError(
            f"Version {version} of the table {folder} cannot be read: {error}.",
            hint="Choose a version listed by lake.versions().",
            version=version,
        ) from error
    if not all(Path(path).exists() for path in handle.file_uris()):
        raise LakeError(
            f"Files of version {version} of the table {folder} have been vacuumed.",
            hint="Choose a later version, and pass the snapshots to keep to lake.vacuum().",
            version=version,
        )
    return handle


def writing_handle(folder: Path) -> DeltaTable:
    """A fresh handle on the newest version: read from it, then write on it."""
    from deltalake import DeltaTable

    return DeltaTable(str(folder))


def create(folder: Path, empty: pl.DataFrame, partition: tuple[str, ...]) -> None:
    """Create the table with its schema and retention; nothing happens if it exists."""
    from deltalake import DeltaTable

    folder.mkdir(parents=True, exist_ok=True)
    DeltaTable.create(
        str(folder),
        empty.to_arrow().schema,
        mode="ignore",
        partition_by=list(partition) or None,
        configuration=CONFIGURATION,
    )


def writer_properties(measured: Iterable[str] = ()) -> WriterProperties:
    """Zstandard, small row groups, statistics for every chunk; no dictionary for measured numbers.

    Parameters
    ----------
    measured : iterable of str
        Columns of such numbers besides those of the bars.
    """
    from deltalake import ColumnProperties, WriterProperties

    plain = ColumnProperties(dictionary_enabled=False, statistics_enabled="CHUNK")
    return WriterProperties(
        max_row_group_size=ROW_GROUP,
        compression="ZSTD",
        compression_level=3,
        default_column_properties=ColumnProperties(dictionary_enabled=True, statistics_enabled="CHUNK"),
        column_properties=dict.fromkeys((*PLAIN_COLUMNS, *measured), plain),
    )
