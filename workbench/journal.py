"""The log of what the workbench did: one JSON object a line, one correlation id a run, no secrets.

Lines go to ``<state>/log/YYYY-MM-DD.jsonl`` (:class:`workbench.settings.Settings`), and warnings also to
the run's own ``log.jsonl`` inside a run. A line that asks for a person carries ``action``: what to do.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any, Literal

from workbench import secrets, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Level = Literal["info", "warning", "error"]

_process = uuid.uuid4().hex[:12]


def correlation() -> str:
    """The id that all lines of one run share: the run's own, outside a run one of this process."""
    run_dir = settings.load().run_dir
    return run_dir.name if run_dir else _process


def note(event: str, *, level: Level = "info", action: str = "", **fields: Any) -> None:
    """Write one line.

    Parameters
    ----------
    event : str
        What happened, as ``area.what``, such as ``provider.throttled``.
    level : str
        ``info``, ``warning`` (the result is affected) or ``error`` (something was given up).
    action : str
        What a person must do; empty where nothing is to be done.
    **fields
        Further facts; values that JSON does not know are written as text. Values of secrets that this
        process has looked up are masked wherever they stand.
    """
    line: dict[str, Any] = {
        "at": settings.now().isoformat(timespec="milliseconds"),
        "run": correlation(),
        "process": os.getpid(),
        "level": level,
        "event": event,
    }
    line |= {"action": action} if action else {}
    text = secrets.masked(json.dumps(line | fields, default=str, ensure_ascii=False))
    for path in _paths(level):
        _append(path, text)


def read(*, run: str | None = None) -> list[dict[str, Any]]:
    """The lines of the log, oldest first; those of one run where it is named."""
    folder = settings.load().state / "log"
    lines = (json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in _lines(path))
    return [line for line in lines if run is None or line["run"] == run]


def _lines(path: Path) -> Iterator[str]:
    yield from (line for line in path.read_text(encoding="utf-8").splitlines() if line)


def _paths(level: Level) -> Iterator[Path]:
    chosen = settings.load()
    yield chosen.state / "log" / f"{settings.now():%Y-%m-%d}.jsonl"
    if chosen.run_dir is not None and level != "info":
        yield chosen.run_dir / "log.jsonl"


def _append(path: Path, text: str) -> None:
    """One write of one line with O_APPEND: lines of several processes do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{text}\n".encode())
    finally:
        os.close(handle)
