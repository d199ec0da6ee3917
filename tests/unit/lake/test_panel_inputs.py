"""Panels of items and other currencies, and what a panel refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from workbench import markets
from workbench.errors import ConfigError, DataError

MONDAY = date(2024, 3, 4)


def test_conversion_takes_the_last_fix_before_the_close(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "005930", dict.fromkeys(days, 1000.0), turnover=5000.0)
    for number, day in enumerate(days[:3]):
        # Fixed an hour after Seoul's close: it serves the next session.
        desk.fix("KRW", day, 0.001 * (number + 1), markets.close_time("KR", day) + timedelta(hours=1))
    panel = desk.lake.panel("KR", currency="USD", fields=("close", "volume", "turnover"))
    np.testing.assert_allclose(panel["close"][:, 0], [np.nan, 1.0, 2.0, 3.0, 3.0, 3.0])
    np.testing.assert_allclose(panel["turnover"][1:3, 0], [5.0, 10.0])
    assert panel["volume"][0, 0] == 1000.0
    assert panel.raw("close")[0, 0] == 1000.0
    assert panel.currency == "USD"
    assert any("1 dates precede the first rate" in note for note in panel.notes)


def test_a_fix_at_the_very_close_is_too_late(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "005930", dict.fromkeys(days[:2], 1000.0))
    desk.fix("KRW", days[0], 0.001, markets.close_time("KR", days[0]))
    assert np.isnan(desk.lake.panel("KR", currency="USD")["close"][0, 0])


def test_old_rates_are_noted(desk: Any) -> None:
    days = desk.days("KR", MONDAY, 10)
    desk.bars("KR", "005930", dict.fromkeys(days, 1000.0))
    desk.fix("KRW", date(2024, 3, 1), 0.001, datetime(2024, 3, 1, tzinfo=UTC))
    notes = desk.lake.panel("KR", currency="USD").notes
    assert any("more than 7 days old" in note and "2024-03-08" in note for note in notes)


def test_conversion_between_two_currencies_goes_through_the_dollar(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "005930", {days[1]: 1000.0})
    for currency, rate in (("KRW", 0.001), ("JPY", 0.01)):
        desk.fix(currency, days[0], rate, datetime(2024, 3, 4, tzinfo=UTC))
    assert desk.lake.panel("KR", currency="JPY")["close"][0, 0] == pytest.approx(100.0)


def test_items_are_known_from_their_available_date_on(two: Any, days: list[date]) -> None:
    two.filing("000010", "net_income", date(2023, 9, 30), days[1], 10.0)
    two.filing("000010", "net_income", date(2023, 12, 31), days[3], 20.0)
    two.filing("000010", "net_income", date(2023, 9, 30), days[4], 11.0, vintage=2)
    panel = two.lake.panel("KR", items=("net_income",))
    np.testing.assert_array_equal(panel["net_income"][:, 0], [np.nan, 10.0, 10.0, 20.0, 20.0, 20.0])
    assert np.isnan(panel["net_income"][:, 1]).all()
    two.filing("000010", "net_income", date(2023, 12, 31), days[5], 21.0, vintage=2)
    assert two.lake.panel("KR", items=("net_income",))["net_income"][4:, 0].tolist() == [20.0, 21.0]


def test_ttm_is_the_sum_of_four_quarters_as_known(two: Any, days: list[date]) -> None:
    quarters = [date(2022, 12, 31), date(2023, 3, 31), date(2023, 6, 30), date(2023, 9, 30), date(2023, 12, 31)]
    for number, end in enumerate(quarters[:4]):
        two.filing("000010", "net_income", end, days[0], 10.0 + number, filing_id=f"q{number}")
    two.filing("000010", "net_income", quarters[4], days[2], 20.0)
    two.filing("000010", "net_income", quarters[1], days[4], 111.0, vintage=2)
    panel = two.lake.panel("KR", items=("net_income_ttm",))
    assert panel["net_income_ttm"][:, 0].tolist() == [46.0, 46.0, 56.0, 56.0, 156.0, 156.0]


def test_ttm_needs_consecutive_quarters_or_a_year(two: Any, days: list[date]) -> None:
    for number, end in enumerate([date(2022, 12, 31), date(2023, 3, 31), date(2023, 9, 30), date(2023, 12, 31)]):
        two.filing("000010", "net_income", end, days[0], 10.0, filing_id=f"q{number}")
    two.filing("000010", "net_income", date(2023, 12, 31), days[3], 77.0, period="FY")
    panel = two.lake.panel("KR", items=("net_income_ttm", "net_income"))
    np.testing.assert_array_equal(panel["net_income_ttm"][:, 0], [np.nan] * 3 + [77.0] * 3)
    assert panel["net_income"][:, 0].tolist() == [10.0] * 6


def test_shares_outstanding_by_available_date(two: Any, days: list[date]) -> None:
    rows = [
        {"date": days[0], "available_date": days[1], "shares_outstanding": 100.0},
        {"date": days[2], "available_date": days[4], "shares_outstanding": 200.0},
    ]
    two.publish("shares", [{"region": "KR", "ticker": "000010", "source": "desk", **row} for row in rows], "KR")
    values = two.lake.panel("KR", items=("shares_outstanding",))["shares_outstanding"][:, 0]
    np.testing.assert_array_equal(values, [np.nan, 100.0, 100.0, 100.0, 200.0, 200.0])


def test_items_in_money_are_converted_with_the_panel(two: Any, days: list[date]) -> None:
    two.filing("000010", "equity", date(2023, 12, 31), days[0], 1000.0)
    two.filing("000020", "employees", date(2023, 12, 31), days[0], 7.0, currency=None)
    two.fix("KRW", days[0], 0.5, datetime(2024, 3, 1, tzinfo=UTC))
    panel = two.lake.panel("KR", items=("equity", "employees"), currency="USD")
    assert panel["equity"][-1, 0] == 500.0
    assert panel["employees"][-1, 1] == 7.0


def test_filings_in_a_foreign_currency_are_noted(two: Any, days: list[date]) -> None:
    two.filing("000010", "equity", date(2023, 12, 31), days[0], 1000.0, currency="CNY")
    assert any("1 tickers file in CNY" in note for note in two.lake.panel("KR", items=("equity",)).notes)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"fields": ("vwap",)}, "no field 'vwap'"),
        ({"fields": ()}, "at least one field"),
        ({"adjust": "full"}, "adjust='full'"),
        ({"start": "2024-03-06", "end": "2024-03-05"}, "is after end"),
        ({"start": "6 March"}, "not a date"),
        ({"warmup": -1}, "negative"),
        ({"regions": "XX"}, "XX"),
    ],
)
def test_bad_arguments_are_named(two: Any, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        two.lake.panel(**({"regions": "KR"} | given))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"regions": "JP"}, "no bars of JP"),
        ({"start": "2025-01-02"}, "no bars from 2025-01-02"),
        ({"end": "2020-01-02"}, "no bars from the first to 2020-01-02"),
        ({"universe": ["999999"]}, "1 of 1 tickers .* 999999"),
        ({"universe": []}, "universe is empty"),
        ({"universe": "DOW"}, "index 'DOW'"),
        ({"universe": ["000020"], "end": MONDAY}, "No ticker of the universe"),
        ({"items": ("magic",)}, "no item 'magic'"),
        ({"currency": "USD"}, "no exchange rate of KRW.*wb import.*`table: fx`"),
    ],
)
def test_what_the_lake_lacks_is_named(two: Any, given: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        two.lake.panel(**({"regions": "KR"} | given))
    assert caught.value.hint
