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
    """Return ``{"commit": str or None, "dirty": bool or None}`` of the checkout; None where there is none.

    ``dirty`` says whether files differ from the commit, new ones included.
    """
    commit = _git(home, "rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}
    return {"commit": commit.strip(), "dirty": bool(_git(home, "status", "--porcelain"))}


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
