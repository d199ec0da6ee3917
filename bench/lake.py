"""The lake against SQLite with the classic schema: size, load and five queries, in one run.

    python bench/lake.py                      2.2 million rows
    python bench/lake.py --rows 22000000      as in `make soak`
    python bench/lake.py --json figures.json

Both sides hold the same rows: random walks of six regions, ten years, rounded like real prices.

- Lake: `lake.publish` of each region's frame, then `lake.compact()`; both count as loading.
- SQLite: `executemany` in one transaction with every index in place (classic), and once more with the
  indexes made at the end. Making Python tuples of the frame is not counted. Journal in WAL mode, no
  fsync, 512 MB of cache, memory-mapped reads, ANALYZE after loading.

Queries are timed warm, as medians, from the call to the result in Python: a polars frame on one side,
a list of tuples on the other. Each pair of results is compared before it is timed. There is no
assertion on seconds: the table shows the aims next to the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from walks import DAYS, FIRST, LAST, REGIONS, region_frame

from workbench import schemas
from workbench.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = tuple(schemas.TABLES["ohlcv"].columns)
TABLE = """CREATE TABLE ohlcv_data (id INTEGER PRIMARY KEY AUTOINCREMENT, ticker TEXT NOT NULL, region TEXT NOT NULL,
    timeframe TEXT NOT NULL, date TEXT NOT NULL, open REAL, high REAL, low REAL, close REAL, volume INTEGER,
    turnover REAL, adjusted TEXT, source TEXT, collected_at TEXT, UNIQUE (ticker, region, timeframe, date))"""
INDEXES = (
    "CREATE INDEX by_region ON ohlcv_data (region)",
    "CREATE INDEX by_region_ticker ON ohlcv_data (region, ticker)",
    "CREATE INDEX by_region_date ON ohlcv_data (region, date)",
    "CREATE INDEX by_ticker_region_date ON ohlcv_data (ticker, region, date)",
)
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = OFF",
    "cache_size = -524288",
    "temp_store = MEMORY",
    "mmap_size = 8589934592",
)
BARS = "open, high, low, close, volume"


@dataclass(frozen=True)
class Query:
    """One question in both dialects, with its parameters and what is aimed at."""

    name: str
    lake: str
    sqlite: str
    params: tuple[Any, ...]
    lake_params: tuple[Any, ...]
    aim: str


@dataclass
class Figure:
    """One line of the report."""

    what: str
    lake: float
    sqlite: float
    unit: str
    aim: str

    @property
    def ratio(self) -> float:
        return self.sqlite / self.lake if self.lake else float("inf")


def queries() -> list[Query]:
    """The five questions of the bench."""
    three = [(region, REGIONS[region][2].format(7)) for region in ("KR", "US", "JP")]
    since, year = date(2025, 6, 30), 2025
    last_200 = DAYS[-200].item()
    pairs = " OR ".join(["(region = ? AND ticker = ?)"] * 3)
    flat = tuple(value for pair in three for value in pair)
    code = REGIONS["KR"][2].format(11)
    return [
        Query(
            "one ticker, last 250 days",
            f"SELECT date, {BARS} FROM ohlcv WHERE region = ? AND ticker = ? AND timeframe = 'D' "
            "ORDER BY date DESC LIMIT 250",
            f"SELECT date, {BARS} FROM ohlcv_data WHERE region = ? AND ticker = ? AND timeframe = 'D' "
            "ORDER BY date DESC LIMIT 250",
            ("KR", code),
            ("KR", code),
            "under 5 ms",
        ),
        Query(
            "three tickers of three regions since a date",
            f"SELECT region, ticker, date, {BARS} FROM ohlcv WHERE ({pairs}) AND year >= ? AND date >= ?",
            f"SELECT region, ticker, date, {BARS} FROM ohlcv_data WHERE ({pairs}) AND date >= ?",
            (*flat, since.isoformat()),
            (*flat, year, since),
            "under 5 ms",
        ),
        Query(
            "top 50 by distance from the 200-day mean",
            "SELECT region, ticker, arg_max(close, date) / avg(close) - 1 AS distance FROM ohlcv "
            "WHERE year >= ? AND date >= ? AND timeframe = 'D' GROUP BY region, ticker ORDER BY distance DESC LIMIT 50",
            # In SQLite a bare column beside max() takes its row: no window and no join are needed.
            "SELECT region, ticker, close / avg(close) - 1 AS distance, max(date) FROM ohlcv_data "
            "WHERE date >= ? AND timeframe = 'D' GROUP BY region, ticker ORDER BY distance DESC LIMIT 50",
            (last_200.isoformat(),),
            (last_200.year, last_200),
            "10 times faster",
        ),
        Query(
            "rows and tickers a region",
            "SELECT region, count(*) AS n, count(DISTINCT ticker) AS tickers FROM ohlcv GROUP BY region",
            "SELECT region, count(*), count(DISTINCT ticker) FROM ohlcv_data GROUP BY region",
            (),
            (),
            "10 times faster",
        ),
        Query(
            "ten years of one region",
            f"SELECT ticker, date, {BARS} FROM ohlcv WHERE region = ?",
            f"SELECT ticker, date, {BARS} FROM ohlcv_data WHERE region = ?",
            ("US",),
            ("US",),
            "10 times faster",
        ),
    ]


def load_lake(folder: Path, tickers: int, seed: int) -> tuple[Lake, float]:
    """Publish every region and compact; seconds without making the frames."""
    lake, seconds = Lake(folder, pinned=None), 0.0
    for region in REGIONS:
        frame = region_frame(region, tickers, seed)
        started = time.perf_counter()
        lake.publish("ohlcv", frame, region)
        seconds += time.perf_counter() - started
    started = time.perf_counter()
    lake.compact()
    return lake, seconds + time.perf_counter() - started


def load_sqlite(path: Path, tickers: int, seed: int, *, indexes_first: bool) -> tuple[sqlite3.Connection, float]:
    """Insert every row in one transaction; seconds without making the tuples."""
    base = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        base.execute(f"PRAGMA {pragma}")
    base.execute(TABLE)
    for statement in INDEXES if indexes_first else ():
        base.execute(statement)
    insert = f"INSERT INTO ohlcv_data ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    seconds = 0.0
    base.execute("BEGIN")
    for region in REGIONS:
        for rows in tuples(region_frame(region, tickers, seed)):
            started = time.perf_counter()
            base.executemany(insert, rows)
            seconds += time.perf_counter() - started
    started = time.perf_counter()
    base.execute("COMMIT")
    for statement in () if indexes_first else INDEXES:
        base.execute(statement)
    seconds += time.perf_counter() - started
    base.execute("ANALYZE")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return base, seconds


def tuples(frame: pl.DataFrame, size: int = 200_000) -> Iterator[list[tuple[Any, ...]]]:
    """Rows as SQLite takes them, in portions: dates as text, volumes as whole numbers."""
    ready = frame.with_columns(
        pl.col("date").cast(pl.String), pl.col("volume").cast(pl.Int64), pl.lit("2026-01-02").alias("collected_at")
    )
    for part in ready.iter_slices(size):
        yield part.rows()


def checksum(frame: pl.DataFrame) -> list[int]:
    """Rows, and one whole number a column: order and rounding of sums do not matter."""
    figures = [frame.height]
    for column in frame.iter_columns():
        if column.dtype.is_float():
            figures.append(int((column * 10_000).round().cast(pl.Int64).sum()))
        elif column.dtype.is_integer():
            figures.append(int(column.sum()))
        else:
            figures.append(sum(map(hash, column.cast(pl.String).to_list())))
    return figures


def warm_median(call: Callable[[], object], repeats: int) -> float:
    """Milliseconds of a call that has run before."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def compare(lake: Lake, base: sqlite3.Connection, repeats: int) -> list[Figure]:
    """Check that both sides answer alike, and time them."""
    figures = []
    for query in queries():
        frame = lake.sql(query.lake, query.lake_params)
        rows = base.execute(query.sqlite, query.params).fetchall()
        other = pl.DataFrame([row[: frame.width] for row in rows], schema=frame.columns, orient="row")
        numbers = {name: kind for name, kind in frame.schema.items() if kind.is_numeric()}
        if checksum(frame) != checksum(other.cast(numbers)):
            raise SystemExit(f"{query.name}: the two sides answer differently, {frame.head()} and {other.head()}")
        mine = warm_median(lambda query=query: lake.sql(query.lake, query.lake_params), repeats)
        theirs = warm_median(
            lambda query=query: base.execute(query.sqlite, query.params).fetchall(), max(3, repeats // 3)
        )
        figures.append(Figure(query.name, mine, theirs, "ms", query.aim))
    return figures


def folder_mb(folder: Path) -> float:
    """Size of everything below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def report(rows: int, figures: list[Figure]) -> None:
    """Print the table."""
    print(f"{rows:,} rows, {len(REGIONS)} regions, {FIRST} to {LAST}; {os.cpu_count()} cores\n")
    print(f"{'':<46}{'lake':>12}{'SQLite':>12}  {'':<4}{'ratio':>8}  aim")
    for one in figures:
        print(f"{one.what:<46}{one.lake:>12,.1f}{one.sqlite:>12,.1f}  {one.unit:<4}{one.ratio:>8.1f}  {one.aim}")


def main(argv: list[str] | None = None) -> int:
    """Run the bench and print its table; always 0 unless the two sides disagree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=2_230_000, help="about how many bars (default 2.23 million)")
    parser.add_argument("--repeats", type=int, default=15, help="timed runs of each query of the lake")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    asked = parser.parse_args(argv)
    tickers = max(12, round(asked.rows / len(REGIONS) / len(DAYS)))
    with tempfile.TemporaryDirectory(prefix="bench-lake-") as name:
        folder = Path(name)
        lake, mine = load_lake(folder / "lake", tickers, asked.seed)
        base, theirs = load_sqlite(folder / "classic.sqlite", tickers, asked.seed, indexes_first=True)
        figures = [Figure("load, indexes in place", mine, theirs, "s", "4 times faster")]
        size = (folder / "classic.sqlite").stat().st_size / 1e6
        figures += compare(lake, base, asked.repeats)
        base.close()
        (folder / "classic.sqlite").unlink()
        late, seconds = load_sqlite(folder / "late.sqlite", tickers, asked.seed, indexes_first=False)
        late.close()
        figures.insert(1, Figure("load, SQLite's indexes made at the end", mine, seconds, "s", ""))
        lake.vacuum(retention_hours=0)
        figures.insert(0, Figure("size", folder_mb(folder / "lake"), size, "MB", "5 times smaller"))
    rows = tickers * len(DAYS) * len(REGIONS)
    report(rows, figures)
    if asked.json:
        content = {"rows": rows, "figures": [{**asdict(one), "ratio": one.ratio} for one in figures]}
        asked.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
