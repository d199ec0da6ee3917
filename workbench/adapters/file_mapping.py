"""Expressions that turn the columns of the user's files into ours."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.schemas import INSTANT, TABLES

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.adapters.files import FileSpec

#: Stands for a date that could not be read; such rows are quarantined.
NO_DATE = date(1970, 1, 1)
#: Days outside are no dates of anything, and break arithmetic on days.
_EARLIEST, _LATEST = date(1000, 1, 1), date(9900, 1, 1)
_ISO_DAY = r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$"
_PRICES = ("open", "high", "low", "close", "restated_close")
_TEXTS = ("pair", "name", "exchange")


def columns(spec: FileSpec, schema: pl.Schema) -> list[pl.Expr]:
    """``row``, the mapped columns in our names and units, and ``edition`` where duplicates are ordered.

    Unreadable numbers are null, unreadable dates :data:`NO_DATE`.
    """
    found = [pl.col("row"), day(spec, schema).alias("date")]
    for ours, theirs in spec.columns.items():
        text = pl.col(theirs).cast(pl.String).str.strip_chars()
        if ours == "ticker":
            found.append(code(text, spec).alias(ours))
        elif ours in _TEXTS:
            found.append(text.alias(ours))
        elif ours != "date":
            unit = spec.price_unit if ours in _PRICES else spec.volume_unit if ours == "volume" else 1.0
            found.append(number(pl.col(theirs), schema[theirs], spec.thousands, unit).alias(ours))
    if spec.duplicates:
        found.append(pl.col(spec.duplicates.order_by).alias("edition"))
    return found


def day(spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    """The exchange-local date; of a rate that is given as an instant, the date in the zone of its fix."""
    theirs = spec.columns["date"]
    column, kind = pl.col(theirs), schema[theirs]
    if spec.table == "fx" and kind != pl.Date:
        found = instant(column, kind, spec).dt.convert_time_zone(spec.fix.timezone).dt.date()
    elif kind == pl.Date:
        found = column
    elif kind.is_temporal():
        found = column.dt.date()
    else:
        found = _text_day(column.cast(pl.String).str.strip_chars(), spec.date_format)
    return pl.when(found.is_between(_EARLIEST, _LATEST)).then(found).otherwise(NO_DATE)


def _text_day(text: pl.Expr, date_format: str | None) -> pl.Expr:
    """The day of a text; without a format only ISO is read, since 01/02/2024 could be either of two days."""
    if date_format is None:
        text, date_format = text.str.extract(_ISO_DAY), "%Y-%m-%d"
    return text.str.to_date(date_format, strict=False)


def fix_instant(spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    """The UTC instant of a rate's fix; a bare date opens or closes at midnight of the fix's zone."""
    theirs = spec.columns["date"]
    if schema[theirs] == pl.Date:
        moment = pl.col(theirs).cast(pl.Datetime("us")).dt.replace_time_zone(spec.fix.timezone)
    else:
        moment = instant(pl.col(theirs), schema[theirs], spec).dt.convert_time_zone(spec.fix.timezone)
    if spec.fix.marks == "start":
        moment = moment.dt.offset_by("1d")
    return moment.dt.convert_time_zone("UTC").cast(INSTANT)


def code(text: pl.Expr, spec: FileSpec) -> pl.Expr:
    rule = spec.ticker
    text = pl.when(text != "").then(text)
    if rule.strip_suffix:
        text = text.str.strip_suffix(rule.strip_suffix)
    if rule.case != "keep":
        text = text.str.to_uppercase() if rule.case == "upper" else text.str.to_lowercase()
    return text.str.zfill(rule.pad) if rule.pad else text


def number(column: pl.Expr, kind: pl.DataType, thousands: str, unit: float) -> pl.Expr:
    if kind == pl.String:
        text = column.str.strip_chars()
        column = text.str.replace_all(thousands, "", literal=True) if thousands else text
    number = column.cast(pl.Float64, strict=False)
    # 21.76 thousand is 21,760, not 21,760.000000000004.
    return number if unit == 1.0 else (number * unit).round(6)


def instant(column: pl.Expr, kind: pl.DataType, spec: FileSpec) -> pl.Expr:
    if kind == pl.String:
        text, date_format = column.str.strip_chars(), spec.date_format
        if date_format is None:
            text = text.str.replace(" ", "T", literal=True).str.replace(r"(Z|\+00:?00)$", "")
            text = pl.when(text.str.len_chars() == len("2024-01-31")).then(text + "T00:00:00").otherwise(text)
            date_format = "%Y-%m-%dT%H:%M:%S%.f"
        return text.str.to_datetime(date_format, strict=False, time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def as_ohlcv(rows: pl.DataFrame, spec: FileSpec, collected_at: datetime) -> pl.DataFrame:
    """Mapped rows in the columns of ``ohlcv``, after ``row``; what the file does not give is null."""
    numbers = ("open", "high", "low", "close", "volume", "turnover")
    absent = [pl.lit(None, pl.Float64).alias(name) for name in numbers if name not in rows.columns]
    return rows.with_columns(
        *absent,
        region=pl.lit(spec.region),
        timeframe=pl.lit("D"),
        adjusted=pl.lit(spec.adjusted),
        source=pl.lit(spec.source),
        collected_at=pl.lit(collected_at).cast(INSTANT),
    ).select("row", *TABLES["ohlcv"].columns)


def editions(rows: pl.DataFrame, spec: FileSpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The edition of each ticker and day that is published, and the others."""
    rule = spec.duplicates
    if rule is None:
        return rows, rows.clear()
    ordered = rows.sort("edition", "row", descending=rule.keep == "last", nulls_last=True)
    kept = ordered.unique(["ticker", "date"], keep="first", maintain_order=True)
    return kept.sort("row"), rows.join(kept.select("row"), on="row", how="anti")


def currency_of(spec: FileSpec) -> str:
    """Currency of the prices: the specification's, else the region's."""
    return spec.currency or markets.get(str(spec.region)).currency
