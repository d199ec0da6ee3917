"""One cheap request to each provider: which keys are there, which work, and what to do about the rest."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import polars as pl

from workbench import adapters, secrets
from workbench.errors import ConfigError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.adapters.base import Adapter

#: Not over the network: nothing to examine.
LOCAL = ("files", "sample")
_COLUMNS = ("provider", "regions", "keys", "status", "said", "limits", "action")


def doctor(names: Sequence[str] | None = None) -> pl.DataFrame:
    """Examine providers, one after the other.

    Parameters
    ----------
    names : sequence of str, optional
        Some of :func:`workbench.adapters.names`; by default all that are asked over the network.

    Returns
    -------
    polars.DataFrame
        provider, regions, keys (``none needed``, ``set``, or which are missing), status (``works``,
        ``no key``, ``not installed``, or the kind of error), said (what came back), limits (in force),
        action (what a person should do; empty where nothing).

    Raises
    ------
    ConfigError
        For an unknown name.
    """
    chosen = [name for name in adapters.names() if name not in LOCAL] if names is None else list(names)
    return pl.DataFrame([_examine(name) for name in chosen], schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")


def _examine(name: str) -> tuple[str, ...]:
    kind = adapters.kind(name)
    missing = [reference.removeprefix("env:") for reference in kind.secrets if not secrets.is_set(reference)]
    keys = f"missing: {', '.join(missing)}" if missing else "set" if kind.secrets else "none needed"
    if kind.optional and importlib.util.find_spec(kind.optional) is None:
        said = f"the package {kind.optional} is not there"
        return name, "", keys, "not installed", said, "", f'pip install "spock-workbench[{kind.optional}]"'
    if missing:
        lines = " and ".join(f"{one}=..." for one in missing)
        return name, "", keys, "no key", "not asked", "", f"{kind.signup} Add {lines} to .env.".strip()
    try:
        adapter = adapters.get(name)
    except ConfigError as error:
        return name, "", keys, "config", error.message, "", error.hint
    regions = " ".join(sorted(frozenset().union(*adapter.offers.values())))
    status, said, action = _probe(adapter)
    return name, regions, keys, status, said, adapter.limits(), action


def _probe(adapter: Adapter) -> tuple[str, str, str]:
    try:
        return "works", adapter.probe(), ""
    except ProviderError as error:
        return error.code.removeprefix("provider.").replace("_", " "), error.message, error.hint
