"""The chart body, with the traps that were recorded."""

from __future__ import annotations

from datetime import date

import pytest
from yahoo_charts import body, stamp

from workbench.adapters.yahoo import chart
from workbench.errors import ProviderError, ShapeChanged


def result_of(found: dict) -> dict:
    return found["chart"]["result"][0]


def test_days_are_those_of_the_exchange() -> None:
    read = chart.read("1.T", body([stamp("2024-01-04"), stamp("2024-01-05")], [100.0, 101.0]))
    assert [row.day for row in read.rows] == [date(2024, 1, 4), date(2024, 1, 5)]


def test_a_day_of_new_york_is_the_same_on_both_sides_of_the_clock_change() -> None:
    found = body([stamp("2024-03-08", 14), stamp("2024-03-11", 13)], [1.0, 2.0])
    result_of(found)["meta"] |= {"exchangeTimezoneName": "America/New_York", "gmtoffset": -14400, "currency": "USD"}
    assert [row.day for row in chart.read("A", found).rows] == [date(2024, 3, 8), date(2024, 3, 11)]


def test_null_and_zero_prices_are_missing() -> None:
    found = body([stamp(f"2024-01-0{n}") for n in (4, 5, 8)], [None, 0.0, 100.0])
    result_of(found)["indicators"]["quote"][0]["open"][2] = 0.0
    read = chart.read("1.T", found)
    assert [(row.day, row.open, row.close) for row in read.rows] == [(date(2024, 1, 8), None, 100.0)]


def test_of_a_live_row_and_the_days_row_the_later_is_kept() -> None:
    found = body([stamp("2024-01-04"), stamp("2024-01-05"), stamp("2024-01-05", 5)], [1.0, 2.0, 3.0])
    read = chart.read("1.T", found)
    assert [(row.day.day, row.close) for row in read.rows] == [(4, 1.0), (5, 3.0)]


def test_an_empty_live_row_does_not_hide_the_days_row() -> None:
    found = body([stamp("2024-01-05"), stamp("2024-01-05", 5)], [2.0, None])
    assert [row.close for row in chart.read("1.T", found).rows] == [2.0]


def test_a_live_row_without_a_range_does_not_hide_the_days_row() -> None:
    found = body([stamp("2024-01-05"), stamp("2024-01-05", 5)], [2.0, 2.5])
    for name in ("open", "high", "low"):
        result_of(found)["indicators"]["quote"][0][name][1] = 0.0
    assert [(row.open, row.close) for row in chart.read("1.T", found).rows] == [(2.0, 2.0)]


def test_numbers_may_be_whole_written_as_text_or_not_there() -> None:
    stamps = [float(stamp("2024-01-04")), str(stamp("2024-01-05")), stamp("2024-01-08")]
    events = {"splits": {"1": {"date": stamp("2024-01-04"), "numerator": "3", "denominator": 1.0}}}
    read = chart.read("1.T", body(stamps, [4, "5.5", float("nan")], volumes=["1e3", 7, None], events=events))
    assert [(row.close, row.volume) for row in read.rows] == [(4.0, 1000.0), (5.5, 7.0)]
    assert read.splits == ((date(2024, 1, 4), 3.0),)


def test_a_split_that_stands_there_twice_is_one() -> None:
    one = {"numerator": 2.0, "denominator": 1.0}
    twice = {"1": one | {"date": stamp("2024-01-05")}, "2": one | {"date": stamp("2024-01-05", 5)}}
    assert chart.read("1.T", body([stamp("2024-01-05")], [2.0], events={"splits": twice})).splits == (
        (date(2024, 1, 5), 2.0),
    )


@pytest.mark.parametrize(("named", "currency"), [("GBp", "GBP"), ("ZAc", "ZAR"), ("ILA", "ILS")])
def test_hundredths_become_units(named, currency) -> None:
    events = {"dividends": {"1": {"amount": 5.0, "date": stamp("2024-01-04")}}}
    found = body([stamp("2024-01-04")], [1250.0], events=events)
    result_of(found)["meta"]["currency"] = named
    read = chart.read("X.L", found)
    assert (read.currency, read.rows[0].close, read.dividends[0].amount) == (currency, 12.5, 0.05)


def test_dong_are_not_thousands() -> None:
    found = body([stamp("2024-01-04", 2)], [67_600.0])
    result_of(found)["meta"] |= {"currency": "VND", "exchangeTimezoneName": "Asia/Ho_Chi_Minh"}
    assert chart.read("VNM.VN", found).rows[0].close == 67_600.0


def test_a_dividend_keeps_its_own_currency() -> None:
    events = {"dividends": {"1": {"amount": 0.3, "date": stamp("2024-01-04"), "currency": "CNY"}}}
    read = chart.read("1.HK", body([stamp("2024-01-04")], [4.0], events=events))
    assert [(one.amount, one.currency) for one in read.dividends] == [(0.3, "CNY")]


def test_a_volume_that_is_absent_is_not_zero() -> None:
    read = chart.read("1.T", body([stamp("2024-01-04")], [4.0], volumes=[None]))
    assert read.rows[0].volume is None


def test_a_range_without_days_is_none_or_empty() -> None:
    found = body([], [])
    result_of(found).pop("timestamp")
    result_of(found)["indicators"]["quote"] = [{}]
    assert chart.read("1.T", found).rows == ()
    refused = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1, endDate = 2"}
    assert chart.read("1.T", {"chart": {"result": None, "error": refused}}) is None


def test_another_refusal_is_an_error_not_an_absence() -> None:
    refused = {"code": "Bad Request", "description": "Invalid input - interval=2y is not supported"}
    with pytest.raises(ProviderError, match="not supported"):
        chart.read("1.T", {"chart": {"result": None, "error": refused}})


def rename_timestamp(result: dict) -> None:
    result["timestamps"] = result.pop("timestamp")


def drop_currency(result: dict) -> None:
    result["meta"].pop("currency")


def odd_zone(result: dict) -> None:
    result["meta"]["exchangeTimezoneName"] = "Nowhere/Else"


def shorter(result: dict) -> None:
    result["indicators"]["quote"][0]["volume"].pop()


def renamed_events(result: dict) -> None:
    result["events"] = {"dividends": {"1": {"cash": 1.0, "date": 1}}}


def worded_price(result: dict) -> None:
    result["indicators"]["quote"][0]["close"] = ["four"]


def milliseconds(result: dict) -> None:
    result["timestamp"] = [1000 * one for one in result["timestamp"]]


def no_moment(result: dict) -> None:
    result["timestamp"] = [None]


CHANGES = [rename_timestamp, drop_currency, odd_zone, shorter, renamed_events, worded_price, milliseconds, no_moment]


@pytest.mark.parametrize("change", CHANGES)
def test_another_shape_is_an_error_that_names_the_field(change) -> None:
    found = body([stamp("2024-01-04")], [4.0])
    change(result_of(found))
    with pytest.raises(ShapeChanged, match=r"1\.T"):
        chart.read("1.T", found)


@pytest.mark.parametrize("found", [{}, [], {"chart": None}, {"chart": {"result": [], "error": None}}])
def test_no_chart_is_an_error(found) -> None:
    with pytest.raises(ShapeChanged):
        chart.read("1.T", found)
