"""The tables a run saved, and how two runs' tables differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

#: Numbers of a headline with such a name measure the machine, not the market.
_TIMINGS = ("seconds", "_seconds")


def describe(folder: Path) -> dict[str, dict[str, Any]]:
    """Return rows, columns, title and volatile columns of every table of a run's folder, by name."""
    import polars as pl

    found: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "tables").glob("*.parquet")):
        notes = pl.read_parquet_metadata(path)
        frame = pl.scan_parquet(path)
        found[path.stem] = {
            "rows": frame.select(pl.len()).collect().item(),
            "columns": frame.collect_schema().names(),
            "title": notes.get("title") or None,
            "volatile": json.loads(notes.get("volatile", "[]")),
        }
    return found


def compare(original: Path, replayed: Path) -> pl.DataFrame:
    """Compare the tables, and the headline, of two runs' folders.

    Returns
    -------
    polars.DataFrame
        One row a table: ``table``, ``rows`` and ``columns`` of the original (volatile columns not
        counted), ``max_abs_difference`` over all numbers (null where the shapes differ or one side is
        missing), ``identical``, and a ``note`` that says what differs. Two missing values are equal.
    """
    import polars as pl

    before, after = describe(original), describe(replayed)
    rows = [_headline_row(original, replayed)] if (original / "headline.json").is_file() else []
    for name in sorted(before | after):
        if name not in before or name not in after:
            side = "only in the replay" if name not in before else "missing in the replay"
            known = before.get(name) or after[name]
            rows.append(_row(name, known["rows"], len(known["columns"]), None, side))
            continue
        volatile = [*before[name]["volatile"], *after[name]["volatile"]]
        left, right = (
            pl.read_parquet(folder / "tables" / f"{name}.parquet").drop(volatile, strict=False)
            for folder in (original, replayed)
        )
        rows.append(_compared(name, left, right))
    schema = {
        "table": pl.String,
        "rows": pl.Int64,
        "columns": pl.Int64,
        "max_abs_difference": pl.Float64,
        "identical": pl.Boolean,
        "note": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


_Row = tuple[str, int, int, float | None, bool, str]


def _row(name: str, rows: int, columns: int, largest: float | None, note: str) -> _Row:
    return name, rows, columns, largest, not note, note


def _compared(name: str, left: pl.DataFrame, right: pl.DataFrame) -> _Row:
    if left.columns != right.columns:
        differing = sorted(set(left.columns) ^ set(right.columns))
        return _row(name, left.height, left.width, None, f"columns differ: {', '.join(differing) or 'their order'}")
    if left.height != right.height:
        return _row(name, left.height, left.width, None, f"{right.height} rows in the replay")
    largest, differing = 0.0, []
    for column in left.columns:
        difference = _difference(left[column], right[column])
        if difference is not None:
            differing.append(column)
            largest = max(largest, difference)
    return _row(name, left.height, left.width, largest, f"differs in {', '.join(differing)}" if differing else "")


def _difference(left: pl.Series, right: pl.Series) -> float | None:
    """Largest absolute difference of two columns, None when they are equal; infinite where it is no number."""
    if left.dtype == right.dtype and left.equals(right, null_equal=True):
        return None
    if not (left.dtype.is_numeric() and right.dtype.is_numeric()):
        return float("inf")
    a, b = left.cast(float), right.cast(float)
    both_missing = (a.is_null() & b.is_null()) | (a.is_nan() & b.is_nan()).fill_null(value=False)
    gap = (a - b).abs().filter(~both_missing & (a != b).fill_null(value=True))
    if gap.is_empty():
        return None if left.dtype == right.dtype else 0.0
    finite = gap.null_count() == 0 and not gap.is_nan().any()
    return float(gap.max()) if finite else float("inf")  # type: ignore[arg-type]


def _headline_row(original: Path, replayed: Path) -> _Row:
    left = _numbers(original)
    right = _numbers(replayed)
    differing = sorted(name for name in left | right if left.get(name) != right.get(name))
    gaps = [abs(left[name] - right[name]) for name in differing if _both_numbers(left.get(name), right.get(name))]
    largest = None if len(gaps) < len(differing) else max(gaps, default=0.0)
    return _row("headline", 1, len(left), largest, f"differs in {', '.join(differing)}" if differing else "")


def _numbers(folder: Path) -> dict[str, Any]:
    path = folder / "headline.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: value for name, value in content.items() if not name.endswith(_TIMINGS)}


def _both_numbers(left: object, right: object) -> bool:
    return isinstance(left, int | float) and isinstance(right, int | float)
