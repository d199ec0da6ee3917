"""Strategies and factor sets from YAML, checked strictly."""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from workbench import settings
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)


def day(value: str | date | None, name: str) -> date | None:
    """A day as a user writes it; None and an empty text are no day.

    Raises
    ------
    ConfigError
        A text that is no date; ``name`` says which parameter it was.
    """
    if not isinstance(value, str) or not value:
        return value or None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ConfigError(f"{name}={value!r} is not a date.", hint="Write it as 2024-06-28.") from error


def load(model: type[Model], folder: str, name: str | Path) -> Model:
    """Read ``params/<folder>/<name>.yaml``, or a file by its path.

    A run keeps the file in its own folder, and its replay reads that one, whatever became of the file.

    Parameters
    ----------
    model : pydantic model
        What the file must contain; unknown fields are refused.
    folder : str
        Below ``params/``.
    name : str or Path
        Name without ``.yaml``, or a path that ends in ``.yaml``.

    Raises
    ------
    ConfigError
        The file is missing or is not YAML, or a field breaks its bound: the message names file, field,
        bound and value.
    """
    path = find(folder, name)
    loaded = validate(model, read(path), path.name)
    _keep(path, folder, name)
    return loaded


def find(folder: str, name: str | Path) -> Path:
    """The file of a name below ``params/``; in a replay, the one that its original loaded by that name."""
    here = settings.load()
    kept = None if here.params is None else here.params / _kept_as(folder, name)
    if kept is not None and kept.is_file():
        return kept
    home = here.home / "params" / folder
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else home / f"{name}.yaml"
    if not path.is_absolute() and not path.is_file():
        path = here.home / path
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in home.glob("*.yaml"))) or "none yet"
        raise ConfigError(f"There is no file {name!s} in params/{folder}.", hint=f"Known: {known}.")
    return path


def _kept_as(folder: str, name: str | Path) -> Path:
    """Where a run keeps the file it loaded; two paths that end in the same name stay apart."""
    text = str(name)
    if text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(folder, f"{Path(text).stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.yaml")
    return Path(folder, f"{text}.yaml")


def _keep(path: Path, folder: str, name: str | Path) -> None:
    run_dir = settings.load().run_dir
    if run_dir is None:
        return
    target = run_dir / "params" / _kept_as(folder, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    # By way of a file of its own: processes of one run may load the same strategy at once.
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(path.read_bytes())
    temporary.replace(target)


def read(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {error}.", hint="Check its indentation and colons.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name} does not hold fields with values.", hint="Write lines like name: value.")
    return content


def validate(model: type[Model], content: dict[str, Any], label: str) -> Model:
    """Check a mapping against a model; ``label`` names it in errors."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A field that is unknown is often one that is missed, misspelt: it is told first.
        told = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ConfigError(f"{label}: {_first(told)}", hint=_hint(model, told)) from error
    except ConfigError as error:
        raise ConfigError(f"{label}: {error.message}", hint=error.hint) from error


def _first(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "missing":
        return f"{field} is missing."
    if error["type"] == "extra_forbidden":
        return f"{field} is no field that is known (got {error['input']!r})."
    return f"{field}: {error['msg']} (got {error['input']!r})."


def _hint(model: type[BaseModel], error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"Known fields: {', '.join(model.model_fields)}."
    return "Correct the field."
