"""What is made of odd answers of one ticker, asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from local_server import Answer, Call, LocalServer
from yahoo_charts import body, stamp

from workbench import markets
from workbench.adapters.base import Listing, Request
from workbench.adapters.net import Patience
from workbench.adapters.yahoo import Yahoo

START, END = date(2024, 1, 4), date(2024, 1, 12)
DAYS = markets.sessions("JP", START, END)
NOT_FOUND = Answer({"quoteSummary": {"result": None, "error": {"code": "Not Found", "description": "none"}}}, 404)


class Canned(LocalServer):
    """The first key that is part of the path gives the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[str, Any] = {}

    def answer(self, call: Call) -> Answer:
        found = next((body for key, body in self.on.items() if key in call.path), Answer("", 404))
        return found if isinstance(found, Answer) else Answer(found)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Canned]:
    monkeypatch.setenv("WORKBENCH_NOW", "2024-01-20T00:00:00+00:00")
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    with Canned() as running:
        assert isinstance(running, Canned)
        monkeypatch.setenv("WORKBENCH_URL_YAHOO", running.url)
        yield running


def yahoo() -> Yahoo:
    return Yahoo(Patience(connect=1.0, read=1.0, deadline=2.0, sleep=lambda _: None), "requests")


def week(**meta: Any) -> dict[str, Any]:
    found = body([stamp(str(day)) for day in DAYS], [100.0 + n for n in range(len(DAYS))])
    found["chart"]["result"][0]["meta"] |= meta
    return found


def count(value: float) -> dict[str, Any]:
    one = {
        "asOfDate": "2023-06-30",
        "periodType": "3M",
        "currencyCode": "JPY",
        "reportedValue": {"raw": value, "fmt": "x"},
    }
    series = {"meta": {}, "timestamp": [1], "quarterlyOrdinarySharesNumber": [one]}
    return {"timeseries": {"result": [series], "error": None}}


def asked(*tickers: str, start: date = START, end: date = END, **listing: Any) -> Request:
    return Request("JP", tickers, start, end, {one: Listing("XTKS", **listing) for one in tickers})


def test_a_server_error_of_one_ticker_of_twenty_leaves_the_others(server: Canned) -> None:
    tickers = tuple(str(1301 + n) for n in range(20))
    server.on = {"/chart/1305.T": Answer("oops", 500), "/chart/1310.T": Answer("<html>?</html>"), "/chart/": week()}
    found = yahoo().fetch("ohlcv", asked(*tickers))
    assert set(found.frame["ticker"]) == {*tickers} - {"1305", "1310"}
    assert {gap.ticker: gap.reason for gap in found.absent} == {"1305": "unknown", "1310": "unknown"}


def test_days_before_the_calendar_may_be_asked(server: Canned) -> None:
    server.on = {"/chart/": week()}
    assert yahoo().fetch("ohlcv", asked("1301", start=date(1960, 1, 1))).frame["date"].to_list() == DAYS
    index = yahoo().fetch("indexes", Request("JP", ("NIKKEI225",), date(1960, 1, 1), END))
    assert index.frame["date"].to_list() == DAYS


def test_a_symbol_that_another_company_was_given_is_not_covered(server: Canned) -> None:
    server.on = {"/chart/": week(firstTradeDate=stamp("2023-05-01"))}
    found = yahoo().fetch("ohlcv", asked("1301", delisted=date(2020, 3, 2)))
    assert found.frame.is_empty()
    assert [gap.reason for gap in found.absent] == ["not_covered"]
    assert "another company" in found.absent[0].detail
    assert yahoo().fetch("ohlcv", asked("1301", listed=date(2023, 5, 1))).frame.height == len(DAYS)


def test_either_count_of_shares_is_enough(server: Canned) -> None:
    server.on = {
        "/timeseries/1301.T": count(5e6),
        "/timeseries/": {"timeseries": {"result": [], "error": None}},
        "/quoteSummary/1302.T": {"quoteSummary": {"result": [{"defaultKeyStatistics": {"sharesOutstanding": 7e6}}]}},
        "/quoteSummary/": NOT_FOUND,
        "getcrumb": Answer("crumb"),
        "/chart/": week(),
    }
    found = yahoo().fetch("shares", asked("1301", "1302", "1303", start=date(2023, 1, 1), end=date(2024, 1, 19)))
    assert dict(found.frame.select("ticker", "shares_outstanding").iter_rows()) == {"1301": 5e6, "1302": 7e6}
    assert [(gap.ticker, gap.reason) for gap in found.absent] == [("1303", "not_covered")]
    assert found.frame.filter(found.frame["available_date"] <= found.frame["date"]).is_empty()


@pytest.mark.parametrize("table", ["shares", "fundamentals"])
def test_a_range_without_a_statement_is_said(server: Canned, table: str) -> None:
    server.on = {"/timeseries/": count(5e6), "/chart/": week()}
    found = yahoo().fetch(table, asked("1301"))
    assert found.frame.is_empty()
    assert [(gap.ticker, gap.reason) for gap in found.absent] == [("1301", "not_covered")]
