"""Calls a provider with patience: a throttled or unreachable one is asked again, a bounded number of times."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.base import Adapter, Fetched, Request
    from workbench.collect.cooldown import Aside, Cooldowns

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
    publish_seconds : float
        What took longer than this to ask is published at once, however few bars it is: less than a batch takes
        at a provider's pace, so that a run that is killed asks again for one batch at most.
    refresh : int
        Sessions before new ones that are asked again, so that corrected prices arrive as revisions.
    """

    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 30.0
    give_up_after: int = 3
    sleep: Callable[[float], None] = time.sleep
    publish_rows: int = 100_000
    publish_seconds: float = 3.0
    refresh: int = 10

    def wait(self, attempt: int, asked: float = 0.0) -> bool:
        """Wait after the failed call number ``attempt`` (from 0), and as long as the provider asked.

        Returns False, without a wait, where that is longer than the longest wait.
        """
        if asked > self.longest_wait:
            return False
        self.sleep(max(asked, min(self.first_wait * 2.0**attempt, self.longest_wait)))
        return True


@dataclass
class Caller:
    """Asks one provider, counts the calls, and puts it aside where it fails.

    Attributes
    ----------
    adapter : Adapter
        The provider.
    pace : Pace
        How to wait.
    cooldowns : Cooldowns or None
        Who is put aside by this or another process; None where a person named the provider, who is then
        asked in any case.
    calls : int
        Calls made so far, repeated ones included.
    asked, answered, rows : int
        Requests made, those that were answered, and rows received.
    failures : int
        Requests that failed in a row, in spite of the patience.
    fatal : ProviderError or None
        What no waiting cures; the provider is not called again for this table.
    said : str
        What went wrong last with this table.
    faults : list of str
        What went wrong in this collection, each once.
    notes : list of str
        What the provider said of its answers, each once.
    """

    adapter: Adapter
    pace: Pace
    cooldowns: Cooldowns | None = field(default=None)
    calls: int = field(default=0)
    asked: int = field(default=0)
    answered: int = field(default=0)
    rows: int = field(default=0)
    failures: int = field(default=0)
    fatal: ProviderError | None = field(default=None)
    said: str = field(default="")
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def forgive(self) -> None:
        """Start afresh, as for another table."""
        self.failures, self.fatal, self.said = 0, None, ""

    def waiting(self, region: str, table: str) -> Aside | None:
        """Whether the provider is put aside for this table."""
        return self.cooldowns.of(self.adapter, region, table) if self.cooldowns else None

    def ask(self, table: str, request: Request) -> Fetched:
        """Fetch, again after a wait where the failure may pass and the provider does not try again itself.

        Raises
        ------
        ProviderError
            The last error, once the patience is used up; at once for errors that no waiting cures, an
            answer that has not the table's columns among them, and while the provider is put aside.
        """
        aside = self.waiting(request.region, table)
        if aside is not None:
            error = aside.error()
            self.fatal = None if isinstance(error, PASSING) else error
            self._fault(error)
            raise error
        if self.fatal is not None:
            raise self.fatal
        if self.failures >= self.pace.give_up_after:
            raise Throttled(
                f"{self.adapter.name} failed {self.failures} requests in a row and is left alone.",
                hint="Collect again later.",
            )
        self.asked += 1
        try:
            answer = self._patiently(table, request)
        except PASSING as error:
            self.failures += 1
            if isinstance(error, Throttled) or self.failures >= self.pace.give_up_after:
                self._put_aside(table, request, error)
            self._fault(error)
            raise
        except ProviderError as error:
            self.fatal = error
            self._put_aside(table, request, error)
            self._fault(error)
            raise
        self.answered += 1
        self.rows += answer.frame.height
        self.notes += [one for one in dict.fromkeys(answer.notes) if one not in self.notes]
        refused = next((one.detail for one in answer.absent if one.reason == "throttled"), None)
        self.failures = 0 if refused is None else self.failures + 1
        if refused is not None:
            # It gave what it could: the rest is asked of the next one, and so is what comes after.
            partly = Throttled(f"{self.adapter.name} was throttled: {refused or 'it did not say more'}.")
            self._put_aside(table, request, partly)
            self._fault(partly)
        return answer

    def _patiently(self, table: str, request: Request) -> Fetched:
        attempts = 1 if self.adapter.patient else self.pace.attempts
        for attempt in range(attempts):
            try:
                self.calls += 1
                return _in_shape(self.adapter.fetch(table, request), table, request.region, self.adapter.name)
            except PASSING as error:
                asked = float(error.context.get("retry_after") or 0.0)
                if attempt + 1 == attempts or not self.pace.wait(attempt, asked):
                    raise _still_failing(error, attempt + 1) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _put_aside(self, table: str, request: Request, error: ProviderError) -> None:
        if self.cooldowns is not None:
            self.cooldowns.put(self.adapter, request.region, table, error)

    def _fault(self, error: ProviderError) -> None:
        self.said = str(error)
        if error.message not in self.faults:
            self.faults.append(error.message)


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
    return replace(answer, frame=frame.select(list(declared.columns)))


def _still_failing(error: ProviderError, attempts: int) -> ProviderError:
    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    hint = error.hint or "Collect again later."
    return type(error)(f"{error.message}{tried}", hint=hint, **error.context)
