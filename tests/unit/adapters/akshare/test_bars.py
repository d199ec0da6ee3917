"""Bars of China and Hong Kong: what an empty answer means, units, columns, and today's bar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from akshare_bodies import bar, kline
from local_server import Answer, Call

from workbench import journal
from workbench.adapters.base import Listing, Request
from workbench.errors import ShapeChanged, Throttled

MONDAY, FRIDAY = date(2026, 11, 9), date(2026, 11, 13)
WEEK = [f"2026-11-{day:02d}" for day in range(9, 14)]
LISTED = {"600000": Listing(exchange="XSHG", listed=date(1999, 11, 10)), "300750": Listing(exchange="XSHE")}


def asked(*tickers: str, start: date = MONDAY, end: date = FRIDAY, region: str = "CN") -> Request:
    return Request(region, tickers, start, end, LISTED)


def by_secid(**bodies: Any):
    """Answers by market and code; ``s1_600000`` stands for 1.600000, within the days that are asked."""

    def answer(call: Call) -> Any:
        body = bodies["s" + call.query["secid"].replace(".", "_")]
        if body is None:
            return {"rc": 100, "data": None}
        begin, end = call.query.get("beg", "0"), call.query["end"]
        kept = [line for line in body if begin <= line[:10].replace("-", "") <= end]
        return kline(call.query["secid"], *kept, total=len(body))

    return answer


def reasons(fetched: Any) -> list[tuple[date, date, str]]:
    return [(one.start, one.end, one.reason) for one in fetched.absent]


def test_a_day_left_out_inside_an_answer_is_a_suspension(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=[bar(day) for day in WEEK if day != WEEK[2]])
    fetched = make().fetch("ohlcv", asked("600000"))
    assert fetched.frame["date"].to_list() == [date.fromisoformat(day) for day in WEEK if day != WEEK[2]]
    assert reasons(fetched) == [(date(2026, 11, 11), date(2026, 11, 11), "suspended")]


def test_a_week_without_a_bar_is_a_suspension_only_when_the_history_proves_it(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=[bar("2026-10-30"), bar("2026-11-16")])
    assert reasons(make().fetch("ohlcv", asked("600000"))) == [(MONDAY, FRIDAY, "suspended")]
    assert [call.query["beg"] for call in pages.asked("kline")] == ["20261109", "19700101"]


def test_an_empty_answer_for_everything_is_throttling(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=[], s1_000001=[])
    with pytest.raises(Throttled):
        make().fetch("ohlcv", asked("600000"))


def test_an_empty_answer_for_one_code_alone_is_unknown(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=[], s1_000001=[bar("2026-11-18")], s0_300750=[bar(day) for day in WEEK])
    fetched = make().fetch("ohlcv", asked("600000", "300750"))
    assert reasons(fetched) == [(MONDAY, FRIDAY, "unknown")]
    assert set(fetched.frame["ticker"]) == {"300750"}


def test_a_passing_empty_answer_changes_nothing_and_is_noted(pages, make) -> None:
    full = by_secid(s1_600000=[bar(day) for day in WEEK])
    pages.on["kline"] = lambda call: kline("1.600000", total=0) if call.number == 0 else full(call)
    fetched = make().fetch("ohlcv", asked("600000"))
    assert fetched.frame.height == 5
    assert not fetched.absent
    assert [line["event"] for line in journal.read()] == ["provider.throttled"]


def test_no_data_is_not_covered_only_for_a_code_that_nobody_lists(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=None, s0_000009=None)
    assert [one.reason for one in make().fetch("ohlcv", asked("600000", "000009")).absent] == ["unknown", "not_covered"]


def test_delisted_days_are_delisted_by_the_listing(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_600000=[bar(day) for day in WEEK[:3]])
    gone = {"600000": Listing(exchange="XSHG", listed=date(1999, 11, 10), delisted=date(2026, 11, 12))}
    fetched = make().fetch("ohlcv", Request("CN", ("600000",), MONDAY, FRIDAY, gone))
    assert reasons(fetched) == [(date(2026, 11, 12), FRIDAY, "delisted")]


@pytest.mark.parametrize(("now", "last"), [("07:29", date(2026, 11, 19)), ("07:30", date(2026, 11, 20))])
def test_todays_bar_waits_half_an_hour_after_the_close(pages, make, monkeypatch, now: str, last: date) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", f"2026-11-20T{now}:00+00:00")
    pages.on["kline"] = by_secid(s1_600000=[bar(f"2026-11-{day}") for day in (18, 19, 20)])
    fetched = make().fetch("ohlcv", asked("600000", start=date(2026, 11, 18), end=date(2026, 11, 20)))
    assert fetched.frame["date"].max() == last
    assert reasons(fetched) == ([] if last.day == 20 else [(date(2026, 11, 20), date(2026, 11, 20), "unknown")])


def test_a_bar_that_is_missing_soon_after_the_close_may_still_come(pages, make, monkeypatch) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2026-11-20T08:00:00+00:00")
    pages.on["kline"] = by_secid(s1_600000=[bar("2026-11-18")])
    fetched = make().fetch("ohlcv", asked("600000", start=date(2026, 11, 18), end=date(2026, 11, 20)))
    assert [one.reason for one in fetched.absent] == ["suspended", "unknown"]


def test_the_clock_of_the_pages_counts_where_ours_is_wrong(pages, make) -> None:
    # 17:00 in Shanghai by our clock, 15:25 by theirs.
    pages.skew = -95 * 60.0
    pages.on["kline"] = by_secid(s1_600000=[bar("2026-11-19"), bar("2026-11-20")])
    fetched = make().fetch("ohlcv", asked("600000", start=date(2026, 11, 19), end=date(2026, 11, 20)))
    assert fetched.frame["date"].to_list() == [date(2026, 11, 19)]
    assert reasons(fetched) == [(date(2026, 11, 20), date(2026, 11, 20), "unknown")]


def test_shanghai_b_shares_are_asked_on_their_own_market_by_our_client(pages, make) -> None:
    pages.on["kline"] = by_secid(s1_900901=[bar(day, 0.5) for day in WEEK])
    fetched = make().fetch("ohlcv", asked("900901"))
    assert fetched.frame.height == 5
    assert [call.query["secid"] for call in pages.asked("kline")] == ["1.900901"]


def test_beijing_is_on_the_market_of_shenzhen(pages, make) -> None:
    pages.on["kline"] = by_secid(s0_920002=[bar(day) for day in WEEK])
    assert make().fetch("ohlcv", asked("920002")).frame.height == 5


def test_hong_kong_volumes_are_shares(pages, make) -> None:
    pages.on["kline"] = by_secid(s116_00700=[bar(day, 480.0, 25_000_000, lot=1) for day in WEEK])
    frame = make().fetch("ohlcv", asked("00700", region="HK")).frame
    assert set(frame["volume"]) == {25_000_000.0}
    assert frame.height == 5


def test_a_hong_kong_code_without_data_is_no_crash_of_the_library(pages, make) -> None:
    pages.on["kline"] = {"rc": 100, "data": None}
    assert [one.reason for one in make().fetch("ohlcv", asked("09999", region="HK")).absent] == ["not_covered"]


@pytest.mark.parametrize("lot", [100, 1])
def test_the_average_price_tells_the_unit_of_star_volumes(pages, make, lot: int) -> None:
    pages.on["kline"] = by_secid(s1_688981=[bar(day, 90.0, 20_000, lot=lot) for day in WEEK])
    assert set(make().fetch("ohlcv", asked("688981")).frame["volume"]) == {20_000.0 * lot}


def shifted(day: str) -> str:
    """A new field at the second place moves all that follow by one."""
    values = bar(day).split(",")
    return ",".join([values[0], "7", *values[1:-1]])


@pytest.mark.parametrize(
    "spoil",
    [
        shifted,
        lambda day: bar(day) + ",9",
        lambda day: ",".join(bar(day).split(",")[:8]),
        lambda day: bar(day, lots=1000, lot=1),
        lambda day: bar(day).replace(day, "yesterday"),
    ],
)
def test_shifted_columns_are_an_error_not_rows(pages, make, spoil) -> None:
    pages.on["kline"] = lambda call: kline("1.600000", *map(spoil, WEEK))
    with pytest.raises(ShapeChanged):
        make().fetch("ohlcv", asked("600000"))


def test_one_wrong_bar_is_left_to_the_checks_of_the_lake(pages, make) -> None:
    wrong = f"{WEEK[1]},1000,1000,10.1,9.9,1000,1000000,0,0,0,0"
    pages.on["kline"] = by_secid(s1_600000=[bar(WEEK[0]), wrong, *map(bar, WEEK[2:])])
    assert make().fetch("ohlcv", asked("600000")).frame["close"].to_list()[1] == 1000.0


def test_a_single_bar_whose_volume_and_value_changed_places_is_an_error(pages, make) -> None:
    swapped = f"{FRIDAY},10,10,10.1,9.9,1000000,1000,0,0,0,0"
    pages.on["kline"] = lambda call: kline("1.600000", swapped)
    with pytest.raises(ShapeChanged):
        make().fetch("ohlcv", asked("600000", start=FRIDAY))


def test_bars_of_another_market_under_the_same_digits_are_an_error(pages, make) -> None:
    pages.on["kline"] = lambda call: kline("1.000001", *map(bar, WEEK))
    with pytest.raises(ShapeChanged, match=r"1\.000001"):
        make().fetch("ohlcv", asked("000001"))


def test_a_day_without_trading_that_is_repeated_has_no_range(pages, make) -> None:
    idle = f"{WEEK[1]},0,10,0,0,0,0,0,0,0,0"
    pages.on["kline"] = by_secid(s1_600000=[bar(WEEK[0]), idle, *map(bar, WEEK[2:])])
    row = make().fetch("ohlcv", asked("600000")).frame.row(1, named=True)
    assert (row["open"], row["high"], row["low"], row["close"], row["volume"]) == (None, None, None, 10.0, 0.0)


def test_a_block_page_is_throttling(pages, make) -> None:
    pages.on["kline"] = Answer("<!DOCTYPE html><html></html>", 200, {"Content-Type": "text/html"})
    with pytest.raises(Throttled):
        make().fetch("ohlcv", asked("600000"))


def test_one_bad_share_of_twenty_leaves_the_others(pages, make) -> None:
    codes = [str(600000 + n) for n in range(20)]
    bodies = {f"s1_{code}": [bar(day) for day in WEEK] for code in codes}
    good = by_secid(**bodies)

    def answer(call: Call) -> Any:
        odd = {"1.600003": {"data": {"klines": [["2026-11-09", 1]]}}, "1.600004": Answer("oops", 500)}
        return odd.get(call.query["secid"]) or good(call)

    pages.on["kline"] = answer
    found = make().fetch("ohlcv", asked(*codes))
    assert set(found.frame["ticker"]) == {*codes} - {"600003", "600004"}
    assert {one.ticker: one.reason for one in found.absent} == {"600003": "unknown", "600004": "unknown"}


def test_without_tickers_the_whole_list_is_asked(pages, make) -> None:
    pages.on["clist"] = {"rc": 0, "data": {"total": 1, "diff": [{"f12": "00005", "f13": 116, "f14": "HSBC"}]}}
    pages.on["kline"] = by_secid(s116_00005=[bar(day, lot=1) for day in WEEK])
    found = make().fetch("ohlcv", Request("HK", None, MONDAY, FRIDAY))
    assert found.frame["ticker"].to_list() == ["00005"] * len(WEEK)
