"""Asks OpenDART: one key, paced, within the day's calls; what was answered about a filing is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from workbench import journal, secrets
from workbench.adapters.dart.budget import DAILY, RATES, Budget, BudgetedLimiter
from workbench.adapters.dart.errors import DAILY_LIMIT, NO_DATA, judge
from workbench.adapters.net import Client, Patience
from workbench.errors import Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from workbench.adapters.net import Rate, Reply

URL = "https://opendart.fss.or.kr/api"
KEY = "env:DART_API_KEY"
#: Seconds that everybody waits after a connection was dropped: that is how the service blocks an address.
AFTER_A_DROP = 5.0
_BLOCKED = (
    "Check the network. If other pages load, the service may have blocked this address for calling too fast, "
    "which lasts about a day: collect again tomorrow."
)


class Service:
    """The service, with the key of ``DART_API_KEY``.

    Parameters
    ----------
    daily : int
        Calls in a Seoul day that the key allows.
    rates : sequence of Rate
        Pace of all processes that use the key.
    patience : Patience, optional
        Attempts and time limits.
    """

    def __init__(self, *, daily: int = DAILY, rates: Sequence[Rate] = RATES, patience: Patience | None = None) -> None:
        self._key = secrets.secret(KEY)
        self.budget = Budget(self._key.reveal(), daily, self.now)
        patience = patience or Patience()
        self.limiter = BudgetedLimiter(rates, self.budget, key=self._key.reveal(), sleep=patience.sleep)
        self._client = Client("dart", URL, self.limiter, judge=judge, patience=patience)

    def now(self) -> datetime:
        """UTC now, by the service's clock where ours is far from it."""
        return self._client.now()

    def today(self) -> date:
        """The day in Seoul."""
        return self.budget.today()

    def rows(self, path: str, **params: str) -> list[dict[str, Any]] | None:
        """The rows of one answer; None where the service has no data (013), which is no error.

        Raises
        ------
        ShapeChanged
            On a success without rows.
        ProviderError
            As :func:`workbench.adapters.dart.errors.refuse`.
        """
        body, reply = self._ask(path, params)
        if body is None:
            return None
        found = body.get("list")
        if not isinstance(found, list) or not found or not all(isinstance(row, dict) for row in found):
            raise reply.changed("a success without rows")
        return found

    def page(self, path: str, **params: str) -> dict[str, Any] | None:
        """One whole answer, such as a company's profile or a page of a list; None where there is no data."""
        return self._ask(path, params)[0]

    def download(self, path: str) -> Reply:
        """The answer of a download, whose body is a ZIP unless it is an error, which is raised."""
        return self._get(path, {})

    def _ask(self, path: str, params: dict[str, str]) -> tuple[dict[str, Any] | None, Reply]:
        reply = self._get(f"{path}.json", params)
        body = reply.json()
        return (None if body["status"] == NO_DATA else body), reply

    def _get(self, path: str, params: dict[str, str]) -> Reply:
        try:
            return self._client.get(path, {"crtfc_key": self._key.reveal(), **params})
        except Throttled as error:
            if error.context.get("status") != DAILY_LIMIT:
                raise
        except Unreachable as error:
            if "status" not in error.context:
                self.limiter.refused(time.monotonic(), AFTER_A_DROP)
                error.hint = _BLOCKED
                journal.note("dart.dropped", level="warning", provider="dart", path=path, action=_BLOCKED)
            raise
        self.budget.exhaust()
        raise self.budget.spent()
