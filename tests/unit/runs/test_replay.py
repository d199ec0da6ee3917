"""A run repeated on what it saw differs by nothing, whatever happened to the lake since."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import workbench as wb
from workbench.cli import cli
from workbench.errors import RunError


def _rates(rows: int, first: float) -> pl.DataFrame:
    days = [datetime.date(2024, 1, 2) + datetime.timedelta(days=place) for place in range(rows)]
    return pl.DataFrame(
        {
            "currency": ["KRW"] * rows,
            "date": days,
            "usd_per_unit": [first + place * 1e-6 for place in range(rows)],
            "fixed_at": [datetime.datetime.combine(day, datetime.time(6), datetime.UTC) for day in days],
            "source": ["sample"] * rows,
        }
    )


def test_a_reading_run_sees_its_snapshot_again(fixture_notebooks: Path) -> None:
    lake = wb.Lake()
    lake.publish("fx", _rates(3, 0.00075))
    run = wb.run(fixture_notebooks / "reading.ipynb")
    assert (run.status, run.headline) == ("succeeded", {"rows": 3, "pinned": True}), run.error
    lake.publish("fx", _rates(5, 0.00080))
    again = wb.runs.replay(run.id)
    assert again.identical, again.differences
    assert again.differences["table"].to_list() == ["headline", "fx"]
    assert again.run.card["replay_of"] == run.id
    assert again.run.id.startswith(f"{run.id}-replay-")
    live = wb.run(fixture_notebooks / "reading.ipynb")
    assert live.headline["rows"] == 5


def test_a_change_of_the_result_is_measured(fixture_notebooks: Path) -> None:
    wb.Lake().publish("fx", _rates(3, 0.00075))
    run = wb.run(fixture_notebooks / "reading.ipynb")
    path = run.folder / "tables" / "fx.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(pl.col("usd_per_unit") + 0.25).write_parquet(path)
    card = json.loads((run.folder / "run.json").read_text())
    card["code"] = {"commit": "0" * 40, "dirty": True, "changed": ["a.py", "b.py", "c.py", "d.py"]}
    (run.folder / "run.json").write_text(json.dumps(card))
    again = wb.runs.replay(run.id)
    assert not again.identical
    fx = again.differences.filter(pl.col("table") == "fx").row(0, named=True)
    assert fx["max_abs_difference"] == pytest.approx(0.25)
    assert fx["note"] == "differs in usd_per_unit"
    assert any("0000000000" in note for note in again.notes)
    assert "The run was made with uncommitted changes in a.py, b.py, c.py and 1 more." in again.notes
    assert again.verdict == "The replay differs; see the rows above."


def test_a_run_that_failed_is_never_identical_to_its_replay(fixture_notebooks: Path) -> None:
    run = wb.run(fixture_notebooks / "failing.ipynb", {"text": "rotten"})
    again = CliRunner().invoke(cli, ["replay", run.id[-4:]])
    assert again.exit_code == 1, again.output
    assert "The original failed: ValueError: the input is rotten. The replay did so with the same error" in again.output
    assert "Nothing differs" not in again.output
    with pytest.raises(RunError, match="No run that succeeded"):
        wb.runs.replay("latest")


def test_an_error_of_the_replay_is_told_and_latest_is_no_replay(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.touch()
    look = f"import pathlib\nif not pathlib.Path({str(here)!r}).exists(): raise OSError('it is gone')"
    headline = "import workbench as wb\nwb.reports.headline(rows=1)"
    run = wb.run(write_notebook("seed: int = 0", look, headline))
    assert run.succeeded, run.error
    assert wb.runs.replay("latest").identical
    here.unlink()
    again = wb.runs.replay("latest")
    assert (again.original.id, again.identical) == (run.id, False)
    assert again.verdict == "The replay failed: OSError: it is gone."


def test_a_run_that_saved_nothing_has_nothing_to_compare(fixture_notebooks: Path) -> None:
    again = wb.runs.replay(wb.run(fixture_notebooks / "empty.ipynb").id)
    assert (again.run.status, again.identical) == ("succeeded", False)
    assert "nothing to compare" in again.verdict


def test_a_writing_run_is_repeated_in_a_scratch_lake(fixture_notebooks: Path) -> None:
    run = wb.run(fixture_notebooks / "collecting.ipynb", {"rows": 4})
    assert run.status == "succeeded", run.error
    assert run.card["lake"]["before"]["versions"] != run.card["lake"]["after"]["versions"]
    before = wb.Lake().tables()
    again = wb.runs.replay(run.id)
    assert again.identical, again.differences
    assert pl.read_parquet(again.run.folder / "tables" / "published.parquet")["inserted"].to_list() == [4]
    assert wb.Lake().tables() == before
    assert len(wb.runs.kept_snapshots()) == 1


STRATEGY = """
name: mine
hypothesis: What rose goes on.
regions: [KR]
factors: {momentum_12m_1m: 1.0}
selection: {top_n: %d}
weighting: equal
rebalance: monthly
"""


def test_a_strategy_that_was_edited_or_deleted_is_the_one_of_the_run(
    write_notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    (tmp_path / "params" / "strategies").mkdir(parents=True)
    named, by_path = tmp_path / "params" / "strategies" / "mine.yaml", tmp_path / "mine.yaml"
    named.write_text(STRATEGY % 7)
    by_path.write_text(STRATEGY % 9)
    load = "import workbench as wb\nnames = [wb.Strategy.load(name).selection.top_n for name in ('mine', 'mine.yaml')]"
    notebook = write_notebook("seed: int = 0", load, "wb.reports.headline(named=names[0], by_path=names[1])")
    run = wb.run(notebook)
    assert run.headline == {"named": 7, "by_path": 9}, run.error
    named.write_text(STRATEGY % 3)
    by_path.unlink()
    edited = wb.runs.replay(run.id)
    assert edited.identical, edited.run.error
    named.unlink()
    deleted = wb.runs.replay(edited.run.id)  # a replay keeps them too
    assert deleted.run.headline == {"named": 7, "by_path": 9}, deleted.run.error
    assert deleted.identical
    assert not wb.run(notebook).succeeded


def test_a_lake_that_is_gone_is_told_before_the_notebook_starts(fixture_notebooks: Path) -> None:
    wb.Lake().publish("fx", _rates(3, 0.00075))
    run = wb.run(fixture_notebooks / "reading.ipynb")
    for path in wb.settings.load().lake.rglob("*.parquet"):
        path.unlink()
    with pytest.raises(RunError, match=r"can no longer be read as .* read it"):
        wb.runs.replay(run.id)
    shutil.rmtree(wb.settings.load().lake)
    with pytest.raises(RunError, match=r"can no longer be read as .* read it"):
        wb.runs.replay(run.id)
    assert wb.runs.history().height == 1
