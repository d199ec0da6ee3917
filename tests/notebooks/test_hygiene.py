"""Notebooks in git are thin and reviewable."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from workbench.runs import parameters

HERE = Path(__file__).resolve().parent
LARGEST = 40 * 1024
MOST_LINES = 60


def _digests() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digests", HERE / "digests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


digests = _digests()
NOTEBOOKS = digests.all_notebooks()


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def document(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _code(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def _untagged_sources(document: dict[str, Any]) -> list[str]:
    return [digests.source(cell) for cell in _code(document) if "parameters" not in cell["metadata"].get("tags", [])]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 6


def test_it_is_small(path: Path) -> None:
    assert path.stat().st_size <= LARGEST


def test_only_marked_cells_have_outputs(document: dict[str, Any]) -> None:
    for cell in _code(document):
        assert cell["execution_count"] == (1 if digests.is_marked(cell) else None)
        assert digests.is_marked(cell) or not cell["outputs"], digests.source(cell)


def test_marked_cells_have_their_digest(document: dict[str, Any]) -> None:
    marked = [cell for cell in _code(document) if digests.is_marked(cell)]
    assert marked, "mark one cell with # NBVAL_CHECK_OUTPUT"
    for cell in marked:
        assert [output["output_type"] for output in cell["outputs"]] == ["stream"], "run refresh_digests.py"


def test_it_is_written_as_it_is_kept(path: Path, document: dict[str, Any]) -> None:
    assert path.read_text(encoding="utf-8") == digests.written(digests.stripped(document)), "run refresh_digests.py"


def test_it_has_one_cell_of_checkable_parameters(path: Path, document: dict[str, Any]) -> None:
    tagged = [cell for cell in _code(document) if "parameters" in cell["metadata"].get("tags", [])]
    assert tagged == _code(document)[:1], "the first code cell, and it alone, is tagged parameters"
    assert all(not parameter.required for parameter in parameters.declared(path).values())


def test_it_begins_with_a_title_and_what_it_is_about(document: dict[str, Any]) -> None:
    first = document["cells"][0]
    assert first["cell_type"] == "markdown"
    assert digests.source(first).startswith("# ")
    assert len(digests.source(first).splitlines()) > 1


def test_it_ends_with_the_run_card(document: dict[str, Any]) -> None:
    assert "run_card()" in digests.source(_code(document)[-1])


def test_it_is_thin(document: dict[str, Any]) -> None:
    sources = _untagged_sources(document)
    lines = [line for text in sources for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= MOST_LINES
    nodes = [node for text in sources for node in ast.walk(ast.parse(text))]
    assert not [node for node in nodes if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef)]
    # A function is allowed only as what an interactive control calls.
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    called_by_control = {
        node.args[0].id
        for node in nodes
        if isinstance(node, ast.Call) and "interact" in ast.unparse(node.func) and isinstance(node.args[0], ast.Name)
    }
    assert functions <= called_by_control


def test_what_writes_for_others_says_so(document: dict[str, Any]) -> None:
    """What collects, and what goes on from where the tables of the lake end, is replayed in a copy of the lake."""
    marks = ("wb.collect.collect(", "update=update")
    writes = any(mark in digests.source(cell) for cell in _code(document) for mark in marks)
    says = document["metadata"].get("workbench", {}).get("lake") == "write"
    assert writes == says, "a run that writes what it reads is replayed in a copy: metadata workbench.lake = write"


def test_it_names_no_path_of_a_machine(document: dict[str, Any]) -> None:
    for cell in document["cells"]:
        assert "/home/" not in digests.source(cell)
        assert "/Users/" not in digests.source(cell)
        for output in cell.get("outputs", []):
            assert "/" not in "".join(output.get("text", []))
