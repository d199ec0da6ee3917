"""Asks KIS: the token and the headers of each call, and its answers judged by its own codes.

The body is read before the status: business errors come with 200 or 500, errors of the token with 403.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import journal, secrets
from workbench.adapters.kis.codes import action_of, meaning_of
from workbench.adapters.kis.token import PAUSE, Token, TokenStore
from workbench.adapters.net import Client, Limiter, Patience, Reply
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from workbench.adapters.kis.service import Service

KEYS = ("env:KIS_APP_KEY", "env:KIS_APP_SECRET")
#: Rate errors are met below the ceiling now and then; a read is tried a little more often than elsewhere.
PATIENCE = Patience(attempts=4)


class NotOffered(ProviderError):
    """The paper service does not have this call."""

    code = "provider.not_offered"


class NoSuchInstrument(ProviderError):
    """The service does not know the symbol at this exchange."""

    code = "provider.no_such_instrument"


class _Passing(ProviderError):
    """An error after which a read is worth one more call."""


class _TokenRefused(ProviderError):
    """The token is no longer taken."""


class KisClient:
    """One key at one service.

    Parameters
    ----------
    service : Service
        Real or paper.
    patience : Patience
        Attempts and time limits.
    """

    def __init__(self, service: Service, patience: Patience = PATIENCE) -> None:
        self.service = service
        self._key, self._secret = (secrets.secret(reference) for reference in KEYS)
        key = self._key.reveal()
        self.limiter = Limiter("kis", service.rates, key=f"{service.name}\0{key}", sleep=patience.sleep)
        self._http = Client("kis", service.url, self.limiter, patience=patience)
        # Tokens have a limit of their own, kept by the store.
        self._issuer = Client("kis", service.url, patience=patience)
        self._tokens = TokenStore(service.name, key, self._issue, now=self.now, sleep=patience.sleep)

    def now(self) -> datetime:
        """UTC now by the service's clock where ours is far from it, else by ours."""
        return self._http.now() if self._http.calls else self._issuer.now()

    @property
    def calls(self) -> int:
        """Requests sent, those for a token included."""
        return self._http.calls + self._issuer.calls

    def token(self) -> Token:
        """The token in force; the first need issues one."""
        return self._tokens.get()

    def get(self, path: str, tr_id: str, params: Mapping[str, str]) -> dict[str, Any]:
        """One reading call; the body of its success.

        Parameters
        ----------
        path : str
            Below ``/uapi/``.
        tr_id : str
            The transaction id.
        params : mapping of str to str
            Every key that the call lists, also where its value is empty.

        Raises
        ------
        Throttled, Unauthorised, Unreachable, ShapeChanged
            By the code of the answer, after what may pass has been tried again.
        NotOffered, NoSuchInstrument
            For the caller to turn into an absence.
        ProviderError
            Any other refusal, with its code and text.
        """
        token = self._tokens.get()
        passing = renewed = False
        while True:
            try:
                return self._once(path, tr_id, params, token)
            except _TokenRefused as error:
                if renewed:
                    message = f"{error.message} A new token did not help."
                    raise Unauthorised(message, hint="Check the keys with `wb doctor`.", **error.context) from None
                renewed, token = True, self._tokens.get(refused=token)
            except _Passing as error:
                if passing:
                    raise Unreachable(error.message, hint="Collect again later.", **error.context) from None
                passing = True
                journal.note("kis.retried", level="warning", error=error.message)

    def _once(self, path: str, tr_id: str, params: Mapping[str, str], token: Token) -> dict[str, Any]:
        bodies: list[dict[str, Any]] = []
        self._http.get(
            f"uapi/{path}",
            params,
            headers=self._headers(token, tr_id),
            judge=lambda reply: bodies.extend(_judged(reply)),
        )
        return bodies[-1]

    def _headers(self, token: Token, tr_id: str) -> dict[str, str]:
        return {
            "content-type": "application/json; charset=utf-8",
            "authorization": f"Bearer {token.value}",
            "appkey": self._key.reveal(),
            "appsecret": self._secret.reveal(),
            "tr_id": tr_id,
            "custtype": "P",
        }

    def _issue(self) -> dict[str, Any]:
        body = {
            "grant_type": "client_credentials",
            "appkey": self._key.reveal(),
            "appsecret": self._secret.reveal(),
        }
        bodies: list[dict[str, Any]] = []
        try:
            self._issuer.post("oauth2/tokenP", body, judge=lambda reply: bodies.extend(_judged_token(reply)))
        except (_Passing, _TokenRefused) as error:
            # Not asked once more: a token is issued once a minute.
            raise Unreachable(error.message, hint="Collect again in a minute.", **error.context) from None
        return bodies[-1]


def _judged(reply: Reply) -> list[dict[str, Any]]:
    """The body of a success, or none where the status must decide."""
    body = _body(reply)
    if body is None:
        return []
    if "rt_cd" not in body:
        if "error_code" in body:
            raise _refusal(reply, str(body["error_code"]), str(body.get("error_description", "")))
        if reply.status >= 300:
            return []
        raise reply.changed(f"no rt_cd, but {sorted(body)[:6]}")
    if str(body["rt_cd"]).strip() != "0":
        raise _refusal(reply, str(body.get("msg_cd", "")).strip(), str(body.get("msg1", "")).strip())
    return [body]


def _judged_token(reply: Reply) -> list[dict[str, Any]]:
    """The same for the token, whose refusals have an envelope of their own."""
    body = _body(reply)
    if body is None:
        return []
    code = body.get("error_code", body.get("msg_cd"))
    if code and "access_token" not in body:
        text = body.get("error_description", body.get("msg1", ""))
        raise _refusal(reply, str(code).strip(), str(text).strip())
    return [body] if reply.status < 300 else []


def _body(reply: Reply) -> dict[str, Any] | None:
    """The JSON object of a reply; of a failed status that has none, nothing, and the status decides."""
    try:
        found = reply.json()
    except ShapeChanged:
        if reply.status >= 300:
            return None
        raise
    if isinstance(found, dict):
        return found
    raise reply.changed(f"JSON that is no object: {reply.text()[:40]!r}")


def _refusal(reply: Reply, code: str, text: str) -> ProviderError:
    action, meaning, text = action_of(code, text), meaning_of(code), secrets.masked(text)
    words = " ".join(part for part in (code, meaning and f"({meaning})", text and f"{text!r}") if part)
    message = secrets.masked(f"kis refuses {reply.url}: {words}.")
    about: dict[str, Any] = {"provider": "kis", "status": reply.status, "msg_cd": code, "msg1": text}
    if action == "throttled":
        return Throttled(message, hint="Collect again later.", retry_after=1.0, **about)
    if action == "wait":
        return Throttled(message, hint="Wait a minute; a token is issued once a minute.", retry_after=PAUSE, **about)
    if action == "unauthorised":
        hint = "Check KIS_APP_KEY, KIS_APP_SECRET and KIS_PAPER, and what the key may do; `wb doctor` tests them."
        return Unauthorised(message, hint=hint, **about)
    kinds: dict[str, tuple[type[ProviderError], str]] = {
        "retry_once": (_Passing, "Collect again later."),
        "token": (_TokenRefused, "A new token is asked for."),
        "not_offered": (NotOffered, "Use the real service (KIS_PAPER=0) for this."),
        "absent": (NoSuchInstrument, "Check the code and its exchange."),
        "bug": (ProviderError, "The adapter's request is wrong or the service changed; report it with this message."),
    }
    kind, hint = kinds.get(action, (ProviderError, "Read what the broker says; its code is not one of a read."))
    return kind(message, hint=hint, **about)
