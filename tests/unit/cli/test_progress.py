"""Progress off a terminal: a line at the end of each stage, and one every two seconds."""

import time

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


def test_a_line_tells_what_is_done_just_now(capsys, clock):
    with module.progress() as show:
        show("collect region KR", 3, 13)
        clock["now"] += 2.5
        show("collect region KR", 3, 13, "KR ohlcv, 2 of 9")
    assert capsys.readouterr().err == "collect region KR: 3 of 13 (2 s) KR ohlcv, 2 of 9\n"


def test_runs_are_named_by_what_they_do_and_told_apart():
    from workbench.cli.notebooks import steps
    from workbench.runs import Step

    shown = []
    on_step = steps(lambda *step: shown.append(step))
    on_step(Step("1-a", "n", 2, 5, "running", "backtest KR", "stage, 1 of 2"))
    on_step(Step("1-bbbb", "n", 1, 5, "running", "backtest KR"))
    on_step(Step("1-a", "n", 5, 5, "succeeded", "backtest KR"))
    on_step(Step("1-bbbb", "n", 3, 5, "timed_out", "backtest KR", "code cell 2 (Costs)"))
    assert shown == [
        ("backtest KR", 2, 5, "stage, 1 of 2"),
        ("backtest KR (bbbb)", 1, 5, ""),
        ("backtest KR", 5, 5, ""),
        ("backtest KR (bbbb)", 5, 5, "timed out in code cell 2 (Costs)"),
    ]


def test_what_cannot_be_counted_is_named_when_it_takes_long(capsys, monkeypatch):
    with module.waiting("Merging files"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    with module.waiting("Merging files"):
        time.sleep(0.3)
    assert capsys.readouterr().err == "Merging files ...\n"
