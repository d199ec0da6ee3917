"""What adapters share: one HTTP client, one limiter of calls, and the reasons for days without a bar."""

from __future__ import annotations

from workbench.adapters.net.client import Client, Patience, Reply
from workbench.adapters.net.gaps import absences, listed_reason
from workbench.adapters.net.limiter import Limiter, Rate
from workbench.adapters.net.session import PacedSession

__all__ = ["Client", "Limiter", "PacedSession", "Patience", "Rate", "Reply", "absences", "listed_reason"]
