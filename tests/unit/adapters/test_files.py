"""The user's files: a strict specification, codes and units as it says, and the provider made of them."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from workbench import adapters
from workbench.adapters.base import Request
from workbench.adapters.files import load_spec
from workbench.adapters.files.reading import SourceFiles
from workbench.errors import ConfigError
from workbench.schemas import TABLES

CSV = """Code,Date,Open,High,Low,Close,Volume
5930.KS,20240102,"79,000","80,000","78,500","79,600","1,000"
5930.KS,20240103,"78,000","78,500","77,000","77,000","2,000"
00088k.KS,20240102,10,11,9,10,5
00088k.KS,20240104,10,11,9,x,5
"""
SPEC = {
    "file": "*.csv",
    "region": "KR",
    "source": "my_broker",
    "columns": {
        "ticker": "Code",
        "date": "Date",
        "open": "Open",
        "high": "High",
        "low": "Low",
        "close": "Close",
        "volume": "Volume",
    },
    "price_unit": 10,
    "volume_unit": 100,
    "date_format": "%Y%m%d",
    "thousands": ",",
    "ticker": {"pad": 6, "case": "upper", "strip_suffix": ".KS"},
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "prices.csv").write_text(CSV)
    return tmp_path


def test_codes_dates_and_units_are_read_as_the_specification_says(folder):
    files = SourceFiles(load_spec(SPEC), folder)
    (window,) = files.windows()
    rows = window.mapped.sort("row").to_dicts()
    assert [row["ticker"] for row in rows] == ["005930", "005930", "00088K", "00088K"]
    assert rows[0]["date"] == date(2024, 1, 2)
    assert (rows[0]["close"], rows[0]["volume"]) == (796_000.0, 100_000.0)
    assert rows[3]["close"] is None, "an unreadable number is absent, not zero"
    assert files.rows == 4


def test_a_received_row_is_as_the_file_has_it(folder):
    (window,) = SourceFiles(load_spec(SPEC), folder).windows()
    (row,) = window.received_rows(pl.Series([3], dtype=pl.UInt32)).to_dicts()
    assert (row["Code"], row["Close"], row["Date"]) == ("00088k.KS", "x", "20240104")


def test_units_leave_no_dust(tmp_path):
    pl.DataFrame({"t": ["VNM"], "d": [date(2024, 1, 2)], "c": [21.76]}).write_parquet(tmp_path / "a.parquet")
    columns = {"ticker": "t", "date": "d", "close": "c"}
    spec = load_spec({"file": "a.parquet", "region": "VN", "source": "x", "columns": columns, "price_unit": 1000})
    (window,) = SourceFiles(spec, tmp_path).windows()
    assert window.mapped["close"].to_list() == [21760.0]


def test_windows_hold_whole_years_and_every_row_once(tmp_path):
    days = [date(year, month, 1) for year in (2020, 2021, 2022, 2023) for month in range(1, 13)]
    pl.DataFrame({"t": "A", "d": days, "c": 1.0}).write_parquet(tmp_path / "a.parquet")
    columns = {"ticker": "t", "date": "d", "close": "c"}
    spec = load_spec({"file": "a.parquet", "region": "US", "source": "x", "columns": columns})
    windows = list(SourceFiles(spec, tmp_path, window_rows=24).windows())
    assert [(window.start.year, window.end.year) for window in windows] == [(2020, 2021), (2022, 2023)]
    own = [window.mapped.filter(pl.col("date").is_between(window.start, window.end)).height for window in windows]
    assert own == [24, 24]
    assert windows[0].mapped["date"].max() == date(2022, 1, 1), "a few days more, to tell a spike from a new level"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "colour"),
        ({"region": "XX"}, "KR, US, CN"),
        ({"region": None}, "region must be one of"),
        ({"source": "sample"}, "sample"),
        ({"price_unit": 0}, "price_unit"),
        ({"adjusted": "yes"}, "adjusted"),
        ({"columns": {"ticker": "Code", "date": "Date"}}, "missing: close"),
        ({"columns": SPEC["columns"] | {"colour": "Colour"}}, "unknown: colour"),
        ({"table": "fx"}, "columns must map pair"),
        ({"derive_actions": "restated_close"}, "derive_actions needs"),
    ],
)
def test_a_wrong_specification_names_the_key_and_the_example(change, message):
    with pytest.raises(ConfigError, match=message) as error:
        load_spec(SPEC | change)
    assert "_example.yaml" in error.value.hint


def test_the_commented_example_is_a_valid_specification(monkeypatch):
    from pathlib import Path

    root = Path(__file__).resolve().parents[3]
    spec = load_spec(root / "params/collection/files_example.yaml")
    assert (spec.region, spec.ticker.pad) == ("KR", 6)
    rates = load_spec(root / "params/collection/fx_example.yaml")
    assert (rates.table, rates.fix.marks) == ("fx", "start")
    statements = load_spec(root / "params/collection/fundamentals_example.yaml")
    assert (statements.knowledge.column, statements.items["net_income"].unit) == ("Filed", 1e6)
    tickers = load_spec(root / "params/collection/listings_example.yaml")
    assert (tickers.table, tickers.spells.gap_days, tickers.ended.as_) == ("tickers", 62, "open")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thousand": ","}, r"thousand is no key, did you mean 'thousands'\? \(known: file, table, .*quoted.*\)"),
        ({"ticker": {"padd": 6}}, r"ticker\.padd is no key, did you mean 'pad'\? \(known: pad, case"),
        ({"xyzzy": 1}, r"xyzzy is no key \(known: file"),
    ],
)
def test_a_mistyped_key_is_told_what_it_may_have_meant(change, message):
    with pytest.raises(ConfigError, match=message):
        load_spec(SPEC | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "*.parquet"}, "No file below"),
        ({"columns": SPEC["columns"] | {"open": "Opening"}}, "no column Opening.*Its columns are Code"),
        ({"date_format": "%d.%m.%Y"}, "cannot be read, such as '20240102'"),
    ],
)
def test_files_that_do_not_fit_are_refused_before_anything_is_read(folder, change, message):
    with pytest.raises(ConfigError, match=message):
        SourceFiles(load_spec(SPEC | change), folder)


def test_no_yaml_and_no_folder(tmp_path, folder):
    with pytest.raises(ConfigError, match="There is no specification"):
        load_spec(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("file: [")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_spec(tmp_path / "bad.yaml")
    with pytest.raises(ConfigError, match="There is no folder"):
        SourceFiles(load_spec(SPEC), tmp_path / "nowhere")


def test_the_files_are_a_provider_like_any_other(folder):
    provider = adapters.get("files", spec=SPEC, root=folder)
    assert provider.offers["ohlcv"] == frozenset({"KR"})
    assert (provider.first_date("KR"), provider.last_date("KR")) == (date(2024, 1, 2), date(2024, 1, 4))
    listing = provider.fetch("tickers", Request("KR")).frame
    assert listing.schema == dict(TABLES["tickers"].columns)
    assert listing.select("ticker", "listed_date").rows() == [
        ("00088K", date(2024, 1, 2)),
        ("005930", date(2024, 1, 2)),
    ]
    fetched = provider.fetch("ohlcv", Request("KR", ("005930",), date(2024, 1, 2), date(2024, 1, 5)))
    assert fetched.frame.schema == dict(TABLES["ohlcv"].columns)
    assert fetched.frame["date"].to_list() == [date(2024, 1, 2), date(2024, 1, 3)]
    (absent,) = fetched.absent
    assert (absent.start, absent.end, absent.reason) == (date(2024, 1, 4), date(2024, 1, 5), "not_covered")


def test_the_provider_says_what_it_needs(folder):
    with pytest.raises(ConfigError, match="needs a specification"):
        adapters.get("files")
    rates = {
        "file": "*.csv",
        "table": "fx",
        "source": "x",
        "columns": {"pair": "Code", "date": "Date", "close": "Close"},
    }
    with pytest.raises(ConfigError, match="prices only"):
        adapters.get("files", spec=rates, root=folder)
    with pytest.raises(ConfigError, match="no 'ohlcv' of US"):
        adapters.get("files", spec=SPEC, root=folder).fetch("ohlcv", Request("US"))


def test_an_instant_of_a_rate_becomes_the_day_of_its_zone_and_the_end_of_it(tmp_path):
    instants = ["2024-07-01 23:00:00+00:00", "2024-01-02 00:00:00+00:00"]
    pl.DataFrame({"p": "USDKRW", "t": instants, "c": 1300.0}).write_parquet(tmp_path / "fx.parquet")
    spec = load_spec(
        {
            "file": "fx.parquet",
            "table": "fx",
            "source": "x",
            "columns": {"pair": "p", "date": "t", "close": "c"},
            "date_format": "%Y-%m-%d %H:%M:%S%z",
            "fix": {"timezone": "Europe/London", "marks": "start"},
        }
    )
    files = SourceFiles(spec, tmp_path)
    (window,) = files.windows()
    assert window.mapped.sort("row")["date"].to_list() == [date(2024, 7, 2), date(2024, 1, 2)]
    assert files.fixed_at().collect().sort("row")["fixed_at"].to_list() == [
        datetime(2024, 7, 2, 23, tzinfo=UTC),
        datetime(2024, 1, 3, tzinfo=UTC),
    ]
