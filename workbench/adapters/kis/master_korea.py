"""Reads the Korean master files: fixed width, cut by bytes before decoding, since names are two bytes a character.

A line is code 9, ISIN 12, name 40 (cp949) and a tail of ASCII, whose fields stand at other places in each of the
three files. Source: the broker's layouts of the files; lengths confirmed on real files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from workbench import journal
from workbench.adapters.kis.exchanges import ticker_of
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench.adapters.kis.exchanges import Exchange
    from workbench.adapters.kis.master_files import MasterFile

_HEAD = 61
_ODD = 0.01

_KOSPI = (
    "group:2 size:1 large:4 middle:4 small:4 manufacturing:1 illiquid:1 governance:1 kospi200:1 kospi100:1 kospi50:1 "
    "krx:1 etp:1 elw:1 krx100:1 car:1 chip:1 bio:1 bank:1 spac:1 energy:1 steel:1 overheated:1 media:1 building:1 "
    "unused:1 securities:1 ship:1 insurance:1 transport:1 sri:1 base:9 lot:5 after_lot:5 halted:1 liquidation:1 "
    "administrative:1 warning:2 notice:1 unfaithful:1 backdoor:1 ex:2 par_change:2 increase:2 margin:3 credit:1 "
    "credit_days:3 volume:12 par:12 listed:8 shares:15 capital:21 fiscal:2 offer:7 preferred:1 short_hot:1 rise:1 "
    "krx300:1 member:1 sales:9 operating:9 ordinary:9 net:5 roe:9 figures:8 value:9 family:3 limit:1 loan:1 lending:1"
)
_KOSDAQ = (
    "group:2 size:1 large:4 middle:4 small:4 venture:1 illiquid:1 krx:1 etp:1 krx100:1 car:1 chip:1 bio:1 bank:1 "
    "spac:1 energy:1 steel:1 overheated:1 media:1 building:1 caution:1 securities:1 ship:1 insurance:1 transport:1 "
    "kosdaq150:1 base:9 lot:5 after_lot:5 halted:1 liquidation:1 administrative:1 warning:2 notice:1 unfaithful:1 "
    "backdoor:1 ex:2 par_change:2 increase:2 margin:3 credit:1 credit_days:3 volume:12 par:12 listed:8 shares:15 "
    "capital:21 fiscal:2 offer:7 preferred:1 short_hot:1 rise:1 krx300:1 sales:9 operating:9 ordinary:9 net:5 roe:9 "
    "figures:8 value:9 family:3 limit:1 loan:1 lending:1"
)
_KONEX = (
    "group:2 base:9 lot:5 after_lot:5 halted:1 liquidation:1 administrative:1 warning:2 notice:1 unfaithful:1 "
    "backdoor:1 ex:2 par_change:2 increase:2 margin:3 credit:1 credit_days:3 volume:12 par:12 listed:8 shares:15 "
    "capital:21 fiscal:2 offer:7 preferred:1 short_hot:1 rise:1 krx300:1 sales:9 operating:9 ordinary:9 net:5 roe:9 "
    "figures:8 value:9 limit:1 loan:1 lending:1"
)


@dataclass(frozen=True)
class Layout:
    """Places of the tail's fields: name to first and last byte of a line."""

    fields: dict[str, slice]
    length: int

    @classmethod
    def of(cls, text: str) -> Layout:
        """From ``name:width`` in order."""
        places, at = {}, _HEAD
        for name, _, width in (part.partition(":") for part in text.split()):
            places[name] = slice(at, at + int(width))
            at += int(width)
        return cls(places, at)


#: Lines of 288, 282 and 245 bytes without the line feed.
LAYOUTS = {
    "kospi_code.mst": Layout.of(_KOSPI),
    "kosdaq_code.mst": Layout.of(_KOSDAQ),
    "konex_code.mst": Layout.of(_KONEX),
}

#: Security group to asset type; shares (ST) are looked at more closely.
GROUPS = {
    "EF": "etf",
    "FE": "etf",
    "EN": "etn",
    "BC": "fund",
    "PF": "fund",
    "MF": "fund",
    "SC": "fund",
    "IF": "fund",
    "RT": "reit",
    "DR": "adr",
    "FS": "stock",
    "SW": "warrant",
    "EW": "warrant",
    "SR": "right",
}
_WARNINGS = {"01": "investment caution", "02": "investment warning", "03": "investment risk"}

_SCHEMA = {
    "ticker": pl.String,
    "symbol": pl.String,
    "excd": pl.String,
    "mic": pl.String,
    "name": pl.String,
    "currency": pl.String,
    "asset_type": pl.String,
    "share_class": pl.String,
    "lot": pl.Int64,
    "icod": pl.String,
    "listed": pl.Date,
    "shares": pl.Float64,
    "treatment": pl.String,
}


def read(files: Sequence[tuple[Exchange, MasterFile]]) -> pl.DataFrame:
    """The instruments of the Korean exchanges.

    Returns
    -------
    polars.DataFrame
        ticker, symbol, excd, mic, name, currency, asset_type, share_class, lot, icod (code of the finest sector
        of the exchange), listed (date), shares (count, a multiple of a thousand), treatment.

    Raises
    ------
    ShapeChanged
        If lines have another length.
    """
    rows = [row for exchange, master in files for row in _rows(exchange, master)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique("ticker", keep="first", maintain_order=True)


def _rows(exchange: Exchange, master: MasterFile) -> Iterable[tuple[object, ...]]:
    layout = LAYOUTS[exchange.master]
    for line in _lines(master, layout):
        tail = {name: line[place].decode("ascii", "replace") for name, place in layout.fields.items() if name in _USED}
        symbol = line[:9].decode("ascii", "replace").strip()
        kind = _asset_type(tail)
        yield (
            ticker_of("KR", symbol),
            symbol,
            exchange.code,
            exchange.mic,
            # A name that does not decode is no reason to lose the instrument.
            line[21:_HEAD].decode("cp949", "replace").strip(),
            "KRW",
            kind,
            {"preferred": "preferred", "stock": "common", "spac": "common", "reit": "common"}.get(kind),
            _number(tail["lot"]),
            _sector(tail),
            _day(tail["listed"]),
            float(_number(tail["shares"]) or 0) * 1000.0 or None,
            _treatment(tail),
        )


_USED = frozenset(
    {"group", "large", "middle", "small", "spac", "lot", "listed", "shares", "preferred"}
    | {"halted", "liquidation", "administrative", "warning", "unfaithful", "caution"}
)


def _lines(master: MasterFile, layout: Layout) -> list[bytes]:
    lines = [line.rstrip(b"\r") for line in master.lines.split(b"\n")]
    lines = [line for line in lines if line]
    good = [line for line in lines if len(line) == layout.length]
    if not good or len(lines) - len(good) > max(1, _ODD * len(lines)):
        raise ShapeChanged(
            f"The master file {master.name} has lines of {len(lines[0]) if lines else 0} bytes, not {layout.length}.",
            hint="Look at the broker's notices; if the file's form changed, the adapter must be adapted.",
            provider="kis",
        )
    if len(good) < len(lines):
        journal.note("kis.master_lines", level="warning", file=master.name, left_out=len(lines) - len(good))
    return good


def _asset_type(tail: dict[str, str]) -> str:
    if tail["group"] != "ST":
        return GROUPS.get(tail["group"], "other")
    if tail.get("spac") == "Y":
        return "spac"
    # 0 common; 1 and 2 are documented kinds of preferred shares, 9 is preferred and is not.
    return "stock" if tail["preferred"] in ("0", " ") else "preferred"


def _sector(tail: dict[str, str]) -> str | None:
    codes = [tail.get(level, "0000").strip() for level in ("small", "middle", "large")]
    return next((code for code in codes if code.strip("0")), None)


def _treatment(tail: dict[str, str]) -> str:
    """What the exchange says against an instrument, the gravest first; ``none`` where it says nothing."""
    said = [
        name
        for field, name in (
            ("liquidation", "liquidation"),
            ("administrative", "administrative issue"),
            ("halted", "halted"),
            ("unfaithful", "unfaithful disclosure"),
            ("caution", "caution"),
        )
        if tail.get(field) == "Y"
    ]
    said += [_WARNINGS[tail["warning"]]] if tail["warning"] in _WARNINGS else []
    return ", ".join(said) or "none"


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdigit() else None


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None
