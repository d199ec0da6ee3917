"""Rows of ``tickers``: the active and the delisted, one spell a company that had the code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import journal, markets
from workbench.adapters.polygon.api import NAME
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workbench.adapters.net import Reply
    from workbench.adapters.polygon.api import Api

_PATH = "/v3/reference/tickers"
#: More tickers than these are looked up in the whole list (two calls each against some forty).
_FEW = 15
#: Kind of asset by the vendor's code, where it is not ``other``.
ASSET_TYPES = {
    "CS": "stock",
    "OS": "stock",
    "NYRS": "stock",
    "PFD": "preferred",
    "ETF": "etf",
    "ETS": "etf",
    "ETN": "etn",
    "ETV": "etp",
    "ADRC": "adr",
    "ADRP": "adr",
    "GDR": "adr",
    "ADRW": "warrant",
    "WARRANT": "warrant",
    "ADRR": "right",
    "RIGHT": "right",
    "UNIT": "unit",
    "FUND": "fund",
    "SP": "note",
    "BOND": "note",
    "EQLK": "note",
}
_CLASS = re.compile(r"\bClass ([A-Z])\b", re.IGNORECASE)
_SUFFIX = re.compile(r"[A-Z]+\.([A-Z])")


@dataclass(frozen=True)
class _Entry:
    """One company under one code; ``gone`` is the first day off the list, None for the active."""

    row: dict[str, Any]
    gone: date | None


def fetch(api: Api, tickers: Sequence[str] | None, listed_on: Callable[[str, str | None], date | None]) -> pl.DataFrame:
    """Listings, in the columns of ``tickers``.

    Parameters
    ----------
    api : Api
        The calls.
    tickers : sequence of str or None
        None is the whole market.
    listed_on : callable
        ``listed_on(ticker, cik)`` gives the first day of an active listing, where that is at hand.
    """
    found: dict[str, list[_Entry]] = {}
    wanted = None if tickers is None else set(tickers)
    for row, reply in _rows(api, tickers):
        entry = _entry(row, reply)
        if entry is not None and (wanted is None or row["ticker"] in wanted):
            found.setdefault(row["ticker"], []).append(entry)
    rows = [row for ticker, entries in found.items() for row in _spells(ticker, entries, listed_on)]
    schema = TABLES["tickers"]
    return pl.DataFrame(rows, schema=dict(schema.columns), orient="row").sort(schema.key)


def active_stocks(api: Api) -> list[str]:
    """Tickers of the shares that are listed today."""
    rows = api.rows(_PATH, {"market": "stocks", "active": "true", "limit": 1000, "sort": "ticker", "order": "asc"})
    return [row["ticker"] for row, _ in rows if ASSET_TYPES.get(row.get("type", "")) in ("stock", "adr")]


def _rows(api: Api, tickers: Sequence[str] | None) -> Iterator[tuple[dict[str, Any], Reply]]:
    few: Iterable[str | None] = [None] if tickers is None or len(tickers) > _FEW else tickers
    for ticker in few:
        for active in ("true", "false"):
            asked = {"market": "stocks", "active": active, "limit": 1000, "sort": "ticker", "order": "asc"}
            yield from api.rows(_PATH, asked | ({"ticker": ticker} if ticker else {}))


def _entry(row: dict[str, Any], reply: Reply) -> _Entry | None:
    """One row; None for a delisted one that does not say when, which cannot be placed in time."""
    if not isinstance(row.get("ticker"), str) or not isinstance(row.get("active"), bool):
        raise reply.changed(f"tickers without `ticker` or `active`, only {sorted(row)}")
    if row["active"]:
        return _Entry(row, None)
    last = day_of(row.get("delisted_utc") or row.get("last_updated_utc"))
    if last is None:
        journal.note("listing.undated", provider=NAME, ticker=row["ticker"])
        return None
    if not markets.first_known("US") <= last < markets.last_known("US"):
        return _Entry(row, last)
    return _Entry(row, markets.next_session("US", last))


def day_of(text: Any) -> date | None:
    """The day of an instant: midnight, in New York or in UTC, of the last day that the asset traded."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _spells(
    ticker: str, entries: list[_Entry], listed_on: Callable[[str, str | None], date | None]
) -> Iterator[tuple[Any, ...]]:
    """The companies that had a code, in time: told apart by FIGI and CIK.

    The vendor's list has no first days. Of a code that was given on, a company's listing begins at the earliest
    when the one before it ended: that bound stands as the first day, so that no spell has another's bars.
    """
    ordered = sorted(entries, key=lambda entry: entry.gone or date.max)
    companies: list[_Entry] = []
    for entry in ordered:
        if companies and _same(companies[-1].row, entry.row):
            companies[-1] = entry
        else:
            companies.append(entry)
    before: date | None = None
    for spell, entry in enumerate(companies, start=1):
        first = listed_on(ticker, entry.row.get("cik")) if entry.gone is None else None
        if before is not None and (first is None or first < before):
            first = before
        yield _row(ticker, spell, entry, first)
        before = entry.gone


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows of one code are one security: by the first identifier that both have, else by name.

    Other shares of the same company, such as those after a bankruptcy, are another listing: no return of the
    old ones may go on in the new.
    """
    for name in ("composite_figi", "cik", "share_class_figi"):
        if one.get(name) and other.get(name):
            return bool(one[name] == other[name])
    return bool(one.get("name") == other.get("name"))


def _row(ticker: str, spell: int, entry: _Entry, first: date | None) -> tuple[Any, ...]:
    row = entry.row
    kind = ASSET_TYPES.get(row.get("type") or "", "other")
    cik = row.get("cik")
    values = {
        "region": "US",
        "ticker": ticker,
        "spell": spell,
        "name": row.get("name"),
        "exchange": row.get("primary_exchange"),
        "currency": (row.get("currency_name") or "usd").upper(),
        "asset_type": kind,
        "issuer_id": str(cik).zfill(10) if cik else None,
        "share_class": _share_class(ticker, row.get("name") or "") if kind in ("stock", "adr") else None,
        "depositary_ratio": None,
        "listed_date": first,
        "delisted_date": entry.gone,
        "delisting_reason": None,
        "successor": None,
        "source": NAME,
    }
    return tuple(values[name] for name in TABLES["tickers"].columns)


def _share_class(ticker: str, name: str) -> str | None:
    """``A`` of a name such as "Class A Common Stock", or of a code such as ``BRK.A``."""
    found = _CLASS.search(name) or _SUFFIX.fullmatch(ticker)
    return found.group(1).upper() if found else None
