"""Every recorded body of Polygon is read by the adapter, or by the calls below it; rows are counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from local_server import Answer
from polygon_server import PolygonBodies

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.net import Patience
from workbench.adapters.polygon import Polygon
from workbench.adapters.polygon.api import Api, NotFound, NotInPlan
from workbench.adapters.polygon.listing import ASSET_TYPES
from workbench.errors import Throttled, Unauthorised

ROOT = Path(__file__).resolve().parents[2]
SWIFT = Patience(attempts=2, connect=1.0, read=5.0, sleep=lambda seconds: None)
#: Rows of each recorded list.
ROWS = {
    "aggs_AAPL_1day_2005-04-01_2005-04-04.json": 2,
    "aggs_AAPL_1day_2023-01-01_2023-01-10.json": 6,
    "aggs_AAPL_page1_with_next_url_constructed.json": 3,
    "aggs_AAPL_page2_constructed.json": 3,
    "aggs_delayed_status.json": 6,
    "aggs_empty.json": 0,
    "dividends.json": 10,
    "exchanges.json": 24,
    "financials_vX.json": 1,
    "grouped_daily.json": 1,
    "marketstatus_upcoming.json": 14,
    "prev_AAPL.json": 1,
    "reference_empty.json": 0,
    "splits.json": 10,
    "ticker_types.json": 15,
    "tickers_page1.json": 2,
    "tickers_page2.json": 2,
}
#: Bodies that are one object.
SINGLE = {"marketstatus_now.json", "open_close_AAPL.json", "ticker_details_AAPL.json", "ticker_events_META.json"}
ERRORS = {
    "error_401_unknown_key.json": (401, Unauthorised, None),
    "error_403_not_authorized_timeframe.json": (403, NotInPlan, "timeframe"),
    "error_403_not_entitled.json": (403, NotInPlan, ""),
    "error_403_today_before_close.json": (403, NotInPlan, "today"),
    "error_404_ticker_not_found.json": (404, NotFound, None),
    "error_429_rate_limit.json": (429, Throttled, None),
}
Serve = Callable[[dict[str, Any]], PolygonBodies]


@pytest.fixture(scope="module")
def recorded() -> Path:
    """Folder of the recorded bodies; the test is skipped where it is absent."""
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    folder = shared / "providers" / "polygon" / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"no recorded bodies at {folder}: name the folder of `providers` in WORKBENCH_SHARED")
    return folder


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-05T12:00:00+00:00")
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("POLYGON_API_KEY", "a-key-of-this-test")
    with ExitStack() as stack:

        def start(bodies: dict[str, Any]) -> PolygonBodies:
            server = stack.enter_context(PolygonBodies(bodies))
            monkeypatch.setenv("WORKBENCH_URL_POLYGON", server.url)
            return server

        yield start


def polygon() -> Polygon:
    return Polygon(calls_per_minute=60_000, keep_hours=0.0, patience=SWIFT)


def bars(folder: Path, serve: Serve, name: str, start: date, end: date) -> pl.DataFrame:
    serve({"/aggs/": Answer((folder / name).read_bytes())})
    return polygon().fetch("ohlcv", Request("US", ("AAPL",), start, end)).frame


def test_every_body_is_known_here(recorded: Path) -> None:
    names = {path.name for path in recorded.glob("*.json")}
    assert {*ROWS, *SINGLE, *ERRORS} <= names


def test_the_rows_of_every_list_are_counted(recorded: Path, serve: Serve) -> None:
    for path in sorted(recorded.glob("*.json")):
        if path.name in ERRORS or path.name in SINGLE:
            continue
        body = json.loads(path.read_bytes())
        if isinstance(body, list):
            assert len(body) == ROWS[path.name]
            continue
        kind = "/v2/aggs/x" if "resultsCount" in body else "/v3/reference/x"
        body.pop("next_url", None)
        serve({kind: body})
        rows = list(Api(60_000, SWIFT).rows(kind, {}))
        if path.name in ROWS:
            assert len(rows) == ROWS[path.name], path.name


def test_recorded_days_are_the_days_of_new_york(recorded: Path, serve: Serve) -> None:
    name = "aggs_AAPL_1day_2023-01-01_2023-01-10.json"
    frame = bars(recorded, serve, name, date(2023, 1, 1), date(2023, 1, 10))
    assert frame["date"].to_list() == markets.sessions("US", date(2023, 1, 1), date(2023, 1, 10))
    assert frame["volume"][0] == 112_117_471.0
    assert frame["close"][-1] == 130.73
    assert set(frame["adjusted"]) == {"split"}, "the recording was asked for adjusted prices, and the rows say so"
    name = "aggs_AAPL_1day_2005-04-01_2005-04-04.json"
    frame = bars(recorded, serve, name, date(2005, 4, 1), date(2005, 4, 4))
    assert frame["date"].to_list() == [date(2005, 4, 1), date(2005, 4, 4)]
    delayed = bars(recorded, serve, "aggs_delayed_status.json", date(2023, 1, 1), date(2023, 1, 10))
    assert delayed.height == 6
    assert bars(recorded, serve, "prev_AAPL.json", date(2022, 4, 26), date(2022, 4, 26)).height == 1


def test_recorded_pages_are_one_answer(recorded: Path, serve: Serve) -> None:
    first = json.loads((recorded / "aggs_AAPL_page1_with_next_url_constructed.json").read_bytes())
    second = json.loads((recorded / "aggs_AAPL_page2_constructed.json").read_bytes())
    serve({"cursor=": second, "/aggs/": first})
    found = polygon().fetch("ohlcv", Request("US", ("AAPL",), date(2023, 1, 1), date(2023, 1, 10)))
    assert found.frame.height == 6
    assert found.absent == ()


def test_a_recorded_empty_answer_is_not_covered(recorded: Path, serve: Serve) -> None:
    serve({"/aggs/": Answer((recorded / "aggs_empty.json").read_bytes())})
    found = polygon().fetch("ohlcv", Request("US", ("ZZZZ",), date(2023, 1, 3), date(2023, 1, 10)))
    assert found.frame.is_empty()
    assert [one.reason for one in found.absent] == ["not_covered"]


def test_a_recorded_day_of_the_whole_market(recorded: Path, serve: Serve) -> None:
    serve({"/grouped/": Answer((recorded / "grouped_daily.json").read_bytes())})
    day = date(2020, 10, 14)
    found = polygon().fetch("ohlcv", Request("US", ("GIK", "A", "B"), day, day))
    assert found.frame.select("ticker", "date", "close").rows() == [("GIK", day, 10.02)]


def test_recorded_listings(recorded: Path, serve: Serve) -> None:
    pages = [json.loads((recorded / f"tickers_page{number}.json").read_bytes()) for number in (1, 2)]
    empty = json.loads((recorded / "reference_empty.json").read_bytes())
    serve({"cursor=": pages[1], "active=true": pages[0], "active=false": empty})
    frame = polygon().fetch("tickers", Request("US")).frame
    assert frame.select("ticker", "exchange", "asset_type", "issuer_id").rows() == [
        ("A", "XNYS", "stock", "0001090872"),
        ("AA", "XNYS", "stock", "0001675149"),
        ("AAA", "ARCX", "etf", None),
        ("AAAU", "BATS", "etf", "0001708646"),
    ]
    assert set(frame["exchange"]) <= set(markets.get("US").mics)


def test_recorded_types_of_securities_have_a_kind(recorded: Path) -> None:
    codes = {row["code"] for row in json.loads((recorded / "ticker_types.json").read_bytes())["results"]}
    assert codes - set(ASSET_TYPES) == {"BASKET", "LT"}, "these are `other`"


def test_recorded_splits_and_dividends(recorded: Path, serve: Serve) -> None:
    bodies = {name: Answer((recorded / f"{name}.json").read_bytes()) for name in ("splits", "dividends")}
    serve({"/splits": bodies["splits"], "/dividends": bodies["dividends"]})
    tickers = ("GOOGL", "GOOG", "CTO", "SHOP", "DXCM", "AMZN", "BRW", "CM", "CIG.C", "CSSEN", "AIRTP")
    frame = polygon().fetch("actions", Request("US", tickers, date(2022, 1, 3), date(2024, 3, 28))).frame
    splits = frame.filter(pl.col("kind") == "split")
    assert splits.height == 9, "Shopify's split stands there twice"
    ratios = dict(splits.select("ticker", "value").rows())
    assert (ratios["AMZN"], ratios["BRW"], ratios["CIG.C"]) == (20.0, 0.5, pytest.approx(4 / 3))
    assert splits.filter(pl.col("ticker") == "SHOP")["ex_date"].to_list() == [date(2022, 6, 29)]
    dividends = frame.filter(pl.col("kind") == "dividend")
    assert dividends.height == 5, "ex dates after the range are left out"
    assert dividends["ex_date"].max() == date(2024, 3, 14)


def test_recorded_details(recorded: Path, serve: Serve) -> None:
    serve({"/v3/reference/tickers/AAPL": Answer((recorded / "ticker_details_AAPL.json").read_bytes())})
    request = Request("US", ("AAPL",), date(2022, 1, 3), date(2022, 4, 27))
    shares = polygon().fetch("shares", request).frame
    assert shares["shares_outstanding"].to_list() == [16_319_440_000.0]
    found = polygon().fetch("attributes", request).frame
    assert dict(found.select("kind", "value").rows()) == {
        "industry": "ELECTRONIC COMPUTERS",
        "sector": "Information Technology",
    }


def test_recorded_status_and_holidays(recorded: Path, serve: Serve) -> None:
    serve({"/v1/marketstatus/now": Answer((recorded / "marketstatus_now.json").read_bytes())})
    assert "extended-hours" in polygon().probe()
    rows = json.loads((recorded / "marketstatus_upcoming.json").read_bytes())
    closed = {date.fromisoformat(row["date"]) for row in rows if row["status"] == "closed"}
    assert not any(markets.is_session("US", day) for day in closed)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_recorded_refusals_have_their_type(recorded: Path, serve: Serve, name: str) -> None:
    status, error, why = ERRORS[name]
    serve({"/": Answer((recorded / name).read_bytes(), status)})
    with pytest.raises(error) as caught:
        Api(60_000, SWIFT).body("/v2/aggs/ticker/AAPL/range/1/day/2023-01-03/2023-01-10")
    assert why is None or caught.value.context["why"] == why
    assert caught.value.hint
