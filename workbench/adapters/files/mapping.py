"""Expressions that turn the columns of the user's files into ours."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.schemas import INSTANT, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from workbench.adapters.files.spec import FileSpec

#: Stands for a date that could not be read; such rows are quarantined. No file has a year of its own there.
NO_DATE = date(1800, 1, 1)
#: Before the name of an item, of a kind of attribute and of an index, in a mapped frame.
ITEM, KIND, MEMBER, MARK = "item.", "kind.", "member.", "mark."
#: Days outside are no dates of anything, and break arithmetic on days.
_EARLIEST, _LATEST = date(1000, 1, 1), date(9900, 1, 1)
_ISO_DAY = r"^(\d{4}-\d{2}-\d{2})(?:[T ].*)?$"
_PRICES = ("open", "high", "low", "close", "restated_close")
_NUMBERS = ("turnover", "value", "level", "shares_outstanding", "fiscal_year")
_DAYS = ("date", "ex_date", "period_end", "valid_from", "valid_to", "listed_date", "delisted_date")
_SEEN = ("first_seen", "last_seen")
#: Words of a flag that say yes.
_YES = ("true", "yes", "y", "1", "t", "1.0")


def columns(spec: FileSpec, schema: pl.Schema) -> list[pl.Expr]:
    """``row``, the mapped columns in our names and units, and ``edition`` where duplicates are ordered.

    ``date`` is the day by which the file is read, where there is one; ``known`` the day on which a row became
    known, where a column says it. Unreadable numbers are null, unreadable dates :data:`NO_DATE`.
    """
    found = [pl.col("row")]
    if spec.day:
        found.append(row_day(spec, schema).alias("date"))
    for ours, theirs in spec.columns.items():
        if ours != "date":
            found.append(_column(ours, theirs, spec, schema).alias(ours))
    found += [pl.lit(word).alias(ours) for ours, word in spec.constants.items()]
    found += _further(spec, schema)
    if spec.duplicates:
        found.append(pl.col(spec.duplicates.order_by).alias("edition"))
    return found


def _column(ours: str, theirs: str, spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    if ours == "ticker":
        return code(text(theirs, spec), spec)
    if ours in _PRICES or ours == "volume":
        unit = spec.volume_unit if ours == "volume" else spec.price_unit
        return number(pl.col(theirs), schema[theirs], spec, unit)
    if ours in _NUMBERS:
        return number(pl.col(theirs), schema[theirs], spec, 1.0)
    if ours in _DAYS or ours in _SEEN:
        return day(theirs, spec, schema)
    if ours == "amended":
        return text(theirs, spec).str.to_lowercase().is_in(_YES).fill_null(value=False)
    return worded(text(theirs, spec), ours, spec)


def _further(spec: FileSpec, schema: pl.Schema) -> Iterator[pl.Expr]:
    """Knowledge, items, attributes, flags of members, share counts and marks of the year's end."""
    if spec.knowledge and spec.knowledge.column:
        yield day(spec.knowledge.column, spec, schema).alias("known")
    if spec.knowledge and spec.knowledge.month_day:
        yield text(spec.knowledge.month_day, spec).alias("month_day")
    for name, rule in spec.items.items() if not spec.is_long else ():
        values = [number(pl.col(one), schema[one], spec, rule.unit) for one in rule.columns]
        yield pl.coalesce(values).alias(ITEM + name)
        words = [number_lost(pl.col(one), schema[one], spec) for one in rule.columns]
        yield pl.any_horizontal(words).alias(f"lost.{ITEM}{name}")
    for kind, theirs in spec.attributes.items():
        yield worded(text(theirs, spec), kind, spec).alias(KIND + kind)
    for index, theirs in spec.members_of.items():
        yield text(theirs, spec).str.to_lowercase().is_in(_YES).fill_null(value=False).alias(MEMBER + index)
    if spec.shares:
        yield number(pl.col(spec.shares), schema[spec.shares], spec, 1.0).alias("shares_outstanding")
    if spec.periods.infer:
        marks = spec.periods.infer
        yield from (pl.col(one).is_not_null().alias(MARK + one) for one in marks.filled)
        yield from (pl.col(one).is_null().alias(MARK + one) for one in marks.empty)


def text(theirs: str, spec: FileSpec) -> pl.Expr:
    """A column as text without blanks around it; empty words and ``nulls`` are null."""
    found = pl.col(theirs).cast(pl.String).str.strip_chars()
    return pl.when(~found.is_in(["", *spec.nulls])).then(found)


def worded(found: pl.Expr, ours: str, spec: FileSpec) -> pl.Expr:
    """The words of ``values`` in place of the file's."""
    words = spec.values.get(ours)
    return found.replace(words) if words else found


def row_day(spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    """The exchange-local date; of a rate that is given as an instant, the date in the zone of its fix."""
    theirs = str(spec.day)
    if spec.table != "fx":
        return day(theirs, spec, schema).fill_null(NO_DATE)
    found, kind = pl.col(theirs), schema[theirs]
    if kind != pl.Date:
        found = instant(found, kind, spec).dt.convert_time_zone(spec.fix.timezone).dt.date()
    return _bounded(found.dt.month_end() if spec.fix.covers == "month" else found).fill_null(NO_DATE)


def day(theirs: str, spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    """A column as a date: null where there is none, :data:`NO_DATE` where it cannot be read."""
    column, kind = pl.col(theirs), schema[theirs]
    if kind == pl.Date:
        return _bounded(column)
    if kind.is_temporal():
        return _bounded(column.dt.date())
    words = text(theirs, spec)
    read = _text_day(words, spec.date_format).fill_null(NO_DATE)
    return pl.when(words.is_not_null()).then(_bounded(read))


def _bounded(found: pl.Expr) -> pl.Expr:
    return pl.when(found.is_between(_EARLIEST, _LATEST) | found.is_null()).then(found).otherwise(NO_DATE)


def _text_day(words: pl.Expr, date_format: str | None) -> pl.Expr:
    """The day of a text; without a format only ISO is read, since 01/02/2024 could be either of two days."""
    if date_format is None:
        words, date_format = words.str.extract(_ISO_DAY), "%Y-%m-%d"
    return words.str.to_date(date_format, strict=False)


def fix_instant(spec: FileSpec, schema: pl.Schema) -> pl.Expr:
    """The UTC instant of a rate's fix; a bare date opens or closes at midnight of the fix's zone."""
    theirs = str(spec.day)
    if spec.fix.covers == "month":
        days = row_day(spec, schema).dt.offset_by("1d")
        moment = days.cast(pl.Datetime("us")).dt.replace_time_zone(spec.fix.timezone)
        return moment.dt.convert_time_zone("UTC").cast(INSTANT)
    if schema[theirs] == pl.Date:
        moment = pl.col(theirs).cast(pl.Datetime("us")).dt.replace_time_zone(spec.fix.timezone)
    else:
        moment = instant(pl.col(theirs), schema[theirs], spec).dt.convert_time_zone(spec.fix.timezone)
    if spec.fix.marks == "start":
        moment = moment.dt.offset_by("1d")
    return moment.dt.convert_time_zone("UTC").cast(INSTANT)


def code(found: pl.Expr, spec: FileSpec) -> pl.Expr:
    """A code as the rule for tickers makes it."""
    rule = spec.ticker
    if rule.strip_suffix:
        found = found.str.strip_suffix(rule.strip_suffix)
    if rule.case != "keep":
        found = found.str.to_uppercase() if rule.case == "upper" else found.str.to_lowercase()
    return found.str.zfill(rule.pad) if rule.pad else found


def number(column: pl.Expr, kind: pl.DataType, spec: FileSpec, unit: float) -> pl.Expr:
    """A column as numbers; null where it does not read as one."""
    if kind == pl.String:
        words = column.str.strip_chars()
        column = words.str.replace_all(spec.thousands, "", literal=True) if spec.thousands else words
    found = column.cast(pl.Float64, strict=False)
    # 21.76 thousand is 21,760, not 21,760.000000000004.
    return found if unit == 1.0 else (found * unit).round(6)


def number_lost(column: pl.Expr, kind: pl.DataType, spec: FileSpec) -> pl.Expr:
    """True where a text stands there that is no number and is not among ``nulls``."""
    if kind != pl.String:
        return pl.lit(value=False)
    words = column.str.strip_chars()
    return ~words.is_in(["", *spec.nulls]).fill_null(value=True) & number(column, kind, spec, 1.0).is_null()


def instant(column: pl.Expr, kind: pl.DataType, spec: FileSpec) -> pl.Expr:
    """A column as UTC instants."""
    if kind == pl.String:
        words, date_format = column.str.strip_chars(), spec.date_format
        if date_format is None:
            words = words.str.replace(" ", "T", literal=True).str.replace(r"(Z|\+00:?00)$", "")
            words = pl.when(words.str.len_chars() == len("2024-01-31")).then(words + "T00:00:00").otherwise(words)
            date_format = "%Y-%m-%dT%H:%M:%S%.f"
        return words.str.to_datetime(date_format, strict=False, time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def edition_day(edition: pl.Series) -> pl.Series | None:
    """The days on which editions were published; None where the order is no date."""
    if edition.dtype == pl.Date:
        return edition
    if edition.dtype.is_temporal():
        return edition.dt.date()
    if edition.dtype != pl.String:
        return None
    days = edition.str.strip_chars().str.extract(_ISO_DAY).str.to_date("%Y-%m-%d", strict=False)
    return None if days.null_count() else days


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


def editions(
    rows: pl.DataFrame, spec: FileSpec, key: tuple[str, ...] = ("ticker", "date")
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The edition of each key that is published, and the others."""
    rule = spec.duplicates
    if rule is None:
        return rows, rows.clear()
    ordered = rows.sort("edition", "row", descending=rule.keep == "last", nulls_last=True)
    kept = ordered.unique(list(key), keep="first", maintain_order=True)
    return kept.sort("row"), rows.join(kept.select("row"), on="row", how="anti")


def currency_of(spec: FileSpec) -> str:
    """Currency of the prices or amounts: the specification's, else the region's."""
    return spec.currency or markets.get(str(spec.region)).currency
