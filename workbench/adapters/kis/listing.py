"""The tables ``tickers`` and ``attributes`` of a region, from its master files alone: no call, no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.adapters.kis.industries import industry, sector
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.kis.masters import Master

#: Boards that the exchange decides.
_BOARDS = {"XKRX": "KOSPI", "XKOS": "KOSDAQ", "XKON": "KONEX", "XSTC": "HOSE", "HSTC": "HNX"}


def tickers(master: Master) -> pl.DataFrame:
    """Rows of ``tickers``: all instruments, each with its kind.

    The files list what is traded today: ``listed_date`` is known in Korea only, and there it is the day on which
    the share came to its present board; who was delisted they do not say.
    """
    return _conform(
        master.rows.select(
            "ticker",
            "name",
            "currency",
            "asset_type",
            "share_class",
            region=pl.lit(master.region),
            spell=pl.lit(1, dtype=pl.Int64),
            exchange=pl.col("mic"),
            listed_date=pl.col("listed"),
        ),
        "tickers",
    )


def attributes(master: Master) -> pl.DataFrame:
    """Rows of ``attributes``: lot, board, industry, sector, and in Korea special treatment.

    All hold from the day of the file: what held before, it does not say. ``special_treatment`` is ``none`` where
    there is none, so that an earlier one ends.
    """
    rows = master.rows
    parts = [
        _kind(rows, "lot", pl.when(pl.col("lot") > 0).then(pl.col("lot")).cast(pl.String)),
        _kind(rows, "board", _board(master.region)),
        _mapped(master, "industry"),
        _mapped(master, "sector"),
    ]
    if "treatment" in rows.columns:
        parts.append(_kind(rows, "special_treatment", pl.col("treatment")))
    found = pl.concat(parts).filter(pl.col("value").is_not_null())
    return _conform(found.with_columns(region=pl.lit(master.region), valid_from=pl.lit(master.day)), "attributes")


def _kind(rows: pl.DataFrame, kind: str, value: pl.Expr) -> pl.DataFrame:
    return rows.select("ticker", kind=pl.lit(kind), value=value)


def _board(region: str) -> pl.Expr:
    """Told by the exchange in Korea and Vietnam, by the code in China and Hong Kong; the files know no other."""
    if region == "CN":
        share = pl.col("asset_type").is_in(["stock", "adr"])
        return pl.when(share).then(pl.col("ticker").map_elements(_mainland_board, return_dtype=pl.String))
    if region == "HK":
        return pl.when(pl.col("asset_type") == "stock").then(
            pl.when(pl.col("ticker").str.starts_with("08")).then(pl.lit("GEM")).otherwise(pl.lit("main"))
        )
    return pl.col("mic").replace_strict(_BOARDS, default=None, return_dtype=pl.String)


def _mainland_board(code: str) -> str | None:
    return markets.board_of("CN", code) if markets.is_code("CN", code) else None


def _mapped(master: Master, kind: str) -> pl.DataFrame:
    """Industry or sector of the codes that have one; each code is looked up once."""
    look = industry if kind == "industry" else sector
    known = {code: look(master.region, code) for code in master.rows["icod"].unique().drop_nulls()}
    found = {code: name for code, name in known.items() if name}
    value = pl.col("icod").replace_strict(found, default=None, return_dtype=pl.String)
    return _kind(master.rows, kind, value)


def _conform(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """All columns of the table, null where nothing is known."""
    schema = TABLES[table].columns
    frame = frame.with_columns(source=pl.lit("kis"))
    return frame.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in frame.columns
    ).select(pl.col(name).cast(kind) for name, kind in schema.items())
