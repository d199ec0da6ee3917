"""Factor returns from a file, for the exposure of a long-short return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl

#: What data libraries put beside factors and is none: the return of cash.
_CASH = ("rf", "RF")


def factor_returns(path: str | Path, *, percent: bool = False) -> pl.DataFrame:
    """Daily factor returns of a CSV or Parquet file, as fractions.

    Parameters
    ----------
    path : str or Path
        A column date (ISO, or the number 20240131 as in Kenneth French's library) and one numeric column a
        factor; a column rf is left out. A column region is kept.
    percent : bool
        The file holds percentages, as Kenneth French's library does; they are divided by 100, and its marks of a
        missing value, -99.99 and -999, are null.

    Returns
    -------
    polars.DataFrame
        date and one column a factor, for ``wb.research.tearsheet(..., factor_returns=...)``.

    Raises
    ------
    ConfigError
        No such file, another format, no column date, or dates that cannot be read.
    """
    import polars as pl

    file = Path(path)
    readers = {".parquet": pl.read_parquet, ".csv": lambda name: pl.read_csv(name, try_parse_dates=True)}
    if not file.is_file() or file.suffix not in readers:
        raise ConfigError(
            f"{str(path)!r} is no CSV or Parquet file of factor returns.", hint="Give the path of one that exists."
        )
    frame: pl.DataFrame = readers[file.suffix](file)
    if "date" not in frame.columns:
        raise ConfigError(f"{str(path)!r} has no column date.", hint=f"It has {', '.join(frame.columns)}.")
    names = [name for name, kind in frame.schema.items() if kind.is_numeric() and name not in _CASH and name != "date"]
    region = [pl.col("region")] if "region" in frame.columns else []
    values = [pl.when(pl.col(name) > -99.0).then(pl.col(name) / 100.0) if percent else pl.col(name) for name in names]
    return frame.select(
        _dates(frame["date"], file.name), *region, *(one.alias(name) for one, name in zip(values, names, strict=True))
    )


def _dates(days: pl.Series, file: str) -> pl.Series:
    """Dates as dates; a number is no count of days since 1970."""
    import polars as pl

    if days.dtype.is_numeric():
        days = days.cast(pl.Int64).cast(pl.String)
    found = days
    if days.dtype == pl.String:
        found = days.str.to_date("%Y-%m-%d", strict=False).fill_null(days.str.to_date("%Y%m%d", strict=False))
    found = found.cast(pl.Date)
    if found.null_count():
        raise ConfigError(
            f"{found.null_count()} dates of {file} cannot be read (the first: {days.filter(found.is_null())[0]!r}).",
            hint="Write them as 2024-01-31 or 20240131.",
        )
    return found
