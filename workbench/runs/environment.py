"""The environment a kernel gets: this process's, without its secrets, with the settings of the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workbench import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Names the file descriptor over which the kernel's start-up reads the secrets.
SECRETS_FD = "WORKBENCH_SECRETS_FD"


def kernel_environment(
    secrets: Mapping[str, str], run_dir: Path, *, seed: int, overrides: Mapping[str, str | None]
) -> dict[str, str]:
    """Build the environment of a kernel.

    Parameters
    ----------
    secrets : mapping of str to str
        Variables that must not be in it.
    run_dir : Path
        Folder of the run.
    seed : int
        Seed of Python's string hashing, so that the order of a set is the same in a replay.
    overrides : mapping of str to str or None
        Set last; None removes a variable.
    """
    installed = settings.load()
    environment = {name: value for name, value in os.environ.items() if name not in secrets}
    environment |= {
        "WORKBENCH_HOME": str(installed.home),
        "WORKBENCH_LAKE": str(installed.lake),
        "WORKBENCH_REPORTS": str(installed.reports),
        "WORKBENCH_RUN_DIR": str(run_dir),
        "PYTHONHASHSEED": str(seed % 2**32),
        # A figure that a cell shows by itself is stored as data; the page brings plotly.js once.
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    for name, value in overrides.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    return environment
