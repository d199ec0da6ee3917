"""Which code and which packages a run used."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTION = "spock-workbench"


def code(home: Path) -> dict[str, Any]:
    """Return ``commit``, ``dirty`` and ``changed`` of the checkout; the first two are None where there is none.

    ``changed`` names the tracked files that differ from the commit, and ``dirty`` says whether there are
    any. Files that git does not know are data, reports and a user's own parameters, which the run keeps.
    """
    commit = _git(home, "rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None, "changed": []}
    changed = [name for name in (_git(home, "diff", "--name-only", "-z", "HEAD") or "").split("\0") if name]
    return {"commit": commit.strip(), "dirty": bool(changed), "changed": changed}


def packages() -> dict[str, str]:
    """Return the installed versions of the workbench and of what it requires, by name."""
    try:
        requirements = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    versions = {DISTRIBUTION: importlib.metadata.version(DISTRIBUTION)}
    for requirement in requirements:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement:
            continue
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def python() -> dict[str, str]:
    """Return the version of Python and the platform."""
    return {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}


def _git(home: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(home), "--no-optional-locks", *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
