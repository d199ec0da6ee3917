"""What KIS means by each code of an answer, and what a client does about it.

Source: the broker's code tables and samples, and clients of the service; codes of orders stand here too, so
that there is one table. A code that is not in it is a refusal, shown with the broker's own words.
"""

from __future__ import annotations

from typing import Literal

Action = Literal["throttled", "retry_once", "token", "wait", "unauthorised", "not_offered", "absent", "bug", "refused"]

#: throttled: fewer calls, then again; retry_once: a read once more; token: a new token, then once more; wait: the
#: token was asked too soon; unauthorised: keys or permissions; not_offered: not on the paper service; absent: no such
#: instrument; bug: the request is wrong; refused: an order or account matter, for a person to read.
CODES: dict[str, tuple[Action, str]] = {
    "EGW00001": ("retry_once", "temporary error of the gateway"),
    "EGW00002": ("retry_once", "server error"),
    "EGW00003": ("unauthorised", "access refused"),
    "EGW00004": ("unauthorised", "customer not authorised"),
    "EGW00101": ("unauthorised", "request for a token not valid"),
    "EGW00102": ("unauthorised", "app key missing"),
    "EGW00103": ("unauthorised", "app key not valid"),
    "EGW00104": ("unauthorised", "app secret missing"),
    "EGW00105": ("unauthorised", "app secret not valid"),
    "EGW00121": ("token", "token not valid"),
    "EGW00122": ("token", "token not found"),
    "EGW00123": ("token", "token expired"),
    "EGW00131": ("bug", "hashkey not valid"),
    "EGW00132": ("bug", "content type not valid"),
    "EGW00133": ("wait", "token asked again within a minute"),
    "EGW00201": ("throttled", "more calls in a second than allowed"),
    "EGW00202": ("retry_once", "gateway could not route"),
    "EGW00203": ("retry_once", "gateway could not route"),
    "EGW00205": ("bug", "not a Bearer token"),
    "EGW00206": ("unauthorised", "no permission for this call"),
    "EGW00207": ("unauthorised", "address not accepted"),
    "EGW00208": ("bug", "customer type not valid"),
    "EGW00209": ("bug", "sequence number not valid"),
    "EGW00210": ("unauthorised", "firms cannot use paper trading"),
    "EGW00215": ("throttled", "more calls to the ledger in a second than allowed"),
    "EGW00300": ("retry_once", "gateway could not route"),
    "EGW00301": ("retry_once", "connection timed out"),
    "EGW00302": ("retry_once", "transaction timed out"),
    "EGW00304": ("unauthorised", "app secret does not match"),
    "EGW02004": ("unauthorised", "paper key on the real service"),
    "EGW02006": ("not_offered", "not offered by the paper service"),
    "EGW02007": ("unauthorised", "real key on the paper service"),
    "EGW2004": ("not_offered", "not offered by the paper service (older code)"),
    "OPSQ0002": ("bug", "no such transaction id"),
    "OPSQ2000": ("unauthorised", "account number not accepted"),
    "OPSQ2001": ("bug", "input field wrong or missing"),
    "OPSQ2002": ("bug", "input field too long"),
    "APBK0344": ("refused", "an order routed by SOR cannot be cancelled"),
    "APBK0656": ("absent", "no such instrument at this exchange"),
    "APBK0918": ("refused", "order refused: closed, cash or holdings"),
    "APBK0919": ("refused", "order refused: market not open, cash or quantity"),
    "APBK0952": ("refused", "more than the orderable cash"),
    "APBK1664": ("refused", "overseas market not open"),
    "40100000": ("refused", "paper: not a business day"),
    "40310000": ("unauthorised", "paper: account not enrolled"),
    "40570000": ("refused", "paper: before opening"),
    "40580000": ("refused", "paper: after the close"),
    "40910000": ("unauthorised", "paper: account may not order"),
    "90000000": ("not_offered", "not offered by the paper service"),
}

#: Input errors are also how the service says that it is closed for the moment.
_CLOSED = "TIME LIMIT"


def action_of(code: str, text: str) -> Action:
    """What to do about a code; ``text`` is the broker's message."""
    if code.startswith("OPSQ200") and _CLOSED in text.upper():
        return "throttled"
    return CODES.get(code, ("refused", ""))[0]


def meaning_of(code: str) -> str:
    """The code in English, empty for one that is not in the table."""
    return CODES.get(code, ("refused", ""))[1]
