"""What is wrong, missing, suspended or revised in a lake: counts and examples by reason."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from workbench.quality import agreement

if TYPE_CHECKING:
    from workbench.lake import Lake

_EXAMPLES = 5
#: Under these days the quarantine files rows of files without a readable date: the second one in older lakes.
_NO_DATE = (date(1800, 1, 1), date(1970, 1, 1))


@dataclass(frozen=True)
class Health:
    """Findings of one region, each a frame.

    Attributes
    ----------
    coverage : polars.DataFrame
        year, tickers, bars, traded (bars with volume), suspended (bars without a range).
    gaps : polars.DataFrame
        reason, gaps (stretches), tickers, first, last.
    gaps_by_provider : polars.DataFrame
        reason, provider (who said so), gaps (stretches), tickers, first, last.
    quarantine : polars.DataFrame
        reason, rows, tickers, first, last (null without a readable date); a row with two reasons counts
        under each.
    revisions : polars.DataFrame
        table, field, year, rows.
    examples : polars.DataFrame
        reason, ticker, date, row: some rows as received for each reason.
    agreement : polars.DataFrame
        provider_a, provider_b, rows (bars of both that were compared), differing, share (of rows),
        largest_difference (as a fraction of the close), first, last.
    """

    coverage: pl.DataFrame
    gaps: pl.DataFrame
    quarantine: pl.DataFrame
    revisions: pl.DataFrame
    examples: pl.DataFrame
    gaps_by_provider: pl.DataFrame
    agreement: pl.DataFrame

    def frames(self) -> dict[str, pl.DataFrame]:
        """The frames by name, in the order they are read."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def health(lake: Lake, region: str) -> Health:
    """Count what collection and import found in one region.

    Parameters
    ----------
    lake : Lake
        Read at the moment it shows.
    region : str
        One of the six regions.

    Returns
    -------
    Health
        Frames without rows where there is nothing to report.
    """
    by_reason = _by_reason(lake.read("quarantine", region))
    gaps = lake.read("gaps", region)
    return Health(
        coverage=_coverage(lake, region),
        gaps=_gaps(gaps, "reason"),
        quarantine=_quarantine(by_reason),
        revisions=_revisions(lake.read("revisions", region)),
        examples=_examples(by_reason),
        gaps_by_provider=_gaps(gaps, "reason", "provider"),
        agreement=agreement.summary(lake, region),
    )


def way_in(lake: Lake, region: str) -> str:
    """How a region comes into this lake: imported where the lake holds imported prices, else collected."""
    if set(lake.sources()) - {"sample"}:
        return f"wb import SPEC.yaml --root FOLDER, with region: {region} in the specification"
    return f"wb collect {region}"


def _coverage(lake: Lake, region: str) -> pl.DataFrame:
    bars = lake.read("ohlcv", region, columns=["ticker", "date", "open", "volume"])
    return (
        bars.group_by(year=pl.col("date").dt.year())
        .agg(
            tickers=pl.col("ticker").n_unique().cast(pl.Int64),
            bars=pl.len().cast(pl.Int64),
            traded=(pl.col("volume") > 0).sum().cast(pl.Int64),
            suspended=(pl.col("open").is_null() & (pl.col("volume") == 0)).sum().cast(pl.Int64),
        )
        .sort("year")
    )


def _gaps(gaps: pl.DataFrame, *by: str) -> pl.DataFrame:
    return (
        gaps.group_by(by)
        .agg(
            gaps=pl.len().cast(pl.Int64),
            tickers=pl.col("ticker").n_unique().cast(pl.Int64),
            first=pl.col("start").min(),
            last=pl.col("end").max(),
        )
        .sort(by)
    )


def _by_reason(quarantine: pl.DataFrame) -> pl.DataFrame:
    known = pl.when(~pl.col("date").is_in(list(_NO_DATE))).then("date")
    return quarantine.with_columns(date=known, reason=pl.col("reasons").str.split(",")).explode("reason")


def _quarantine(by_reason: pl.DataFrame) -> pl.DataFrame:
    return (
        by_reason.group_by("reason")
        .agg(
            rows=pl.len().cast(pl.Int64),
            tickers=pl.col("ticker").n_unique().cast(pl.Int64),
            first=pl.col("date").min(),
            last=pl.col("date").max(),
        )
        .sort("rows", "reason", descending=[True, False])
    )


def _revisions(revisions: pl.DataFrame) -> pl.DataFrame:
    return (
        revisions.group_by("table", "field", year=pl.col("date").dt.year())
        .agg(rows=pl.len().cast(pl.Int64))
        .sort("table", "field", "year")
    )


def _examples(by_reason: pl.DataFrame) -> pl.DataFrame:
    ordered = by_reason.sort("reason", "date", "ticker", "row")
    return ordered.group_by("reason", maintain_order=True).head(_EXAMPLES).select("reason", "ticker", "date", "row")
