"""The tables of the lake, cut from a region's market as it was known on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.adapters.sample.profiles import profile
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.market import RegionMarket

SOURCE = "sample"


def conform(table: str, columns: dict[str, Any], height: int) -> pl.DataFrame:
    """A frame of the table's columns and types, sorted by key; scalars fill their column.

    Parameters
    ----------
    table : str
        Name in :data:`workbench.schemas.TABLES`.
    columns : mapping
        Every column: an array of length ``height``, or one value for all rows.
    height : int
        Number of rows.
    """
    schema = TABLES[table]
    series = []
    for name, dtype in schema.columns.items():
        value = columns[name]
        if isinstance(value, (np.ndarray, list, pl.Series)):
            series.append(pl.Series(name, value).cast(dtype))
        else:
            series.append(pl.repeat(value, height, dtype=dtype, eager=True).alias(name))
    return pl.DataFrame(series).sort(schema.key)


def known(market: RegionMarket, today: date) -> NDArray[np.int64]:
    """Positions of the companies that were listed by ``today``."""
    day = np.datetime64(today)
    return np.array([n for n, company in enumerate(market.companies) if company.listed <= day], dtype=np.int64)


def tickers(market: RegionMarket, columns: NDArray[np.int64], today: date) -> pl.DataFrame:
    """Rows of ``tickers``; an end after ``today`` is not known yet."""
    companies = [market.companies[n] for n in columns]
    over = [_ended(market, company, today) for company in companies]
    return conform(
        "tickers",
        {
            "region": market.region,
            "ticker": [company.code for company in companies],
            "spell": [company.spell for company in companies],
            "name": [company.name for company in companies],
            "exchange": [company.mic for company in companies],
            "currency": profile(market.region).currency,
            "asset_type": "stock",
            "issuer_id": [company.issuer for company in companies],
            "share_class": "common",
            "depositary_ratio": None,
            "listed_date": [company.listed.astype(object) for company in companies],
            "delisted_date": over,
            "delisting_reason": [c.reason if end else None for c, end in zip(companies, over, strict=True)],
            "successor": [c.successor if end else None for c, end in zip(companies, over, strict=True)],
            "source": SOURCE,
        },
        len(companies),
    )


def _ended(market: RegionMarket, company: Company, today: date) -> date | None:
    """First session on which the company is no longer listed, None while that is not known."""
    if not company.reason:
        return None
    day: date = market.line.sessions[company.last].astype(object)
    return day if day <= today else None


def attributes(market: RegionMarket, columns: NDArray[np.int64], today: date) -> pl.DataFrame:
    """Rows of ``attributes``: sector, industry and board, in spells."""
    rows: list[tuple[str, str, Any, str, Any]] = []
    one = np.timedelta64(1, "D")
    for n in columns:
        company, change = market.companies[n], market.changes.get(int(n))
        ended = _ended(market, company, today)
        end = None if ended is None else (np.datetime64(ended) - one).astype(object)
        listed = company.listed.astype(object)
        rows.append((company.code, "board", listed, company.board, end))
        moved = None if change is None else market.line.sessions[change.row]
        if change is None or moved is None or moved > np.datetime64(today):
            rows.append((company.code, "sector", listed, company.sector, end))
            rows.append((company.code, "industry", listed, company.industry, end))
            continue
        before, since = (moved - one).astype(object), moved.astype(object)
        rows.append((company.code, "sector", listed, company.sector, before))
        rows.append((company.code, "industry", listed, company.industry, before))
        rows.append((company.code, "sector", since, change.sector, end))
        rows.append((company.code, "industry", since, change.industry, end))
    names = ("ticker", "kind", "valid_from", "value", "valid_to")
    fields = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    return conform("attributes", {"region": market.region, **fields, "source": SOURCE}, len(rows))


def shares(market: RegionMarket, columns: NDArray[np.int64], days: tuple[date, date], today: date) -> pl.DataFrame:
    """Rows of ``shares`` whose count is of one of the days."""
    counts = market.counts
    keep = np.isin(counts.column, columns) & _within(counts.day, days) & (counts.available <= np.datetime64(today))
    return conform(
        "shares",
        {
            "region": market.region,
            "ticker": _codes(market, counts.column[keep]),
            "date": counts.day[keep],
            "available_date": counts.available[keep],
            "shares_outstanding": counts.shares[keep],
            "basis": "outstanding",
            "source": SOURCE,
        },
        int(keep.sum()),
    )


def actions(market: RegionMarket, columns: NDArray[np.int64], days: tuple[date, date], today: date) -> pl.DataFrame:
    """Rows of ``actions`` with an ex date among the days; later ones are not known on ``today``."""
    frames = []
    for event in market.actions:
        ex = market.line.sessions[event.row]
        keep = np.isin(event.column, columns) & _within(ex, days) & (ex <= np.datetime64(today))
        fields = {
            "region": market.region,
            "ticker": _codes(market, event.column[keep]),
            "ex_date": ex[keep],
            "kind": event.kind,
            "value": event.value[keep],
            "currency": None if event.kind == "split" else profile(market.region).currency,
            "source": SOURCE,
        }
        frames.append(conform("actions", fields, int(keep.sum())))
    return pl.concat(frames).sort(TABLES["actions"].key)


def indexes(market: RegionMarket, days: tuple[date, date]) -> pl.DataFrame:
    """Rows of ``indexes`` of the region's one index."""
    keep = _within(market.line.sessions, days)
    fields = {
        "index": index_name(market.region),
        "date": market.line.sessions[keep],
        "level": market.index[keep],
        "currency": profile(market.region).currency,
        "source": SOURCE,
    }
    return conform("indexes", fields, int(keep.sum()))


def index_name(region: str) -> str:
    """Name of a region's index."""
    return f"SAMPLE-{region}"


def _within(values: NDArray[Any], days: tuple[date, date]) -> NDArray[np.bool_]:
    return (values >= np.datetime64(days[0])) & (values <= np.datetime64(days[1]))


def _codes(market: RegionMarket, columns: NDArray[np.int64]) -> pl.Series:
    codes = pl.Series("ticker", [company.code for company in market.companies], dtype=pl.String)
    return codes.gather(pl.Series(columns, dtype=pl.UInt32))
