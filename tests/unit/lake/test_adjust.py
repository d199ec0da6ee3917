"""Cumulative factors against holdings computed by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from workbench.lake.adjust import Action, Steps, dense, steps

FIRST, LAST = date(2024, 1, 2), date(2024, 12, 30)
MARCH, JUNE, SEPTEMBER = date(2024, 3, 4), date(2024, 6, 3), date(2024, 9, 2)


def paid(day: date, value: float, close: float, kind: str = "dividend", before: date | None = None) -> Action:
    return Action(day, kind, value, before or date(day.year, day.month, 1), close)


def split(day: date, value: float, kind: str = "split") -> Action:
    return Action(day, kind, value, date(day.year, day.month, 1), 100.0)


def compute(*actions: Action, stored: str = "none") -> Steps:
    return steps(actions, first=FIRST, last=LAST, stored=stored)


def test_no_action_gives_no_step() -> None:
    assert compute() == Steps()


@pytest.mark.parametrize(("kind", "value"), [("split", 2.0), ("bonus", 1.1), ("consolidation", 0.1)])
def test_share_actions_multiply_by_new_shares_per_old_share(kind: str, value: float) -> None:
    result = compute(split(MARCH, value, kind))
    assert (result.dates, result.split, result.total) == ([MARCH], [value], [value])


def test_splits_chain_in_order_of_their_ex_dates() -> None:
    result = compute(split(SEPTEMBER, 3.0), split(MARCH, 2.0))
    assert result.dates == [MARCH, SEPTEMBER]
    assert result.split == [2.0, 6.0]


def test_dividend_reinvests_at_the_theoretical_ex_price() -> None:
    result = compute(paid(MARCH, 2.0, close=100.0))
    assert result.split == [1.0]
    assert result.total == [100.0 / 98.0]


def test_total_factor_is_a_holding_with_dividends_reinvested() -> None:
    shares, value = Fraction(1), []
    shares *= Fraction(50) / (Fraction(50) - Fraction(1))  # 1.00 paid on a close of 50
    value.append(shares)
    shares *= 2  # split
    value.append(shares)
    shares *= Fraction(26) / (Fraction(26) - Fraction(3, 2))  # 1.50 paid on a close of 26
    value.append(shares)
    result = compute(paid(MARCH, 1.0, 50.0), split(JUNE, 2.0), paid(SEPTEMBER, 1.5, 26.0))
    assert result.total == pytest.approx([float(one) for one in value], rel=1e-15)
    assert result.split == [1.0, 2.0, 2.0]


def test_split_and_dividend_on_one_day_use_the_close_in_new_shares() -> None:
    result = compute(split(MARCH, 2.0), paid(MARCH, 1.0, close=100.0))
    assert result.dates == [MARCH]
    assert result.total == [2.0 * (50.0 / 49.0)]


def test_dividend_after_a_halt_with_a_split_uses_the_close_in_new_shares() -> None:
    result = compute(split(MARCH, 0.1), paid(JUNE, 5.0, close=10.0, before=date(2024, 3, 1)))
    assert result.total[-1] == pytest.approx(0.1 * (100.0 / 95.0), rel=1e-15)


def test_several_payments_on_one_day_are_one_amount() -> None:
    result = compute(paid(MARCH, 1.0, 100.0), paid(MARCH, 4.0, 100.0, kind="spin_off"))
    assert result.total == [100.0 / 95.0]


def test_actions_up_to_the_first_bar_are_in_it_already() -> None:
    assert compute(split(FIRST, 2.0), paid(date(2023, 12, 1), 1.0, 10.0)) == Steps()


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (paid(MARCH, 100.0, close=100.0), "not below the previous close of 100"),
        (paid(MARCH, -1.0, close=100.0), "not a positive amount"),
        (Action(MARCH, "dividend", 1.0), "no close before it"),
        (split(MARCH, 0.0), "not a positive ratio"),
        (split(MARCH, float("nan")), "not a positive ratio"),
    ],
)
def test_what_cannot_be_applied_is_named_and_leaves_the_price(action: Action, says: str) -> None:
    result = compute(action)
    assert result.total == [1.0]
    (refused,) = result.refused
    assert says in refused
    assert "2024-03-04" in refused


def test_prices_stored_split_adjusted_get_cash_only_on_their_own_scale() -> None:
    # As traded 100 before a dividend of 2, then 4:1: the provider shows 25, where the dividend was 0.5.
    result = compute(paid(MARCH, 2.0, close=25.0), split(JUNE, 4.0), stored="split")
    assert result.split == [1.0, 1.0]
    assert result.total == [25.0 / 24.5, 25.0 / 24.5]


def test_prices_stored_with_total_return_are_left_alone() -> None:
    assert compute(paid(MARCH, 2.0, 100.0), split(JUNE, 4.0), stored="total") == Steps()


def test_dense_holds_each_step_until_the_next() -> None:
    dates = np.array(["2024-03-01", "2024-03-04", "2024-03-05", "2024-06-05"], "datetime64[D]")
    columns = [compute(split(MARCH, 2.0), split(JUNE, 3.0)), Steps(), compute(split(SEPTEMBER, 5.0))]
    shares, total = dense(columns, dates)
    assert shares.tolist() == [[1, 1, 1], [2, 1, 1], [2, 1, 1], [6, 1, 1]]
    assert (shares == total).all()
    assert shares.flags["C_CONTIGUOUS"]


def test_dense_starts_with_the_steps_before_its_first_date() -> None:
    shares, _ = dense([compute(split(MARCH, 2.0), split(JUNE, 3.0))], np.array(["2024-09-02"], "datetime64[D]"))
    assert shares.tolist() == [[6.0]]
