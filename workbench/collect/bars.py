"""Collects daily bars: asks the chain of providers, checks the answer, publishes it with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench import quality, settings
from workbench.adapters.base import RETRIED
from workbench.collect import absence, coverage
from workbench.collect.chain import Answer, ask_chain, not_asked
from workbench.collect.planning import Batch, Plan, plan_bars

if TYPE_CHECKING:
    from workbench.collect.job import Job, TableReport

_KEY = ["ticker", "date"]
#: How far back the last bar before a batch is looked for.
_BEFORE = timedelta(days=30)


@dataclass
class _Pending:
    """Checked rows that wait to be published together."""

    good: list[pl.DataFrame] = field(default_factory=list)
    quarantine: list[pl.DataFrame] = field(default_factory=list)
    gaps: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0


def collect_bars(job: Job, report: TableReport) -> None:
    """Collect what is missing of ``ohlcv``; every session asked ends as a bar or as a gap with its reason."""
    callers = job.offering("ohlcv")
    end = job.last_date(callers)
    size = max(1, callers[0].adapter.batch_size)
    plan = plan_bars(
        job.lake,
        job.region,
        start=job.start,
        end=end,
        first=job.first_date(callers),
        batch_size=size,
        refresh=job.pace.refresh,
    )
    report.asked = len(plan.batches)
    pending, fatal = _Pending(), None
    for done, batch in enumerate(plan.batches):
        job.progress(f"{job.region} ohlcv", done, len(plan.batches))
        answer = ask_chain(job.region, callers, batch) if fatal is None else not_asked(batch, fatal)
        fatal = fatal or answer.fatal
        _judge(job, plan, batch, answer, pending, report)
        if pending.rows >= job.pace.publish_rows:
            pending = _publish(job, pending, report)
    _publish(job, pending, report)
    if plan.start <= plan.end:
        coverage.record_bars(job.lake, job.region, plan.start, plan.end, callers[0].adapter.name)
    job.progress(f"{job.region} ohlcv", len(plan.batches), len(plan.batches))
    if fatal is not None:
        report.status, report.error = "failed", str(fatal)


def _judge(job: Job, plan: Plan, batch: Batch, answer: Answer, pending: _Pending, report: TableReport) -> None:
    """Check an answer and put it with what waits to be published."""
    lake, region = job.lake, job.region
    tickers = list(batch.tickers)
    checked = quality.check_bars(
        answer.frame,
        region=region,
        sessions=plan.sessions["date"].to_list(),
        actions=lake.read("actions", region, tickers=tickers, columns=["ticker", "ex_date"]),
        previous=_last_bars(job, batch),
        listed=lake.read("tickers", region, tickers=tickers).select("ticker", "listed_date").drop_nulls(),
    )
    absent = _absent(batch, answer, checked)
    found = absence.stretches(absent, plan.sessions)
    asked_again = plan.gaps.join(batch.days, on="ticker").filter(pl.col("date").is_between("start", "end"))
    known = asked_again.select(plan.gaps.columns).unique(maintain_order=True)
    pending.good.append(checked.good)
    pending.quarantine.append(
        quality.quarantine_records(
            checked.quarantined, table="ohlcv", region=region, source=_sources(answer, job), seen_at=settings.now()
        )
    )
    pending.gaps.append(absence.gap_rows(region, found, known))
    pending.rows += checked.good.height
    report.rows += answer.frame.height
    report.quarantined += checked.quarantined.height
    for reason, days in found.group_by("reason").agg(pl.col("days").sum()).rows():
        report.gaps[reason] += days
    report.status = "incomplete" if report.status == "incomplete" or _passing(absent) else "collected"


def _last_bars(job: Job, batch: Batch) -> pl.DataFrame:
    before = batch.start - timedelta(days=1)
    bars = job.lake.read(
        "ohlcv",
        job.region,
        before - _BEFORE,
        before,
        tickers=list(batch.tickers),
        columns=["ticker", "date", "open", "close", "adjusted"],
    )
    return bars.sort("ticker", "date").unique("ticker", keep="last", maintain_order=True)


def _absent(batch: Batch, answer: Answer, checked: quality.Checked) -> pl.DataFrame:
    """Days that end in ``gaps``: suspensions, quarantined bars and bars that nobody has."""
    asked = batch.days.join(checked.good, on=_KEY, how="anti")
    bad = checked.quarantined.select(*_KEY, "reasons", "source").unique(_KEY, keep="first", maintain_order=True)
    quarantined = asked.join(bad, on=_KEY).select(
        *_KEY, reason=pl.lit("quarantined"), provider=pl.col("source"), detail=pl.col("reasons")
    )
    rest = asked.join(quarantined, on=_KEY, how="anti").join(answer.reasons, on=_KEY, how="left")
    missing = rest.with_columns(pl.col("reason").fill_null("unknown"))
    new_halts = checked.suspended.join(batch.days, on=_KEY, how="semi")
    halted = new_halts.select(
        *_KEY, reason=pl.lit("suspended"), provider=pl.col("source"), detail=pl.lit("a bar without a range")
    )
    return pl.concat([quarantined, missing.select(quarantined.columns), halted])


def _passing(absent: pl.DataFrame) -> bool:
    return bool(absent["reason"].is_in(list(RETRIED)).any())


def _sources(answer: Answer, job: Job) -> str:
    sources = answer.frame["source"].drop_nulls().unique().sort()
    return ",".join(sources) or job.callers[0].adapter.name


def _publish(job: Job, pending: _Pending, report: TableReport) -> _Pending:
    if pending.good:
        frames = (pl.concat(part) for part in (pending.good, pending.quarantine, pending.gaps))
        good, quarantine, gaps = frames
        if good.height or quarantine.height or gaps.height:
            published = job.lake.publish("ohlcv", good, region=job.region, quarantine=quarantine, gaps=gaps)
            report.count(published)
    return _Pending()
