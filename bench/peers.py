"""Environments of the peers that the workbench is measured against: each in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "build" / "peers"
#: What was measured; other versions give other figures.
QLIB = ("pyqlib==0.9.7", "setuptools<81")


def environment(name: str, packages: tuple[str, ...]) -> Path | None:
    """The interpreter of an environment with these packages, made at its first use.

    Returns None, and says why, where it cannot be made (no package index, no build for this Python).
    """
    python = FOLDER / name / "bin" / "python"
    done = FOLDER / name / ".complete"
    if done.exists():
        return python
    print(f"Making an environment with {', '.join(packages)}; this happens once.", flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(FOLDER / name)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            print(f"{name} is left out: {made.stderr.strip().splitlines()[-1]}")
            return None
    done.touch()
    return python
