"""Bars as the library or the kline page gives them, checked by name and by range.

Both write the values of a bar by position (date, open, CLOSE, high, low, volume, value), so that a field that
comes or goes at the source would shift all that follow. A shift shows: the close leaves the day's range, or the
average price paid, value over volume, does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import markets
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

#: Columns of the library's frame.
NAMES = {
    "日期": "date",
    "开盘": "open",
    "收盘": "close",
    "最高": "high",
    "最低": "low",
    "成交量": "volume",
    "成交额": "turnover",
}
LOT = 100
#: An average price may lie outside the day's range by this part: Eastmoney counts trades at agreed prices.
TOLERANCE = 0.05
#: Below so many shares the rounding to lots moves the average price.
_ENOUGH = 100 * LOT
#: A bar that stands alone is left to the lake's checks unless its average price is off by this factor.
_ALONE = 2.0


def from_library(frame: Any) -> dict[str, list[Any]]:
    """The columns of a frame of the library under our names.

    Raises
    ------
    ShapeChanged
        One of them is missing.
    """
    missing = [name for name in NAMES if name not in frame.columns]
    if missing:
        raise _shifted(f"bars without the column {missing[0]} (they have {', '.join(map(str, frame.columns))})")
    return {ours: frame[theirs].tolist() for theirs, ours in NAMES.items()}


def bars(columns: Mapping[str, list[Any]], *, region: str, ticker: str) -> pl.DataFrame:
    """Bars of one code, volume in shares.

    Parameters
    ----------
    columns : mapping
        Of :data:`workbench.adapters.akshare.calls.BAR_NAMES`, as text or as numbers.
    region, ticker : str
        A-share volumes come in lots of 100 shares, those of Hong Kong in shares. Of the STAR board it is
        not certain which; the average price tells.

    Returns
    -------
    polars.DataFrame
        date, open, high, low, close, volume (shares), turnover (currency of the price), by date; rows
        without a date or a close are left out; a row without trading has null open, high and low.

    Raises
    ------
    ShapeChanged
        The values are not what their names say.
    """
    frame = pl.DataFrame(
        [
            pl.Series("date", [str(day)[:10] for day in columns["date"]]).str.to_date(strict=False),
            *(
                pl.Series(name, [str(value) for value in columns[name]], pl.String).cast(pl.Float64, strict=False)
                for name in ("open", "high", "low", "close", "volume", "turnover")
            ),
        ]
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    readable = frame.drop_nulls(["date", "close"])
    if readable.height * 2 <= frame.height:
        raise _shifted(f"bars of {ticker} without a readable date or close")
    if readable["date"].is_duplicated().any():
        raise _shifted(f"several bars of {ticker} on one day")
    shares = readable.with_columns(pl.col("volume") * _unit(readable, region, ticker))
    _check(shares, ticker)
    idle = (pl.col("volume").fill_null(0.0) == 0.0) & (pl.col("open").fill_null(0.0) <= 0.0)
    blank = [pl.when(~idle).then(pl.col(name)).alias(name) for name in ("open", "high", "low")]
    return shares.with_columns(blank).sort("date")


def ohlcv(frame: pl.DataFrame, *, region: str, ticker: str, collected_at: datetime) -> pl.DataFrame:
    """Rows of ``ohlcv``, as traded."""
    from workbench.schemas import TABLES

    columns = TABLES["ohlcv"].columns
    fixed = {"region": region, "ticker": ticker, "timeframe": "D", "adjusted": "none", "source": "akshare"}
    named = [pl.lit(value).alias(name) for name, value in fixed.items()]
    return frame.with_columns(*named, pl.lit(collected_at).alias("collected_at")).select(
        pl.col(name).cast(kind) for name, kind in columns.items()
    )


def none_of(table: str) -> pl.DataFrame:
    """A frame of a table without rows."""
    from workbench.schemas import TABLES

    return pl.DataFrame(schema=dict(TABLES[table].columns))


def within(frame: pl.DataFrame, start: date, end: date, column: str = "date") -> pl.DataFrame:
    """The rows from ``start`` to ``end``, both included."""
    return frame.filter(pl.col(column).is_between(start, end))


def _unit(frame: pl.DataFrame, region: str, ticker: str) -> int:
    """Shares in one unit of the volume."""
    if region == "HK":
        return 1
    if markets.board_of(region, ticker) != "STAR":
        return LOT
    traded = frame.filter((pl.col("volume") > 0) & (pl.col("turnover") > 0))
    ratio = traded.select((pl.col("turnover") / pl.col("volume") / pl.col("close")).median()).item()
    return 1 if ratio is not None and ratio < LOT**0.5 else LOT


def _check(frame: pl.DataFrame, ticker: str) -> None:
    """Raise where half of the bars, or a single one grossly, break the order that prices keep."""
    ordered = frame.filter(pl.all_horizontal(pl.col(name) > 0 for name in ("open", "high", "low", "close")))
    if ordered.is_empty():
        return
    edge = 1e-6
    inside = pl.all_horizontal(
        pl.col(name).is_between(pl.col("low") * (1 - edge), pl.col("high") * (1 + edge)) for name in ("open", "close")
    )
    traded = ordered.filter((pl.col("volume") >= _ENOUGH) & (pl.col("turnover") > 0))
    outside = ordered.filter(~inside)
    if _most(outside.height, ordered.height):
        raise _shifted(f"bars of {ticker} whose open or close lies outside of low to high ({_example(outside)})")
    off = _off(traded, 1 + TOLERANCE)
    if _most(off.height, traded.height):
        raise _shifted(
            f"bars of {ticker} whose average price, value over volume, lies outside of low to high "
            f"({_example(off)}): columns shifted, or prices are adjusted"
        )
    if traded.height == 1 and _off(traded, _ALONE).height:
        raise _shifted(f"a bar of {ticker} whose value does not fit its price and volume ({_example(traded)})")


def _off(traded: pl.DataFrame, factor: float) -> pl.DataFrame:
    average = pl.col("turnover") / pl.col("volume")
    return traded.filter(~average.is_between(pl.col("low") / factor, pl.col("high") * factor))


def _most(wrong: int, of: int) -> bool:
    """A wrong bar is a wrong bar; several that are half of all or more are a shift."""
    return wrong > 1 and wrong * 2 >= of


def _example(frame: pl.DataFrame) -> str:
    return ", ".join(f"{name} {value}" for name, value in frame.row(0, named=True).items())


def _shifted(what: str) -> ShapeChanged:
    return ShapeChanged(
        f"akshare answered {what}.",
        hint="The columns at the source changed: look for a newer akshare, else the adapter must be adapted.",
        provider="akshare",
    )
