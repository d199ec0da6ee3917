"""A real HTTP server on this machine that stands for a provider: latency, limits, and faults on demand.

A provider's server is a subclass with ``answer(call)``. Several run side by side; each enforces its limit as
the provider does and counts what it refused.

    with MyServer(world, latency=0.25, limit=(15, 1.0)) as server:
        monkeypatch.setenv("WORKBENCH_URL_MINE", server.url)
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from workbench import settings

#: Faults that every server knows; ``renamed`` a provider's server makes itself.
FAULTS = ("429", "500", "reset", "hang", "drip", "truncate", "invalid_json", "html", "empty", "renamed")


@dataclass(frozen=True)
class Call:
    """One request as it arrived; header names are in lower case."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What is sent back; a dict or list is sent as JSON."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass
class Fault:
    """Do this to the calls it fits: the ``first`` so many, or a random ``share``."""

    kind: str
    first: int = 0
    share: float = 0.0
    path: str = ""
    done: int = 0


class LocalServer:
    """Answers on 127.0.0.1 in threads.

    Parameters
    ----------
    latency : float
        Seconds each answer takes.
    limit : (int, float) or None
        Calls in any so many seconds; more are answered by ``throttled(call)``.
    skew : float
        Seconds by which this server's clock is ahead of ours.
    seed : int
        Of the random faults.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        limit: tuple[int, float] | None = None,
        skew: float = 0.0,
        seed: int = 1,
        hang: float = 3.0,
    ) -> None:
        self.latency, self.limit, self.skew, self.hang = latency, limit, skew, hang
        self.calls: list[Call] = []
        self.refused = 0
        self.faults: list[Fault] = []
        self._recent: deque[float] = deque()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http: ThreadingHTTPServer | None = None

    # What a provider's server says.

    def answer(self, call: Call) -> Answer:
        """The ordinary answer."""
        raise NotImplementedError

    def throttled(self, call: Call) -> Answer:
        """The provider's own form of throttling."""
        return Answer("Too Many Requests", 429, {"Content-Type": "text/plain"})

    def faulty(self, kind: str, call: Call) -> Answer:
        """A fault that is an answer.

        Override for the provider's own: ``renamed`` is an ordinary answer with a needed field under another
        name, ``empty`` a success without what it should hold.
        """
        bodies = {
            "500": Answer("oops", 500),
            "invalid_json": Answer(b'{"a": [1, 2', 200, {"Content-Type": "application/json"}),
            "html": Answer("<!DOCTYPE html><html><body>Blocked</body></html>", 200, {"Content-Type": "text/html"}),
            "empty": Answer({}, 200),
        }
        return self.throttled(call) if kind == "429" else bodies[kind]

    def limited(self, call: Call) -> bool:
        """Whether the limit counts this call."""
        return True

    # How it is steered and asked afterwards.

    def fault(self, kind: str, *, first: int = 0, share: float = 0.0, path: str = "") -> None:
        """From now on spoil the ``first`` calls to paths that contain ``path``, or a random ``share`` of them."""
        with self._lock:
            self.faults.append(Fault(kind, first, share, path))

    def heal(self) -> None:
        with self._lock:
            self.faults.clear()

    @property
    def url(self) -> str:
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def warm(self) -> None:
        """Make what the answers are taken from, so that the first call waits no longer than the others."""
        for kind in type(self).__mro__:
            for name, value in vars(kind).items():
                if isinstance(value, cached_property):
                    getattr(self, name)

    def __enter__(self) -> LocalServer:
        self.warm()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Header and body are two writes: without this each answer waits 40 ms for an acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                owner._serve(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def date_time_string(self, timestamp: float | None = None) -> str:
                return format_datetime(settings.now() + timedelta(seconds=owner.skew), usegmt=True)

        ThreadingHTTPServer.daemon_threads = True
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._http is not None
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        size = int(handler.headers.get("Content-Length") or 0)
        with self._lock:
            call = Call(
                number=len(self.calls),
                method=handler.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in handler.headers.items()},
                body=handler.rfile.read(size),
                at=time.monotonic(),
            )
            self.calls.append(call)
            over = self._over(call)
            kind = None if over else self._fault_of(call)
        if self.latency:
            time.sleep(self.latency)
        if kind in ("reset", "hang"):
            self._break(handler, kind)
            return
        answer = (
            self.throttled(call) if over else self.faulty(kind, call) if kind in self.answering else self.answer(call)
        )
        try:
            self._send(handler, answer, kind)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    #: Faults that are answers; the rest spoil the way of an ordinary one.
    answering: tuple[str | None, ...] = ("429", "500", "invalid_json", "html", "empty", "renamed")

    def _over(self, call: Call) -> bool:
        if self.limit is None or not self.limited(call):
            return False
        count, seconds = self.limit
        while self._recent and self._recent[0] <= call.at - seconds:
            self._recent.popleft()
        if len(self._recent) >= count:
            self.refused += 1
            return True
        self._recent.append(call.at)
        return False

    def _fault_of(self, call: Call) -> str | None:
        for fault in self.faults:
            if fault.path in call.path and (fault.done < fault.first or self._random.random() < fault.share):
                fault.done += 1
                return fault.kind
        return None

    def _break(self, handler: BaseHTTPRequestHandler, kind: str) -> None:
        if kind == "hang":
            self._closing.wait(self.hang)
        # Linger 0 makes the close a reset.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        handler.connection.close()

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, kind: str | None) -> None:
        body = answer.encoded()
        handler.send_response(answer.status)
        headers = {"Content-Type": "application/json; charset=utf-8"} | answer.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if kind == "truncate":
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True
        elif kind == "drip":
            for at in range(0, len(body), max(1, len(body) // 40)):
                handler.wfile.write(body[at : at + max(1, len(body) // 40)])
                handler.wfile.flush()
                if self._closing.wait(0.1):
                    break
            handler.close_connection = True
        else:
            handler.wfile.write(body)
