"""Imports of the real files, each done once for the tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import collect
from workbench.lake import Lake

SPECS = Path(__file__).parent / "specs"


@pytest.fixture(scope="session")
def imported(tmp_path_factory, real_data):
    """``imported("VN")`` is (what the import did, the lake that took it)."""
    main = Lake(tmp_path_factory.mktemp("real") / "lake", pinned=None)
    done: dict[str, collect.Imported] = {}

    def bring(name: str) -> tuple[collect.Imported, Lake]:
        if name not in done:
            done[name] = collect.import_files(main, SPECS / f"{name}.yaml", real_data)
        return done[name], Lake(done[name].lake, pinned=None)

    return bring
