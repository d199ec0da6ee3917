"""The data layer of yfinance: cookie, crumb and consent, asked for only where Yahoo wants them.

Nothing of it is shared with a user's own calls of yfinance: its one object a process is left alone, its
memory of past replies is not used, and its files lie in the state folder.
"""

from __future__ import annotations

import threading
from typing import Any

from yfinance import set_tz_cache_location
from yfinance.data import YfData

from workbench import settings

_TIMEOUT = 30


class Layer(YfData):  # type: ignore[misc]
    """``YfData`` that fetches no crumb for a call that needs none, and sends one that is at hand."""

    def __init__(self, session: Any) -> None:
        self._wants = threading.local()
        super().__init__(session=session)

    def ask(self, url: str, params: dict[str, Any], crumb: bool) -> Any:
        """The response to a call."""
        self._wants.crumb = crumb
        return self.get(url, params=params, timeout=_TIMEOUT)

    def _get_cookie_and_crumb(self, timeout: int = _TIMEOUT) -> tuple[str | None, str]:
        if self._crumb is None and getattr(self._wants, "crumb", True):
            found: tuple[str | None, str] = super()._get_cookie_and_crumb(timeout)
            return found
        return self._crumb, self._cookie_strategy


def open_layer(session: Any) -> Layer:
    """A data layer of its own on the session."""
    folder = settings.load().state / "yahoo"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    set_tz_cache_location(str(folder))
    # Past the metaclass: it would keep one object a process, and change its session under those who use it.
    layer: Layer = type.__call__(Layer, session)
    return layer
