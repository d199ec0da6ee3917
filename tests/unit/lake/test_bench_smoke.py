"""The bench runs at a small size, checks that both sides answer alike, and reports each figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_bench_reports_size_load_and_five_queries(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-W", "error", "bench/lake.py", "--rows", "10000", "--repeats", "1", "--json", figures]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads(figures.read_text())
    assert content["rows"] >= 10_000
    names = [one["what"] for one in content["figures"]]
    assert len(names) == 8
    for one in content["figures"]:
        assert one["lake"] > 0
        assert one["sqlite"] > 0
        assert one["what"] in done.stdout
