"""Collects the tables that no calendar can check: each is asked once through each new day."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from workbench import journal, quality, settings
from workbench.collect import asking, coverage, listings, merging, spells
from workbench.collect.ahead import ahead
from workbench.lake import locks
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from workbench.collect.asking import Part, Reply
    from workbench.collect.job import Job, TableReport


def collect_records(job: Job, table: str, report: TableReport) -> None:
    """Collect one table other than ``ohlcv``.

    What has been asked is noted in ``coverage`` after each batch, so that a collection that is up to date asks
    nothing, and an interrupted one goes on where it stopped. While a batch is published, the next is asked for.
    """
    with _alone(job, table):
        _collect(job, table, job.last_date(job.offering(table), table), report)


@contextmanager
def _alone(job: Job, table: str) -> Iterator[None]:
    """Collect what is the same for all regions one after the other, so that only the first one asks."""
    with locks.held(job.lake.root, table, "collecting") if table in coverage.WORLDWIDE else nullcontext():
        yield


def _collect(job: Job, table: str, end: date, report: TableReport) -> None:
    wanted = list(asking.tasks(job, table, end))
    report.asked, stage = len(wanted), f"{job.region} {table}"
    known = job.listings() if wanted and table != "tickers" else {}
    ask = partial(asking.ask, job.callers, job.region, table, end, known)
    with closing(ahead(wanted, ask)) as replies:
        for done, (_, reply) in enumerate(replies):
            job.progress(stage, done, len(wanted))
            _take(job, table, reply, end, report)
    job.progress(stage, len(wanted), len(wanted))


def _take(job: Job, table: str, reply: Reply, end: date, report: TableReport) -> None:
    """Publish what came, note what was asked, and say what did not come.

    Raises
    ------
    ProviderError
        If nobody answered, and asking again will not help.
    """
    if reply.errors:
        report.error = str(reply.errors[-1])
        if not reply.parts and not reply.passing:
            raise reply.errors[-1]
    if reply.parts:
        _land(job, table, reply.parts, end, report)
        for part in reply.parts:
            if part.settled:
                begin = min(asking.begin_of(job, table), part.since)
                asked = (job.lake, job.region, table, part.settled)
                coverage.record(*asked, begin, end, part.provider)
                coverage.record_lack(*asked, end, part.provider, lacking=bool(part.lacking))
    only_fatal = bool(reply.errors) and not reply.passing
    lacking = reply.unsettled > 0 and not (reply.parts and only_fatal)
    report.status = "incomplete" if report.status == "incomplete" or lacking else "collected"
    if lacking and not report.error:
        report.error = f"Some tickers are asked again by the next collection ({reply.said})."
    short = [f"{part.provider}: {part.lacking}" for part in reply.parts if part.lacking]
    if short:
        report.status, said = "incomplete", " ".join(short)
        report.error = report.error if said in report.error else f"{report.error} {said}".strip()


def _land(job: Job, table: str, parts: Sequence[Part], end: date, report: TableReport) -> None:
    """Check what each provider gave, put it together and publish it."""
    good, bad = [], []
    for part in parts:
        report.rows += part.frame.height
        complete, faulty = quality.split_incomplete(part.frame, table)
        good.append(complete)
        bad.append((part.provider, faulty))
    if table == "fx":
        rates = quality.check_fx(merging.ranked(good, table, job.ranks(table)), previous=job.lake.read("fx"))
        bad.append((parts[0].provider, rates.quarantined))
        report.count(job.lake.publish(table, rates.good))
    elif table == "tickers":
        _land_listing(job, good, [part.provider for part in parts], end, bad, report)
        bad = []
    else:
        frame = _merged(job, table, good)
        region = job.region if TABLES[table].by_region else None
        records = [_records(rows, table, job, provider) for provider, rows in bad] if region else []
        report.count(job.lake.publish(table, frame, region=region, quarantine=pl.concat(records) if records else None))
    if not TABLES[table].by_region:
        subject = pl.lit("currency") if table == "fx" else pl.lit(TABLES[table].key[0])
        for provider, rows in bad:
            publish_beside(job, _records(rows.with_columns(ticker=subject), table, job, provider))
    report.quarantined += sum(rows.height for _, rows in bad)


def _merged(job: Job, table: str, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The answers as one frame, beside what the lake holds."""
    ranks, first = job.ranks(table), frames[0]
    if table == "attributes":
        held = job.lake.read(table, job.region)
        return merging.attributes(frames, held, ranks) if job.combines(table) else _unrepeated(frames, held)
    if not job.combines(table):
        return first if len(frames) == 1 else merging.ranked(frames, table, ranks)
    tickers = pl.concat(frames)["ticker"].unique().to_list()
    held = job.lake.read(table, job.region, tickers=tickers) if tickers else TABLES[table].empty()
    if table != "actions":
        return merging.behind(merging.ranked(frames, table, ranks), held, table, ranks)
    merged = merging.actions(frames, held, ranks)
    _tell_disputes(job, merged.disputed)
    return merged.frame


def _unrepeated(frames: list[pl.DataFrame], held: pl.DataFrame) -> pl.DataFrame:
    return merging.without_repetition(pl.concat(frames), held)


def _tell_disputes(job: Job, disputed: pl.DataFrame) -> None:
    for row in disputed.to_dicts():
        one = f"{row['source']} says {row['value']:g} on {row['ex_date']}"
        other = f"{row['other_source']} says {row['other_value']:g} on {row['other_date']}"
        said = f"{row['ticker']}, {row['kind']}: {' and '.join(sorted((one, other)))}."
        if said in job.notes:
            continue
        job.notes.append(said)
        journal.note(
            "collect.actions_differ",
            level="warning",
            action="Compare both with the company's notice.",
            region=job.region,
            said=said,
        )


def _land_listing(
    job: Job,
    frames: list[pl.DataFrame],
    providers: list[str],
    day: date,
    bad: list[tuple[str, pl.DataFrame]],
    report: TableReport,
) -> None:
    """Publish a listing in the lake's spells, with the codes that have left it."""
    held = job.lake.read("tickers", job.region)
    offered = spells.together(frames, day)
    bars = listings.last_bars(job.lake, job.region) if held.height else {}
    rows = spells.against(held, offered, job.ranks("tickers"), bars, day)
    # A provider that answered with nothing at all has not said that its market is empty.
    complete = [name for name, frame in zip(providers, frames, strict=True) if frame.height]
    gone = listings.vanished(job.lake, job.region, offered["ticker"].unique().to_list(), complete, day)
    job.notes.extend(gone.notes)
    records = pl.concat([_records(faulty, "tickers", job, provider) for provider, faulty in bad])
    frame = pl.concat([rows, gone.closed])
    report.count(job.lake.publish("tickers", frame, region=job.region, quarantine=records))
    report.quarantined += sum(faulty.height for _, faulty in bad)
    listings.remember(job.lake, job.region, gone, day)


def publish_beside(job: Job, records: pl.DataFrame) -> None:
    """Publish quarantined rows of a table that is not kept by region, after that table."""
    if records.height:
        job.lake.publish("quarantine", records, region=job.region)


def _records(bad: pl.DataFrame, table: str, job: Job, provider: str) -> pl.DataFrame:
    """Rows for the quarantine; a row without a readable code or day is filed under today, as "?"."""
    day = TABLES[table].date_column or next((name for name in ("valid_from", "listed_date") if name in bad.columns), "")
    today = settings.now().date()
    when = pl.col(day).fill_null(today) if day else pl.lit(today)
    named = bad.with_columns(ticker=pl.col("ticker").fill_null("?"), date=when)
    received = bad.drop("reasons")
    return quality.quarantine_records(
        named,
        table=table,
        region=job.region,
        source=provider,
        seen_at=settings.now(),
        received=received,
    )
