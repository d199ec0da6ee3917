"""One file of exchange rates into the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, quality, settings
from workbench.adapters.file_mapping import NO_DATE
from workbench.schemas import TABLES
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from workbench.adapters.file_reading import PriceFiles, Window
    from workbench.collect.imports import Account
    from workbench.collect.job import Progress
    from workbench.lake import Lake

_USD = "USD"
#: Quarantined rates of a currency that no region uses are filed here.
_ELSEWHERE = "US"


def import_rates(lake: Lake, files: PriceFiles, account: Account, progress: Progress) -> None:
    """Import the rates of a file; see ``import_files``."""
    stage, done = f"import {files.spec.source}", 0
    fixes = files.fixed_at().collect()
    for window in files.windows():
        progress(stage, done, files.rows)
        done += _import_window(lake, files, window, fixes, account)
    progress(stage, files.rows, files.rows)


def _import_window(lake: Lake, files: PriceFiles, window: Window, fixes: pl.DataFrame, account: Account) -> int:
    own = window.mapped.filter(pl.col("date").is_between(window.start, window.end))
    rates = _rates(own, files, fixes)
    unreadable = rates.filter(
        pl.col("currency").is_null() | (pl.col("currency").str.len_chars() != 3) | (pl.col("date") == NO_DATE)
    ).with_columns(reasons=pl.lit("missing_value"))
    readable = rates.join(unreadable, on="row", how="anti")
    checked = quality.check_fx(readable, previous=lake.read("fx", end=window.start))
    account.count(lake.publish("fx", checked.good.select(list(TABLES["fx"].columns))))
    account.published += checked.good.height
    if checked.repeated:
        account.superseded["repeated row"] += checked.repeated
    bad = pl.concat([checked.quarantined, unreadable])
    for reasons, count in bad["reasons"].value_counts().rows():
        account.quarantined[reasons] += count
    _quarantine(lake, files, window, bad)
    return own.height


def _rates(rows: pl.DataFrame, files: PriceFiles, fixes: pl.DataFrame) -> pl.DataFrame:
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


def _quarantine(lake: Lake, files: PriceFiles, window: Window, bad: pl.DataFrame) -> None:
    """File bad rates under the region of their currency, after the rates themselves."""
    if bad.is_empty():
        return
    homes = {markets.get(region).currency: region for region in REGIONS}
    homed = bad.with_columns(home=pl.col("currency").replace_strict(homes, default=_ELSEWHERE, return_dtype=pl.String))
    for (home,), rows in homed.group_by("home", maintain_order=True):
        received = rows.select("row").join(
            window.received_rows(rows["row"]), on="row", how="left", maintain_order="left"
        )
        records = quality.quarantine_records(
            rows.with_columns(ticker=pl.col("currency").fill_null("?")),
            table="fx",
            region=str(home),
            source=files.spec.source,
            seen_at=settings.now(),
            received=received.drop("row"),
        )
        lake.publish("quarantine", records, region=str(home))
