"""The value of a company: its classes once, on the shares of the date, while it trades and while it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from workbench import markets

NAN = float("nan")


def count(desk: Any, ticker: str, day: date, shares: float, region: str = "KR", **more: Any) -> None:
    row = {"region": region, "ticker": ticker, "date": day, "available_date": day, "shares_outstanding": shares}
    desk.publish("shares", [row | {"source": "desk"} | more], region)


@pytest.fixture
def classes(desk: Any, days: list[date]) -> Any:
    """A company with an ordinary and a preferred share, and another one."""
    for code, price in (("000010", 100.0), ("000015", 60.0), ("000020", 10.0)):
        desk.bars("KR", code, dict.fromkeys(days, price))
        count(desk, code, days[0], 1000.0 if code == "000010" else 100.0)
    desk.listing("KR", "000010", issuer_id="A", asset_type="stock")
    desk.listing("KR", "000015", issuer_id="A", asset_type="preferred")
    desk.listing("KR", "000020", issuer_id="B", asset_type="stock")
    return desk


def test_classes_are_summed_once_each_with_its_own_shares(classes: Any) -> None:
    panel = classes.lake.panel("KR", items=("market_cap",))
    assert panel["market_cap"].tolist() == [[106_000.0, 106_000.0, 1000.0]] * 6
    assert panel.issuers == ("A", "A", "B")
    assert not any("one count" in note for note in panel.notes)


def test_classes_outside_the_universe_count_as_well(classes: Any) -> None:
    panel = classes.lake.panel("KR", items=("market_cap",), universe=["000015"])
    assert panel["market_cap"].tolist() == [[106_000.0]] * 6


def test_one_count_for_all_classes_is_valued_once(desk: Any) -> None:
    days = desk.days("US", date(2024, 3, 4), 3)
    for code, price in (("BRKA", 600_000.0), ("BRKB", 400.0), ("BRKP", 25.0)):
        desk.bars("US", code, dict.fromkeys(days, price))
        count(desk, code, days[0], 2000.0, "US", basis="outstanding of 2 classes")
        desk.listing("US", code, issuer_id="B", asset_type="preferred" if code == "BRKP" else "stock")
    panel = desk.lake.panel("US", items=("market_cap",))
    assert panel["market_cap"].tolist() == [[800_000.0] * 3] * 3, "a preferred share has its company's value"
    assert any("US:BRKA, US:BRKB are filed with one count for all classes" in note for note in panel.notes)


@pytest.fixture
def a_and_b(desk: Any) -> Any:
    """1,000 A shares at 10 yuan and 500 B shares at 2 dollars; the dollar was at 7 yuan, from the third day at 8."""
    days = desk.days("CN", date(2024, 3, 4), 4)
    for code, price, shares, currency in (("600000", 10.0, 1000.0, "CNY"), ("900900", 2.0, 500.0, "USD")):
        desk.bars("CN", code, dict.fromkeys(days, price))
        desk.listing("CN", code, issuer_id="A", asset_type="stock", currency=currency)
        count(desk, code, days[0], shares, "CN")
    return desk


def test_classes_of_two_currencies_are_added_up_at_the_rate_of_the_close(a_and_b: Any) -> None:
    days = a_and_b.days("CN", date(2024, 3, 4), 4)
    for day, usd in ((days[0], 1 / 7), (days[2], 1 / 8)):
        a_and_b.fix("CNY", day, usd, datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
    panel = a_and_b.lake.panel("CN", items=("market_cap",), currency="local")
    np.testing.assert_allclose(panel["market_cap"][:, 0], [17_000.0, 17_000.0, 18_000.0, 18_000.0], rtol=1e-15)
    dollars = [17_000 / 7, 17_000 / 7, 18_000 / 8, 18_000 / 8]
    np.testing.assert_allclose(panel["market_cap"][:, 1], dollars, rtol=1e-15)


def test_a_class_without_a_rate_is_left_out_and_said(a_and_b: Any) -> None:
    panel = a_and_b.lake.panel("CN", items=("market_cap",))
    assert panel["market_cap"].tolist() == [[10_000.0, 1000.0]] * 4
    assert any("share classes priced in USD have no value" in note for note in panel.notes)


def test_a_receipt_stands_for_several_shares(desk: Any) -> None:
    days = desk.days("US", date(2024, 3, 4), 3)
    desk.bars("US", "TSM", dict.fromkeys(days, 150.0))
    desk.listing("US", "TSM", asset_type="adr", depositary_ratio=5.0)
    count(desk, "TSM", days[1], 26_000.0, "US")
    panel = desk.lake.panel("US", items=("market_cap",))
    np.testing.assert_array_equal(panel["market_cap"][:, 0], [NAN, 780_000.0, 780_000.0])
    assert panel.depositary_ratio.tolist() == [5.0]


def test_the_count_follows_a_split_to_the_price_of_the_date(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", {day: 100.0 if number < 3 else 20.0 for number, day in enumerate(days)})
    desk.action("KR", "000010", days[3], "split", 5.0)
    count(desk, "000010", days[0], 7.0)
    assert desk.lake.panel("KR", items=("market_cap",))["market_cap"][:, 0].tolist() == [700.0] * 6


def test_a_suspended_stock_keeps_its_value_across_a_split(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", {days[0]: 100.0, days[5]: 21.0})
    desk.bars("KR", "000020", dict.fromkeys(days, 1.0))
    desk.action("KR", "000010", days[3], "split", 5.0)
    count(desk, "000010", days[0], 7.0)
    whole = desk.lake.panel("KR", items=("market_cap",))
    assert whole.price[:, 0].tolist() == [100.0, 100.0, 100.0, 20.0, 20.0, 21.0]
    np.testing.assert_allclose(whole["market_cap"][:, 0], [700.0] * 5 + [735.0], rtol=1e-15)
    assert np.isnan(whole["close"][1:5, 0]).all()
    for first in range(1, 5):
        part = desk.lake.panel("KR", items=("market_cap",), start=days[first])
        np.testing.assert_array_equal(part["market_cap"][:, 0], whole["market_cap"][first:, 0])
        np.testing.assert_array_equal(part.price, whole.price[first:])


def test_a_value_ends_with_the_listing_and_with_a_year_of_silence(desk: Any) -> None:
    days = markets.sessions("KR", date(2022, 1, 3), date(2023, 3, 31))
    for code in ("000010", "000020", "000030"):
        desk.bars("KR", code, dict.fromkeys(days if code == "000030" else days[:2], 10.0))
        count(desk, code, days[0], 5.0)
    desk.listing("KR", "000010", delisted_date=days[10])
    panel = desk.lake.panel("KR", items=("market_cap",))
    assert np.isfinite(panel["market_cap"][:10, 0]).all()
    assert np.isnan(panel["market_cap"][10:, 0]).all()
    known = panel.dates[np.isfinite(panel["market_cap"][:, 1])]
    assert known[-1] == np.datetime64("2023-01-04"), "365 days after the last bar"


def test_later_counts_move_nothing_before(classes: Any, days: list[date]) -> None:
    before = classes.lake.panel("KR", items=("market_cap",))["market_cap"]
    count(classes, "000010", days[3], 9999.0)
    after = classes.lake.panel("KR", items=("market_cap",))["market_cap"]
    np.testing.assert_array_equal(after[:3], before[:3])
    assert after[3, 0] == 9999.0 * 100.0 + 6000.0


def test_a_value_is_converted_with_the_panel(classes: Any, days: list[date]) -> None:
    classes.fix("KRW", days[0], 0.001, markets.close_time("KR", days[0]).replace(hour=0))
    panel = classes.lake.panel("KR", items=("market_cap",), currency="USD")
    np.testing.assert_allclose(panel["market_cap"][1:, 0], 106.0)
    assert panel.price[0, 0] == 100.0


def test_levels_of_the_regions_index_stand_on_its_own_sessions(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    us = desk.days("US", date(2024, 3, 4), 4)
    desk.bars("US", "AAA", dict.fromkeys(us, 5.0))
    rows = [("KOSPI", day, 2600.0 + number) for number, day in enumerate(days) if number != 2]
    rows += [("SAMPLE-KR", days[0], 1.0), ("DOW", us[0], 39_000.0), ("KOSPI", date(2024, 3, 9), 1.0)]
    desk.publish("indexes", [{"index": name, "date": day, "level": level, "source": "x"} for name, day, level in rows])
    panel = desk.lake.panel(["KR", "US"])
    assert list(panel.index_levels) == ["KR"]
    np.testing.assert_array_equal(panel.index_levels["KR"], [2600.0, 2601.0, NAN, 2603.0, 2604.0, 2605.0])
    assert panel.until(days[3]).index_levels["KR"].tolist()[3:] == [2603.0]


def test_every_region_names_its_index_and_the_samples() -> None:
    from workbench.adapters.sample.tables import index_name
    from workbench.settings import REGIONS

    for region in REGIONS:
        assert markets.get(region).indexes[-1] == index_name(region)
        assert len(markets.get(region).indexes) >= 2
