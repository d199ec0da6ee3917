"""Everything that is checked before a run starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench import secrets, settings
from workbench.errors import ConfigError
from workbench.runs import notebooks
from workbench.runs import parameters as declarations
from workbench.runs import params_file as params
from workbench.runs.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """A run that was checked and can start.

    Attributes
    ----------
    document : dict
        The notebook as JSON, without the values.
    notebook : Path
        Where it stands; its folder is the kernel's working folder.
    values : dict
        The parameters that were given, in their declared types.
    effective : dict
        Those and the defaults of the others.
    secrets : dict
        Name to value of everything to be kept out of sight.
    timeout : float or None
        Seconds for the whole execution.
    folder_name : str
        Beginning of the name of the run's folder; by default the moment and the notebook.
    extra : dict
        More lines for the card.
    overrides : dict
        Variables of the kernel's environment, None to take one out.
    """

    document: dict[str, Any] = field(repr=False)
    notebook: Path
    values: dict[str, Any]
    effective: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    timeout: float | None
    folder_name: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The notebook as it is shown: by its path from the home folder where it is below it."""
        home = settings.load().home
        return str(self.notebook.relative_to(home)) if self.notebook.is_relative_to(home) else str(self.notebook)

    @property
    def label(self) -> str:
        """What is run where, in a few words: ``backtest KR US``."""
        regions = self.effective.get("regions") or self.effective.get("region") or ()
        words = [regions] if isinstance(regions, str) else regions
        return " ".join([self.notebook.stem.replace("_", " "), *map(str, words)])

    @property
    def seed(self) -> int:
        """The parameter ``seed``, 0 where there is none."""
        seed = self.effective.get("seed")
        return seed if isinstance(seed, int) else 0


def prepare(
    notebook: str | Path | None,
    values: Mapping[str, Any] | None = None,
    *,
    params_file: str | Path | None = None,
    timeout: float | None = None,
) -> Plan:
    """Check everything that can be checked before a run; the arguments and errors are those of `run`."""
    from_file = None if params_file is None else params.load(params_file)
    wanted = notebook or (from_file.notebook if from_file else None)
    if wanted is None:
        raise ConfigError(
            "No notebook is named.", hint="Give its path, or the line 'notebook: ...' in the params file."
        )
    if timeout is not None and timeout <= 0:
        raise ConfigError(f"The time limit is {timeout} seconds.", hint="Give a positive number of seconds.")
    path = notebooks.find(wanted)
    given = {**(from_file.parameters if from_file else {}), **(values or {})}
    limit = timeout if timeout is not None else (from_file.timeout if from_file else None)
    return plan_document(notebooks.read(path), path, given, timeout=limit)


def plan_document(document: dict[str, Any], path: Path, given: Mapping[str, Any], *, timeout: float | None) -> Plan:
    """Check parameters and secrets of a notebook that was read."""
    known = declarations.of_document(document, path.name)
    checked = declarations.check_values(known, given, path.name)
    effective = {name: checked.get(name, parameter.default) for name, parameter in known.items()}
    hidden = _check_secrets(document, checked)
    return Plan(document, path, checked, effective, hidden, timeout)


def _check_secrets(document: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    """Gather the secrets; a reference must lead somewhere, and a value must not stand in a parameter."""
    texts = [text for value in values.values() for text in _texts(value)]
    for text in texts:
        if secrets.reference_name(text):
            secrets.secret(text)
    hidden = secrets.gather([*(notebooks.source(cell) for cell in document["cells"]), *texts])
    redactor = Redactor(hidden)
    for name, value in values.items():
        if any(redactor.holds_secret(text) for text in _texts(value)):
            raise ConfigError(
                f"The parameter {name} holds the value of a secret.",
                hint="Pass its reference, env:NAME, and look it up in the notebook with wb.secret.",
            )
    return hidden


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return []
