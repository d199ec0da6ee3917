"""Publish: what is stored, what is refused, what is recorded beside it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from workbench import schemas
from workbench.errors import LakeError, RegionMismatch, SchemaViolation
from workbench.lake import Lake, locks

SEEN = datetime(2024, 1, 10, tzinfo=UTC)


def bars(tickers=("A", "B"), days=3, region="KR", start=date(2024, 1, 2), close=10.0, source="one"):
    """Bars of consecutive days; the close differs by ticker and day."""
    rows = [
        {
            "region": region,
            "ticker": ticker,
            "timeframe": "D",
            "date": start + timedelta(days=day),
            "close": close + column + day / 10,
            "volume": 100.0,
            "adjusted": "none",
            "source": source,
            "collected_at": SEEN,
        }
        for column, ticker in enumerate(tickers)
        for day in range(days)
    ]
    return pl.DataFrame(rows)


def gap(ticker="A", start=date(2024, 1, 2), end=date(2024, 1, 3), reason="unknown", region="KR"):
    return pl.DataFrame({"region": [region], "ticker": [ticker], "start": [start], "end": [end], "reason": [reason]})


def bad(ticker="A", day=date(2024, 1, 2), reasons="high below low"):
    return pl.DataFrame(
        {
            "region": ["KR"],
            "ticker": [ticker],
            "date": [day],
            "row": ['{"close": 1}'],
            "reasons": [reasons],
            "source": ["s"],
        }
    )


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


# Refusals ---------------------------------------------------------------------------------------------


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
    with pytest.raises(SchemaViolation, match="takes no side rows"):
        lake.publish("trials", pl.DataFrame({"id": ["a"]}), gaps=gap())


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


# Side tables ------------------------------------------------------------------------------------------


def test_side_rows_alone_are_committed_once(lake):
    lake.publish("ohlcv", bars(), "KR")
    done = lake.publish("ohlcv", bars(), "KR", quarantine=bad(), gaps=gap())
    assert (done.publish_id, done.unchanged) == ("ohlcv/KR/000000002", 6)
    assert lake.read("quarantine")["table"].to_list() == ["ohlcv"]
    before = lake.tables()
    again = lake.publish("ohlcv", bars(), "KR", quarantine=bad(), gaps=gap())
    assert again.publish_id is None
    assert lake.tables() == before


def test_a_gap_that_grows_keeps_when_it_was_first_seen(lake):
    lake.publish("ohlcv", bars().clear(), "KR", gaps=gap(), seen_at=SEEN)
    later = SEEN + timedelta(days=5)
    lake.publish("ohlcv", bars().clear(), "KR", gaps=gap(end=date(2024, 1, 8)), seen_at=later)
    assert lake.read("gaps").select("end", "first_seen", "last_seen").rows() == [(date(2024, 1, 8), SEEN, later)]
    lake.compact()
    assert lake.read("gaps").select("end", "first_seen", "last_seen").rows() == [(date(2024, 1, 8), SEEN, later)]


def test_the_latest_form_wins_under_a_fixed_clock(lake):
    for end in (3, 5, 4):
        lake.publish("ohlcv", bars().clear(), "KR", gaps=gap(end=date(2024, 1, end)), seen_at=SEEN)
    assert lake.read("gaps")["end"].to_list() == [date(2024, 1, 4)]


def test_the_latest_form_wins_whoever_published_it(lake):
    for end in (3, 4, 5):
        lake.publish("gaps", gap(end=date(2024, 1, end)), "KR", seen_at=SEEN)
    lake.publish("ohlcv", bars().clear(), "KR", gaps=gap(end=date(2024, 1, 9)), seen_at=SEEN)
    assert lake.read("gaps")["end"].to_list() == [date(2024, 1, 9)]
    lake.publish("gaps", gap(end=date(2024, 1, 6)), "KR", seen_at=SEEN)
    assert lake.read("gaps").select("end", "first_seen").rows() == [(date(2024, 1, 6), SEEN)]


@pytest.mark.parametrize("name", ["revisions", "quarantine", "gaps"])
def test_the_sql_of_a_side_table_shows_what_read_shows(lake, name):
    import duckdb

    from workbench.lake import side, sidewrite

    lake.publish("ohlcv", bars(), "KR", gaps=gap(), quarantine=bad())
    lake.publish("ohlcv", bars(close=20.0), "KR", gaps=gap(end=date(2024, 1, 9)), quarantine=bad(reasons="other"))
    hidden = lake.read(name).head(1).with_columns(ticker=pl.lit("HIDDEN"))
    sidewrite.append(lake.root, name, "KR", hidden, "ohlcv/KR/000000003")
    _, files = lake.files(name)
    query = side.select_sql(name, f"read_parquet({files!r}, hive_partitioning=true)", lake.committed())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        shown = pl.DataFrame(connection.sql(query).to_arrow_table())
    expected = lake.read(name)
    assert shown.sort(schemas.TABLES[name].key).rows() == expected.rows()
    assert expected.height == {"revisions": 6}.get(name, 1)


def test_gaps_can_be_published_and_deleted_directly(lake):
    lake.publish("ohlcv", bars(), "KR", gaps=pl.concat([gap("A"), gap("B")]))
    day = date(2024, 1, 2)
    lake.publish("gaps", gap("B", end=date(2024, 1, 9)), "KR", replace=(day, day))
    assert lake.read("gaps").select("ticker", "end").rows() == [("B", date(2024, 1, 9))]
    assert lake.publish("gaps", gap("B", end=date(2024, 1, 9)), "KR").publish_id is None


def test_rows_of_a_publish_that_died_are_hidden_and_then_purged(lake, monkeypatch):
    from workbench.lake import publish

    lake.publish("ohlcv", bars(), "KR", gaps=gap())
    revised = bars().with_columns(pl.col("close") + 1)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_commit", die)
        with pytest.raises(KeyboardInterrupt):
            lake.publish("ohlcv", revised, "KR", quarantine=bad(), gaps=gap(end=date(2024, 1, 9)))
    on_disk = {name: lake.delta(name).count() for name in ("revisions", "quarantine", "gaps")}
    assert on_disk == {"revisions": 6, "quarantine": 1, "gaps": 2}
    assert lake.read("revisions").is_empty()
    assert lake.read("quarantine").is_empty()
    assert lake.read("gaps")["end"].to_list() == [date(2024, 1, 3)]

    lake.publish("ohlcv", bars(tickers=("C",)), "KR")
    on_disk = {name: lake.delta(name).count() for name in ("revisions", "quarantine", "gaps")}
    assert on_disk == {"revisions": 0, "quarantine": 0, "gaps": 1}
    lake.publish("ohlcv", revised, "KR", quarantine=bad())
    assert lake.read("revisions").height == 6


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
