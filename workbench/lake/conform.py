"""Frames brought into the form of a table, or refused with the rows that do not fit."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from workbench.errors import RegionMismatch, SchemaViolation
from workbench.lake import tables

if TYPE_CHECKING:
    from workbench.schemas import Table


def conform(table: Table, frame: pl.DataFrame, region: str | None) -> pl.DataFrame:
    """The frame in the table's columns and types, sorted by key, with the partition column ``year``.

    Integers become reals, categories text; missing nullable columns become null, and so does NaN.
    A missing ``region`` column is filled with ``region``.

    Parameters
    ----------
    table : Table
        Declaration.
    frame : polars.DataFrame
        Rows as received, in any order.
    region : str or None
        Region that all rows must belong to; None for tables that have no region partition.

    Raises
    ------
    SchemaViolation
        For unknown or missing columns, types that cannot be cast safely, null or empty keys, null
        required values, values beyond the declared ones, infinite numbers and repeated keys; ``rows``
        holds the failing ones.
    RegionMismatch
        If rows belong to another region.
    """
    if not isinstance(frame, pl.DataFrame):
        raise SchemaViolation(
            f"{table.name!r} takes a polars.DataFrame, not {type(frame).__name__}.",
            hint="Convert it with polars first.",
        )
    frame = _columns(table, frame, region)
    frame = frame.select(_cast(table, frame, name, wanted) for name, wanted in table.columns.items())
    _refuse(table, frame, region)
    if "year" in table.partition and table.date_column is not None:
        frame = frame.with_columns(year=pl.col(table.date_column).dt.year().cast(pl.Int32))
    return _sorted(table, frame)


def _columns(table: Table, frame: pl.DataFrame, region: str | None) -> pl.DataFrame:
    if "year" in table.partition and "year" in frame.columns:
        frame = frame.drop("year")
    if region is not None and "region" not in frame.columns:
        frame = frame.with_columns(region=pl.lit(region))
    unknown = [name for name in frame.columns if name not in table.columns]
    if unknown:
        raise SchemaViolation(
            f"{table.name!r} has no column {', '.join(map(repr, unknown))}.",
            hint=f"Its columns are {', '.join(table.columns)}.",
            columns=unknown,
        )
    missing = [name for name in (*table.key, *table.required) if name not in frame.columns]
    if missing:
        raise SchemaViolation(
            f"The frame for {table.name!r} lacks {', '.join(map(repr, missing))}.",
            hint="Add the column; key and required columns have no default.",
            columns=missing,
        )
    absent = {name: kind for name, kind in table.columns.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items())


def _cast(table: Table, frame: pl.DataFrame, name: str, wanted: pl.DataType) -> pl.Series:
    series = frame.get_column(name)
    if series.dtype != wanted:
        if not _safe(series.dtype, wanted):
            raise SchemaViolation(
                f"Column {name!r} of {table.name!r} is {series.dtype}, not {wanted}.",
                hint=f"Cast it to {wanted} before publishing.",
                rows=_with_reason(frame.filter(series.is_not_null()).head(20), f"{name} is {series.dtype}"),
            )
        cast = series.cast(wanted, strict=False)
        broken = cast.is_null() & series.is_not_null()
        if broken.any():
            raise SchemaViolation(
                f"Column {name!r} of {table.name!r} holds values that are not {wanted}.",
                hint="Correct the rows attached to this error.",
                rows=_with_reason(frame.filter(broken), f"{name} is not {wanted}"),
            )
        series = cast
    return series.fill_nan(None) if wanted.is_float() and series.is_nan().any() else series


def _safe(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether a cast keeps the meaning of every value."""
    if given == pl.Null():
        return True
    if wanted.is_float():
        return given.is_numeric()
    if wanted.is_integer():
        return given.is_integer()
    if isinstance(wanted, pl.Datetime):
        return isinstance(given, pl.Datetime) and given.time_zone is not None
    if isinstance(wanted, pl.String):
        return isinstance(given, pl.Categorical | pl.Enum)
    if isinstance(wanted, pl.List):
        return isinstance(given, pl.List) and _safe(
            pl.Series(dtype=given.inner).dtype, pl.Series(dtype=wanted.inner).dtype
        )
    return False


def _refuse(table: Table, frame: pl.DataFrame, region: str | None) -> None:
    """Raise for rows that break the table's rules, each with its reasons."""
    problems: dict[str, pl.Expr] = {}
    day = (table.date_column,) if table.date_column else ()
    for name in dict.fromkeys((*table.key, *table.required, *day)):
        if frame.get_column(name).null_count():
            problems[f"{name} is null"] = pl.col(name).is_null()
    for name, kind in table.columns.items():
        if kind.is_float():
            problems[f"{name} is infinite"] = pl.col(name).is_infinite()
        elif name in table.key and isinstance(kind, pl.String):
            problems[f"{name} is empty"] = pl.col(name) == ""
    for name, allowed in table.values.items():
        problems[f"{name} is none of {', '.join(allowed)}"] = ~pl.col(name).is_in(list(allowed))
    if region is not None:
        problems[f"region is not {region}"] = pl.col("region") != region
    found = frame.select(rule.any().alias(reason) for reason, rule in problems.items())
    hit = [reason for reason in problems if found.get_column(reason).item()]
    if not hit:
        return
    reasons = [pl.when(problems[reason]).then(pl.lit(reason)) for reason in hit]
    rows = frame.with_columns(pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias("reason"))
    rows = rows.filter(pl.col("reason") != "")
    foreign = f"region is not {region}" in hit
    kind_of_error = RegionMismatch if foreign else SchemaViolation
    raise kind_of_error(
        f"{rows.height} of {frame.height} rows break the rules of {table.name!r}: {', '.join(hit)}.",
        rows=rows,
        hint="Publish them to their own region." if foreign else "Correct the rows attached to this error.",
    )


def _sorted(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows sorted by key; keys that occur twice are refused."""
    key = [name for name in table.key if not _constant(frame.get_column(name))] or [table.key[0]]
    if frame.height < 2 or frame.select(_follows(key).tail(frame.height - 1).all()).item():
        return frame
    frame = frame.sort(key)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in key)
    repeats = frame.select(same.fill_null(value=False).alias("same")).get_column("same")
    if repeats.any():
        twice = repeats | repeats.shift(-1, fill_value=False)
        raise SchemaViolation(
            f"{int(repeats.sum())} rows of {table.name!r} repeat a key ({', '.join(table.key)}).",
            rows=_with_reason(frame.filter(twice), "repeated key"),
            hint="Keep one row a key.",
        )
    return frame


def _constant(series: pl.Series) -> bool:
    return len(series) > 0 and series[0] == series[-1] and bool((series == series[0]).all())


def _follows(key: list[str]) -> pl.Expr:
    """True where a row's key is greater than the one before it: sorted and unique at once."""

    def step(later: pl.Expr, name: str) -> pl.Expr:
        here, before = pl.col(name), pl.col(name).shift(1)
        return (here > before) | ((here == before) & later)

    return reduce(step, reversed(key), pl.lit(value=False))


def _with_reason(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    return rows.with_columns(reason=pl.lit(reason))


def region_of(table: Table, region: str | None) -> str:
    """Name of the slice a call may write: the region, or ``--`` for tables without regions.

    Raises
    ------
    SchemaViolation
        If a region is missing, unknown, or given for a table that has none.
    """
    from workbench.settings import REGIONS

    if not table.by_region:
        if region is not None:
            raise SchemaViolation(f"The table {table.name!r} has no regions.", hint="Leave region out.")
        return tables.NO_REGION
    if region not in REGIONS:
        raise SchemaViolation(
            f"The table {table.name!r} is kept by region, and {region!r} is none.",
            hint=f"Pass region= one of {', '.join(REGIONS)}.",
        )
    return str(region)
