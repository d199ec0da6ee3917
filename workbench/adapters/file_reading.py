"""Reads the user's files in windows of years, as received and as our columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.adapters.files import FileSpec

#: Rows read at once; a file of up to this size is one window.
WINDOW_ROWS = 2_500_000
#: Days read beyond a window, so that a bad print at its end can be told from a change of level.
LOOK_AHEAD = timedelta(days=14)
#: Stands for a date that could not be read; such rows are quarantined.
NO_DATE = date(1970, 1, 1)
#: Above this share of unreadable dates the format is wrong, not the rows.
_MOST_UNREADABLE = 0.01
_PRICES = ("open", "high", "low", "close", "restated_close")


@dataclass(frozen=True)
class Window:
    """Rows of some years.

    Attributes
    ----------
    start, end : date
        The rows that count; later ones are there for comparison only.
    mapped : polars.DataFrame
        ``row`` (position in the file), the mapped columns in our names and units, ``edition`` where the
        specification orders duplicates. Unreadable numbers are null.
    received : polars.LazyFrame
        ``row`` and the mapped columns as the file has them.
    """

    start: date
    end: date
    mapped: pl.DataFrame
    received: pl.LazyFrame

    def received_rows(self, rows: pl.Series) -> pl.DataFrame:
        """Some rows as the file has them, by their position, with the column ``row``."""
        if rows.is_empty():
            return self.received.head(0).collect()
        wanted = self.received.slice(int(rows.min()), int(rows.max()) - int(rows.min()) + 1)  # type: ignore[arg-type]
        return wanted.filter(pl.col("row").is_in(rows.implode())).collect()


class PriceFiles:
    """The files of one specification.

    Parameters
    ----------
    spec : FileSpec
        What they hold.
    root : str or Path
        Folder that ``spec.file`` is relative to.
    window_rows : int
        Rows read at once.

    Raises
    ------
    ConfigError
        If no file matches, a mapped column is missing, or the dates do not read in the given format.
    """

    def __init__(self, spec: FileSpec, root: str | Path, *, window_rows: int = WINDOW_ROWS) -> None:
        self.spec = spec
        self.window_rows = window_rows
        self.paths = _matching(Path(root).expanduser(), spec.file)
        self._raw = self._scan()
        self._check_columns()
        self._mapped = self._map()
        self.spans = self._measure()

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return int(self.spans["rows"].sum())

    def windows(self) -> Iterator[Window]:
        """The rows in windows of whole years, oldest first; every row counts in exactly one window."""
        counts = self.spans.group_by("year").agg(pl.col("rows").sum()).sort("year")
        for start, end in _years(counts.rows(), self.window_rows):
            until = end + LOOK_AHEAD
            mapped = self._mapped.filter(pl.col("date").is_between(start, until)).collect()
            yield Window(start, end, mapped, self._raw)

    def names(self) -> pl.DataFrame:
        """Columns ticker, name, exchange: the last ones that the files give, null where they give none."""
        given = [name for name in ("name", "exchange") if name in self.spec.columns]
        absent = [pl.lit(None, pl.String).alias(name) for name in ("name", "exchange") if name not in given]
        last = self._mapped.group_by("ticker").agg(pl.col(given).last()) if given else self._mapped.select("ticker")
        return last.unique("ticker").with_columns(absent).select("ticker", "name", "exchange").collect()

    def _scan(self) -> pl.LazyFrame:
        suffixes = {"csv" if ".csv" in path.suffixes else path.suffix.lstrip(".") for path in self.paths}
        if suffixes == {"parquet"}:
            frame = pl.scan_parquet(self.paths, glob=False)
        elif suffixes == {"csv"}:
            # Text throughout: a code such as 005930 must not become a number.
            frame = pl.scan_csv(self.paths, infer_schema=False, glob=False)
        else:
            raise ConfigError(
                f"{self.spec.file!r} matches files of kinds {sorted(suffixes)}.",
                hint="Give one kind: .parquet, .csv or .csv.gz.",
            )
        return frame.with_row_index("row")

    def _check_columns(self) -> None:
        known = self._raw.collect_schema().names()
        wanted = set(self.spec.columns.values())
        if self.spec.duplicates:
            wanted.add(self.spec.duplicates.order_by)
        missing = sorted(wanted - set(known))
        if missing:
            raise ConfigError(
                f"{self.spec.file!r} has no column {', '.join(missing)}.",
                hint=f"Its columns are {', '.join(known[1:])}.",
            )

    def _map(self) -> pl.LazyFrame:
        spec, schema = self.spec, self._raw.collect_schema()
        columns = [pl.col("row"), self._date(schema).alias("date")]
        for ours, theirs in spec.columns.items():
            if ours in ("date",):
                continue
            column = pl.col(theirs)
            if ours in ("ticker", "pair", "name", "exchange"):
                text = column.cast(pl.String).str.strip_chars()
                columns.append((_code(text, spec) if ours == "ticker" else text).alias(ours))
            else:
                unit = spec.price_unit if ours in _PRICES else spec.volume_unit if ours == "volume" else 1.0
                columns.append(_number(column, schema[theirs], spec.thousands, unit).alias(ours))
        if spec.duplicates:
            columns.append(pl.col(spec.duplicates.order_by).alias("edition"))
        return self._raw.select(columns)

    def _date(self, schema: pl.Schema) -> pl.Expr:
        theirs = self.spec.columns["date"]
        column, kind = pl.col(theirs), schema[theirs]
        if self.spec.table == "fx" and kind != pl.Date:
            day = _instant(column, kind, self.spec).dt.convert_time_zone(self.spec.fix.timezone).dt.date()
        elif kind == pl.Date:
            day = column
        elif kind.is_temporal():
            day = column.dt.date()
        else:
            day = column.cast(pl.String).str.strip_chars().str.to_date(self.spec.date_format, strict=False)
        return day.fill_null(NO_DATE)

    def fixed_at(self) -> pl.LazyFrame:
        """For rates: ``row`` and the UTC instant of the fix."""
        schema = self._raw.collect_schema()
        theirs = self.spec.columns["date"]
        if schema[theirs] == pl.Date:
            instant = pl.col(theirs).cast(pl.Datetime("us")).dt.replace_time_zone(self.spec.fix.timezone)
        else:
            instant = _instant(pl.col(theirs), schema[theirs], self.spec).dt.convert_time_zone(self.spec.fix.timezone)
        if self.spec.fix.marks == "start":
            instant = instant.dt.offset_by("1d")
        return self._raw.select("row", fixed_at=instant.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC")))

    def _measure(self) -> pl.DataFrame:
        """Rows, first and last day by ticker (or pair) and year."""
        code = "ticker" if self.spec.table == "ohlcv" else "pair"
        spans = (
            self._mapped.group_by(ticker=pl.col(code), year=pl.col("date").dt.year())
            .agg(rows=pl.len().cast(pl.Int64), first=pl.col("date").min(), last=pl.col("date").max())
            .collect(engine="streaming")
        )
        unreadable = int(spans.filter(pl.col("year") == NO_DATE.year)["rows"].sum())
        if unreadable > _MOST_UNREADABLE * int(spans["rows"].sum()):
            sample = self._raw.select(self.spec.columns["date"]).head(1).collect().item()
            raise ConfigError(
                f"{unreadable:,} dates of {self.spec.file!r} cannot be read, such as {sample!r}.",
                hint=f"Set date_format (it is {self.spec.date_format or '%Y-%m-%d'}).",
            )
        return spans.sort("ticker", "year")


def _matching(root: Path, pattern: str) -> list[Path]:
    if not root.is_dir():
        raise ConfigError(f"There is no folder {root}.", hint="Pass the folder of the files with --root.")
    paths = sorted(path for path in root.glob(pattern) if path.is_file())
    if not paths:
        raise ConfigError(f"No file below {root} matches {pattern!r}.", hint="Correct `file` in the specification.")
    return paths


def _code(text: pl.Expr, spec: FileSpec) -> pl.Expr:
    rule = spec.ticker
    if rule.strip_suffix:
        text = text.str.strip_suffix(rule.strip_suffix)
    if rule.case != "keep":
        text = text.str.to_uppercase() if rule.case == "upper" else text.str.to_lowercase()
    return text.str.zfill(rule.pad) if rule.pad else text


def _number(column: pl.Expr, kind: pl.DataType, thousands: str, unit: float) -> pl.Expr:
    if kind == pl.String:
        text = column.str.strip_chars()
        column = text.str.replace_all(thousands, "", literal=True) if thousands else text
    number = column.cast(pl.Float64, strict=False)
    return number if unit == 1.0 else number * unit


def _instant(column: pl.Expr, kind: pl.DataType, spec: FileSpec) -> pl.Expr:
    if kind == pl.String:
        return column.str.to_datetime(spec.date_format, strict=False, time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _years(counts: list[tuple[int, int]], most: int) -> Iterator[tuple[date, date]]:
    """Runs of years with at most ``most`` rows each (a single larger year is a run)."""
    first, rows = counts[0][0], 0
    last = first
    for year, count in counts:
        if rows and rows + count > most:
            yield date(first, 1, 1), date(last, 12, 31)
            first, rows = year, 0
        rows, last = rows + count, year
    yield date(first, 1, 1), date(last, 12, 31)


def currency_of(spec: FileSpec) -> str:
    """Currency of the prices: the specification's, else the region's."""
    return spec.currency or markets.get(str(spec.region)).currency
