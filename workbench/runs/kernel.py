"""The kernel of a run: an IPython kernel whose messages are redacted before they leave it.

Started as ``python -m workbench.runs.kernel -f CONNECTION_FILE``. Before any code of a notebook runs
it reads the secrets from an inherited, nameless file and closes it, so that neither the environment
nor a path leads to them.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session

from workbench import secrets
from workbench.runs.environment import SECRETS_FD
from workbench.runs.redaction import Redactor

_redactor = Redactor({})


class RedactingSession(Session):  # type: ignore[misc]
    """A session that cleans every message: streams, displays of all types, results, tracebacks."""

    def serialize(self, msg: dict[str, Any], ident: Any = None) -> Any:
        parts: dict[str, Any] = {key: _redactor.clean(msg[key]) for key in ("content", "metadata") if key in msg}
        return super().serialize({**msg, **parts}, ident)

    def send(self, stream: Any, msg_or_type: Any, *args: Any, buffers: Any = None, **kwargs: Any) -> Any:
        cleaned = [_redactor.binary(bytes(buffer)) for buffer in buffers] if buffers else buffers
        return super().send(stream, msg_or_type, *args, buffers=cleaned, **kwargs)


class RedactingKernelApp(IPKernelApp):  # type: ignore[misc]
    """The kernel application with the redacting session and without a history file."""

    def _session_default(self) -> RedactingSession:
        return RedactingSession(parent=self)


def _receive_secrets() -> None:
    descriptor = os.environ.pop(SECRETS_FD, None)
    if descriptor is None:
        return
    with os.fdopen(int(descriptor), encoding="utf-8") as channel:
        channel.seek(0)
        values: dict[str, str] = json.load(channel)
    for name, value in values.items():
        _redactor.add(name, value)
    secrets.hand_over(values, _found, _redactor.text)


def _found(name: str, value: str) -> None:
    """A notebook looked up a name that nobody had announced: hide it like the others."""
    _redactor.add(name, value)
    os.environ.pop(name, None)


def main() -> None:
    """Start the kernel and serve until it is told to stop."""
    _receive_secrets()
    application = RedactingKernelApp.instance()
    application.config.HistoryManager.enabled = False
    application.initialize()
    application.start()


if __name__ == "__main__":
    main()
