"""The one HTTP client of the adapters: paced, patient within bounds, typed in its errors, silent about keys.

What a provider says in its own words (an error code in a body of status 200, a block page) is told by its
``judge``, which sees every reply first; what it leaves alone is judged by status.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.adapters.net.clock import Clock
from workbench.adapters.net.patience import Patience
from workbench.adapters.net.reply import Reply, fail_by_status
from workbench.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import requests

    from workbench.adapters.net.limiter import Limiter

_CHUNK = 1 << 16


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
        slot = 0.0

        def once() -> Reply:
            nonlocal slot
            slot = self.limiter.acquire() if self.limiter else 0.0
            reply = self._send(method, url, params, headers, json)
            (judge or self._judge or _leave)(reply)
            fail_by_status(reply)
            reply.check()
            return reply

        def refused(wait: float) -> None:
            if self.limiter:
                self.limiter.refused(slot, wait)

        return self._patience.keep_trying(once, self.provider, refused, url=url)

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
