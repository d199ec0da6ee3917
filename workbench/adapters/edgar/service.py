"""What EDGAR answers, judged: no data, too fast, not identified, or another shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import secrets
from workbench.adapters.net import Client, Limiter, Rate
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Throttled, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workbench.adapters.net import Patience, Reply

DATA, FILES = "https://data.sec.gov", "https://www.sec.gov"
IDENTITY = "env:EDGAR_USER_AGENT"
#: Over both hosts, all processes and all machines of one user. Ten a second are allowed; one is left free, since
#: calls that arrive in a bunch cost ten minutes.
RATES = (Rate(9, 1.0),)
#: Seconds that an address which was refused is left alone: refusals last until the rate stays low for so long.
COOL_DOWN = 600
_JSON = "json"


class NoSuchKey(ProviderError):
    """EDGAR has nothing under this address: no such filer, or none of its filings holds data."""

    code = "provider.no_such_key"


class Service:
    """The two hosts of EDGAR under one limiter.

    Parameters
    ----------
    patience : Patience, optional
        Attempts and time limits.
    rates : sequence of Rate
        Limits of both hosts together.

    Raises
    ------
    ConfigError
        Without ``EDGAR_USER_AGENT``, or where it cannot be sent.
    Unauthorised
        Where it names no address to write to, which EDGAR refuses.
    """

    def __init__(self, patience: Patience | None = None, rates: Sequence[Rate] = RATES) -> None:
        headers = {"User-Agent": _identity(), "Accept-Encoding": "gzip, deflate"}
        limiter = Limiter("edgar", rates)
        self._data = Client("edgar", DATA, limiter, headers=headers, judge=judge, patience=patience)
        self._files = Client("edgar_files", FILES, limiter, headers=headers, judge=judge, patience=patience)

    def now(self) -> datetime:
        """UTC now, by EDGAR's clock where ours is far from it."""
        return self._data.now()

    def tickers(self) -> Any:
        """The present tickers of all filers."""
        return self._files.get("/files/company_tickers.json").json()

    def facts(self, cik: int) -> dict[str, Any] | None:
        """All facts of a filer by taxonomy and tag; None where it has none.

        Raises
        ------
        ShapeChanged
            If the answer is of another filer, or without facts.
        """
        body = self._of_filer(cik, f"/api/xbrl/companyfacts/CIK{cik:010}.json", "facts", (dict,))
        odd = [name for name, tags in (body or {"facts": {}})["facts"].items() if not isinstance(tags, dict)]
        if odd:
            raise ShapeChanged(
                f"EDGAR answered the facts of CIK {cik} without tags under {odd[0]!r}.",
                hint="If the format of companyfacts changed, the adapter must be adapted.",
                provider="edgar",
            )
        return body

    def filer(self, cik: int) -> dict[str, Any] | None:
        """The record of a filer; None where there is none.

        Raises
        ------
        ShapeChanged
            As :meth:`facts`.
        """
        return self._of_filer(cik, f"/submissions/CIK{cik:010}.json", "sic", (str, type(None)))

    def _of_filer(self, cik: int, path: str, needed: str, kinds: tuple[type, ...]) -> dict[str, Any] | None:
        try:
            reply = self._data.get(path)
        except NoSuchKey:
            return None
        body = reply.json()
        if not isinstance(body, dict) or needed not in body or not isinstance(body[needed], kinds):
            raise reply.changed(f"no {needed!r}")
        if not str(body.get("cik", "")).isdigit() or int(body["cik"]) != cik:
            raise reply.changed(f"the record of CIK {body.get('cik')!r} instead of {cik}")
        return body


def judge(reply: Reply) -> None:
    """Raise the error of an answer that is no data."""
    body = reply.text() if reply.status == 404 or reply.body[:1] == b"<" else ""
    if reply.status == 404 and "NoSuchKey" in body:
        raise NoSuchKey(f"EDGAR has nothing at {reply.url}.", provider=reply.provider)
    if reply.status == 403 and "AccessDenied" in body:
        raise reply.changed("AccessDenied, which stands for a path that does not exist")
    if (reply.status == 403 and "AccessDenied" not in body) or (reply.status == 200 and reply.is_html):
        raise Throttled(
            "EDGAR answers this address with its page for too many calls, or for callers it cannot identify.",
            hint=f"Leave it alone for ten minutes, and see that {IDENTITY} holds your name and mail address.",
            retry_after=COOL_DOWN,
            provider=reply.provider,
            status=reply.status,
        )
    kind = reply.headers.get("Content-Type", _JSON)
    if reply.status == 200 and (reply.body[:1] == b"<" or "html" in kind or "xml" in kind):
        raise reply.changed(f"content of type {kind!r}")


def _identity() -> str:
    """Name and mail address of the caller."""
    text = secrets.secret(IDENTITY).reveal().strip()
    if "@" not in text:
        raise Unauthorised(
            "EDGAR_USER_AGENT names no mail address, and EDGAR refuses callers that it cannot write to.",
            hint="Set it to your name or company and a mail address, separated by a space.",
            provider="edgar",
        )
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(
            "EDGAR_USER_AGENT holds characters that a header cannot.", hint="Write it in plain ASCII, in one line."
        )
    return text
