"""What a notebook in git may hold: no outputs but those of marked cells, no counts, plain metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MARK = "# NBVAL_CHECK_OUTPUT"
ROOT = Path(__file__).resolve().parents[2]


def all_notebooks() -> list[Path]:
    return sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def source(cell: dict[str, Any]) -> str:
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def is_marked(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and MARK in source(cell)


def stripped(document: dict[str, Any]) -> dict[str, Any]:
    """The notebook as it is kept: outputs of marked cells only, in the order of their streams."""
    cells = []
    for place, cell in enumerate(document["cells"]):
        tags = cell.get("metadata", {}).get("tags", [])
        kept = {
            "cell_type": cell["cell_type"],
            "id": cell.get("id", f"cell-{place}"),
            "metadata": {"tags": tags} if tags else {},
        }
        if cell["cell_type"] == "code":
            # nbval takes an output without a count for one that was never made.
            kept["execution_count"] = 1 if is_marked(cell) else None
            kept["outputs"] = [_output(output) for output in cell["outputs"]] if is_marked(cell) else []
        cells.append({**kept, "source": source(cell).splitlines(keepends=True)})
    own = document["metadata"].get("workbench")
    metadata: dict[str, Any] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    if own:
        metadata["workbench"] = own
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _output(output: dict[str, Any]) -> dict[str, Any]:
    if output["output_type"] == "stream":
        text = output["text"] if isinstance(output["text"], str) else "".join(output["text"])
        return {"name": output["name"], "output_type": "stream", "text": text.splitlines(keepends=True)}
    return {**output, "execution_count": 1} if "execution_count" in output else output
