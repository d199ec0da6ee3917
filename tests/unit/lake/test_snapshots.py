"""Snapshots: one moment of the whole lake, pinned, found by time, cloned, kept by vacuum."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from workbench.errors import ConfigError, LakeError
from workbench.lake import Lake, Snapshot


def bars(close, region="KR", day=date(2024, 1, 2), ticker="A"):
    return pl.DataFrame(
        {
            "region": [region],
            "ticker": [ticker],
            "timeframe": ["D"],
            "date": [day],
            "close": [close],
            "adjusted": ["none"],
            "source": ["one"],
            "collected_at": [datetime(2024, 1, 2, tzinfo=UTC)],
        }
    )


def closes(lake, region=None):
    return lake.read("ohlcv", region)["close"].to_list()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", pinned=None)


def test_a_snapshot_survives_json_and_is_named_by_its_versions(lake):
    lake.publish("ohlcv", bars(1.0), "KR")
    snapshot = lake.snapshot()
    again = Snapshot.from_json(snapshot.to_json())
    assert again == snapshot
    assert again.id == Snapshot.from_json('{"ohlcv": 1}').id
    lake.publish("ohlcv", bars(2.0), "KR")
    assert lake.snapshot().id != snapshot.id
    with pytest.raises(ConfigError, match="not a snapshot"):
        Snapshot.from_json('{"ohlcv": "new"}')


def test_the_past_is_read_only_and_complete(lake):
    lake.publish("ohlcv", bars(1.0), "KR")
    first = lake.snapshot()
    lake.publish("ohlcv", bars(2.0), "KR")
    past = lake.at(first)
    assert (closes(past), past.read("revisions").height) == ([1.0], 0)
    assert (closes(lake), lake.read("revisions").height) == ([2.0], 1)
    assert past.versions("ohlcv")["version"].max() == first.versions["ohlcv"]
    for write in (lambda: past.publish("ohlcv", bars(3.0), "KR"), past.compact, lambda: past.rollback("KR", first)):
        with pytest.raises(LakeError, match="read-only"):
            write()


def test_a_moment_is_found_by_the_time_of_the_log(lake):
    lake.publish("ohlcv", bars(1.0), "KR")
    time.sleep(0.02)
    between = datetime.now(UTC)
    time.sleep(0.02)
    lake.publish("ohlcv", bars(2.0), "KR")
    assert closes(lake.at(between)) == [1.0]
    assert closes(lake.at(between.isoformat())) == [1.0]
    assert closes(lake.at(datetime.now(UTC).date() + timedelta(days=1))) == [2.0]
    with pytest.raises(LakeError, match=r"no version at 2001-01-01.*first version is from"):
        lake.at("2001-01-01")
    with pytest.raises(LakeError, match="is not a moment"):
        lake.at("yesterday")
    with pytest.raises(LakeError, match=r"no version 99 of 'ohlcv': versions 0 to 2"):
        lake.at({"ohlcv": 99})


def test_an_empty_lake_has_no_moment(lake):
    with pytest.raises(LakeError, match="It is empty"):
        lake.at("2024-01-01")


def test_a_pinned_lake_reads_the_snapshot_and_publishes_live(lake, tmp_path, monkeypatch):
    lake.publish("ohlcv", bars(1.0), "KR")
    file = tmp_path / "snapshot.json"
    file.write_text(lake.snapshot().to_json())
    monkeypatch.setenv("WORKBENCH_SNAPSHOT", str(file))
    pinned = Lake(lake.root)
    pinned.publish("ohlcv", bars(2.0), "KR")
    assert (closes(pinned), closes(pinned.live())) == ([1.0], [2.0])
    assert pinned.files("revisions") == (None, [])
    monkeypatch.setenv("WORKBENCH_SNAPSHOT", str(tmp_path / "none.json"))
    with pytest.raises(ConfigError, match="is not a file"):
        Lake(lake.root)


def test_a_snapshot_is_taken_again_when_a_main_table_moves_meanwhile(lake, monkeypatch):
    """A publish that lands after the main tables were read must not show its side rows alone."""
    from workbench.lake import snapshots

    lake.publish("ohlcv", bars(1.0), "KR")
    original, calls = snapshots._read, []

    def read(root):
        found = original(root)
        if not calls:
            calls.append(1)
            lake.publish("ohlcv", bars(2.0), "KR")
        return found

    monkeypatch.setattr(snapshots, "_read", read)
    assert snapshots.take(lake.root).versions == {"ohlcv": 2, "revisions": 1}


def test_versions_tell_what_happened(lake, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_RUN_DIR", str(tmp_path / "run-7"))
    lake.publish("ohlcv", bars(1.0), "KR")
    lake.publish("ohlcv", bars(2.0), "KR")
    rows = lake.versions("ohlcv").filter(pl.col("operation") == "publish")
    assert rows.select("version", "region", "inserted", "revised", "deleted", "publish_id", "run").rows() == [
        (2, "KR", 0, 1, 0, "ohlcv/KR/000000002", "run-7"),
        (1, "KR", 1, 0, 0, "ohlcv/KR/000000001", "run-7"),
    ]
    assert set(lake.versions()["table"]) == {"ohlcv", "revisions"}


def test_vacuum_keeps_what_a_kept_snapshot_needs(lake):
    kept = []
    for close in (1.0, 2.0, 3.0):
        lake.publish("ohlcv", bars(close), "KR")
        kept.append(lake.snapshot())
    assert lake.vacuum(keep=kept[:1]) == []
    orphan = lake.root / "ohlcv" / "region=KR" / "year=2024" / "part-of-a-dead-writer.parquet"
    orphan.write_bytes(b"half a file")
    deleted = lake.vacuum(keep=kept[:1], retention_hours=0)
    assert orphan in deleted
    assert closes(lake.at(kept[0])) == [1.0]
    assert closes(lake) == [3.0]
    with pytest.raises(LakeError, match="have been vacuumed"):
        closes(Lake(lake.root, pinned=kept[1]))
    with pytest.raises(LakeError, match="negative"):
        lake.vacuum(retention_hours=-1)


def test_vacuum_spares_what_was_current_within_the_retention(lake):
    import os

    lake.publish("ohlcv", bars(1.0), "KR")
    before = lake.snapshot()
    lake.publish("ohlcv", bars(2.0), "KR")
    for path in lake.at(before).files("ohlcv")[1]:
        os.utime(path, (0, 0))
    young = lake.root / "ohlcv" / "region=KR" / "year=2024" / "of-a-writer-at-work.parquet"
    young.write_bytes(b"half a file")
    assert lake.vacuum(retention_hours=1) == []
    assert young.exists()
    assert closes(lake.at(before)) == [1.0]


def test_a_clone_is_a_lake_of_its_own_with_the_same_versions(lake, tmp_path):
    lake.publish("ohlcv", bars(1.0), "KR")
    lake.publish("ohlcv", bars(2.0), "KR")
    snapshot = lake.snapshot()
    lake.publish("ohlcv", bars(3.0), "KR")
    copy = lake.clone(tmp_path / "copy", snapshot)
    assert copy.tables() == dict(snapshot.versions)
    assert copy.read("ohlcv").equals(lake.at(snapshot).read("ohlcv"))
    assert copy.read("revisions").equals(lake.at(snapshot).read("revisions"))
    copy.publish("ohlcv", bars(9.0), "KR")
    copy.vacuum(retention_hours=0)
    assert (closes(copy), closes(lake), closes(lake.at(snapshot))) == ([9.0], [3.0], [2.0])
    with pytest.raises(LakeError, match="holds a lake already"):
        lake.clone(tmp_path / "copy")


def test_compaction_changes_no_row_and_sorts_the_files(lake):
    for day in range(1, 9):
        lake.publish("ohlcv", bars(float(day), day=date(2024, 1, day), ticker=f"T{9 - day}"), "KR")
    lake.publish("ohlcv", bars(1.0, region="US"), "US")
    before, snapshot = lake.read("ohlcv"), lake.snapshot()
    assert len(lake.files("ohlcv")[1]) == 9
    assert lake.compact() == {"ohlcv": 1}
    _, files = lake.files("ohlcv")
    assert len(files) == 2
    rows = pl.read_parquet(next(path for path in files if "region=KR" in path), hive_partitioning=False)
    assert rows["ticker"].is_sorted()
    assert lake.read("ohlcv").equals(before)
    assert lake.at(snapshot).read("ohlcv").equals(before)
    assert lake.compact() == {}
    assert lake.committed().rows() == [("ohlcv", "KR", 8), ("ohlcv", "US", 1)]


def test_the_log_of_many_publishes_stays_readable_by_version(lake):
    for number in range(60):
        lake.publish("ohlcv", bars(float(number)), "KR")
    assert closes(lake) == [59.0]
    assert closes(lake.at({"ohlcv": 5})) == [4.0]
    assert lake.versions("ohlcv").height == 61
    assert lake.read("revisions").height == 59
