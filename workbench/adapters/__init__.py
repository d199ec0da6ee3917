"""Data providers: one module each, one contract, found by name.

A new provider is one module with a class that follows :class:`workbench.adapters.base.Adapter`, one
line in ``_KNOWN`` and one test class that inherits the contract.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from workbench.adapters.base import Adapter

#: Name -> module and class, imported on first use.
_KNOWN: dict[str, str] = {
    "akshare": "workbench.adapters.akshare:AkShare",
    "kis": "workbench.adapters.kis:Kis",
    "polygon": "workbench.adapters.polygon:Polygon",
    "sample": "workbench.adapters.sample:Sample",
    "dart": "workbench.adapters.dart:Dart",
    "edgar": "workbench.adapters.edgar:Edgar",
    "files": "workbench.adapters.files.provider:Files",
    "yahoo": "workbench.adapters.yahoo:Yahoo",
}


def names() -> tuple[str, ...]:
    """Names of the providers, in alphabetical order."""
    return tuple(sorted(_KNOWN))


def get(name: str, **options: Any) -> Adapter:
    """A provider by name.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    **options
        Passed to the provider's class.

    Raises
    ------
    ConfigError
        On an unknown name, or an option the provider does not have.

    Examples
    --------
    >>> get("sample", size="tiny").name
    'sample'
    """
    provider = kind(name)
    _check_options(name, provider, options)
    adapter: Adapter = provider(**options)
    return adapter


def kind(name: str) -> type[Adapter]:
    """The class of a provider, which says what it needs without being made.

    Raises
    ------
    ConfigError
        On an unknown name.
    """
    if name not in _KNOWN:
        raise ConfigError(f"There is no provider {name!r}.", hint=f"Choose one of {', '.join(names())}.", name=name)
    module, _, attribute = _KNOWN[name].partition(":")
    found: type[Adapter] = getattr(importlib.import_module(module), attribute)
    return found


def register(name: str, path: str) -> None:
    """Make a provider known for this process.

    Parameters
    ----------
    name : str
        Written into every row's ``source``; a name may be registered again with the same path.
    path : str
        ``package.module:Class``.

    Raises
    ------
    ConfigError
        When the path has another form, or the name belongs to another provider.
    """
    if path.count(":") != 1 or not all(part.strip() for part in path.split(":")):
        raise ConfigError(f"{path!r} does not name a provider's class.", hint="Write it as package.module:Class.")
    if _KNOWN.get(name, path) != path:
        raise ConfigError(f"The provider {name!r} is {_KNOWN[name]}.", hint="Register under another name.", name=name)
    _KNOWN[name] = path


def _check_options(name: str, provider: Any, options: dict[str, Any]) -> None:
    """An option that is mistyped is an error that names the ones there are."""
    from inspect import Parameter, signature

    parameters = signature(provider).parameters
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    unknown = sorted(set(options) - set(parameters))
    if unknown:
        raise ConfigError(
            f"The provider {name!r} has no option {unknown[0]!r}.", hint=f"It has {', '.join(parameters)}.", name=name
        )
