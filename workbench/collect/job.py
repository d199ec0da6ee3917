"""What one collection is given, and what it reports of each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.collect import coverage
from workbench.collect.fetching import Caller, Pace
from workbench.collect.listings import known_listings, of_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl

    from workbench.adapters.base import Listing
    from workbench.collect.chains import Chains
    from workbench.collect.cooldown import Cooldowns
    from workbench.lake import Lake

#: Called with what is under way, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """The progress of a caller who does not want to see any."""


@dataclass
class Job:
    """One collection of one region.

    Attributes
    ----------
    lake : Lake
        Live: what this collection publishes is read back.
    region : str
        One of the six regions.
    chains : Chains
        The providers of each table.
    callers : dict of str to Caller
        By provider.
    start, end : date or None
        The range that is wanted; None is open.
    progress : callable
        ``progress(stage, done, total)``.
    pace : Pace
        Batch sizes and waits.
    notes : list of str
        What a person should know of this collection, in sentences.
    """

    lake: Lake
    region: str
    chains: Chains
    callers: dict[str, Caller]
    start: date | None
    end: date | None
    progress: Progress
    pace: Pace
    notes: list[str] = field(default_factory=list)

    def offering(self, table: str) -> list[Caller]:
        """The providers of a table, in the order they are asked."""
        chain = self.chains.tables.get(table)
        return [self.callers[one.name] for one in chain.providers] if chain else []

    def combines(self, table: str) -> bool:
        """Whether the answers of all its providers are put together."""
        return self.chains.tables[table].combine == "all"

    def tickers(self) -> pl.DataFrame:
        """Rows of the listing that are asked for by ticker."""
        return of_kinds(self.lake.read("tickers", self.region), self.chains.asset_types)

    def ranks(self, table: str) -> dict[str, int]:
        """The place of each provider in the order of a table."""
        return {one.adapter.name: number for number, one in enumerate(self.offering(table))}

    def listings(self) -> Mapping[str, Listing]:
        """What the lake knows of each code now."""
        return known_listings(self.lake, self.region)

    def first_date(self, callers: Sequence[Caller]) -> date | None:
        """The first day that a provider has; None where one of them does not say."""
        days = [one.adapter.first_date(self.region) for one in callers]
        return None if None in days else min(day for day in days if day is not None)

    def last_date(self, callers: Sequence[Caller], table: str = "ohlcv") -> date:
        """The last day that is wanted and that a provider has; of what has no region, anywhere."""
        last = max(
            one.adapter.last_date(region)
            for one in callers
            for region in (one.adapter.offers[table] if table in coverage.WORLDWIDE else (self.region,))
        )
        return last if self.end is None else min(last, self.end)


def make_job(
    lake: Lake,
    chains: Chains,
    cooldowns: Cooldowns | None,
    days: tuple[date | None, date | None],
    progress: Progress,
    pace: Pace,
) -> Job:
    """A job with one caller a provider."""
    callers = {one.name: Caller(one, pace, cooldowns) for one in chains.providers}
    return Job(lake, chains.region, chains, callers, *days, progress, pace)


@dataclass
class TableReport:
    """What happened to one table.

    Attributes
    ----------
    table : str
        Its name.
    asked : int
        Requests planned.
    rows, inserted, unchanged, revised, quarantined : int
        Rows received, and what became of them.
    gaps : Counter of str
        Sessions without a bar found in this collection, by reason.
    calls : int
        Calls to providers, repeated ones included.
    seconds : float
        Wall-clock time.
    status : str
        ``up to date`` (nothing was missing), ``collected``, ``incomplete`` (a provider failed for a while;
        collect again) or ``failed`` (collecting again will not help).
    error : str
        Why, in one sentence.
    """

    table: str
    asked: int = 0
    rows: int = 0
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    quarantined: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    status: str = "up to date"
    error: str = ""

    def count(self, published: Any) -> None:
        """Add what a publish did."""
        self.inserted += published.inserted
        self.unchanged += published.unchanged
        self.revised += published.revised
