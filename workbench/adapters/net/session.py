"""A requests session for libraries that bring their own calls: paced, with time limits, and redirected for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests

from workbench import settings

if TYPE_CHECKING:
    from workbench.adapters.net.limiter import Limiter

#: Says which host was meant where all hosts are answered by one local server.
ORIGINAL_HOST = "X-Original-Host"


class PacedSession(requests.Session):
    """A session whose every request takes a slot of the limiter.

    Parameters
    ----------
    provider : str
        ``WORKBENCH_URL_<NAME>`` replaces scheme and host of every address; the host that was meant is sent
        in the header ``X-Original-Host``.
    limiter : Limiter or None
        Of the address we ask from.
    timeout : (float, float)
        Seconds to connect, and between two pieces of a reply, where the library names none.

    Attributes
    ----------
    calls : int
        Requests sent.
    """

    def __init__(self, provider: str, limiter: Limiter | None, *, timeout: tuple[float, float] = (5.0, 20.0)) -> None:
        super().__init__()
        self.provider, self.limiter, self.timeout = provider, limiter, timeout
        self.calls = 0
        self.slot = 0.0

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send, after the wait for a slot."""
        elsewhere = settings.provider_url(self.provider)
        if elsewhere and request.url:
            parts, target = urlsplit(request.url), urlsplit(elsewhere)
            request.headers[ORIGINAL_HOST] = parts.netloc
            request.url = urlunsplit((target.scheme, target.netloc, parts.path, parts.query, ""))
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        if self.limiter is not None:
            self.slot = self.limiter.acquire()
        self.calls += 1
        return super().send(request, **options)
