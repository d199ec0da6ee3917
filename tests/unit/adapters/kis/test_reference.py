"""Share counts, valuation and holidays: today's, and usable only afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from kis_server import DETAIL, HOLIDAYS, QUOTE, KisServer, success

from workbench.adapters.base import Request
from workbench.adapters.kis.reference import available
from workbench.errors import ShapeChanged

#: 2025-12-30 is the last session of the year in Korea.
LAST = date(2025, 12, 30)
NEXT = {"KR": date(2026, 1, 2), "US": date(2025, 12, 31), "JP": date(2026, 1, 5)}


def some(kis, region: str) -> str:
    rows = kis.fetch("tickers", Request(region)).frame
    return str(rows.filter(pl.col("asset_type") == "stock")["ticker"].sort()[0])


def test_korean_counts_come_from_the_files_in_thousands_without_a_call(server: KisServer, make) -> None:
    kis = make()
    code = some(kis, "KR")
    frame = kis.fetch("shares", Request("KR", (code,), LAST, LAST)).frame
    true = server.world.of("shares", "KR", code)["shares_outstanding"][-1]
    assert frame.select("date", "available_date", "basis").row(0) == (LAST, NEXT["KR"], "listed")
    assert frame["shares_outstanding"][0] == pytest.approx(true, abs=501)
    assert not any(call.path.startswith("/uapi") for call in server.calls)


@pytest.mark.parametrize("region", ["US", "JP"])
def test_overseas_counts_cost_a_call(server: KisServer, make, region: str) -> None:
    kis = make()
    code = some(kis, region)
    frame = kis.fetch("shares", Request(region, (code,), date(2025, 1, 1), LAST)).frame
    assert frame.select("date", "shares_outstanding").row(0) == (
        kis.last_date(region),
        server.world.of("shares", region, code)["shares_outstanding"][-1],
    )
    assert frame["available_date"][0] > LAST
    assert sum(call.path == DETAIL for call in server.calls) == 1


@pytest.mark.parametrize(("region", "path", "currency"), [("US", DETAIL, "USD"), ("KR", QUOTE, "KRW")])
def test_valuation_is_an_instant_known_from_the_next_session(server, make, region, path, currency) -> None:
    kis = make()
    code = some(kis, region)
    frame = kis.fetch("fundamentals", Request(region, (code,), LAST, LAST)).frame
    assert set(frame["period"]) == {"I"}
    assert set(frame["period_end"]) == {LAST}
    assert set(frame["available_date"]) == {NEXT[region]}
    assert frame["vintage"].to_list() == [1] * frame.height
    money = dict(frame.select("item", "currency").iter_rows())
    assert money["per"] is None
    assert money["eps"] == currency
    assert sum(call.path == path for call in server.calls) == 1


def test_zero_and_empty_are_unknown_and_a_negative_value_is_a_value(server, make) -> None:
    kis = make()
    korean = kis.fetch("fundamentals", Request("KR", (some(kis, "KR"),), LAST, LAST)).frame
    values = dict(korean.select("item", "value").iter_rows())
    assert "pbr" not in values
    assert values["bps"] == -250.0
    american = kis.fetch("fundamentals", Request("US", (some(kis, "US"),), LAST, LAST)).frame
    assert "bps" not in american["item"].to_list()


def test_korean_market_values_are_in_hundred_millions(server, make) -> None:
    kis = make()
    server._quote = lambda asked: success(output={"stck_prpr": "1000", "lstn_stcn": "500", "hts_avls": "815363"})
    frame = kis.fetch("fundamentals", Request("KR", (some(kis, "KR"),), LAST, LAST)).frame
    assert frame.select("item", "value", "currency").rows() == [("market_cap", 81_536_300_000_000.0, "KRW")]


def test_an_unknown_code_is_not_covered(server, make) -> None:
    kis = make()
    for region, table in (("KR", "fundamentals"), ("KR", "shares"), ("US", "fundamentals"), ("US", "shares")):
        fetched = kis.fetch(table, Request(region, ("ZZZZZ9",), date(2025, 12, 1), LAST))
        assert [(gap.start, gap.end, gap.reason) for gap in fetched.absent] == [
            (date(2025, 12, 1), LAST, "not_covered")
        ]


def test_a_past_range_is_not_covered_and_not_asked(server, make) -> None:
    kis = make()
    code = some(kis, "US")
    for table in ("shares", "fundamentals"):
        fetched = kis.fetch(table, Request("US", (code,), date(2024, 1, 2), date(2024, 12, 31)))
        assert fetched.frame.is_empty()
        assert [(gap.reason, gap.detail) for gap in fetched.absent] == [("not_covered", "kis knows today's only")]
    assert not any(call.path == DETAIL for call in server.calls)


@pytest.mark.parametrize("output", [{"other": "1"}, {"last": "ten", "shar": "5"}])
def test_another_shape_of_a_detail_is_an_error(server, make, output: dict[str, str]) -> None:
    kis = make()
    code = some(kis, "US")
    server._detail = lambda asked: success(output=output)
    if "last" in output:
        output |= {"perx": "ten"}
    with pytest.raises(ShapeChanged):
        kis.fetch("fundamentals", Request("US", (code,), LAST, LAST))


@pytest.mark.parametrize(
    ("instant", "session"),
    [
        (datetime(2025, 6, 11, 22, 0, tzinfo=UTC), date(2025, 6, 12)),  # 07:00 in Seoul, before the open
        (datetime(2025, 6, 12, 1, 0, tzinfo=UTC), date(2025, 6, 13)),  # 10:00, in the session
        (datetime(2025, 6, 12, 9, 0, tzinfo=UTC), date(2025, 6, 13)),  # 18:00, after it
        (datetime(2025, 6, 13, 9, 0, tzinfo=UTC), date(2025, 6, 16)),  # Friday evening
    ],
)
def test_what_is_learnt_can_be_used_from_the_next_open_on(instant: datetime, session: date) -> None:
    assert available("KR", instant) == session


def test_holidays_are_asked_once_a_day_and_kept(server: KisServer, make, monkeypatch) -> None:
    days = make().holidays(date(2025, 12, 29))
    assert days[date(2025, 12, 30)]
    assert not days[date(2025, 12, 31)]
    assert not days[date(2026, 1, 1)]
    assert not days[date(2026, 1, 3)], "a Saturday, although its tr_day_yn is Y"
    assert make().holidays(date(2026, 5, 1)) == days
    asked = [call for call in server.calls if call.path == HOLIDAYS]
    assert len(asked) == 1
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-05T01:00:00+00:00")
    later = make().holidays(date(2026, 1, 20))
    assert set(days) < set(later)


def test_a_holiday_list_of_another_shape_is_an_error(server, make) -> None:
    server._holidays = lambda asked: success(output=[{"bass_dt": "20251229"}])
    with pytest.raises(ShapeChanged):
        make().holidays(date(2025, 12, 29))


def test_the_probe_makes_one_call_beside_the_token(server: KisServer, make) -> None:
    said = make().probe()
    assert said.startswith("real service: a quote of 005930 came back; token until 2025-12-31")
    assert [call.path for call in server.calls] == ["/oauth2/tokenP", QUOTE]
