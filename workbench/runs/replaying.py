"""Running a run again, on what it saw, and measuring the difference."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import LakeError, RunError
from workbench.runs import card as cards
from workbench.runs import notebooks, pinning, provenance, runner, tables
from workbench.runs.plan import plan_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from workbench.lake import Snapshot
    from workbench.runs.card import Run
    from workbench.runs.pinning import Pin
    from workbench.runs.runner import Progress


@dataclass(frozen=True)
class Replay:
    """A run repeated.

    Attributes
    ----------
    original, run : Run
        The first run, and its repetition.
    differences : polars.DataFrame
        One row a table: see `workbench.runs.tables.compare`.
    notes : tuple of str
        What was not the same as then, such as another commit.
    """

    original: Run
    run: Run
    differences: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether both succeeded, something was compared, and nothing of it differs."""
        compared = self.original.succeeded and self.run.succeeded and not self.differences.is_empty()
        return compared and bool(self.differences["identical"].all())

    @property
    def verdict(self) -> str:
        """One or two sentences: what the comparison says, or why it says nothing."""
        if not self.original.succeeded:
            told = f"The original {_ended(self.original)}."
            if self.run.succeeded:
                return f"{told} The replay succeeded, so it is not the same."
            alike = (self.run.status, self.run.error) == (self.original.status, self.original.error)
            return f"{told} The replay {'did so with the same error' if alike else _ended(self.run)}."
        if not self.run.succeeded:
            return f"The replay {_ended(self.run)}."
        if self.differences.is_empty():
            return "The run saved neither a table nor a headline: there is nothing to compare."
        return "Nothing differs." if self.identical else "The replay differs; see the rows above."


def _ended(run: Run) -> str:
    """Say how a run ended that did not succeed: ``timed out: TimeLimit: ...``."""
    error = (run.error or "no error was recorded").rstrip(".")
    return f"{run.status.replace('_', ' ')}: {error}"


def replay(run_id: str, *, progress: Progress | None = None) -> Replay:
    """Execute a run again on the snapshot of its card: same notebook, parameters, strategy, seed
    and clock.

    A run that wrote to the lake is repeated in a scratch copy of the lake as it was before; the lake
    itself is not touched.

    Parameters
    ----------
    run_id : str
        An id, its beginning or last part, or ``latest``: the newest run that succeeded and is no replay.
    progress : callable, optional
        Called with a `Step` as in `run`.

    Returns
    -------
    Replay

    Raises
    ------
    RunError
        The run is unknown or still running, or files of its snapshot were vacuumed.
    """
    original = _latest() if run_id == "latest" else cards.load(run_id)
    if original.status in ("running", "interrupted"):
        raise RunError(
            f"The run {original.id} is {original.status}: it has no end to compare with.", hint="Run it anew."
        )
    card = original.card
    snapshot = pinning.of_card(card)
    if snapshot is None:
        raise RunError(f"The card of {original.id} names no snapshot.", hint="Run the notebook anew.")
    document = _document(original)
    path = _place(card)
    given = {name: card["parameters"][name] for name in card["given"]}
    plan = plan_document(document, path, given, timeout=card.get("timeout"))
    plan = replace(
        plan,
        folder_name=f"{original.id}-replay",
        extra={"replay_of": original.id},
        overrides={
            "WORKBENCH_NOW": card["clock"],
            "WORKBENCH_REPLAY": "1",
            "WORKBENCH_PARAMS": str(original.folder / "params"),
        },
    )
    with _lake_as_it_was(original, snapshot) as pin:
        done = runner.perform(plan, pin=pin, progress=progress)
    return Replay(original, done, tables.compare(original.folder, done.folder), tuple(_notes(card, done.card)))


@contextmanager
def _lake_as_it_was(original: Run, snapshot: Snapshot) -> Iterator[Pin]:
    from workbench.lake import Lake

    writes = original.card["lake"]["mode"] == "write"
    scratch = Path(tempfile.mkdtemp(prefix="wb-replay-")) if writes else None
    try:
        if scratch is None:
            _check_readable(Lake().at(snapshot))
            yield pinning.pin(writes=False, snapshot=snapshot)
        else:
            Lake().clone(scratch / "lake", snapshot)
            yield pinning.pin(writes=True, root=scratch / "lake")
    except LakeError as error:
        raise RunError(
            f"The lake can no longer be read as {original.id} read it: {error.message}",
            hint="Its files were vacuumed; run the notebook anew.",
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _check_readable(lake: Any) -> None:
    """Open every table of the snapshot, so that a vacuumed version is told before the notebook starts."""
    for table in lake.tables():
        lake.sql(f'SELECT count(*) FROM "{table}"')


def _latest() -> Run:
    for run in cards.read_all():
        if run.succeeded and not run.card.get("replay_of"):
            return run
    raise RunError("No run that succeeded is kept.", hint="Run a notebook first, as in: wb run NOTEBOOK.")


def _document(original: Run) -> dict[str, Any]:
    """The notebook as it was run, without outputs and injected values."""
    document = notebooks.read(original.notebook)
    document["cells"] = [cell for cell in document["cells"] if "injected-parameters" not in notebooks.tags(cell)]
    for cell in document["cells"]:
        cell.get("metadata", {}).pop("papermill", None)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    document["metadata"].pop("papermill", None)
    document["metadata"].pop("widgets", None)
    copy: dict[str, Any] = json.loads(json.dumps(document))
    return copy


def _place(card: dict[str, Any]) -> Path:
    """Where the notebook stood; the home folder when it is no longer there."""
    home = settings.load().home
    path: Path = home / card["notebook"]
    return path if path.parent.is_dir() else home / path.name


def _notes(then: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if then["code"]["commit"] != now["code"]["commit"]:
        yield f"The code is at commit {_short(now)}, the run was made at {_short(then)}."
    for card, subject in ((then, "The run was made with"), (now, "The checkout has")):
        if card["code"]["dirty"]:
            yield f"{subject} uncommitted changes in {_listing(card['code'])}."
    changed = [name for name, version in then["packages"].items() if now["packages"].get(name) != version]
    if changed:
        yield f"Other versions are installed of {', '.join(changed)}."
    if then["python"] != now["python"]:
        yield f"Python is {now['python']}, it was {then['python']}."
    if provenance.DISTRIBUTION not in now["packages"]:
        yield "The workbench is not installed as a package: versions are unknown."


def _listing(code: dict[str, Any], most: int = 3) -> str:
    names = code.get("changed") or ["files that its card does not name"]
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _short(card: dict[str, Any]) -> str:
    commit = card["code"]["commit"]
    return commit[:10] if commit else "no commit"
