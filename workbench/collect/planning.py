"""Plans which bars to ask for: what the calendar and the listings expect, and the lake does not explain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.adapters.base import RETRIED
from workbench.collect import absence, coverage
from workbench.collect.listings import of_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.lake import Lake

#: Missing sessions less than this far apart are asked for in one range.
NEAR = 20
#: Bars of one batch at most, whatever number of tickers a provider takes: they are held in memory.
MOST_BARS = 1_000_000
#: Years of bars that a first collection asks for when no start is given.
DEFAULT_YEARS = 10


@dataclass(frozen=True)
class Batch:
    """One request for bars.

    Attributes
    ----------
    tickers : tuple of str
        Codes, ascending.
    start, end : date
        The range to ask for, both included; it may reach back over bars that are asked again.
    days : polars.DataFrame
        ticker, date: the sessions that are missing.
    """

    tickers: tuple[str, ...]
    start: date
    end: date
    days: pl.DataFrame


@dataclass(frozen=True)
class Plan:
    """What a collection of bars will ask.

    Attributes
    ----------
    start, end : date
        First and last day that was looked at.
    sessions : polars.DataFrame
        date, session: the trading days in it.
    batches : tuple of Batch
        Oldest start first; empty when nothing is missing.
    gaps : polars.DataFrame
        The rows of ``gaps`` before this collection.
    """

    start: date
    end: date
    sessions: pl.DataFrame
    batches: tuple[Batch, ...]
    gaps: pl.DataFrame


def plan_bars(
    lake: Lake,
    region: str,
    *,
    providers: Sequence[str],
    start: date | None,
    end: date,
    first: date | None = None,
    batch_size: int,
    refresh: int = 10,
    asset_types: Sequence[str] = (),
) -> Plan:
    """Find what is missing and group it into requests.

    Parameters
    ----------
    lake : Lake
        With its tickers collected.
    region : str
        One of the six regions.
    providers : sequence of str
        Those whose collected days are to stay one range.
    start : date or None
        First day wanted; None is the first listing, at most ten years before ``end``, not before ``first``.
    end : date
        Last day wanted, not after the provider's last.
    first : date or None
        The first day that a provider has, where it says so.
    batch_size : int
        Most tickers a request.
    refresh : int
        Sessions before new ones that are asked again.
    asset_types : sequence of str
        Kinds of security that bars are wanted of; empty for all.

    Returns
    -------
    Plan
        Tickers that miss the same range stand in one batch.
    """
    tickers, gaps = of_kinds(lake.read("tickers", region), asset_types), lake.read("gaps", region)
    start = start or _first_day(region, tickers, end, first)
    start, end = coverage.joined(lake, region, start, end, providers)
    sessions = absence.sessions_of(region, start, end)
    expected = absence.expected_days(tickers, sessions)
    bars = lake.read("ohlcv", region, start, end, columns=["ticker", "date"])
    key = ["ticker", "date"]
    final = gaps.filter(~pl.col("reason").is_in(list(RETRIED)))
    final = final.join(_explained_jumps(lake, region, gaps), on=["ticker", "start"], how="anti")
    missing = expected.join(bars, on=key, how="anti").join(absence.days_of(final, sessions), on=key, how="anti")
    batches = tuple(_batches(missing, expected, bars, sessions, batch_size, refresh))
    return Plan(start, end, sessions, batches, gaps)


def _explained_jumps(lake: Lake, region: str, gaps: pl.DataFrame) -> pl.DataFrame:
    """Stretches quarantined as a move that an action explains which arrived since: they are asked again."""
    jumps = gaps.filter((pl.col("reason") == "quarantined") & pl.col("detail").is_in(["jump", "scale_shift"]))
    if jumps.is_empty():
        return jumps
    codes = jumps["ticker"].unique().to_list()
    actions = lake.read("actions", region, tickers=codes, columns=["ticker", "ex_date"])
    bars = lake.read("ohlcv", region, tickers=codes, columns=["ticker", "date"])
    before = jumps.join(bars, on="ticker").filter(pl.col("date") < pl.col("start"))
    last = before.group_by("ticker", "start", "end").agg(pl.col("date").max())
    explained = last.join(actions, on="ticker").filter(
        (pl.col("ex_date") > pl.col("date")) & (pl.col("ex_date") <= pl.col("end"))
    )
    return jumps.join(explained, on=["ticker", "start"], how="semi")


def _first_day(region: str, tickers: pl.DataFrame, end: date, first: date | None) -> date:
    earliest = max(end - timedelta(days=round(365.25 * DEFAULT_YEARS)), markets.first_known(region), first or date.min)
    # A listing without a first day reaches back: the others' first days are no bound then.
    listed = None if tickers["listed_date"].null_count() else tickers["listed_date"].min()
    return max(earliest, listed) if isinstance(listed, date) else earliest


def _batches(
    missing: pl.DataFrame,
    expected: pl.DataFrame,
    bars: pl.DataFrame,
    sessions: pl.DataFrame,
    batch_size: int,
    refresh: int,
) -> Iterator[Batch]:
    if missing.is_empty():
        return
    runs = _ranges(missing, expected, bars, sessions, refresh)
    dates = sessions["date"]
    for (first, last), group in sorted(runs.group_by("first", "last"), key=lambda item: item[0]):
        codes = sorted(set(group["ticker"]))
        size = max(1, min(batch_size, MOST_BARS // (int(last) - int(first) + 1)))
        for at in range(0, len(codes), size):
            chosen = codes[at : at + size]
            days = group.filter(pl.col("ticker").is_in(chosen)).select("ticker", "date").explode("date")
            yield Batch(tuple(chosen), dates[int(first)], dates[int(last)], days.sort("ticker", "date"))


def _ranges(
    missing: pl.DataFrame, expected: pl.DataFrame, bars: pl.DataFrame, sessions: pl.DataFrame, refresh: int
) -> pl.DataFrame:
    """Runs of missing sessions: ticker, first, last (session numbers to ask), date (list of missing days).

    A ticker without any bar asks for the whole range, whatever its listing, so that most tickers of a
    first collection stand in equal ranges. A run that reaches its ticker's last session after bars it
    has already is asked from ``refresh`` sessions earlier.
    """
    final = sessions.height - 1
    apart = (pl.col("session") - pl.col("session").shift(1).over("ticker")).fill_null(0) > NEAR
    runs = (
        missing.sort("ticker", "session")
        .with_columns(run=apart.cum_sum().over("ticker"))
        .group_by("ticker", "run")
        .agg(first=pl.col("session").min().cast(pl.Int64), last=pl.col("session").max().cast(pl.Int64), date="date")
    )
    ends = expected.group_by("ticker").agg(latest=pl.col("session").max().cast(pl.Int64))
    have = bars.select("ticker").unique().with_columns(has=pl.lit(True))
    runs = runs.join(ends, on="ticker").join(have, on="ticker", how="left").with_columns(pl.col("has").fill_null(False))
    newest = pl.col("has") & (pl.col("last") == pl.col("latest"))
    return runs.with_columns(
        first=pl.when(~pl.col("has"))
        .then(0)
        .when(newest)
        .then((pl.col("first") - refresh).clip(lower_bound=0))
        .otherwise(pl.col("first")),
        last=pl.when(~pl.col("has")).then(final).otherwise(pl.col("last")),
    )
