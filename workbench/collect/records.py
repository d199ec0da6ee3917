"""Collects the tables that no calendar can check: each is asked once through each new day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import quality, settings
from workbench.adapters.base import Request
from workbench.collect import coverage
from workbench.errors import ProviderError, Throttled, Unreachable
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from workbench.adapters.base import Fetched
    from workbench.collect.fetching import Caller
    from workbench.collect.job import Job, TableReport

#: Asked for all tickers at once; the others by batches of tickers.
WHOLE = frozenset({"tickers", "attributes", "fx", "indexes"})


def collect_records(job: Job, table: str, report: TableReport) -> None:
    """Collect one table other than ``ohlcv``.

    What has been asked is noted in ``coverage`` after each batch, so that a collection that is up to date asks
    nothing, and an interrupted one goes on where it stopped.
    """
    callers = job.offering(table)
    start, end = job.start or coverage.BEGINNING, job.last_date(callers)
    requests = list(_requests(job, table, callers, start, end))
    report.asked = len(requests)
    for done, (tickers, since) in enumerate(requests):
        job.progress(f"{job.region} {table}", done, len(requests))
        whole = tickers == (coverage.ALL,)
        first = None if since <= coverage.BEGINNING else since
        request = Request(job.region, None if whole else tickers, first, end)
        answer = _ask(callers, table, request, report)
        if answer is None:
            continue
        fetched, caller = answer
        _land(job, table, fetched, report, caller)
        coverage.record(job.lake, job.region, table, tickers, min(start, since), end, caller.adapter.name)
        report.status = "incomplete" if report.status == "incomplete" else "collected"
    job.progress(f"{job.region} {table}", len(requests), len(requests))


def _requests(
    job: Job, table: str, callers: Sequence[Caller], start: date, end: date
) -> Iterator[tuple[tuple[str, ...], date]]:
    """Batches of tickers and the date to ask them from."""
    whole = table in WHOLE
    codes = [coverage.ALL] if whole else job.lake.read("tickers", job.region)["ticker"].unique().sort().to_list()
    names = [one.adapter.name for one in callers]
    size = 1 if whole else max(1, callers[0].adapter.batch_size)
    due = coverage.due(job.lake, job.region, table, codes, start, end, names)
    for since, tickers in sorted(due.items()):
        for at in range(0, len(tickers), size):
            yield tuple(tickers[at : at + size]), since


def _ask(callers: Sequence[Caller], table: str, request: Request, report: TableReport) -> tuple[Fetched, Caller] | None:
    """The first provider of the chain that answers; None when all are throttled or unreachable for now.

    Raises
    ------
    ProviderError
        Of the last provider, if it is not one that passes.
    """
    last: ProviderError | None = None
    for caller in callers:
        try:
            return caller.ask(table, request), caller
        except ProviderError as error:
            last = error
    if isinstance(last, (Throttled, Unreachable)):
        report.status, report.error = "incomplete", str(last)
        return None
    raise last or ProviderError(f"Nobody offers {table!r}.")


def _land(job: Job, table: str, fetched: Fetched, report: TableReport, caller: Caller) -> None:
    frame = fetched.frame
    report.rows += frame.height
    if TABLES[table].by_region:
        good, bad = quality.split_incomplete(frame, table)
        records = _records(bad, table, job, caller)
        report.count(job.lake.publish(table, good, region=job.region, quarantine=records))
    elif table == "fx":
        complete, bad = quality.split_incomplete(frame, table)
        rates = quality.check_fx(complete, previous=job.lake.read("fx"))
        bad = pl.concat([bad, rates.quarantined])
        report.count(job.lake.publish(table, rates.good))
        publish_beside(job, _records(bad.with_columns(ticker="currency"), table, job, caller))
    else:
        good, bad = quality.split_incomplete(frame, table)
        report.count(job.lake.publish(table, good))
        publish_beside(job, _records(bad.with_columns(ticker=TABLES[table].key[0]), table, job, caller))
    report.quarantined += bad.height


def publish_beside(job: Job, records: pl.DataFrame) -> None:
    """Publish quarantined rows of a table that is not kept by region, after that table."""
    if records.height:
        job.lake.publish("quarantine", records, region=job.region)


def _records(bad: pl.DataFrame, table: str, job: Job, caller: Caller) -> pl.DataFrame:
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
        source=caller.adapter.name,
        seen_at=settings.now(),
        received=received,
    )
