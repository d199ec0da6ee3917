"""Quality by hand: each ratio, the nine signals one by one, and what has no value."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from ratios_by_hand import NAN, same, value

from workbench import factors


def test_roe_has_no_value_for_equity_of_nothing_or_less():
    got = value(
        "roe",
        net_income_common_ttm=[NAN, 6.0, 6.0, -6.0],
        net_income_ttm=[9.0, 9.0, 9.0, 9.0],
        total_equity=[60.0, 60.0, -60.0, 60.0],
        preferred_equity=[NAN, 20.0, NAN, NAN],
    )
    same(got, [0.15, 0.15, NAN, -0.1])


def test_gross_profit_is_filed_or_revenue_minus_cost():
    got = value(
        "gross_profitability",
        gross_profit_ttm=[30.0, NAN, NAN],
        revenue_ttm=[100.0, 100.0, 100.0],
        cost_of_revenue_ttm=[60.0, 60.0, NAN],
        total_assets=[200.0] * 3,
    )
    same(got, [0.15, 0.2, NAN])


def test_debt_that_is_not_filed_is_not_none():
    got = value("debt_to_equity", total_debt=[30.0, 0.0, NAN, 30.0], total_equity=[60.0, 60.0, 60.0, -1.0])
    same(got, [0.5, 0.0, NAN, NAN])


def test_accruals_are_over_average_assets():
    got = value(
        "accruals",
        net_income_ttm=[10.0, 10.0],
        operating_cash_flow_ttm=[16.0, 16.0],
        total_assets=[140.0, 140.0],
        total_assets_prior=[100.0, NAN],
    )
    same(got, [-0.05, NAN])


def test_asset_growth_is_over_a_year():
    same(value("asset_growth", total_assets=[130.0, 1.0, 0.0], total_assets_prior=[100.0, 0.0, 5.0]), [0.3, NAN, NAN])


def test_margin_stability_is_the_mean_over_the_deviation_of_yearly_margins():
    befores = ("", "_prior", "_prior2", "_prior3", "_prior4")
    margins = [[0.10, 0.12, 0.08, 0.10, 0.15], [0.10, 0.12, 0.08, NAN, NAN], [0.1, 0.2, NAN, NAN, NAN]]
    margins += [[NAN, 0.12, 0.08, 0.10, 0.15], [0.1] * 5, [-0.1, -0.3, -0.2, NAN, -0.2]]
    given = {f"revenue_ttm{before}": [50.0] * len(margins) for before in befores}
    given |= {
        f"operating_income_ttm{before}": [50.0 * own[number] for own in margins]
        for number, before in enumerate(befores)
    }
    got = value("margin_stability", **given)
    want = [statistics.mean(own) / statistics.stdev(own) for own in (margins[0], margins[1][:3])]
    np.testing.assert_allclose(got[:2], want, rtol=1e-12)
    assert np.isnan(got[2:5]).all(), "too few, without the newest, and without variation"
    own = [-0.1, -0.3, -0.2, -0.2]
    assert got[5] == pytest.approx(statistics.mean(own) / statistics.stdev(own))


#: A company that shows all nine signals.
STRONG = {
    "net_income_ttm": 12.0,
    "net_income_ttm_prior": 8.0,
    "operating_cash_flow_ttm": 15.0,
    "total_assets": 110.0,
    "total_assets_prior": 100.0,
    "total_assets_prior2": 90.0,
    "total_debt": 20.0,
    "total_debt_prior": 25.0,
    "current_assets": 50.0,
    "current_assets_prior": 40.0,
    "current_liabilities": 20.0,
    "current_liabilities_prior": 20.0,
    "shares_outstanding": 1000.0,
    "shares_outstanding_prior": 1000.0,
    "gross_profit_ttm": 45.0,
    "gross_profit_ttm_prior": 34.0,
    "revenue_ttm": 120.0,
    "revenue_ttm_prior": 100.0,
}


def score(**changes):
    return value("piotroski_f", **{name: [number] for name, number in (STRONG | changes).items()})[0]


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({}, 9.0),
        ({"net_income_ttm": -1.0, "net_income_ttm_prior": -2.0}, 8.0),
        ({"operating_cash_flow_ttm": -1.0}, 7.0),
        ({"net_income_ttm_prior": 12.0}, 8.0),
        ({"net_income_ttm_prior": 11.0}, 8.0),  # of the assets that each year began with
        ({"revenue_ttm_prior": 109.0}, 8.0),
        ({"operating_cash_flow_ttm": 12.0}, 8.0),
        ({"total_debt_prior": 15.0}, 8.0),
        ({"total_debt": 0.0, "total_debt_prior": 0.0}, 9.0),
        ({"current_assets": 40.0}, 8.0),
        ({"shares_outstanding": 1001.0}, 8.0),
        ({"shares_outstanding": 1000.0005}, 9.0),
        ({"gross_profit_ttm": 40.0}, 8.0),
        ({"revenue_ttm": 105.0, "gross_profit_ttm": 45.0}, 8.0),
        ({"long_term_debt_noncurrent": 9.0, "long_term_debt_noncurrent_prior": 3.0}, 8.0),
        ({"long_term_debt_noncurrent": 9.0}, 9.0),
        ({"gross_profit_ttm": NAN, "cost_of_revenue_ttm": 70.0}, 9.0),
        ({"gross_profit_ttm": NAN, "cost_of_revenue_ttm": 90.0}, 8.0),
    ],
)
def test_each_signal_counts_one(changes, want):
    assert score(**changes) == want


@pytest.mark.parametrize("name", [*STRONG])
def test_a_question_without_an_answer_leaves_no_score(name):
    assert np.isnan(score(**{name: NAN}))


def test_a_weak_company_scores_nothing():
    weak = {"net_income_ttm": -12.0, "operating_cash_flow_ttm": -15.0, "total_debt": 60.0, "current_assets": 10.0}
    assert score(**weak, shares_outstanding=2000.0, gross_profit_ttm=10.0, revenue_ttm=60.0) == 0.0


def test_which_mean_nothing_for_financials():
    told = {name: factors.get(name) for name in factors.names() if factors.get(name).family == "quality"}
    meant = {name for name, factor in told.items() if factor.financials}
    assert meant == {"roe", "asset_growth", "margin_stability"}
    assert {name for name, factor in told.items() if factor.direction < 0} == {
        "debt_to_equity",
        "accruals",
        "asset_growth",
    }
    assert all(factor.lookback == 0 for factor in told.values())
