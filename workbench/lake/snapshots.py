"""A snapshot: one moment of the whole lake as a version a table."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import settings
from workbench.errors import ConfigError, LakeError
from workbench.lake import delta, tables

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Snapshot:
    """Versions of every table at one moment.

    Attributes
    ----------
    versions : mapping of str to int
        Delta version of each table that existed; a table that is absent had no rows.
    taken_at : datetime
        When the versions were read (UTC).
    """

    versions: Mapping[str, int]
    taken_at: datetime

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that depend on the versions alone."""
        text = json.dumps(dict(sorted(self.versions.items())), separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The snapshot as JSON text."""
        content = {
            "id": self.id,
            "taken_at": self.taken_at.isoformat(),
            "versions": dict(sorted(self.versions.items())),
        }
        return json.dumps(content, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """Read what ``to_json`` wrote, or a plain ``{"table": version}``.

        Raises
        ------
        ConfigError
            If the text is not one of the two forms.
        """
        try:
            content = json.loads(text)
            versions = content.get("versions", content)
            taken_at = content.get("taken_at") if versions is not content else None
            moment = datetime.fromisoformat(taken_at) if taken_at else settings.now()
            return cls({str(name): int(version) for name, version in versions.items()}, moment)
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"This is not a snapshot: {error}.", hint='Write {"table": version} or the text of Snapshot.to_json().'
            ) from error


def from_environment() -> Snapshot | None:
    """The snapshot that ``WORKBENCH_SNAPSHOT`` points to, None where it is not set."""
    value = os.environ.get("WORKBENCH_SNAPSHOT")
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"WORKBENCH_SNAPSHOT={value!r} is not a file.", hint="Point it to a JSON file, or unset it to read live."
        )
    return Snapshot.from_json(path.read_text(encoding="utf-8"))


def take(root: Path, attempts: int = 8) -> Snapshot:
    """Versions of all tables at one moment.

    Main tables are read before side tables, and the reading is repeated until no main table has moved
    meanwhile, so that no main row lacks its side rows.
    """
    for _ in range(attempts):
        versions = _read(root)
        again = _read(root)
        if {name: again.get(name) for name in versions if name not in tables.SIDE_TABLES} == {
            name: version for name, version in versions.items() if name not in tables.SIDE_TABLES
        }:
            break
    return Snapshot(versions, settings.now())


def _read(root: Path) -> dict[str, int]:
    found = {name: delta.current_version(root / name) for name in tables.names(root)}
    return {name: version for name, version in found.items() if version is not None}


def moment_of(when: str | datetime | date) -> datetime:
    """An instant in UTC: a bare date means the end of that day, a time without zone is UTC."""
    if isinstance(when, str):
        try:
            when = date.fromisoformat(when) if len(when) <= 10 else datetime.fromisoformat(when)
        except ValueError as error:
            raise LakeError(
                f"{when!r} is not a moment.", hint="Write 2026-11-01 or 2026-11-01T06:30:00+00:00, or pass a Snapshot."
            ) from error
    if not isinstance(when, datetime):
        when = datetime.combine(when, time.max)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def at_moment(root: Path, when: str | datetime | date) -> Snapshot:
    """Versions that were the newest at an instant, by the times in the log.

    Raises
    ------
    LakeError
        If no table had been created by then; the message names the first version's time.
    """
    moment = moment_of(when)
    limit = int(moment.timestamp() * 1000)
    versions: dict[str, int] = {}
    first: int | None = None
    for name in tables.names(root):
        for entry in delta.current(root / name).history():
            first = entry["timestamp"] if first is None else min(first, entry["timestamp"])
            if entry["timestamp"] <= limit:
                versions[name] = max(versions.get(name, 0), int(entry["version"]))
    if not versions:
        begin = datetime.fromtimestamp(first / 1000, UTC).isoformat(timespec="seconds") if first else None
        raise LakeError(
            f"The lake {root} has no version at {moment.isoformat(timespec='seconds')}.",
            hint=f"Its first version is from {begin}; choose a later moment."
            if begin
            else "It is empty: publish first.",
        )
    return Snapshot(versions, moment)


def resolve(root: Path, when: str | datetime | date | Snapshot | Mapping[str, int]) -> Snapshot:
    """The snapshot that is meant by a moment, a snapshot or a map of versions.

    Raises
    ------
    LakeError
        If the lake had no version by then, or a table has no such version.
    """
    if isinstance(when, str | date):
        return at_moment(root, when)
    snapshot = when if isinstance(when, Snapshot) else Snapshot(dict(when), settings.now())
    for name, version in snapshot.versions.items():
        newest = delta.current_version(root / name)
        if newest is None or not 0 <= version <= newest:
            bound = "no such table" if newest is None else f"versions 0 to {newest}"
            raise LakeError(
                f"The lake {root} has no version {version} of {name!r}: {bound}.",
                hint="Choose versions listed by lake.versions().",
            )
    return snapshot
