"""Calls to Polygon: one key, its errors by type, its pages one after the other."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workbench import secrets
from workbench.adapters.net import Client, Limiter, Patience, Rate, Reply
from workbench.errors import ConfigError, ProviderError, Throttled, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "polygon"
BASE_URL = "https://api.polygon.io"
KEY = "env:POLYGON_API_KEY"
#: Calls in any minute that the free plan allows.
FREE_CALLS = 5
#: A plan with at least so many calls a minute has them at even distances instead of in bursts.
_EVEN_FROM = 60
_CALLS = "POLYGON_CALLS_PER_MINUTE"
_GOOD = ("OK", "DELAYED")


class NotInPlan(Unauthorised):
    """The key is good, and its plan does not cover what was asked.

    ``context["why"]`` is ``today`` (the day is not released yet), ``timeframe`` (too old) or empty.
    """


class NotFound(ProviderError):
    """There is no such ticker."""


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows, the whole body, and the reply for errors."""

    rows: list[dict[str, Any]]
    body: dict[str, Any]
    reply: Reply


class Api:
    """Polygon for one key.

    Parameters
    ----------
    calls_per_minute : int or None
        What the plan allows; by default ``POLYGON_CALLS_PER_MINUTE``, without it the five of the free plan.
    patience : Patience or None
        Attempts and time limits; by default patient enough for the next minute of the free plan.

    Attributes
    ----------
    spent : Counter of str
        Calls for single tickers, by table, since the last ones for the whole market.
    """

    def __init__(self, calls_per_minute: int | None = None, patience: Patience | None = None) -> None:
        self.spent: Counter[str] = Counter()
        key, patience = secrets.secret(KEY).reveal(), patience or Patience(attempts=4)
        self.calls_per_minute = calls_per_minute or allowed_calls()
        rate = Rate(self.calls_per_minute, 60.0, spread=self.calls_per_minute >= _EVEN_FROM)
        self.limiter = Limiter(NAME, [rate], key=key, sleep=patience.sleep)
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self.client = Client(NAME, BASE_URL, self.limiter, headers=headers, judge=self._judge, patience=patience)

    def body(self, path: str, params: dict[str, Any] | None = None) -> tuple[dict[str, Any], Reply]:
        """One answer, and the reply it stands in.

        Raises
        ------
        NotInPlan, NotFound
            As the classes say; both are errors of the provider.
        ProviderError
            As :meth:`workbench.adapters.net.Client.ask`.
        """
        reply = self.client.get(path, params)
        body = reply.json()
        if not isinstance(body, dict) or body.get("status") not in _GOOD:
            raise reply.changed(f"no status of {' or '.join(_GOOD)}: {reply.text()[:80]!r}")
        return body, reply

    def pages(self, path: str, params: dict[str, Any]) -> Iterator[Page]:
        """The pages of a list.

        ``next_url`` names a host and no key: only its path and query are used.
        """
        seen: set[str] = set()
        following: str | None = path
        while following:
            body, reply = self.body(following, params if following == path else None)
            rows = body.get("results")
            if rows is None and not (path.startswith("/v2/aggs") and not body.get("resultsCount", 1)):
                raise reply.changed(f"no `results`, only {sorted(body)}")
            if rows is not None and not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
                raise reply.changed("`results` that are no list of rows")
            yield Page(rows or [], body, reply)
            address = body.get("next_url")
            parts = urlsplit(address) if address else None
            following = f"{parts.path}?{parts.query}" if parts else None
            if following in seen:
                raise reply.changed("the same next page twice")
            seen.add(following or "")

    def rows(self, path: str, params: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Reply]]:
        """The rows of all pages, each with the reply it stands in."""
        for page in self.pages(path, params):
            for row in page.rows:
                yield row, page.reply

    def _judge(self, reply: Reply) -> None:
        """Raise what Polygon says in its own words; the text stands under ``error`` or under ``message``."""
        if reply.status == 429:
            raise Throttled(
                f"{NAME} asks for fewer calls (HTTP 429): the plan allows {self.limiter.rates[0]}.",
                hint="Collect again later, or let nothing else use the key; a paid plan's calls a minute go "
                f"into {_CALLS}.",
                retry_after=60.0 - self.client.now().second + 1.0,
            )
        if reply.status not in (401, 403, 404) or reply.is_html:
            return
        said = _said(reply)
        if reply.status == 401:
            raise Unauthorised(
                f"{NAME} does not know the key: {said!r} (HTTP 401).",
                hint="Put the key of polygon.io (massive.com) into POLYGON_API_KEY.",
            )
        if reply.status == 404:
            raise NotFound(f"{NAME} knows nothing at {reply.url}: {said!r} (HTTP 404).", hint="Check the ticker.")
        low = said.lower()
        why = "today" if "today" in low or "end of day" in low else "timeframe" if "timeframe" in low else ""
        raise NotInPlan(
            f"The plan of the key for {NAME} does not cover {reply.url}: {said!r} (HTTP 403).",
            hint="Ask for days that the plan covers, or subscribe to a larger one.",
            why=why,
        )


def allowed_calls() -> int:
    """Calls in any minute, by ``POLYGON_CALLS_PER_MINUTE``.

    Raises
    ------
    ConfigError
        When the variable holds no positive whole number.
    """
    text = os.environ.get(_CALLS, "")
    if text and not (text.isdigit() and int(text)):
        raise ConfigError(f"{_CALLS}={text!r} is no number of calls.", hint="Write a whole number, such as 6000.")
    return int(text) if text else FREE_CALLS


def _said(reply: Reply) -> str:
    try:
        body = reply.json()
    except ProviderError:
        return secrets.masked(reply.text()[:120])
    found = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return secrets.masked(str(found or reply.text())[:200])
