"""What a moved ratio is taken for: splits as they happened in the world, and nothing where prices moved for less."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from kis_server import DOMESTIC, OVERSEAS, KisServer
from local_server import Answer
from world import AFTER_THE_END, world

from workbench import journal
from workbench.adapters.base import Request
from workbench.adapters.kis import actions
from workbench.adapters.kis.splits import LEAST, Move, Prices, moves, split_ratio

LAST = date(2025, 12, 30)
DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(40)]


def prices(raw: list[float], factors: list[float], unit: float = 0.0001) -> Prices:
    """Raw prices and the same times a factor, rounded."""
    adjusted = [round(price * factor / unit) * unit for price, factor in zip(raw, factors, strict=True)]
    return Prices.joined(dict(zip(DAYS, raw, strict=False)), dict(zip(DAYS, adjusted, strict=False)), unit)


@pytest.mark.parametrize(
    ("factor", "ratio"),
    [
        (2.0, 2.0),
        (3.0003, 3.0),
        (1.5, 1.5),
        (1.25, 1.25),
        (1.1, 1.1),
        (1.3, 1.3),
        (50.01, 50.0),
        (0.1, 0.1),
        (0.05, 0.05),
        (1 / 1.5, 2 / 3),
        (1 / 12, 1 / 12),
        (1.0457, None),
        (1.2813, None),
        (1.137, None),
        (0.9312, None),
    ],
)
def test_ratios_in_which_shares_are_split(factor: float, ratio: float | None) -> None:
    assert split_ratio(factor, 0.0001) == (pytest.approx(ratio) if ratio else None)


def test_a_ratio_that_is_blurred_by_rounding_is_not_believed() -> None:
    assert split_ratio(2.0, 0.02) is None
    assert split_ratio(1.12, 0.003) is None, "with so much rounding, 28 for 25 or 9 for 8 would do as well"
    assert split_ratio(0.0, 0.0) is None


def test_a_dividend_moves_the_ratio_by_too_little() -> None:
    yields = [0.985] * 10 + [1.0] * 10
    assert moves(prices([50.0] * 20, yields), LEAST) == []


def test_a_split_is_found_on_its_day_with_its_size() -> None:
    raw = [100.0 + number for number in range(10)] + [51.0 + number / 2 for number in range(10)]
    found = moves(prices(raw, [0.5] * 10 + [1.0] * 10), LEAST)
    assert [(move.before, move.day) for move in found] == [(DAYS[9], DAYS[10])]
    assert found[0].factor == pytest.approx(2.0, rel=1e-5)
    assert found[0].close == 109.0


def test_rounded_prices_do_not_hide_a_split_nor_make_one() -> None:
    """Old prices of a share that was split 1 to 50 are a few won today, rounded to whole won."""
    raw = [2_650_000.0, 2_611_000.0, 2_640_000.0] * 4 + [53_000.0, 51_900.0, 52_600.0] * 4
    found = moves(prices(raw, [0.02] * 12 + [1.0] * 12, unit=1.0), 1.019)
    assert [split_ratio(move.factor, move.blur) for move in found] == [50.0]
    small = [101.0, 99.0, 102.0, 98.0] * 5
    assert moves(prices(small, [0.31] * 20, unit=1.0), 1.019) == []


def test_two_splits_close_together_are_two() -> None:
    raw = [80.0] * 6 + [40.0] * 3 + [10.0] * 6
    found = moves(prices(raw, [1 / 8] * 6 + [1 / 4] * 3 + [1.0] * 6), LEAST)
    assert [split_ratio(move.factor, move.blur) for move in found] == [2.0, 4.0]


def test_korea_says_what_a_share_went_ex() -> None:
    def move(factor: float) -> Move:
        return Move(DAYS[0], DAYS[1], factor, 0.0001, 10_000.0)

    assert actions._action(move(2.0), "00") == (DAYS[1], "split", 2.0)
    assert actions._action(move(2.0), "01") == (DAYS[1], "bonus", 2.0)
    assert actions._action(move(1.0437), "01") == (
        DAYS[1],
        "rights",
        pytest.approx(10_000 * (1 - 1 / 1.0437), rel=1e-6),
    )
    assert actions._action(move(1.0437), "00") is None
    assert actions._action(move(1.1), "02") is None, "a dividend, whatever the ratio"
    assert actions._action(move(0.1), "01") == (DAYS[1], "split", pytest.approx(0.1))


def want(region: str, codes: list[str], start: date, end: date = LAST) -> list[tuple[str, date, float]]:
    rows = (
        world("tiny")
        .rows("actions", region)
        .filter((pl.col("kind") == "split") & pl.col("ex_date").is_between(start, end) & pl.col("ticker").is_in(codes))
    )
    return rows.sort("ticker", "ex_date").select("ticker", "ex_date", "value").rows()


@pytest.mark.parametrize("region", ["KR", "US", "JP", "HK", "CN", "VN"])
@pytest.mark.parametrize("start", [date(2023, 3, 1), date(2024, 6, 3)])
def test_the_worlds_splits_are_found(server: KisServer, make, region: str, start: date) -> None:
    kis = make()
    codes = list(kis.masters.instruments(region))
    frame = kis.fetch("actions", Request(region, tuple(codes), start, LAST)).frame
    got = frame.sort("ticker", "ex_date").select("ticker", "ex_date", "value").rows()
    wanted = want(region, codes, start)
    assert [row[:2] for row in got] == [row[:2] for row in wanted]
    assert [row[2] for row in got] == pytest.approx([row[2] for row in wanted])
    assert set(frame["kind"]) <= {"split"}


def test_a_share_without_a_split_costs_two_calls_and_one_with_a_split_four(server: KisServer, make) -> None:
    kis = make()
    start = date(2023, 3, 1)
    codes = list(kis.masters.instruments("US"))
    splits = [row[0] for row in want("US", codes, start)]
    plain = next(code for code in codes if code not in splits and len(world("tiny").of("ohlcv", "US", code)) > 600)
    for code, cost in ((plain, 2), (splits[0], 2 + 2 * splits.count(splits[0]))):
        before = len(server.calls)
        kis.client.token()
        kis.fetch("actions", Request("US", (code,), start, LAST))
        assert sum(call.path == OVERSEAS for call in server.calls[before:]) == cost


def test_a_new_day_costs_two_calls(server: KisServer, make) -> None:
    kis = make()
    code = next(iter(kis.masters.instruments("KR")))
    kis.fetch("actions", Request("KR", (code,), LAST, LAST))
    flags = [call.query["FID_ORG_ADJ_PRC"] for call in server.calls if call.path == DOMESTIC]
    assert flags == ["1", "0"]


def test_answers_in_ascending_order_cost_no_more_calls(server: KisServer, make, monkeypatch) -> None:
    kis = make()
    code, day, value = want("KR", list(kis.masters.instruments("KR")), date(2023, 3, 1))[0]
    plain = KisServer._domestic

    def ascending(self, asked):
        answer = plain(self, asked)
        return Answer(answer.body | {"output2": answer.body["output2"][::-1]})

    monkeypatch.setattr(KisServer, "_domestic", ascending)
    frame = kis.fetch("actions", Request("KR", (code,), day, day + timedelta(days=60))).frame
    assert (code, day, value) in frame.select("ticker", "ex_date", "value").rows()
    assert sum(call.path == DOMESTIC for call in server.calls) == 2


def test_a_split_on_the_first_day_asked_is_found(server: KisServer, make) -> None:
    kis = make()
    codes = list(kis.masters.instruments("US"))
    code, day, value = want("US", codes, date(2023, 3, 1))[0]
    frame = kis.fetch("actions", Request("US", (code,), day, day)).frame
    assert frame.select("ticker", "ex_date", "value").rows() == [(code, day, value)]


def test_a_split_of_the_running_day_waits_for_its_close(serve, make, monkeypatch) -> None:
    codes = list(world("tiny").codes("US"))
    code, day, _ = next(row for row in want("US", codes, date(2023, 3, 1)) if row[0] in codes)
    serve()
    monkeypatch.setenv("WORKBENCH_NOW", f"{day}T15:30:00+00:00")
    assert make().fetch("actions", Request("US", (code,), day - timedelta(days=20), day)).frame.is_empty()
    monkeypatch.setenv("WORKBENCH_NOW", AFTER_THE_END)


def test_dividends_in_adjusted_prices_make_no_row(server: KisServer, make, monkeypatch) -> None:
    """Were they in, each ex date would move the ratio by some percent."""
    plain = KisServer._factor

    def with_dividends(self, region, code, day):
        quarters = (LAST.year - day.year) * 4 + (LAST.month - day.month) // 3
        return plain(self, region, code, day) * 0.985**quarters

    monkeypatch.setattr(KisServer, "_factor", with_dividends)
    kis = make()
    codes = list(kis.masters.instruments("US"))
    frame = kis.fetch("actions", Request("US", tuple(codes), date(2023, 3, 1), LAST)).frame
    wanted = want("US", codes, date(2023, 3, 1))
    assert frame.select("ticker", "ex_date").rows() == [row[:2] for row in wanted]


def test_a_move_that_is_no_split_is_noted_and_no_row(server: KisServer, make, monkeypatch) -> None:
    monkeypatch.setattr(KisServer, "_factor", lambda self, region, code, day: 0.7831 if day < date(2025, 6, 2) else 1.0)
    kis = make()
    code = next(iter(kis.masters.instruments("US")))
    assert kis.fetch("actions", Request("US", (code,), date(2025, 5, 1), LAST)).frame.is_empty()
    assert "kis.ratio_moved" in [line["event"] for line in journal.read()]
