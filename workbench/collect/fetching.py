"""Calls a provider with patience: a throttled or unreachable one is asked again, a bounded number of times."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from workbench.adapters.base import Fetched
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.base import Adapter, Request

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
    fatal : ProviderError or None
        What no waiting cures; the provider is not called again.
    """

    adapter: Adapter
    pace: Pace
    calls: int = field(default=0)
    failures: int = field(default=0)
    fatal: ProviderError | None = field(default=None)

    def forgive(self) -> None:
        """Start afresh, as for another table."""
        self.failures, self.fatal = 0, None

    def ask(self, table: str, request: Request) -> Fetched:
        """Fetch, again after a wait where the failure may pass.

        Raises
        ------
        ProviderError
            The last error, once the patience is used up; at once for errors that no waiting cures, an
            answer that has not the table's columns among them, and when the provider has failed too often
            in a row.
        """
        if self.fatal is not None:
            raise self.fatal
        if self.failures >= self.pace.give_up_after:
            raise Throttled(
                f"{self.adapter.name} failed {self.failures} requests in a row and is left alone.",
                hint="Collect again later.",
            )
        for attempt in range(self.pace.attempts):
            try:
                self.calls += 1
                answer = _in_shape(self.adapter.fetch(table, request), table, request.region, self.adapter.name)
            except PASSING as error:
                if attempt + 1 == self.pace.attempts:
                    self.failures += 1
                    raise _still_failing(error, self.pace.attempts) from error
                self.pace.wait(attempt)
            except ProviderError as error:
                self.fatal = error
                raise
            else:
                self.failures = 0
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")


def _in_shape(answer: Fetched, table: str, region: str, name: str) -> Fetched:
    """The answer in the table's columns; an adapter that breaks its contract must not break a collection."""
    declared, frame = TABLES[table], answer.frame
    faults = [
        f"{column} is {frame.schema[column] if column in frame.columns else 'missing'}"
        for column, kind in declared.columns.items()
        if frame.schema.get(column) != kind
    ]
    if not faults and declared.by_region:
        foreign = frame.filter(pl.col("region").ne_missing(region))
        faults = [f"{foreign.height} rows are not of {region}"] if foreign.height else []
    if faults:
        raise ShapeChanged(
            f"{name} answered {table} in another shape ({', '.join(faults)}).",
            hint="Compare the provider's answer with the adapter and adapt the mapping.",
            table=table,
        )
    return Fetched(frame.select(list(declared.columns)), answer.absent)


def _still_failing(error: ProviderError, attempts: int) -> ProviderError:
    return type(error)(f"{error.message} ({attempts} attempts)", hint=error.hint or "Collect again later.")
