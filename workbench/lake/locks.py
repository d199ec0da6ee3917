"""Operating-system locks of one table's region: writers of one slice take turns, others never wait.

``flock`` is released by the kernel when its process dies, so that no lock has to be cleaned up. Locks
are taken in one order everywhere: rollback, main tables by name, quarantine, gaps, revisions.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from workbench.errors import LakeError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Folder of the locks below the lake's root.
FOLDER = ".locks"


def folder(root: Path) -> Path:
    """The folder of the locks, made if it is missing.

    Raises
    ------
    LakeError
        If the lake cannot be written.
    """
    path = root / FOLDER
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(root, error) from error
    return path


@contextmanager
def held(root: Path, name: str, region: str) -> Iterator[None]:
    """Hold the lock of one table and region; waits while another process or thread holds it.

    Raises
    ------
    LakeError
        If the lake cannot be written.
    """
    path = folder(root) / f"{quote(name, safe='')}.{region}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _not_writable(root, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _not_writable(root: Path, error: OSError) -> LakeError:
    return LakeError(
        f"The lake {root} cannot be written: {error.strerror or error}.",
        hint="Make the folder writable, or set WORKBENCH_LAKE to one that is.",
    )
