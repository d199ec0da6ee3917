"""Collect what is missing of one region; `wb collect` runs several side by side."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING

from workbench import adapters, journal, markets
from workbench.adapters.base import Adapter
from workbench.collect.bars import collect_bars
from workbench.collect.chains import Chains, chain_for, explicit
from workbench.collect.cooldown import Cooldowns
from workbench.collect.fetching import Pace
from workbench.collect.job import Job, Progress, TableReport, make_job, silent
from workbench.collect.mixing import guard_mixing
from workbench.collect.order import ORDER
from workbench.collect.records import collect_records
from workbench.collect.result import Collected, collected
from workbench.errors import ConfigError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.lake import Lake


def collect(
    lake: Lake,
    region: str,
    provider: str | Adapter | Chains | Sequence[str | Adapter] | None = None,
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
    provider : str, Adapter, Chains, or a sequence of names and adapters, optional
        By default the order of ``params/collection/<region>.yaml``, see :func:`chain_for`: a provider that
        fails is put aside for a while, for all processes. Providers that are named here are asked in this
        order, whether they are put aside or not; a later one only for what the earlier ones could not give.
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
        If the region, a table, a provider or a date is unknown, a provider has nothing of the region or none of
        the tables, ``start`` lies after ``end`` or after the last completed session, or sample and real prices
        would mix.
    """
    begin, pace = time.monotonic(), pace or Pace()
    (region,) = markets.check_regions([region])
    live, wanted = lake.live(), _tables(tables)
    chains = _chains(live, region, provider)
    cooldowns = Cooldowns(chains.cooldown) if provider is None or isinstance(provider, Chains) else None
    _check_tables(chains, wanted)
    job = make_job(live, chains, cooldowns, (_day(start, "start"), _day(end, "end")), progress or silent, pace)
    guard_mixing(job.lake, sorted(job.callers))
    _check_days(job)
    _name_left_out(job)
    reports = [_collect_table(job, table) for table in wanted if table in chains.tables]
    _name_unasked(job)
    said = (f"{name}: {note}" for name, one in job.callers.items() for note in one.notes)
    job.notes.extend(said)
    return collected(job, reports, time.monotonic() - begin)


def _chains(lake: Lake, region: str, provider: str | Adapter | Chains | Sequence[str | Adapter] | None) -> Chains:
    if provider is None:
        return chain_for(lake, region)
    if isinstance(provider, Chains):
        if provider.region != region:
            raise ConfigError(f"The chains are those of {provider.region}, not of {region}.", hint="Make them anew.")
        return provider
    named = [provider] if isinstance(provider, (str, Adapter)) else list(provider)
    if not named:
        raise ConfigError("No provider is named.", hint="Name one, such as provider='sample'.")
    return explicit(region, [adapters.get(one) if isinstance(one, str) else one for one in named])


def _check_tables(chains: Chains, wanted: Sequence[str]) -> None:
    """Refuse what would ask nobody for anything."""
    if not any(table in chains.tables for table in wanted):
        has = f"{', '.join(table for table in ORDER if table in chains.tables) or 'no table at all'}"
        raise ConfigError(
            f"Nobody is named for {', '.join(wanted)} of {chains.region}.",
            hint=f"There is a provider for {has}: choose from these, or name another provider.",
        )


def _check_days(job: Job) -> None:
    """Refuse days on which there cannot be anything."""
    start, end = job.start, job.end
    if start is None or not job.callers:
        return
    if end is not None and start > end:
        raise ConfigError(f"start={start} is after end={end}.", hint="Swap them.")
    last = max(one.adapter.last_date(job.region) for one in job.callers.values())
    if start > last:
        names = ", ".join(job.callers)
        raise ConfigError(
            f"start={start} is after {last}, the last completed session of {job.region} at {names}.",
            hint=f"Name a day up to {last}, or leave it out.",
        )


def _name_left_out(job: Job) -> None:
    for name, why in job.chains.left_out.items():
        job.notes.append(f"{name} is left out: {why}.")
        journal.note(
            "collect.left_out",
            provider=name,
            region=job.region,
            why=why,
            action=f"`wb doctor {name}` says what it needs." if why.startswith("no key") else "",
        )


def _name_unasked(job: Job) -> None:
    """Say which kinds of security the order leaves out."""
    kinds = job.lake.read("tickers", job.region, columns=["ticker", "asset_type"]).join(
        job.tickers().select("ticker"), on="ticker", how="anti"
    )
    if kinds.height:
        counts = sorted(kinds.unique().group_by("asset_type").len().rows(), key=lambda one: (-one[1], one[0]))
        named = ", ".join(f"{count:,} {kind}" for kind, count in counts)
        job.notes.append(f"Listed, and not asked by ticker: {named} (asset_types of the region's order).")


def _collect_table(job: Job, table: str) -> TableReport:
    """One table; a provider's failure ends this table and no other."""
    report = TableReport(table)
    begin, calls = time.monotonic(), _calls(job)
    for caller in job.callers.values():
        caller.forgive()
    if not job.offering(table):
        report.status = "failed"
        report.error = f"Nobody is left to ask ({job.chains.tables[table].missing}). `wb doctor` says what each needs."
        return report
    try:
        if table == "ohlcv":
            collect_bars(job, report)
        else:
            collect_records(job, table, report)
    except ProviderError as error:
        report.error = str(error)
        report.status = "failed"
    if report.error and report.status not in ("incomplete", "collected"):
        report.status = "failed"
    report.calls, report.seconds = _calls(job) - calls, time.monotonic() - begin
    return report


def _calls(job: Job) -> int:
    return sum(one.calls for one in job.callers.values())


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
