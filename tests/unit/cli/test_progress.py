"""Progress off a terminal: a line at the end of each stage, and one every two seconds."""

import pytest

from workbench.cli import progress as module


@pytest.fixture
def clock(monkeypatch):
    moments = {"now": 0.0}
    monkeypatch.setattr(module.time, "monotonic", lambda: moments["now"])
    return moments


def test_lines_at_the_end_and_every_two_seconds(capsys, clock):
    with module.progress() as show:
        for done in range(11):
            show("collect KR", done, 10)
            clock["now"] += 0.5
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "collect KR: 4 of 10 (2 s)",
        "collect KR: 8 of 10 (4 s)",
        "collect KR: 10 of 10 (5 s)",
    ]
