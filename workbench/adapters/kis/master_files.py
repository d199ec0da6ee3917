"""The master files: lists of all instruments of an exchange, public, downloaded at most once a day.

A file is kept below ``<state>/kis/masters`` as it came; its time of modification is the time of download, by the
clock of the workbench. Where the host cannot be reached, yesterday's file is better than none.
"""

from __future__ import annotations

import fcntl
import io
import os
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench import journal, settings
from workbench.adapters.kis.service import MASTER_URL, flag
from workbench.adapters.net import Client, Patience
from workbench.errors import ProviderError, ShapeChanged, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: A file is asked for again after this; it changes once a day, before the Korean opening.
KEPT = timedelta(hours=24)
#: After a download that failed, the older file is used for so long before the host is asked again.
AGAIN = timedelta(minutes=10)

#: What reading a damaged archive raises, by the byte that is damaged.
_NO_ZIP = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, ValueError, IndexError)


@dataclass(frozen=True)
class MasterFile:
    """One file in hand.

    Attributes
    ----------
    name : str
        Without ``.zip``.
    lines : bytes
        Unpacked: cp949, each line ended by a line feed, no header.
    at : datetime
        When it was downloaded, UTC.
    """

    name: str
    lines: bytes
    at: datetime


class MasterFiles:
    """Fetches and keeps master files.

    Parameters
    ----------
    patience : Patience, optional
        Attempts and time limits of a download.

    Notes
    -----
    The host needs no key and has no limit of calls. Whether its certificate verifies everywhere is not known:
    where it does not, ``KIS_MASTER_VERIFY=0`` leaves it unchecked; the lists are public, and what they must look
    like is checked.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        verify = flag("KIS_MASTER_VERIFY", default=True)
        self._http = Client("kis_master", MASTER_URL, patience=patience or Patience(), verify=verify)
        self._folder = settings.load().state / "kis" / "masters"
        self._held: dict[str, MasterFile] = {}
        self._failed: dict[str, datetime] = {}

    def read(self, name: str, check: Callable[[MasterFile], object] = lambda _: None) -> MasterFile:
        """A file, downloaded if the one kept is older than a day.

        Parameters
        ----------
        name : str
            Such as ``nasmst.cod``.
        check : callable, optional
            Raises a provider error on a new file that does not read, so that it does not replace one that does.

        Raises
        ------
        ProviderError
            If it cannot be downloaded and none is kept.
        """
        path = self._folder / f"{name}.zip"
        held = self._held.get(name)
        if held is not None and held.at == _stamp(path) and not self._is_due(name, held.at):
            return held
        with self._locked(path):
            kept = _kept(name, path)
            if kept is None or self._is_due(name, kept.at):
                kept = self._renewed(path, kept, check)
            self._held[name] = kept
            return kept

    def _is_due(self, name: str, at: datetime) -> bool:
        """Whether the host is to be asked; one that has just failed is left alone, whatever is looked up."""
        failed = self._failed.get(name)
        rests = failed is not None and timedelta(0) <= settings.now() - failed < AGAIN
        return not _is_fresh(at) and not rests

    def _renewed(self, path: Path, kept: MasterFile | None, check: Callable[[MasterFile], object]) -> MasterFile:
        name = path.name.removesuffix(".zip")
        try:
            content = self._download(path.name)
            found = MasterFile(name, unpacked(name, content), settings.now())
            check(found)
        except ProviderError as error:
            if kept is None:
                raise
            self._failed[name] = settings.now()
            journal.note(
                "kis.master_kept",
                level="warning",
                file=path.name,
                kept=kept.at.isoformat(),
                error=error.message,
                action="The list of an earlier day is used; if this goes on for days, look at the broker's notices.",
            )
            return kept
        self._failed.pop(name, None)
        beside = path.with_suffix(".new")
        beside.write_bytes(content)
        os.utime(beside, (found.at.timestamp(), found.at.timestamp()))
        beside.replace(path)
        return replace(found, at=_stamp(path) or found.at)

    def _download(self, name: str) -> bytes:
        try:
            return self._http.get(name).body
        except Unreachable as error:
            if "SSLError" not in error.message:
                raise
            hint = "If its certificate cannot be verified here, set KIS_MASTER_VERIFY=0; the file is public."
            raise Unreachable(error.message, hint=hint, **error.context) from None

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """One download at a time: other processes wait and find the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def unpacked(name: str, content: bytes) -> bytes:
    """The lines inside a zip: its only member, whose name is upper case in some files and lower in others.

    Raises
    ------
    ShapeChanged
        If it is no zip, has several members or none, or holds no lines.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise _changed(name, f"{len(members)} members instead of one")
            lines = archive.read(members[0])
    except _NO_ZIP as error:
        raise _changed(name, f"no zip file: {content[:40]!r}") from error
    if not lines.strip():
        raise _changed(name, "an empty member")
    return lines


def _changed(name: str, what: str) -> ShapeChanged:
    return ShapeChanged(
        f"kis answered for the master file {name} with {what}.",
        hint="Look at the broker's notices; if the file's form changed, the adapter must be adapted.",
        provider="kis",
    )


def _kept(name: str, path: Path) -> MasterFile | None:
    """The file of an earlier download; None where there is none, or a damaged one."""
    at = _stamp(path)
    try:
        return MasterFile(name, unpacked(name, path.read_bytes()), at) if at else None
    except ShapeChanged:
        return None


def _stamp(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _is_fresh(at: datetime) -> bool:
    """Not older than a day; one from the future was kept under another clock and is not trusted."""
    return timedelta(minutes=-5) <= settings.now() - at < KEPT
