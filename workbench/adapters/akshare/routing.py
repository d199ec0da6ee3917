"""Runs a function of the library so that each of its requests is paced, limited in time, and judged.

The library calls ``requests.get`` in its own modules, without time limit and without pause. While one of its
functions runs, the name ``requests`` of the library's modules stands for a session of ours; afterwards it is
as before. The ``requests`` package itself is never changed, so that nobody else's calls are touched.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
import time
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from workbench.adapters.akshare.judging import closed_without_answer, fail_by_status, judge, throttled
from workbench.adapters.akshare.stand_in import Requests, no_bars
from workbench.adapters.net import PacedSession, Patience, Reply
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from workbench.adapters.net import Limiter

EXTRA = "akshare"
_CHUNK = 1 << 12
#: The library's modules are shared by all adapters of the process.
_TAKEN = threading.RLock()
#: What the library's code raises by itself when an answer has another shape than it expects.
_STUMBLES = (KeyError, TypeError, ValueError, IndexError, AttributeError, zipfile.BadZipFile)


class Attentive(HTTPAdapter):
    """Tells a connection that was closed without an answer, which is throttling, from other failures."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Send."""
        try:
            return super().send(request, *arguments, **options)
        except requests.ConnectionError as error:
            if not closed_without_answer(error):
                raise
        plain = (request.url or "").partition("?")[0]
        raise throttled(f"closed the connection to {plain} without an answer")


class JudgedSession(PacedSession):
    """A paced session that reads each reply whole, within the time limits, and judges it.

    Parameters
    ----------
    limiter : Limiter
        Of the address we ask from.
    patience : Patience
        Time limits.
    hear : callable
        Takes the header ``Date`` of each reply.
    """

    def __init__(self, limiter: Limiter, patience: Patience, hear: Callable[[str | None], None]) -> None:
        super().__init__(EXTRA, limiter, timeout=(patience.connect, patience.read))
        self.judge: Callable[[Reply], None] = judge
        self._deadline, self._hear = patience.deadline, hear
        self.mount("https://", Attentive())
        self.mount("http://", Attentive())

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send, read and judge; what goes wrong is an error of ours, which the library lets pass."""
        plain = urlsplit(request.url or "")._replace(query="").geturl()
        begun = time.monotonic()
        try:
            answer = super().send(request, **options | {"stream": True, "timeout": self.timeout})
            pieces = []
            for piece in answer.iter_content(_CHUNK):
                pieces.append(piece)
                if time.monotonic() - begun > self._deadline:
                    raise requests.Timeout("the whole reply took too long")
        except requests.RequestException as error:
            raise Unreachable(
                f"{EXTRA} did not answer {plain}: {type(error).__name__}.",
                hint="Check the network; collect again later.",
                provider=EXTRA,
            ) from None
        body = b"".join(pieces)
        answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined]
        self._hear(answer.headers.get("Date"))
        reply = Reply(EXTRA, plain, answer.status_code, answer.headers, body)
        self.judge(reply)
        fail_by_status(reply)
        return answer


class Library:
    """The installed library, one function at a time.

    Parameters
    ----------
    session : JudgedSession
        Makes its requests.
    patience : Patience
        Attempts; the library itself makes one.
    """

    def __init__(self, session: JudgedSession, patience: Patience) -> None:
        self._session, self._patience = session, patience

    def call(self, name: str, *, judged: Callable[[Reply], None] = judge, **arguments: Any) -> Any:
        """What a function of the library returns, again where the failure may pass.

        Parameters
        ----------
        name : str
            Of the function.
        judged : callable
            Sees every reply before the library does.
        **arguments
            Of the function.

        Raises
        ------
        ConfigError
            The library is not installed.
        Throttled, Unreachable
            As of the client.
        ShapeChanged
            The library could not read an answer, or made a request past the limiter.
        """

        def refused(wait: float) -> None:
            if self._session.limiter is not None:
                self._session.limiter.refused(self._session.slot, wait)

        return self._patience.keep_trying(lambda: self._once(name, judged, arguments), EXTRA, refused, call=name)

    def _once(self, name: str, judged: Callable[[Reply], None], arguments: dict[str, Any]) -> Any:
        function = _function(name)
        with _TAKEN, self._routed(function, judged), warnings.catch_warnings():
            # Of pandas, about the library's ways; none tells us anything.
            warnings.simplefilter("ignore")
            before = self._session.calls
            try:
                result = function(**arguments)
            except _STUMBLES as error:
                raise _changed(
                    name, f"the library stumbled over the answer ({type(error).__name__}: {error})"
                ) from error
            if self._session.calls == before:
                raise _changed(name, "the library made its requests past the limiter")
        return result

    @contextmanager
    def _routed(self, function: Any, judged: Callable[[Reply], None]) -> Iterator[None]:
        """The library's modules ask through our session, and draw no progress bars."""
        stand_in = Requests(self._session)
        names = {"requests": stand_in, "get_tqdm": no_bars}
        kept: list[tuple[ModuleType, str, Any]] = []
        try:
            self._session.judge = judged
            for module in (sys.modules[function.__module__], importlib.import_module("akshare.utils.request")):
                for name, value in names.items():
                    if name in vars(module):
                        kept.append((module, name, getattr(module, name)))
                        setattr(module, name, value)
            yield
        finally:
            for module, name, value in kept:
                setattr(module, name, value)
            self._session.judge = judge


def installed() -> None:
    """Raise a ConfigError that names the extra where the library is not installed."""
    if importlib.util.find_spec(EXTRA) is None:
        raise ConfigError(
            "The provider akshare needs the library akshare, which is not installed.",
            hint='Run: pip install "spock-workbench[akshare]"',
            extra=EXTRA,
        )


def _function(name: str) -> Any:
    installed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            library = importlib.import_module(EXTRA)
        except ImportError as error:
            raise ConfigError(
                f"The library akshare cannot be imported: {error}.",
                hint='Install it anew: pip install --force-reinstall "spock-workbench[akshare]"',
                extra=EXTRA,
            ) from error
    try:
        return getattr(library, name)
    except AttributeError as error:
        raise _changed(name, "the installed library has no such function") from error


def _changed(name: str, what: str) -> ProviderError:
    return ShapeChanged(
        f"akshare.{name}: {what}.",
        hint="A page behind the library changed: look for a newer akshare, else the adapter must be adapted.",
        provider=EXTRA,
        call=name,
    )
