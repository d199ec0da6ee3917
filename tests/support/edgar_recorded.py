"""Recorded bodies of EDGAR: where they are, and a server that answers with them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from edgar_server import BLOCKED, MISSING
from local_server import Answer, Call, LocalServer

ROOT = Path(__file__).resolve().parent.parent.parent


def fixtures() -> Path:
    """The folder of the bodies; the test is skipped where it is absent."""
    folder = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared")) / "providers" / "edgar" / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"no recorded bodies at {folder}: name their parent folder in WORKBENCH_SHARED")
    return folder


def facts(folder: Path, cik: int) -> dict[str, Any]:
    """The field ``facts`` of a recorded filer."""
    found: dict[str, Any] = json.loads(next(folder.glob(f"companyfacts_CIK{cik:010}*.json")).read_text())["facts"]
    return found


class RecordedServer(LocalServer):
    """Answers with recorded bodies at the paths of the live hosts."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(**options)
        self.folder = folder

    def answer(self, call: Call) -> Answer:
        if "@" not in call.headers.get("user-agent", ""):
            return Answer(BLOCKED, 403, {"Content-Type": "text/html"})
        name = call.path.rsplit("/", 1)[1].removesuffix(".json")
        kind = "companyfacts_" if "companyfacts" in call.path else "submissions_" if "submissions" in call.path else ""
        found = sorted(self.folder.glob(f"{kind}{name}*.json"))
        if not found and name == "CIK0009999999":
            found = [self.folder / "companyfacts_empty.json"]
        if not found:
            recorded = self.folder / "error_404_NoSuchKey.xml"
            return Answer(recorded.read_bytes() or MISSING, 404, {"Content-Type": "application/xml"})
        return Answer(found[0].read_bytes())
