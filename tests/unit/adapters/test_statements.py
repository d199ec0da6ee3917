"""Facts of filings as point-in-time rows, the table of items, and what is derived."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.adapters.statements import Fact, derive, period_of, rows, table
from workbench.errors import ConfigError
from workbench.lake import items as at_use
from workbench.schemas import TABLES

NEW_YEAR, YEAR_END = date(2023, 1, 1), date(2023, 12, 31)


def fact(item: str, value: float, filed: date, filing: str = "", **more: object) -> Fact:
    usual = {"start": NEW_YEAR, "end": YEAR_END, "currency": "USD"} | more
    return Fact(item, value=value, filed=filed, filing_id=filing or f"f-{filed}", **usual)  # type: ignore[arg-type]


def test_the_table_has_the_items_that_factors_need() -> None:
    items = table()
    assert len(items) >= 30
    for name in ("revenue", "net_income", "total_assets", "total_equity", "eps_diluted", "operating_cash_flow"):
        assert items.by("us_gaap")[name]
        assert items.by("ifrs")[name]
        assert items.by("dart_id")[name]
    assert {item.kind for item in items.values()} == {"flow", "instant", "per_share", "average"}
    assert {item.unit for item in items.values()} == {"money", "per_share", "shares"}
    with pytest.raises(ConfigError, match="no column 'gaap'"):
        items.by("gaap")


def test_formulas_name_items_of_the_table() -> None:
    items = table()
    for item in items.values():
        for word in item.derived.replace("?", "").replace("|", " ").replace("+", " ").replace("-", " ").split():
            assert word in items, item.name


def test_names_say_how_an_item_follows_a_split() -> None:
    """The lake knows items by name only; their kind in the table must say the same."""
    power = {"money": 0, "per_share": -1, "shares": 1}
    for item in table().values():
        assert at_use.split_power(item.name) == power[item.unit], item.name
    assert at_use.split_power(at_use.SHARES) == 1


@pytest.mark.parametrize(
    ("days", "period"),
    [
        *((days, "Q") for days in (84, 91, 98, 112)),
        *((days, "6M") for days in (182, 189)),
        *((days, "9M") for days in (273, 280)),
        *((days, "FY") for days in (364, 365, 371)),
        *((days, None) for days in (0, 1, 31, 140, 225, 320, 400)),
    ],
)
def test_periods_go_by_length(days: int, period: str | None) -> None:
    assert period_of(NEW_YEAR, NEW_YEAR + timedelta(days - 1)) == period


def test_an_instant_has_no_start() -> None:
    assert period_of(None, YEAR_END) == "I"


def test_a_row_is_available_on_the_first_session_after_its_filing() -> None:
    friday, before_new_year = date(2024, 2, 2), date(2024, 2, 8)
    assert rows("US", "A", [fact("revenue", 1.0, friday)], "x")["available_date"].to_list() == [date(2024, 2, 5)]
    # Seoul closes for the lunar new year, Friday and Monday.
    assert rows("KR", "A", [fact("revenue", 1.0, before_new_year)], "x")["available_date"].to_list() == [
        date(2024, 2, 13)
    ]


def test_a_restatement_is_a_row_and_a_repetition_none() -> None:
    days = [date(2024, 2, 1), date(2024, 5, 1), date(2025, 2, 3), date(2025, 5, 1), date(2025, 8, 1)]
    found = [fact("revenue", value, day) for day, value in zip(days, [10.0, 10.0, 12.0, 12.0, 10.0], strict=True)]
    frame = rows("US", "A", found[::-1], "x").sort("vintage")
    assert frame.select("vintage", "value", "filing_id").rows() == [
        (1, 10.0, "f-2024-02-01"),
        (2, 12.0, "f-2025-02-03"),
        (3, 10.0, "f-2025-08-01"),
    ]
    assert frame["period_start"].unique().to_list() == [NEW_YEAR]
    assert dict(frame.schema) == dict(TABLES["fundamentals"].columns)


def test_another_currency_is_news() -> None:
    found = [fact("revenue", 10.0, date(2024, 2, 1)), fact("revenue", 10.0, date(2025, 2, 3), currency="EUR")]
    assert rows("US", "A", found, "x").sort("vintage")["currency"].to_list() == ["USD", "EUR"]


def test_the_first_fact_of_a_filing_counts() -> None:
    day = date(2024, 2, 1)
    found = [fact("revenue", 10.0, day), fact("revenue", 11.0, day), fact("revenue", 10.0, date(2025, 2, 3))]
    assert rows("US", "A", found, "x")["value"].to_list() == [10.0]


def test_what_cannot_be_is_left_out() -> None:
    filed = date(2024, 2, 1)
    found = [
        fact("revenue", 1.0, filed, end=date(2024, 12, 30), start=date(2024, 1, 1)),
        fact("revenue", 2.0, filed, start=YEAR_END, end=NEW_YEAR),
        fact("revenue", float("nan"), filed),
        fact("revenue", 3.0, filed, end=date(2023, 6, 1)),
    ]
    frame = rows("US", "A", found, "x")
    assert frame.is_empty()
    assert dict(frame.schema) == dict(TABLES["fundamentals"].columns)


def test_money_spent_has_no_sign() -> None:
    found = [fact("capital_expenditure", -5.0, date(2024, 2, 1)), fact("net_income", -5.0, date(2024, 2, 1))]
    assert dict(rows("US", "A", found, "x").select("item", "value").rows()) == {
        "capital_expenditure": 5.0,
        "net_income": -5.0,
    }


def test_derived_items_use_one_filing_and_one_period() -> None:
    first, later = date(2024, 2, 1), date(2024, 5, 1)
    found = [
        fact("revenue", 10.0, first),
        fact("cost_of_revenue", 4.0, later),
        fact("operating_income", 3.0, first),
        fact("depreciation", 1.0, first, start=date(2023, 10, 1)),
    ]
    assert {one.item for one in derive(found)} == {"revenue", "cost_of_revenue", "operating_income", "depreciation"}
    both = derive([*found, fact("revenue", 11.0, later)])
    assert [(one.value, one.filing_id) for one in both if one.item == "gross_profit"] == [(7.0, "f-2024-05-01")]


def balance(day: date, **values: float) -> list[Fact]:
    return [fact(name, value, day, start=None) for name, value in values.items()]


def test_liabilities_are_what_is_left_of_assets() -> None:
    day = date(2024, 2, 1)
    plain = derive(balance(day, total_assets=100.0, total_equity=40.0))
    assert [one.value for one in plain if one.item == "total_liabilities"] == [60.0]
    with_minority = derive(
        balance(day, total_assets=100.0, total_equity=40.0, equity_with_minority=45.0, temporary_equity=5.0)
    )
    assert {one.item: one.value for one in with_minority}["total_liabilities"] == 50.0
    assert {one.item: one.value for one in with_minority}["minority_interest"] == 5.0


@pytest.mark.parametrize(
    ("parts", "debt"),
    [
        ({"long_term_debt_noncurrent": 50.0, "long_term_debt_current": 5.0, "short_term_debt": 2.0}, 57.0),
        ({"long_term_debt_noncurrent": 50.0, "debt_current": 7.0, "long_term_debt_current": 5.0}, 57.0),
        ({"long_term_debt": 55.0, "short_term_debt": 2.0}, 57.0),
        ({"long_term_debt": 55.0, "long_term_debt_noncurrent": 50.0, "long_term_debt_current": 5.0}, 55.0),
        ({"short_term_debt": 2.0}, 2.0),
        ({}, None),
    ],
)
def test_debt_is_added_up_once(parts: dict[str, float], debt: float | None) -> None:
    found = derive(balance(date(2024, 2, 1), total_assets=100.0, **parts))
    assert {one.item: one.value for one in found}.get("total_debt") == debt


def test_single_figures_of_the_notes_do_not_add_up_to_a_balance() -> None:
    found = derive(balance(date(2024, 2, 1), long_term_debt=55.0))
    assert [one.item for one in found] == ["long_term_debt"]


def test_a_reported_figure_is_not_replaced_by_a_derived_one() -> None:
    reported = balance(date(2024, 2, 1), total_assets=100.0, total_equity=40.0, total_liabilities=55.0)
    later = balance(date(2024, 5, 1), total_assets=100.0, total_equity=40.0)
    found = [one for one in derive([*later, *reported]) if one.item == "total_liabilities"]
    assert [one.value for one in found] == [55.0]


def test_a_worse_formula_restates_nothing() -> None:
    first = balance(date(2024, 2, 1), total_assets=100.0, long_term_debt_noncurrent=50.0, debt_current=7.0)
    later = balance(date(2024, 5, 1), total_assets=100.0, long_term_debt=52.0)
    assert [one.value for one in derive([*first, *later]) if one.item == "total_debt"] == [57.0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["revenue", "cost_of_revenue", "eps_diluted"]),
            st.sampled_from([0, 91, 182]),
            st.integers(0, 3).map(float),
            st.integers(0, 400),
        ),
        max_size=25,
    ),
    st.integers(0, 400),
)
def test_later_filings_change_no_earlier_row(drawn: list[tuple[str, int, float, int]], cut: int) -> None:
    found = [
        fact(item, value, YEAR_END + timedelta(days), f"{days:04}", start=NEW_YEAR + timedelta(shift))
        for item, shift, value, days in drawn
    ]
    day = YEAR_END + timedelta(cut)
    known = rows("US", "A", derive(one for one in found if one.filed < day), "x")
    full = rows("US", "A", derive(found), "x")
    sessions = full.filter(full["filing_id"].is_in([one.filing_id for one in found if one.filed < day]))
    assert known.equals(sessions)


def test_a_filing_of_an_impossible_day_is_left_out() -> None:
    found = [
        Fact("net_income", date(2022, 1, 1), date(2022, 12, 31), 1.0, "USD", date(year, 2, 3), f"{year}")
        for year in (2023, 2099)
    ]
    assert rows("US", "A", found, "test")["filing_id"].to_list() == ["2023"]


def test_an_amount_repeated_a_thousand_times_too_small_is_a_mistake_and_its_correction_is_none() -> None:
    def year(end: int, value: float, filed: int, item: str = "revenue") -> Fact:
        return Fact(item, date(end, 1, 1), date(end, 12, 31), value, "USD", date(filed, 2, 3), f"{filed}")

    wrong_later = [year(2020, 4.9e9, 2021), year(2021, 5e9, 2022), year(2021, 5e6, 2023), year(2022, 6e9, 2023)]
    found = rows("US", "A", wrong_later, "test")
    assert sorted(found["value"].to_list()) == [4.9e9, 5e9, 6e9]
    wrong_first = [year(2020, 4.9e9, 2021), year(2021, 5e6, 2022), year(2021, 5e9, 2023)]
    found = rows("US", "A", wrong_first, "test").sort("period_end", "vintage")
    assert found["value"].to_list() == [4.9e9, 5e6, 5e9]
    # A figure a share may follow a reverse split of one for a thousand.
    shares = [
        year(2020, 2.0, 2021, "eps_basic"),
        year(2021, 2.0, 2022, "eps_basic"),
        year(2021, 2e3, 2023, "eps_basic"),
    ]
    assert len(rows("US", "A", shares, "test")) == 3
