"""The bench of factors runs at a small size and finds the same values on every side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_bench_compares_fourteen_features_with_the_peers_that_are_installed(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    options = ["--small", "--parts", "a", "--no-qlib", "--repeats", "1", "--json", str(figures)]
    command = [sys.executable, "bench/factors.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = {one["what"]: one["seconds"] for one in json.loads(figures.read_text())}
    assert len(found) == 5
    assert min(found.values()) > 0
    assert all(name in done.stdout for name in found)
