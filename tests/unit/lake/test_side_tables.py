"""Revisions, quarantine and gaps: seen once their publish has landed, never before."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from lake_rows import SEEN, bars, gap

from workbench import schemas
from workbench.lake import Lake


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


def test_a_closed_gap_is_shown_to_nobody_until_it_opens_again(lake):
    lake.publish("ohlcv", bars(), "KR", gaps=pl.concat([gap("A"), gap("B")]), seen_at=SEEN)
    before = lake.snapshot()
    closed = gap("A", end=date(2024, 1, 1))
    assert lake.publish("ohlcv", bars().clear(), "KR", gaps=closed, seen_at=SEEN).publish_id
    for _ in range(2):
        assert lake.read("gaps")["ticker"].to_list() == ["B"]
        assert lake.sql("SELECT ticker FROM gaps")["ticker"].to_list() == ["B"]
        assert lake.publish("ohlcv", bars().clear(), "KR", gaps=closed, seen_at=SEEN).publish_id is None
        lake.compact()
    assert lake.at(before).read("gaps").height == 2
    lake.publish("ohlcv", bars().clear(), "KR", gaps=gap("A"), seen_at=SEEN)
    assert lake.read("gaps")["ticker"].to_list() == ["A", "B"]


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
