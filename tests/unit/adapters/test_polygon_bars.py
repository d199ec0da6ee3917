"""Polygon's bars: clocks, exponents, pages, plans, and the cheaper way to ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from local_server import Answer, Call
from polygon_server import PolygonBodies

from workbench import journal, markets
from workbench.adapters.base import Listing, Request
from workbench.adapters.net import Patience
from workbench.adapters.polygon import Polygon
from workbench.adapters.polygon.api import NotInPlan
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Throttled, Unauthorised

#: 19:30 in New York on 2025-03-14, a Friday: extended hours are not over.
FRIDAY_EVENING = "2025-03-14T23:30:00+00:00"
SATURDAY = "2025-03-15T12:00:00+00:00"
Serve = Callable[..., PolygonBodies]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serve]:
    monkeypatch.setenv("WORKBENCH_NOW", SATURDAY)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("POLYGON_API_KEY", "a-key-of-this-test")
    monkeypatch.delenv("POLYGON_CALLS_PER_MINUTE", raising=False)
    with ExitStack() as stack:

        def start(bodies: dict[str, Any], **options: Any) -> PolygonBodies:
            server = stack.enter_context(PolygonBodies(bodies, **options))
            monkeypatch.setenv("WORKBENCH_URL_POLYGON", server.url)
            return server

        yield start


def polygon(**options: Any) -> Polygon:
    patience = Patience(attempts=2, connect=1.0, read=5.0, sleep=lambda seconds: None)
    return Polygon(**{"calls_per_minute": 60_000, "patience": patience} | options)


def millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def bar(at: str, close: float = 10.0, **more: Any) -> dict[str, Any]:
    return {"t": millis(at), "o": 10.0, "h": 12.0, "l": 9.0, "c": close, "v": 1000.0, "vw": 10.5} | more


def answer(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"status": "OK", "adjusted": False, "resultsCount": len(rows)} | more
    return body | ({"results": list(rows)} if rows else {})


def refusal(said: str) -> Answer:
    return Answer({"status": "NOT_AUTHORIZED", "message": said}, 403)


def asked(*tickers: str, start: date, end: date, **listings: Listing) -> Request:
    return Request("US", tickers, start, end, listings)


def test_the_start_of_the_day_in_new_york_is_that_day_in_winter_and_in_summer(serve: Serve) -> None:
    rows = [bar("2025-03-07T05:00:00"), bar("2025-03-10T04:00:00")]
    serve({"/range/": answer(*rows)})
    frame = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 7), end=date(2025, 3, 10))).frame
    assert frame["date"].to_list() == [date(2025, 3, 7), date(2025, 3, 10)]
    assert frame["adjusted"].to_list() == ["none", "none"]
    assert frame["turnover"][0] == pytest.approx(10.5 * 1000)


def test_the_close_in_new_york_of_a_whole_market_answer_is_the_same_day(serve: Serve) -> None:
    server = serve({"/grouped/": answer(bar("2025-03-10T20:00:00", T="A"), bar("2025-03-10T20:00:00", T="BACpB"))})
    day = date(2025, 3, 10)
    found = polygon().fetch("ohlcv", asked("A", "BACpB", "C", start=day, end=day))
    assert found.frame.select("ticker", "date").rows() == [("A", day), ("BACpB", day)]
    assert [(one.ticker, one.reason) for one in found.absent] == [("C", "not_covered")]
    assert len(server.calls) == 1
    assert server.calls[0].query == {"adjusted": "false", "include_otc": "false"}


def test_volume_in_exponent_and_fractional_form_is_whole_shares(serve: Serve) -> None:
    text = json.dumps(answer(bar("2025-03-10T04:00:00"))).replace("1000.0", "1.12117471499e+08")
    serve({"/range/": Answer(text)})
    frame = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10))).frame
    assert frame["volume"].to_list() == [112_117_471.0]


def test_a_missing_average_is_no_error_and_a_missing_close_is(serve: Serve) -> None:
    lean = bar("2025-03-10T04:00:00")
    del lean["vw"]
    serve({"/range/": answer(lean)})
    request = asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10))
    assert polygon().fetch("ohlcv", request).frame["turnover"].to_list() == [None]
    del lean["c"]
    serve({"/range/": answer(lean)})
    with pytest.raises(ShapeChanged, match="`c`"):
        polygon().fetch("ohlcv", request)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_that_repeats_the_key_does_not_show_it(serve: Serve, status: int) -> None:
    serve({"/range/": Answer({"status": "ERROR", "error": "bad key a-key-of-this-test"}, status)})
    with pytest.raises(ProviderError) as caught:
        polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10)))
    assert "bad key" in str(caught.value)
    assert "a-key-of-this-test" not in str(caught.value) + repr(caught.value.context)


def test_numbers_may_be_whole_exponents_or_text(serve: Serve) -> None:
    odd = bar("2025-03-10T04:00:00") | {"o": 10, "c": "10.5", "v": "1.25e+3", "vw": None, "new": {"x": 1}}
    serve({"/range/": answer(dict(sorted(odd.items(), reverse=True)))})
    frame = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10))).frame
    assert frame.select("open", "close", "volume", "turnover").rows() == [(10.0, 10.5, 1250.0, None)]


def test_one_odd_bar_of_the_market_leaves_the_others(serve: Serve) -> None:
    rows = [bar("2025-03-10T20:00:00", T=f"T{n}") for n in range(20)]
    rows[3]["c"], rows[4]["T"] = None, None
    serve({"/grouped/": answer(*rows)})
    tickers = tuple(f"T{n}" for n in range(20))
    found = polygon().fetch("ohlcv", asked(*tickers, start=date(2025, 3, 10), end=date(2025, 3, 10)))
    assert set(found.frame["ticker"]) == {*tickers} - {"T3", "T4"}
    assert {one.ticker: one.reason for one in found.absent} == {"T3": "not_covered", "T4": "not_covered"}
    assert any(line["event"] == "bars.odd" and line["bars"] == 2 for line in journal.read())


def test_one_bad_ticker_of_twenty_leaves_the_others(serve: Serve) -> None:
    tickers = tuple(f"T{n}" for n in range(20))
    days = {"start": date(2024, 1, 2), "end": date(2025, 3, 10)}
    good = {f"/ticker/{one}/": answer(bar("2025-03-10T04:00:00"), ticker=one) for one in tickers}
    serve(good | {"/ticker/T3/": answer({"t": 1}), "/ticker/T4/": Answer("oops", 500)})
    found = polygon().fetch("ohlcv", asked(*tickers, **days))
    assert set(found.frame["ticker"]) == {*tickers} - {"T3", "T4"}
    assert [(one.start, one.end, one.reason) for one in found.absent if one.ticker in ("T3", "T4")] == [
        (*days.values(), "unknown")
    ] * 2


def test_by_the_providers_clock_the_running_day_is_left_out(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2025-03-15T12:00:00+00:00")
    days = {"start": date(2025, 3, 13), "end": date(2025, 3, 14)}
    for body in ({"/range/": answer(bar("2025-03-13T04:00:00"), bar("2025-03-14T04:00:00"))}, market_of_two_days()):
        serve(body, skew=-86_400.0)
        asks = asked("A", **days) if "/range/" in body else asked("A", "B", "C", **days)
        found = polygon().fetch("ohlcv", asks)
        assert set(found.frame["date"]) == {date(2025, 3, 13)}
        assert {(one.start, one.reason) for one in found.absent} >= {(date(2025, 3, 14), "unknown")}
    kept = sorted(path.name for path in (tmp_path / "state" / "polygon" / "days").iterdir())
    assert kept == ["2025-03-13.parquet"], "an unfinished day is not kept"


def market_of_two_days() -> dict[str, Any]:
    return {f"stocks/2025-03-{n}": answer(bar(f"2025-03-{n}T20:00:00", T="A")) for n in (13, 14)}


def test_delayed_is_a_success_and_an_empty_range_has_no_results(serve: Serve) -> None:
    serve({"/ticker/A/": answer(bar("2025-03-10T04:00:00"), status="DELAYED"), "/ticker/ZZZZ/": answer()})
    request = asked("A", "ZZZZ", start=date(2025, 3, 7), end=date(2025, 3, 10))
    found = polygon().fetch("ohlcv", request)
    assert found.frame["ticker"].to_list() == ["A"]
    assert [(one.ticker, one.start, one.end, one.reason) for one in found.absent] == [
        ("A", date(2025, 3, 7), date(2025, 3, 7), "not_covered"),
        ("ZZZZ", date(2025, 3, 7), date(2025, 3, 10), "not_covered"),
    ]


def test_results_that_are_counted_and_not_there_are_another_shape(serve: Serve) -> None:
    serve({"/range/": {"status": "OK", "adjusted": False, "resultsCount": 3}})
    with pytest.raises(ShapeChanged, match="results"):
        polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 7), end=date(2025, 3, 10)))


def test_an_answer_that_is_adjusted_says_so_in_its_rows(serve: Serve) -> None:
    serve({"/range/": answer(bar("2025-03-10T04:00:00"), adjusted=True)})
    frame = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10))).frame
    assert frame["adjusted"].to_list() == ["split"]


def test_bars_of_another_ticker_are_refused(serve: Serve) -> None:
    serve({"/range/": answer(bar("2025-03-10T04:00:00"), ticker="BACPB")})
    with pytest.raises(ShapeChanged, match="BACPB"):
        polygon().fetch("ohlcv", asked("BACpB", start=date(2025, 3, 10), end=date(2025, 3, 10)))


def test_pages_are_followed_on_our_host_with_the_key(serve: Serve) -> None:
    elsewhere = "https://api.massive.com/v2/aggs/ticker/BRK.B/range/1/day/1741579200000/2025-03-10?cursor=bGltaXQ%3D"
    server = serve(
        {
            "cursor=bGltaXQ": answer(bar("2025-03-10T04:00:00")),
            "/range/": answer(bar("2025-03-07T05:00:00"), next_url=elsewhere),
        }
    )
    frame = polygon().fetch("ohlcv", asked("BRK.B", start=date(2025, 3, 7), end=date(2025, 3, 10))).frame
    assert frame.height == 2
    assert [call.headers["authorization"] for call in server.calls] == ["Bearer a-key-of-this-test"] * 2
    assert all("apiKey" not in call.query for call in server.calls)
    assert server.calls[0].query["limit"] == "50000"


def test_a_page_that_names_itself_ends_as_an_error(serve: Serve) -> None:
    serve({"/range/": answer(bar("2025-03-07T05:00:00"), next_url="https://x/v2/aggs/range/?cursor=1")})
    with pytest.raises(ShapeChanged, match="twice"):
        polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 7), end=date(2025, 3, 10)))


@pytest.mark.parametrize(
    ("tickers", "sessions", "grouped", "calls"),
    [(3, 10, False, 3), (10, 3, True, 3), (4, 4, False, 4), (1, 1, False, 1)],
)
def test_the_cheaper_way_is_asked(serve: Serve, tickers: int, sessions: int, grouped: bool, calls: int) -> None:
    server = serve({})
    days = markets.sessions("US", date(2025, 1, 2), date(2025, 3, 14))[:sessions]
    names = [f"T{chr(65 + number)}" for number in range(tickers)]
    polygon().fetch("ohlcv", asked(*names, start=days[0], end=days[-1]))
    assert len(server.calls) == calls
    assert all(("/grouped/" in call.path) == grouped for call in server.calls)


def test_many_small_requests_over_one_range_end_in_whole_market_days(serve: Serve) -> None:
    def day_of(call: Call) -> dict[str, Any]:
        return answer(bar(f"{call.path.rpartition('/')[2]}T15:00:00", T="A"))

    server, adapter = serve({"/grouped/": day_of}), polygon()
    days = markets.sessions("US", date(2025, 2, 3), date(2025, 3, 14))
    for batch in range(40):
        names = [f"T{batch:02d}{chr(65 + number)}" for number in range(10)]
        adapter.fetch("ohlcv", asked(*names, start=days[0], end=days[-1]))
    by_day = sum("/grouped/" in call.path for call in server.calls)
    assert by_day == len(days)
    assert len(server.calls) <= 2 * len(days), "at most twice the cheapest way"


def test_a_whole_market_day_is_kept_so_that_a_stopped_collection_goes_on(serve: Serve) -> None:
    days = markets.sessions("US", date(2025, 3, 3), date(2025, 3, 7))

    def day_of(call: Call) -> dict[str, Any]:
        day = call.path.rpartition("/")[2]
        return answer(bar(f"{day}T21:00:00", T="A"), bar(f"{day}T21:00:00", T="B"))

    server = serve({"/grouped/": day_of})
    names = ("A", *(f"N{chr(65 + number)}" for number in range(8)))
    server.fault("500", share=1.0, path="2025-03-03")
    with pytest.raises(Exception, match="500"):
        polygon(calls_per_minute=5).fetch("ohlcv", asked(*names, start=days[0], end=days[-1]))
    server.heal()
    before = len(server.calls)
    found = polygon().fetch("ohlcv", asked(*names, start=days[0], end=days[-1]))
    assert found.frame["date"].to_list() == days
    assert [call.path[-10:] for call in server.calls[before:]] == ["2025-03-03"]
    assert polygon().fetch("ohlcv", asked("B", start=days[0], end=days[-1])).frame.height == 5
    assert len(server.calls) == before + 1


def test_a_day_without_a_bar_of_any_ticker_is_asked_again(serve: Serve) -> None:
    serve({"2025-03-07": answer(bar("2025-03-07T21:00:00", T="A"))})
    request = asked("A", "B", "C", start=date(2025, 3, 7), end=date(2025, 3, 10))
    found = polygon().fetch("ohlcv", request)
    reasons = {(one.ticker, one.start): one.reason for one in found.absent}
    assert reasons["A", date(2025, 3, 10)] == "unknown"


def test_the_day_is_complete_when_extended_hours_are_over(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", FRIDAY_EVENING)
    server = serve({"/range/": answer(bar("2025-03-13T04:00:00"))})
    adapter = polygon()
    assert adapter.last_date("US") == date(2025, 3, 13)
    found = adapter.fetch("ohlcv", asked("A", start=date(2025, 3, 13), end=date(2025, 3, 14)))
    assert server.calls[0].path.endswith("/2025-03-13/2025-03-13")
    assert [(one.start, one.reason) for one in found.absent] == [(date(2025, 3, 14), "unknown")]
    monkeypatch.setenv("WORKBENCH_NOW", "2025-03-15T00:15:00+00:00")
    assert polygon().last_date("US") == date(2025, 3, 14)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_day_that_is_not_released_is_asked_again_later(serve: Serve, grouped: bool) -> None:
    def judged(call: Call) -> Any:
        if call.path.endswith("2025-03-14"):
            return refusal("Attempted to request today's data before end of day. Please upgrade.")
        return answer(bar("2025-03-13T04:00:00", **({"T": "A"} if grouped else {})))

    serve({"/aggs/": judged})
    names = ("A", "B", "C", "D") if grouped else ("A",)
    found = polygon().fetch("ohlcv", asked(*names, start=date(2025, 3, 13), end=date(2025, 3, 14)))
    assert found.frame.select("ticker", "date").rows() == [("A", date(2025, 3, 13))]
    assert {one.start: one.reason for one in found.absent if one.ticker == "A"} == {date(2025, 3, 14): "unknown"}


def over(first: str, said: str = "Your plan doesn't include this data timeframe.") -> Callable[[Call], Any]:
    """A server of a plan that begins on ``first``."""

    def judged(call: Call) -> Any:
        parts = call.path.split("/")
        start, end = (parts[-1], parts[-1]) if "grouped" in parts else (parts[-2], parts[-1])
        if start < first:
            return refusal(said)
        days = markets.sessions("US", date.fromisoformat(start), date.fromisoformat(end))
        named = {"T": "A"} if "grouped" in parts else {}
        return answer(*(bar(f"{day}T15:00:00", **named) for day in days))

    return judged


@pytest.mark.parametrize(
    "said", ["Your plan doesn't include this data timeframe.", "You are not entitled to this data."]
)
def test_what_is_older_than_the_plan_is_not_covered(serve: Serve, said: str) -> None:
    server = serve({"/range/": over("2023-03-16", said)})
    adapter = polygon()
    start, end = date(2015, 1, 2), date(2025, 3, 14)
    found = adapter.fetch("ohlcv", asked("A", start=start, end=end, A=Listing(listed=date(2000, 1, 3))))
    assert found.frame["date"].min() == date(2023, 3, 16)
    assert found.frame.height == len(markets.sessions("US", date(2023, 3, 16), end))
    (gap,) = found.absent
    assert (gap.start, gap.end, gap.reason) == (start, date(2023, 3, 15), "not_covered")
    assert "2023-03-16" in gap.detail
    assert len(server.calls) <= 8, "the search begins at the reach of the free plan"
    assert polygon().first_date("US") == date(2023, 3, 16)
    before = len(server.calls)
    polygon().fetch("ohlcv", asked("A", start=start, end=end))
    assert len(server.calls) == before + 1, "the reach of a plan is remembered"


def test_the_reach_of_a_larger_plan_is_found_exactly(serve: Serve) -> None:
    serve({"/range/": over("2018-06-05")})
    adapter = polygon()
    frame = adapter.fetch("ohlcv", asked("A", start=date(2004, 1, 2), end=date(2025, 3, 14))).frame
    assert frame["date"].min() == date(2018, 6, 5)
    assert adapter.first_date("US") == date(2018, 6, 5)


def test_whole_market_days_stop_at_the_first_that_is_too_old(serve: Serve) -> None:
    server = serve({"/grouped/": over("2025-03-06")})
    names = [f"N{chr(65 + number)}" for number in range(20)]
    request = asked("A", *names, start=date(2025, 2, 18), end=date(2025, 3, 14))
    found = polygon(calls_per_minute=5).fetch("ohlcv", request)
    assert found.frame["date"].to_list() == markets.sessions("US", date(2025, 3, 6), date(2025, 3, 14))
    assert len(server.calls) == 7 + 1
    assert [one.end for one in found.absent if one.ticker == "A"] == [date(2025, 3, 5)]


@pytest.mark.parametrize(
    "said", ["Your plan doesn't include this data timeframe.", "You are not entitled to this data."]
)
def test_a_range_that_is_wholly_too_old_is_absent_and_no_crash(serve: Serve, said: str) -> None:
    serve({"/aggs/": over("2023-03-16", said)})
    for names in (("A",), tuple(f"N{chr(65 + number)}" for number in range(9))):
        found = polygon().fetch("ohlcv", asked(*names, start=date(2012, 1, 3), end=date(2012, 1, 6)))
        assert found.frame.is_empty()
        assert {one.ticker: one.reason for one in found.absent} == dict.fromkeys(names, "not_covered")


def test_a_key_without_any_of_it_is_refused(serve: Serve) -> None:
    serve({"/aggs/": refusal("You are not entitled to this data. Please upgrade your plan.")})
    for names in (("A",), ("A", "B", "C", "D", "E", "F", "G")):
        with pytest.raises(NotInPlan, match="not entitled"):
            polygon().fetch("ohlcv", asked(*names, start=date(2025, 3, 10), end=date(2025, 3, 14)))


def test_an_unknown_key_is_unauthorised_and_never_shown(serve: Serve) -> None:
    serve({"/": Answer({"status": "ERROR", "error": "Unknown API Key a-key-of-this-test"}, 401)})
    with pytest.raises(Unauthorised) as caught:
        polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 14)))
    assert "POLYGON_API_KEY" in caught.value.hint
    assert "a-key-of-this-test" not in str(caught.value)


def test_a_page_for_people_is_no_refusal_of_the_plan(serve: Serve) -> None:
    serve({"/": Answer("<!DOCTYPE html><html>Attention required</html>", 403, {"Content-Type": "text/html"})})
    with pytest.raises(Unauthorised) as caught:
        polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 14)))
    assert not isinstance(caught.value, NotInPlan)


def test_a_refusal_for_the_rate_waits_for_the_next_minute(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2025-03-15T12:00:48+00:00")
    server = serve({"/range/": answer(bar("2025-03-10T04:00:00"))})
    server.fault("429", first=1)
    waits: list[float] = []
    patience = Patience(attempts=2, sleep=waits.append)
    request = asked("A", start=date(2025, 3, 10), end=date(2025, 3, 10))
    assert polygon(patience=patience).fetch("ohlcv", request).frame.height == 1
    assert 13.0 in waits
    server.fault("429", share=1.0)
    with pytest.raises(Throttled, match="429"):
        polygon().fetch("ohlcv", request)
    assert any(line["event"] == "provider.throttled" for line in journal.read())


def test_the_plan_of_the_key_sets_the_pace(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve({"/v1/marketstatus/now": {"market": "open", "serverTime": "2025-03-14T10:00:00-04:00"}})
    assert "5 calls in 60 s" in Polygon().limits()
    monkeypatch.setenv("POLYGON_CALLS_PER_MINUTE", "6000")
    assert "6000 calls in 60 s" in Polygon().limits()
    assert "open" in Polygon().probe()
    assert len(server.calls) == 1
    monkeypatch.setenv("POLYGON_CALLS_PER_MINUTE", "many")
    with pytest.raises(ConfigError, match="many"):
        Polygon().limits()


def test_the_free_plan_has_five_calls_in_a_burst_and_then_waits(serve: Serve) -> None:
    serve({})
    waits: list[float] = []
    patience = Patience(attempts=2, sleep=waits.append)
    names = ("A", "B", "C", "D", "E", "F")
    Polygon(patience=patience).fetch("ohlcv", asked(*names, start=date(2025, 1, 2), end=date(2025, 3, 14)))
    assert len(waits) == 1
    assert 55.0 < waits[0] < 65.0


def test_without_a_key_the_calendar_still_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_NOW", SATURDAY)
    monkeypatch.delenv("POLYGON_API_KEY", raising=False)
    adapter = Polygon()
    assert adapter.last_date("US") == date(2025, 3, 14)
    assert adapter.first_date("US") == date(2003, 9, 10)
    with pytest.raises(ConfigError, match="POLYGON_API_KEY"):
        adapter.probe()


def test_what_the_listing_says_goes_before_not_covered(serve: Serve) -> None:
    serve({"/range/": answer(*(bar(f"2025-03-{day}T04:00:00") for day in ("11", "12")))})
    known = Listing(listed=date(2025, 3, 11), delisted=date(2025, 3, 14))
    found = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 10), end=date(2025, 3, 14), A=known))
    assert [(one.start, one.reason) for one in found.absent] == [
        (date(2025, 3, 10), "not_listed_yet"),
        (date(2025, 3, 13), "not_covered"),
        (date(2025, 3, 14), "delisted"),
    ]


def test_an_earlier_company_of_the_code_is_not_called_unlisted(serve: Serve) -> None:
    serve({"/range/": answer(bar("2025-03-10T04:00:00"), bar("2025-03-14T04:00:00"))})
    known = Listing(listed=date(2025, 3, 13))
    found = polygon().fetch("ohlcv", asked("A", start=date(2025, 3, 7), end=date(2025, 3, 14), A=known))
    assert {one.reason for one in found.absent} == {"not_covered"}
    assert found.absent[0].start - timedelta(days=0) == date(2025, 3, 7)
