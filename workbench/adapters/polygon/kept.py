"""Answers that are kept for some hours: a collection that was stopped does not ask for them again.

A first collection on the free plan takes more than an hour of waiting; without this all of it would be lost.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path


class Kept:
    """Answers in files of one folder.

    Parameters
    ----------
    folder : Path
        Made on the first write.
    hours : float
        Older answers are asked again, and removed; 0 keeps none.
    """

    def __init__(self, folder: Path, hours: float) -> None:
        self.folder, self.hours = folder, hours

    def has_frame(self, name: str) -> bool:
        """Whether :meth:`frame` would find one."""
        return self._fresh(self.folder / f"{name}.parquet")

    def frame(self, name: str) -> pl.DataFrame | None:
        """A kept frame; None where there is none, or it is too old or cannot be read."""
        content = self._read(f"{name}.parquet")
        try:
            return None if content is None else pl.read_parquet(io.BytesIO(content))
        except pl.exceptions.PolarsError:
            return None

    def keep_frame(self, name: str, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self._write(f"{name}.parquet", buffer.getvalue())

    def record(self, name: str) -> dict[str, Any] | None:
        """A kept record, as :meth:`frame`."""
        content = self._read(f"{name}.json")
        try:
            found = None if content is None else json.loads(content)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def keep_record(self, name: str, record: dict[str, Any]) -> None:
        self._write(f"{name}.json", json.dumps(record).encode())

    def prune(self) -> None:
        """Remove what is too old."""
        for path in self.folder.glob("*"):
            if not self._fresh(path):
                path.unlink(missing_ok=True)

    def _fresh(self, path: Path) -> bool:
        try:
            return time.time() - path.stat().st_mtime < self.hours * 3600
        except FileNotFoundError:
            return False

    def _read(self, name: str) -> bytes | None:
        path = self.folder / name
        if self._fresh(path):
            with contextlib.suppress(FileNotFoundError):
                return path.read_bytes()
        return None

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all, for other processes too."""
        if not self.hours:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{os.getpid()}.{time.monotonic_ns()}"
        draft.write_bytes(content)
        draft.replace(self.folder / name)
