"""Factors: against the peers, from the lake to the scores, and how it grows. In one run.

    python bench/factors.py                     the sizes of the tables below
    python bench/factors.py --small --no-qlib   a quick look
    python bench/factors.py --json figures.json

(a) Fourteen features of daily bars, 800 stocks, 2007 to 2020 (bench/features.py): the workbench, pandas, polars,
    DuckDB, and Qlib from an environment of its own without its caches, with one process and with two. Each from
    what it stores to all values in memory; the last row of each is compared with ours before it is timed.
(b) Every price-based factor with winsorize and z-score for every date, 3,000 stocks x 10 years with gaps, late
    listings and delistings: from the lake to the published table `factor_scores`.
(c) The same with half the stocks and with half the years; seconds and peak memory, each in a process of its own. And
    the daily update: one new session after ten years, against the whole.

There is no assertion on seconds: the table shows the aims next to the figures.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import features
import numpy as np
import peers
import synthetic
from walks import region_frame

from workbench import markets

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake import Lake

HERE = Path(__file__).resolve().parent
YEARS = (date(2007, 1, 1), date(2020, 12, 31))
REGION, SET = "US", "price_factors"
#: Relative difference that Qlib's single precision may show.
SINGLE = 2e-3


@dataclass
class Figure:
    """One line of the report."""

    part: str
    what: str
    seconds: float
    against: float | None = None
    memory_mb: float | None = None
    aim: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as long it takes as what it is compared with."""
        return None if self.against is None else self.seconds / self.against


def timed(call: Callable[[], object], repeats: int) -> tuple[object, float]:
    """The answer, and the median seconds of some calls after a first one that is not counted."""
    answer, seconds = call(), []
    for _ in range(repeats):
        began = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - began)
    return answer, statistics.median(seconds)


def stored(folder: Path, tickers: int, days: NDArray[np.datetime64]) -> tuple[Lake, Path, pl.DataFrame]:
    """The same bars in a lake and in one Parquet file."""
    from workbench.lake import Lake

    frame = region_frame(REGION, tickers, seed=1, days=days)
    lake = Lake(folder / "lake")
    lake.publish("ohlcv", frame, REGION)
    lake.compact()
    path = folder / "bars.parquet"
    frame.select("ticker", "date", *features.FIELDS).write_parquet(path)
    # As in a run: one moment of the lake, whatever is published meanwhile.
    return lake.at(lake.snapshot()), path, frame


def part_a(tickers: int, days: NDArray[np.datetime64], repeats: int, qlib: bool) -> list[Figure]:
    """Fourteen features."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake, path, frame = stored(folder, tickers, days)
        mine, base = timed(lambda: features.ours(lake, REGION), repeats)
        figures = [Figure("a", "workbench, from the lake", base, aim="Qlib at least 20 times")]
        panel = lake.panel(REGION, fields=features.FIELDS, adjust="none")
        arrays = [panel[field] for field in features.FIELDS]
        figures.append(Figure("a", "workbench, in memory", timed(lambda: features.of_arrays(*arrays), repeats)[1]))
        own = {key: values[-1] for key, values in features.wide(mine, tickers).items()}
        sides = {"pandas": features.of_pandas, "polars": features.of_polars, "DuckDB": features.of_duckdb}
        for peer, call in sides.items():
            answer, seconds = timed(lambda call=call: call(path), repeats)  # type: ignore[misc]
            compare(peer, own, {key: values[-1] for key, values in features.wide(answer, tickers).items()}, 1e-8)
            figures.append(Figure("a", f"{peer}, from Parquet", seconds, base))
        python = peers.environment("qlib", peers.QLIB) if qlib else None
        for kernels in (1, 2) if python else ():
            seconds, last = with_qlib(str(python), folder, frame, kernels)
            compare("Qlib", own, last, SINGLE)
            figures.append(Figure("a", f"Qlib, {kernels} process{'es' * (kernels > 1)}", seconds, base))
    return figures


def compare(
    peer: str, own: dict[str, NDArray[np.float64]], other: dict[str, NDArray[np.float64]], tolerance: float
) -> None:
    """Stop where a peer has another last row: its time would mean nothing."""
    for name, values in own.items():
        if not np.allclose(values, other[name], rtol=tolerance, atol=tolerance):
            worst = float(np.nanmax(np.abs(values - other[name])))
            sys.exit(f"{peer} has other values of {name} (largest difference {worst:.3g}): nothing was timed.")


def with_qlib(
    python: str, folder: Path, frame: pl.DataFrame, kernels: int
) -> tuple[float, dict[str, NDArray[np.float64]]]:
    """Median seconds in Qlib's environment, and the last row of its answer."""
    target, result = folder / "qlib", folder / "qlib.json"
    if not target.exists():
        write_qlib(target, frame)
    subprocess.run([python, str(HERE / "qlib_features.py"), str(target), str(result), str(kernels)], check=True)
    content = json.loads(result.read_text())
    last = {name: np.array(values) for name, values in content["last"].items()}
    return statistics.median(content["seconds"]), last


def write_qlib(folder: Path, frame: pl.DataFrame) -> None:
    """Qlib's format: a calendar, a list of instruments, and a float32 file a field with its first row in front."""
    days = frame["date"].unique().sort()
    (folder / "calendars").mkdir(parents=True)
    (folder / "calendars" / "day.txt").write_text("\n".join(str(day) for day in days))
    (folder / "instruments").mkdir()
    codes = []
    for (ticker,), bars in frame.group_by("ticker", maintain_order=True):
        codes.append(f"{ticker}\t{days[0]}\t{days[-1]}")
        own = folder / "features" / str(ticker).lower()
        own.mkdir(parents=True)
        for field in features.FIELDS:
            np.concatenate([[0.0], bars[field].to_numpy()]).astype("<f4").tofile(own / f"{field}.day.bin")
    (folder / "instruments" / "all.txt").write_text("\n".join(codes))


def child(lake: Path, start: str = "", end: str = "") -> dict[str, float]:
    """Score the set on a lake in a process of its own: seconds, seconds of the processor, peak memory in MB."""
    command = [sys.executable, str(HERE / "factors.py"), "--score", str(lake), start, end]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def score(lake: str, start: str, end: str) -> None:
    """What the child does; imports and the opening of the lake are not counted, the kernels' cache is."""
    from workbench import studies
    from workbench.lake import Lake

    opened = Lake(lake)
    opened.snapshot()
    began, own = time.perf_counter(), time.process_time()
    studies.score(SET, opened, REGION, start=start or None, end=end or None)
    figures = {"seconds": time.perf_counter() - began, "processor": time.process_time() - own, "memory_mb": memory()}
    print(json.dumps(figures))


def memory() -> float:
    """Peak memory of this process in MB (the unit of ru_maxrss differs on macOS)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def part_b(stocks: int, years: float) -> list[Figure]:
    """From the lake to the scores, at the full size and at smaller ones."""
    figures, whole = [], None
    sizes = [(stocks, years), (stocks // 2, years), (stocks // 4, years), (stocks, years / 2)]
    for number, (count, length) in enumerate(sizes):
        with tempfile.TemporaryDirectory() as name:
            synthetic.build(name, synthetic.Market(count, length))
            found = child(Path(name))
        whole = whole or found["seconds"]
        what = f"{count:,} stocks x {length:g} years, lake to scores"
        aim = "within 15 s" if not number else f"{count * length / (stocks * years):.2f} of the first"
        figures.append(Figure("b" if not number else "c", what, found["seconds"], whole, found["memory_mb"], aim))
    return figures


def daily(stocks: int, years: float) -> list[Figure]:
    """The update with the last session, against the whole; the numbers must be the same, to the bit."""
    from workbench.lake import Lake

    with tempfile.TemporaryDirectory() as name:
        first, second = Path(name) / "whole", Path(name) / "daily"
        days = synthetic.Market(stocks, years).days
        synthetic.build(first, synthetic.Market(stocks, years)).clone(second)
        whole = child(first)
        child(second, end=str(days[-2]))
        update = child(second, start=str(days[-1]))
        query = f'SELECT * FROM "factor_scores/{SET}" WHERE date = ? ORDER BY ticker'
        one, other = (Lake(folder).sql(query, [days[-1].item()]) for folder in (first, second))
        if one.is_empty() or not one.equals(other):
            sys.exit("The update of one session has other numbers than the whole run.")
    what = f"{stocks:,} stocks x {years:g} years"
    return [
        Figure("c", f"{what}, whole", whole["seconds"], None, whole["memory_mb"]),
        Figure("c", f"{what}, one session", update["seconds"], whole["seconds"], update["memory_mb"], "a small part"),
    ]


def report(figures: list[Figure]) -> None:
    """Print the table."""
    print(f"\n{'part':4} {'what':44} {'seconds':>9} {'times':>8} {'memory MB':>10}  aim")
    for one in figures:
        times = "" if one.ratio is None else f"{one.ratio:8.2f}"
        held = "" if one.memory_mb is None else f"{one.memory_mb:10,.0f}"
        print(f"{one.part:4} {one.what:44} {one.seconds:9.3f} {times:>8} {held:>10}  {one.aim}")


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="A tenth of each size.")
    parser.add_argument("--no-qlib", dest="qlib", action="store_false", help="Leave Qlib and its environment out.")
    parser.add_argument("--parts", default="abd", help="Some of a, b (with c's growth) and d (the daily update).")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="Write the figures to this file.")
    parser.add_argument("--score", nargs=3, metavar=("LAKE", "START", "END"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.score:
        score(*given.score)
        return
    part = 10 if given.small else 1
    days = np.asarray(markets.session_array(REGION, *YEARS), "datetime64[D]")
    figures: list[Figure] = []
    if "a" in given.parts:
        figures += part_a(800 // part, days[-(len(days) // part) :], given.repeats, given.qlib)
    if "b" in given.parts:
        figures += part_b(3_000 // part, 10 / min(part, 4))
    if "d" in given.parts:
        figures += daily(8_908 // part, 10 / min(part, 4))
    report(figures)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) | {"ratio": one.ratio} for one in figures], indent=2))


if __name__ == "__main__":
    main()
