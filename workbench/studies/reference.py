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
        A column date (ISO) and one numeric column a factor; a column rf is left out.
    percent : bool
        The file holds percentages, as Kenneth French's library does; they are divided by 100.

    Returns
    -------
    polars.DataFrame
        date and one column a factor, for ``wb.research.tearsheet(..., factor_returns=...)``.

    Raises
    ------
    ConfigError
        No such file, another format, or no column date.
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
    names = [name for name, kind in frame.schema.items() if kind.is_numeric() and name not in _CASH]
    scale = 0.01 if percent else 1.0
    return frame.select(pl.col("date").cast(pl.Date), *(pl.col(name) * scale for name in names))
