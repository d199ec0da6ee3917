"""What one collection is given, and what it reports of each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.collect import coverage
from workbench.collect.fetching import Caller, Pace
from workbench.collect.listings import known_listings, of_kinds
from workbench.collect.mixing import SAMPLE, guard_mixing
from workbench.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from workbench.adapters.base import Listing
    from workbench.collect.chains import Chains
    from workbench.collect.cooldown import Cooldowns
    from workbench.lake import Lake

__all__ = ["SAMPLE", "Collected", "Job", "Progress", "TableReport", "collected", "guard_mixing", "silent"]

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


#: Columns of :attr:`Collected.providers`.
PROVIDERS: dict[str, pl.DataType] = {
    "provider": pl.String(),
    "asked": pl.Int64(),
    "calls": pl.Int64(),
    "rows": pl.Int64(),
    "status": pl.String(),
    "note": pl.String(),
}


@dataclass(frozen=True)
class Collected:
    """What a collection of one region did.

    Attributes
    ----------
    region : str
        One of the six regions.
    summary : polars.DataFrame
        One row a table: table, status, asked, rows, inserted, unchanged, revised, quarantined, gaps
        (sessions), calls, seconds, error.
    gaps : polars.DataFrame
        reason, sessions: bars that this collection found absent.
    seconds : float
        Wall-clock time of the whole.
    providers : polars.DataFrame
        provider, asked (requests), calls (repeated ones included), rows (received), status (``asked``,
        ``not asked``: nothing was missing, ``put aside``, ``failed`` or ``left out``), note (why).
    notes : tuple of str
        What a person should know: providers that disagree, listings that were not believed, names that left
        the list.
    """

    region: str
    summary: pl.DataFrame
    gaps: pl.DataFrame
    seconds: float
    providers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROVIDERS))
    notes: tuple[str, ...] = ()

    @property
    def calls(self) -> int:
        """Calls to providers."""
        return int(self.summary["calls"].sum())

    @property
    def errors(self) -> dict[str, str]:
        """Error by table, of the tables that failed or are incomplete."""
        return dict(self.summary.filter(pl.col("error") != "").select("table", "error").rows())

    def raise_for_failures(self) -> None:
        """Raise if a table failed, so that an unattended run does not pass for a success.

        A table that is only incomplete (a provider was throttled for a while) is no failure: its gaps
        are asked again by the next collection.

        Raises
        ------
        ProviderError
            Names each table that failed and what its provider said.
        """
        failed = self.summary.filter(pl.col("status") == "failed").select("table", "error").rows()
        if failed:
            said = "; ".join(f"{table}: {error}" for table, error in failed)
            raise ProviderError(
                f"{len(failed)} of {self.summary.height} tables of {self.region} failed: {said}",
                hint="What was collected is kept; collect again when the provider answers as it should.",
                tables=[table for table, _ in failed],
            )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "region": self.region,
            "summary": self.summary.to_dicts(),
            "gaps": self.gaps.to_dicts(),
            "providers": self.providers.to_dicts(),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def collected(job: Job, reports: Sequence[TableReport], seconds: float) -> Collected:
    """Put the reports of the tables together."""
    names = ("table", "status", "asked", "rows", "inserted", "unchanged", "revised", "quarantined")
    rows = [
        {name: getattr(one, name) for name in names}
        | {"gaps": one.gaps.total(), "calls": one.calls, "seconds": round(one.seconds, 3), "error": one.error}
        for one in reports
    ]
    text, whole = pl.String(), pl.Int64()
    schema: dict[str, pl.DataType] = {name: text if name in ("table", "status") else whole for name in names}
    schema |= {"gaps": whole, "calls": whole, "seconds": pl.Float64(), "error": text}
    reasons: Counter[str] = sum((one.gaps for one in reports), Counter())
    gaps = pl.DataFrame(sorted(reasons.items()), schema={"reason": text, "sessions": whole}, orient="row")
    summary = pl.DataFrame(rows, schema=schema)
    return Collected(job.region, summary, gaps, round(seconds, 3), _providers(job), tuple(job.notes))


def _providers(job: Job) -> pl.DataFrame:
    """One row a provider, those that were left out among them."""
    rows = [
        (one.adapter.name, one.asked, one.calls, one.rows, _status(job, one), _note(job, one))
        for one in job.callers.values()
    ]
    left_out = {name: why for name, why in job.chains.left_out.items() if name not in job.callers}
    rows += [(name, 0, 0, 0, "left out", why) for name, why in left_out.items()]
    return pl.DataFrame(rows, schema=PROVIDERS, orient="row")


def _note(job: Job, caller: Caller) -> str:
    return caller.faults[-1] if caller.faults else job.chains.left_out.get(caller.adapter.name, "")


def _status(job: Job, caller: Caller) -> str:
    if any(caller.waiting(job.region, table) for table in job.chains.tables):
        return "put aside"
    if caller.faults:
        return "failed"
    return "asked" if caller.asked else "not asked"
