"""The check of daily bars: what is good, what is quarantined with its reasons, what was a suspension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.quality import jumps, rows
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

#: Columns whose difference makes two rows of one day a conflict.
_VALUES = ("open", "high", "low", "close", "volume", "turnover")
#: Columns without which the lake takes no row; the close has a code of its own.
_NEEDED = ("ticker", "timeframe", "date", "adjusted", "source", "collected_at")


@dataclass(frozen=True)
class Checked:
    """What a check of bars says.

    Attributes
    ----------
    good : polars.DataFrame
        Rows to publish, the suspensions among them; columns as received.
    quarantined : polars.DataFrame
        Rows as received and ``reasons``, the codes of :data:`workbench.quality.CHECKS` joined by commas.
    suspended : polars.DataFrame
        The suspensions among ``good``: open, high and low null, the close carried, volume 0.
    repeated : int
        Identical repetitions of a row, of which one is kept.
    """

    good: pl.DataFrame
    quarantined: pl.DataFrame
    suspended: pl.DataFrame
    repeated: int = 0


def check_bars(
    frame: pl.DataFrame,
    *,
    region: str,
    sessions: Collection[date],
    actions: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
    listed: pl.DataFrame | None = None,
) -> Checked:
    """Check daily bars of one region; nothing is dropped, nothing is repaired.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns ticker, date, open, high, low, close, volume, and any others, which pass through.
        Prices in the local currency; null is absent, NaN and infinity count as null.
    region : str
        One of the six regions.
    sessions : collection of date
        Trading days of the region that span the frame's dates; a row on another day was a closed day.
    actions : polars.DataFrame, optional
        Columns ticker, ex_date: what explains a jump.
    previous : polars.DataFrame, optional
        Last believed bar of each ticker before the frame: ticker, date, close, open (null after a
        suspension), and ``adjusted`` where one kind a ticker is to be kept.
    listed : polars.DataFrame, optional
        Columns ticker, listed_date: the first days after a listing are not judged for jumps.

    Returns
    -------
    Checked
        Every row of the frame is in exactly one of ``good`` and ``quarantined``, or counted in ``repeated``.

    Notes
    -----
    Bars on a day without a trade (open = high = low = close, volume 0) are good: they say what the
    source believes, and volume 0 says that nobody traded.
    """
    columns = frame.columns
    numbers = [name for name in (*rows.PRICES, "volume") if name in columns]
    values = [name for name in _VALUES if name in columns]
    clean = frame.with_columns(finite(name) for name in numbers).with_row_index("_row")
    single = clean.unique(["ticker", "date", *values], keep="first", maintain_order=True)
    needed = [name for name in _NEEDED if name in columns]
    codes = [
        rows.incomplete(needed),
        rows.undeclared(TABLES["ohlcv"], columns),
        *rows.row_codes(sessions),
        rows.conflicting_rows(tuple(values)),
        _other_kind(columns, previous),
    ]
    single = _with_kind(single, previous).with_columns(
        _reasons=pl.concat_list(*codes).list.drop_nulls(), _halted=rows.suspended()
    )
    believed = single.filter(pl.col("_reasons").list.len() == 0)
    found = jumps.find_jumps(_levels(believed, previous), region=region, actions=actions, listed=listed)
    single = single.join(found, on=["ticker", "date"], how="left", maintain_order="left").with_columns(
        _reasons=pl.concat_list("_reasons", "code").list.drop_nulls()
    )
    return _split(single, frame, repeated=clean.height - single.height)


def finite(name: str) -> pl.Expr:
    """The number, null where it is NaN or infinite."""
    number = pl.col(name).cast(pl.Float64)
    return pl.when(number.is_finite()).then(number).alias(name)


def _split(single: pl.DataFrame, frame: pl.DataFrame, *, repeated: int) -> Checked:
    columns = frame.columns
    bad = single.filter(pl.col("_reasons").list.len() > 0)
    as_received = frame.with_row_index("_row").join(
        bad.select("_row", reasons=pl.col("_reasons").list.join(",")), on="_row", maintain_order="left"
    )
    blank = [
        pl.when(pl.col("_halted")).then(None).otherwise(pl.col(name)).alias(name) for name in ("open", "high", "low")
    ]
    volume = pl.when(pl.col("_halted")).then(0.0).otherwise(pl.col("volume")).alias("volume")
    good = single.filter(pl.col("_reasons").list.len() == 0).with_columns(*blank, volume)
    return Checked(
        good=good.select(columns),
        quarantined=as_received.select(*columns, "reasons"),
        suspended=good.filter(pl.col("_halted")).select(columns),
        repeated=repeated,
    )


def _levels(believed: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    levels = believed.select("ticker", "date", "close", halted="_halted")
    if previous is None or previous.is_empty():
        return levels
    before = previous.select("ticker", "date", "close", halted=pl.col("open").is_null())
    return pl.concat([before.join(levels, on=["ticker", "date"], how="anti"), levels])


def _with_kind(frame: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    if previous is None or "adjusted" not in previous.columns or "adjusted" not in frame.columns:
        return frame
    kinds = previous.unique("ticker", keep="last").select("ticker", _kind="adjusted")
    return frame.join(kinds, on="ticker", how="left", maintain_order="left")


def _other_kind(columns: list[str], previous: pl.DataFrame | None) -> pl.Expr:
    if previous is None or "adjusted" not in previous.columns or "adjusted" not in columns:
        return pl.lit(None, dtype=pl.String)
    return pl.when((pl.col("_kind") != pl.col("adjusted")).fill_null(False)).then(pl.lit("mixed_adjustment"))
