"""Sessions that yfinance asks with: each request takes a slot of our limiter and may be sent elsewhere for a test.

``curl_cffi`` looks like a browser, which Yahoo's service wants; plain ``requests`` is the fallback where it
cannot be installed. Both are handed to yfinance, so that its calls for cookie and crumb are paced as well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3

from workbench import settings
from workbench.adapters.net import PacedSession, Patience
from workbench.adapters.net.session import ORIGINAL_HOST
from workbench.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.net import Limiter

NAME = "yahoo"
#: Paths that bring data; the others (cookie, crumb, consent) are yfinance's own business.
_DATA = ("/v8/finance/chart", "/v10/finance/quoteSummary", "/ws/fundamentals-timeseries")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """A reply to a data call as it arrived."""

    url: str
    status: int
    headers: Any
    body: bytes


@dataclass(frozen=True)
class Terms:
    """What a session keeps to.

    Attributes
    ----------
    limiter : Limiter
        Of the address that asks.
    patience : Patience
        Time limits.
    judge : callable
        ``judge(answer, slot)`` sees each reply to a data call first, and raises the typed error of one that
        yfinance must not answer with further calls.
    """

    limiter: Limiter
    patience: Patience
    judge: Callable[[Answer, float], None]


def open_session(terms: Terms, backend: str) -> Any:
    """A session for yfinance; ``backend`` is ``curl`` or ``requests``."""
    return curl_session(terms) if backend == "curl" else Plain(terms)


def has_curl() -> bool:
    """Whether ``curl_cffi`` can be used."""
    try:
        import curl_cffi.requests  # noqa: F401
    except ImportError:
        return False
    return True


class Plain(PacedSession):
    """``requests``, with a browser's header and a limit for the whole of a reply."""

    def __init__(self, terms: Terms) -> None:
        super().__init__(NAME, terms.limiter, timeout=(terms.patience.connect, terms.patience.read))
        self.terms = terms
        self.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send, and read the body within the deadline."""
        data = is_data(request.url or "")
        try:
            response = super().send(request, **(options | {"stream": True, "timeout": self.timeout}))
            # After a redirect the last hop has come this way already, and is read.
            unread = getattr(response, "_content", False) is False
            deadline = time.monotonic() + self.terms.patience.deadline
            body = _read(response, deadline) if unread else response.content
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if not data:
                raise
            raise unreachable(request.url or "", error) from None
        response._content, response._content_consumed = body, True  # type: ignore[attr-defined]
        if data:
            answer = Answer(_plain(request.url or ""), response.status_code, response.headers, body)
            self.terms.judge(answer, self.slot)
        return response


def _read(response: requests.Response, until: float) -> bytes:
    pieces = []
    # `iter_content` waits for a whole chunk, however slowly it drips in.
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        pieces.append(piece)
        if time.monotonic() > until:
            raise requests.Timeout("the whole reply took too long")
    return b"".join(pieces)


def curl_session(terms: Terms) -> Any:
    """A session of ``curl_cffi`` that impersonates a browser."""
    from curl_cffi import requests as curl

    class Browser(curl.Session):  # type: ignore[type-arg]
        """Takes a slot for each request, redirects it for a test, and shows us what came back."""

        def request(self, method: Any, url: str, **options: Any) -> Any:  # type: ignore[override]
            """Send, after the wait for a slot."""
            address, headers = elsewhere(url, options.get("headers"))
            data = is_data(url)
            slot = terms.limiter.acquire()
            options |= {"headers": headers, "timeout": (terms.patience.connect, terms.patience.deadline)}
            try:
                response = super().request(method, address, **options)
            except curl.exceptions.RequestException as error:
                if not data:
                    raise
                raise unreachable(url, error) from None
            if data:
                terms.judge(Answer(_plain(url), response.status_code, response.headers, response.content), slot)
            return response

    return Browser(impersonate="chrome")


def elsewhere(url: str, headers: Any) -> tuple[str, dict[str, str]]:
    """The address to ask, and its headers, as :class:`PacedSession` has it."""
    target = settings.provider_url(NAME)
    named = dict(headers or {})
    if not target:
        return url, named
    meant, there = urlsplit(url), urlsplit(target)
    return urlunsplit((there.scheme, there.netloc, meant.path, meant.query, "")), named | {ORIGINAL_HOST: meant.netloc}


def is_data(url: str) -> bool:
    """Whether a call brings data."""
    return urlsplit(url).path.startswith(_DATA)


def unreachable(url: str, error: Exception) -> Unreachable:
    """The error of a call without a complete answer."""
    return Unreachable(
        f"Yahoo did not answer {_plain(url)}: {type(error).__name__}.",
        hint="Check the network; collect again later.",
        provider=NAME,
    )


def _plain(url: str) -> str:
    return url.partition("?")[0]
