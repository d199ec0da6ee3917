"""An import accounts for every row, explains every missing session, and can be repeated."""

from datetime import date

import polars as pl
import pytest

from workbench import collect, markets
from workbench.errors import ConfigError
from workbench.lake import Lake

DAYS = markets.sessions("US", date(2015, 3, 2), date(2015, 12, 31))
COLUMNS = {name: name for name in ("ticker", "date", "open", "high", "low", "close", "volume")}
SPEC = {"file": "*.parquet", "region": "US", "source": "own_files", "columns": COLUMNS}


def bars(ticker, days=DAYS, close=100.0, **more):
    frame = pl.DataFrame({"ticker": ticker, "date": days}, schema_overrides={"date": pl.Date})
    return frame.with_columns(
        open=pl.lit(close), high=pl.lit(close + 1), low=pl.lit(close - 1), close=pl.lit(close), volume=pl.lit(10.0)
    ).with_columns(**{name: pl.lit(value) for name, value in more.items()})


def bring(lake, folder, frame, spec=SPEC, **more):
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / "prices.parquet")
    done = collect.import_files(lake, spec, folder, **more)
    assert done.rows_in == frame.height == done.published + done.quarantined + done.superseded
    assert done.by_reason["rows"].sum() == done.quarantined + done.superseded
    assert done.published == done.inserted + done.unchanged + done.revised
    assert collect.unexplained(Lake(done.lake), spec["region"]).is_empty()
    assert collect.contradicted(Lake(done.lake), spec["region"]).is_empty()
    return done


def stretches(lake, region="US"):
    gaps = lake.read("gaps", region)
    return gaps.select("ticker", "start", "end", "reason").rows()


def test_bars_listings_and_missing_sessions(lake, tmp_path):
    holes = [day for day in DAYS if day not in (DAYS[10], DAYS[11])]
    frame = pl.concat([bars("AAA"), bars("BBB", days=DAYS[5:60]), bars("CCC", days=holes)])
    done = bring(lake, tmp_path / "files", frame)
    assert done.published == lake.read("ohlcv", "US").height == frame.height
    assert stretches(lake) == [
        ("BBB", DAYS[60], DAYS[-1], "not_covered"),
        ("CCC", DAYS[10], DAYS[11], "not_covered"),
    ]
    listings = lake.read("tickers", "US").select("ticker", "listed_date", "delisted_date", "delisting_reason").rows()
    assert listings == [
        ("AAA", DAYS[0], None, None),
        ("BBB", DAYS[5], None, "ended"),
        ("CCC", DAYS[0], None, None),
    ]
    assert any("1 tickers end" in note for note in done.notes)


def test_a_repeated_import_publishes_nothing(lake, tmp_path):
    faulty = bars("BBB").with_columns(high=pl.when(pl.col("date") == DAYS[7]).then(1.0).otherwise("high"))
    frame = pl.concat([bars("AAA"), faulty])
    bring(lake, tmp_path / "files", frame)
    before = {name: lake.read(name, "US") for name in ("ohlcv", "quarantine", "gaps", "tickers")}
    versions = lake.tables()
    bring(lake, tmp_path / "files", frame)
    assert {name: lake.read(name, "US") for name in before}["ohlcv"].equals(before["ohlcv"])
    assert lake.tables()["ohlcv"] == versions["ohlcv"]
    assert lake.read("quarantine", "US").height == before["quarantine"].height == 1


def test_faults_go_to_the_quarantine_as_the_file_has_them(lake, tmp_path):
    frame = pl.concat([bars("AAA"), bars("BBB", days=[date(2015, 4, 3)])])  # Good Friday
    done = bring(lake, tmp_path / "files", frame)
    assert done.by_reason.rows() == [("quarantined", "closed_day", 1)]
    (row,) = lake.read("quarantine", "US").to_dicts()
    assert row["row"].startswith('{"row"') is False
    assert '"ticker":"BBB"' in row["row"]


def test_rows_without_a_readable_day_or_code_are_quarantined(lake, tmp_path):
    frame = bars("AAA").with_columns(pl.col("date").cast(pl.String))
    broken = frame.head(2).with_columns(date=pl.Series(["soon", DAYS[0].isoformat()]), ticker=pl.Series(["AAA", ""]))
    done = bring(lake, tmp_path / "files", pl.concat([frame, broken]))
    assert done.by_reason.rows() == [("quarantined", "missing_value", 2)]
    assert set(lake.read("quarantine", "US")["ticker"]) == {"AAA", "?"}


def test_windows_give_the_same_result_as_one_reading(lake, tmp_path):
    days = markets.sessions("US", date(2013, 1, 2), date(2016, 12, 30))
    frame = pl.concat([bars("AAA", days), bars("BBB", days[200:])])
    spike = (pl.col("ticker") == "AAA") & (pl.col("date") == date(2014, 12, 31))  # the last bar of a window
    prices = ("open", "high", "low", "close")
    frame = frame.with_columns(pl.when(spike).then(pl.col(name) * 4).otherwise(pl.col(name)) for name in prices)
    whole = bring(lake, tmp_path / "files", frame)
    other = Lake(tmp_path / "other")
    parts = bring(other, tmp_path / "files", frame, window_rows=500)
    assert whole.by_reason.rows() == parts.by_reason.rows() == [("quarantined", "spike", 1)]
    assert lake.read("ohlcv", "US").drop("collected_at").equals(other.read("ohlcv", "US").drop("collected_at"))
    assert stretches(lake) == stretches(other)


def test_the_first_edition_is_what_was_known_and_the_later_one_gives_the_actions(lake, tmp_path):
    frame = bars("NKE").with_columns(published=pl.col("date"), adj_close=pl.col("close"))
    halves = pl.col("date") >= DAYS[50]
    prices = ("open", "high", "low", "close", "adj_close")
    frame = frame.with_columns(pl.when(halves).then(pl.col(name) / 6).otherwise(pl.col(name)) for name in prices)
    later = frame.filter(pl.col("date").is_in([DAYS[49], DAYS[80], DAYS[90]])).with_columns(
        published=pl.lit(date(2016, 1, 4)),
        volume=pl.lit(99.0),
        adj_close=pl.Series([100 / 6, 100 / 6 - 0.25, 100 / 6]),
    )
    spec = SPEC | {
        "columns": COLUMNS | {"restated_close": "adj_close"},
        "duplicates": {"order_by": "published", "keep": "first"},
        "derive_actions": "restated_close",
    }
    done = bring(lake, tmp_path / "files", pl.concat([later, frame]), spec)
    assert done.by_reason.rows() == [("superseded", "later edition", 3)]
    assert lake.read("ohlcv", "US")["volume"].unique().to_list() == [10.0]
    actions = lake.read("actions", "US").select("ex_date", "kind", "value").rows()
    assert actions == [(DAYS[50], "split", 6.0), (DAYS[81], "dividend", 0.25)]
    without = bring(
        Lake(tmp_path / "other"), tmp_path / "files", pl.concat([later, frame]), spec | {"derive_actions": None}
    )
    assert ("quarantined", "jump", 1) in without.by_reason.rows()


def test_identical_rows_are_superseded_and_contradictions_quarantined(lake, tmp_path):
    frame = bars("AAA")
    again = pl.concat([frame, frame.head(3), frame[5:6].with_columns(close=pl.lit(100.5))])
    done = bring(lake, tmp_path / "files", again)
    assert sorted(done.by_reason.rows()) == [
        ("quarantined", "duplicate_conflict", 2),
        ("superseded", "repeated row", 3),
    ]


def test_halts_become_suspensions(lake, tmp_path):
    halted = pl.col("date").is_between(DAYS[20], DAYS[22])
    names = ("open", "high", "low", "volume")
    frame = bars("AAA").with_columns(pl.when(halted).then(0.0).otherwise(pl.col(name)).alias(name) for name in names)
    done = bring(lake, tmp_path / "files", frame)
    assert done.published == frame.height
    assert stretches(lake) == [("AAA", DAYS[20], DAYS[22], "suspended")]


def test_another_kind_of_adjustment_needs_a_lake_of_its_own(lake, tmp_path):
    bring(lake, tmp_path / "files", bars("AAA"))
    with pytest.raises(ConfigError, match=r"adjusted='none'.*'split'.*`lake:`"):
        collect.import_files(lake, SPEC | {"adjusted": "split"}, tmp_path / "files")
    own = collect.import_files(lake, SPEC | {"adjusted": "split", "lake": "split"}, tmp_path / "files")
    assert own.lake == lake.root.with_name("lake_split")
    assert Lake(own.lake).read("ohlcv", "US")["adjusted"].unique().to_list() == ["split"]


def test_real_prices_are_not_imported_into_the_sample_market(lake, toy, make_toy, tmp_path):
    collect.collect(lake, "KR", make_toy(name="sample"))
    with pytest.raises(ConfigError, match="never share a lake"):
        bring(lake, tmp_path / "files", bars("AAA"))


def test_rates_are_imported_and_bad_prints_filed_under_the_currencys_region(lake, tmp_path):
    days = pl.date_range(date(2010, 4, 1), date(2010, 4, 30), eager=True)
    rates = pl.DataFrame({"pair": "USDVND", "date": days}).with_columns(
        close=pl.when(pl.col("date") == date(2010, 4, 6)).then(189.0).otherwise(19_000.0)
    )
    (tmp_path / "fx").mkdir()
    rates.write_parquet(tmp_path / "fx" / "fx.parquet")
    spec = {"file": "fx.parquet", "table": "fx", "source": "bank", "columns": {n: n for n in ("pair", "date", "close")}}
    done = collect.import_files(lake, spec, tmp_path / "fx")
    assert (done.published, done.quarantined) == (29, 1)
    fx = lake.read("fx")
    assert fx["currency"].unique().to_list() == ["VND"]
    assert fx["usd_per_unit"].to_list() == pytest.approx([1 / 19_000] * 29)
    (bad,) = lake.read("quarantine", "VN").to_dicts()
    assert (bad["table"], bad["ticker"], bad["reasons"]) == ("fx", "VND", "fx_jump")
    again = collect.import_files(lake, spec, tmp_path / "fx")
    assert again.published == 29
    assert lake.read("quarantine", "VN").height == 1
