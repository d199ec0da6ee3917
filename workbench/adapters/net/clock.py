"""The time by a provider's clock, where ours is far from it."""

from __future__ import annotations

import email.utils
import os
from datetime import UTC, datetime, timedelta

from workbench import journal, settings

#: A clock that differs by more from the provider's is noted, and the provider's is used.
SKEW = timedelta(seconds=90)
#: A frozen clock that differs by more is one of a replay, and is left alone.
REPLAY = timedelta(days=1)


class Clock:
    """What a provider's replies tell of the time.

    Parameters
    ----------
    provider : str
        Named in the log.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._skew = timedelta(0)

    def now(self) -> datetime:
        """UTC now by the provider's clock where ours is far from it, else by ours."""
        return settings.now() + self._skew

    def hear(self, header: str | None) -> None:
        """Take in the header ``Date`` of a reply; one that is missing or cannot be read says nothing."""
        try:
            theirs = email.utils.parsedate_to_datetime(header) if header else None
        except ValueError:
            return
        if theirs is None:
            return
        skew = theirs.astimezone(UTC) - settings.now()
        if abs(skew) > REPLAY and os.environ.get("WORKBENCH_NOW"):
            return
        if abs(skew) <= SKEW:
            self._skew = timedelta(0)
        elif abs(skew - self._skew) > SKEW:
            self._skew = skew
            journal.note(
                "clock.skewed",
                level="warning",
                provider=self.provider,
                seconds=round(skew.total_seconds()),
                action="Set this machine's clock; until then the provider's clock is used.",
            )
