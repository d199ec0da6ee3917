"""Queries: types, parameters, freshness, threads, and what is refused."""

from __future__ import annotations

import gc
import threading
import weakref
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from workbench.errors import LakeError
from workbench.lake import Lake, sql, views
from workbench.schemas import TABLES, factor_scores

MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)


@pytest.fixture
def lake(desk: Any) -> Lake:
    desk.bars("KR", "005930", {MONDAY: 74_900.0, TUESDAY: 73_700.0})
    desk.bars("US", "AAPL", {MONDAY: 175.1})
    return desk.lake


def test_types_of_polars_come_back(lake: Lake) -> None:
    frame = lake.sql("SELECT * FROM ohlcv ORDER BY region, date")
    expected = {**TABLES["ohlcv"].columns, "year": pl.Int32()}
    assert dict(frame.schema) == expected
    assert frame["region"].to_list() == ["KR", "KR", "US"]
    assert frame["year"].unique().to_list() == [2024]


def test_whole_sums_are_int64_and_decimals_stay(lake: Lake) -> None:
    frame = lake.sql("SELECT sum(year) AS years, count(*) AS n, sum(9223372036854775807 + 0 * year) AS wide FROM ohlcv")
    assert frame.schema["years"] == pl.Int64()
    assert frame["years"].to_list() == [3 * 2024]
    assert frame.schema["wide"] == pl.Decimal(38, 0)


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT ticker FROM ohlcv WHERE region = ? AND date = ?", ["KR", MONDAY]),
        ("SELECT ticker FROM ohlcv WHERE region = $region AND date = $day", {"region": "KR", "day": MONDAY}),
    ],
)
def test_parameters_by_position_and_by_name(lake: Lake, query: str, params: Any) -> None:
    assert lake.sql(query, params)["ticker"].to_list() == ["005930"]


@pytest.mark.parametrize("name", sorted({*TABLES, *views.VIEWS}))
def test_every_table_and_view_reads_empty_in_a_new_lake(tmp_path: Any, name: str) -> None:
    frame = Lake(tmp_path / "new", pinned=None).sql(f"SELECT * FROM {name}")
    assert frame.height == 0
    if name in TABLES:
        assert {key: kind for key, kind in frame.schema.items() if key != "year"} == dict(TABLES[name].columns)


def test_a_publish_is_seen_by_the_next_query(lake: Lake, desk: Any) -> None:
    assert lake.sql("SELECT count(*) AS n FROM ohlcv").item() == 3
    desk.bars("US", "MSFT", {MONDAY: 414.9})
    assert lake.sql("SELECT count(*) AS n FROM ohlcv").item() == 4
    assert lake.sql("SELECT count(*) AS n FROM ohlcv_adjusted").item() == 4


def test_a_view_is_made_again_only_when_its_table_moved(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.sql("SELECT 1 FROM ohlcv, tickers")
    made: list[str] = []
    original = views.define
    monkeypatch.setattr(views, "define", lambda name, *rest: made.append(name) or original(name, *rest))
    lake.sql("SELECT 1 FROM ohlcv, tickers")
    assert made == []
    lake.publish("tickers", pl.DataFrame([_ticker()], schema=dict(TABLES["tickers"].columns)), "KR")
    lake.sql("SELECT 1 FROM ohlcv, tickers")
    assert made == ["tickers"]


def test_only_named_tables_are_registered(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    original = views.define
    monkeypatch.setattr(views, "define", lambda name, *rest: made.append(name) or original(name, *rest))
    lake.sql("SELECT * FROM ohlcv_weekly")
    assert sorted(made) == ["ohlcv", "ohlcv_weekly", "spells", "tickers"]


def test_files_outside_the_log_are_not_read(lake: Lake) -> None:
    before = lake.sql("SELECT count(*) AS n FROM ohlcv").item()
    file = Path(lake.files("ohlcv")[1][0])
    (file.parent / "orphan.parquet").write_bytes(file.read_bytes())
    assert Lake(lake.root, pinned=None).sql("SELECT count(*) AS n FROM ohlcv").item() == before


def test_an_earlier_moment_shows_its_own_rows(lake: Lake, desk: Any) -> None:
    before = lake.snapshot()
    desk.bars("US", "MSFT", {MONDAY: 414.9})
    assert lake.at(before).sql("SELECT count(*) AS n FROM ohlcv").item() == 3
    assert lake.sql("SELECT count(*) AS n FROM ohlcv").item() == 4


def test_side_rows_of_a_publish_that_never_committed_stay_hidden(lake: Lake, desk: Any) -> None:
    desk.bars("KR", "005930", {MONDAY: 75_000.0})
    shown = lake.sql("SELECT ticker, field, new FROM revisions WHERE region = 'KR'")
    assert "close" in shown["field"].to_list()
    last = lake.committed().filter(pl.col("table") == "ohlcv", pl.col("region") == "KR")["n"].item()
    row = {
        "region": "KR",
        "ticker": "000660",
        "start": MONDAY,
        "end": MONDAY,
        "reason": "unknown",
        "publish_id": f"ohlcv/KR/{last + 1:09d}",
    }
    full = {name: row.get(name) for name in TABLES["gaps"].columns}
    from deltalake import write_deltalake

    frame = pl.DataFrame([full], schema=dict(TABLES["gaps"].columns))
    write_deltalake(str(lake.root / "gaps"), frame.to_arrow(), mode="append", partition_by=["region"])
    assert lake.sql("SELECT count(*) AS n FROM gaps").item() == 0


def test_a_factor_set_is_read_by_its_quoted_name(lake: Lake) -> None:
    table = factor_scores("core", ("momentum",))
    row = {"region": "KR", "ticker": "005930", "date": MONDAY, "momentum": 0.5, "composite": 0.25}
    lake.publish(table, pl.DataFrame([row], schema=dict(table.columns)), "KR")
    frame = lake.sql('SELECT momentum FROM "factor_scores/core"')
    assert frame["momentum"].to_list() == [0.5]


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE mine AS SELECT 1",
        "COPY (SELECT 1) TO 'out.parquet'",
        "ATTACH 'other.duckdb'",
        "DROP VIEW ohlcv",
        "SET threads = 1",
        "INSERT INTO ohlcv SELECT * FROM ohlcv",
        "SELECT 1; SELECT 2",
        "",
    ],
)
def test_only_one_reading_statement_is_taken(lake: Lake, query: str) -> None:
    with pytest.raises(LakeError, match="one statement that reads"):
        lake.sql(query)


@pytest.mark.parametrize("query", ["DESCRIBE ohlcv", "SUMMARIZE ohlcv", "EXPLAIN SELECT * FROM ohlcv", "FROM ohlcv"])
def test_reading_statements_of_other_forms_work(lake: Lake, query: str) -> None:
    assert lake.sql(query).height > 0


def test_an_unknown_table_is_named_with_the_known_ones(lake: Lake) -> None:
    with pytest.raises(LakeError, match=r"no table or view 'ohlc'.*ohlcv_adjusted"):
        lake.sql("SELECT * FROM ohlc")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM ohlcv", 'column "nothing" not found'),
        ("SELECT * FROM ohlcv WHERE region = ?", "not provided"),
        ("SELECT CAST(ticker AS INTEGER) FROM ohlcv", "Could not convert"),
    ],
)
def test_errors_of_duckdb_are_one_sentence_with_a_hint(lake: Lake, query: str, says: str) -> None:
    with pytest.raises(LakeError, match=says) as caught:
        lake.sql(query)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_python_variables_are_no_tables(lake: Lake) -> None:
    frame = pl.DataFrame({"a": [1]})
    with pytest.raises(LakeError, match="no table or view 'frame'"):
        lake.sql("SELECT * FROM frame")
    assert frame.height == 1


def test_threads_share_one_lake_while_it_is_published_to(lake: Lake, desk: Any) -> None:
    problems: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(15):
                count = lake.sql(
                    "SELECT count(*) AS n FROM ohlcv JOIN tickers USING (region) RIGHT JOIN ohlcv o ON true"
                )
                assert count.item() >= 3
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(4):
        desk.bars("US", f"T{number}", {MONDAY: 10.0 + number})
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_session_ends_with_its_lake(tmp_path: Any) -> None:
    lake = Lake(tmp_path / "short", pinned=None)
    lake.sql("SELECT 1 AS one")
    session = weakref.ref(sql.session(lake))
    del lake
    gc.collect()
    assert session() is None


def test_the_script_answers_alike_in_a_plain_client(lake: Lake, desk: Any) -> None:
    desk.action("KR", "005930", TUESDAY, "dividend", 361.0, "KRW")
    client = duckdb.connect()
    client.execute(lake.script())
    for name in ("ohlcv", "ohlcv_adjusted", "ohlcv_weekly", "actions", "gaps", "factor_scores"):
        assert client.sql(f"SELECT * FROM {name}").to_arrow_table().num_rows == lake.sql(f"FROM {name}").height
    closes = "SELECT total_close FROM ohlcv_adjusted WHERE region = 'KR' ORDER BY date"
    assert [value for (value,) in client.sql(closes).fetchall()] == lake.sql(closes)["total_close"].to_list()
    assert f"-- ohlcv: version {lake.version('ohlcv')}" in lake.script()


def test_a_script_needs_a_table(tmp_path: Any) -> None:
    with pytest.raises(LakeError, match="no table yet"):
        Lake(tmp_path / "none", pinned=None).script()


def _ticker() -> dict[str, Any]:
    row = {"region": "KR", "ticker": "005930", "spell": 1, "currency": "KRW", "source": "desk"}
    return {name: row.get(name) for name in TABLES["tickers"].columns}


def test_show_tables_names_every_table_and_view(desk: Any) -> None:
    names = desk.lake.sql("SHOW TABLES;")["name"].to_list()
    assert {"ohlcv", "ohlcv_adjusted", "ohlcv_weekly", "gaps", "trials"} <= set(names)
    assert names == sorted(names)
