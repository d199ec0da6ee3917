"""Execute the notebooks on the tiny sample lake and keep the outputs of their marked cells.

Run it after a change that is meant to move the numbers, and read the difference before committing::

    python tests/notebooks/refresh_digests.py [--check] [notebook ...]

``--check`` only strips and compares, it executes nothing and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import digests

MOMENT = "2026-01-05T09:00:00+00:00"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="only say which notebooks hold more than they may")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.notebooks] or digests.all_notebooks()
    if arguments.check:
        untidy = [path for path in paths if _tidy(path) != path.read_text(encoding="utf-8")]
        for path in untidy:
            sys.stdout.write(f"not as it is kept: {path.relative_to(digests.ROOT)}\n")
        return 1 if untidy else 0
    with tempfile.TemporaryDirectory(prefix="digests-") as folder:
        source = _source_lake(Path(folder))
        for path in paths:
            sys.stdout.write(f"{path.relative_to(digests.ROOT)}\n")
            path.write_text(_executed(path, source, Path(folder)), encoding="utf-8")
    return 0


def _tidy(path: Path) -> str:
    return digests.written(digests.stripped(json.loads(path.read_text(encoding="utf-8"))))


def _source_lake(folder: Path) -> Path:
    """The tiny lake that ``TEST_TINY_LAKE`` names, or one that is built now."""
    kept = os.environ.get("TEST_TINY_LAKE")
    if kept:
        return Path(kept)
    from workbench import collect
    from workbench.adapters.sample import Sample
    from workbench.lake import Lake
    from workbench.settings import REGIONS

    os.environ["WORKBENCH_NOW"] = MOMENT
    for region in REGIONS:
        collect.collect(Lake(folder / "source"), region, provider=Sample(size="tiny"))
    del os.environ["WORKBENCH_NOW"]
    return folder / "source"


def _executed(path: Path, source: Path, folder: Path) -> str:
    """The notebook with the outputs of its marked cells, executed on a lake of its own as nbval does."""
    import nbformat
    from nbclient import NotebookClient

    from workbench.lake import Lake

    lake = folder / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    Lake(source).clone(lake)
    os.environ |= {
        "WORKBENCH_LAKE": str(lake),
        "WORKBENCH_REPORTS": str(folder / "reports"),
        "WORKBENCH_HOME": str(digests.ROOT),
        "WORKBENCH_SAMPLE": "tiny",
        "WORKBENCH_NOW": MOMENT,
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONHASHSEED": "0",
    }
    document = nbformat.read(path, as_version=4)
    NotebookClient(document, timeout=600, kernel_name="python3").execute(cwd=str(path.parent))
    return digests.written(digests.stripped(json.loads(nbformat.writes(document))))


if __name__ == "__main__":
    sys.exit(main())
