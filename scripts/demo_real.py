"""The demo on real data: import prices, rates, lists, statements and indexes, then run the same notebooks on them.

Usage: demo_real.py DATA [LAKE]; DATA is the folder with ohlcv/, fundamentals/ and reference/, LAKE (default data/real)
gets the lake in `lake/`, the lakes of further Korean files beside it, and the reports in `reports/`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "tests" / "real" / "specs"
REGIONS = ("KR", "US", "JP", "HK", "CN", "VN")
NOTEBOOKS = ("factors/factor_tearsheet", "backtests/backtest", "backtests/optimize_portfolio")


def peak_memory() -> float:
    """Largest memory of this process so far, in GiB (the unit of ru_maxrss differs on macOS)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def specifications() -> list[Path]:
    """The specifications in the order of their import: prices first, and rates that yield after those they yield to."""
    from workbench.adapters.files import load_spec

    order = ("ohlcv", "fx", "tickers", "attributes", "memberships", "indexes", "shares", "actions", "fundamentals")
    found = {path: load_spec(path) for path in sorted(SPECS.glob("*.yaml"))}
    return sorted(found, key=lambda path: (order.index(found[path].table), bool(found[path].yield_to)))


def import_all(data: Path) -> None:
    """Import every file, and print where each of its rows went."""
    import polars as pl

    from workbench import collect
    from workbench.cli.output import echo_frame
    from workbench.cli.progress import progress
    from workbench.lake import Lake

    lake, tables, began = Lake(), Counter[str](), time.monotonic()
    for spec in specifications():
        with progress() as show:
            imported = collect.import_files(lake, spec, data, progress=show)
        tables.update(imported.tables)
        print(
            f"{spec.stem}: {imported.rows_in:,} rows in = {imported.published:,} published + "
            f"{imported.quarantined:,} quarantined + {imported.superseded:,} superseded; "
            f"{imported.seconds:.1f} s, peak memory so far {peak_memory():.2f} GiB"
        )
        if imported.cells:
            print("  numbers: " + ", ".join(f"{count:,} {name}" for name, count in imported.cells.items()))
        if imported.by_reason.height:
            echo_frame(imported.by_reason)
        for note in imported.notes:
            print(f"  {note}")
    print(f"Rows by table, in {time.monotonic() - began:.0f} s, peak memory {peak_memory():.2f} GiB:")
    echo_frame(pl.DataFrame({"table": list(tables), "rows": list(tables.values())}).sort("rows", descending=True))


def run_notebooks() -> int:
    """Run the notebooks of the demo on each region; the number of runs that did not succeed."""
    from workbench import runs
    from workbench.cli.notebooks import steps
    from workbench.cli.progress import progress

    jobs = [runs.Job("notebooks/collection/data_health.ipynb", {"regions": list(REGIONS)})]
    jobs += [runs.Job(f"notebooks/{name}.ipynb", {"regions": [region]}) for region in REGIONS for name in NOTEBOOKS]
    with progress() as show:
        finished = runs.run_many(jobs, progress=steps(show))
    failed = [done for done in finished if not done.succeeded]
    for done in failed:
        print(f"{done.status}: {done.report}: {done.error}")
    print(f"{len(finished) - len(failed)} of {len(finished)} reports made.")
    return len(failed)


def main() -> None:
    """Import, run, and say where to look."""
    data = Path(sys.argv[1]).resolve()
    if not (data / "ohlcv").is_dir():
        sys.exit(f"There is no ohlcv/ in {data}. Name the folder of real data: make demo-real DATA=...")
    home = Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "data" / "real").resolve()
    os.environ["WORKBENCH_LAKE"] = str(home / "lake")
    os.environ["WORKBENCH_REPORTS"] = str(home / "reports")
    import_all(data)
    failed = run_notebooks()
    print(f"Open {home / 'reports' / 'index.html'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
