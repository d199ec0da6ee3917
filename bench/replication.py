"""Factors of our own sorts on real data beside published ones: ``python bench/replication.py [FOLDER OF DATA]``.

Imports the US files into a lake of its own, forms the portfolios and prints correlation, slope and intercept
of each factor against Kenneth French's, and of the planted mistake. ``tests/real/test_fama_french.py`` asserts
the same figures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

import french_factors as french  # noqa: E402

from workbench import collect  # noqa: E402
from workbench.lake import Lake  # noqa: E402


def main() -> None:
    """Print the figures."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared" / "data")
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "imported", pinned=None)
        for name in french.IMPORTS:
            done = collect.import_files(lake, ROOT / "tests/real/specs" / f"{name}.yaml", data)
            print(f"{name}: {done.published:,} rows")
        market = french.load(lake, Path(folder) / "with-shares", data / "reference")
        for name, found in french.figures(market).items():
            print(f"{name}: {found}")


if __name__ == "__main__":
    main()
