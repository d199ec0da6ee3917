"""The kernel of a run: an IPython kernel whose messages are redacted before they leave it.

Started as ``python -m workbench.runs.kernel -f CONNECTION_FILE``. Before any code of a notebook runs
it reads the secrets from an inherited, nameless file and closes it, so that neither the environment
nor a path leads to them.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session

from workbench import secrets
from workbench.runs.environment import SECRETS_FD
from workbench.runs.redaction import Redactor

_redactor = Redactor({})


class RedactingSession(Session):  # type: ignore[misc]
    """A session that cleans every message: streams, displays of all types, results, tracebacks.

    A value may be written in pieces: the end of a stream's text that could be the beginning of one
    waits for the next piece, or for the next message of another kind.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # By name of the stream: what waits, and the socket and the rest of the call that would have sent it.
        self._waiting: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {}
        self._lock = threading.RLock()

    def serialize(self, msg: dict[str, Any], ident: Any = None) -> Any:
        parts: dict[str, Any] = {key: _redactor.clean(msg[key]) for key in ("content", "metadata") if key in msg}
        return super().serialize({**msg, **parts}, ident)

    def send(self, stream: Any, msg_or_type: Any, *args: Any, buffers: Any = None, **kwargs: Any) -> Any:
        cleaned = [_redactor.binary(bytes(buffer)) for buffer in buffers] if buffers else buffers
        with self._lock:
            if isinstance(msg_or_type, dict) and msg_or_type["header"]["msg_type"] == "stream":
                return self._send_text(stream, msg_or_type, kwargs)
            for socket, message, more in self._waiting.values():
                super().send(socket, message, **more)
            self._waiting.clear()
            return super().send(stream, msg_or_type, *args, buffers=cleaned, **kwargs)

    def _send_text(self, socket: Any, message: dict[str, Any], more: dict[str, Any]) -> Any:
        """Send a stream's text up to where a value may begin, and keep the rest."""
        name = message["content"]["name"]
        _, before, _ = self._waiting.pop(name, (None, None, None))
        text = (before["content"]["text"] if before else "") + message["content"]["text"]
        end = _redactor.complete(text)
        if end < len(text):
            rest = self.msg("stream", {"name": name, "text": text[end:]}, parent=message["parent_header"])
            self._waiting[name] = (socket, rest, more)
        return super().send(socket, {**message, "content": {"name": name, "text": text[:end]}}, **more) if end else None


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
