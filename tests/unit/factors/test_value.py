"""Value by hand: each ratio, what stands in for what, and what has no value."""

from __future__ import annotations

import numpy as np
import pytest
from ratios_by_hand import NAN, same, value

from workbench import factors


def test_earnings_yield_is_the_commons_income_and_may_be_negative():
    got = value(
        "earnings_yield",
        net_income_common_ttm=[8.0, NAN, -5.0, NAN, 8.0],
        net_income_ttm=[10.0, 10.0, 4.0, NAN, 8.0],
        market_cap=[100.0, 100.0, 100.0, 100.0, NAN],
    )
    same(got, [0.08, 0.1, -0.05, NAN, NAN])


def test_book_to_price_has_no_value_for_a_book_of_nothing_or_less():
    got = value(
        "book_to_price",
        common_equity=[50.0, NAN, NAN, NAN, NAN, -1.0],
        total_equity=[70.0, 70.0, 70.0, 20.0, -3.0, 5.0],
        preferred_equity=[20.0, 20.0, NAN, 20.0, NAN, NAN],
        market_cap=[100.0] * 6,
    )
    same(got, [0.5, 0.5, 0.7, NAN, NAN, NAN])


def test_enterprise_value_adds_debt_minorities_and_preferred_and_takes_cash_off():
    base = {"market_cap": [100.0], "total_debt": [50.0], "cash": [30.0], "ebitda_ttm": [13.0]}
    same(value("ebitda_to_ev", **base), [13.0 / 120.0])
    same(value("ebitda_to_ev", **base, minority_interest=[6.0], preferred_equity=[4.0]), [0.1])
    parts = {"operating_income_ttm": [9.0], "depreciation_ttm": [3.0], "ebitda_ttm": [NAN]}
    same(value("ebitda_to_ev", **(base | parts)), [0.1])
    same(value("ebitda_to_ev", **(base | {"cash": [150.0]})), [NAN])
    same(value("ebitda_to_ev", **(base | {"cash": [170.0]})), [NAN])
    same(value("ebitda_to_ev", **(base | {"total_debt": [NAN]})), [NAN])
    same(value("ebitda_to_ev", **(base | {"total_debt": [0.0]})), [13.0 / 70.0])
    same(value("ebitda_to_ev", **(base | {"cash": [NAN]})), [NAN])


def test_dividend_yield_is_of_the_company_else_a_share():
    got = value(
        "dividend_yield",
        dividends_paid_ttm=[3.0, 0.0, NAN, NAN, 3.0],
        dividends_per_share_ttm=[9.0, 9.0, 0.5, NAN, 0.5],
        market_cap=[100.0, 100.0, 100.0, 100.0, NAN],
        price=[10.0] * 5,
    )
    same(got, [0.03, 0.0, 0.05, NAN, 0.05])


def test_dividends_below_nothing_are_an_error_of_the_source():
    got = value(
        "dividend_yield",
        dividends_paid_ttm=[-4.0, 4.0, NAN, 0.0],
        dividends_per_share_ttm=[1.0, NAN, -1.0, NAN],
        market_cap=[100.0] * 4,
        price=[10.0] * 4,
    )
    same(got, [NAN, 0.04, NAN, 0.0])


def test_fcf_yield_and_sales_to_price():
    got = value(
        "fcf_yield",
        operating_cash_flow_ttm=[9.0, 2.0, 9.0],
        capital_expenditure_ttm=[4.0, 4.0, NAN],
        market_cap=[100.0] * 3,
    )
    same(got, [0.05, -0.02, NAN])
    same(value("sales_to_price", revenue_ttm=[150.0, NAN], market_cap=[100.0, 100.0]), [1.5, NAN])


@pytest.mark.parametrize("name", ["earnings_yield", "sales_to_price", "fcf_yield", "book_to_price"])
def test_no_ratio_to_a_market_value_of_nothing(name):
    given = {need: [5.0] for need in factors.get(name).needs} | {"market_cap": [0.0]}
    assert np.isnan(value(name, **given)).all()


def test_which_mean_nothing_for_financials():
    told = {name: factors.get(name).financials for name in factors.names() if factors.get(name).family == "value"}
    assert {name for name, meant in told.items() if not meant} == {"ebitda_to_ev", "fcf_yield"}
    assert all(factors.get(name).direction == 1 and factors.get(name).lookback == 0 for name in told)
