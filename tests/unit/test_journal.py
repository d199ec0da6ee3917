"""The log: one line an event, one correlation id a run, and no secret in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workbench import journal, secrets, settings


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-05T09:00:00+00:00")


def test_a_line_says_when_what_and_what_to_do() -> None:
    journal.note("provider.throttled", level="warning", action="Wait.", provider="kis", path=Path("a"))
    (line,) = journal.read()
    assert line["at"] == "2026-01-05T09:00:00.000+00:00"
    assert (line["event"], line["level"], line["action"]) == ("provider.throttled", "warning", "Wait.")
    assert (line["provider"], line["path"]) == ("kis", "a")
    assert [file.name for file in (settings.load().state / "log").iterdir()] == ["2026-01-05.jsonl"]


def test_lines_of_one_run_share_an_id_and_warnings_stand_in_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    journal.note("outside")
    folder = tmp_path / "runs" / "20260105-abcd"
    monkeypatch.setenv("WORKBENCH_RUN_DIR", str(folder))
    journal.note("first")
    journal.note("second", level="warning")
    assert [line["event"] for line in journal.read(run="20260105-abcd")] == ["first", "second"]
    assert [json.loads(line)["event"] for line in (folder / "log.jsonl").read_text().splitlines()] == ["second"]
    assert journal.read()[0]["run"] == journal.read()[0]["run"] != "20260105-abcd"


def test_secrets_are_masked_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_KEY", 'a"b/c+d e')
    secrets.secret("env:DESK_KEY")
    secrets.remember("token", "issued-token-1")
    journal.note(
        "asked", url="https://x/?k=a%22b%2Fc%2Bd%20e", form="k=a%22b%2Fc%2Bd+e", body='a"b/c+d e', t="issued-token-1"
    )
    text = next((settings.load().state / "log").iterdir()).read_text()
    for form in ('a\\"b/c+d e', "a%22b", "issued-token"):
        assert form not in text
    assert text.count("[secret DESK_KEY]") == 3
    assert json.loads(text)["t"] == "[secret token]"


_WRITER = """
import sys
from workbench import journal
for count in range(50):
    journal.note("line", number=int(sys.argv[1]), count=count, filler="x" * 500)
"""


def test_lines_of_several_processes_do_not_mix() -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(number)]) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted((line["number"], line["count"]) for line in journal.read()) == [
        (number, count) for number in range(3) for count in range(50)
    ]


def test_is_set_looks_without_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_KEY", "abcdefgh")
    assert secrets.is_set("env:DESK_KEY")
    assert not secrets.is_set("env:NO_SUCH_KEY_AT_ALL")
    assert not secrets.is_set("plain text")
