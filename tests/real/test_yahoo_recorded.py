"""Every recorded body of Yahoo, served over a local server and read by the adapter."""

from __future__ import annotations

import csv
import json
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from local_server import Answer
from world import world
from yahoo_server import CRUMB, YahooServer

from workbench.adapters.base import Fetched, Listing, Request
from workbench.adapters.net import Patience
from workbench.adapters.yahoo import Yahoo, bars, chart, levels, statements
from workbench.errors import ProviderError, Throttled, Unauthorised

ROOT = Path(__file__).resolve().parents[2]
QUICK = Patience(connect=1.0, read=2.0, deadline=3.0, sleep=lambda _: None)
CHART = "/v8/finance/chart/"
TIMESERIES = "/ws/fundamentals-timeseries/v1/finance/timeseries/"


@pytest.fixture(scope="module")
def fixtures() -> Path:
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    folder = shared / "providers" / "yfinance" / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"no recorded bodies at {folder}: name their parent folder in WORKBENCH_SHARED")
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", "2026-10-06T00:00:00+00:00")
    with YahooServer(world("tiny")) as running:
        monkeypatch.setenv("WORKBENCH_URL_YAHOO", running.url)
        yield running


def body(fixtures: Path, name: str) -> Any:
    return json.loads((fixtures / name).read_text("utf-8"))


def fetch(region: str, ticker: str, exchange: str, start: str, end: str, table: str = "ohlcv") -> Fetched:
    days = date.fromisoformat(start), date.fromisoformat(end)
    return Yahoo(patience=QUICK).fetch(table, Request(region, (ticker,), *days, {ticker: Listing(exchange)}))


RECORDED = [
    # file, symbol, region, ticker, exchange, from, to, bars, absences by reason, first and last close
    (
        "chart_AAPL_2020-08-31_2020-11-07.json",
        "AAPL",
        "US",
        "AAPL",
        "XNAS",
        "2020-08-31",
        "2020-11-06",
        49,
        {},
        (129.04, 118.69),
    ),
    (
        "chart_MSFT_2021-02-01_2022-01-31_dividends.json",
        "MSFT",
        "US",
        "MSFT",
        "XNAS",
        "2021-02-01",
        "2022-01-28",
        252,
        {},
        (239.65, 308.26),
    ),
    ("chart_0700.HK_5d.json", "0700.HK", "HK", "00700", "XHKG", "2026-08-03", "2026-08-07", 5, {}, (490.4, 478.8)),
    (
        "chart_0700.HK_5d_completed.json",
        "0700.HK",
        "HK",
        "00700",
        "XHKG",
        "2026-08-03",
        "2026-08-07",
        5,
        {},
        (490.4, 478.8),
    ),
    ("chart_1301.T_1mo.json", "1301.T", "JP", "1301", "XTKS", "2024-11-06", "2024-12-06", 23, {}, (4035.0, 4015.0)),
    (
        "chart_005930.KS_constructed.json",
        "005930.KS",
        "KR",
        "005930",
        "XKRX",
        "2023-08-28",
        "2023-09-01",
        5,
        {},
        (66800.0, 71000.0),
    ),
    (
        "chart_VNM.VN_constructed.json",
        "VNM.VN",
        "VN",
        "VNM",
        "XSTC",
        "2024-01-02",
        "2024-01-04",
        3,
        {},
        (67800.0, 68500.0),
    ),
    (
        "chart_600497.SS_null_row.json",
        "600497.SS",
        "CN",
        "600497",
        "XSHG",
        "2017-11-15",
        "2017-11-27",
        8,
        {"not_covered": 1},
        (6.51, 6.51),
    ),
    (
        "chart_6309.T_1mo_split_and_bad_dividend.json",
        "6309.T",
        "JP",
        "6309",
        "XTKS",
        "2025-04-21",
        "2025-05-19",
        18,
        {},
        (4285.0, 1403.0),
    ),
    (
        "chart_AAPL_empty_no_timestamp.json",
        "AAPL",
        "US",
        "AAPL",
        "XNAS",
        "2025-01-31",
        "2025-02-03",
        0,
        {"not_covered": 1},
        None,
    ),
]


@pytest.mark.parametrize(
    ("name", "symbol", "region", "ticker", "exchange", "start", "end", "count", "reasons", "closes"), RECORDED
)
def test_a_recorded_chart_becomes_bars(
    fixtures, server, name, symbol, region, ticker, exchange, start, end, count, reasons, closes
) -> None:
    server.bodies[CHART + symbol] = body(fixtures, name)
    found = fetch(region, ticker, exchange, start, end)
    assert len(found.frame) == count
    told: dict[str, int] = {}
    for gap in found.absent:
        told[gap.reason] = told.get(gap.reason, 0) + 1
    assert told == reasons
    assert set(found.frame["adjusted"]) <= {"none"}
    if closes:
        assert (found.frame["close"][0], found.frame["close"][-1]) == pytest.approx(closes, abs=0.005)


OTHERS = [
    # Instruments of no region of ours: file, days, currency, last close
    ("chart_OCDO.L_minor_unit_GBp.json", 1, "GBP", 12.595),
    ("chart_EURUSD=X.json", 3, "USD", 1.1171437),
    ("chart_WSKT.JK.json", 1, "IDR", 1505.0),
    ("chart_KOSPI-25.KS_index_zero_ohlc.json", 1, "KRW", 46539.14),
    ("chart_TSLA_full_history.json", 3303, "USD", None),
]


@pytest.mark.parametrize(("name", "count", "currency", "close"), OTHERS)
def test_charts_of_other_instruments_are_read(fixtures, name, count, currency, close) -> None:
    read = chart.read(name, body(fixtures, name))
    assert read is not None
    assert (len(read.rows), read.currency) == (count, currency)
    if close:
        assert read.rows[-1].close == pytest.approx(close, rel=1e-6)


def test_zero_prices_of_an_index_are_missing(fixtures) -> None:
    read = chart.read("KOSPI-25.KS", body(fixtures, "chart_KOSPI-25.KS_index_zero_ohlc.json"))
    assert (read.rows[0].open, read.rows[0].high, read.rows[0].low) == (None, None, None)


def test_tesla_stands_at_its_raw_prices_around_both_splits(fixtures, server) -> None:
    """The recording did not ask for splits; they are added as Yahoo sends them."""
    recorded = body(fixtures, "chart_TSLA_full_history.json")
    splits = {"2020-08-31": (5, 1), "2022-08-25": (3, 1)}
    stamps = {datetime.fromtimestamp(s).date().isoformat(): s for s in recorded["chart"]["result"][0]["timestamp"]}
    recorded["chart"]["result"][0]["events"] = {
        "splits": {
            str(stamps[day]): {"date": stamps[day], "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
            for day, (new, old) in splits.items()
        }
    }
    server.bodies[CHART + "TSLA"] = recorded
    found = fetch("US", "TSLA", "XNAS", "2010-06-29", "2023-08-11").frame
    closes = dict(found.select("date", "close").rows())
    raw = {
        date(2010, 6, 29): 23.89,
        date(2020, 8, 28): 2213.40,
        date(2020, 8, 31): 498.32,
        date(2022, 8, 24): 891.29,
        date(2022, 8, 25): 296.07,
    }
    for day, close in raw.items():
        assert closes[day] == pytest.approx(close, abs=0.0051), day
    assert dict(found.select("date", "volume").rows())[date(2010, 6, 29)] == pytest.approx(18_766_300, rel=1e-3)
    assert len(found) == 3303
    actions = fetch("US", "TSLA", "XNAS", "2010-06-29", "2023-08-11", "actions").frame
    assert actions["value"].to_list() == [5.0, 3.0]


def test_a_dividend_of_the_old_share_on_the_day_of_its_split(fixtures, server) -> None:
    server.bodies[CHART + "6309.T"] = body(fixtures, "chart_6309.T_1mo_split_and_bad_dividend.json")
    found = fetch("JP", "6309", "XTKS", "2025-04-21", "2025-05-19", "actions").frame
    rows = found.select("ex_date", "kind", "value", "currency").rows()
    assert rows == [
        (date(2025, 4, 28), "dividend", pytest.approx(24.3333, abs=1e-3), "JPY"),
        (date(2025, 4, 28), "split", 3.0, None),
    ]
    prices = fetch("JP", "6309", "XTKS", "2025-04-25", "2025-04-28").frame
    assert prices["close"].to_list() == [4210.0, 1378.0]
    assert prices["volume"].to_list() == [61_200.0, 236_500.0]


@pytest.mark.parametrize(
    ("name", "symbol", "values"),
    [
        ("chart_AAPL_2020-08-31_2020-11-07.json", "AAPL", [0.205]),
        ("chart_MSFT_2021-02-01_2022-01-31_dividends.json", "MSFT", [0.56, 0.56, 0.56, 0.62]),
    ],
)
def test_recorded_dividends(fixtures, server, name, symbol, values) -> None:
    server.bodies[CHART + symbol] = body(fixtures, name)
    found = fetch("US", symbol, "XNAS", "2020-08-31", "2022-01-31", "actions").frame
    found = found.filter(pl.col("kind") == "dividend")
    assert found["value"].to_list() == values
    assert set(found["currency"]) == {"USD"}


def rows_of(path: Path) -> list[chart.Row]:
    with path.open() as file:
        lines = sorted(csv.DictReader(file), key=lambda line: line.get("Date") or line["Datetime"])
    names = ("Open", "High", "Low", "Close", "Volume")
    return [
        chart.Row(date.fromisoformat((line.get("Date") or line["Datetime"])[:10]), *(float(line[n]) for n in names))
        for line in lines
        if line["Close"]
    ]


def test_a_split_that_yahoo_has_not_applied(fixtures) -> None:
    wrong, fixed = (rows_of(fixtures / f"history_4063.T_split_not_applied{end}.csv") for end in ("", "_fixed"))
    found = levels.judge(wrong, date(2023, 3, 30), 5.0)
    assert (found.sure, wrong[found.first_adjusted].day) == (True, date(2023, 3, 29))
    one = chart.Chart("4063.T", "JPY", "JPX", "EQUITY", None, tuple(wrong), ((date(2023, 3, 30), 5.0),), ())
    raw = {row["date"]: row for row in bars.as_traded(one).rows}
    for row in fixed:
        factor = 5.0 if row.day < date(2023, 3, 30) else 1.0
        assert raw[row.day]["close"] == pytest.approx(row.close * factor)
        assert raw[row.day]["volume"] == pytest.approx(row.volume / factor)
        assert raw[row.day]["adjusted"] == "none"


def test_prices_a_hundred_times_too_large(fixtures) -> None:
    wrong, fixed = (rows_of(fixtures / f"history_SSW.JO_100x_error{end}.csv") for end in ("", "_fixed"))
    repaired = {row.day for row, right in zip(wrong, fixed, strict=True) if abs(row.close / right.close - 1) > 0.5}
    assert {wrong[place].day for place in levels.off_by_hundred(wrong)} == repaired
    assert len(repaired) == 22


@pytest.mark.parametrize("end", ["", "_fixed"])
def test_prices_that_are_right_are_left_alone(fixtures, end) -> None:
    rows = rows_of(fixtures / f"history_1398.HK_bad_dividend{end}.csv")
    assert len(rows) == 647
    assert levels.off_by_hundred(rows) == set()
    assert levels.unlisted_splits(rows, ()) == []


def test_tesla_has_no_wrong_scale_in_thirteen_years(fixtures) -> None:
    read = chart.read("TSLA", body(fixtures, "chart_TSLA_full_history.json"))
    assert levels.off_by_hundred(read.rows) == set()
    assert levels.unlisted_splits(read.rows, ()) == []


@pytest.mark.parametrize(
    ("name", "symbol", "items", "currency"),
    [
        ("timeseries_AAPL_annual.json", "AAPL", 30, "USD"),
        ("timeseries_AAPL_quarterly.json", "AAPL", 28, "USD"),
        ("timeseries_BABA_quarterly_CNY.json", "BABA", 13, "CNY"),
    ],
)
def test_recorded_statements(fixtures, server, name, symbol, items, currency) -> None:
    server.bodies[TIMESERIES + symbol] = body(fixtures, name)
    server.bodies[CHART + symbol] = body(fixtures, "chart_AAPL_empty_no_timestamp.json")
    found = fetch("US", symbol, "XNYS", "2015-01-01", "2026-10-01", "fundamentals").frame
    assert found["item"].n_unique() >= items
    assert set(found["currency"].drop_nulls()) == {currency}
    assert all(one.startswith("assumed:") for one in found["filing_id"])
    lag = {"USD": 45, "CNY": 92}[currency]
    assert (found["available_date"] > found["period_end"].dt.offset_by(f"{lag}d")).all()


def test_earnings_a_share_marked_with_the_wrong_currency(fixtures, server) -> None:
    """BABA, quarter to 2023-06-30: 34,332 million CNY are 13.28 CNY for each of 2,576 million diluted shares."""
    server.bodies[TIMESERIES + "BABA"] = body(fixtures, "timeseries_BABA_quarterly_CNY.json")
    server.bodies[CHART + "BABA"] = body(fixtures, "chart_AAPL_empty_no_timestamp.json")
    found = fetch("US", "BABA", "XNYS", "2023-06-30", "2023-06-30", "fundamentals").frame
    rows = {item: (value, currency) for item, value, currency in found.select("item", "value", "currency").rows()}
    assert rows["eps_diluted"] == (13.28, "CNY")
    assert rows["eps_basic"] == (13.44, "CNY")
    assert rows["shares_diluted"] == (2_576e6, None)


def test_apple_of_the_recorded_year(fixtures, server) -> None:
    server.bodies[TIMESERIES + "AAPL"] = body(fixtures, "timeseries_AAPL_annual.json")
    server.bodies[CHART + "AAPL"] = body(fixtures, "chart_AAPL_empty_no_timestamp.json")
    found = fetch("US", "AAPL", "XNAS", "2022-01-01", "2022-12-31", "fundamentals").frame
    values = dict(found.select("item", "value").rows())
    assert values["revenue"] == 394_328e6
    assert values["net_income"] == 99_803e6
    assert values["total_equity"] == 50_672e6
    assert values["eps_diluted"] == 6.11
    assert values["capital_expenditure"] == 10_708e6
    assert set(found["available_date"]) == {date(2023, 1, 6)}
    shares = fetch("US", "AAPL", "XNAS", "2022-01-01", "2022-12-31", "shares").frame
    assert shares.select("date", "shares_outstanding").rows() == [(date(2022, 9, 30), 15_943_425_000.0)]


def test_no_statements_is_not_covered(fixtures, server) -> None:
    assert statements.read("EURUSD=X", body(fixtures, "timeseries_no_data.json")) == []


@pytest.mark.parametrize(
    ("name", "sector", "shares"),
    [
        ("quoteSummary_AAPL.json", "Information Technology", 15_022_100_480.0),
        ("quoteSummary_BABA.json", "Consumer Discretionary", 2_375_950_080.0),
    ],
)
def test_recorded_profiles(fixtures, server, name, sector, shares) -> None:
    symbol = name[13:17]
    server.bodies[f"/v10/finance/quoteSummary/{symbol}"] = body(fixtures, name)
    server.bodies[TIMESERIES + symbol] = body(fixtures, "timeseries_AAPL_annual.json")
    server.bodies[CHART + symbol] = body(fixtures, "chart_AAPL_empty_no_timestamp.json")
    found = fetch("US", symbol, "XNYS", "2026-01-01", "2026-10-05", "attributes").frame
    assert dict(found.select("kind", "value").rows())["sector"] == sector
    assert set(found["valid_from"]) == {date(2026, 10, 5)}
    counts = fetch("US", symbol, "XNYS", "2026-10-05", "2026-10-05", "shares").frame
    assert counts["shares_outstanding"].to_list() == [shares]


def test_recorded_refusals(fixtures, server) -> None:
    def answer(name: str, status: int) -> Answer:
        return Answer((fixtures / name).read_bytes(), status)

    server.bodies[CHART + "AAPL"] = answer("chart_error_404_not_found.json", 404)
    found = fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31")
    assert [(gap.start, gap.end, gap.reason) for gap in found.absent] == [
        (date(2024, 1, 2), date(2024, 1, 31), "not_covered")
    ]
    server.bodies[CHART + "AAPL"] = answer("error_429.txt", 429)
    with pytest.raises(Throttled):
        fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31")
    server.bodies[CHART + "AAPL"] = answer("chart_error_422_bad_interval.json", 422)
    with pytest.raises(ProviderError):
        fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31")
    server.bodies["/v10/finance/quoteSummary/AAPL"] = answer("error_401_invalid_crumb.json", 401)
    with pytest.raises(Unauthorised):
        fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31", "attributes")
    server.bodies["/v10/finance/quoteSummary/AAPL"] = answer("quoteSummary_404_no_fundamentals.json", 404)
    assert fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31", "attributes").absent[0].reason == "not_covered"


def test_the_recorded_crumb_is_sent(fixtures, server) -> None:
    crumb = (fixtures / "getcrumb_200.txt").read_text().strip()
    server.bodies["/v1/test/getcrumb"] = Answer(crumb, headers={"Content-Type": "text/plain"})
    server.bodies["/v10/finance/quoteSummary/AAPL"] = body(fixtures, "quoteSummary_AAPL.json")
    assert crumb != CRUMB
    assert not fetch("US", "AAPL", "XNAS", "2024-01-02", "2024-01-31", "attributes").frame.is_empty()
    assert [call.query.get("crumb") for call in server.calls if "quoteSummary" in call.path] == [crumb]
