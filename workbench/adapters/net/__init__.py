"""What adapters share: one HTTP client, one limiter of calls, and the reasons for days without a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.adapters.net.client import Client
from workbench.adapters.net.gaps import absences, listed_reason
from workbench.adapters.net.limiter import Limiter, Rate
from workbench.adapters.net.patience import Patience
from workbench.adapters.net.reply import Reply

if TYPE_CHECKING:
    from workbench.adapters.net.session import PacedSession

__all__ = ["Client", "Limiter", "PacedSession", "Patience", "Rate", "Reply", "absences", "listed_reason"]


def __getattr__(name: str) -> Any:
    """The session subclasses one of requests, which a listing from a kept file does not need."""
    if name == "PacedSession":
        from workbench.adapters.net.session import PacedSession

        return PacedSession
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
