"""Every recorded body of the pages behind AkShare, served on this machine and read by the adapter."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from local_server import Answer, Call, LocalServer

from workbench.adapters import get
from workbench.adapters.base import Fetched, Request
from workbench.adapters.net import Patience, Rate
from workbench.errors import ShapeChanged, Throttled

pytestmark = pytest.mark.real
pytest.importorskip("akshare", reason="the extra akshare is not installed")

ROOT = Path(__file__).resolve().parent.parent.parent
#: Pages that the adapter does not ask: a quote, factors that a library would evaluate, an index.
NOT_ASKED = {
    "em_stock_get_116.00700.json",
    "sina_sz000001_qfq.js.txt",
    "sina_sz300592_qfq.js.txt",
    "tencent_sh000300_day.json",
}
#: Bars: file, region, code, first and last day asked, bars expected.
BARS = [
    ("em_kline_1.601872_raw_2024-12.json", "CN", "601872", date(2024, 12, 18), date(2024, 12, 31), 10),
    ("em_kline_0.000001_raw_part_constructed.json", "CN", "000001", date(2017, 3, 1), date(2024, 5, 28), 10),
    ("em_kline_116.00700_constructed.json", "HK", "00700", date(2026, 8, 3), date(2026, 8, 7), 5),
]
#: Bodies that must not become rows: file, table, code, error.
REFUSED = [
    ("em_kline_0.000001_qfq_part_constructed.json", "ohlcv", "000001", ShapeChanged),
    ("em_kline_0.000001_hfq_part_constructed.json", "ohlcv", "000001", ShapeChanged),
    ("em_kline_1.000300_index_8_columns.json", "ohlcv", "000300", ShapeChanged),
    ("em_kline_throttled_empty.json", "ohlcv", "000001", Throttled),
    ("em_clist_sh_a_page1_of_many.json", "tickers", "600107", ShapeChanged),
    ("em_clist_page1.jsonp", "tickers", "600107", ShapeChanged),
    ("em_datacenter_busy.json", "actions", "600000", Throttled),
    ("em_datacenter_busy.json", "fundamentals", "600000", Throttled),
]
OTHERS = {
    "em_kline_unknown_secid_null_data.json",
    "em_clist_one_page_derived.json",
    "em_clist_suspended_dash_values_constructed.json",
    "em_datacenter_RPT_LICO_FN_CPD.json",
    "em_datacenter_RPT_SHAREBONUS_DET_constructed.json",
    "em_datacenter_empty.json",
}
Ask = Callable[..., Fetched]


class Recorded(LocalServer):
    """Answers every call whose query or path contains ``only`` with one body, reports else as empty."""

    def __init__(self, body: bytes, empty: bytes, only: str) -> None:
        super().__init__()
        self.body, self.nothing, self.only = body, empty, only

    def answer(self, call: Call) -> Answer:
        fits = self.only in call.path or self.only == call.query.get("reportName")
        if call.path.startswith(("/commonQuery", "/api/report")):
            return Answer("not recorded", 404)
        return Answer(self.body if fits else self.nothing)


@pytest.fixture(scope="module")
def folder() -> Path:
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared")) / "providers" / "akshare" / "fixtures"
    if not shared.is_dir():
        pytest.skip(f"no recorded bodies at {shared}: name the folder in WORKBENCH_SHARED")
    return shared


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Ask:
    """``ask(file, table, region, ticker, start, end)`` fetches from a server that knows this one body."""
    monkeypatch.setenv("WORKBENCH_NOW", "2026-11-20T09:00:00+00:00")
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))

    def fetch(
        file: str, table: str, region: str, ticker: str | None, start: date, end: date, only: str = "/api/"
    ) -> Fetched:
        empty = (folder / "em_datacenter_empty.json").read_bytes()
        with Recorded((folder / file).read_bytes(), empty, only) as server:
            monkeypatch.setenv("WORKBENCH_URL_AKSHARE", server.url)
            adapter = get("akshare", rates=(Rate(10_000, 1.0),), patience=Patience(sleep=lambda _: None))
            return adapter.fetch(table, Request(region, (ticker,) if ticker else None, start, end))

    return fetch


YEAR = (date(2025, 1, 1), date(2026, 11, 19))


def test_no_body_is_left_out(folder: Path) -> None:
    files = {path.name for path in folder.iterdir()} - {"README.md"}
    assert files == NOT_ASKED | OTHERS | {case[0] for case in BARS} | {case[0] for case in REFUSED}


@pytest.mark.parametrize(("file", "region", "ticker", "start", "end", "count"), BARS)
def test_bars_are_read(ask: Ask, file: str, region: str, ticker: str, start: date, end: date, count: int) -> None:
    fetched = ask(file, "ohlcv", region, ticker, start, end)
    assert fetched.frame.height == count
    assert {one.reason for one in fetched.absent} <= {"suspended"}
    assert set(fetched.frame["adjusted"]) == {"none"}


def test_a_bar_says_what_the_page_shows(ask: Ask) -> None:
    first = ask("em_kline_1.601872_raw_2024-12.json", "ohlcv", "CN", "601872", *BARS[0][3:5]).frame.row(0, named=True)
    assert [first[name] for name in ("open", "high", "low", "close")] == [6.11, 6.28, 6.10, 6.18]
    assert (first["volume"], first["turnover"]) == (84_274_300.0, 542_829_495.0)
    tencent = ask("em_kline_116.00700_constructed.json", "ohlcv", "HK", "00700", *BARS[2][3:5]).frame.row(0, named=True)
    assert (tencent["close"], tencent["volume"]) == (490.4, 38_649_910.0)


@pytest.mark.parametrize(("file", "table", "ticker", "error"), REFUSED)
def test_what_is_no_answer_is_an_error(ask: Ask, file: str, table: str, ticker: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(file, table, "CN", ticker, date(2017, 1, 1), date(2026, 11, 19))


def test_no_data_is_a_code_that_is_not_covered(ask: Ask) -> None:
    fetched = ask("em_kline_unknown_secid_null_data.json", "ohlcv", "CN", "000001", *YEAR)
    assert fetched.frame.is_empty()
    assert [one.reason for one in fetched.absent] == ["not_covered"]


@pytest.mark.parametrize(
    ("file", "count"),
    [("em_clist_one_page_derived.json", 7), ("em_clist_suspended_dash_values_constructed.json", 1)],
)
def test_lists_are_read(ask: Ask, file: str, count: int) -> None:
    frame = ask(file, "tickers", "CN", None, *YEAR).frame
    assert frame.height == count
    assert set(frame["exchange"]) == {"XSHG"}
    assert set(frame["currency"]) == {"CNY"}


def test_results_are_known_after_their_announcement_not_after_the_last_change(ask: Ask) -> None:
    fetched = ask("em_datacenter_RPT_LICO_FN_CPD.json", "fundamentals", "CN", "000001", *YEAR, only="RPT_LICO_FN_CPD")
    revenue = fetched.frame.filter(item="revenue")
    assert revenue.select("period_end", "period", "available_date", "value").rows() == [
        (date(2025, 3, 31), "Q", date(2025, 4, 21), 33_709_000_000.0),
        (date(2026, 3, 31), "Q", date(2026, 4, 27), 35_277_000_000.0),
    ]
    assert set(fetched.frame["vintage"]) == {1}
    assert fetched.frame.filter(item="eps_basic")["value"].to_list() == [0.62, 0.67]
    assert fetched.frame.filter(item="net_income")["value"].to_list() == [14_096_000_000.0, 14_523_000_000.0]


def test_a_distribution_per_ten_shares_is_a_dividend_a_share(ask: Ask) -> None:
    file = "em_datacenter_RPT_SHAREBONUS_DET_constructed.json"
    found = ask(file, "actions", "CN", "600000", *YEAR).frame
    assert found.select("ex_date", "kind", "value", "currency").rows() == [
        (date(2026, 7, 16), "dividend", pytest.approx(0.41), "CNY")
    ]
    counts = ask(file, "shares", "CN", "600000", *YEAR).frame
    assert counts.select("date", "available_date", "shares_outstanding").rows() == [
        (date(2026, 7, 10), date(2026, 7, 13), 29_352_000_000.0)
    ]


def test_an_empty_report_is_no_silence(ask: Ask) -> None:
    for table in ("actions", "fundamentals", "shares"):
        fetched = ask("em_datacenter_empty.json", table, "CN", "600000", *YEAR)
        assert fetched.frame.is_empty()
        assert [one.reason for one in fetched.absent] == ["not_covered"]
