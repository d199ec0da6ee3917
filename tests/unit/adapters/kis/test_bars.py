"""Daily bars: what a range costs, where it ends, what the newest row may be, and each form of an empty answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from kis_server import DOMESTIC, OVERSEAS, KisServer, success
from world import world

from workbench import markets
from workbench.adapters.base import Listing, Request
from workbench.errors import ShapeChanged

LAST = date(2025, 12, 30)
PATHS = {"KR": DOMESTIC, "US": OVERSEAS, "JP": OVERSEAS}


def calls(server: KisServer, path: str) -> int:
    return sum(call.path == path for call in server.calls)


def back(region: str, count: int) -> date:
    """The session from which on there are so many up to the last."""
    return markets.sessions(region, date(2023, 6, 1), LAST)[-count]


def seasoned(region: str) -> str:
    """A code with bars on every session of the world's last two years."""
    rows = world("tiny").rows("ohlcv", region).filter(pl.col("date") >= date(2023, 6, 1))
    full = rows.group_by("ticker").len().filter(pl.col("len") == pl.col("len").max()).sort("ticker")
    return str(full["ticker"][0])


def overseas(rows: list[dict[str, str]] | None, **head: str) -> Any:
    return success(output1={"rsym": "", "zdiv": "4", "nrec": ""} | head, output2=rows)


def row(day: str, close: str = "10.0000", **more: str) -> dict[str, str]:
    prices = {"open": close, "high": close, "low": close, "clos": close}
    return {"xymd": day, **prices, "tvol": "100", "tamt": "1000", **more}


@pytest.mark.parametrize("region", ["KR", "US"])
@pytest.mark.parametrize(("sessions", "cost"), [(1, 1), (10, 1), (100, 1), (101, 2), (200, 2), (250, 3), (500, 5)])
def test_a_range_costs_one_call_for_each_hundred_rows(server, make, region: str, sessions: int, cost: int) -> None:
    code = seasoned(region)
    fetched = make().fetch("ohlcv", Request(region, (code,), back(region, sessions), LAST))
    assert fetched.frame.height == sessions
    assert fetched.absent == ()
    assert calls(server, PATHS[region]) == cost


def test_a_range_that_begins_on_a_holiday_is_answered_by_its_first_session(server, make) -> None:
    first = back("US", 100)
    start = first - timedelta(days=1) if not markets.is_session("US", first - timedelta(days=1)) else first
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), start, LAST))
    assert fetched.frame.height == 100
    assert calls(server, OVERSEAS) == 1


def test_raw_prices_are_those_of_the_world(server, make) -> None:
    for region in ("KR", "US", "JP"):
        code = seasoned(region)
        got = make().fetch("ohlcv", Request(region, (code,), back(region, 150), LAST)).frame
        want = world("tiny").of("ohlcv", region, code).filter(pl.col("date") >= back(region, 150))
        columns = ["date", "open", "high", "low", "close", "volume"]
        assert got.select(columns).equals(want.select(columns).sort("date"))
        assert set(got["adjusted"]) == {"none"}


def test_the_flags_for_raw_prices_are_opposite(server, make) -> None:
    kis = make()
    for region in ("KR", "US"):
        kis.fetch("ohlcv", Request(region, (seasoned(region),), back(region, 5), LAST))
    assert {call.query["FID_ORG_ADJ_PRC"] for call in server.calls if call.path == DOMESTIC} == {"1"}
    assert {call.query["MODP"] for call in server.calls if call.path == OVERSEAS} == {"0"}


def test_a_young_share_is_not_listed_yet_before_its_listing(server, make) -> None:
    listing = Listing(exchange="XNAS", listed=date(2024, 10, 17))
    request = Request("US", ("DAAB",), date(2024, 9, 2), LAST, {"DAAB": listing})
    fetched = make().fetch("ohlcv", request)
    assert [(gap.reason, gap.end) for gap in fetched.absent] == [("not_listed_yet", date(2024, 10, 16))]
    cost = -(-fetched.frame.height // 100)
    assert calls(server, OVERSEAS) == cost, "the listing saves the call that would come back empty"


def test_without_a_listing_a_young_share_is_not_covered_before_its_first_bar(server, make) -> None:
    fetched = make().fetch("ohlcv", Request("US", ("DAAB",), date(2024, 9, 2), LAST))
    assert [(gap.reason, gap.detail) for gap in fetched.absent] == [("not_covered", "before the provider's first bar")]


def test_a_delisted_share_is_asked_by_its_listing_and_delisted_after_it(server, make) -> None:
    listing = Listing(exchange="XNYS", delisted=date(2024, 5, 15))
    request = Request("US", ("ELA",), date(2024, 5, 1), date(2024, 6, 28), {"ELA": listing})
    fetched = make().fetch("ohlcv", request)
    assert fetched.frame["date"].max() == date(2024, 5, 14)
    assert [(gap.reason, gap.start) for gap in fetched.absent] == [("delisted", date(2024, 5, 15))]


def test_before_the_wall_nothing_is_asked(server, make) -> None:
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2006, 1, 3), date(2007, 8, 17)))
    assert [gap.reason for gap in fetched.absent] == ["not_covered"]
    assert "2007-08-20" in fetched.absent[0].detail
    assert calls(server, OVERSEAS) == 0


def test_a_code_nobody_knows_is_not_asked_overseas(server, make) -> None:
    fetched = make().fetch("ohlcv", Request("US", ("ZZZZ",), back("US", 5), LAST))
    assert [gap.reason for gap in fetched.absent] == ["not_covered"]
    assert calls(server, OVERSEAS) == 0


def test_an_unknown_korean_code_is_told_by_a_price_of_nothing(server, make) -> None:
    fetched = make().fetch("ohlcv", Request("KR", ("999999",), back("KR", 5), LAST))
    assert [(gap.ticker, gap.start, gap.end, gap.reason) for gap in fetched.absent] == [
        ("999999", back("KR", 5), LAST, "not_covered")
    ]
    assert calls(server, DOMESTIC) == 1


@pytest.mark.parametrize(
    "answer",
    [
        success(),
        overseas([]),
        overseas(None),
        overseas([{}]),
        overseas([{"xymd": "", "clos": "", "open": ""}]),
        success(output1=None or {}, output2={}),
    ],
    ids=["no outputs", "no rows", "null", "an empty row", "a blank row", "an object"],
)
def test_each_form_of_an_empty_success_is_unknown_for_a_listed_share(server, make, answer: Any) -> None:
    server._overseas = lambda asked: answer
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), back("US", 5), LAST))
    assert fetched.frame.is_empty()
    assert [gap.reason for gap in fetched.absent] == ["unknown"]


def test_nulls_are_blanks(server, make) -> None:
    """In place of a value, of a row's values, or of a whole output."""
    blank = dict.fromkeys(row("20251230"))
    server._overseas = lambda asked: overseas([row("20251230", tvol=None, tamt=None), row("20251229", "") | blank])
    frame = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 29), LAST)).frame
    assert frame.select("date", "volume", "turnover").rows() == [(LAST, None, None)]
    server._overseas = lambda asked: success(output1=None, output2="")
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 29), LAST))
    assert [gap.reason for gap in fetched.absent] == ["unknown"]


def test_a_host_of_master_files_that_is_down_is_tried_once_a_request(server, make) -> None:
    codes = tuple(list(world("tiny").codes("VN"))[:8])
    listings = {code: Listing(exchange="XSTC") for code in codes}
    server.fault("500", share=1.0, path=".zip")
    make().fetch("ohlcv", Request("VN", codes, date(2025, 12, 29), LAST, listings))
    assert calls(server, "/hsxmst.cod.zip") == 4


def test_an_empty_answer_at_the_end_ends_the_paging(server, make) -> None:
    pages = iter([overseas([row("20251230"), row("20251229")]), overseas([row("20251226")]), success()])
    server._overseas = lambda asked: next(pages)
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 1), LAST))
    assert fetched.frame["date"].to_list() == [date(2025, 12, 26), date(2025, 12, 29), LAST]
    assert [call.query["BYMD"] for call in server.calls if call.path == OVERSEAS] == [
        "20251230",
        "20251228",
        "20251225",
    ]


def test_rows_that_repeat_or_go_beyond_the_day_asked_make_no_progress_and_no_loop(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251230"), row("20251230"), row("20260105")])
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 1), LAST))
    assert fetched.frame["date"].to_list() == [LAST]
    assert calls(server, OVERSEAS) == 2


def test_a_count_above_the_rows_is_no_shape(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251230")], nrec="100")
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), LAST, LAST))
    assert fetched.frame.height == 1


def test_prices_are_read_as_they_stand_whatever_the_decimals_say(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251230", "2620.5"), row("20251229", "0002612")], zdiv="1")
    code = seasoned("JP")
    fetched = make().fetch("ohlcv", Request("JP", (code,), date(2025, 12, 29), LAST))
    assert fetched.frame["close"].to_list() == [2612.0, 2620.5]


def test_blanks_signs_and_padding_are_numbers(server, make) -> None:
    odd = row("20251230", " 10.50", tvol="000000012345", tamt="", open="+10.25")
    server._overseas = lambda asked: overseas([odd])
    got = make().fetch("ohlcv", Request("US", (seasoned("US"),), LAST, LAST)).frame
    assert got.select("open", "close", "volume", "turnover").rows() == [(10.25, 10.5, 12345.0, None)]


@pytest.mark.parametrize(
    "bad",
    [
        {"xymd": "20251230", "close": "1", "open": "1", "high": "1", "low": "1", "tvol": "1"},
        row("20251230", "ten"),
        row("2025-12-30"),
        row("20251330"),
        "a row",
    ],
)
def test_another_shape_is_an_error(server, make, bad: Any) -> None:
    server._overseas = lambda asked: overseas([bad])
    with pytest.raises(ShapeChanged):
        make().fetch("ohlcv", Request("US", (seasoned("US"),), LAST, LAST))


def test_prices_of_another_share_are_an_error(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251230")], rsym="DNASOTHER")
    with pytest.raises(ShapeChanged, match="DNASOTHER"):
        make().fetch("ohlcv", Request("US", (seasoned("US"),), LAST, LAST))


def test_a_halted_day_keeps_its_close(server, make) -> None:
    fetched = make().fetch("ohlcv", Request("KR", ("005660",), date(2024, 12, 27), date(2025, 1, 3)))
    (carried,) = world("tiny").of("ohlcv", "KR", "005660").filter(pl.col("date") == date(2024, 12, 27))["close"]
    assert fetched.frame.select("open", "close", "volume").row(0) == (0.0, carried, 0.0)
    assert fetched.absent == ()


def test_a_row_without_a_close_is_no_bar(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251230"), row("20251229", "0.0000"), row("20251226", "")])
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 26), LAST))
    assert fetched.frame["date"].to_list() == [LAST]
    assert [(gap.start, gap.end, gap.reason) for gap in fetched.absent] == [
        (date(2025, 12, 26), date(2025, 12, 29), "not_covered")
    ]


def test_the_running_day_is_left_out_by_the_exchanges_own_day(server, make, monkeypatch) -> None:
    """In Seoul it is already the 31st; in New York the session of the 30th is under way."""
    monkeypatch.setenv("WORKBENCH_NOW", "2025-12-30T16:00:00+00:00")
    kis = make()
    code = seasoned("US")
    fetched = kis.fetch("ohlcv", Request("US", (code,), date(2025, 12, 26), LAST))
    assert kis.last_date("US") == date(2025, 12, 29)
    assert kis.last_date("KR") == LAST
    assert fetched.frame["date"].max() == date(2025, 12, 29)
    assert [(gap.start, gap.reason) for gap in fetched.absent] == [(LAST, "unknown")]


def test_a_bar_is_complete_some_time_after_the_close(server, make, monkeypatch) -> None:
    """Quotes come up to 15 minutes late."""
    kis = make()
    for minute, last in ((5, date(2025, 12, 29)), (25, LAST)):
        monkeypatch.setenv("WORKBENCH_NOW", f"2025-12-30T21:{minute:02d}:00+00:00")
        assert kis.last_date("US") == last


@pytest.mark.parametrize(("now", "skew"), [("2025-12-30T21:50:00+00:00", -3600), ("2025-12-30T20:10:00+00:00", 3600)])
def test_a_clock_that_is_an_hour_off_does_not_let_a_running_day_in(serve, make, monkeypatch, now, skew) -> None:
    """The first says that New York has closed and is wrong; the second does not know yet that it has."""
    monkeypatch.setenv("WORKBENCH_NOW", now)
    serve(skew=skew)
    kis = make()
    fetched = kis.fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 26), LAST))
    truly_last = LAST if skew > 0 else date(2025, 12, 29)
    wanted = truly_last if skew < 0 else kis.last_date("US")
    assert fetched.frame["date"].max() == wanted
    assert abs((kis.now() - kis.now()).total_seconds()) < 1
    if skew < 0:
        assert [gap.reason for gap in fetched.absent] == ["unknown"]


def test_a_hole_inside_is_not_covered_and_a_missing_end_is_unknown(server, make) -> None:
    server._overseas = lambda asked: (
        overseas([row("20251226"), row("20251223")]) if asked["BYMD"] > "20251223" else success()
    )
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 23), LAST))
    assert [(gap.start, gap.end, gap.reason) for gap in fetched.absent] == [
        (date(2025, 12, 24), date(2025, 12, 24), "not_covered"),
        (date(2025, 12, 29), LAST, "unknown"),
    ]


def test_a_share_that_stands_still_for_longer_is_not_asked_for_each_day(server, make) -> None:
    server._overseas = lambda asked: overseas([row("20251222")]) if asked["BYMD"] > "20251222" else success()
    fetched = make().fetch("ohlcv", Request("US", (seasoned("US"),), date(2025, 12, 22), LAST))
    assert [(gap.start, gap.end, gap.reason) for gap in fetched.absent] == [(date(2025, 12, 23), LAST, "not_covered")]


def test_a_class_share_is_spelt_with_a_slash(serve, make, monkeypatch) -> None:
    server = serve()
    listing = Listing(exchange="XNYS")
    make().fetch("ohlcv", Request("US", ("BRK.B",), back("US", 5), LAST, {"BRK.B": listing}))
    assert [call.query["SYMB"] for call in server.calls if call.path == OVERSEAS] == ["BRK/B"]


def test_bars_do_not_need_the_master_files_where_the_lake_knows_the_exchange(server, make) -> None:
    code = seasoned("US")
    exchange = world("tiny").listings("US")[code].exchange
    server.fault("500", share=1.0, path=".zip")
    kis = make()
    fetched = kis.fetch("ohlcv", Request("US", (code,), back("US", 5), LAST, {code: Listing(exchange=exchange)}))
    assert fetched.frame.height == 5
