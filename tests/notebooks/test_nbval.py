"""Every notebook gives its marked digests again, and runs without the runner."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOMENT = "2026-01-05T09:00:00+00:00"
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def _nbval(path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", str(path)]
    own = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(path.parent), "--nbval-cell-timeout", "300"]
    return subprocess.run(
        [*command, *own], env=environment, capture_output=True, text=True, timeout=900, cwd=path.parent, check=False
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_the_digests_are_as_they_were(path: Path, tiny_lake: Path, kernel_environment: dict[str, str]) -> None:
    own = {"WORKBENCH_LAKE": str(tiny_lake), "WORKBENCH_SAMPLE": "tiny", "WORKBENCH_NOW": MOMENT}
    done = _nbval(path, {**kernel_environment, **own})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_changed_digest_is_noticed(kernel_environment: dict[str, str], tmp_path: Path) -> None:
    """The harness itself: it must fail when a marked number moves, and only then."""
    source = json.loads((Path(__file__).parent / "fixtures" / "succeeding.ipynb").read_text())
    marked = next(cell for cell in source["cells"] if "NBVAL_CHECK_OUTPUT" in "".join(cell["source"]))
    text = ["rows    21\n", "last    122.019\n", "region  KR\n"]
    marked["execution_count"] = 1
    marked["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}]
    path = tmp_path / "made.ipynb"
    path.write_text(json.dumps(source))
    done = _nbval(path, kernel_environment)
    assert done.returncode == 0, done.stdout[-4000:]
    text[1] = "last    122.020\n"
    path.write_text(json.dumps(source))
    done = _nbval(path, kernel_environment)
    assert done.returncode == 1
    assert "122.020" in done.stdout


def test_plain_papermill_runs_our_notebooks(kernel_environment: dict[str, str], tmp_path: Path) -> None:
    source, target = Path(__file__).parent / "fixtures" / "succeeding.ipynb", tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", str(source), str(target), "-p", "region", "US", "-k", "python3"]
    done = subprocess.run(command, env=kernel_environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    outputs = json.dumps(json.loads(target.read_text())["cells"])
    assert "Not a recorded run" in outputs
    assert "application/vnd.plotly.v1+json" in outputs
    assert not (tmp_path / "reports").exists()
