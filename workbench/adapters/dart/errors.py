"""What OpenDART says in its own words: HTTP 200 and a ``status`` in the body, as JSON or as XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from workbench.adapters.net import Reply

FINE, NO_DATA, NO_FILE, DAILY_LIMIT = "000", "013", "014", "020"
#: First bytes of a ZIP archive.
ZIP = b"PK"
#: Seconds that the service is left alone during maintenance.
MAINTENANCE = 1800.0

#: Longer than any client waits: the caller of the client knows the time to the next Seoul day.
_NOT_SOON = 86_400.0
_KEY = {
    "010": "The key is not registered: check DART_API_KEY, 40 characters from opendart.fss.or.kr.",
    "011": "The key is suspended: see its state at opendart.fss.or.kr, under the list of keys.",
    "012": "This machine's address is not allowed for the key: add it at opendart.fss.or.kr.",
    "901": "The owner's consent to keep personal data has run out: log in at opendart.fss.or.kr and renew it.",
}
_OUR_FAULT = {
    "021": "Ask for at most 100 companies at once.",
    "100": "A field of the request has a value that the service does not take: the adapter must be corrected.",
    "101": "The service does not take this request: the adapter must be corrected.",
}
_XML_STATUS = re.compile(rb"<status>\s*(\d+)\s*</status>")
_XML_MESSAGE = re.compile(rb"<message>(.*?)</message>", re.DOTALL)


class TooMany(ProviderError):
    """More companies were named than one request may name (status 021)."""

    code = "provider.too_many"


def judge(reply: Reply) -> None:
    """Raise the typed error of an answer; an answer with rows, without data (013) or with a ZIP passes."""
    if reply.status != 200 or reply.body.startswith(ZIP):
        return
    status, message = _said(reply)
    if status in (FINE, NO_DATA):
        return
    refuse(status, message, reply)


def _said(reply: Reply) -> tuple[str, str]:
    found = _XML_STATUS.search(reply.body[:2000]) if reply.body.lstrip()[:1] == b"<" else None
    if found:
        text = _XML_MESSAGE.search(reply.body[:2000])
        return found[1].decode(), text[1].decode("utf-8", "replace").strip() if text else ""
    body = reply.json()
    if not isinstance(body, dict) or not isinstance(body.get("status"), str):
        raise reply.changed(f"no status: {reply.text()[:80]!r}")
    return body["status"], str(body.get("message", ""))


def refuse(status: str, message: str, reply: Reply) -> NoReturn:
    """Raise the error of a status.

    Raises
    ------
    Unauthorised
        010, 011, 012, 901: nothing will be answered until a person acts.
    Throttled
        020 (the day's calls are used up; the caller knows until when) and 800 (maintenance).
    Unreachable
        900, an error of the service's own.
    ProviderError
        014, and requests that are wrong: 021 (:class:`TooMany`), 100, 101.
    ShapeChanged
        A status that the service's guide does not name.
    """
    about = {"provider": reply.provider, "status": status}
    said = f"{reply.provider} answered {reply.url} with status {status} ({' '.join(message.split())})."
    if status in _KEY:
        raise Unauthorised(said, hint=_KEY[status], **about)
    if status == DAILY_LIMIT:
        hint = "The day's calls are used up; collect again tomorrow, Seoul time."
        raise Throttled(said, hint=hint, retry_after=_NOT_SOON, **about)
    if status == "800":
        raise Throttled(said, hint="The service is being maintained; try later.", retry_after=MAINTENANCE, **about)
    if status == "900":
        raise Unreachable(said, hint="An error of the service's own; try later.", **about)
    if status == "021":
        raise TooMany(said, hint=_OUR_FAULT[status], **about)
    if status == NO_FILE:
        raise ProviderError(said, hint="The service has no such file; try later.", **about)
    if status in _OUR_FAULT:
        raise ProviderError(said, hint=_OUR_FAULT[status], **about)
    raise ShapeChanged(said, hint="This status is new: look at the service's guide, and adapt the adapter.", **about)
