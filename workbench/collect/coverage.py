"""What has been asked already: the watermark of tables that no calendar can check for gaps.

One row a (region, table, ticker, provider): asked from ``start`` through ``end``. It is published
after the rows it speaks of, so that a crash in between only asks again.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench import settings
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.lake import Lake

#: Stands for all tickers of the region.
ALL = "*"
#: Stands for "from the beginning".
BEGINNING = date(1900, 1, 1)

#: How far back a table is asked again when it is asked anyway: late filings, restatements, corrected actions.
OVERLAP = {
    "actions": timedelta(days=60),
    "shares": timedelta(days=180),
    "fundamentals": timedelta(days=550),
    "fx": timedelta(days=10),
    "indexes": timedelta(days=10),
}

#: Marks the rows that keep through which day a provider's answer lacks rows that it should have.
LACKING = " lacking"
#: The same whichever region asks: what one has asked, no other asks again.
WORLDWIDE = frozenset({"fx"})


def due(
    lake: Lake,
    region: str,
    table: str,
    tickers: Sequence[str],
    start: date,
    end: date,
    providers: Sequence[str],
    every_days: int = 1,
) -> dict[date, list[str]]:
    """Tickers that have not been asked through ``end``, by the date to ask them from.

    Parameters
    ----------
    lake : Lake
        Whose table ``coverage`` is read.
    region, table : str
        What is collected.
    tickers : sequence of str
        Codes, or :data:`ALL` alone.
    start, end : date
        The range that is wanted, both included.
    providers : sequence of str
        Names of the providers whose answers count.
    every_days : int
        A ticker is due again so many days after it was asked; the whole of a table each day.
    """
    asked_before = lake.read("coverage", None if table in WORLDWIDE else region).filter(
        pl.col("provider").is_in(list(providers))
    )
    short = asked_before.filter(pl.col("table") == table + LACKING).select("region", "ticker", "provider", short="end")
    known = (
        asked_before.filter((pl.col("table") == table) & (pl.col("start") <= start))
        .join(short, on=["region", "ticker", "provider"], how="left")
        .with_columns(
            pl.when(pl.col("end") == pl.col("short")).then(pl.col("end").dt.offset_by("-1d")).otherwise("end")
        )
    )
    latest = dict(known.group_by("ticker").agg(pl.col("end").max()).rows())
    asked: dict[date, list[str]] = {}
    for ticker in tickers:
        through = latest.get(ticker)
        if through is None:
            asked.setdefault(start, []).append(ticker)
        elif through + timedelta(days=1 if ticker == ALL else every_days) <= end:
            # From where the last answer ended, not from `start`: what is covered stays one range.
            again = through + timedelta(days=1) - OVERLAP.get(table, timedelta(0))
            asked.setdefault(again, []).append(ticker)
    return asked


def record(lake: Lake, region: str, table: str, tickers: Sequence[str], start: date, end: date, provider: str) -> None:
    """Note that the tickers have been asked of a provider from start (or an earlier one) through end."""
    frame = pl.DataFrame(
        {
            "region": region,
            "table": table,
            "ticker": list(tickers),
            "provider": provider,
            "start": start,
            "end": end,
            "asked_at": settings.now(),
        },
        schema=dict(TABLES["coverage"].columns),
    )
    known = lake.read("coverage", region).filter((pl.col("table") == table) & (pl.col("provider") == provider))
    earlier = pl.min_horizontal("start", "known_start")
    frame = (
        frame.join(known.select("ticker", known_start="start"), on="ticker", how="left")
        .with_columns(start=earlier)
        .drop("known_start")
    )
    lake.publish("coverage", frame, region=region)


def record_lack(
    lake: Lake, region: str, table: str, tickers: Sequence[str], end: date, provider: str, *, lacking: bool
) -> None:
    """Note whether the answers through ``end`` lack rows, which makes them due on the same day again."""
    known = lake.read("coverage", region).filter(
        (pl.col("table") == table + LACKING) & (pl.col("provider") == provider) & (pl.col("end") > BEGINNING)
    )
    if lacking:
        record(lake, region, table + LACKING, tickers, end, end, provider)
        return
    cured = [one for one in tickers if one in set(known["ticker"])]
    if cured:
        record(lake, region, table + LACKING, cured, BEGINNING, BEGINNING, provider)


def joined(lake: Lake, region: str, start: date, end: date, providers: Sequence[str]) -> tuple[date, date]:
    """The range of bars, grown to touch what these providers' collections cover already: the union is one range."""
    known = _bars(lake, region, providers).select("start", "end").sort("start")
    for known_start, known_end in known.rows():
        if start > known_end:
            start = min(start, known_end + timedelta(days=1))
        elif end < known_start:
            end = max(end, known_start - timedelta(days=1))
    return start, end


def _bars(lake: Lake, region: str, providers: Sequence[str]) -> pl.DataFrame:
    return lake.read("coverage", region).filter(
        (pl.col("table") == "ohlcv") & pl.col("provider").is_in(list(providers)) & (pl.col("ticker") == ALL)
    )


def record_bars(lake: Lake, region: str, start: date, end: date, provider: str) -> None:
    """Note the range of bars that a collection or an import covers; it only grows."""
    for before_start, before_end in _bars(lake, region, [provider]).select("start", "end").rows():
        start, end = min(start, before_start), max(end, before_end)
        if (start, end) == (before_start, before_end):
            return
    record(lake, region, "ohlcv", [ALL], start, end, provider)


def reached(lake: Lake, region: str, table: str, provider: str) -> date | None:
    """The last day for which a provider was asked for a whole table, None before the first time."""
    known = lake.read("coverage", region).filter(
        (pl.col("table") == table) & (pl.col("provider") == provider) & (pl.col("ticker") == ALL)
    )
    return None if known.is_empty() else known["end"].max()  # type: ignore[return-value]
