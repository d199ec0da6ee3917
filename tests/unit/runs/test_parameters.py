"""Parameters are checked against the notebook before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import ConfigError
from workbench.runs import parameters

DECLARATION = """
region: str = "KR"
years: int = 3
share: float = 0.5
fast: bool = False
tickers: list[str] = ["005930"]
weights: dict[str, float] = {}
end: str | None = None
engine: Literal["bt", "kernel"] = "bt"
plain = 7
free = None
"""


@pytest.fixture
def notebook(write_notebook: Callable[..., Path]) -> Path:
    return write_notebook(DECLARATION)


def test_declarations_are_read_without_running_the_cell(write_notebook: Callable[..., Path]) -> None:
    path = write_notebook("import os\nos._exit(3)\nregion: str = 'KR'\nyears = 3\nstart: str\nnow = len('abc')")
    found = parameters.declared(path)
    assert list(found) == ["region", "years", "start", "now"]
    assert (found["region"].type, found["region"].default) == (str, "KR")
    assert (found["years"].type, found["years"].required) == (int, False)
    assert found["start"].required
    assert found["now"].type is Any


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("region=US", "US"),
        ("region=123", "123"),
        ("region=", ""),
        ("years=10", 10),
        ("share=2", 2.0),
        ("share=1e-3", 0.001),
        ("fast=true", True),
        ("fast=False", False),
        ("tickers=A,B", ["A", "B"]),
        ("tickers=[A, B]", ["A", "B"]),
        ("tickers=", []),
        ("weights={A: 0.5}", {"A": 0.5}),
        ("end=null", None),
        ("end=2024-01-31", "2024-01-31"),
        ("engine=kernel", "kernel"),
        ("plain=8", 8),
        ("free=[1, 2]", [1, 2]),
    ],
)
def test_texts_become_values_of_the_declared_type(notebook: Path, text: str, value: Any) -> None:
    name = text.partition("=")[0]
    parsed = parameters.parse(notebook, [text])[name]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    "text", ["years=ten", "years=2.5", "years=true", "fast=1", "share=much", "engine=zipline", "weights=[1]", "plain=x"]
)
def test_a_text_of_another_type_is_refused_with_name_and_type(notebook: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parameters.parse(notebook, [text])
    assert text.partition("=")[0] in caught.value.message
    assert "of type" in caught.value.message


@pytest.mark.parametrize(
    ("name", "value"), [("years", 3.0), ("years", True), ("years", "3"), ("region", 5), ("tickers", [1]), ("end", 5)]
)
def test_values_are_checked_strictly(notebook: Path, name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        parameters.check(notebook, {name: value})


def test_an_unknown_name_lists_the_known_and_suggests_the_nearest(notebook: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        parameters.check(notebook, {"regoin": "KR"})
    assert "Did you mean 'region'?" in caught.value.message
    assert "years (int)" in caught.value.hint


def test_a_name_that_is_given_twice_is_refused(notebook: Path) -> None:
    with pytest.raises(ConfigError, match="years is given twice"):
        parameters.parse(notebook, ["years=1", "years=2"])


def test_a_text_without_a_value_is_refused(notebook: Path) -> None:
    with pytest.raises(ConfigError, match="no value"):
        parameters.parse(notebook, ["region"])


def test_a_required_parameter_must_be_given(write_notebook: Callable[..., Path]) -> None:
    path = write_notebook("start: str")
    with pytest.raises(ConfigError, match="needs a value for start"):
        parameters.check(path, {})
    assert parameters.check(path, {"start": "2024-01-02"}) == {"start": "2024-01-02"}


def test_an_annotation_that_cannot_be_checked_is_refused(write_notebook: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match=r"frame .* pl\.DataFrame"):
        parameters.declared(write_notebook("frame: pl.DataFrame = None"))


def test_a_cell_that_is_no_python_names_its_line(write_notebook: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        parameters.declared(write_notebook("a = 1\nb = = 2"))


def test_a_missing_notebook_lists_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "backtest.ipynb").write_text("{}")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=r"no notebook 'notebooks/backtset.ipynb'. Did you mean") as caught:
        parameters.declared("notebooks/backtset.ipynb")
    assert "notebooks/backtest.ipynb" in caught.value.hint
    with pytest.raises(ConfigError, match="not a notebook in format 4"):
        parameters.declared("backtest")
