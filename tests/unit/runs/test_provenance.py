"""The checkout of a run: its commit, and which of its files were changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workbench.runs import provenance


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_changed_files_are_named_and_untracked_ones_are_no_change(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    for name in ("a.py", "b c.py"):
        (tmp_path / name).write_text("1")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "mine.yaml").write_text("untracked")
    clean = provenance.code(tmp_path)
    assert len(clean.pop("commit")) == 40
    assert clean == {"dirty": False, "changed": []}
    (tmp_path / "b c.py").write_text("2")
    (tmp_path / "a.py").unlink()
    code = provenance.code(tmp_path)
    assert (code["dirty"], code["changed"]) == (True, ["a.py", "b c.py"])


def test_no_checkout_is_no_commit(tmp_path: Path) -> None:
    assert provenance.code(tmp_path) == {"commit": None, "dirty": None, "changed": []}
