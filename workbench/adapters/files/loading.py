"""Loads a specification, strictly: an unknown key, a missing column or region is an error with the next action."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from workbench.adapters.files.rules import (
    DuplicateRule,
    EndedRule,
    FixRule,
    InferRule,
    ItemRule,
    KnowledgeRule,
    PeriodRule,
    SpellRule,
    Strict,
    TickerRule,
)
from workbench.adapters.files.spec import COLUMNS, FileSpec
from workbench.errors import ConfigError

#: Keys that hold keys of their own.
_RULES: dict[str, type[Strict]] = {
    "ticker": TickerRule,
    "duplicates": DuplicateRule,
    "fix": FixRule,
    "ended": EndedRule,
    "knowledge": KnowledgeRule,
    "periods": PeriodRule,
    "spells": SpellRule,
}
_EXAMPLES = {"ohlcv": "files_example.yaml", "fx": "fx_example.yaml", "fundamentals": "fundamentals_example.yaml"}
_OTHERS = "listings_example.yaml"


def load_spec(spec: FileSpec | str | Path | dict[str, Any]) -> FileSpec:
    """Read and check a specification.

    Parameters
    ----------
    spec : FileSpec, str, Path or dict
        A specification, the path of its YAML file, or its content.

    Raises
    ------
    ConfigError
        If the file is missing or no YAML, or a key is unknown, missing or out of its bound.
    """
    if isinstance(spec, FileSpec):
        return spec
    where = "the specification" if isinstance(spec, dict) else str(spec)
    content = spec if isinstance(spec, dict) else _yaml(Path(spec))
    try:
        return FileSpec.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_fault(one["loc"], one["type"], one["msg"]) for one in error.errors())
        table = content.get("table", "ohlcv") if isinstance(content, dict) else "ohlcv"
        example = _EXAMPLES.get(str(table), _OTHERS if str(table) in COLUMNS else _EXAMPLES["ohlcv"])
        raise ConfigError(
            f"{where} is not usable: {faults}.",
            hint=f"Compare it with params/collection/{example}.",
        ) from error


def _fault(place: tuple[int | str, ...], kind: str, message: str) -> str:
    """One fault in words; of an unknown key with what it may have meant, and the keys there are."""
    where = ".".join(map(str, place)) or "spec"
    if kind != "extra_forbidden":
        return f"{where}: {message}"
    known = list(_keys(place))
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    meant = f", did you mean {close[0]!r}?" if close else ""
    return f"{where} is no key{meant} (known: {', '.join(known)})"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where a fault is."""
    if len(place) == 1:
        return list(FileSpec.model_fields)
    if place[0] == "items":
        rule: type[Strict] = ItemRule
    elif place[:2] == ("periods", "infer") and len(place) > 2:
        rule = InferRule
    else:
        rule = _RULES[str(place[0])]
    return [field.alias or name for name, field in rule.model_fields.items()]


def _yaml(path: Path) -> object:
    if not path.is_file():
        raise ConfigError(f"There is no specification {path}.", hint="Pass the path of a YAML file.")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {error}.", hint="Correct the line it names.") from error
