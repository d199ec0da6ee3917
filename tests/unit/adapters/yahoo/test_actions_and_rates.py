"""Dividends as of their day, and rates as of theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from yahoo_charts import chart, rows

from workbench import journal
from workbench.adapters.yahoo.actions import actions
from workbench.adapters.yahoo.chart import Chart, Dividend, Row
from workbench.adapters.yahoo.rates import fx

FLAT, EVEN = [100.0] * 20, [1000.0] * 20
SPLIT_DAY = date(2024, 1, 11)
ALL = (date(2024, 1, 1), date(2024, 1, 31))


def found_in(one: Chart) -> list[tuple]:
    made, absent = actions("JP", "1", one, *ALL)
    assert not absent
    return [(row["ex_date"].day, row["kind"], row["value"], row["currency"]) for row in made]


def test_a_dividend_is_one_of_a_share_of_its_day() -> None:
    paid = [Dividend(date(2024, 1, 5), 0.2, None), Dividend(date(2024, 1, 15), 0.3, None)]
    assert found_in(chart(rows(FLAT, EVEN), [(SPLIT_DAY, 5.0)], paid)) == [
        (11, "split", 5.0, None),
        (5, "dividend", 1.0, "JPY"),
        (15, "dividend", 0.3, "JPY"),
    ]


def test_dividends_of_one_day_are_one_sum_and_other_currencies_are_noted() -> None:
    day = date(2024, 1, 5)
    paid = [Dividend(day, 0.2, "HKD"), Dividend(day, 0.5, "HKD"), Dividend(day, 0.1, "CNY")]
    assert found_in(chart(rows(FLAT, EVEN), [], paid)) == [(5, "dividend", 0.7, "HKD")]
    noted = [line for line in journal.read() if line["event"] == "dividend.currencies"]
    assert [(line["ex_date"], line["kept"]) for line in noted] == [("2024-01-05", "HKD")]


@pytest.mark.parametrize(("amount", "value"), [(6.0, 2.0), (2.0, 2.0)])
def test_on_the_day_of_a_split_a_dividend_of_the_old_share_is_divided(amount, value) -> None:
    paid = [Dividend(SPLIT_DAY, amount, None)]
    assert found_in(chart(rows(FLAT, EVEN), [(SPLIT_DAY, 3.0)], paid))[1] == (11, "dividend", value, "JPY")


def test_what_is_paid_apart_on_one_day_is_one_sum() -> None:
    paid = [Dividend(SPLIT_DAY, 1.0, "CNY"), Dividend(SPLIT_DAY, 0.5, "CNY")]
    assert found_in(chart(rows(FLAT, EVEN), None, paid)) == [(11, "dividend", 1.5, "CNY")]


def test_a_dividend_before_a_split_that_is_not_applied_is_unknown() -> None:
    closes = [500.0] * 10 + FLAT[10:]
    paid = [Dividend(date(2024, 1, 5), 0.2, None), Dividend(date(2024, 1, 15), 0.3, None)]
    made, absent = actions("JP", "1", chart(rows(closes, EVEN), [(SPLIT_DAY, 5.0)], paid), *ALL)
    assert [(row["ex_date"].day, row["kind"]) for row in made] == [(11, "split"), (15, "dividend")]
    assert [(gap.start, gap.end, gap.reason) for gap in absent] == [(date(2024, 1, 5),) * 2 + ("unknown",)]


def test_a_split_without_a_ratio_is_unknown() -> None:
    made, absent = actions("JP", "1", chart(rows(FLAT, EVEN), [(SPLIT_DAY, float("nan"))]), *ALL)
    assert made == []
    assert [gap.reason for gap in absent] == ["unknown"]


def quote(days: list[date], closes: list[float]) -> Chart:
    some = tuple(Row(day, close, close, close, close, 0.0) for day, close in zip(days, closes, strict=True))
    return Chart("KRW=X", "KRW", "CCY", "CURRENCY", ZoneInfo("Europe/London"), some, (), ())


def test_a_rate_is_fixed_when_its_day_is_over_in_london() -> None:
    days = [date(2024, 7, 4), date(2024, 7, 5), date(2024, 7, 6), date(2024, 7, 8)]
    now = datetime(2024, 7, 8, 12, tzinfo=UTC)
    found = fx("KRW", quote(days, [1250.0, 1280.0, 1280.0, 1300.0]), days[0], days[-1], now)
    assert [(row["date"].day, row["usd_per_unit"], row["fixed_at"]) for row in found] == [
        (4, 0.0008, datetime(2024, 7, 4, 23, tzinfo=UTC)),
        (5, 0.00078125, datetime(2024, 7, 5, 23, tzinfo=UTC)),
    ]


def test_in_winter_the_day_is_over_an_hour_later() -> None:
    days = [date(2024, 1, 4)]
    found = fx("KRW", quote(days, [1250.0]), *ALL, datetime(2024, 1, 9, tzinfo=UTC))
    assert [row["fixed_at"] for row in found] == [datetime(2024, 1, 5, tzinfo=UTC)]
