"""What one collection is given, and what it reports of each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import adapters
from workbench.adapters.base import Adapter
from workbench.collect.fetching import Caller, Pace
from workbench.errors import ConfigError, ProviderError

if TYPE_CHECKING:
    from datetime import date

    from workbench.lake import Lake

#: Called with what is under way, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]

SAMPLE = "sample"


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
    callers : list of Caller
        The providers in the order they are asked.
    start, end : date or None
        The range that is wanted; None is open.
    progress : callable
        ``progress(stage, done, total)``.
    pace : Pace
        Batch sizes and waits.
    """

    lake: Lake
    region: str
    callers: list[Caller]
    start: date | None
    end: date | None
    progress: Progress
    pace: Pace

    def offering(self, table: str) -> list[Caller]:
        """The providers that have the table for the region."""
        return [one for one in self.callers if self.region in one.adapter.offers.get(table, frozenset())]

    def first_date(self, callers: Sequence[Caller]) -> date | None:
        """The first day that a provider has; None where one of them does not say."""
        days = [one.adapter.first_date(self.region) for one in callers]
        return None if None in days else min(day for day in days if day is not None)

    def last_date(self, callers: Sequence[Caller]) -> date:
        """The last day that is wanted and that a provider has."""
        last = max(one.adapter.last_date(self.region) for one in callers)
        return last if self.end is None else min(last, self.end)


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
    """

    region: str
    summary: pl.DataFrame
    gaps: pl.DataFrame
    seconds: float

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
            "seconds": self.seconds,
        }


def collected(region: str, reports: Sequence[TableReport], seconds: float) -> Collected:
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
    return Collected(region, pl.DataFrame(rows, schema=schema), gaps, round(seconds, 3))


def callers_of(provider: str | Adapter | Sequence[str | Adapter], pace: Pace) -> list[Caller]:
    """The chain of providers, each with its counter of calls.

    Raises
    ------
    ConfigError
        If the chain is empty or a name is unknown.
    """
    chain = [provider] if isinstance(provider, (str, Adapter)) else list(provider)
    if not chain:
        raise ConfigError("No provider is named.", hint="Name one, such as provider='sample'.")
    return [Caller(adapters.get(one) if isinstance(one, str) else one, pace) for one in chain]


def guard_mixing(lake: Lake, sources: Sequence[str]) -> None:
    """Refuse to bring sample prices and real prices into one lake.

    Raises
    ------
    ConfigError
        If ``sources`` and what the lake holds are not of one kind.
    """
    held = lake.sources()
    both = {*held, *sources}
    if SAMPLE in both and len(both) > 1:
        raise ConfigError(
            f"The lake {lake.root} holds rows of {', '.join(held) or 'nobody'}, and rows of {', '.join(sources)} are "
            "to be added: sample and real prices never share a lake.",
            hint="Set WORKBENCH_LAKE to another folder.",
        )
