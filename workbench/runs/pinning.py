"""Which state of the lake a run reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.lake import Snapshot

FILE = "snapshot.json"


@dataclass(frozen=True)
class Pin:
    """How a run meets the lake.

    Attributes
    ----------
    mode : str
        ``read`` (pinned to the snapshot) or ``write`` (collection: it sees and makes new versions).
    root : Path or None
        Root of another lake than the settings' one.
    snapshot : Snapshot
        The moment at the start of the run.
    """

    mode: str
    root: Path | None
    snapshot: Snapshot

    def card(self) -> dict[str, Any]:
        """Return what the run card says of the lake at the start."""
        key = "snapshot" if self.mode == "read" else "before"
        return {"mode": self.mode, key: as_json(self.snapshot)}

    def environment(self, folder: Path) -> dict[str, str | None]:
        """Write the snapshot into the run's folder and return the variables that make a kernel use it."""
        variables: dict[str, str | None] = {"WORKBENCH_SNAPSHOT": None}
        if self.root is not None:
            variables["WORKBENCH_LAKE"] = str(self.root)
        if self.mode == "read":
            path = folder / FILE
            path.write_text(json.dumps(as_json(self.snapshot)), encoding="utf-8")
            variables["WORKBENCH_SNAPSHOT"] = str(path)
        return variables


def pin(writes: bool, *, root: Path | None = None, snapshot: Snapshot | None = None) -> Pin:
    """Take the moment of the lake as it is now, or use the given one."""
    from workbench.lake import Lake

    return Pin("write" if writes else "read", root, snapshot or Lake(root).snapshot())


def now(root: Path | None = None) -> dict[str, Any]:
    """Return the present moment of the lake as a run card holds it."""
    from workbench.lake import Lake

    return as_json(Lake(root).snapshot())


def of_card(card: dict[str, Any]) -> Snapshot | None:
    """Return the snapshot a run started from, None when its card names none."""
    from workbench.lake import Snapshot

    lake = card.get("lake", {})
    stored = lake.get("snapshot") or lake.get("before")
    return None if stored is None else Snapshot.from_json(json.dumps(stored))


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain data."""
    content: dict[str, Any] = json.loads(snapshot.to_json())
    return content
