"""Sorted portfolios: groups, weights, drift and timing on numbers that can be worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from workbench.errors import ConfigError
from workbench.research import proxies, sorts

NAN = np.nan


def test_breakpoints_are_those_of_the_names_that_set_them() -> None:
    values = np.array([[1.0, 2.0, 3.0, 4.0, 10.0, NAN]])
    assert sorts.sort(values, (50.0,)).tolist() == [[0, 0, 0, 1, 1, -1]]
    setters = np.array([False, False, False, True, True, True])
    assert sorts.sort(values, (50.0,), setters).tolist() == [[0, 0, 0, 0, 1, -1]]
    assert sorts.sort(values, (50.0,), np.array([False] * 5 + [True])).tolist() == [[-1] * 6], "no name sets them"


@pytest.mark.parametrize("percentiles", [(70.0, 30.0), (30.0, 30.0), (0.0,), (50.0, 100.0)])
def test_percentiles_must_rise_within_bounds(percentiles) -> None:
    with pytest.raises(ConfigError, match="must rise"):
        sorts.sort(np.ones((1, 3)), percentiles)


def test_the_two_sorts_are_independent() -> None:
    size = np.array([[1.0, 2.0, 3.0, 10.0, 20.0, 30.0, 40.0]])
    value = np.array([[1.0, 5.0, 9.0, 1.0, 5.0, 9.0, NAN]])
    groups = sorts.double_sort(size, value)
    # Without a characteristic a name is in no portfolio, but counts for the median of size.
    assert [sorts.SIX[group] if group >= 0 else None for group in groups[0]] == [
        "SL",
        "SM",
        "SH",
        "SL",
        "BM",
        "BH",
        None,
    ]


def test_months_end_on_their_last_session_that_is_known_to_be_one() -> None:
    days = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-28", "2024-03-01"], "datetime64[D]")
    assert sorts.month_ends(days).tolist() == [1, 3]
    assert sorts.month_ends(days, [2]).tolist() == [3]


def test_a_portfolio_is_traded_at_the_next_close_and_drifts() -> None:
    gain = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.1, 0.1], [0.3, 0.0]])
    owned = sorts.hold(np.array([[0, 0]]), np.array([[1.0, 3.0]]), np.array([0]), gain, count=1)
    # Decided at the close of row 0 in shares worth 1 and 3, bought at the close of row 1 when they are 1.5 and 3.
    assert np.allclose(owned.weight[:2], 0.0)
    assert np.allclose(owned.weight[2], [1.5 / 4.5, 3.0 / 4.5])
    assert np.allclose(owned.weight[3], [3.0 / 6.0, 3.0 / 6.0])
    earned = owned.returns(gain)[:, 0]
    assert np.isnan(earned[:2]).all()
    assert earned[2:].tolist() == pytest.approx([1.5 / 4.5, 0.1, 0.15])


def test_without_a_lag_the_close_of_the_decision_is_traded() -> None:
    gain = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    owned = sorts.hold(np.array([[0, 0]]), np.array([[1.0, 3.0]]), np.array([0]), gain, lag=0, count=1)
    assert owned.weight[1].tolist() == pytest.approx([0.25, 0.75])
    assert owned.weight[2].tolist() == pytest.approx([1.5 / 4.5, 3.0 / 4.5])
    with pytest.raises(ConfigError, match="before the decision"):
        sorts.hold(np.array([[0, 0]]), np.array([[1.0, 3.0]]), np.array([0]), gain, lag=-1)


def test_the_old_portfolio_is_held_until_the_new_one_is_traded() -> None:
    gain = np.full((6, 2), 0.0)
    groups = np.array([[0, -1], [-1, 0]])
    owned = sorts.hold(groups, np.ones((2, 2)), np.array([0, 2]), gain, count=1)
    assert owned.weight.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0], [0, 1], [0, 1]]


def test_formations_on_every_session_replace_each_other() -> None:
    rng = np.random.default_rng(0)
    gain, size = rng.normal(0.0, 0.02, (30, 5)), rng.uniform(1.0, 9.0, (30, 5))
    formed = np.arange(30)
    earned = sorts.market(size, formed, gain, lag=0)
    plain = (size[:-1] * gain[1:]).sum(axis=1) / size[:-1].sum(axis=1)
    assert np.isnan(earned[0])
    assert np.allclose(earned[1:], plain, rtol=1e-12)


def test_without_a_formation_nothing_is_held() -> None:
    owned = sorts.hold(np.empty((0, 3), int), np.empty((0, 3)), np.empty(0, int), np.zeros((4, 3)))
    assert np.isnan(owned.returns(np.zeros((4, 3)))).all()


def test_buying_and_holding_equals_the_wealth_of_the_shares() -> None:
    rng = np.random.default_rng(1)
    gain = rng.normal(0.0, 0.03, (40, 4))
    size = np.array([[5.0, 1.0, 2.0, 7.0]])
    owned = sorts.hold(np.array([[0, 0, 1, 1]]), size, np.array([3]), gain, count=2)
    earned = owned.returns(gain)
    wealth = size * np.cumprod(1.0 + gain[4:], axis=0)
    for number, columns in enumerate(([0, 1], [2, 3])):
        own = wealth[:, columns].sum(axis=1)
        assert np.allclose(earned[5:, number], own[1:] / own[:-1] - 1.0, rtol=1e-12)


def test_a_name_without_a_return_leaves_its_weight_to_the_others() -> None:
    gain = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.2, NAN, 0.1], [0.2, 0.4, 0.1]])
    owned = sorts.hold(np.array([[0, 0, 0]]), np.array([[1.0, 2.0, 1.0]]), np.array([0]), gain, count=1)
    assert owned.returns(gain)[2, 0] == pytest.approx(0.15)
    assert owned.returns(gain)[3, 0] == pytest.approx((1.2 * 0.2 + 2.0 * 0.4 + 1.1 * 0.1) / 4.3)


def test_factors_are_means_of_portfolios() -> None:
    six = np.array([[1.0, 2.0, 3.0, 10.0, 20.0, 60.0]])
    assert sorts.small_minus_big(six)[0] == pytest.approx(2.0 - 30.0)
    assert sorts.high_minus_low(six)[0] == pytest.approx((3.0 + 60.0) / 2.0 - (1.0 + 10.0) / 2.0)


def test_a_later_row_moves_nothing_before_it() -> None:
    rng = np.random.default_rng(2)
    gain, size = rng.normal(0.0, 0.02, (60, 40)), rng.uniform(1.0, 9.0, (60, 40))
    value, formed = rng.normal(size=(60, 40)), np.arange(0, 60, 7)

    def factor(gain, size, value):
        group = sorts.double_sort(size[formed], value[formed])
        return sorts.high_minus_low(sorts.hold(group, size[formed], formed, gain).returns(gain))

    whole = factor(gain, size, value)
    for cut in (20, 35, 50):
        other = [np.where(np.arange(60)[:, None] < cut, one, rng.permutation(one)) for one in (gain, size, value)]
        assert np.array_equal(factor(*other)[:cut], whole[:cut], equal_nan=True)


def test_gains_pay_delistings_and_leave_out_breaks(make_panel, delisted) -> None:
    close = [[10.0, 10.0, 1.0], [11.0, NAN, 1.0], [NAN, NAN, 9.0], [12.1, NAN, 9.9], [12.1, NAN, 9.9]]
    panel = make_panel(close, ("US:A", "US:B", "US:C"))
    end = delisted(3, 1, panel.dates[0], 8.0, panel.dates[2])
    panel = make_panel(close, ("US:A", "US:B", "US:C"), delisting=end)
    gain = sorts.session_gains(panel, "US")
    assert gain[1:, 0].tolist() == pytest.approx([0.1, 0.0, 0.1, 0.0])
    assert gain[1:3, 1].tolist() == pytest.approx([0.0, -0.2])
    assert np.isnan(gain[3:, 1]).all(), "after the proceeds there is nothing left to own"
    assert np.isnan(gain[2, 2]), "nine times the price before is no return"
    assert gain[3, 2] == pytest.approx(0.1)


def filing(day: date, income: float, eps: float, ticker: str = "A") -> list[dict]:
    row = {"region": "US", "ticker": ticker, "period_end": day, "period": "Q", "filing_id": str(day), "vintage": 1}
    known = {"available_date": date(day.year + day.month // 12, day.month % 12 + 1, 20)}
    return [
        {**row, **known, "item": item, "value": value} for item, value in (("net_income", income), ("eps_diluted", eps))
    ]


def test_shares_are_implied_by_earnings_and_slips_are_kept_out() -> None:
    quarters = [date(2015, 3, 31), date(2015, 6, 30), date(2015, 9, 30), date(2015, 12, 31), date(2016, 3, 31)]
    reported = [(10e6, 1.0), (10e9, 1.0), (-11e6, -1.0), (4e6, 0.01), (12e6, 1.0)]
    rows = [row for day, figures in zip(quarters, reported, strict=True) for row in filing(day, *figures)]
    found = proxies.implied_shares(pl.DataFrame(rows))
    assert found["shares_outstanding"].to_list() == [10e6, 11e6, 12e6], "a unit slip and a cent of earnings are no news"
    assert found["date"].to_list() == [quarters[0], quarters[2], quarters[4]]
    assert (found["available_date"] > found["date"]).all()
    assert set(found["basis"]) == {"weighted"}


def test_a_new_level_counts_once_it_is_confirmed_and_splits_explain_one_at_once() -> None:
    quarters = [date(2015, 3, 31), date(2015, 6, 30), date(2015, 9, 30)]
    rows = [row for day, n in zip(quarters, (10e6, 40e6, 41e6), strict=True) for row in filing(day, n, 1.0)]
    assert proxies.implied_shares(pl.DataFrame(rows))["shares_outstanding"].to_list() == [10e6, 41e6]
    split = pl.DataFrame(
        {"region": ["US"], "ticker": ["A"], "ex_date": [date(2015, 6, 1)], "kind": ["split"], "value": [4.0]}
    )
    assert proxies.implied_shares(pl.DataFrame(rows), split)["shares_outstanding"].to_list() == [10e6, 40e6, 41e6]


def test_implied_shares_of_the_past_do_not_depend_on_later_filings() -> None:
    rng = np.random.default_rng(3)
    days = [date(year, month, 28) for year in (2015, 2016) for month in (2, 5, 8, 11)]
    counts = 10e6 * np.exp(rng.normal(0.0, 0.4, len(days)))
    rows = [filing(day, float(n), 1.0) for day, n in zip(days, counts, strict=True)]
    whole = proxies.implied_shares(pl.DataFrame([row for pair in rows for row in pair]))
    for number in range(1, len(rows)):
        some = proxies.implied_shares(pl.DataFrame([row for pair in rows[:number] for row in pair]))
        last = rows[number - 1][0]["available_date"]
        assert some.equals(whole.filter(pl.col("available_date") <= last))
