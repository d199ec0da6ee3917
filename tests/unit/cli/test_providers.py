"""wb log: what happened, and what a person must do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench import journal
from workbench.cli import cli


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))


def test_the_log_is_empty_at_first() -> None:
    assert CliRunner().invoke(cli, ["log"]).output == "Nothing is in the log.\n"


def test_lines_by_level_and_by_run(monkeypatch: pytest.MonkeyPatch) -> None:
    journal.note("quote.asked", provider="kis")
    monkeypatch.setenv("WORKBENCH_RUN_DIR", "/nowhere/run-1")
    journal.note("quote.asked", provider="kis")
    monkeypatch.delenv("WORKBENCH_RUN_DIR")
    journal.note("provider.refused", level="error", action="Renew the key.", provider="polygon")
    everything = CliRunner().invoke(cli, ["log"]).output
    assert everything.count("quote.asked") == 2
    errors = CliRunner().invoke(cli, ["log", "--level", "warning"]).output
    assert "provider.refused: provider=polygon" in errors
    assert "do: Renew the key." in errors
    assert "quote.asked" not in errors
    (line,) = json.loads(CliRunner().invoke(cli, ["log", "run-1", "--json"]).output)
    assert line["run"] == "run-1"
