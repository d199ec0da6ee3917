"""The run card, ``run.json``: what was run, on what, by which code, and how it went."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import settings
from workbench.errors import RunError

FILE = "run.json"

#: States a run can be in; every one but ``running`` is final.
STATUSES = ("running", "succeeded", "failed", "timed_out", "died", "interrupted")


@dataclass(frozen=True)
class Run:
    """One run of a notebook.

    Attributes
    ----------
    id : str
        Sortable by start: ``20261120-130501-backtest-3f9a``.
    status : str
        One of ``succeeded``, ``failed`` (a cell raised), ``timed_out``, ``died`` (the kernel ended by
        itself), ``interrupted``, ``running``.
    folder : Path
        ``reports/<id>``.
    card : dict
        The content of ``run.json``.
    """

    id: str
    status: str
    folder: Path
    card: dict[str, Any] = field(repr=False)

    @property
    def report(self) -> Path:
        """The page of the run, ``report.html``."""
        return self.folder / "report.html"

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / "notebook.ipynb"

    @property
    def headline(self) -> dict[str, Any]:
        """The headline numbers of the run."""
        return dict(self.card.get("headline", {}))

    @property
    def succeeded(self) -> bool:
        """Whether every cell ran to its end."""
        return self.status == "succeeded"

    @property
    def error(self) -> str | None:
        """One line that says what went wrong, None when nothing did."""
        error = self.card.get("error")
        return f"{error['name']}: {error['message']}" if error else None


def write_json(path: Path, content: Any) -> None:
    """Write JSON so that a reader, or a kill, never meets half a file."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, default=str))


def write_text(path: Path, text: str) -> None:
    """Write a text by way of a temporary file in the same folder."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def this_process() -> dict[str, Any]:
    """Name this process so that it can be found again, and not be mistaken for a later one of its number."""
    import psutil

    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def read(folder: Path) -> Run:
    """Read the run of a folder; one that says ``running`` but whose process is gone was interrupted.

    Raises
    ------
    RunError
        The folder has no readable card.
    """
    try:
        card = json.loads((folder / FILE).read_text(encoding="utf-8"))
        status = str(card["status"])
        run_id = str(card["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{folder.name} has no readable {FILE}.", hint="Delete the folder; it is no finished run."
        ) from error
    if status == "running" and not _is_alive(card.get("process", {})):
        status = "interrupted"
    return Run(run_id, status, folder, {**card, "status": status})


def read_all(reports: Path | None = None) -> list[Run]:
    """Read every run, newest first; folders without a readable card are left out."""
    root = reports or settings.load().reports
    runs = []
    for card in root.glob(f"*/{FILE}"):
        try:
            runs.append(read(card.parent))
        except RunError:
            continue
    return sorted(runs, key=lambda run: (str(run.card.get("started", "")), run.id), reverse=True)


def load(run_id: str) -> Run:
    """Find a run by its id, an unambiguous beginning or last part of it, or ``latest``.

    Raises
    ------
    RunError
        No run, or several, begin or end like that.
    """
    root = settings.load().reports
    if run_id and (root / run_id / FILE).is_file():
        return read(root / run_id)
    runs = read_all(root)
    if run_id == "latest" and runs:
        return runs[0]
    found = [run for run in runs if run_id and run.id.startswith(run_id)]
    shortest = min(found, key=lambda run: len(run.id), default=None)
    # A replay's id begins with that of its original, which is meant unless more is written.
    if shortest is not None and all(run.id.startswith(shortest.id) for run in found):
        return shortest
    word = "begin" if found else "end"
    found = found or [run for run in runs if run_id and run.id.endswith(f"-{run_id}")]
    if len(found) == 1:
        return found[0]
    if found:
        listing = ", ".join(run.id for run in found[:5])
        raise RunError(f"{len(found)} runs {word} with {run_id!r}.", hint=f"Write more of the id, such as {listing}.")
    known = ", ".join(run.id for run in runs[:3])
    raise RunError(
        f"There is no run {run_id!r} in the folder of reports.",
        hint=f"The latest are {known}." if known else "Run a notebook first, as in: wb run NOTEBOOK.",
    )


def _is_alive(process: dict[str, Any]) -> bool:
    import psutil

    if process.get("host") != socket.gethostname():
        return True  # it cannot be known from here
    try:
        return bool(abs(psutil.Process(int(process["pid"])).create_time() - float(process["started"])) < 1)
    except (psutil.Error, KeyError, ValueError):
        return False
