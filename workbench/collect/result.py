"""What a collection of one region did, put together from the reports of its tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.collect.fetching import Caller
    from workbench.collect.job import Job, TableReport

#: Columns of :attr:`Collected.providers`.
PROVIDERS: dict[str, pl.DataType] = {
    "provider": pl.String(),
    "asked": pl.Int64(),
    "answered": pl.Int64(),
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
        provider, asked (requests), answered (of these), calls (repeated ones included), rows (received), status
        (``asked``, ``not asked``: nothing was missing, ``put aside``, ``failed`` or ``left out``), note (why).
    notes : tuple of str
        What a person should know: providers that disagree, listings that were not believed, names that left
        the list, parts of an answer that failed.
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
        """Raise if a table failed, or nobody answered, so that an unattended run does not pass for a success.

        A table that is only incomplete (a provider was throttled for a while) is no failure: its gaps
        are asked again by the next collection.

        Raises
        ------
        ProviderError
            Names each table that failed and what its provider said, or the providers of which none answered.
        """
        failed = self.summary.filter(pl.col("status") == "failed").select("table", "error").rows()
        if failed:
            said = "; ".join(f"{table}: {error}" for table, error in failed)
            raise ProviderError(
                f"{len(failed)} of {self.summary.height} tables of {self.region} failed: {said}",
                hint="What was collected is kept; collect again when the provider answers as it should.",
                tables=[table for table, _ in failed],
            )
        if self._in_vain:
            silent = self.providers.filter(pl.col("status") != "left out").select("provider", "note").rows()
            said = "; ".join(f"{name}: {note or 'was not asked'}" for name, note in silent)
            raise ProviderError(
                f"Nobody answered for {self.region}, and nothing was collected: {said}",
                hint="Check the network and `wb doctor`; collect again once a provider answers.",
                providers=[name for name, _ in silent],
            )

    @property
    def _in_vain(self) -> bool:
        """Whether something was to be asked, and no provider answered a single request."""
        wanted = self.summary["asked"].sum() > 0
        return bool(wanted and self.providers["answered"].sum() == 0 and self.summary["rows"].sum() == 0)

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
        (one.adapter.name, one.asked, one.answered, one.calls, one.rows, _status(job, one), _note(job, one))
        for one in job.callers.values()
    ]
    left_out = {name: why for name, why in job.chains.left_out.items() if name not in job.callers}
    rows += [(name, 0, 0, 0, 0, "left out", why) for name, why in left_out.items()]
    return pl.DataFrame(rows, schema=PROVIDERS, orient="row")


def _note(job: Job, caller: Caller) -> str:
    """Why it is put aside, and until when; else what went wrong last, or what it is not asked for."""
    aside = next((one for table in job.chains.tables if (one := caller.waiting(job.region, table))), None)
    if aside is not None:
        return aside.error().message
    return caller.faults[-1] if caller.faults else job.chains.left_out.get(caller.adapter.name, "")


def _status(job: Job, caller: Caller) -> str:
    if any(caller.waiting(job.region, table) for table in job.chains.tables):
        return "put aside"
    if caller.faults:
        return "failed"
    return "asked" if caller.asked else "not asked"
