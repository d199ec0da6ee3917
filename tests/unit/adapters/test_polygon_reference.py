"""Polygon's listings, actions and details: recycled codes, doubled splits, summed dividends, one call a ticker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from local_server import Answer, Call
from polygon_server import PolygonBodies

from workbench import journal
from workbench.adapters.base import Listing, Request
from workbench.adapters.net import Patience
from workbench.adapters.polygon import Polygon
from workbench.errors import ConfigError, ProviderError, ShapeChanged

SATURDAY = "2025-03-15T12:00:00+00:00"
Serve = Callable[[dict[str, Any]], PolygonBodies]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    monkeypatch.setenv("WORKBENCH_NOW", SATURDAY)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("POLYGON_API_KEY", "a-key-of-this-test")
    monkeypatch.delenv("POLYGON_CALLS_PER_MINUTE", raising=False)
    with ExitStack() as stack:

        def start(bodies: dict[str, Any]) -> PolygonBodies:
            server = stack.enter_context(PolygonBodies(bodies))
            monkeypatch.setenv("WORKBENCH_URL_POLYGON", server.url)
            return server

        yield start


def polygon(**options: Any) -> Polygon:
    patience = Patience(attempts=2, connect=1.0, read=5.0, sleep=lambda seconds: None)
    return Polygon(**{"calls_per_minute": 60_000, "patience": patience} | options)


def listed(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"results": list(rows), "status": "OK"} | more


def entry(ticker: str, **more: Any) -> dict[str, Any]:
    base = {"ticker": ticker, "name": f"{ticker} Inc.", "primary_exchange": "XNYS", "type": "CS", "active": True}
    return base | {"currency_name": "usd"} | more


def by_active(active: list[dict[str, Any]], gone: list[dict[str, Any]]) -> dict[str, Any]:
    return {"active=true": listed(*active), "active=false": listed(*gone)}


def tickers_of(adapter: Polygon, *names: str) -> pl.DataFrame:
    return adapter.fetch("tickers", Request("US", names or None)).frame


def actions_of(tickers: tuple[str, ...] | None, start: date, end: date) -> pl.DataFrame:
    return polygon().fetch("actions", Request("US", tickers, start, end)).frame


# Listings.


def test_all_pages_of_the_active_and_the_delisted_are_read(serve: Serve) -> None:
    def judged(call: Call) -> dict[str, Any]:
        if "cursor" in call.query:
            return listed(entry("BRK.B", cik="1067983", primary_exchange="XNYS"))
        if call.query["active"] == "true":
            return listed(entry("A"), next_url="https://api.massive.com/v3/reference/tickers?cursor=abc")
        return listed(entry("OLD", active=False, delisted_utc="2024-05-03T04:00:00Z"))

    server = serve({"/v3/reference/tickers": judged})
    frame = tickers_of(polygon())
    assert frame["ticker"].to_list() == ["A", "BRK.B", "OLD"]
    assert frame["issuer_id"].to_list() == [None, "0001067983", None]
    assert frame["share_class"].to_list() == [None, "B", None]
    assert frame["delisted_date"].to_list() == [None, None, date(2024, 5, 6)]
    assert set(frame["currency"]) == {"USD"}
    assert len(server.calls) == 3
    assert {call.query["limit"] for call in server.calls if "limit" in call.query} == {"1000"}


@pytest.mark.parametrize("text", ["2024-05-03T04:00:00Z", "2024-05-03T00:00:00Z", "2024-05-03"])
def test_the_list_ends_with_the_session_after_the_last_traded(serve: Serve, text: str) -> None:
    serve(by_active([], [entry("OLD", active=False, delisted_utc=text)]))
    assert tickers_of(polygon())["delisted_date"].to_list() == [date(2024, 5, 6)]


def test_case_of_a_ticker_is_kept_and_types_are_told_apart(serve: Serve) -> None:
    types = {"BACpB": "PFD", "SPY": "ETF", "BABA": "ADRC", "X.U": "UNIT", "X.WS": "WARRANT", "Y": "NEWTYPE"}
    serve(by_active([entry(ticker, type=kind) for ticker, kind in types.items()], []))
    frame = tickers_of(polygon())
    kinds = dict(frame.select("ticker", "asset_type").rows())
    assert kinds == {
        "BACpB": "preferred",
        "SPY": "etf",
        "BABA": "adr",
        "X.U": "unit",
        "X.WS": "warrant",
        "Y": "other",
    }


def test_a_recycled_code_is_a_spell_a_company(serve: Serve) -> None:
    gone = [
        entry("META", name="Old", cik="0000000002", active=False, delisted_utc="2021-01-15T05:00:00Z"),
        entry("META", name="Oldest", cik="0000000001", active=False, delisted_utc="2010-06-01T04:00:00Z"),
    ]
    serve(by_active([entry("META", cik="0001326801", composite_figi="BBG000MM2P62")], gone))
    frame = tickers_of(polygon()).select("spell", "issuer_id", "listed_date", "delisted_date")
    assert frame.rows() == [
        (1, "0000000001", None, date(2010, 6, 2)),
        (2, "0000000002", date(2010, 6, 2), date(2021, 1, 19)),
        (3, "0001326801", date(2021, 1, 19), None),
    ]


def test_one_security_in_both_lists_is_one_spell_and_new_shares_are_another(serve: Serve) -> None:
    same = {"cik": "0000000007", "composite_figi": "BBG1"}
    old = {"cik": "0000000007", "composite_figi": "BBG0"}
    serve(
        by_active(
            [entry("T", **same), entry("N", **same)],
            [
                entry("T", active=False, delisted_utc="2020-01-02T05:00:00Z", **same),
                entry("N", active=False, delisted_utc="2020-01-02T05:00:00Z", **old),
            ],
        )
    )
    frame = tickers_of(polygon()).select("ticker", "spell", "delisted_date")
    assert frame.rows() == [("N", 1, date(2020, 1, 3)), ("N", 2, None), ("T", 1, None)]


def test_a_delisted_row_without_any_day_is_left_out_and_noted(serve: Serve) -> None:
    gone = [
        entry("NODAY", active=False),
        entry("UPDATED", active=False, last_updated_utc="2019-03-01T00:00:00Z"),
    ]
    serve(by_active([], gone))
    frame = tickers_of(polygon())
    assert frame.select("ticker", "delisted_date").rows() == [("UPDATED", date(2019, 3, 4))]
    assert [line["ticker"] for line in journal.read() if line["event"] == "listing.undated"] == ["NODAY"]


def test_a_few_named_tickers_are_asked_by_name(serve: Serve) -> None:
    server = serve({"/tickers": lambda call: listed(*[entry("A")] * (call.query["ticker"] == "A"))})
    found = polygon().fetch("tickers", Request("US", ("A", "ZZZZ")))
    assert found.frame["ticker"].to_list() == ["A"]
    assert [(one.ticker, one.reason) for one in found.absent] == [("ZZZZ", "not_covered")]
    assert len(server.calls) == 4


# Actions.


def split(ticker: str, day: str, old: float, new: float, **more: Any) -> dict[str, Any]:
    return {"ticker": ticker, "execution_date": day, "split_from": old, "split_to": new} | more


def dividend(ticker: str, day: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"ticker": ticker, "ex_dividend_date": day, "cash_amount": amount, "dividend_type": "CD"} | more


def test_a_split_is_new_shares_for_an_old_one(serve: Serve) -> None:
    rows = [split("X", "2024-06-10", 1, 10), split("X", "2023-05-16", 2, 1), split("X", "2022-05-02", 3, 4)]
    serve({"/splits": listed(*rows, split("X", "2021-05-03", 1, 1))})
    frame = actions_of(("X",), date(2020, 1, 2), date(2025, 3, 14))
    assert frame.select("ex_date", "kind", "value", "currency").rows() == [
        (date(2022, 5, 2), "split", pytest.approx(4 / 3), None),
        (date(2023, 5, 16), "split", 0.5, None),
        (date(2024, 6, 10), "split", 10.0, None),
    ]


def bars(*rows: tuple[str, float, float]) -> dict[str, Any]:
    """Day (UTC midnight in summer plus four hours), open, close."""
    moments = [
        int((date.fromisoformat(day) - date(1970, 1, 1)).total_seconds() * 1000) + 4 * 3_600_000 for day, *_ in rows
    ]
    results = [
        {"t": at, "o": opened, "h": opened, "l": close, "c": close, "v": 1.0}
        for at, (_, opened, close) in zip(moments, rows, strict=True)
    ]
    return {"status": "OK", "adjusted": False, "resultsCount": len(rows), "results": results}


TWICE = [split("X", "2022-06-22", 1, 10, id="a"), split("X", "2022-06-29", 1, 10, id="b")]


@pytest.mark.parametrize(
    ("prices", "day", "by"),
    [
        (bars(("2022-06-21", 340, 345), ("2022-06-22", 344, 350), ("2022-06-28", 360, 355), ("2022-06-29", 35.4, 34)),
         date(2022, 6, 29), "price"),
        (bars(("2022-06-21", 340, 345), ("2022-06-22", 34.4, 35), ("2022-06-28", 36, 35.5), ("2022-06-29", 35.4, 34)),
         date(2022, 6, 22), "price"),
        (bars(("2022-06-21", 34, 34), ("2022-06-22", 34, 35), ("2022-06-29", 35.4, 34)), date(2022, 6, 29), "last"),
        (Answer({"status": "NOT_AUTHORIZED", "message": "not in your data timeframe"}, 403), date(2022, 6, 29), "last"),
    ],
)  # fmt: skip
def test_of_two_days_of_one_split_the_price_decides_else_the_last_stands(
    serve: Serve, prices: Any, day: date, by: str
) -> None:
    serve({"/splits": listed(*TWICE, *TWICE), "/aggs/": prices})
    frame = actions_of(("X",), date(2022, 1, 3), date(2023, 1, 3))
    assert frame.select("ex_date", "value").rows() == [(day, 10.0)]
    (line,) = [line for line in journal.read() if line["event"] == "split.twice"]
    assert (line["kept"], line["by"]) == (day.isoformat(), by)


def test_a_range_that_cuts_between_two_days_of_one_split_agrees_with_the_whole(serve: Serve) -> None:
    def within(call: Call) -> dict[str, Any]:
        low, high = call.query["execution_date.gte"], call.query["execution_date.lte"]
        return listed(*(row for row in TWICE if low <= row["execution_date"] <= high))

    serve({"/splits": within})
    assert actions_of(("X",), date(2022, 1, 3), date(2022, 6, 24)).is_empty()
    assert actions_of(("X",), date(2022, 6, 25), date(2022, 12, 30))["ex_date"].to_list() == [date(2022, 6, 29)]


def test_the_same_ratio_a_year_later_is_another_split(serve: Serve) -> None:
    serve({"/splits": listed(split("X", "2021-06-22", 1, 2), split("X", "2022-06-29", 1, 2))})
    assert actions_of(("X",), date(2020, 1, 2), date(2023, 1, 3)).height == 2


def test_dividends_of_one_day_are_summed_and_doubled_rows_are_not(serve: Serve) -> None:
    day = "2024-12-12"
    rows = [
        dividend("X", day, 0.25, pay_date="2024-12-30", id="1"),
        dividend("X", day, 0.25, pay_date="2024-12-30", id="2"),
        dividend("X", day, 1.5, dividend_type="SC"),
        dividend("X", day, 0.1, dividend_type="LT"),
        dividend("X", "2024-09-12", 0.24),
        dividend("X", "2024-06-12", 0.0),
    ]
    serve({"/dividends": listed(*rows)})
    frame = actions_of(("X",), date(2024, 1, 2), date(2025, 3, 14))
    assert frame.select("ex_date", "kind", "value", "currency").rows() == [
        (date(2024, 9, 12), "dividend", 0.24, "USD"),
        (date(2024, 12, 12), "dividend", pytest.approx(1.85), "USD"),
    ]


def test_amounts_in_two_currencies_are_never_added(serve: Serve) -> None:
    rows = [dividend("X", "2024-12-12", 0.25, currency="USD"), dividend("X", "2024-12-12", 9.0, currency="CAD")]
    serve({"/dividends": listed(*rows, dividend("X", "2024-06-12", 2.0, currency="cad"))})
    frame = actions_of(("X",), date(2024, 1, 2), date(2025, 3, 14))
    assert frame.select("value", "currency").rows() == [(2.0, "CAD"), (0.25, "USD")]
    assert any(line["event"] == "dividend.currencies" and line["action"] for line in journal.read())


def test_ex_dates_far_in_the_future_stay_out_of_the_range(serve: Serve) -> None:
    server = serve({"/dividends": listed(dividend("X", "2029-06-12", 0.59), dividend("X", "2025-03-13", 0.59))})
    frame = actions_of(("X",), date(2025, 1, 2), date(2025, 3, 14))
    assert frame["ex_date"].to_list() == [date(2025, 3, 13)]
    (call,) = [call for call in server.calls if "dividends" in call.path]
    assert call.query["ex_dividend_date.lte"] == "2025-03-14"


def test_many_tickers_are_asked_at_once_and_few_one_by_one(serve: Serve) -> None:
    server = serve({"/splits": listed(split("OTHER", "2025-03-03", 1, 2), split("T7", "2025-03-03", 1, 2))})
    many = tuple(f"T{number}" for number in range(300))
    assert actions_of(many, date(2025, 2, 3), date(2025, 3, 14))["ticker"].to_list() == ["T7"]
    assert len(server.calls) == 2
    server = serve({"/splits": listed(split("OTHER", "2025-03-03", 1, 2), split("T7", "2025-03-03", 1, 2))})
    assert actions_of(None, date(2025, 2, 3), date(2025, 3, 14))["ticker"].to_list() == ["OTHER", "T7"]
    before = len(server.calls)
    actions_of(("T7", "T8"), date(2025, 1, 6), date(2025, 3, 14))
    assert [call.query["ticker"] for call in server.calls[before:]] == ["T7", "T8", "T7", "T8"]


def test_the_whole_market_is_asked_once_for_all_batches(serve: Serve) -> None:
    def within(call: Call) -> dict[str, Any]:
        low, high = call.query["ex_dividend_date.gte"], call.query["ex_dividend_date.lte"]
        days = [f"{year}-06-12" for year in range(2020, 2026)]
        return listed(*(dividend(f"T{n}", day, 0.5) for n in (7, 1007) for day in days if low <= day <= high))

    server = serve({"/dividends": within, "/splits": listed(*TWICE)})
    start, end = date(2020, 3, 2), date(2025, 3, 14)
    first = actions_of(tuple(f"T{number}" for number in range(1000)), start, end)
    assert first["ex_date"].to_list() == [date(year, 6, 12) for year in range(2020, 2025)]
    assert len(server.calls) == 2 * 6, "splits and dividends by calendar year"
    second = actions_of(("X", *(f"T{number}" for number in range(1000, 1999))), start, end)
    assert second["ticker"].to_list() == ["T1007"] * 5 + ["X"]
    assert [call.path.split("/")[2] for call in server.calls[12:]] == ["aggs"], "the price decides on the doubled split"


def test_a_listed_ticker_without_an_action_is_no_absence(serve: Serve) -> None:
    serve({})
    request = Request("US", ("A", "ZZZZ"), date(2025, 2, 3), date(2025, 3, 14), {"A": Listing()})
    found = polygon().fetch("actions", request)
    assert [(one.ticker, one.reason) for one in found.absent] == [("ZZZZ", "not_covered")]


def test_rows_of_another_shape_are_an_error_and_not_skipped(serve: Serve) -> None:
    serve({"/splits": listed({"ticker": "X", "execution_date": "2025-03-03", "from": 1, "to": 2})})
    with pytest.raises(ShapeChanged, match="split"):
        actions_of(("X",), date(2025, 2, 3), date(2025, 3, 14))
    serve({"/dividends": listed({"ticker": "X", "ex_dividend_date": "soon", "cash_amount": 1.0})})
    with pytest.raises(ShapeChanged, match="dividend"):
        actions_of(("X",), date(2025, 2, 3), date(2025, 3, 14))


# Details.


def details(ticker: str, **more: Any) -> dict[str, Any]:
    return {"results": entry(ticker) | more, "status": "OK"}


APPLE = details(
    "AAPL",
    cik="0000320193",
    sic_code="3571",
    sic_description="ELECTRONIC COMPUTERS",
    share_class_shares_outstanding=15_000_000_000,
    list_date="1980-12-12",
)
MISSING = Answer({"status": "NOT_FOUND", "message": "Ticker not found."}, 404)


def test_shares_hold_on_the_last_session_and_are_known_on_the_next(serve: Serve) -> None:
    server = serve({"/AAPL": APPLE, "/SPY": details("SPY"), "/ZZZZ": MISSING})
    request = Request("US", ("AAPL", "SPY", "ZZZZ"), date(2025, 1, 2), date(2025, 3, 14))
    found = polygon().fetch("shares", request)
    assert found.frame.select("ticker", "date", "available_date", "shares_outstanding", "basis").rows() == [
        ("AAPL", date(2025, 3, 14), date(2025, 3, 17), 15e9, "outstanding")
    ]
    assert {one.ticker: one.detail for one in found.absent} == {
        "SPY": "the details have no number of shares",
        "ZZZZ": "no such ticker on this day",
    }
    assert {call.query["date"] for call in server.calls} == {"2025-03-14"}


def test_odd_details_of_one_ticker_leave_the_others(serve: Serve) -> None:
    serve(
        {
            "/AAPL": details("AAPL", share_class_shares_outstanding="15000000000", list_date="unknown"),
            "/META": details("FB"),
            "/DOWN": Answer("oops", 500),
            "/MSFT": details("MSFT", share_class_shares_outstanding=7e9),
            "active=true": listed(entry("AAPL")),
        }
    )
    adapter, tickers = polygon(), ("META", "AAPL", "DOWN", "MSFT")
    found = adapter.fetch("shares", Request("US", tickers, date(2025, 1, 2), date(2025, 3, 14)))
    assert dict(found.frame.select("ticker", "shares_outstanding").iter_rows()) == {"AAPL": 15e9, "MSFT": 7e9}
    assert {one.ticker: one.reason for one in found.absent} == {"META": "unknown", "DOWN": "unknown"}
    assert tickers_of(adapter, "AAPL")["listed_date"].to_list() == [None]


def test_shares_of_a_past_range_are_those_known_then(serve: Serve) -> None:
    server = serve({"/AAPL": APPLE})
    found = polygon().fetch("shares", Request("US", ("AAPL",), date(2024, 1, 2), date(2024, 3, 30)))
    assert found.frame.select("date", "available_date").rows() == [(date(2024, 3, 28), date(2024, 4, 1))]
    assert server.calls[0].query == {"date": "2024-03-28"}
    weekend = polygon().fetch("shares", Request("US", ("AAPL",), date(2024, 3, 30), date(2024, 3, 31)))
    assert weekend.frame.is_empty()
    assert [one.reason for one in weekend.absent] == ["holiday"]


def test_the_sector_follows_from_the_sic_and_is_valid_from_today(serve: Serve) -> None:
    serve({"/AAPL": APPLE, "/SPY": details("SPY"), "/ODD": details("ODD", sic_code="9995")})
    request = Request("US", ("AAPL", "SPY", "ODD"), date(2024, 1, 2), date(2025, 3, 14))
    found = polygon().fetch("attributes", request)
    assert found.frame.select("ticker", "kind", "value", "valid_from", "valid_to").rows() == [
        ("AAPL", "industry", "ELECTRONIC COMPUTERS", date(2025, 3, 15), None),
        ("AAPL", "sector", "Information Technology", date(2025, 3, 15), None),
    ]
    assert [one.ticker for one in found.absent] == ["SPY"]
    assert [line["sic"] for line in journal.read() if line["event"] == "sector.unknown"] == ["9995"]


def test_details_serve_shares_attributes_and_the_first_day_with_one_call(serve: Serve) -> None:
    server = serve({"/tickers/AAPL": APPLE, "active=true": listed(entry("AAPL", cik="0000320193"), entry("MSFT"))})
    request = Request("US", ("AAPL",), date(2025, 1, 2), date(2025, 3, 14))
    polygon().fetch("shares", request)
    polygon().fetch("attributes", request)
    assert len(server.calls) == 1
    first = dict(tickers_of(polygon()).select("ticker", "listed_date").rows())
    assert first == {"AAPL": date(1980, 12, 12), "MSFT": None}


def test_sectors_of_the_whole_market_are_refused_where_they_take_hours(serve: Serve) -> None:
    rows = [entry(f"T{number}") for number in range(400)] + [entry("E", type="ETF")]
    server = serve({"active=true": listed(*rows), "/v3/reference/tickers/": MISSING})
    with pytest.raises(ProviderError, match=r"400 tickers.*5 calls a minute") as caught:
        polygon(calls_per_minute=5).fetch("attributes", Request("US"))
    assert "POLYGON_CALLS_PER_MINUTE" in caught.value.hint
    assert len(server.calls) == 1
    found = polygon().fetch("attributes", Request("US"))
    assert len(found.absent) == 400


def test_tables_and_ranges_that_make_no_sense_are_said(serve: Serve) -> None:
    serve({})
    with pytest.raises(ProviderError, match="fundamentals of US"):
        polygon().fetch("fundamentals", Request("US", ("A",)))
    with pytest.raises(ProviderError, match="tickers of KR"):
        polygon().fetch("tickers", Request("KR"))
    with pytest.raises(ConfigError, match="after the end"):
        polygon().fetch("ohlcv", Request("US", ("A",), date(2025, 3, 14), date(2025, 3, 3)))
