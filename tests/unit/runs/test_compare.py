"""Tables of two runs are compared number by number."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench.runs import tables


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("a", "b"):
        (tmp_path / name / "tables").mkdir(parents=True)
    return tmp_path / "a", tmp_path / "b"


def _write(folder: Path, volatile: tuple[str, ...] = (), **columns: Any) -> None:
    notes = {"title": "", "volatile": json.dumps(volatile)}
    pl.DataFrame(columns).write_parquet(folder / "tables" / "t.parquet", metadata=notes)


def _row(folders: tuple[Path, Path]) -> dict[str, Any]:
    return tables.compare(*folders).row(0, named=True)


def test_equal_tables_are_identical_missing_values_included(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        _write(folder, x=[1.0, math.nan, None], s=["a", None, "c"])
    assert _row(folders) == {
        "table": "t", "rows": 3, "columns": 2, "max_abs_difference": 0.0, "identical": True, "note": "",
    }  # fmt: skip


def test_the_largest_difference_is_measured(folders: tuple[Path, Path]) -> None:
    _write(folders[0], x=[1.0, 2.0], y=[5, 6])
    _write(folders[1], x=[1.0, 2.5], y=[5, 3])
    row = _row(folders)
    assert (row["max_abs_difference"], row["identical"], row["note"]) == (3.0, False, "differs in x, y")


@pytest.mark.parametrize("other", [[1.0, None], [1.0, math.nan], ["1.0", "2.0"]])
def test_a_value_that_is_missing_or_of_another_type_differs_infinitely(
    folders: tuple[Path, Path], other: list[Any]
) -> None:
    _write(folders[0], x=[1.0, 2.0])
    _write(folders[1], x=other)
    row = _row(folders)
    assert math.isinf(row["max_abs_difference"])
    assert not row["identical"]


def test_volatile_columns_are_left_out(folders: tuple[Path, Path]) -> None:
    _write(folders[0], volatile=("seconds",), x=[1], seconds=[0.5])
    _write(folders[1], volatile=("seconds",), x=[1], seconds=[0.7])
    assert _row(folders)["identical"]
    assert _row(folders)["columns"] == 1


def test_shapes_are_compared_first(folders: tuple[Path, Path]) -> None:
    _write(folders[0], x=[1, 2])
    _write(folders[1], x=[1])
    assert _row(folders)["note"] == "1 rows in the replay"
    _write(folders[1], y=[1, 2])
    assert _row(folders)["note"] == "columns differ: x, y"
    (folders[1] / "tables" / "t.parquet").unlink()
    assert _row(folders)["note"] == "missing in the replay"
    assert _row(folders)["max_abs_difference"] is None


def test_headlines_are_compared_but_not_their_seconds(folders: tuple[Path, Path]) -> None:
    for folder, seconds, cagr in zip(folders, (1.0, 2.0), (0.1, 0.15), strict=True):
        (folder / "headline.json").write_text(json.dumps({"cagr": cagr, "load_seconds": seconds, "region": "KR"}))
    row = _row(folders)
    assert (row["table"], row["note"], row["identical"]) == ("headline", "differs in cagr", False)
    assert row["max_abs_difference"] == pytest.approx(0.05)
