"""Params files are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ConfigError
from workbench.runs import params_file


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    nested, flat = tmp_path / "nested.yaml", tmp_path / "flat.yaml"
    nested.write_text("notebook: a.ipynb\nparameters:\n  region: KR\n  years: 5\n")
    flat.write_text("notebook: a.ipynb\nregion: KR\nyears: 5\n")
    first, second = params_file.load(nested), params_file.load(flat)
    assert first.parameters == second.parameters == {"region": "KR", "years": 5}
    assert first.notebook == second.notebook == "a.ipynb"


def test_an_empty_file_has_no_parameters(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing yet\n")
    assert params_file.load(path).parameters == {}
    path.write_text("notebook: x.ipynb\nparameters:\n")
    assert params_file.load(path).parameters == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region: KR\nregion: US\n", "'region' stands twice"),
        ("parameters:\n  a: 1\n  a: 2\n", "'a' stands twice"),
        ("- KR\n", "not a list of 'name: value'"),
        ("a: [1\n", "cannot be read as YAML"),
        ("1: KR\n", "not a list of 'name: value'"),
        ("parameters: {a: 1}\nnotebok: x.ipynb\n", "Did you mean 'notebook'"),
        ("paramters: {a: 1}\nnotebook: x.ipynb\n", "unknown key 'paramters'. Did you mean 'parameters'"),
        ("notebook: 5\n", "'notebook' in"),
        ("parameters: {a: 1}\ntimeout: soon\n", "'timeout' in"),
        ("a: !!python/object/apply:os.system ['true']\n", "cannot be read as YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        params_file.load(path)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no params file nowhere\.yaml"):
        params_file.load("nowhere.yaml")
