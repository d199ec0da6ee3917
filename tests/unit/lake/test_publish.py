"""Publish: what is stored, what is refused, what is recorded beside it."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest
from lake_rows import SEEN, bars

from workbench import schemas
from workbench.errors import LakeError
from workbench.lake import Lake, locks


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", pinned=None)


def test_a_table_that_does_not_exist_reads_as_empty(lake):
    frame = lake.read("ohlcv", "KR")
    assert frame.is_empty()
    assert frame.schema == schemas.TABLES["ohlcv"].empty().schema
    assert lake.tables() == {}


def test_rows_come_back_sorted_with_absent_columns_null(lake):
    done = lake.publish("ohlcv", bars().reverse(), "KR")
    stored = lake.read("ohlcv", "KR")
    assert (done.inserted, done.unchanged, done.revised, done.deleted) == (6, 0, 0, 0)
    assert done.publish_id == "ohlcv/KR/000000001"
    assert stored.equals(stored.sort("ticker", "timeframe", "date"))
    assert stored["open"].null_count() == 6
    assert lake.read("ohlcv", tickers=["B"], start="2024-01-03", columns=["date", "close"]).rows() == [
        (date(2024, 1, 3), 11.1),
        (date(2024, 1, 4), 11.2),
    ]


def test_an_upsert_leaves_absent_rows_and_replaces_different_ones(lake):
    lake.publish("ohlcv", bars(), "KR")
    changed = bars(tickers=("B", "C"), days=2, close=11.0).with_columns(
        pl.when(pl.col("ticker") == "B", pl.col("date") == date(2024, 1, 2))
        .then(99.0)
        .otherwise("close")
        .alias("close")
    )
    done = lake.publish("ohlcv", changed, "KR")
    assert (done.inserted, done.unchanged, done.revised) == (2, 1, 1)
    closes = dict(lake.read("ohlcv").select(pl.col("ticker") + pl.col("date").dt.strftime("%d"), "close").iter_rows())
    assert closes == {
        "A02": 10.0,
        "A03": 10.1,
        "A04": 10.2,
        "B02": 99.0,
        "B03": 11.1,
        "B04": 11.2,
        "C02": 12.0,
        "C03": 12.1,
    }


@pytest.mark.parametrize("column", ["source", "collected_at"])
def test_rows_that_differ_in_provenance_alone_cost_nothing(lake, column):
    lake.publish("ohlcv", bars(), "KR")
    other = {"source": pl.lit("two"), "collected_at": pl.lit(SEEN + timedelta(days=1))}[column]
    before = lake.tables()
    done = lake.publish("ohlcv", bars().with_columns(other.alias(column)), "KR")
    assert (done.unchanged, done.publish_id) == (6, None)
    assert lake.tables() == before


def test_null_equals_null_and_nan_is_null(lake):
    lake.publish("ohlcv", bars().with_columns(turnover=pl.lit(float("nan"))), "KR")
    assert lake.read("ohlcv")["turnover"].null_count() == 6
    assert lake.publish("ohlcv", bars(), "KR").publish_id is None
    assert lake.publish("ohlcv", bars().with_columns(turnover=pl.lit(1.0)), "KR").revised == 6


def test_replace_deletes_what_is_absent_in_its_days_only(lake):
    lake.publish("ohlcv", bars(), "KR")
    lake.publish("ohlcv", bars(region="US"), "US")
    done = lake.publish("ohlcv", bars(tickers=("A",), days=1), "KR", replace=(date(2024, 1, 2), date(2024, 1, 3)))
    assert (done.unchanged, done.deleted) == (1, 3)
    assert lake.read("ohlcv", "KR").select("ticker", "date").rows() == [
        ("A", date(2024, 1, 2)),
        ("A", date(2024, 1, 4)),
        ("B", date(2024, 1, 4)),
    ]
    assert lake.read("ohlcv", "US").height == 6
    gone = lake.read("revisions").filter(pl.col("field") == "*")
    assert gone.height == 3
    assert json.loads(gone["old"][0])["close"] == 10.1


def test_an_empty_frame_with_replace_empties_the_days(lake):
    lake.publish("ohlcv", bars(), "KR")
    lake.publish("ohlcv", bars().clear(), "KR", replace=(date(2024, 1, 1), date(2024, 12, 31)))
    assert lake.read("ohlcv").is_empty()


def test_changed_fields_go_to_revisions(lake):
    lake.publish("ohlcv", bars(), "KR")
    lake.publish("ohlcv", bars(tickers=("A",), days=1).with_columns(close=5.5, volume=None), "KR", seen_at=SEEN)
    rows = lake.read("revisions")
    assert rows.select("region", "ticker", "date", "field", "table", "old", "new").rows() == [
        ("KR", "A", date(2024, 1, 2), "close", "ohlcv", "10.0", "5.5"),
        ("KR", "A", date(2024, 1, 2), "volume", "ohlcv", "100.0", None),
    ]
    assert json.loads(rows["row_key"][0]) == {"region": "KR", "ticker": "A", "timeframe": "D", "date": "2024-01-02"}
    assert rows["seen_at"].to_list() == [SEEN, SEEN]
    assert set(rows["publish_id"]) == {"ohlcv/KR/000000002"}


def test_two_changes_at_one_moment_are_two_revisions(lake):
    for close in (10.0, 20.0, 30.0):
        lake.publish("ohlcv", bars(tickers=("A",), days=1, close=close), "KR", seen_at=SEEN)
    changes = lake.read("revisions").filter(pl.col("field") == "close").select("old", "new").rows()
    assert changes == [("10.0", "20.0"), ("20.0", "30.0")]


def test_a_table_may_keep_no_revisions(lake):
    table = schemas.Table("asked", {"region": pl.String(), "end": pl.Date()}, key=("region",), keeps_revisions=False)
    for day in (2, 3):
        done = lake.publish(table, pl.DataFrame({"region": ["KR"], "end": [date(2024, 1, day)]}), "KR")
    assert done.revised == 1
    assert lake.read(table)["end"].to_list() == [date(2024, 1, 3)]
    assert lake.read("revisions").is_empty()


def test_tables_without_region_or_date_keep_revisions_too(lake):
    rate = {"currency": ["KRW"], "date": [date(2024, 1, 2)], "fixed_at": [SEEN], "source": ["s"]}
    lake.publish("fx", pl.DataFrame({**rate, "usd_per_unit": [0.001]}))
    lake.publish("fx", pl.DataFrame({**rate, "usd_per_unit": [0.002]}))
    trial = {"id": ["t"], "recorded_at": [SEEN], "hypothesis": ["h"], "status": ["done"]}
    lake.publish("trials", pl.DataFrame({**trial, "returns": [[0.1, 0.2]]}))
    assert lake.publish("trials", pl.DataFrame({**trial, "returns": [[0.1, 0.2]]})).unchanged == 1
    lake.publish("trials", pl.DataFrame({**trial, "returns": [[0.1, 0.3]]}), seen_at=SEEN)
    rows = lake.read("revisions").sort("table")
    assert rows.select("region", "ticker", "date", "field", "old", "new").rows() == [
        ("--", "KRW", date(2024, 1, 2), "usd_per_unit", "0.001", "0.002"),
        ("--", "t", SEEN.date(), "returns", "0.1,0.2", "0.1,0.3"),
    ]


def test_index_names_with_special_characters_survive(lake):
    names = ["^GSPC", "a b", "KOSPI/200", "005", "it's"]
    lake.publish(
        "indexes", pl.DataFrame({"index": names, "date": [date(2024, 1, 2)] * 5, "level": [1.0] * 5, "source": "s"})
    )
    done = lake.publish(
        "indexes",
        pl.DataFrame(
            {"index": names[:2] + names[4:], "date": [date(2024, 1, 2)] * 3, "level": [2.0] * 3, "source": "s"}
        ),
    )
    assert done.revised == 3
    assert dict(lake.read("indexes", columns=["index", "level"]).iter_rows()) == {
        "^GSPC": 2.0, "a b": 2.0, "KOSPI/200": 1.0, "005": 1.0, "it's": 2.0,
    }  # fmt: skip


def test_a_factor_set_is_a_table_of_its_own(lake):
    table = schemas.factor_scores("core", ("momentum_12m_1m",))
    row = {"region": ["KR"], "ticker": ["A"], "date": [date(2024, 1, 2)], "momentum_12m_1m": [0.5], "composite": [0.5]}
    lake.publish(table, pl.DataFrame(row), "KR")
    assert lake.tables() == {"factor_scores/core": 1}
    assert lake.read("factor_scores/core").schema["composite"] == pl.Float32
    assert lake.publish("factor_scores/core", pl.DataFrame(row), "KR").unchanged == 1


def test_a_table_may_gain_a_column(lake):
    row = {"region": ["KR"], "ticker": ["A"], "date": [date(2024, 1, 2)], "momentum": [0.5], "composite": [0.5]}
    lake.publish(schemas.factor_scores("core", ("momentum",)), pl.DataFrame(row), "KR")
    wider = schemas.factor_scores("core", ("momentum", "value"))
    assert lake.read(wider)["value"].to_list() == [None]
    lake.publish(wider, pl.DataFrame({**row, "ticker": ["B"], "value": [2.0]}), "KR")
    assert lake.read(wider)["value"].to_list() == [None, 2.0]
    assert lake.read("factor_scores/core")["value"].to_list() == [None, 2.0]
    with pytest.raises(LakeError, match="unlike its declaration"):
        lake.publish(schemas.factor_scores("core", ("momentum",)), pl.DataFrame(row), "KR")


def test_a_commit_that_comes_between_starts_the_publish_again(lake, monkeypatch):
    """Another writer without our lock (another machine) lands between the read and the commit."""
    from workbench.lake import publish

    lake.publish("ohlcv", bars(), "KR")
    original, calls = publish._commit, []

    def interrupted(order, *rest):
        calls.append(1)
        if len(calls) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(publish, "_commit", original)
                patch.setattr(locks.fcntl, "flock", lambda *_: None)
                lake.publish("ohlcv", bars(tickers=("A",), days=1, close=77.0), "KR")
        return original(order, *rest)

    monkeypatch.setattr(publish, "_commit", interrupted)
    lake.publish("ohlcv", bars(tickers=("B",), days=1, close=88.0), "KR")
    day = lake.read("ohlcv", start="2024-01-02", end="2024-01-02")
    assert dict(day.select("ticker", "close").iter_rows()) == {"A": 77.0, "B": 88.0}
    assert len(calls) == 2


def check_files(lake, partitions):
    import pyarrow.parquet as pq

    _, files = lake.files("ohlcv")
    assert len(files) == partitions
    for path in files:
        rows = pl.read_parquet(path, hive_partitioning=False)
        assert rows.equals(rows.sort("ticker", "timeframe", "date"))
        metadata = pq.ParquetFile(path).metadata
        assert metadata.row_group(0).num_rows <= 8192
        assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_files_are_sorted_small_grouped_and_one_a_partition(lake):
    """After an append and after a rewrite, also of frames that come in many chunks."""
    tickers = [f"{number:04d}" for number in range(60)]
    frame = bars(tickers=tickers, days=400).sort("ticker", "timeframe", "date")
    pieces = pl.concat([frame.slice(start, 500) for start in range(0, frame.height, 500)], rechunk=False)
    lake.publish("ohlcv", pieces, "KR")
    check_files(lake, 2)
    lake.publish("ohlcv", frame.with_columns(pl.col("close") * 2).sample(fraction=0.5, seed=3), "KR")
    check_files(lake, 2)


def test_an_append_reads_and_rewrites_nothing_old(lake):
    lake.publish("ohlcv", bars(), "KR")
    _, before = lake.files("ohlcv")
    lake.publish("ohlcv", bars(start=date(2024, 3, 1)), "KR")
    _, after = lake.files("ohlcv")
    assert set(before) < set(after)


def test_a_revision_of_a_recent_day_leaves_the_large_file_alone(lake):
    lake.publish("ohlcv", bars(), "KR")
    _, old = lake.files("ohlcv")
    lake.publish("ohlcv", bars(start=date(2024, 3, 1)), "KR")
    lake.publish("ohlcv", bars(tickers=("A",), days=1, start=date(2024, 3, 1), close=50.0), "KR")
    _, after = lake.files("ohlcv")
    assert set(old) < set(after)
    assert len(after) == 2
    assert lake.read("ohlcv").height == 12
