"""Reads the overseas master files: tab-separated, 24 columns, cp949, no header, no quoting.

Every column is text: symbols such as ``NA``, ``NAN`` and ``TRUE`` are companies, and the first line is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import journal, markets
from workbench.adapters.kis.exchanges import ticker_of
from workbench.adapters.kis.kinds import asset_types
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.adapters.kis.exchanges import Exchange
    from workbench.adapters.kis.master_files import MasterFile

COLUMNS = (
    "ncod",
    "exid",
    "excd",
    "exnm",
    "symb",
    "rsym",
    "knam",
    "enam",
    "stis",
    "curr",
    "zdiv",
    "ztyp",
    "base",
    "bnit",
    "anit",
    "mstm",
    "metm",
    "isdr",
    "drcd",
    "icod",
    "sjong",
    "ttyp",
    "etyp",
    "ttyp_sb",
)
#: Lines of another form up to which a file is believed; they are left out and noted.
_ODD = 0.01
_USED = {"symb": "symbol", "enam": "english", "knam": "korean", "curr": "quoted", "bnit": "lot"}


def read(files: Sequence[tuple[Exchange, MasterFile]]) -> pl.DataFrame:
    """The instruments of the exchanges of one region.

    Parameters
    ----------
    files : sequence of (Exchange, MasterFile)
        All of one region, read together so that the listing is one frame.

    Returns
    -------
    polars.DataFrame
        ticker, symbol, excd, mic, name, currency, asset_type, share_class, lot, icod, and nulls for what the
        files do not say (listed, shares); indexes are left out.

    Raises
    ------
    ShapeChanged
        If a file has other columns, or another exchange's rows.
    """
    region = files[0][0].region
    parts = [_file(exchange, master) for exchange, master in files]
    rows = asset_types(pl.concat(parts), region).filter(pl.col("asset_type") != "index")
    return rows.select(
        ticker=_tickers(rows["symbol"], region),
        symbol="symbol",
        excd="excd",
        mic="mic",
        name=pl.when(pl.col("english") != "").then("english").otherwise("korean"),
        currency=_currency(region),
        asset_type="asset_type",
        share_class="share_class",
        lot=pl.col("lot").cast(pl.Int64, strict=False),
        icod="icod",
        listed=pl.lit(None, dtype=pl.Date),
        shares=pl.lit(None, dtype=pl.Float64),
    ).unique("ticker", keep="first", maintain_order=True)


def _file(exchange: Exchange, master: MasterFile) -> pl.DataFrame:
    table = pl.read_csv(
        _tabbed(master),
        separator="\t",
        has_header=False,
        new_columns=list(COLUMNS),
        schema_overrides=dict.fromkeys(COLUMNS, pl.String),
        infer_schema=False,
        quote_char=None,
        eol_char="\n",
    )
    strange = table.filter(pl.col("excd") != exchange.code)
    if strange.height:
        raise ShapeChanged(
            f"{master.name} of kis holds {strange.height} rows of {strange['excd'][0]!r}, not of {exchange.code}.",
            hint="Look at the broker's notices; if the file's form changed, the adapter must be adapted.",
            provider="kis",
        )
    text = [pl.col(old).fill_null("").str.strip_chars().alias(new) for old, new in _USED.items()]
    kept = [pl.col(name).fill_null("").str.strip_chars() for name in ("excd", "stis", "etyp", "isdr", "icod")]
    return table.select(*text, *kept, mic=pl.lit(exchange.mic)).filter(pl.col("symbol") != "")


def _tabbed(master: MasterFile) -> bytes:
    """The lines with 24 columns, as UTF-8; cut by bytes before decoding, since neither tab nor line feed is part of
    a character of cp949."""
    lines = [line for line in master.lines.replace(b"\r\n", b"\n").split(b"\n") if line.strip()]
    good = [line for line in lines if line.count(b"\t") == len(COLUMNS) - 1]
    if not good or len(lines) - len(good) > max(1, _ODD * len(lines)):
        columns = lines[0].count(b"\t") + 1 if lines else 0
        raise ShapeChanged(
            f"The master file {master.name} has {columns} columns in its first line, not {len(COLUMNS)}.",
            hint="Look at the broker's notices; if the file's form changed, the adapter must be adapted.",
            provider="kis",
        )
    if len(good) < len(lines):
        journal.note("kis.master_lines", level="warning", file=master.name, left_out=len(lines) - len(good))
    # A name that does not decode is no reason to lose an exchange.
    return b"\n".join(good).decode("cp949", "replace").encode()


def _tickers(symbols: pl.Series, region: str) -> pl.Series:
    if region != "US":
        return symbols.alias("ticker")
    return pl.Series("ticker", [ticker_of(region, one) if "/" in one else one for one in symbols], dtype=pl.String)


def _currency(region: str) -> pl.Expr:
    """The file's column is wrong in places: mainland A shares and funds under Hong Kong dollars."""
    usual = markets.get(region).currency
    if region == "CN":
        return (
            pl.when(pl.col("symbol").str.starts_with("900"))
            .then(pl.lit("USD"))
            .when(pl.col("symbol").str.starts_with("200"))
            .then(pl.lit("HKD"))
            .otherwise(pl.lit(usual))
        )
    if region == "HK":
        yuan = pl.col("symbol").str.contains("^8[0-9]{4}$")
        counter = pl.when(pl.col("quoted").is_in(["HKD", "CNY", "USD"])).then("quoted").otherwise(pl.lit(usual))
        return pl.when(yuan).then(pl.lit("CNY")).otherwise(counter)
    return pl.lit(usual)
