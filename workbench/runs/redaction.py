"""Taking secret values out of anything that is shown or saved."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Shorter values would blacken ordinary words and numbers; they are kept out of the environment only.
SHORTEST = 6


class Redactor:
    """Replaces the values of secrets, in the forms in which they usually leak.

    The forms are the plain value, its JSON, ``repr`` (of text and of bytes), HTML and URL escapes, its
    hexadecimal digits, and its base64 at each of the three alignments (a password inside a
    Basic-authentication header). Values shorter than six characters are not replaced.

    Parameters
    ----------
    secrets : mapping of str to str
        Name to value.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        self._beginnings: set[str] = set()
        for name, value in secrets.items():
            self._learn(name, value)
        self._compile()

    def add(self, name: str, value: str) -> None:
        """Redact one more value from now on."""
        if value not in self._names:
            self._learn(name, value)
            self._compile()

    def text(self, text: str) -> str:
        """Return the text with each value replaced by ``[secret NAME]``."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: f"[secret {self._names[match.group(0)]}]", text)

    def complete(self, text: str) -> int:
        """Return how much of a text can be shown before what follows is known.

        The rest may be the beginning of a value, and whatever value it cuts into.
        """
        longest = max(map(len, self._names), default=0)
        starts = range(max(0, len(text) - longest + 1), len(text))
        end = next((start for start in starts if text[start:] in self._beginnings), len(text))
        whole = () if self._pattern is None else self._pattern.finditer(text)
        return next((match.start() for match in whole if match.start() < end < match.end()), end)

    def binary(self, data: bytes) -> bytes:
        """Return the bytes with each value overwritten by stars; the length stays."""
        return data if self._bytes is None else self._bytes.sub(lambda match: b"*" * len(match.group(0)), data)

    def clean(self, value: Any) -> Any:
        """Return a copy of nested dicts, lists, texts and bytes without secrets.

        Containers keep their type where it can be built from its items (``dict`` subclasses such as
        notebook nodes included); other objects are returned as they are.
        """
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.binary(value)
        if isinstance(value, dict):
            return type(value)({self.clean(key): self.clean(item) for key, item in value.items()})
        if isinstance(value, list | tuple):
            return type(value)(self.clean(item) for item in value)
        return value

    def holds_secret(self, text: str) -> bool:
        """Say whether the text contains a value that would be replaced."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def _learn(self, name: str, value: str) -> None:
        if len(value) >= SHORTEST:
            for form in _forms(value):
                self._names.setdefault(form, name)

    def _compile(self) -> None:
        if not self._names:
            return
        # The longest form first: a shorter secret inside a longer one must not leave its rest visible.
        forms = sorted(self._names, key=len, reverse=True)
        self._beginnings = {form[:size] for form in forms for size in range(1, len(form))}
        self._pattern = re.compile("|".join(map(re.escape, forms)))
        self._bytes = re.compile(b"|".join(re.escape(form.encode()) for form in forms))


def _forms(value: str) -> set[str]:
    raw = value.encode()
    forms = {value, quote(value), quote(value, safe=""), quote_plus(value), html.escape(value), raw.hex()}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    forms |= {repr(value)[1:-1], ascii(value)[1:-1], repr(raw)[2:-1]}
    forms |= {html.escape(form, quote=quotes) for form in forms for quotes in (True, False)}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        # The first and last groups mix with the neighbours' bits; what is left between is the value's own.
        start = 4 if offset else 0
        whole = (offset + len(raw)) // 3 * 4
        core = encoded[start:whole]
        if len(core) >= 8:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}
