"""Params files: one YAML a run, checked strictly.

.. code-block:: yaml

    notebook: notebooks/backtests/backtest.ipynb     # optional
    parameters:
      region: KR
      years: 5

A file without ``parameters:`` may list them flat, beside ``notebook``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from workbench import settings
from workbench.errors import ConfigError
from workbench.runs.suggestions import did_you_mean


@dataclass(frozen=True)
class ParamsFile:
    """What a params file says.

    Attributes
    ----------
    path : Path
    notebook : str or None
        The notebook it is for, None when it names none.
    parameters : dict
        Not yet checked against the notebook.
    timeout : float or None
        Limit of the whole run in seconds.
    """

    path: Path
    notebook: str | None
    parameters: dict[str, Any]
    timeout: float | None


def load(path: str | Path) -> ParamsFile:
    """Read a params file, from here or from the home folder.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, names a key twice, or has a key that means nothing.
    """
    file = _existing(Path(path).expanduser())
    content = _mapping(file)
    nested = "parameters" in content and isinstance(content["parameters"], dict | NoneType)
    if not nested:
        _refuse_misspelt_section(content, file.name)
    notebook = content.pop("notebook", None)
    timeout = content.pop("timeout", None) if nested else None
    parameters = (content.pop("parameters") or {}) if nested else content
    if nested and content:
        name = next(iter(content))
        raise ConfigError(
            f"{file.name} has an unknown key {name!r}.{did_you_mean(name, ['notebook', 'parameters', 'timeout'])}",
            hint="Beside 'parameters' it may have 'notebook' and 'timeout'; a parameter goes below 'parameters'.",
        )
    if notebook is not None and not isinstance(notebook, str):
        raise ConfigError(f"'notebook' in {file.name} is {notebook!r}.", hint="Write the path of a notebook.")
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0):
        raise ConfigError(f"'timeout' in {file.name} is {timeout!r}.", hint="Write a positive number of seconds.")
    return ParamsFile(file, notebook, parameters, timeout)


def _refuse_misspelt_section(content: dict[str, Any], file: str) -> None:
    """A section that is almost called 'parameters' is no parameter of that name."""
    for name, value in content.items():
        close = difflib.get_close_matches(name, ["parameters"], n=1, cutoff=0.8)
        if close and name not in close and isinstance(value, dict | NoneType):
            raise ConfigError(
                f"{file} has an unknown key {name!r}. Did you mean 'parameters'?",
                hint="Write 'parameters:' and the parameters below it.",
            )


def _existing(path: Path) -> Path:
    for candidate in (path, settings.load().home / path):
        if candidate.is_file():
            return candidate.resolve()
    raise ConfigError(f"There is no params file {path}.", hint="Give a YAML file, such as one below params/.")


def _mapping(file: Path) -> dict[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML as usual, but a key that stands twice is an error, not the last one's victory."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next((key for position, key in enumerate(keys) if key in keys[:position]), None)
            if twice is not None:
                raise yaml.MarkedYAMLError(problem=f"the key {twice!r} stands twice", problem_mark=node.start_mark)
            return super().construct_mapping(node, deep)

    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{file.name} cannot be read as YAML: {problem}.", hint="Correct that line.") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{file.name} is not a list of 'name: value'.", hint="Write one parameter a line.")
    return content
