"""A copy of the lake at one snapshot, as a lake of its own with the same versions."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import LakeError
from workbench.lake import delta, tables

if TYPE_CHECKING:
    from workbench.lake.snapshots import Snapshot
    from workbench.lake.store import Lake

_LOG = "_delta_log"


def clone(lake: Lake, folder: Path, snapshot: Snapshot) -> Lake:
    """Link or copy the snapshot's files and the log up to its versions.

    Data files never change, so both lakes can share one copy on disk; deleting a file in one of them
    leaves the other's. Versions before the snapshot's are listed but cannot be read.

    Raises
    ------
    LakeError
        If the folder holds tables already, or the snapshot cannot be read.
    """
    from workbench.lake.store import Lake

    if folder == lake.root or tables.names(folder):
        raise LakeError(f"{folder} holds a lake already.", hint="Clone into an empty folder.")
    for name, version in snapshot.versions.items():
        _clone_table(lake.root / name, folder / name, version)
    folder.mkdir(parents=True, exist_ok=True)
    return Lake(folder, pinned=None)


def _clone_table(source: Path, target: Path, version: int) -> None:
    for path in map(Path, delta.at_version(source, version).file_uris()):
        _link(path, target / path.relative_to(source))
    # The log comes last and at once: a clone that is cut short has no half table.
    draft = target / f"{_LOG}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for entry in sorted((source / _LOG).iterdir()):
        number = entry.name.partition(".")[0]
        if number.isdigit() and int(number) <= version and entry.name.endswith((".json", ".parquet")):
            shutil.copy2(entry, draft / entry.name)
    draft.rename(target / _LOG)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
