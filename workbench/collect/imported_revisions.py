"""Later editions of a file's rows, noted as revisions of what was known on the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.adapters.files.mapping import edition_day
from workbench.schemas import INSTANT, TABLES

if TYPE_CHECKING:
    from workbench.collect.imported_rows import Task

_FIELDS = ("open", "high", "low", "close", "volume", "turnover", "restated_close")
_DAY = ["ticker", "date"]
#: What makes a revision the same one when a file is imported again.
_SAME = ["ticker", "date", "row_key", "field", "old", "new"]


def publish_revisions(task: Task, rows: pl.DataFrame) -> None:
    """Publish what each later edition of a bar changed, whichever edition stands in ``ohlcv``.

    Parameters
    ----------
    rows : polars.DataFrame
        Mapped rows with ``edition``, of the days that have several.

    Notes
    -----
    ``restated_close`` is no column of ``ohlcv``; its change is noted all the same, since it is why the edition
    exists. ``seen_at`` is the end (UTC) of the day on which the edition was published, which lies after that
    session and before the next one in all six regions; without a date it is now.
    """
    if rows.is_empty():
        return
    found = _changes(rows, task.region)
    start, end = found.select(first=pl.col("date").min(), last=pl.col("date").max()).row(0)
    held = task.lake.read("revisions", task.region, start, end).filter(pl.col("table") == "ohlcv")
    new = found.join(held, on=_SAME, how="anti", nulls_equal=True)
    columns = list(TABLES["revisions"].columns)
    done = task.lake.publish("revisions", new.select(columns), region=task.region)
    task.account.count_beside("revisions", done)


def _changes(rows: pl.DataFrame, region: str) -> pl.DataFrame:
    """One row of ``revisions`` for each field that an edition changed."""
    several = rows.sort(*_DAY, "edition", "row")
    day = edition_day(several["edition"])
    moment = settings.now()
    seen = pl.lit(moment) if day is None else pl.lit(day).dt.combine(pl.time(23, 59, 59)).dt.replace_time_zone("UTC")
    key = pl.struct(
        region=pl.lit(region), ticker=pl.col("ticker"), timeframe=pl.lit("D"), date=pl.col("date")
    ).struct.json_encode()
    fields = [name for name in _FIELDS if name in several.columns]
    before = [pl.col(name).shift(1).over(_DAY).alias(f"{name}__old") for name in fields]
    labelled = several.with_columns(
        *before, seen_at=seen.cast(INSTANT), row_key=key, nth=pl.int_range(pl.len()).over(_DAY)
    )
    later = labelled.filter(pl.col("nth") > 0)
    parts = [
        later.filter(pl.col(name).ne_missing(pl.col(f"{name}__old"))).select(
            region=pl.lit(region),
            ticker="ticker",
            date="date",
            field=pl.lit(name),
            seen_at="seen_at",
            table=pl.lit("ohlcv"),
            row_key="row_key",
            old=pl.col(f"{name}__old").cast(pl.String),
            new=pl.col(name).cast(pl.String),
            publish_id=pl.lit(f"revisions/{region}/000000000"),
        )
        for name in fields
    ]
    return pl.concat(parts) if parts else TABLES["revisions"].empty()
