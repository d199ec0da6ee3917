"""The parameters of a notebook, checked before anything starts.

The cell tagged ``parameters`` is the declaration: ``name: type = default`` or ``name = default``. A
parameter without annotation has the type of its default.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import ConfigError
from workbench.runs import notebooks
from workbench.runs.annotations import UnknownAnnotation, resolve, type_name
from workbench.runs.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Attributes
    ----------
    name : str
    type : type
        A plain type, a generic such as ``list[str]``, or a union with None.
    default : object
        The default, None where the declaration has none.
    required : bool
        True where the declaration has no default.
    """

    name: str
    type: Any
    default: Any
    required: bool

    @property
    def type_name(self) -> str:
        """The type as it is written."""
        return type_name(self.type)


def declared(notebook: str | Path) -> dict[str, Parameter]:
    """Return the parameters a notebook declares, in their order.

    Raises
    ------
    ConfigError
        There is no such notebook, or its cell of parameters is not valid Python.
    """
    path = notebooks.find(notebook)
    return of_document(notebooks.read(path), path.name)


def of_document(document: dict[str, Any], label: str) -> dict[str, Parameter]:
    """Return the parameters that a notebook read as JSON declares; ``label`` names it in errors."""
    for cell in document["cells"]:
        if cell.get("cell_type") == "code" and "parameters" in notebooks.tags(cell):
            return _of_source(notebooks.source(cell), label)
    return {}


def parse(notebook: str | Path, texts: Iterable[str]) -> dict[str, Any]:
    """Turn ``name=value`` texts of a command line into values of the declared types.

    A list may be written ``KR,US`` or as YAML, ``[KR, US]``; a dict as YAML; ``null`` is None where
    the type allows it.

    Raises
    ------
    ConfigError
        A text without ``=``, an unknown name, or a value that is not of the declared type.
    """
    known = declared(notebook)
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not name:
            raise ConfigError(f"The parameter {text!r} has no value.", hint="Write -p name=value.")
        if name in values:
            raise ConfigError(f"The parameter {name} is given twice.", hint=f"Write -p {name}=... once.")
        values[name] = _from_text(_known(name, known, str(notebook)), value.strip())
    return check(notebook, values)


def check(notebook: str | Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against the declaration and return them in the declared types (an int for a float is turned).

    Raises
    ------
    ConfigError
        An unknown parameter, a value of another type, or a required parameter without a value.
    """
    path = notebooks.find(notebook)
    return check_values(declared(path), values, path.name)


def check_values(known: Mapping[str, Parameter], values: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Check values against declared parameters; ``label`` names the notebook in errors."""
    checked = {name: _checked(_known(name, known, label), value) for name, value in values.items()}
    missing = [name for name, parameter in known.items() if parameter.required and name not in checked]
    if missing:
        raise ConfigError(f"{label} needs a value for {', '.join(missing)}.", hint=f"Add -p {missing[0]}=...")
    return checked


def _of_source(source: str, label: str) -> dict[str, Parameter]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ConfigError(
            f"The parameters cell of {label} is not valid Python (line {error.lineno}).",
            hint="Keep one name = value a line in it.",
        ) from error
    found: dict[str, Parameter] = {}
    for statement in statements:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value, annotation = statement.target.id, statement.value, statement.annotation
        elif (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            name, value, annotation = statement.targets[0].id, statement.value, None
        else:
            continue
        found[name] = _declaration(name, value, annotation, label)
    return found


def _declaration(name: str, value: ast.expr | None, annotation: ast.expr | None, label: str) -> Parameter:
    literal = True
    default = None
    if value is not None:
        try:
            default = ast.literal_eval(value)
        except ValueError:
            literal = False
    if annotation is not None:
        try:
            kind = resolve(annotation)
        except UnknownAnnotation as error:
            raise ConfigError(
                f"The parameter {name} of {label} is annotated {error}, which a run cannot check.",
                hint="Use str, int, float, bool, list[...], dict[...] or a union of these with None.",
            ) from error
    else:
        kind = type(default) if literal and default is not None else Any
    return Parameter(name, kind, default, required=value is None)


def _known(name: str, known: Mapping[str, Parameter], label: str) -> Parameter:
    if name in known:
        return known[name]
    listing = ", ".join(f"{parameter.name} ({parameter.type_name})" for parameter in known.values())
    raise ConfigError(
        f"{label} has no parameter {name!r}.{did_you_mean(name, known)}",
        hint=f"It has: {listing}." if listing else "It takes no parameters.",
    )


def _checked(parameter: Parameter, value: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if hasattr(value, "isoformat") and parameter.type is not Any:
        value = value.isoformat()  # YAML turns 2019-01-01 into a date; notebooks take dates as text
    try:
        return TypeAdapter(parameter.type).validate_python(value, strict=True)
    except ValidationError as error:
        raise _mistyped(parameter, value) from error


def _from_text(parameter: Parameter, text: str) -> Any:
    """Read a text as a value; what does not fit the type is left to the check."""
    import yaml

    from workbench.runs.annotations import accepts_none, core_type

    if text in ("null", "None") and accepts_none(parameter.type):
        return None
    core = core_type(parameter.type)
    if core is str:
        return text
    if core is list and not text.startswith("["):
        text = f"[{text}]"
    try:
        value = yaml.safe_load(text) if core is not bool else {"true": True, "false": False}.get(text.lower(), text)
    except yaml.YAMLError as error:
        raise _mistyped(parameter, text) from error
    if core is float and isinstance(value, str):
        return _float_or_text(value)
    return value


def _float_or_text(text: str) -> float | str:
    try:
        return float(text)  # YAML 1.1 reads 1e-3 as a text
    except ValueError:
        return text


def _mistyped(parameter: Parameter, value: object) -> ConfigError:
    example = "" if parameter.default is None else f", as {parameter.name}={parameter.default!r}"
    return ConfigError(
        f"The parameter {parameter.name} is of type {parameter.type_name}, and {value!r} is none.",
        hint=f"Give it a value of that type{example}.",
    )
