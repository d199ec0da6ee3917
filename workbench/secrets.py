"""Secrets by reference: code holds a name such as ``env:KIS_APP_KEY``, never the value.

A value is looked up in three places, in this order: what the runner handed to this kernel over its
private channel, the environment, and the file ``.env`` in the home folder.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, quote_plus

from workbench import settings
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

#: Names that hold a secret: one of these words, with nothing but digits or a new word after it
#: (``KEYBOARD``, ``PASSAGE`` and ``TOKENIZERS_PARALLELISM`` are none, ``KIS_APPKEY`` and ``DB_PASSWORD_2`` are).
_SECRET_NAME = re.compile(r"(KEY|SECRET|TOKEN|PASS|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?\d*(_|$)", re.IGNORECASE)
_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")

#: Values that reached this process over the runner's private channel.
_vault: dict[str, str] = {}
#: Called with (name, value) when a value is looked up; the kernel learns here what else to redact.
_watchers: list[Callable[[str, str], None]] = []
_cleaners: list[Callable[[str], str]] = []
#: Name by value, of what this process has looked up or been given by a provider; :func:`masked` takes them out.
_seen: dict[str, str] = {}
#: Shorter values would blacken ordinary words.
_SHORTEST = 6


class Secret:
    """A value that does not print, format, pickle or serialise; ``reveal()`` returns it.

    Parameters
    ----------
    reference : str
        Where the value comes from, ``env:NAME``; this is what is shown.
    value : str
        The value itself.
    """

    __slots__ = ("_reference", "_value")

    def __init__(self, reference: str, value: str) -> None:
        self._reference = reference
        self._value = value

    @property
    def reference(self) -> str:
        """The name of the secret, ``env:NAME``."""
        return self._reference

    def reveal(self) -> str:
        """Return the value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self._reference})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._reference))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{self!r} cannot be pickled. Pass the reference {self._reference!r} and look it up there.")


def secret(reference: str) -> Secret:
    """Look up a secret by its reference.

    Parameters
    ----------
    reference : str
        ``env:NAME``: the environment variable NAME, or NAME in the home folder's ``.env``.

    Returns
    -------
    Secret

    Raises
    ------
    ConfigError
        The text is no reference, or nothing is set under that name.
    """
    name = reference_name(reference)
    if name is None:
        raise ConfigError(
            "A secret is named by a reference, and this text is none.",
            hint="Write env:NAME, where NAME is an environment variable or a line of the .env file.",
        )
    value = _lookup(name)
    if not value:
        raise ConfigError(
            f"No value is set for the secret env:{name}.",
            hint=f"Set the environment variable {name}, or add the line {name}=... to .env in the home folder.",
        )
    remember(name, value)
    return Secret(f"env:{name}", value)


def is_set(reference: str) -> bool:
    """Say whether a value is set under a reference, without looking at it."""
    name = reference_name(reference)
    return name is not None and bool(_lookup(name))


def remember(name: str, value: str) -> None:
    """Have a value kept out of logs and of what a run saves, such as a token that a provider has issued."""
    _seen[value] = name
    for watcher in _watchers:
        watcher(name, value)


def masked(text: str) -> str:
    """A text without the values this process has looked up, plain, as JSON or as part of an address."""
    for value, name in list(_seen.items()):
        if len(value) >= _SHORTEST:
            for form in {value, json.dumps(value)[1:-1], quote(value, safe=""), quote_plus(value)}:
                text = text.replace(form, f"[secret {name}]")
    return text


def reference_name(text: object) -> str | None:
    """Return NAME of a text that is exactly ``env:NAME``, else None."""
    match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return match.group(1) if match else None


def is_secret_name(name: str) -> bool:
    """Say whether an environment variable of this name is taken for a secret."""
    return not name.startswith("WORKBENCH_") and _SECRET_NAME.search(name) is not None


def gather(texts: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Collect every secret a run could meet.

    Parameters
    ----------
    texts : iterable of str
        Notebook sources and parameters, searched for references ``env:NAME``.
    environ : mapping, optional
        The environment to search; this process's by default.

    Returns
    -------
    dict of str to str
        Name to value: the names of the ``.env`` file, the variables whose name says so, and what is
        referenced. Names without a value are left out.
    """
    environment = os.environ if environ is None else environ
    stored = read_env_file(settings.load().home / ".env")
    found = {name: value for name, value in stored.items() if not name.startswith("WORKBENCH_")}
    referenced = {name for text in texts for name in _REFERENCE.findall(text)}
    found |= {name: value for name, value in environment.items() if is_secret_name(name)}
    found |= {name: environment[name] for name in referenced | set(found) if name in environment}
    return {name: value for name, value in (_vault | found).items() if value}


def read_env_file(path: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines; quotes around a value and a leading ``export`` are dropped.

    A file that does not exist has no lines.
    """
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if not separator or name.startswith("#"):
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[name.strip()] = value
    return values


def hand_over(values: Mapping[str, str], watcher: Callable[[str, str], None], cleaner: Callable[[str], str]) -> None:
    """Give this process the values of the runner's private channel; called by the kernel's start-up.

    ``watcher`` is told of each value that is looked up; ``cleaner`` takes values out of a text.
    """
    _vault.update(values)
    _watchers.append(watcher)
    _cleaners.append(cleaner)


def any_known() -> bool:
    """Say whether texts of this process are cleaned at all."""
    return bool(_cleaners)


def cleaned(text: str) -> str:
    """Return a text without the values of secrets, for what a run saves; unchanged outside of a run."""
    for cleaner in _cleaners:
        text = cleaner(text)
    return text


def _lookup(name: str) -> str | None:
    if name in _vault:
        return _vault[name]
    if name in os.environ:
        return os.environ[name]
    return read_env_file(settings.load().home / ".env").get(name)
