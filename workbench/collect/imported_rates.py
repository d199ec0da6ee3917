"""One file of exchange rates into the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import quality
from workbench.adapters.files.mapping import NO_DATE
from workbench.collect.imported_rows import Task

if TYPE_CHECKING:
    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

_USD = "USD"


def import_rates(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import the rates of a file; see ``import_files``."""
    task, stage, done = Task(lake, files, account), f"import {files.spec.source}", 0
    fixes = files.fixed_at().collect()
    for window in files.windows():
        progress(stage, done, files.rows)
        done += _import_window(task, window, fixes)
    progress(stage, files.rows, files.rows)


def _import_window(task: Task, window: Window, fixes: pl.DataFrame) -> int:
    own = window.mapped.filter(pl.col("date").is_between(window.start, window.end))
    rates = _rates(own, task.files, fixes)
    unreadable = rates.filter(
        pl.col("currency").is_null() | (pl.col("currency").str.len_chars() != 3) | (pl.col("date") == NO_DATE)
    ).with_columns(reasons=pl.lit("missing_value"))
    readable = rates.join(unreadable, on="row", how="anti")
    held = task.lake.read("fx", end=window.start)
    checked = quality.check_fx(readable, previous=held.filter(~pl.col("source").is_in(task.spec.yield_to)))
    good = _yielding(task, checked.good)
    task.superseded("repeated row", checked.repeated)
    task.superseded("a better source has these days", checked.good.height - good.height)
    bad = pl.concat([checked.quarantined, unreadable])
    task.quarantined(bad)
    task.account.published += good.height
    task.land("fx", good, bad.with_columns(ticker="currency"), window)
    return own.height


def _yielding(task: Task, rates: pl.DataFrame) -> pl.DataFrame:
    """Rates outside the days that better sources cover of the currency: two sources must not alternate."""
    better = task.lake.read("fx").filter(pl.col("source").is_in(task.spec.yield_to))
    spans = better.group_by("currency").agg(first=pl.col("date").min(), last=pl.col("date").max())
    covered = pl.col("date").is_between(pl.col("first"), pl.col("last")).fill_null(value=False)
    return rates.join(spans, on="currency", how="left", maintain_order="left").filter(~covered).drop("first", "last")


def _rates(rows: pl.DataFrame, files: SourceFiles, fixes: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``fx``, and ``row``; a pair is written USDKRW, KRWUSD or KRW."""
    spec = files.spec
    rate = pl.col("close") if spec.quoted == "usd_per_unit" else 1.0 / pl.col("close")
    code = pl.col("pair").str.to_uppercase().str.replace_all("[^A-Z]", "")
    currency = pl.when(code.str.len_chars() > 3).then(code.str.replace(_USD, "", literal=True)).otherwise(code)
    return (
        rows.join(fixes, on="row", how="left")
        .select(
            "row",
            currency=currency,
            date="date",
            usd_per_unit=pl.when(pl.col("close") > 0).then(rate).otherwise(pl.col("close")),
            fixed_at="fixed_at",
            source=pl.lit(spec.source),
        )
        .sort("currency", "date")
    )
