"""Imports the user's own files: window after window of years through the same checks, into the lake."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.adapters.files import FileSpec, load_spec
from workbench.adapters.files.reading import WINDOW_ROWS, SourceFiles
from workbench.collect.imported_attributes import import_attributes
from workbench.collect.imported_bars import import_bars
from workbench.collect.imported_listings import import_listings
from workbench.collect.imported_rates import import_rates
from workbench.collect.imported_records import import_records
from workbench.collect.imported_statements import import_statements
from workbench.collect.job import silent
from workbench.collect.mixing import guard_mixing
from workbench.errors import DataError
from workbench.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.collect.job import Progress
    from workbench.lake.publish import Published

#: Reasons that an import in vain names.
_REASONS = 3
#: Where to look in the specification when most rows have this code.
_ADVICE = {
    "missing_price": "Prices that do not read as numbers: in a CSV set `thousands` to the separator inside numbers "
    '(such as ","), and see that `columns` names the price columns.',
    "missing_value": "Codes or days that cannot be read: see `columns`, `ticker` and `date_format`.",
    "closed_day": "Days on which the market was closed: see `region` and `date_format`.",
    "unknown_code": "Codes of another form: see `ticker`.",
    "unknown_period": "Periods that the rules do not place: see `periods`, and `values` for words of `form`.",
    "unknown_knowledge": "Rows of which nobody knows when they became known: see `knowledge`.",
    "known_too_early": "Rows known before their period ended: see `knowledge` and `period_end`.",
    "close_outside_range": "Close outside low and high: see that `columns` does not swap the price columns.",
}


@dataclass
class Account:
    """Where the rows of a file went, while it is imported.

    Attributes
    ----------
    published : int
        Rows handed to the lake, suspensions among them.
    inserted, unchanged, revised : int
        What became of them in the lake.
    quarantined, superseded : Counter of str
        Rows by reason.
    tables : Counter of str
        Rows handed to each table of the lake.
    cells, bad_cells : Counter of str
        Of fundamentals: numbers of the file by outcome (``in`` is all), and the quarantined by reason.
    notes : list of str
        What a reader of the result should know.
    """

    published: int = 0
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    superseded: Counter[str] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    bad_cells: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, table: str, done: Published) -> None:
        """Add what a publish of the file's rows did."""
        self.inserted += done.inserted
        self.unchanged += done.unchanged
        self.revised += done.revised
        self.count_beside(table, done)

    def count_beside(self, table: str, done: Published) -> None:
        """Add what a publish of rows did that were made besides."""
        rows = done.inserted + done.unchanged + done.revised
        if rows:
            self.tables[table] += rows

    def note(self, text: str) -> None:
        """Add a note once."""
        if text not in self.notes:
            self.notes.append(text)

    def note_bad(self, table: str, bad: pl.DataFrame) -> None:
        """Say how many values were quarantined that a row carries besides."""
        if bad.height:
            self.note(f"{bad.height} values for {table} are quarantined")


@dataclass(frozen=True)
class Imported:
    """What an import did; ``rows_in = published + quarantined + superseded``, always.

    Attributes
    ----------
    source : str
        Of the specification.
    lake : Path
        Root of the lake that took the rows.
    rows_in, published, quarantined, superseded : int
        Rows of the file, and where they went.
    inserted, unchanged, revised : int
        Rows of the lake: new keys, rows that it had already, and rows whose values changed.
    tables : mapping of str to int
        Rows handed to each table of the lake.
    cells : mapping of str to int
        Of fundamentals, the numbers of the file: ``in`` = ``published`` + ``quarantined`` + ``superseded``, and
        ``quarantined: <reason>``. Empty for other tables.
    by_reason : polars.DataFrame
        outcome (quarantined, superseded), reasons, rows; adds up to the two counts.
    notes : tuple of str
        Tickers that end early, actions that were derived.
    seconds : float
        Wall-clock time.
    """

    source: str
    lake: Path
    rows_in: int
    published: int
    quarantined: int
    superseded: int
    by_reason: pl.DataFrame
    notes: tuple[str, ...]
    seconds: float
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)

    def raise_for_nothing(self) -> None:
        """Raise if no row was published, so that an import in vain does not pass for a success.

        Raises
        ------
        DataError
            Names the most frequent reasons, and what to look at in the specification.
        """
        if self.published:
            return
        reasons = self.by_reason.filter(pl.col("outcome") == "quarantined").head(_REASONS)
        most = ", ".join(f"{name} ({rows:,})" for name, rows in reasons.select("reasons", "rows").rows())
        codes = {code for names in reasons["reasons"] for code in names.split(",")}
        advice = [text for code, text in _ADVICE.items() if code in codes]
        raise DataError(
            f"None of the {self.rows_in:,} rows of {self.source} was published; all are quarantined, most as: {most}.",
            hint=" ".join([*advice, "`wb health` shows rows as they were received."]),
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        names = ("rows_in", "published", "inserted", "unchanged", "revised", "quarantined", "superseded")
        counts = {name: getattr(self, name) for name in names}
        return {
            "source": self.source,
            "lake": str(self.lake),
            **counts,
            "tables": self.tables,
            "cells": self.cells,
            "by_reason": self.by_reason.to_dicts(),
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def import_files(
    lake: Lake,
    spec: FileSpec | str | Path | dict[str, Any],
    root: str | Path,
    *,
    progress: Progress | None = None,
    window_rows: int = WINDOW_ROWS,
) -> Imported:
    """Import CSV or Parquet files as a specification maps them.

    Parameters
    ----------
    lake : Lake
        The main lake. A specification that names a ``lake`` of its own goes into the folder
        ``<root of the main lake>_<name>`` beside it.
    spec : FileSpec, str, Path or dict
        The mapping, or its YAML file.
    root : str or Path
        Folder that the specification's files lie in.
    progress : callable, optional
        ``progress(stage, done, total)``, in rows.
    window_rows : int
        Rows held in memory at a time.

    Returns
    -------
    Imported
        An import that is repeated publishes nothing new.

    Raises
    ------
    ConfigError
        If the specification or a file does not fit, sample prices are in the lake, or its tickers have
        bars with another kind of adjustment.
    """
    begin = time.monotonic()
    mapping = load_spec(spec)
    target = lake_of(lake, mapping)
    guard_mixing(target, [mapping.source])
    files = SourceFiles(mapping, root, window_rows=window_rows)
    account = Account()
    _STEPS.get(mapping.table, import_records)(target, files, account, progress or silent)
    if files.unused:
        account.note(f"columns that the specification leaves out: {', '.join(files.unused)}")
    return _balanced(target, files, account, time.monotonic() - begin)


_STEPS = {
    "ohlcv": import_bars,
    "fx": import_rates,
    "fundamentals": import_statements,
    "tickers": import_listings,
    "attributes": import_attributes,
}


def lake_of(lake: Lake, spec: FileSpec) -> Lake:
    """The lake that a specification's rows go into: the given one, or one of its own beside it."""
    if spec.lake is None:
        return lake.live()
    return Lake(lake.root.with_name(f"{lake.root.name}_{spec.lake}"), pinned=None)


def _balanced(lake: Lake, files: SourceFiles, account: Account, seconds: float) -> Imported:
    outcomes = [("quarantined", account.quarantined), ("superseded", account.superseded)]
    rows = [(name, reasons, count) for name, counter in outcomes for reasons, count in counter.most_common()]
    quarantined, superseded = account.quarantined.total(), account.superseded.total()
    if files.rows != account.published + quarantined + superseded:
        raise DataError(
            f"{files.rows:,} rows of {files.spec.file!r} became {account.published:,} published, {quarantined:,} "
            f"quarantined and {superseded:,} superseded, which does not add up.",
            hint="The file changed while it was read: import it again.",
        )
    return Imported(
        source=files.spec.source,
        lake=lake.root,
        rows_in=files.rows,
        published=account.published,
        quarantined=quarantined,
        superseded=superseded,
        by_reason=pl.DataFrame(
            rows, schema={"outcome": pl.String, "reasons": pl.String, "rows": pl.Int64}, orient="row"
        ),
        notes=tuple(account.notes),
        seconds=round(seconds, 3),
        inserted=account.inserted,
        unchanged=account.unchanged,
        revised=account.revised,
        tables=dict(account.tables),
        cells={**account.cells, **{f"quarantined: {name}": count for name, count in account.bad_cells.items()}},
    )
