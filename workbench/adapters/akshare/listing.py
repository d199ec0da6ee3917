"""Listings, and what the list says of each share: board, special treatment, industry and sector."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import journal, markets
from workbench.adapters.akshare import symbols
from workbench.errors import ConfigError, ProviderError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workbench.adapters.akshare.calls import Eastmoney
    from workbench.adapters.akshare.routing import Library

#: Functions of the library for delisted companies: (name, argument, code, name, listed, delisted).
DELISTED = (
    ("stock_info_sh_delist", "全部", "公司代码", "公司简称", "上市日期", "暂停上市日期"),
    ("stock_info_sz_delist", "终止上市公司", "证券代码", "证券简称", "上市日期", "终止上市日期"),
)
_B_SHARES = ("200", "900")
#: A code may have come as a number, without its zeros.
_DIGITS = {"CN": 6, "HK": 5}


@dataclass(frozen=True)
class Share:
    """One listing of a share, with what is known of it today."""

    ticker: str
    name: str
    exchange: str
    treatment: str = "none"
    industry: str = ""
    listed: date | None = None
    delisted: date | None = None


@dataclass(frozen=True)
class Listed:
    """The shares of a region, and which companies are missing among them.

    Attributes
    ----------
    shares : list of Share
        One a listing.
    missing : tuple of str
        A sentence for each page of delisted companies that failed.
    """

    shares: list[Share]
    missing: tuple[str, ...] = ()


def shares(region: str, pages: Eastmoney, library: Library) -> Listed:
    """All shares of a region, the delisted ones of Shanghai and Shenzhen included.

    A page of delisted companies that fails is named and left out; the list is the list.

    Raises
    ------
    ProviderError
        The list itself is not there.
    """
    living, missing = list(_living(region, pages.members(region))), list[str]()
    known = {share.ticker: share for share in living}
    gone = list(_gone(library, known, missing)) if region == "CN" else []
    return Listed(living + gone, tuple(missing))


def tickers(region: str, found: Iterable[Share]) -> pl.DataFrame:
    """Rows of ``tickers``; of a code that was listed twice the earlier listing is spell 1."""
    rows, spells = [], dict[str, int]()
    for share in sorted(found, key=lambda one: (one.ticker, one.listed or date.max)):
        spells[share.ticker] = spells.get(share.ticker, 0) + 1
        rows.append(
            {
                "region": region,
                "ticker": share.ticker,
                "spell": spells[share.ticker],
                "name": share.name,
                "exchange": share.exchange,
                "currency": symbols.currency(region, share.ticker),
                "asset_type": symbols.asset_type(share.name) if region == "HK" else "stock",
                "share_class": "A" if region == "CN" else None,
                "listed_date": share.listed,
                "delisted_date": share.delisted,
                "source": "akshare",
            }
        )
    return pl.DataFrame(rows, schema=dict(TABLES["tickers"].columns))


def attributes(region: str, found: Iterable[Share], today: date) -> pl.DataFrame:
    """Rows of ``attributes`` of the shares that are listed; what is known of today only is valid from today."""
    rows = []
    for share in found:
        if share.delisted is not None and share.delisted <= today:
            continue
        for kind, value, since in _kinds(region, share, today):
            rows.append(
                {
                    "region": region,
                    "ticker": share.ticker,
                    "kind": kind,
                    "valid_from": since,
                    "value": value,
                    "source": "akshare",
                }
            )
    return pl.DataFrame(rows, schema=dict(TABLES["attributes"].columns))


def _kinds(region: str, share: Share, today: date) -> Iterator[tuple[str, str, date]]:
    board = markets.board_of(region, share.ticker) if region == "CN" else "GEM" if _is_gem(share.ticker) else "main"
    if board:
        # The code names the board, so that it holds since the listing.
        yield "board", board, share.listed or today
    if region == "CN":
        yield "special_treatment", share.treatment, today
    if share.industry:
        yield "industry", share.industry, today
        sector = _sector(share.industry)
        if sector:
            yield "sector", sector, today


def _sector(industry: str) -> str | None:
    from workbench.markets import sectors

    try:
        return sectors.gics("eastmoney", industry)
    except ConfigError:
        return None


def _is_gem(ticker: str) -> bool:
    return ticker.startswith("08")


def _living(region: str, rows: Iterable[dict[str, Any]]) -> Iterator[Share]:
    for row in rows:
        ticker = str(row["f12"]).zfill(_DIGITS[region])
        if not markets.is_code(region, ticker):
            continue
        name, treatment = symbols.plain_name(str(row["f14"])) if region == "CN" else (str(row["f14"]).strip(), "none")
        exchange = "XHKG" if region == "HK" else symbols.mic(ticker, row["f13"])
        industry = str(row.get("f100") or "").strip(" -")
        yield Share(ticker, name, exchange, treatment, industry, _day(row.get("f26")))


def _gone(library: Library, living: dict[str, Share], missing: list[str]) -> Iterator[Share]:
    """The delisted A shares; one that is still in the list gets its last day there, or was listed again.

    Adds a sentence to ``missing`` for each page that failed.
    """
    for function, argument, *names in DELISTED:
        try:
            frame = library.call(function, symbol=argument)
            rows = list(zip(*(frame[name].tolist() for name in names), strict=True)) if len(frame) else []
        except (ProviderError, KeyError) as error:
            exchange = "Shanghai" if "_sh_" in function else "Shenzhen"
            missing.append(f"Companies that left {exchange} may be missing: {function} of AkShare failed.")
            journal.note(
                "listing.delisted_missing",
                level="warning",
                provider="akshare",
                call=function,
                error=str(error),
                action="Collect the tickers again later: companies that left the list are missing.",
            )
            continue
        for code, name, listed, delisted in rows:
            ticker, first, last = str(code).strip().zfill(6), _day(listed), _day(delisted)
            if last is None or not markets.is_code("CN", ticker) or ticker.startswith(_B_SHARES):
                continue
            today = living.get(ticker)
            if today is not None and (today.listed is None or today.listed < last):
                continue
            yield Share(ticker, symbols.plain_name(str(name))[0], symbols.mic(ticker), "none", "", first, last)


def _day(value: Any) -> date | None:
    """A day as the sources write it: 20100129, 2010-01-29, a date; None for a dash, a zero or nothing."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = "".join(letter for letter in text[:10] if letter.isdigit())
    try:
        return date.fromisoformat(text) if len(text) == 8 else None
    except ValueError:
        return None
