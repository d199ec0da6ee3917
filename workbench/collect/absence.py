"""Which bars there should be, which are missing, and the stretches in ``gaps`` that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, settings
from workbench.adapters.base import RETRIED
from workbench.collect.listings import of_kinds
from workbench.collect.order import load_order, path_of
from workbench.schemas import INSTANT, TABLES

if TYPE_CHECKING:
    from datetime import date

    from workbench.lake import Lake

DAYS = {"ticker": pl.String, "date": pl.Date}


def sessions_of(region: str, start: date, end: date) -> pl.DataFrame:
    """Columns date and session (position from 0): the trading days from start to end, both included.

    The range is cut to what the calendar knows.
    """
    first, last = max(start, markets.first_known(region)), min(end, markets.last_known(region))
    days = markets.sessions(region, first, last) if first <= last else []
    return pl.DataFrame({"date": days}, schema={"date": pl.Date}).with_row_index("session")


def expected_days(tickers: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Every ticker and session from the listing of one of its spells to the day before its delisting.

    Parameters
    ----------
    tickers : polars.DataFrame
        ticker, listed_date (null: reaches back to the first session) and delisted_date, the first day
        without a listing (null: still listed).
    sessions : polars.DataFrame
        As :func:`sessions_of` gives it.

    Returns
    -------
    polars.DataFrame
        ticker, date, session.
    """
    if sessions.is_empty() or tickers.is_empty():
        return pl.DataFrame(schema={**DAYS, "session": pl.UInt32})
    first, last = sessions["date"][0], sessions["date"][-1]
    spells = tickers.select(
        "ticker",
        since=pl.col("listed_date").fill_null(first).clip(lower_bound=first),
        until=pl.col("delisted_date").dt.offset_by("-1d").fill_null(last).clip(upper_bound=last),
    ).filter(pl.col("since") <= pl.col("until"))
    begin = sessions.select("date", begin="session")
    bounded = (
        spells.sort("since")
        .join_asof(begin, left_on="since", right_on="date", strategy="forward", check_sortedness=False)
        .drop("date")
        .sort("until")
        .join_asof(
            begin.rename({"begin": "finish"}),
            left_on="until",
            right_on="date",
            strategy="backward",
            check_sortedness=False,
        )
        .filter(pl.col("begin") <= pl.col("finish"))
    )
    days = bounded.select("ticker", session=pl.int_ranges("begin", pl.col("finish") + 1, dtype=pl.UInt32))
    return (
        days.explode("session")
        .unique()
        .join(sessions, on="session", how="left")
        .select("ticker", "date", "session")
        .sort("ticker", "session")
    )


def days_of(gaps: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """The sessions inside stretches: ticker, date, reason."""
    if gaps.is_empty() or sessions.is_empty():
        return pl.DataFrame(schema={**DAYS, "reason": pl.String})
    first, last = sessions["date"][0], sessions["date"][-1]
    spells = gaps.filter((pl.col("start") <= last) & (pl.col("end") >= first))
    spans = spells.select("ticker", "reason", listed_date="start", delisted_date=pl.col("end").dt.offset_by("1d"))
    parts = [
        expected_days(part, sessions).select("ticker", "date", reason=pl.lit(reason))
        for (reason,), part in spans.group_by("reason", maintain_order=True)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema={**DAYS, "reason": pl.String})


def stretches(days: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Join neighbouring sessions of one ticker, reason, provider and detail.

    Parameters
    ----------
    days : polars.DataFrame
        ticker, date (sessions), reason, provider, detail; one row a ticker and date.
    sessions : polars.DataFrame
        As :func:`sessions_of` gives it, spanning the days.

    Returns
    -------
    polars.DataFrame
        ticker, start, end, reason, provider, detail, days.
    """
    same = ("ticker", "reason", "provider", "detail")
    numbered = days.join(sessions, on="date").sort("ticker", "session")
    new = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in same) | (
        pl.col("session") != pl.col("session").shift(1) + 1
    )
    return (
        numbered.with_columns(run=new.fill_null(True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in same),
            start=pl.col("date").first(),
            end=pl.col("date").last(),
            days=pl.len(),
        )
        .select("ticker", "start", "end", "reason", "provider", "detail", "days")
    )


def gap_rows(region: str, absent: pl.DataFrame, known: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """Rows of the table ``gaps`` for absent days, and for known stretches that they change.

    A known stretch in which a day is settled keeps its other days. Where it begins elsewhere now, or has
    been filled, the old one is closed: its end is set before its start, and the lake shows it no longer.

    Parameters
    ----------
    region : str
        Of all rows.
    absent : polars.DataFrame
        ticker, date (sessions), reason, provider, detail; one row a ticker and date.
    known : polars.DataFrame
        Rows of ``gaps``, of the tickers of ``settled`` at least.
    settled : polars.DataFrame
        ticker, date: days about which ``absent`` and the bars say all, whatever ``known`` says.
    """
    now, key = settings.now(), ["ticker", "start"]
    bounds = pl.concat([absent.select(start="date", end="date"), known.select("start", "end")])
    if bounds.is_empty():
        return TABLES["gaps"].empty()
    sessions = sessions_of(region, *bounds.select(pl.col("start").min(), pl.col("end").max()).row(0))
    days = known.with_columns(date=pl.date_ranges("start", "end")).explode("date")
    touched = days.join(settled, on=list(DAYS), how="semi")
    known = known.join(touched, on=key, how="semi")
    left = days.join(touched, on=key, how="semi").join(settled, on=list(DAYS), how="anti")
    found = stretches(pl.concat([absent, left.select(absent.columns)]), sessions)
    before = known.select(*key, old_first="first_seen")
    fresh = found.join(before, on=key, how="left").select(
        "ticker",
        "start",
        "end",
        "reason",
        "provider",
        "detail",
        first_seen=pl.coalesce("old_first", pl.lit(now).cast(INSTANT)),
    )
    filled = known.join(found, on=key, how="anti").with_columns(
        end=pl.col("start").dt.offset_by("-1d"), detail=pl.lit("no longer missing")
    )
    rows = pl.concat([fresh, filled.select(fresh.columns)]).with_columns(
        region=pl.lit(region),
        last_seen=pl.lit(now).cast(INSTANT),
        publish_id=pl.lit(None, dtype=pl.String),
    )
    return rows.select(list(TABLES["gaps"].columns))


def contradicted(lake: Lake, region: str) -> pl.DataFrame:
    """Bars that a gap says are missing; empty after every collection and import.

    Parameters
    ----------
    lake : Lake
        Read at the moment it shows.
    region : str
        One of the six regions.

    Returns
    -------
    polars.DataFrame
        ticker, date: sessions with a bar inside a stretch of any reason but ``suspended``, which a bar
        with a carried close may stand in.
    """
    gaps = lake.read("gaps", region).filter(pl.col("reason") != "suspended")
    if gaps.is_empty():
        return pl.DataFrame(schema=DAYS)
    absent = _all_days(gaps, region).select(list(DAYS))
    first, last = absent.select(first=pl.col("date").min(), last=pl.col("date").max()).row(0)
    bars = lake.read("ohlcv", region, first, last, columns=list(DAYS))
    return absent.join(bars, on=list(DAYS), how="semi").unique().sort(list(DAYS))


def unexplained(lake: Lake, region: str) -> pl.DataFrame:
    """Missing bars that no gap explains; empty after every collection and import.

    Parameters
    ----------
    lake : Lake
        Read at the moment it shows.
    region : str
        One of the six regions.

    Returns
    -------
    polars.DataFrame
        ticker, date: sessions inside what was collected or imported, between listing and delisting,
        with neither a bar nor a stretch in ``gaps``. Tickers of a kind that the region's order leaves out
        (``asset_types``) count only where something of them was collected.
    """
    return missing(lake, region, _wanted(lake, region))


def to_ask_again(lake: Lake, region: str) -> int:
    """Sessions without a bar whose reason may pass: the next collection asks for them again."""
    gaps = lake.read("gaps", region).filter(pl.col("reason").is_in(list(RETRIED)))
    return _all_days(gaps, region).height


def _all_days(gaps: pl.DataFrame, region: str) -> pl.DataFrame:
    """The sessions inside stretches, over as many days as they span: ticker, date, reason."""
    if gaps.is_empty():
        return days_of(gaps, pl.DataFrame())
    return days_of(gaps, sessions_of(region, *gaps.select(pl.col("start").min(), pl.col("end").max()).row(0)))


def missing(lake: Lake, region: str, tickers: pl.DataFrame) -> pl.DataFrame:
    """As :func:`unexplained`, for the listings that are given as rows of ``tickers``."""
    asked, gaps = lake.read("coverage", region).filter(pl.col("table") == "ohlcv"), lake.read("gaps", region)
    parts = [pl.DataFrame(schema=DAYS)]
    for start, end in asked.select("start", "end").unique().sort("start", "end").rows():
        sessions = sessions_of(region, start, end)
        bars = lake.read("ohlcv", region, start, end, columns=["ticker", "date"])
        absent = expected_days(tickers, sessions).select("ticker", "date").join(bars, on=["ticker", "date"], how="anti")
        parts.append(absent.join(days_of(gaps, sessions), on=["ticker", "date"], how="anti"))
    return pl.concat(parts).unique().sort("ticker", "date")


def _wanted(lake: Lake, region: str) -> pl.DataFrame:
    """Listings of which there should be bars: of the kinds in the region's order, and of all that has any."""
    listed = lake.read("tickers", region)
    if not path_of(region).is_file():
        return listed
    kinds = of_kinds(listed, load_order(region).asset_types)
    held = pl.concat([lake.read(name, region, columns=["ticker"]) for name in ("ohlcv", "gaps")]).unique()
    return pl.concat([kinds, listed.join(held, on="ticker", how="semi")]).unique()
