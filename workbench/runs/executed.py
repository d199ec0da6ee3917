"""From a notebook to an executed one, and from that to the finished folder of a run."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.runs import card as cards
from workbench.runs import index, pinning, tables
from workbench.runs.loading import nbformat_quickly

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workbench.runs.card import Run
    from workbench.runs.pinning import Pin
    from workbench.runs.plan import Plan
    from workbench.runs.redaction import Redactor

#: What a status means where no cell raised an error of its own.
_ENDINGS = {
    "timed_out": ("TimeLimit", "The run took longer than its limit of {timeout:g} seconds and was ended."),
    "died": ("KernelDied", "The kernel ended by itself while this cell ran."),
    "interrupted": ("Interrupted", "The run was interrupted."),
}


def inject(document: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """Return the notebook as a node, with the values in a cell after the declared defaults (papermill's way)."""
    nbformat_quickly()
    import nbformat
    from papermill.parameterize import parameterize_notebook

    node = nbformat.v4.upgrade(nbformat.reads(json.dumps(document), as_version=4))
    node.metadata.setdefault("papermill", nbformat.NotebookNode(parameters={}, environment_variables={}))
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
        cell.metadata["papermill"] = nbformat.NotebookNode()
    if values:
        node = parameterize_notebook(node, dict(values), kernel_name="python3", language="python")
        node.cells[_injected(node)].metadata["papermill"] = nbformat.NotebookNode()
    return node


def execute(
    node: Any,
    folder: Path,
    *,
    plan: Plan,
    environment: Mapping[str, str],
    redactor: Redactor,
    cancelled: threading.Event,
    on_cell: Callable[[int, int], None],
    on_stage: Callable[[str, int, int], None],
) -> tuple[str, dict[str, Any] | None]:
    """Execute the node in place, saving it on the way; return the status and the error."""
    from workbench.runs import engine

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # a dead kernel is reported by the card
    outcome = engine.execute(
        node,
        engine.Execution(
            output=folder / "notebook.ipynb",
            folder=plan.notebook.parent,
            environment=environment,
            secrets=plan.secrets,
            redactor=redactor,
            timeout=plan.timeout,
            cancelled=cancelled,
            on_cell=on_cell,
            on_stage=on_stage,
        ),
    )
    (folder / engine.PROGRESS).unlink(missing_ok=True)
    if outcome.status == "succeeded":
        return outcome.status, None
    return outcome.status, mark_error(node, outcome.status, outcome.last_words, plan.timeout)


def finish(
    folder: Path,
    card: dict[str, Any],
    node: Any,
    status: str,
    error: dict[str, Any] | None,
    pin: Pin,
    redactor: Redactor,
) -> Run:
    """Write the executed notebook, the page, the final card and the index."""
    import nbformat

    from workbench.reports import page

    cards.write_text(folder / "notebook.ipynb", nbformat.writes(node))
    card |= redactor.clean(
        {
            "status": status,
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "error": error,
            "cells": _timings(node),
            "tables": tables.describe(folder),
            "title": _kept(folder, "heading.json").get("title", card["title"]),
            "headline": _kept(folder, "headline.json"),
        }
    )
    try:
        if pin.mode == "write":
            card["lake"]["after"] = pinning.now(pin.root)
        cards.write_text(folder / "report.html", page.render(node, card))
    finally:
        cards.write_json(folder / cards.FILE, redactor.clean(card))
    index.write_index()
    return cards.read(folder)


def _injected(node: Any) -> int:
    return next(
        place for place, cell in enumerate(node.cells) if "injected-parameters" in cell.metadata.get("tags", [])
    )


def mark_error(node: Any, status: str, last_words: str, timeout: float | None) -> dict[str, Any]:
    """Find the error of the cell that ended the run; one that has none gets it, so that the page shows it."""
    import nbformat

    place = next((place for place, cell in enumerate(node.cells) if _failed(cell)), None)
    cell = None if place is None else node.cells[place]
    errors = [] if cell is None else [output for output in cell.get("outputs", []) if output.output_type == "error"]
    if status == "failed" and errors:
        return {"name": errors[-1].ename, "message": errors[-1].evalue, "cell": place}
    name, text = _ENDINGS.get(status, ("Failed", "The cell failed without an error of its own."))
    message = text.format(timeout=timeout or 0)
    lines = [f"{name}: {message}", *last_words.splitlines()[-12:]]
    if cell is not None and cell.cell_type == "code":
        cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=message, traceback=lines))
    return {"name": name, "message": message, "cell": place, "last_words": last_words}


def where(node: Any, place: int) -> str:
    """Name the cell at a place as its author knows it: ``code cell 4 (Costs)``.

    Code cells are counted as Jupyter counts them when the notebook is run from the top; the cell that the
    runner put in, and empty ones, have no number.
    """
    before = node.cells[: place + 1]
    own = [cell for cell in before if cell.cell_type == "code" and cell.source.strip()]
    number = sum("injected-parameters" not in cell.metadata.get("tags", []) for cell in own)
    texts = [cell.source for cell in before if cell.cell_type == "markdown"]
    sections = [line.lstrip("#").strip() for text in texts for line in text.splitlines() if re.match(r"##+ ", line)]
    return f"code cell {number}" + (f" ({sections[-1]})" if sections else "")


def _failed(cell: Any) -> bool:
    return bool(cell.metadata.get("papermill", {}).get("status") == "failed")


def _timings(node: Any) -> list[dict[str, Any]]:
    """Seconds and state of each code cell, by its place in the executed notebook."""
    return [
        {
            "cell": place,
            "seconds": cell.metadata.get("papermill", {}).get("duration"),
            "status": cell.metadata.get("papermill", {}).get("status"),
        }
        for place, cell in enumerate(node.cells)
        if cell.cell_type == "code"
    ]


def _kept(folder: Path, name: str) -> dict[str, Any]:
    """What the notebook left for the card in a file of its run's folder."""
    path = folder / name
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
