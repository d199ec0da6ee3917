"""A run repeated on what it saw differs by nothing, whatever happened to the lake since."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import workbench as wb
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
    card["code"]["commit"] = "0" * 40
    (run.folder / "run.json").write_text(json.dumps(card))
    again = wb.runs.replay(run.id)
    assert not again.identical
    fx = again.differences.filter(pl.col("table") == "fx").row(0, named=True)
    assert fx["max_abs_difference"] == pytest.approx(0.25)
    assert fx["note"] == "differs in usd_per_unit"
    assert any("0000000000" in note for note in again.notes)


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
