"""Calls a provider with patience: a throttled or unreachable one is asked again, a bounded number of times."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.errors import ProviderError, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.base import Adapter, Fetched, Request

#: What another call may cure.
PASSING = (Throttled, Unreachable)


@dataclass(frozen=True)
class Pace:
    """How a collection goes about its work.

    Attributes
    ----------
    attempts : int
        Calls for one request, the first included.
    first_wait, longest_wait : float
        Seconds before the second call, and at most; each wait is twice the one before.
    give_up_after : int
        Requests of one table that may fail in a row before the rest is left for the next collection.
    sleep : callable
        Takes seconds; tests pass one that does not wait.
    publish_rows : int
        Bars that are published together; an interrupted collection loses at most these.
    refresh : int
        Sessions before new ones that are asked again, so that corrected prices arrive as revisions.
    """

    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 30.0
    give_up_after: int = 3
    sleep: Callable[[float], None] = time.sleep
    publish_rows: int = 100_000
    refresh: int = 10

    def wait(self, attempt: int) -> None:
        """Wait after the failed call number ``attempt`` (from 0)."""
        self.sleep(min(self.first_wait * 2.0**attempt, self.longest_wait))


@dataclass
class Caller:
    """Asks one provider and counts the calls.

    Attributes
    ----------
    adapter : Adapter
        The provider.
    pace : Pace
        How to wait.
    calls : int
        Calls made so far, repeated ones included.
    failures : int
        Requests that failed in a row, in spite of the patience.
    """

    adapter: Adapter
    pace: Pace
    calls: int = field(default=0)
    failures: int = field(default=0)

    def ask(self, table: str, request: Request) -> Fetched:
        """Fetch, again after a wait where the failure may pass.

        Raises
        ------
        ProviderError
            The last error, once the patience is used up; at once for errors that no waiting cures, and
            when the provider has failed too often in a row.
        """
        if self.failures >= self.pace.give_up_after:
            raise Throttled(
                f"{self.adapter.name} failed {self.failures} requests in a row and is left alone.",
                hint="Collect again later.",
            )
        for attempt in range(self.pace.attempts):
            try:
                self.calls += 1
                answer = self.adapter.fetch(table, request)
            except PASSING as error:
                if attempt + 1 == self.pace.attempts:
                    self.failures += 1
                    raise _still_failing(error, self.pace.attempts) from error
                self.pace.wait(attempt)
            else:
                self.failures = 0
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")


def _still_failing(error: ProviderError, attempts: int) -> ProviderError:
    return type(error)(f"{error.message} ({attempts} attempts)", hint=error.hint or "Collect again later.")
