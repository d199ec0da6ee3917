"""What a listing says besides its rows: which codes have left the list, and what providers may know of each.

A code that is missing is no delisting by itself: the list must be plausibly complete, the code must be missing
on two days, and no bar may have come since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench import journal, markets, settings
from workbench.adapters.base import Listing
from workbench.collect import coverage
from workbench.lake import reading
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from workbench.lake import Lake

#: Of a provider's open listings so many may vanish at once; one always may.
MOST_VANISHED = 0.05
#: Marks the rows of ``coverage`` that keep which code is missing since when: from the last day it was seen
#: through the newest listing that lacks it.
MISSING = "tickers missing"


def known_listings(lake: Lake, region: str) -> dict[str, Listing]:
    """What the lake knows of each code of a region, of its newest spell."""
    rows = lake.read("tickers", region).sort("spell").unique("ticker", keep="last", maintain_order=True)
    names = ("exchange", "issuer_id", "currency", "name", "listed_date", "delisted_date")
    return {row[0]: Listing(*row[1:]) for row in rows.select("ticker", *names).rows()}


def of_kinds(tickers: pl.DataFrame, asset_types: Sequence[str]) -> pl.DataFrame:
    """Rows of a listing of some kinds of security, and those whose kind nobody says; all where no kind is named."""
    return tickers.filter(pl.col("asset_type").is_in(list(asset_types)).fill_null(True)) if asset_types else tickers


def last_bars(lake: Lake, region: str) -> dict[str, date]:
    """Day of each ticker's last bar."""
    handle = lake.delta("ohlcv")
    if handle is None:
        return {}
    rows = reading.rows(TABLES["ohlcv"], handle, region).group_by("ticker").agg(pl.col("date").max())
    return dict(rows.select("ticker", "date").collect().rows())


@dataclass(frozen=True)
class Vanished:
    """What the absence of codes from complete listings comes to.

    Attributes
    ----------
    closed : polars.DataFrame
        Rows of ``tickers`` that end now.
    missing : list of (provider, last seen, tickers)
        Codes that are missing, to be remembered until the next listing.
    notes : list of str
        What a person should know.
    """

    closed: pl.DataFrame
    missing: list[tuple[str, date, list[str]]]
    notes: list[str]


def vanished(lake: Lake, region: str, offered: Sequence[str], providers: Sequence[str], day: date) -> Vanished:
    """Find codes that have left the list of the provider which brought them.

    Parameters
    ----------
    lake : Lake
        Before the new listing is published.
    region : str
        One of the six regions.
    offered : sequence of str
        Codes in the new listings of all providers together.
    providers : sequence of str
        Those whose complete listing has arrived; nobody else's silence counts.
    day : date
        Of the listings.
    """
    held = lake.read("tickers", region)
    still_open = held.filter(pl.col("delisted_date").is_null())
    gone = still_open.filter(~pl.col("ticker").is_in(list(offered)))
    found = Vanished(held.clear(), [], [])
    if gone.is_empty():
        return found
    bars, closed = last_bars(lake, region), [held.clear()]
    for provider in providers:
        mine = gone.filter(pl.col("source") == provider)
        of_all = still_open.filter(pl.col("source") == provider).height
        if mine.is_empty():
            continue
        if mine.height > max(1, MOST_VANISHED * of_all):
            found.notes.append(_implausible(region, provider, mine.height, of_all))
            continue
        closed.append(_judge(lake, region, provider, mine, bars, day, found))
    frame = pl.concat(closed)
    for ticker, name, reason in frame.select("ticker", "name", "delisting_reason").rows():
        journal.note("collect.delisted", region=region, ticker=ticker, name=name, reason=reason)
    if frame.height:
        found.notes.append(f"{frame.height} tickers left the list: {', '.join(frame['ticker'].head(5))}.")
    return Vanished(frame, found.missing, found.notes)


def _judge(
    lake: Lake, region: str, provider: str, gone: pl.DataFrame, bars: dict[str, date], day: date, found: Vanished
) -> pl.DataFrame:
    """Close what was missing in the listing before as well; remember the rest."""
    before = coverage.reached(lake, region, "tickers", provider)
    strikes = lake.read("coverage", region).filter(
        (pl.col("table") == MISSING) & (pl.col("provider") == provider) & (pl.col("end") == (before or day))
    )
    last_seen: dict[str, date] = dict(strikes.select("ticker", "start").rows())
    ends: dict[str, date] = {}
    remembered: dict[date, list[str]] = {}
    for ticker in gone["ticker"].unique().sort():
        seen = last_seen.get(ticker)
        if before is not None and seen is not None and before < day:
            end = markets.next_session(region, seen)
            if ticker not in bars or bars[ticker] < end:
                ends[ticker] = end
                continue
        remembered.setdefault(seen or before or day, []).append(ticker)
    found.missing.extend((provider, since, tickers) for since, tickers in remembered.items())
    return gone.filter(pl.col("ticker").is_in(list(ends))).with_columns(
        delisted_date=pl.col("ticker").replace_strict(ends, default=None, return_dtype=pl.Date),
        delisting_reason=pl.lit(f"left the list of {provider}"),
    )


def _implausible(region: str, provider: str, missing: int, of_all: int) -> str:
    journal.note(
        "collect.listing_implausible",
        level="warning",
        action="Compare the provider's list with the exchange's; nothing is delisted until it is complete.",
        region=region,
        provider=provider,
        missing=missing,
        listed=of_all,
    )
    return (
        f"The listing of {provider} lacks {missing} of {of_all} tickers at once: it is not believed to be complete, "
        "and nothing is delisted."
    )


def remember(lake: Lake, region: str, found: Vanished, day: date) -> None:
    """Keep which codes are missing, so that the next listing can tell."""
    rows = [
        {"region": region, "table": MISSING, "ticker": ticker, "provider": provider, "start": since, "end": day}
        for provider, since, tickers in found.missing
        for ticker in tickers
    ]
    if rows:
        schema = dict(TABLES["coverage"].columns)
        frame = pl.DataFrame([row | {"asked_at": settings.now()} for row in rows], schema=schema)
        lake.publish("coverage", frame, region=region)
