"""Collect what is missing of one region; `wb collect` runs several side by side."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING

from workbench import markets
from workbench.collect.bars import collect_bars
from workbench.collect.fetching import Pace
from workbench.collect.job import (
    Collected,
    Job,
    Progress,
    TableReport,
    callers_of,
    collected,
    guard_mixing,
    silent,
)
from workbench.collect.records import collect_records
from workbench.errors import ConfigError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.adapters.base import Adapter
    from workbench.lake import Lake

#: In this order: listings say which bars to expect, and actions explain jumps, before bars are checked.
ORDER = ("tickers", "attributes", "fx", "indexes", "actions", "shares", "ohlcv", "fundamentals")


def collect(
    lake: Lake,
    region: str,
    provider: str | Adapter | Sequence[str | Adapter] = "sample",
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    tables: Sequence[str] | None = None,
    progress: Progress | None = None,
    pace: Pace | None = None,
) -> Collected:
    """Fetch, check and publish what the lake lacks of one region.

    Parameters
    ----------
    lake : Lake
        Read live, even if it is pinned to a snapshot.
    region : str
        One of the six regions.
    provider : str, Adapter, or a sequence of them
        Asked in this order; a later one only for what the earlier ones could not give.
    start, end : date or ISO str, optional
        Days that are wanted, both included; by default from the first listing (at most ten years back)
        to the provider's last day. What lies between them and the days collected before is collected
        as well, so that the days of a lake have no hole that nobody asked for.
    tables : sequence of str, optional
        Some of :data:`ORDER`; by default all that a provider offers.
    progress : callable, optional
        ``progress(stage, done, total)``.
    pace : Pace, optional
        How long a throttled provider is waited for, and how much is published at a time.

    Returns
    -------
    Collected
        What each table got. A provider that fails is no exception: its table says so, and missing bars
        stand in ``gaps`` as throttled or unknown, to be asked again by the next collection.

    Raises
    ------
    ConfigError
        If the region, a table, a provider or a date is unknown, or sample and real prices would mix.
    """
    begin, pace = time.monotonic(), pace or Pace()
    (region,) = markets.check_regions([region])
    job = Job(
        lake.live(),
        region,
        callers_of(provider, pace),
        _day(start, "start"),
        _day(end, "end"),
        progress or silent,
        pace,
    )
    wanted = _tables(tables)
    guard_mixing(job.lake, sorted({one.adapter.name for one in job.callers}))
    reports = [_collect_table(job, table) for table in wanted if job.offering(table)]
    return collected(region, reports, time.monotonic() - begin)


def _collect_table(job: Job, table: str) -> TableReport:
    """One table; a provider's failure ends this table and no other."""
    report = TableReport(table)
    begin, calls = time.monotonic(), _calls(job)
    for caller in job.callers:
        caller.forgive()
    try:
        if table == "ohlcv":
            collect_bars(job, report)
        else:
            collect_records(job, table, report)
    except ProviderError as error:
        report.error = str(error)
    if report.error and report.status != "incomplete":
        report.status = "failed"
    report.calls, report.seconds = _calls(job) - calls, time.monotonic() - begin
    return report


def _calls(job: Job) -> int:
    return sum(one.calls for one in job.callers)


def _tables(tables: Sequence[str] | None) -> tuple[str, ...]:
    unknown = [name for name in tables or () if name not in ORDER]
    if unknown:
        raise ConfigError(
            f"There is nothing to collect into {', '.join(unknown)}.", hint=f"Choose from {', '.join(ORDER)}."
        )
    return tuple(name for name in ORDER if tables is None or name in tables)


def _day(value: date | str | None, name: str) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ConfigError(f"{name}={value!r} is not a date.", hint="Write it as 2024-01-31.") from error
