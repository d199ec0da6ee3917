"""Queries over the lake: one DuckDB connection a lake, with the tables a query names."""

from __future__ import annotations

import re
import threading
import warnings
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from workbench.errors import LakeError
from workbench.lake import tables, views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb
    import polars as pl
    import pyarrow as pa

    from workbench.lake.store import Lake

warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)

SETTINGS = ("TimeZone = 'UTC'", "parquet_metadata_cache = true", "python_enable_replacements = false")
_sessions: weakref.WeakKeyDictionary[Lake, Session] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


class Session:
    """A DuckDB connection and the versions its views show.

    Cursors share the connection's views, so that each thread may run a query of its own; only the
    registration is guarded. A view is replaced when the version of what it reads has moved. Worlds that
    share tables in memory share their connection as well, each with a schema of its own.
    """

    def __init__(self, lake: Lake) -> None:
        import duckdb

        self._schema = "main"
        if lake.held is None:
            self._connection = duckdb.connect()
            for setting in SETTINGS:
                self._connection.execute(f"SET GLOBAL {setting}")
        else:
            self._connection, self._schema = lake.held.world()
        self._lock = threading.Lock()
        self._shown: dict[str, object] = {}

    def cursor(self, lake: Lake, names: Iterable[str]) -> duckdb.DuckDBPyConnection:
        """A cursor on which the named tables and views show the lake's versions."""
        wanted = views.required(names, lake)
        stored = [name for name in wanted if name not in views.VIEWS]
        whole = len(stored) > 1 or any(name in tables.SIDE_TABLES for name in stored)
        versions = lake.tables() if whole else _versions(lake, stored)
        with self._lock:
            for name in wanted:
                self._show(lake, name, versions)
        cursor = self._connection.cursor()
        if self._schema != "main":
            cursor.execute(f"USE {self._schema}")
        return cursor

    def _show(self, lake: Lake, name: str, versions: Mapping[str, int]) -> None:
        state = _state(lake, name, versions)
        if self._shown.get(name, "") != state:
            self._connection.execute(views.define(name, lake, versions).create)
            self._shown[name] = state


def _versions(lake: Lake, names: Iterable[str]) -> dict[str, int]:
    found = {name: lake.version(name) for name in names}
    return {name: version for name, version in found.items() if version is not None}


def _state(lake: Lake, name: str, versions: Mapping[str, int]) -> object:
    """What a view depends on: when this is unchanged, so is the view."""
    if name == tables.FACTOR_SCORES:
        return tuple(sorted(set(versions) & set(views.required([name], lake))))
    if name in tables.SIDE_TABLES:
        return tuple(sorted(versions.items()))
    return versions.get(name)


def session(lake: Lake) -> Session:
    """The session of a lake, made at its first query."""
    with _guard:
        if lake not in _sessions:
            _sessions[lake] = Session(lake)
        return _sessions[lake]


def query(lake: Lake, text: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Answer one read statement.

    Parameters
    ----------
    lake : Lake
    text : str
        DuckDB SQL. Tables have the columns of :mod:`workbench.schemas` and, where they are partitioned
        by year, ``year`` (a condition on it spares files). ``"factor_scores/<set>"`` needs quotes.
    params : sequence or mapping, optional
        Values of ``?`` or of ``$name``.

    Returns
    -------
    polars.DataFrame
        Text as String, days as Date, instants as Datetime in UTC, whole sums as Int64 where they fit.

    Raises
    ------
    LakeError
        If the statement is not a single read, names an unknown table, or DuckDB refuses it.
    """
    import duckdb
    import polars as pl

    if text.strip().rstrip("; ").lower() == "show tables":
        # The connection itself knows only what was asked so far.
        return pl.DataFrame({"name": sorted(views.known(lake))})
    with _explained(lake):
        statements = duckdb.extract_statements(text)
        reads = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
        if len(statements) != 1 or statements[0].type not in reads:
            raise LakeError(
                "A query of the lake is one statement that reads, such as SELECT or DESCRIBE.",
                hint="Publish rows with lake.publish, and run statements one by one.",
            )
        with reading(lake, views.named(lake, text)) as cursor:
            # A relation (cursor.sql) would bind the file list twice, a millisecond of each look-up; the copy
            # that DuckDB warns of costs a tenth of that per hundred thousand rows.
            return _frame(cursor.execute(text, params).to_arrow_table())


@contextmanager
def reading(lake: Lake, names: Iterable[str], **frames: pl.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor that sees the named tables and views, and the given frames under their own names."""
    cursor = session(lake).cursor(lake, names)
    try:
        for name, frame in frames.items():
            cursor.register(name, frame.to_arrow())
        yield cursor
    finally:
        cursor.close()


@contextmanager
def _explained(lake: Lake) -> Iterator[None]:
    """Turn an error of DuckDB into one sentence with the next action."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        message = " ".join(str(error).split("\n\nLINE", maxsplit=1)[0].split())
        missing = re.search(r"Table with name (\S+) does not exist", message)
        if missing:
            raise LakeError(
                f"The lake has no table or view {missing[1]!r}.", hint=f"It knows {', '.join(views.known(lake))}."
            ) from error
        raise LakeError(
            f"DuckDB refused the query: {message.rstrip('.')}.",
            hint="Look at the columns with `DESCRIBE <table>`, then correct it.",
        ) from error


def _frame(table: pa.Table) -> pl.DataFrame:
    """A polars frame, whole sums as Int64 instead of a decimal of 38 digits."""
    import polars as pl

    frame = pl.DataFrame(table)
    wide = [name for name, kind in frame.schema.items() if kind == pl.Decimal(38, 0)]
    fitting = [name for name in wide if frame[name].is_between(-(2**63), 2**63 - 1).all()]
    return frame.cast(dict.fromkeys(fitting, pl.Int64()))
