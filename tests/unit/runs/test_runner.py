"""Runs of small notebooks: how each kind of end is recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import polars as pl
import psutil
import pytest

import workbench as wb
from workbench.errors import ConfigError, RunError
from workbench.runs import Job, Step, executed


def _outputs(run: wb.runs.Run, kind: str) -> list[dict[str, object]]:
    cells = json.loads(run.notebook.read_text())["cells"]
    return [output for cell in cells for output in cell.get("outputs", []) if output["output_type"] == kind]


def test_a_run_leaves_notebook_page_tables_and_card(fixture_notebooks: Path) -> None:
    steps: list[Step] = []
    given = {"region": "US", "years": 5, "share": 1}
    run = wb.run(fixture_notebooks / "succeeding.ipynb", given, progress=steps.append)
    assert run.status == "succeeded", run.error
    assert run.headline["rows"] == 5000
    assert pl.read_parquet(run.folder / "tables" / "levels.parquet").height == 21
    card = json.loads((run.folder / "run.json").read_text())
    assert card["parameters"] == {**given, "share": 1.0, "tickers": ["005930"], "end": None, "seed": 0}
    assert card["given"] == ["region", "share", "years"]
    assert card["tables"]["levels"]["volatile"] == ["volume"]
    assert card["packages"]["polars"] == pl.__version__
    assert [cell["status"] for cell in card["cells"]] == ["completed"] * len(card["cells"])
    assert card["lake"]["snapshot"]["versions"] == {}
    page = run.report.read_text()
    assert "A small report" in page
    assert page.count('class="wb-chart"') == 1
    assert run.id in (run.folder.parent / "index.html").read_text()
    assert (steps[0].status, steps[-1].status) == ("running", "succeeded")
    assert steps[-1].cell == steps[-1].cells
    assert not list(run.folder.glob(".*"))


def test_what_is_wrong_is_told_before_anything_starts(fixture_notebooks: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'region'"):
        wb.run(fixture_notebooks / "succeeding.ipynb", {"regio": "US"})
    with pytest.raises(ConfigError, match="time limit"):
        wb.run(fixture_notebooks / "succeeding.ipynb", timeout=0)
    with pytest.raises(ConfigError, match="No notebook is named"):
        wb.run(None)
    assert not wb.settings.load().reports.exists()


def test_a_long_cell_tells_how_far_it_is(write_notebook: Callable[..., Path]) -> None:
    source = "import time\nimport workbench as wb\nwb.reports.progress('KR ohlcv', 3, 1200)\ntime.sleep(1)"
    steps: list[Step] = []
    run = wb.run(write_notebook("regions: list[str] = ['KR', 'US']", source, name="collect_it"), progress=steps.append)
    assert run.status == "succeeded"
    (told,) = [step for step in steps if step.stage]
    assert (told.label, told.cell, told.stage) == ("collect it KR US", 1, "KR ohlcv, 3 of 1,200")
    assert not (run.folder / "progress.json").exists()


def test_a_params_file_names_its_notebook_and_gives_way_to_arguments(fixture_notebooks: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"notebook: {fixture_notebooks / 'empty.ipynb'}\nparameters: {{value: 5}}\ntimeout: 300\n")
    assert wb.run(None, params_file=path).card["parameters"] == {"value": 5}
    assert wb.run(None, {"value": 6}, params_file=path).card["parameters"] == {"value": 6}


def test_a_failing_cell_is_shown_by_its_page(fixture_notebooks: Path) -> None:
    steps: list[Step] = []
    run = wb.run(fixture_notebooks / "failing.ipynb", {"text": "rotten"}, progress=steps.append)
    # The cell with the given parameters is not the author's.
    assert (steps[-1].status, steps[-1].stage) == ("failed", "code cell 3")
    assert (run.status, run.error) == ("failed", "ValueError: the input is rotten")
    assert "the input is rotten" in run.report.read_text()
    assert [cell["status"] for cell in run.card["cells"]] == ["completed"] * 3 + ["failed", "pending"]
    with pytest.raises(RunError, match="the input is"):
        wb.run(fixture_notebooks / "failing.ipynb", check=True)


def test_a_cell_is_named_by_its_number_and_section() -> None:
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    injected = code("a = 2", metadata={"tags": ["injected-parameters"]})
    cells = [text("# Title"), code("a = 1"), injected, code(" "), text("# no\n\n## Costs"), code("# ## b\n1 / 0")]
    node = nbformat.v4.new_notebook(cells=cells)
    assert executed.where(node, 5) == "code cell 2 (Costs)"
    assert executed.where(node, 1) == "code cell 1"


def test_a_clean_exit_is_no_failure(fixture_notebooks: Path) -> None:
    assert wb.run(fixture_notebooks / "exiting.ipynb").status == "succeeded"


def test_a_kernel_that_dies_is_recorded_as_such(fixture_notebooks: Path) -> None:
    run = wb.run(fixture_notebooks / "dying.ipynb")
    assert run.status == "died"
    assert run.card["error"]["cell"] == 2
    assert [cell["status"] for cell in run.card["cells"]] == ["completed", "failed", "pending"]
    assert "last words" in run.report.read_text()
    assert "The kernel ended by itself" in run.report.read_text()


def test_the_time_limit_ends_the_kernel_and_its_children(fixture_notebooks: Path, tmp_path: Path) -> None:
    marker = tmp_path / "child"
    began = time.monotonic()
    run = wb.run(fixture_notebooks / "slow.ipynb", {"marker": str(marker)}, timeout=12)
    assert time.monotonic() - began < 50
    assert run.status == "timed_out"
    assert "limit of 12 seconds" in str(run.error)
    assert not _alive(int(marker.read_text()))


def test_secrets_are_in_no_file_of_the_run(
    fixture_notebooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"FIXTURE_APP_KEY": 's3cr+et/va"lue&x', "FIXTURE_TOKEN": "tokentoken"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    (tmp_path / ".env").write_text("FIXTURE_FILE_VALUE=filefilefile\n")
    run = wb.run(fixture_notebooks / "secret_printing.ipynb", {"key": "env:FIXTURE_APP_KEY"})
    assert run.error == "RuntimeError: the key [secret FIXTURE_APP_KEY] was refused"
    files = [path for path in wb.settings.load().reports.rglob("*") if path.is_file()]
    assert {"notebook.ipynb", "report.html", "run.json", "leaky.parquet"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        for value in (*values.values(), "filefilefile", "s3cr"):
            assert value.encode() not in content, path.name
    first = "".join(_outputs(run, "stream")[0]["text"])  # type: ignore[arg-type]
    assert "Secret(env:FIXTURE_APP_KEY)" in first
    assert "False False False\n16 env:FIXTURE_APP_KEY" in first  # not in os.environ, yet usable
    shown = pl.read_parquet(run.folder / "tables" / "leaky.parquet")["name"].to_list()
    assert shown == ["[secret FIXTURE_APP_KEY]", "other"]


def test_a_secret_as_a_parameter_value_is_refused(fixture_notebooks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIXTURE_APP_KEY", "the-value-itself")
    with pytest.raises(ConfigError, match="holds the value of a secret") as caught:
        wb.run(fixture_notebooks / "secret_printing.ipynb", {"key": "the-value-itself"})
    assert "the-value" not in str(caught.value)
    with pytest.raises(ConfigError, match="env:NOT_SET_KEY"):
        wb.run(fixture_notebooks / "secret_printing.ipynb", {"key": "env:NOT_SET_KEY"})


def test_runs_side_by_side_do_not_stop_each_other(fixture_notebooks: Path) -> None:
    jobs = [Job(fixture_notebooks / f"{name}.ipynb") for name in ("failing", "empty", "dying")]
    found = wb.runs.run_many(jobs, workers=3)
    assert [run.status for run in found] == ["failed", "succeeded", "died"]
    assert wb.runs.history().height == 3
    index = (found[0].folder.parent / "index.html").read_text()
    assert all(run.id in index for run in found)


def test_all_jobs_are_checked_before_the_first_starts(fixture_notebooks: Path) -> None:
    jobs = [Job(fixture_notebooks / "empty.ipynb"), Job(fixture_notebooks / "empty.ipynb", {"vlaue": 1})]
    with pytest.raises(ConfigError, match="Did you mean 'value'"):
        wb.runs.run_many(jobs)
    assert not wb.settings.load().reports.exists()


@pytest.mark.parametrize(("stop", "expected"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "interrupted")])
def test_an_interrupted_run_ends_its_kernel(
    fixture_notebooks: Path, tmp_path: Path, stop: signal.Signals, expected: str
) -> None:
    marker = tmp_path / "child"
    # A shell's background job ignores SIGINT, and its children inherit that.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import workbench as wb; "
    code += f"wb.run({str(fixture_notebooks / 'slow.ipynb')!r}, {{'marker': {str(marker)!r}}})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        _wait(lambda: marker.exists() and marker.read_text() != "", 60)
        sleeper = psutil.Process(int(marker.read_text()))
        kernel = sleeper.parent()
        assert kernel is not None
        process.send_signal(stop)
        process.wait(30)
        _wait(lambda: not _alive(kernel.pid), 30)
        run = wb.runs.load("latest")
        assert run.status == expected
        assert (run.folder / "report.html").exists() == (stop == signal.SIGINT)
    finally:
        process.kill()
        process.wait()
        if marker.exists() and _alive(int(marker.read_text())):
            psutil.Process(int(marker.read_text())).kill()


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(condition: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
