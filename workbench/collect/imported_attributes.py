"""Files of attributes, a column a kind, into the lake; and the attributes that a list of tickers carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.adapters.files.mapping import KIND
from workbench.collect.imported_records import code, named
from workbench.collect.imported_rows import Task, odd_codes, settle
from workbench.markets import sectors
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.files.reading import SourceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake


def import_attributes(lake: Lake, files: SourceFiles, account: Account, progress: Progress) -> None:
    """Import a file of attributes, a column a kind; see ``import_files``."""
    task, window, stage = Task(lake, files, account), files.whole(), f"import {files.spec.source}"
    progress(stage, 0, files.rows)
    missing = code("missing_value", pl.col("ticker").is_null())
    judged = window.mapped.with_columns(reasons=pl.coalesce(odd_codes(task, window.mapped), missing))
    fine = judged.filter(pl.col("reasons").is_null())
    good, torn, _ = settle(attribute_rows(task, fine), "attributes")
    outcome = _outcome(fine, good, torn)
    columns = ["row", "ticker", "reasons"]
    bad = pl.concat([judged.filter(pl.col("reasons").is_not_null()).select(columns), torn.select(columns)])
    blank = pl.all_horizontal(pl.col(KIND + kind).is_null() for kind in task.spec.attributes)
    task.superseded("no value", outcome["superseded"].filter(blank).height)
    task.superseded("repeated row", outcome["superseded"].filter(~blank).height)
    task.quarantined(
        pl.concat([judged.filter(pl.col("reasons").is_not_null()).select(columns), outcome["quarantined"]])
    )
    task.account.published += outcome["published"].height
    publish_attributes(task, good, named(bad, "attributes"), window)
    progress(stage, files.rows, files.rows)


def _outcome(rows: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Where each row of the file went: published if one of its values was."""
    published = rows.join(good.select("row").unique(), on="row", how="semi")
    left = rows.join(published.select("row"), on="row", how="anti").drop("reasons")
    reasons = bad.group_by("row").agg(reasons=pl.col("reasons").unique().sort().str.join(","))
    quarantined = left.join(reasons, on="row").select("row", "ticker", "reasons")
    return {
        "published": published,
        "quarantined": quarantined,
        "superseded": left.join(quarantined.select("row"), on="row", how="anti"),
    }


def attribute_rows(task: Task, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``attributes``, after ``row``: each kind's value, from the day on which it was known.

    A list as it stands today says nothing of the past, so that ``valid_from`` is the day of the list, or today
    where the specification does not say; readers that use it earlier mark it as a current one.
    """
    rule = task.spec.knowledge
    known = pl.lit(rule.as_of if rule and rule.as_of else settings.now().date())
    since = pl.coalesce("valid_from", known) if "valid_from" in rows.columns else known
    until = pl.col("valid_to") if "valid_to" in rows.columns else pl.lit(None, pl.Date)
    parts = [
        TABLES["attributes"].empty().with_columns(row=pl.lit(0, rows.schema["row"]), reasons=pl.lit(None, pl.String))
    ]
    kinds = list(task.spec.attributes)
    if task.spec.industries:
        industry = rows.get_column(f"{KIND}industry")
        rows = rows.with_columns(sectors.gics_series(task.spec.industries, industry).alias(f"{KIND}sector"))
        kinds.append("sector")
    for kind in kinds:
        value = pl.col(KIND + kind)
        wrong = ~value.is_in(sectors.GICS) if kind == "sector" else pl.lit(value=False)
        parts.append(
            rows.filter(value.is_not_null()).select(
                "row",
                region=pl.lit(task.region),
                ticker="ticker",
                kind=pl.lit(kind),
                valid_from=since,
                value=value,
                valid_to=until,
                source=pl.lit(task.spec.source),
                reasons=code("unknown_value", wrong),
            )
        )
    columns = ["row", *TABLES["attributes"].columns, "reasons"]
    return pl.concat([part.select(columns) for part in parts])


def publish_attributes(task: Task, good: pl.DataFrame, bad: pl.DataFrame, window: Window) -> None:
    """Publish values that are new; a value that the lake has already goes on, and one that changed ends."""
    held = task.lake.read("attributes", task.region).filter(
        pl.col("valid_to").is_null() & (pl.col("source") == task.spec.source)
    )
    key = ["ticker", "kind"]
    open_ = held.sort("valid_from").unique(key, keep="last").select(*key, since="valid_from", held="value")
    joined = good.join(open_, on=key, how="left")
    goes_on = (
        (pl.col("since") < pl.col("valid_from")) & (pl.col("held") == pl.col("value")) & pl.col("valid_to").is_null()
    )
    new = joined.filter(~goes_on.fill_null(value=False))
    changed = new.filter(pl.col("since") < pl.col("valid_from")).select(
        *key, ends=pl.col("valid_from").dt.offset_by("-1d")
    )
    ended = held.join(changed.unique(key), on=key).with_columns(valid_to="ends").drop("ends")
    task.lake.publish("attributes", ended.select(list(TABLES["attributes"].columns)), region=task.region)
    task.land("attributes", new, bad, window)
