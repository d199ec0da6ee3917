"""Tables and views as SQL: what ``lake.sql`` registers, and what any DuckDB client can run.

A table is a SELECT over the explicit file list of one version. A listing of the folder is never used:
it would also see files that were replaced, and those of writers that died.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from workbench.errors import LakeError
from workbench.lake import side, tables
from workbench.lake.reading import quoted
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from workbench.lake.store import Lake
    from workbench.schemas import Table

#: Views by name, and the tables and views each one reads.
VIEWS: Mapping[str, tuple[str, ...]] = {
    "spells": ("tickers",),
    "ohlcv_adjusted": ("ohlcv", "actions", "tickers", "fx", "spells"),
    "ohlcv_weekly": ("ohlcv", "spells"),
    "ohlcv_monthly": ("ohlcv", "spells"),
    "ohlcv_yearly": ("ohlcv", "spells"),
    "factor_scores": (),
}
_WORDS = re.compile(r"\w+")
_PERIODS = {"ohlcv_weekly": ("week", "W"), "ohlcv_monthly": ("month", "M"), "ohlcv_yearly": ("year", "Y")}
_TYPES = {
    "String": "VARCHAR",
    "Float64": "DOUBLE",
    "Float32": "FLOAT",
    "Int64": "BIGINT",
    "Int32": "INTEGER",
    "Date": "DATE",
    "Boolean": "BOOLEAN",
    "Datetime": "TIMESTAMP WITH TIME ZONE",
    "List": "DOUBLE[]",
}


@dataclass(frozen=True)
class Definition:
    """One view of a DuckDB client: its name and the SELECT behind it."""

    name: str
    select: str

    @property
    def create(self) -> str:
        """The statement that creates it."""
        return f"CREATE OR REPLACE VIEW {identifier(self.name)} AS\n{self.select.strip().rstrip(';')}"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def known(lake: Lake) -> list[str]:
    """Every name a query may use, tables first."""
    return [*dict.fromkeys((*TABLES, *tables.names(lake.root))), *VIEWS]


def named(lake: Lake, text: str) -> list[str]:
    """Tables and views whose names occur in a query; one too many does no harm."""
    lowered = text.lower()
    words = set(_WORDS.findall(lowered))
    sets = _factor_sets(lake) if f"{tables.FACTOR_SCORES}/" in lowered else []
    return [*(name for name in (*TABLES, *VIEWS) if name in words), *(name for name in sets if name.lower() in lowered)]


def required(names: Iterable[str], lake: Lake) -> list[str]:
    """The names and everything they read, each after what it reads."""
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        for below in _reads(name, lake):
            visit(below)
        ordered.setdefault(name)

    for name in names:
        visit(name)
    return list(ordered)


def _reads(name: str, lake: Lake) -> tuple[str, ...]:
    return tuple(_factor_sets(lake)) if name == "factor_scores" else VIEWS.get(name, ())


def _factor_sets(lake: Lake) -> list[str]:
    return [name for name in lake.tables() if name.startswith(f"{tables.FACTOR_SCORES}/")]


def table(declared: Table, files: list[str], commits: pl.DataFrame | None = None) -> Definition:
    """A table as a view over its files; typed and empty where there are none.

    Parameters
    ----------
    declared : Table
    files : list of str
        The Parquet files of one version.
    commits : polars.DataFrame, optional
        For a side table: the committed publishes, which decide what is visible.
    """
    source = _source(declared, files)
    if declared.name in tables.SIDE_TABLES and commits is not None:
        return Definition(declared.name, side.select_sql(declared.name, source, commits))
    columns = ", ".join(identifier(column) for column in tables.stored_columns(declared))
    return Definition(declared.name, f"SELECT {columns} FROM {source}")


def _source(declared: Table, files: list[str]) -> str:
    columns = {name: _TYPES[type(kind).__name__] for name, kind in tables.stored_columns(declared).items()}
    if not files:
        typed = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in columns.items())
        return f"(SELECT {typed} WHERE false)"
    listed = ", ".join(quoted(path) for path in files)
    types = ", ".join(f"{quoted(name)}: {columns[name]}" for name in declared.partition)
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if types else "hive_partitioning = false"
    return f"read_parquet([{listed}], {hive})"


def view(name: str, lake: Lake) -> Definition:
    """A derived view by name."""
    if name in _PERIODS:
        word, code = _PERIODS[name]
        return Definition(name, _text("ohlcv_period").format(word=word, code=code))
    if name == "factor_scores":
        return Definition(name, _long_scores(_factor_sets(lake)))
    return Definition(name, _text(name))


def _long_scores(sets: list[str]) -> str:
    if not sets:
        types = ("VARCHAR", "VARCHAR", "DATE", "VARCHAR", "FLOAT", "DOUBLE", "VARCHAR")
        names = ("region", "ticker", "date", "factor_name", "score", "percentile", "factor_set")
        return "SELECT " + ", ".join(f"NULL::{k} AS {n}" for k, n in zip(types, names, strict=True)) + " WHERE false"
    parts = [
        f"SELECT region, ticker, date, factor_name, score, {quoted(name.split('/', 1)[1])} AS factor_set\n"
        f"FROM (UNPIVOT (SELECT COLUMNS(lambda c: c NOT IN ('year', 'definition')) FROM {identifier(name)})\n"
        "    ON COLUMNS(* EXCLUDE (region, ticker, date)) INTO NAME factor_name VALUE score)"
        for name in sets
    ]
    return _text("factor_scores").format(union="\nUNION ALL\n".join(parts))


@lru_cache
def _text(name: str) -> str:
    return (resources.files("workbench.lake") / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def define(name: str, lake: Lake, versions: Mapping[str, int]) -> Definition:
    """The definition of a table or view at given versions.

    Raises
    ------
    LakeError
        If the name is unknown.
    """
    if name in VIEWS:
        return view(name, lake)
    if lake.altered is not None:
        # Later actions need prices: an altered table may read others than itself.
        every, held = lake.tables(), lake.held

        def stored(other: str) -> str:
            return (held and held.select(other)) or _stored(other, lake, every).select

        return Definition(name, lake.altered.select(name, stored))
    return _stored(name, lake, versions)


def _stored(name: str, lake: Lake, versions: Mapping[str, int]) -> Definition:
    """A table as its files have it."""
    from workbench.lake import delta

    declared = tables.resolve(lake.root, name)
    known_at = versions.get(name)
    # Newest year first: "the last 250 days" then finds them in the first files and skips the others.
    files = [] if known_at is None else sorted(delta.at_version(lake.root / name, known_at).file_uris(), reverse=True)
    commits = side.committed_at(lake.root, versions) if name in tables.SIDE_TABLES else None
    return table(declared, files, commits)


def script(lake: Lake) -> str:
    """SQL that creates every table and view of the lake's present versions in any DuckDB client.

    Raises
    ------
    LakeError
        If the lake has no table yet.
    """
    versions = lake.tables()
    if not versions:
        raise LakeError(f"The lake {lake.root} has no table yet.", hint="Collect or import something first.")
    head = [f"-- {name}: version {version}" for name, version in versions.items()]
    names = required([*TABLES, *versions, *VIEWS], lake)
    return "\n".join([*head, "", *(f"{define(name, lake, versions).create};\n" for name in names)])
