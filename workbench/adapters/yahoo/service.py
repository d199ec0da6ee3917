"""Asks Yahoo through yfinance's data layer, patiently, and says in typed errors what went wrong."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from workbench import journal
from workbench.adapters.net import Limiter, Patience, Rate
from workbench.adapters.net.batch import NotCovered
from workbench.adapters.net.clock import Clock
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workbench.adapters.yahoo.session import Answer

NAME = "yahoo"
#: Unpublished. Some dozens of quick calls were reported to bring blocks of minutes to hours.
RATE = Rate(3, 2.0)
#: Seconds after a refusal, doubled at each further one.
BACKOFF = 60.0
HOST = "https://query2.finance.yahoo.com"
#: Statuses with which Yahoo's edge turns clients away.
_THROTTLED = frozenset({429, 999})


class Service:
    """One way to Yahoo, shared by all that is asked of it.

    Parameters
    ----------
    patience : Patience
        Attempts and time limits.
    backend : str or None
        ``curl`` or ``requests``; None takes ``curl`` where it is installed.
    """

    def __init__(self, patience: Patience | None = None, backend: str | None = None) -> None:
        self.patience = patience or Patience()
        self.limiter = Limiter(NAME, [RATE], sleep=self.patience.sleep)
        self.backend = backend
        self._lock = threading.Lock()
        self._layer: Any = None
        self._refused = 0
        self.clock = Clock(NAME)

    def now(self) -> datetime:
        """UTC now by Yahoo's clock where ours is far from it."""
        return self.clock.now()

    def get(self, path: str, params: Mapping[str, Any], *, crumb: bool = False) -> Any:
        """The JSON of a data call.

        Parameters
        ----------
        path : str
            Below the host, beginning with a slash.
        params : mapping
            Of the query.
        crumb : bool
            Whether Yahoo wants one; where it does not, none is fetched for the call.

        Raises
        ------
        NotCovered
            On a symbol that Yahoo does not know.
        Throttled, Unauthorised, Unreachable, ShapeChanged, ProviderError
            As adapters do; what may pass is tried again within the patience.
        """

        def once() -> Any:
            return _json(path, self._data().ask(HOST + path, dict(params), crumb))

        body = self.patience.keep_trying(once, NAME, url=path)
        self._refused = 0
        return body

    def judge(self, answer: Answer, slot: float) -> None:
        """Raise the error of a reply; yfinance sees only what it may act on (a refused crumb)."""
        self.clock.hear(answer.headers.get("Date"))
        if answer.status in _THROTTLED or b"Too Many Requests" in answer.body[:200]:
            asked = str(answer.headers.get("Retry-After") or "")
            wait = float(asked) if asked.isdigit() else BACKOFF * 2.0**self._refused
            self._refused += 1
            self.limiter.refused(slot, min(wait, self.patience.longest_wait))
            raise Throttled(
                f"Yahoo asks for fewer calls (HTTP {answer.status}).",
                hint="Leave it alone for some minutes and collect again; the fallback providers are asked meanwhile.",
                retry_after=wait,
                provider=NAME,
            )
        if b"Will be right back" in answer.body[:20_000]:
            raise Unreachable("Yahoo is down for maintenance.", hint="Try later.", provider=NAME)
        if answer.status >= 500:
            raise Unreachable(
                f"Yahoo has an error of its own (HTTP {answer.status}).", hint="Try later.", provider=NAME
            )
        if answer.status == 404 and _code(answer.body) == "Not Found":
            raise NotCovered
        if answer.status == 403:
            raise Unauthorised(
                f"Yahoo turns this address or client away at {answer.url} (HTTP 403).",
                hint="Install curl_cffi, which looks like a browser; if it is there, wait some hours.",
                provider=NAME,
            )

    def _data(self) -> Any:
        with self._lock:
            if self._layer is None:
                self._layer = _open(self)
            return self._layer


def _open(service: Service) -> Any:
    """The data layer of yfinance on a session of ours, apart from the one that a user's own calls share."""
    from workbench.adapters.yahoo.layer import open_layer
    from workbench.adapters.yahoo.session import Terms, has_curl, open_session

    backend = service.backend or ("curl" if has_curl() else "requests")
    if backend == "requests":
        journal.note(
            "yahoo.plain_client",
            level="warning",
            action="Install curl_cffi: without it Yahoo may refuse every call.",
        )
    return open_layer(open_session(Terms(service.limiter, service.patience, service.judge), backend))


def _json(path: str, reply: Any) -> Any:
    """The body of a reply that was judged."""
    try:
        body = json.loads(reply.content)
    except ValueError as error:
        text = reply.content[:80].decode("utf-8", "replace")
        what = "an HTML page" if text.lstrip().lower().startswith(("<!doctype", "<html")) else "no JSON"
        raise ShapeChanged(
            f"Yahoo answered {path} with {what}: {text!r} (HTTP {reply.status_code}).",
            hint="Look at the project page of yfinance; if Yahoo changed, update yfinance or the adapter.",
            provider=NAME,
            garbled=True,
        ) from error
    if reply.status_code == 401:
        raise Unauthorised(
            f"Yahoo refuses the cookie and crumb that yfinance got for {path} (HTTP 401).",
            hint="Delete the folder yahoo in the state folder, and update yfinance if it stays.",
            provider=NAME,
        )
    if reply.status_code >= 400 and not _no_days(reply.content):
        raise ProviderError(
            f"Yahoo refuses {path} (HTTP {reply.status_code}): {reply.content[:200].decode('utf-8', 'replace')!r}.",
            hint="If the request is right, Yahoo changed what it takes, and the adapter must be adapted.",
            provider=NAME,
        )
    return body


def _no_days(body: bytes) -> bool:
    """A range before the first trade is answered as an error."""
    return b"Data doesn't exist for startDate" in body


def _code(body: bytes) -> str | None:
    """The code of an error in the body: ``{"chart": {"error": {"code": ...}}}``."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    parts = [part for part in found.values() if isinstance(part, dict)] if isinstance(found, dict) else []
    errors = [part["error"] for part in parts if isinstance(part.get("error"), dict)]
    return str(errors[0].get("code")) if errors else None
