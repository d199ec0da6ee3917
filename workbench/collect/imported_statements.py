"""A file of statements into ``fundamentals``: each cell point in time, restatements as further vintages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.adapters.files.mapping import NO_DATE
from workbench.adapters.files.statements import cells
from workbench.collect.imported_rows import Task, odd_codes, usable_from
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

#: One number of one period; its values over time are its vintages.
_FACT = ["ticker", "period_end", "period", "item"]
_KEY = [*_FACT, "available_date", "filing_id"]
_ORDER = ["available_date", "filing_id"]


def import_statements(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import a file of statements; see ``import_files``."""
    task, stage, done = Task(lake, files, account), f"import {files.spec.source}", 0
    for window in files.windows():
        progress(stage, done, files.rows)
        own = window.mapped
        if files.spec.periods.infer is None:
            own = own.filter(pl.col("date").is_between(window.start, window.end))
        done += own.height
        _import_window(task, window, own)
    progress(stage, files.rows, files.rows)


def _import_window(task: Task, window: Window, own: pl.DataFrame) -> None:
    found = usable_from(pl.col("known"), cells(own, task.spec), task)
    codes = odd_codes(task, own.filter(pl.col("ticker").is_not_null()))
    unusable = pl.when(pl.col("available_date").is_null()).then(pl.lit("unknown_knowledge"))
    judged = found.with_columns(reasons=pl.coalesce("reasons", codes, unusable))
    good, torn, same_day, repeated = _editions(task, judged.filter(pl.col("reasons").is_null()))
    bad = pl.concat([judged.filter(pl.col("reasons").is_not_null()), torn])
    news = _vintages(task, good)
    unchanged = good.height - news.height
    task.account.cells.update(
        {
            "published": news.height,
            "quarantined": bad.height,
            "superseded": same_day + repeated + unchanged,
            "in": found.height,
        }
    )
    _count_rows(task, own, news, bad)
    records = _bad_rows(own, bad)
    _publish(task, news, records, window)


def _editions(task: Task, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int, int]:
    """The cells of one day: one a fact, those that contradict each other, the replaced and the repeated."""
    fact = [*_FACT, "available_date"]
    ordered = rows.sort(*fact, "edition", "row", nulls_last=True)
    replaced = 0
    if task.spec.duplicates:
        edition = pl.col("edition")
        best = edition.max() if task.spec.duplicates.keep == "last" else edition.min()
        ordered = ordered.filter(edition.eq_missing(best.over(fact)))
        replaced = rows.height - ordered.height
    single = ordered.unique([*fact, "value", "currency"], keep="first", maintain_order=True)
    conflict = single.select(pl.struct(fact).is_duplicated()).to_series()
    torn = single.filter(conflict).with_columns(reasons=pl.lit("duplicate_conflict"))
    return single.filter(~conflict), torn, replaced, ordered.height - single.height


def _vintages(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """Cells that say something new, numbered among those of the same source that the lake has.

    A value that a later filing repeats is no row. What an earlier import brought keeps its place, so that a file
    that is imported again, or continued, gives the same vintages.
    """
    held = task.lake.read("fundamentals", task.region, tickers=rows["ticker"].unique().to_list())
    held = held.filter(pl.col("source") == task.spec.source)
    columns = [*_KEY, "value", "currency", "period_start"]
    # The file's own row of a key counts, so that a corrected file corrects the lake.
    mine = rows.select("row", *columns)
    others = held.join(mine.select(_KEY), on=_KEY, how="anti").with_columns(row=pl.lit(None, mine.schema["row"]))
    facts = pl.concat([mine, others.select("row", *columns)]).sort(*_FACT, *_ORDER)
    before = [pl.col(name).shift(1).over(_FACT) for name in ("value", "currency")]
    first = pl.int_range(pl.len()).over(_FACT) == 0
    said = first | pl.col("value").ne_missing(before[0]) | pl.col("currency").ne_missing(before[1])
    news = facts.filter(said).with_columns(vintage=1 + pl.int_range(pl.len()).over(_FACT))
    return news.filter(pl.col("row").is_not_null())


def _count_rows(task: Task, own: pl.DataFrame, news: pl.DataFrame, bad: pl.DataFrame) -> None:
    """A row of the file is published if one of its cells is, else quarantined if one is, else superseded."""
    published = news["row"].unique()
    task.account.published += published.len()
    left = bad.filter(~pl.col("row").is_in(published.implode()))
    reasons = left.group_by("row").agg(reasons=pl.col("reasons").unique().sort().str.join(","))
    task.quarantined(reasons)
    for reason, count in bad["reasons"].value_counts().rows():
        task.account.bad_cells[reason] += count
    rest = own.height - published.len() - reasons.height
    empty = own.join(pl.concat([news.select("row"), bad.select("row")]).unique(), on="row", how="anti")
    numbers = [name for name in own.columns if name.startswith("item.")]
    if numbers:
        blank = empty.filter(pl.all_horizontal(pl.col(name).is_null() for name in numbers)).height
        task.superseded("no value", blank)
        task.superseded("repeated row", rest - blank)
    else:
        words = {word for rule in task.spec.items.values() for word in rule.columns}
        other = empty.filter(~pl.col("item").is_in(list(words)).fill_null(value=False)).height
        task.superseded("item not mapped", other)
        task.superseded("repeated row", rest - other)


def _bad_rows(own: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    """Rows for the quarantine: one a row of the file, with the items and reasons of its cells."""
    day = pl.col("period_end") if "period_end" in own.columns else pl.col("date")
    cause = pl.col("reasons").unique().sort().str.join(",")
    rows = bad.group_by("row").agg(reasons=cause)
    return own.select("row", "ticker", date=day.fill_null(NO_DATE)).join(rows, on="row")


def _publish(task: Task, news: pl.DataFrame, bad: pl.DataFrame, window: Window) -> None:
    rows = news.with_columns(region=pl.lit(task.region), source=pl.lit(task.spec.source))
    task.land("fundamentals", rows.select("row", *TABLES["fundamentals"].columns), bad, window)
