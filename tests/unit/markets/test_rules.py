"""Dated rules: the day before and the day of each change, and the errors around them."""

from datetime import date

import pytest

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.settings import REGIONS

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("day", "board", "bps"),
    [
        # Securities transaction tax and surtax: 0.30 % to 0.25 % on 2019-06-03, 0.18 % in 2024,
        # 0.15 % in 2025 and 0.20 % from 2026 (sources in tables/taxes.csv).
        (date(2019, 6, 2), "KOSPI", 30),
        (date(2019, 6, 3), "KOSPI", 25),
        (date(2020, 12, 30), "KOSDAQ", 25),
        (date(2021, 1, 4), "KOSDAQ", 23),
        (date(2022, 12, 29), "KOSPI", 23),
        (date(2023, 1, 2), "KOSPI", 20),
        (date(2024, 1, 2), "KOSPI", 18),
        (date(2025, 1, 2), "KOSPI", 15),
        (date(2026, 1, 2), "KOSDAQ", 20),
        (date(2026, 1, 2), "KONEX", 10),
    ],
)
def test_korean_sales_tax_follows_its_history(day: date, board: str, bps: float) -> None:
    assert markets.rule("tax_sell_bps", "KR", day, board).value == pytest.approx(bps)
    assert markets.rule("tax_buy_bps", "KR", day, board).value == 0


def test_chinese_stamp_duty_was_halved_for_the_seller() -> None:
    before, after = date(2023, 8, 25), date(2023, 8, 28)
    # 0.1 % then 0.05 %, and the transfer fee of 0.001 % on both sides.
    assert markets.rule("tax_sell_bps", "CN", before).value == pytest.approx(10.1)
    assert markets.rule("tax_sell_bps", "CN", after).value == pytest.approx(5.1)
    assert markets.rule("tax_buy_bps", "CN", after).value == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("day", "stamp"),
    [(date(2021, 7, 30), 10), (date(2021, 8, 2), 13), (date(2023, 11, 16), 13), (date(2023, 11, 17), 10)],
)
def test_hong_kong_taxes_both_sides_alike(day: date, stamp: float) -> None:
    levies = 0.27 + (0.5 if day.year < 2023 else 0.565) + (0.015 if day.year >= 2022 else 0)
    for kind in ("tax_buy_bps", "tax_sell_bps"):
        assert markets.rule(kind, "HK", day).value == pytest.approx(stamp + levies)


@pytest.mark.parametrize(
    ("day", "bps"),
    [(date(2014, 3, 17), 0.174), (date(2014, 3, 18), 0.221), (date(2021, 2, 25), 0.051), (date(2025, 5, 14), 0.0)],
)
def test_the_sec_fee_is_paid_by_the_seller_only(day: date, bps: float) -> None:
    assert markets.rule("tax_sell_bps", "US", day).value == pytest.approx(bps)
    assert markets.rule("tax_buy_bps", "US", day).value == 0


@pytest.mark.parametrize(
    ("region", "day", "shares", "cash"),
    [
        ("US", date(2017, 9, 4), 3, 3),
        ("US", date(2017, 9, 5), 2, 2),
        ("US", date(2024, 5, 28), 1, 1),
        ("JP", date(2019, 7, 12), 3, 3),
        ("JP", date(2019, 7, 16), 2, 2),
        ("VN", date(2022, 8, 26), 3, 3),
        ("VN", date(2022, 8, 29), 2, 2),
        ("CN", TODAY, 0, 1),
        ("KR", TODAY, 2, 2),
        ("HK", TODAY, 2, 2),
    ],
)
def test_settlement_days(region: str, day: date, shares: int, cash: int) -> None:
    assert markets.rule("settlement_shares_days", region, day).value == shares
    assert markets.rule("settlement_cash_days", region, day).value == cash


def test_only_china_and_vietnam_lock_bought_shares() -> None:
    locks = {region: markets.rule("sell_lock_days", region, TODAY).value for region in REGIONS}
    assert locks == {"KR": 0, "US": 0, "CN": 1, "HK": 0, "JP": 0, "VN": 2}


def test_lots_and_smallest_orders() -> None:
    assert [markets.lot_size(region, TODAY) for region in REGIONS] == [1, 1, 100, 100, 100, 100]
    assert (markets.lot_size("CN", TODAY, "STAR"), markets.minimum_order("CN", TODAY, "STAR")) == (1, 200)
    assert markets.minimum_order("CN", TODAY) == 100


def test_a_rule_says_from_when_to_when_it_holds() -> None:
    rule = markets.rule("tax_sell_bps", "HK", date(2022, 6, 1))
    assert (rule.valid_from, rule.valid_to) == (date(2022, 1, 1), date(2022, 12, 31))
    assert "ird.gov.hk" in rule.source
    assert not rule.confirmed


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("day", [date(2003, 1, 6), date(2016, 3, 1), TODAY])
def test_costs_are_known_for_every_region_and_say_that_they_rest_on_assumptions(region: str, day: date) -> None:
    costs = markets.trading_costs(region, day)
    assert costs.commission_bps > 0
    assert costs.half_spread_bps > 0
    assert costs.sell_bps >= costs.buy_bps or region == "US"
    assert costs.sell_bps == pytest.approx(costs.commission_bps + costs.tax_sell_bps + costs.half_spread_bps)
    assert any("assumption" in source for source in costs.sources)
    assert not costs.confirmed


def test_costs_follow_the_board() -> None:
    assert markets.trading_costs("KR", date(2026, 1, 2), "KONEX").tax_sell_bps == 10


@pytest.mark.parametrize("kind", markets.KINDS)
def test_a_day_before_the_first_row_is_an_error_that_names_it(kind: str) -> None:
    with pytest.raises(DataError, match=r"KR \(KOSPI\) is known for 1990-01-01: the table starts on \d{4}"):
        markets.rule(kind, "KR", date(1990, 1, 1))


def test_unknown_kind_and_price_dependent_limit_say_what_to_do() -> None:
    with pytest.raises(ConfigError, match="Use one of lot, minimum_order"):
        markets.rule("taxes", "KR", TODAY)
    with pytest.raises(ConfigError, match=r"Use markets\.price_limit"):
        markets.rule("price_limit", "JP", TODAY)
    assert markets.rule("price_limit", "US", TODAY).value is None
    assert markets.rule("price_limit", "KR", TODAY).value == 0.3


def test_a_levy_that_joins_a_tax_ends_the_days_of_the_sum_before() -> None:
    # Hong Kong's stamp duty of August 2021 goes on, but the accounting council's levy joins it in 2022.
    before = markets.rule("tax_buy_bps", "HK", date(2021, 12, 1))
    after = markets.rule("tax_buy_bps", "HK", date(2022, 1, 3))
    assert before.value != after.value
    assert (before.valid_to, after.valid_from) == (date(2021, 12, 31), date(2022, 1, 1))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("kind", ["tax_buy_bps", "tax_sell_bps", "commission_bps"])
def test_the_value_holds_on_its_first_and_last_day(region: str, kind: str) -> None:
    for number in range(2015 * 12, 2026 * 12, 2):
        found = markets.rule(kind, region, date(number // 12, number % 12 + 1, 15))
        for edge in (found.valid_from, found.valid_to):
            assert edge is None or markets.rule(kind, region, edge).value == found.value
