"""Asks the providers of one table other than ``ohlcv``: what is due of whom, and what each answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.adapters.base import RETRIED, Request
from workbench.collect import coverage
from workbench.errors import ProviderError, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl

    from workbench.adapters.base import Listing
    from workbench.collect.fetching import Caller
    from workbench.collect.job import Job

#: Tables that come as they are today, whatever range is wanted.
UNDATED = frozenset({"tickers", "attributes"})
#: Reasons with which a ticker goes on to the next provider.
_ELSEWHERE = RETRIED | {"not_covered"}


@dataclass(frozen=True)
class Task:
    """One question.

    Attributes
    ----------
    tickers : tuple of str
        Codes, or :data:`workbench.collect.coverage.ALL` alone.
    since : mapping of str to date
        By provider to be asked, the date to ask it from; the order is theirs.
    combine : bool
        Ask all of them, not the next for what the one before did not give.
    """

    tickers: tuple[str, ...]
    since: Mapping[str, date]
    combine: bool

    @property
    def whole(self) -> bool:
        """Whether it is about all tickers at once."""
        return self.tickers == (coverage.ALL,)


@dataclass(frozen=True)
class Part:
    """What one provider answered.

    Attributes
    ----------
    provider : str
        Its name.
    frame : polars.DataFrame
        Rows in the table's columns.
    settled : tuple of str
        Tickers that need not be asked of it again.
    since : date
        The first day that was asked.
    lacking : str
        What it said of rows that are missing in an answer of its own; empty where there is no such thing.
    """

    provider: str
    frame: pl.DataFrame
    settled: tuple[str, ...]
    since: date
    lacking: str = ""


@dataclass
class Reply:
    """What all providers said to one task.

    Attributes
    ----------
    parts : list of Part
        The answers.
    errors : list of ProviderError
        Of those that gave none.
    unsettled : int
        Tickers that are to be asked again, because nobody has settled them or, where answers are combined, one
        of the providers has not.
    said : str
        What a provider said of one of these, where it answered at all.
    """

    parts: list[Part] = field(default_factory=list)
    errors: list[ProviderError] = field(default_factory=list)
    unsettled: int = 0
    said: str = ""

    @property
    def passing(self) -> bool:
        """Whether asking again later may bring more."""
        return any(isinstance(one, (Throttled, Unreachable)) for one in self.errors)


def tasks(job: Job, table: str, end: date) -> Iterator[Task]:
    """What is due of a table, in batches of tickers.

    Parameters
    ----------
    job : Job
        Whose lake and providers.
    table : str
        Other than ``ohlcv``.
    end : date
        The last day that is wanted.
    """
    callers = job.offering(table)
    whole = [one for one in callers if table in one.adapter.whole]
    single = [one for one in callers if table not in one.adapter.whole]
    if job.combines(table):
        yield from _due_of_each(job, table, whole, [coverage.ALL], end)
        codes = _codes(job) if single else []
        # One after the other, each in batches of its own size: what the next one adds is put beside what stands.
        for one in single:
            yield from _due_of_each(job, table, [one], codes, end)
    elif callers[0] in whole:
        yield from _due_of_first(job, table, whole, [coverage.ALL], end)
    else:
        yield from _due_of_first(job, table, single, _codes(job), end)


def _codes(job: Job) -> list[str]:
    return job.tickers()["ticker"].unique().sort().to_list()


def begin_of(job: Job, table: str) -> date:
    """The first day that is wanted of a table."""
    return coverage.BEGINNING if table in UNDATED or job.start is None else job.start


def _due(job: Job, table: str, codes: list[str], end: date, names: Sequence[str]) -> dict[date, list[str]]:
    """What is to be asked of these providers, by the day to ask from."""
    begin, every = begin_of(job, table), job.chains.tables[table].every_days
    return coverage.due(job.lake, job.region, table, codes, begin, end, names, every)


def _due_of_first(job: Job, table: str, callers: Sequence[Caller], codes: list[str], end: date) -> Iterator[Task]:
    """Where one provider's answer is enough: the first one's that is not put aside, or an earlier one's."""
    awake = next((n for n, one in enumerate(callers) if one.waiting(job.region, table) is None), len(callers) - 1)
    names = [one.adapter.name for one in callers]
    due = _due(job, table, codes, end, names[: awake + 1])
    size = max(1, callers[awake].adapter.batch_size)
    for since, tickers in sorted(due.items()):
        for at in range(0, len(tickers), size):
            yield Task(tuple(tickers[at : at + size]), dict.fromkeys(names, since), combine=False)


def _due_of_each(job: Job, table: str, callers: Sequence[Caller], codes: list[str], end: date) -> Iterator[Task]:
    """Where all answers are put together: each provider is asked for what it has not been asked yet."""
    wanted: dict[str, dict[str, date]] = {}
    for caller in callers:
        name = caller.adapter.name
        for since, tickers in _due(job, table, codes, end, [name]).items():
            for ticker in tickers:
                wanted.setdefault(ticker, {})[name] = since
    groups: dict[tuple[tuple[str, date], ...], list[str]] = {}
    for ticker, since_by in wanted.items():
        groups.setdefault(tuple(since_by.items()), []).append(ticker)
    size = max((one.adapter.batch_size for one in callers), default=1)
    for since_by_name, tickers in sorted(groups.items()):
        ordered = sorted(tickers)
        for at in range(0, len(ordered), size):
            yield Task(tuple(ordered[at : at + size]), dict(since_by_name), combine=True)


def ask(
    callers: Mapping[str, Caller], region: str, table: str, end: date, listings: Mapping[str, Listing], task: Task
) -> Reply:
    """Ask the providers of a task; none of their errors is raised."""
    reply, left = Reply(), task.tickers
    for name, since in task.since.items():
        asked = task.tickers if task.combine else left
        if not asked:
            break
        left = _ask_one(callers[name], region, table, (since, end), listings, asked, reply)
    settled = [{one for part in reply.parts if part.provider == name for one in part.settled} for name in task.since]
    done = set(task.tickers).intersection(*settled) if task.combine else set[str]().union(*settled)
    reply.unsettled = len(set(task.tickers) - done)
    return reply


def _ask_one(
    caller: Caller,
    region: str,
    table: str,
    days: tuple[date, date],
    listings: Mapping[str, Listing],
    tickers: tuple[str, ...],
    reply: Reply,
) -> tuple[str, ...]:
    """Ask one provider in requests of its size; returns the tickers for which the next one is asked."""
    whole = tickers == (coverage.ALL,)
    since, end = days
    first = None if since <= coverage.BEGINNING else since
    size = 1 if whole else max(1, caller.adapter.batch_size)
    left: list[str] = []
    for at in range(0, len(tickers), size):
        part = tickers[at : at + size]
        try:
            fetched = caller.ask(table, Request(region, None if whole else part, first, end, listings))
        except ProviderError as error:
            if str(error) not in [str(one) for one in reply.errors]:
                reply.errors.append(error)
            left.extend(part)
            continue
        lacking = " ".join(fetched.notes) if fetched.lacking else ""
        if whole:
            nothing = fetched.frame.is_empty() and any(one.reason in _ELSEWHERE for one in fetched.absent)
            left.extend(part if nothing else ())
            reply.parts.append(Part(caller.adapter.name, fetched.frame, part, since, lacking))
            continue
        here = set(fetched.frame["ticker"])
        reasons = {one.ticker: one.reason for one in fetched.absent}
        elsewhere = [one for one in part if one not in here and reasons.get(one) in _ELSEWHERE]
        retried = {one for one in part if reasons.get(one) in RETRIED}
        unsaid = (
            f"{caller.adapter.name}: {one.detail or one.reason}" for one in fetched.absent if one.ticker in retried
        )
        reply.said = reply.said or next(unsaid, "")
        left.extend(elsewhere)
        settled = tuple(one for one in part if one not in retried)
        reply.parts.append(Part(caller.adapter.name, fetched.frame, settled, since, lacking))
    return tuple(left)
