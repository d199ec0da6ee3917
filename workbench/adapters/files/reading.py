"""Reads the user's files in windows of years, as received and as our columns."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets, settings
from workbench.adapters.files import mapping
from workbench.adapters.files.mapping import NO_DATE
from workbench.errors import ConfigError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.adapters.files.rules import EndedRule
    from workbench.adapters.files.spec import FileSpec

#: Rows read at once; a file of up to this size is one window.
WINDOW_ROWS = 2_500_000
#: Days read beyond a window, so that a bad print at its end can be told from a change of level.
LOOK_AHEAD = timedelta(days=14)
#: Above this share of unreadable dates (and this many rows) the format is wrong, not the rows.
_MOST_UNREADABLE = 0.01
_MANY_ROWS = 20


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


class SourceFiles:
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
        If no file matches or can be read, a mapped column is missing, or the dates do not read in the
        given format.

    Notes
    -----
    A line of a CSV without any value is no row.
    """

    def __init__(self, spec: FileSpec, root: str | Path, *, window_rows: int = WINDOW_ROWS) -> None:
        self.spec = spec
        self.window_rows = window_rows
        self.paths = _matching(Path(root).expanduser(), spec.file)
        with self._explained():
            self._raw = self._scan()
            self._check_columns()
            self._mapped = self._raw.select(mapping.columns(spec, self._raw.collect_schema()))
            self.spans = self._measure() if spec.day else self._count()

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return int(self.spans["rows"].sum())

    @property
    def unused(self) -> list[str]:
        """Columns of the files that the specification does not name."""
        used = {"row", *self.spec.used}
        return [name for name in self._raw.collect_schema().names() if name not in used]

    def windows(self) -> Iterator[Window]:
        """The rows in windows of whole years, oldest first; every row counts in exactly one window.

        Files of a table without a date, and those whose periods are inferred, are one window.
        """
        if not self.spec.day or self.spec.periods.infer:
            yield self.whole()
            return
        counts = self.spans.group_by("year").agg(pl.col("rows").sum()).sort("year")
        for start, end in _years(counts.rows(), self.window_rows):
            until = end + LOOK_AHEAD
            with self._explained():
                mapped = self._mapped.filter(pl.col("date").is_between(start, until)).collect()
            yield Window(start, end, mapped, self._raw)

    def whole(self) -> Window:
        """All rows at once."""
        with self._explained():
            return Window(date.min, date.max, self._mapped.collect(), self._raw)

    def rows_between(self, start: date, end: date) -> pl.DataFrame:
        """The mapped rows of some days, both included."""
        return self._mapped.filter(pl.col("date").is_between(start, end)).collect()

    def spans_by_ticker(self) -> pl.DataFrame:
        """Columns ticker, first, last: the days of each ticker that the calendar knows and that have been.

        Raises
        ------
        ConfigError
            If no row has both.
        """
        readable = self.spans.filter(pl.col("first").is_not_null() & pl.col("ticker").is_not_null())
        if readable.is_empty():
            raise ConfigError(
                f"{self.spec.file!r} has no row with a readable ticker and date.", hint="Correct the mapping."
            )
        return readable.group_by("ticker").agg(pl.col("first").min(), pl.col("last").max()).sort("ticker")

    def listings(self) -> pl.DataFrame:
        """Rows of ``tickers``: listed with the first bar; for the end see ``EndedRule``.

        A ticker whose bars stop long before the file does has ``delisting_reason`` "ended": the file does not
        say why.
        """
        spans = self.spans_by_ticker().join(self._names(), on="ticker", how="left")
        ended, delisted = ended_by(self.spec.ended, pl.col("last"))
        columns = TABLES["tickers"].columns
        given = {
            "region": pl.lit(self.spec.region),
            "spell": pl.lit(1),
            "currency": pl.lit(mapping.currency_of(self.spec)),
            "asset_type": pl.lit(self.spec.asset_type or "stock"),
            "listed_date": pl.col("first"),
            "delisted_date": delisted,
            "delisting_reason": pl.when(ended).then(pl.lit("ended")),
            "source": pl.lit(self.spec.source),
        }
        absent = {name: pl.lit(None) for name in columns if name not in {*given, *spans.columns}}
        return spans.with_columns(**given, **absent).select(pl.col(name).cast(kind) for name, kind in columns.items())

    def _names(self) -> pl.DataFrame:
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
            frame = pl.scan_csv(self.paths, infer_schema=False, glob=False, separator=self.spec.separator)
            frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
        else:
            raise ConfigError(
                f"{self.spec.file!r} matches files of kinds {sorted(suffixes)}.",
                hint="Give one kind: .parquet, .csv or .csv.gz.",
            )
        return frame.with_row_index("row")

    def _check_columns(self) -> None:
        known = self._raw.collect_schema().names()
        missing = sorted(set(self.spec.used) - set(known))
        if missing:
            raise ConfigError(
                f"{self.spec.file!r} has no column {', '.join(missing)}.",
                hint=f"Its columns are {', '.join(known[1:])}.",
            )

    def fixed_at(self) -> pl.LazyFrame:
        """For rates: ``row`` and the UTC instant of the fix."""
        instant = mapping.fix_instant(self.spec, self._raw.collect_schema())
        return self._raw.select("row", fixed_at=instant)

    def _measure(self) -> pl.DataFrame:
        """Rows, first and last day by ticker (pair, index) and year."""
        code = next(name for name in ("ticker", "pair", "index") if name in self._mapped.collect_schema().names())
        day = pl.col("date").filter(pl.col("date").is_between(*self._believable()))
        spans = (
            self._mapped.group_by(ticker=pl.col(code), year=pl.col("date").dt.year())
            .agg(rows=pl.len().cast(pl.Int64), first=day.min(), last=day.max())
            .collect(engine="streaming")
        )
        unreadable, rows = int(spans.filter(pl.col("year") == NO_DATE.year)["rows"].sum()), int(spans["rows"].sum())
        if unreadable > _MOST_UNREADABLE * rows and (unreadable > _MANY_ROWS or 2 * unreadable > rows):
            place = self._mapped.filter(pl.col("date") == NO_DATE).select("row").head(1).collect().item()
            sample = self._raw.filter(pl.col("row") == place).select(str(self.spec.day)).collect().item()
            raise ConfigError(
                f"{unreadable:,} of {rows:,} dates of {self.spec.file!r} cannot be read, such as {sample!r}.",
                hint=f"Set date_format (it is {self.spec.date_format or '%Y-%m-%d'}).",
            )
        return spans.sort("ticker", "year")

    def _count(self) -> pl.DataFrame:
        """The same columns, of all rows together, where they have no day."""
        rows = int(self._raw.select(pl.len()).collect().item())
        return pl.DataFrame(
            {"ticker": None, "year": None, "rows": rows, "first": None, "last": None},
            schema={"ticker": pl.String, "year": pl.Int32, "rows": pl.Int64, "first": pl.Date, "last": pl.Date},
        )

    def _believable(self) -> tuple[date, date]:
        """First and last day that a row can be of; a mistyped year must not move a listing or a range."""
        known = markets.first_known(self.spec.region) if self.spec.region else date.min
        return max(known, NO_DATE + timedelta(days=1)), settings.now().date()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the reader into one sentence with the next action."""
        try:
            yield
        except pl.exceptions.PolarsError as error:
            raise ConfigError(
                f"{self.spec.file!r} cannot be read: {str(error).strip().splitlines()[0].rstrip('.')}.",
                hint="Save a CSV as UTF-8, with as many fields in every line as in the first, and set `separator`.",
            ) from error


def ended_by(rule: EndedRule, last: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Whether a ticker whose rows stop on ``last`` has ended, and the day on which that could be known.

    The day is null unless the rule takes silence for a delisting.
    """
    ended = last < last.max().dt.offset_by(f"-{rule.after_days}d")
    known = last.dt.offset_by(f"{rule.after_days}d")
    return ended, pl.when(ended & (rule.as_ == "delisted")).then(known)


def _matching(root: Path, pattern: str) -> list[Path]:
    if not root.is_dir():
        raise ConfigError(f"There is no folder {root}.", hint="Pass the folder of the files with --root.")
    paths = sorted(path for path in root.glob(pattern) if path.is_file())
    if not paths:
        raise ConfigError(f"No file below {root} matches {pattern!r}.", hint="Correct `file` in the specification.")
    return paths


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
