"""The one HTTP client of the adapters: paced, patient within bounds, typed in its errors, silent about keys.

What a provider says in its own words (an error code in a body of status 200, a block page) is told by its
``judge``, which sees every reply first; what it leaves alone is judged by status.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench import journal, secrets, settings
from workbench.adapters.net.clock import Clock
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests

    from workbench.adapters.net.limiter import Limiter

_CHUNK = 1 << 16
#: First bytes of a ZIP archive.
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Reply:
    """What a provider answered.

    Attributes
    ----------
    provider : str
        Its name, for errors.
    url : str
        Without its query, which may hold a key.
    status : int
        Of HTTP.
    headers : mapping
        Case does not matter.
    body : bytes
        Complete and decompressed.
    """

    provider: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_html(self) -> bool:
        """A page for a person where data was expected."""
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html"))

    def text(self) -> str:
        """The body as UTF-8; bytes that are none are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises
        ------
        ShapeChanged
            If it is none; the message shows its beginning.
        """
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            what = "an HTML page" if self.is_html else "no JSON"
            raise self.changed(f"{what}: {self.text()[:80]!r}", garbled=True) from error

    def check(self) -> None:
        """See that what calls itself data is data: no page for a person, no half of a JSON.

        Raises
        ------
        ShapeChanged
            With ``context["garbled"]``: a gateway's page often passes, so that the client asks again.
        """
        archive = self.body.startswith(_ZIP)  # whatever its header calls it
        if self.is_html or ("json" in self.headers.get("Content-Type", "") and not archive):
            self.json()

    def changed(self, what: str, **about: Any) -> ShapeChanged:
        """The error of an answer in another shape; ``what`` completes "… answered …"."""
        return ShapeChanged(
            secrets.masked(f"{self.provider} answered {self.url} with {what} (HTTP {self.status})."),
            hint="Look at the provider's notices; if its format changed, the adapter must be adapted.",
            provider=self.provider,
            **about,
        )


@dataclass(frozen=True)
class Patience:
    """How long a client tries.

    Attributes
    ----------
    attempts : int
        Calls for one request, the first included.
    longest_wait : float
        Seconds; a wait that the provider asks for and that is longer is left to the caller.
    connect, read, deadline : float
        Seconds to connect, between two pieces of a reply, and for the whole of it.
    sleep : callable
        Takes seconds; tests pass one that does not wait.
    """

    attempts: int = 3
    longest_wait: float = 65.0
    connect: float = 5.0
    read: float = 20.0
    deadline: float = 60.0
    sleep: Callable[[float], None] = time.sleep


class Client:
    """Asks one provider.

    Parameters
    ----------
    provider : str
        Its name; ``WORKBENCH_URL_<NAME>`` replaces the address.
    base_url : str
        Scheme, host and the path that all calls share, without a slash at the end.
    limiter : Limiter or None
        Of the key in use; every call takes a slot.
    headers : mapping, optional
        Sent with every call.
    judge : callable, optional
        ``judge(reply)`` raises the typed error of a reply, or returns.
    patience : Patience
        Attempts and time limits.
    verify : bool
        False leaves certificates unchecked, for the rare host whose chain is broken and whose data is public.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        limiter: Limiter | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        judge: Callable[[Reply], None] | None = None,
        patience: Patience | None = None,
        verify: bool = True,
    ) -> None:
        self.provider = provider
        self.base_url = (settings.provider_url(provider) or base_url).rstrip("/")
        self.limiter = limiter
        self.calls = 0
        self._headers = dict(headers or {})
        self._judge = judge
        self._patience = patience or Patience()
        self._verify = verify
        self._local = threading.local()
        self._count = threading.Lock()
        self.clock = Clock(provider)

    def now(self) -> datetime:
        """UTC now by the provider's clock where ours is far from it, else by ours."""
        return self.clock.now()

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Reply:
        """``GET`` below the base address; see :meth:`ask`."""
        return self.ask("GET", path, params=params, **options)

    def post(self, path: str, body: Any, **options: Any) -> Reply:
        """``POST`` with a JSON body; see :meth:`ask`."""
        return self.ask("POST", path, json=body, **options)

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        judge: Callable[[Reply], None] | None = None,
    ) -> Reply:
        """Send one request, again where the failure may pass.

        Parameters
        ----------
        method : str
            Of HTTP; only reads are asked of providers, so that any may be sent again.
        path : str
            Below the base address, or a whole address.
        params, headers, json
            Of the request.
        judge : callable, optional
            In place of the client's own.

        Raises
        ------
        Throttled
            The provider refused for its rate, and waiting has not helped or would take too long;
            ``context["retry_after"]`` says how long, where known.
        Unreachable
            No connection, no complete answer in time, or an error of the server.
        Unauthorised
            The key or the address is refused.
        ShapeChanged, ProviderError
            Anything else that is no answer; a page or half a JSON only once asking again has not helped.
        """
        url = path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"
        # Loading the library takes a moment: before the slot, or the calls behind it would catch up with this one.
        self._session()
        for attempt in range(self._patience.attempts):
            slot = self.limiter.acquire() if self.limiter else 0.0
            try:
                reply = self._send(method, url, params, headers, json)
                if self.limiter:
                    self.limiter.answered(slot)
                (judge or self._judge or _leave)(reply)
                _by_status(reply)
                reply.check()
            except Throttled as error:
                wait = float(error.context.get("retry_after") or 2.0**attempt)
                if self.limiter:
                    self.limiter.refused(slot, min(wait, self._patience.longest_wait))
                journal.note("provider.throttled", level="warning", provider=self.provider, url=url, wait=wait)
                if attempt + 1 == self._patience.attempts or wait > self._patience.longest_wait:
                    raise
                self._patience.sleep(wait)
            except (Unreachable, ShapeChanged) as error:
                if isinstance(error, ShapeChanged) and not error.context.get("garbled"):
                    raise
                event = "provider.garbled" if isinstance(error, ShapeChanged) else "provider.unreachable"
                journal.note(event, level="warning", provider=self.provider, url=url, error=str(error))
                if attempt + 1 == self._patience.attempts:
                    raise
                self._patience.sleep(0.5 * 2.0**attempt)
            else:
                return reply
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _send(self, method: str, url: str, params: Any, headers: Any, body: Any) -> Reply:
        import requests
        import urllib3

        with self._count:
            self.calls += 1
        begun = time.monotonic()
        plain = url.partition("?")[0]
        failure = ""
        try:
            answer = self._session().request(
                method,
                url,
                params=params,
                headers=headers,
                json=body,
                timeout=(self._patience.connect, self._patience.read),
                stream=True,
                allow_redirects=False,
                verify=self._verify,
            )
            with answer:
                content = self._read(answer, begun)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = type(error).__name__
        if failure:
            # Raised outside of the handler: the library's error holds the address with its query, and so
            # perhaps a key, and would hang on to ours as its context.
            raise Unreachable(
                f"{self.provider} did not answer {plain}: {failure}.",
                hint="Check the network; collect again later.",
                provider=self.provider,
            )
        self.clock.hear(answer.headers.get("Date"))
        return Reply(self.provider, plain, answer.status_code, answer.headers, content)

    def _read(self, answer: requests.Response, begun: float) -> bytes:
        """The whole body within the deadline: a server that drips does not hold a collection."""
        import requests

        pieces = []
        # `iter_content` waits for a whole chunk, however slowly it drips in.
        while piece := answer.raw.read1(_CHUNK, decode_content=True):
            pieces.append(piece)
            if time.monotonic() - begun > self._patience.deadline:
                raise requests.Timeout("the whole reply took too long")
        return b"".join(pieces)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            import requests

            session = requests.Session()
            session.headers.update(self._headers)
            # Without this a .netrc of the user replaces the Authorization header.
            session.auth = _leave
            self._local.session = session
        found: requests.Session = self._local.session
        return found


def _leave(reply: Any) -> Any:
    return reply


def _by_status(reply: Reply) -> None:
    """The error of a reply that its provider's judge let pass."""
    status, about = reply.status, {"provider": reply.provider, "status": reply.status}
    if status < 300:
        return
    if status == 429:
        after = reply.headers.get("Retry-After", "")
        raise Throttled(
            f"{reply.provider} asks for fewer calls (HTTP 429).",
            hint="Collect again later.",
            retry_after=float(after) if after.isdigit() else None,
            **about,
        )
    if status in (401, 403):
        raise Unauthorised(
            f"{reply.provider} refuses the request to {reply.url} (HTTP {status}).",
            hint="Check the key and what the subscription covers; `wb doctor` tests both.",
            **about,
        )
    if status >= 500:
        raise Unreachable(f"{reply.provider} has an error of its own (HTTP {status}).", hint="Try later.", **about)
    raise ProviderError(
        secrets.masked(f"{reply.provider} refuses the request to {reply.url} (HTTP {status}): {reply.text()[:120]!r}."),
        hint="If the request is right, the provider changed what it takes, and the adapter must be adapted.",
        **about,
    )
