"""What publish refuses: every error names the object and carries the failing rows."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from lake_rows import bars, gap

from workbench.errors import LakeError, RegionMismatch, SchemaViolation
from workbench.lake import Lake, locks
from workbench.schemas import TABLES


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", pinned=None)


def refused(lake, frame, region="KR", error=SchemaViolation, table="ohlcv"):
    with pytest.raises(error) as caught:
        lake.publish(table, frame, region)
    assert lake.tables() == {}
    assert caught.value.hint
    return caught.value


def test_foreign_regions_are_refused_with_their_rows(lake):
    error = refused(lake, pl.concat([bars(), bars(region="US", days=1)]), error=RegionMismatch)
    assert error.rows.height == 2
    assert set(error.rows["reason"]) == {"region is not KR"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ticker": None}, "ticker is null"),
        ({"ticker": pl.lit("")}, "ticker is empty"),
        ({"close": None}, "close is null"),
        ({"close": float("nan")}, "close is null"),
        ({"close": float("inf")}, "close is infinite"),
        ({"source": None}, "source is null"),
        ({"timeframe": pl.lit("W")}, "timeframe is none of D"),
        ({"adjusted": pl.lit("Split")}, "adjusted is none of none, split, total"),
    ],
)
def test_rows_that_break_a_rule_are_attached_with_the_reason(lake, change, reason):
    first = pl.int_range(pl.len()) == 1
    (name, value), *_ = change.items()
    frame = bars().with_columns(pl.when(first).then(pl.lit(value) if not isinstance(value, pl.Expr) else value)
                                .otherwise(pl.col(name)).alias(name))  # fmt: skip
    error = refused(lake, frame)
    assert error.rows["reason"].to_list() == [reason]


def test_repeated_keys_are_refused(lake):
    error = refused(lake, pl.concat([bars(), bars(days=1, close=50.0)]))
    assert error.rows.height == 4
    assert set(error.rows["reason"]) == {"repeated key"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("close", pl.lit("ten")), ("date", pl.lit(datetime(2024, 1, 2))), ("collected_at", pl.lit(datetime(2024, 1, 2)))],
)
def test_wrong_types_are_refused(lake, name, value):
    error = refused(lake, bars(days=1).with_columns(value.alias(name)))
    assert name in error.message
    assert error.rows.height == 2


def test_unknown_and_missing_columns_are_refused(lake):
    assert "'colour'" in refused(lake, bars().with_columns(colour=1)).message
    assert "'adjusted'" in refused(lake, bars().drop("adjusted")).message


def test_integers_are_taken_as_reals(lake):
    lake.publish("ohlcv", bars().with_columns(pl.col("volume").cast(pl.Int64)), "KR")
    assert lake.read("ohlcv").schema["volume"] == pl.Float64


def test_regions_are_checked(lake):
    assert "KR" in refused(lake, bars(), region=None).hint
    refused(lake, bars(region="XX"), region="XX")
    refused(lake, pl.DataFrame({"id": ["a"]}), region="KR", table="trials")


def test_unknown_tables_and_bad_ranges_are_named(lake):
    with pytest.raises(LakeError, match="no table 'prices'"):
        lake.publish("prices", bars(), "KR")
    with pytest.raises(SchemaViolation, match="not a range"):
        lake.publish("ohlcv", bars(), "KR", replace=(date(2024, 2, 1), date(2024, 1, 1)))
    with pytest.raises(SchemaViolation, match="not a range"):
        lake.publish("ohlcv", bars(), "KR", replace=("2024-01-01", "2024-02-01"))
    with pytest.raises(SchemaViolation, match="one region in 'fx'"):  # it would delete every other currency
        lake.publish("fx", TABLES["fx"].empty(), replace=(date(2024, 1, 1), date(2024, 2, 1)))
    with pytest.raises(SchemaViolation, match="takes no side rows"):
        lake.publish("trials", pl.DataFrame({"id": ["a"]}), gaps=gap())


def test_a_region_that_is_none_is_no_empty_answer(lake):
    lake.publish("ohlcv", bars(), "KR")
    for region in ("kr", "XX"):
        with pytest.raises(LakeError, match=f"no region '{region}'"):
            lake.read("ohlcv", region)


def test_a_single_code_is_a_code_and_no_list_of_letters(lake):
    lake.publish("ohlcv", bars(tickers=("AAPL", "A")), "KR")
    assert lake.read("ohlcv", "KR", tickers="AAPL")["ticker"].unique().to_list() == ["AAPL"]


def test_a_lake_that_cannot_be_written_says_so(lake):
    lake.root.mkdir()
    (lake.root / locks.FOLDER).write_text("not a folder")
    with pytest.raises(LakeError, match="cannot be written"):
        lake.publish("ohlcv", bars(), "KR")


def test_addresses_that_are_no_folders_are_refused(tmp_path):
    with pytest.raises(LakeError, match="local folders only"):
        Lake("s3://bucket/lake")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(LakeError, match="is not a folder"):
        Lake(file)
