"""Running a notebook: checked first, then executed by papermill in a kernel of ours, then made a page."""

from __future__ import annotations

import os
import re
import secrets as random_names
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import RunError
from workbench.runs import card as cards
from workbench.runs import executed, notebooks, pinning, provenance
from workbench.runs.environment import kernel_environment
from workbench.runs.plan import Plan, prepare
from workbench.runs.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workbench.runs.card import Run
    from workbench.runs.pinning import Pin


@dataclass(frozen=True)
class Step:
    """Where a run stands: ``cell`` of ``cells`` are done; the last step has the final status.

    ``label`` says what is run where, as in "collect region KR"; ``stage`` how far the cell under way is,
    where it tells, and in the last step of a run that did not succeed the cell that ended it.
    """

    run_id: str
    notebook: str
    cell: int
    cells: int
    status: str
    label: str = ""
    stage: str = ""


Progress = Callable[[Step], None]


def run(
    notebook: str | Path | None,
    parameters: Mapping[str, Any] | None = None,
    *,
    params_file: str | Path | None = None,
    timeout: float | None = None,
    progress: Progress | None = None,
    check: bool = False,
) -> Run:
    """Run a notebook and leave a folder with the executed notebook, a page, tables and a card.

    Parameters
    ----------
    notebook : str, Path or None
        A path, or the bare name of a notebook; None when the params file names it.
    parameters : mapping, optional
        Values of its parameters; they go before those of the params file.
    params_file : str or Path, optional
        A YAML file with parameters.
    timeout : float, optional
        Limit of the whole execution in seconds.
    progress : callable, optional
        Called with a `Step` before each cell and at the end.
    check : bool
        Raise when the run did not succeed.

    Returns
    -------
    Run
        With status ``succeeded``, ``failed``, ``timed_out`` or ``died``.

    Raises
    ------
    ConfigError
        Before anything starts: no such notebook, an unknown or mistyped parameter, a missing secret.
    RunError
        The run did not succeed, and ``check`` is true.

    Examples
    --------
    >>> run = wb.run("notebooks/backtests/backtest.ipynb", {"regions": ["KR"]})  # doctest: +SKIP
    >>> run.status  # doctest: +SKIP
    'succeeded'
    """
    plan = prepare(notebook, parameters, params_file=params_file, timeout=timeout)
    done = perform(plan, progress=progress)
    if check and not done.succeeded:
        raise RunError(f"The run {done.id} {done.status}: {done.error}.", hint=f"Open {done.report}.", run=done)
    return done


def perform(
    plan: Plan, *, pin: Pin | None = None, progress: Progress | None = None, cancelled: threading.Event | None = None
) -> Run:
    """Execute a plan; a failing cell is a status, an unforeseen error is raised after the card is written."""
    pin = pin or pinning.pin(notebooks.writes_lake(plan.document))
    node = executed.inject(plan.document, plan.values)
    folder = _new_folder(plan)
    redactor = Redactor(plan.secrets)
    card = _first_card(plan, folder, pin)
    cards.write_json(folder / cards.FILE, card)
    clock = time.perf_counter()

    def finish(status: str, node: Any, error: dict[str, Any] | None) -> Run:
        card["seconds"] = round(time.perf_counter() - clock, 3)
        done = executed.finish(folder, card, node, status, error, pin, redactor)
        show(done.status, "" if done.succeeded else executed.where(node, place))
        return done

    place = 0

    def show(status: str, stage: str = "") -> None:
        cells = len(node.cells)
        if progress is not None:
            cell = cells if status == "succeeded" else place
            progress(Step(card["id"], plan.name, cell, cells, status, plan.label, stage))

    def on_cell(cell: int, _cells: int) -> None:
        nonlocal place
        place = cell
        show("running")

    def on_stage(stage: str, done: int, total: int) -> None:
        show("running", f"{stage}, {done:,} of {total:,}")

    try:
        status, error = executed.execute(
            node,
            folder,
            plan=plan,
            environment=_environment(plan, folder, pin, card["clock"]),
            redactor=redactor,
            cancelled=cancelled or threading.Event(),
            on_cell=on_cell,
            on_stage=on_stage,
        )
    except KeyboardInterrupt:
        finish("interrupted", node, executed.mark_error(node, "interrupted", "", plan.timeout))
        raise
    except Exception as fault:
        # The artefact first: what happened must be found in the folder, not only on a screen.
        finish("failed", node, {"name": type(fault).__name__, "message": str(fault), "cell": None})
        raise
    return finish(status, node, error)


def _new_folder(plan: Plan) -> Path:
    root = settings.load().reports
    root.mkdir(parents=True, exist_ok=True)
    stem = plan.folder_name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{_slug(plan.notebook.stem)}"
    while True:
        folder = root / f"{stem}-{random_names.token_hex(2)}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "notebook"


def _first_card(plan: Plan, folder: Path, pin: Pin) -> dict[str, Any]:
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "id": folder.name,
        "notebook": plan.name,
        "title": notebooks.title(plan.document, plan.notebook.stem),
        "status": "running",
        "started": started,
        "ended": None,
        "seconds": None,
        "parameters": plan.effective,
        "given": sorted(plan.values),
        "seed": plan.seed,
        # The instant the notebook takes for now, where it is not the real one.
        "clock": plan.overrides.get("WORKBENCH_NOW") or _frozen_clock() or started,
        "timeout": plan.timeout,
        "lake": pin.card(),
        "code": provenance.code(settings.load().home),
        **provenance.python(),
        "packages": provenance.packages(),
        "process": cards.this_process(),
        **plan.extra,
    }


def _frozen_clock() -> str | None:
    return settings.now().isoformat() if os.environ.get("WORKBENCH_NOW") else None


def _environment(plan: Plan, folder: Path, pin: Pin, started: str) -> dict[str, str]:
    replay_only = {"WORKBENCH_REPLAY": None, "WORKBENCH_PARAMS": None}
    overrides = {**pin.environment(folder), **replay_only, "WORKBENCH_STARTED": started, **plan.overrides}
    return kernel_environment(plan.secrets, folder, seed=plan.seed, overrides=overrides)
