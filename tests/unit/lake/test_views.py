"""Views: adjusted bars, bars of longer periods, scores in long form."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from workbench.schemas import factor_scores

MONDAY = date(2024, 3, 4)


def test_adjusted_bars_show_both_kinds_and_what_traded(desk: Any) -> None:
    one, two, three, four = desk.days("KR", MONDAY, 4)
    desk.bars("KR", "000010", {one: 100.0, two: 50.0, three: 52.0, four: 50.0})
    desk.action("KR", "000010", two, "split", 2.0)
    desk.action("KR", "000010", four, "dividend", 2.0, "KRW")
    frame = desk.lake.sql("SELECT * FROM ohlcv_adjusted ORDER BY date")
    assert frame["close"].to_list() == [100.0, 50.0, 52.0, 50.0]
    assert frame["split_close"].to_list() == [100.0, 100.0, 104.0, 100.0]
    assert frame["total_close"].to_list() == [100.0, 100.0, 104.0, 50.0 * (2.0 * (52.0 / 50.0))]
    assert frame["split_volume"].to_list() == [1000.0, 500.0, 500.0, 500.0]
    assert frame["spell"].to_list() == [1, 1, 1, 1]


@pytest.mark.parametrize("stored", ["none", "split", "total"])
def test_adjusted_bars_equal_the_panel_to_the_bit(desk: Any, stored: str) -> None:
    days = desk.days("KR", MONDAY, 40)
    closes = {day: 100.0 + (7 * number) % 13 + 0.1 * number for number, day in enumerate(days) if number != 14}
    desk.bars("KR", "000010", closes, adjusted=stored)
    desk.action("KR", "000010", days[3], "dividend", 1.7, "KRW")
    desk.action("KR", "000010", days[9], "split", 3.0)
    desk.action("KR", "000010", days[9], "dividend", 0.3)
    desk.action("KR", "000010", days[14], "consolidation", 0.7)
    desk.action("KR", "000010", days[15], "rights", 2.3)
    desk.action("KR", "000010", days[20], "dividend", 500.0)
    desk.action("KR", "000010", days[30], "bonus", 1.1)
    frame = desk.lake.sql("SELECT * FROM ohlcv_adjusted ORDER BY date")
    panel = desk.lake.panel("KR")
    for kind, factor in (("split", panel.split_factor), ("total", panel.total_factor)):
        rows = panel.traded[:, 0]
        assert frame[f"{kind}_factor"].to_list() == factor[rows, 0].tolist()
        assert frame[f"{kind}_close"].to_list() == (panel.raw("close") * factor)[rows, 0].tolist()
    assert (frame["total_factor"][-1] != 1.0) == (stored != "total")


def test_cash_in_another_currency_is_converted_at_the_fix_before(desk: Any) -> None:
    from datetime import UTC, datetime

    one, two, three = desk.days("HK", MONDAY, 3)
    desk.listing("HK", "0700")
    desk.bars("HK", "0700", {one: 100.0, two: 100.0, three: 100.0})
    desk.action("HK", "0700", three, "dividend", 1.0, "USD")
    for day, rate in ((one, 0.1), (two, 0.125), (three, 0.2)):
        desk.fix("HKD", day, rate, datetime(day.year, day.month, day.day, 8, tzinfo=UTC))
    factor = 100.0 / (100.0 - 8.0)
    assert (
        desk.lake.sql("SELECT total_factor FROM ohlcv_adjusted ORDER BY date")["total_factor"].to_list()[-1] == factor
    )
    assert desk.lake.panel("HK").total_factor[-1, 0] == factor


def test_weeks_months_and_years_are_aggregated(desk: Any) -> None:
    days = [date(2024, 3, 28), date(2024, 3, 29), date(2024, 4, 1), date(2024, 4, 2), date(2025, 1, 2)]
    desk.bars("KR", "000010", dict(zip(days, [10.0, 12.0, 9.0, 11.0, 20.0], strict=True)), turnover=5.0)
    columns = "date, open, high, low, close, volume, turnover, sessions"
    weeks = desk.lake.sql(f"SELECT timeframe, {columns} FROM ohlcv_weekly ORDER BY date").rows()
    assert weeks == [
        ("W", days[1], 10.0, 12.0, 10.0, 12.0, 2000.0, 10.0, 2),
        ("W", days[3], 9.0, 11.0, 9.0, 11.0, 2000.0, 10.0, 2),
        ("W", days[4], 20.0, 20.0, 20.0, 20.0, 1000.0, 5.0, 1),
    ]
    months = desk.lake.sql("SELECT timeframe, date, close FROM ohlcv_monthly ORDER BY date").rows()
    assert months == [("M", days[1], 12.0), ("M", days[3], 11.0), ("M", days[4], 20.0)]
    years = desk.lake.sql("SELECT timeframe, date, open, high, low, close FROM ohlcv_yearly ORDER BY date").rows()
    assert years == [("Y", days[3], 10.0, 12.0, 9.0, 11.0), ("Y", days[4], 20.0, 20.0, 20.0, 20.0)]


def test_halts_enter_neither_high_nor_low(desk: Any) -> None:
    one, two, three, four = desk.days("KR", MONDAY, 4)
    halted = {"open": None, "high": None, "low": None, "volume": 0.0}
    desk.bars("KR", "000010", {one: 10.0}, **halted)
    desk.bars("KR", "000010", {two: 11.0, three: 12.0})
    desk.bars("KR", "000010", {four: 12.0}, **(halted | {"open": 0.0, "high": 0.0, "low": 0.0}))
    frame = desk.lake.sql("SELECT open, high, low, close, volume FROM ohlcv_weekly")
    assert frame.rows() == [(11.0, 12.0, 11.0, 12.0, 2000.0)]


def test_a_reused_code_is_not_merged_within_a_year(desk: Any) -> None:
    days = desk.days("KR", MONDAY, 4)
    desk.bars("KR", "000010", dict(zip(days, [10.0, 11.0, 500.0, 510.0], strict=True)))
    desk.listing("KR", "000010", 1, listed_date=days[0], delisted_date=days[1])
    desk.listing("KR", "000010", 2, listed_date=days[2])
    years = desk.lake.sql("SELECT spell, open, close FROM ohlcv_yearly ORDER BY spell").rows()
    assert years == [(1, 10.0, 11.0), (2, 500.0, 510.0)]


def test_factor_scores_are_long_over_all_sets(desk: Any) -> None:
    core, extra = factor_scores("core", ("momentum", "value")), factor_scores("extra-2", ("size",))
    rows = [
        {"region": "KR", "ticker": code, "date": MONDAY, "momentum": score, "value": value, "composite": score}
        for code, score, value in (("000010", 1.0, None), ("000020", 2.0, 5.0), ("000030", 3.0, 4.0))
    ]
    desk.lake.publish(core, pl.DataFrame(rows, schema=dict(core.columns)), "KR")
    row = {"region": "US", "ticker": "AAPL", "date": MONDAY, "size": 0.5, "composite": 0.5}
    desk.lake.publish(extra, pl.DataFrame([row], schema=dict(extra.columns)), "US")
    frame = desk.lake.sql("SELECT * FROM factor_scores WHERE factor_name <> 'composite' ORDER BY factor_name, ticker")
    assert frame.columns == ["region", "ticker", "date", "factor_name", "score", "percentile", "factor_set"]
    assert frame.filter(pl.col("factor_name") == "momentum")["percentile"].to_list() == [0.0, 0.5, 1.0]
    assert frame.filter(pl.col("factor_name") == "value")["ticker"].to_list() == ["000020", "000030"]
    assert frame.filter(pl.col("factor_set") == "extra-2").select("region", "score").rows() == [("US", 0.5)]
