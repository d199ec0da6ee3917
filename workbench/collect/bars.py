"""Collects daily bars: asks the chain of providers, checks the answer, publishes it with its reasons."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from workbench import journal, quality, settings
from workbench.adapters.base import RETRIED
from workbench.collect import absence, coverage
from workbench.collect.ahead import ahead
from workbench.collect.chain import Answer, ask_chain
from workbench.collect.planning import Batch, Plan, plan_bars
from workbench.collect.sources import Standing
from workbench.quality import agreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.collect.fetching import Caller
    from workbench.collect.job import Job, TableReport

_KEY = ["ticker", "date"]
#: How far back the last bar before a batch is looked for: first here, then where it may stand after a long absence.
_BEFORE, _LONG_BEFORE = timedelta(days=30), timedelta(days=800)


@dataclass
class _Pending:
    """Checked rows that wait to be published together, and the gaps as they will stand afterwards."""

    known: pl.DataFrame
    good: list[pl.DataFrame] = field(default_factory=list)
    quarantine: list[pl.DataFrame] = field(default_factory=list)
    gaps: list[pl.DataFrame] = field(default_factory=list)
    compared: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0
    seconds: float = 0.0


def collect_bars(job: Job, report: TableReport) -> None:
    """Collect what is missing of ``ohlcv``; every session asked ends as a bar or as a gap with its reason.

    While a batch is checked and published, the next one is being asked for.
    """
    callers = job.offering("ohlcv")
    plan = _plan(job, callers)
    report.asked = len(plan.batches)
    total, stage = len(plan.batches), f"{job.region} ohlcv"
    pending, disagreeing = _Pending(plan.gaps), dict[str, set[str]]()
    if plan.batches:
        ask = partial(ask_chain, job.region, callers, Standing(job.lake, job.region), job.listings())
        with closing(ahead(plan.batches, ask)) as answers:
            for done, (batch, answer) in enumerate(answers):
                job.progress(stage, done, total)
                _judge(job, plan, batch, answer, pending, report)
                for pair, tickers in answer.disagreeing.items():
                    disagreeing.setdefault(pair, set()).update(tickers)
                if pending.rows >= job.pace.publish_rows or pending.seconds >= job.pace.publish_seconds:
                    pending = _publish(job, pending, report)
    _publish(job, pending, report)
    if plan.start <= plan.end:
        coverage.record_bars(job.lake, job.region, plan.start, plan.end, callers[0].adapter.name)
    job.progress(stage, total, total)
    _tell_disagreement(job, disagreeing)
    fatal = [str(one.fatal) for one in callers if one.fatal is not None]
    if fatal:
        report.error = "; ".join(fatal)
        if len(fatal) == len(callers):
            report.status = "failed"
    elif report.status == "incomplete":
        again = sum(report.gaps[reason] for reason in RETRIED)
        said = "; ".join(one.said for one in callers if one.said)
        report.error = said or f"{again:,} sessions without a bar or a final reason are asked again: see the gaps."


def _plan(job: Job, callers: Sequence[Caller]) -> Plan:
    return plan_bars(
        job.lake,
        job.region,
        providers=[one.adapter.name for one in callers],
        start=job.start,
        end=job.last_date(callers),
        first=job.first_date(callers),
        batch_size=_batch_size(job, callers),
        refresh=job.pace.refresh,
        asset_types=job.chains.asset_types,
    )


def _batch_size(job: Job, callers: Sequence[Caller]) -> int:
    """As many tickers as the first provider takes that is not put aside."""
    awake = [one for one in callers if one.waiting(job.region, "ohlcv") is None]
    return max(1, (awake or list(callers))[0].adapter.batch_size)


def _tell_disagreement(job: Job, disagreeing: dict[str, set[str]]) -> None:
    for pair, tickers in disagreeing.items():
        named = ", ".join(sorted(tickers)[:5]) + (", ..." if len(tickers) > 5 else "")
        job.notes.append(f"{pair} disagree on {len(tickers)} tickers ({named}): the older source is kept.")
        journal.note(
            "collect.disagreement",
            level="warning",
            action="Compare both with the exchange; the gaps name the days and the difference.",
            region=job.region,
            providers=pair,
            tickers=sorted(tickers)[:50],
            count=len(tickers),
        )


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
    known = pending.known.filter(pl.col("ticker").is_in(tickers))
    absent = _absent(batch, answer, checked, _told_missing(batch, plan, known))
    traded = checked.good.join(checked.suspended, on=_KEY, how="anti").select(_KEY)
    pending.good.append(checked.good)
    pending.quarantine.append(_quarantine(job, answer, checked.quarantined))
    settled = pl.concat([batch.days, traded, absent.select(_KEY)]).unique()
    gaps = absence.gap_rows(region, absent, known, settled=settled)
    still_open = gaps.filter(pl.col("end") >= pl.col("start"))
    pending.known = pl.concat([pending.known.join(gaps, on=["ticker", "start"], how="anti"), still_open])
    pending.gaps.append(gaps)
    pending.compared += answer.compared
    pending.rows += checked.good.height
    pending.seconds += answer.seconds
    report.rows += answer.frame.height
    report.quarantined += checked.quarantined.height
    for reason, days in absent.group_by("reason").len().rows():
        report.gaps[reason] += days
    report.status = "incomplete" if report.status == "incomplete" or _passing(absent) else "collected"


def _quarantine(job: Job, answer: Answer, bad: pl.DataFrame) -> pl.DataFrame:
    """Rows for the quarantine; one without a readable code or day is filed under today, as "?"."""
    now = settings.now()
    named = bad.with_columns(pl.col("ticker").fill_null("?"), pl.col("date").fill_null(now.date()))
    return quality.quarantine_records(
        named,
        table="ohlcv",
        region=job.region,
        source=_sources(answer, job),
        seen_at=now,
        received=bad.drop("reasons"),
    )


def _last_bars(job: Job, batch: Batch) -> pl.DataFrame:
    columns, last = ["ticker", "date", "open", "close", "adjusted"], batch.start - timedelta(days=1)
    recent = last - _BEFORE
    bars = job.lake.read("ohlcv", job.region, recent, last, tickers=list(batch.tickers), columns=columns)
    absent = sorted(set(batch.tickers) - set(bars["ticker"]))
    if absent:
        older = (last - _LONG_BEFORE, recent - timedelta(days=1))
        bars = pl.concat([bars, job.lake.read("ohlcv", job.region, *older, tickers=absent, columns=columns)])
    return bars.sort("ticker", "date").unique("ticker", keep="last", maintain_order=True)


def _told_missing(batch: Batch, plan: Plan, known: pl.DataFrame) -> pl.DataFrame:
    """ticker, date: the days asked, and those that the lake says have no bar; a halt that comes is new to it."""
    told = absence.days_of(known.filter(pl.col("reason") != "suspended"), plan.sessions)
    return pl.concat([batch.days, told.select(_KEY)]).unique()


def _absent(batch: Batch, answer: Answer, checked: quality.Checked, missing_so_far: pl.DataFrame) -> pl.DataFrame:
    """Days that end in ``gaps``: suspensions, quarantined bars and bars that nobody has."""
    asked = batch.days.join(checked.good, on=_KEY, how="anti")
    bad = checked.quarantined.select(*_KEY, "reasons", "source").unique(_KEY, keep="first", maintain_order=True)
    quarantined = asked.join(bad, on=_KEY).select(
        *_KEY, reason=pl.lit("quarantined"), provider=pl.col("source"), detail=pl.col("reasons")
    )
    rest = asked.join(quarantined, on=_KEY, how="anti").join(answer.reasons, on=_KEY, how="left")
    missing = rest.with_columns(pl.col("reason").fill_null("unknown"))
    new_halts = checked.suspended.join(missing_so_far, on=_KEY, how="semi")
    halted = new_halts.select(
        *_KEY, reason=pl.lit("suspended"), provider=pl.col("source"), detail=pl.lit("a bar without a range")
    )
    return pl.concat([quarantined, missing.select(quarantined.columns), halted])


def _passing(absent: pl.DataFrame) -> bool:
    return bool(absent["reason"].is_in(list(RETRIED)).any())


def _sources(answer: Answer, job: Job) -> str:
    sources = answer.frame["source"].drop_nulls().unique().sort()
    return ",".join(sources) or job.offering("ohlcv")[0].adapter.name


def _publish(job: Job, pending: _Pending, report: TableReport) -> _Pending:
    if pending.good:
        # Batches may say the same of a row twice; of a gap the later one knows what the earlier one said.
        good = pl.concat(pending.good)
        quarantine = pl.concat(pending.quarantine).unique(["ticker", "date", "row"], maintain_order=True)
        gaps = pl.concat(pending.gaps).unique(["ticker", "start"], keep="last", maintain_order=True)
        if good.height or quarantine.height or gaps.height:
            published = job.lake.publish("ohlcv", good, region=job.region, quarantine=quarantine, gaps=gaps)
            report.count(published)
    _publish_agreement(job, pending.compared)
    return _Pending(pending.known)


def _publish_agreement(job: Job, compared: Sequence[pl.DataFrame]) -> None:
    rows = agreement.agreement_rows(pl.concat(compared), job.region) if compared else pl.DataFrame()
    if rows.height:
        known = job.lake.read("agreement", job.region)
        job.lake.publish("agreement", agreement.with_known(rows, known), region=job.region)
