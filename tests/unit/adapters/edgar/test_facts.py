"""From companyfacts to facts: tags, units, currencies and forms, on bodies of a few facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from workbench.adapters.edgar.counts import counts, share_rows
from workbench.adapters.edgar.facts import statement_facts
from workbench.adapters.statements import Fact, rows
from workbench.errors import ShapeChanged

CONTRACT, TOTAL = "RevenueFromContractWithCustomerExcludingAssessedTax", "Revenues"
CASH, RESTRICTED = (
    "CashAndCashEquivalentsAtCarryingValue",
    "CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",
)


def one(val: float | None, filed: str, *, form: str = "10-K", **more: Any) -> dict[str, Any]:
    usual = {"start": "2023-01-01", "end": "2023-12-31", "accn": f"a-{filed}", "fy": 2023, "fp": "FY"}
    return {
        key: value for key, value in (usual | {"val": val, "filed": filed, "form": form} | more).items() if value != ""
    }


def instant(val: float, filed: str, end: str = "2023-12-31", **more: Any) -> dict[str, Any]:
    return one(val, filed, start="", end=end, **more)


def body(tags: dict[str, list[dict[str, Any]]], unit: str = "USD", taxonomy: str = "us-gaap") -> dict[str, Any]:
    return {taxonomy: {name: {"label": name, "units": {unit: facts}} for name, facts in tags.items()}}


def values(facts: list[Fact], item: str) -> list[float]:
    return [fact.value for fact in sorted(facts, key=lambda fact: fact.filed) if fact.item == item]


def test_the_first_tag_with_a_fact_for_the_period_counts() -> None:
    both = body({"SalesRevenueNet": [one(11.0, "2024-02-01")], CONTRACT: [one(10.0, "2024-02-01")]})
    assert values(statement_facts(both), "revenue") == [10.0]
    other_period = one(9.0, "2024-02-01", start="2022-01-01", end="2022-12-31")
    both["us-gaap"]["SalesRevenueNet"]["units"]["USD"].append(other_period)
    assert sorted(values(statement_facts(both), "revenue")) == [9.0, 10.0]


def test_revenue_from_contracts_is_but_a_part_of_a_banks_or_lessors_revenues() -> None:
    bank = body({CONTRACT: [one(30.0, "2024-02-01")], TOTAL: [one(100.0, "2024-02-01")]})
    assert values(statement_facts(bank), "revenue") == [100.0]
    # A note of a later filing repeats the part alone: no restatement. Of a period without the whole it is what is left.
    tags = bank["us-gaap"][CONTRACT]["units"]["USD"]
    tags += [one(30.0, "2025-02-03"), one(33.0, "2025-02-03", start="2024-01-01", end="2024-12-31")]
    assert values(statement_facts(bank), "revenue") == [100.0, 33.0]
    # What was filed before the filer showed both stands as it was known then.
    tags.append(one(28.0, "2023-02-01", start="2022-01-01", end="2022-12-31"))
    assert values(statement_facts(bank), "revenue") == [28.0, 100.0, 33.0]


def test_where_contracts_are_the_whole_their_tag_goes_first() -> None:
    same = body({CONTRACT: [one(10.0, "2024-02-01")], TOTAL: [one(10.0, "2024-02-01"), one(4.0, "2025-02-03")]})
    assert values(statement_facts(same), "revenue") == [10.0]


def test_an_amendment_comes_after_the_report_of_its_day() -> None:
    found = [one(1.0, "2024-02-01", accn="0009-24-1"), one(2.0, "2024-02-01", accn="0001-24-9", form="10-K/A")]
    frame = rows("US", "A", statement_facts(body({"Assets": []} | {"NetIncomeLoss": found})), "edgar")
    frame = frame.filter(frame["item"] == "net_income").sort("vintage")
    assert frame.select("value", "filing_id").rows() == [(1.0, "0009-24-1"), (2.0, "0001-24-9")]


def test_a_fact_without_a_form_is_of_no_report() -> None:
    found = body({"NetIncomeLoss": [one(1.0, "2024-02-01") | {"form": None}, one(2.0, "2024-02-02")]})
    assert values(statement_facts(found), "net_income") == [2.0]


def test_money_spent_is_subtracted_however_its_sign_is_written() -> None:
    cash = {
        "NetCashProvidedByUsedInOperatingActivities": [one(20.0, "2024-02-01")],
        "PaymentsToAcquirePropertyPlantAndEquipment": [one(-5.0, "2024-02-01")],
    }
    assert values(statement_facts(body(cash)), "free_cash_flow") == [15.0]


def test_a_worse_tag_in_a_later_filing_restates_nothing() -> None:
    """Opening cash of a cash-flow statement includes what is restricted; the balance sheet's does not."""
    found = body({CASH: [instant(48.0, "2024-02-01")], RESTRICTED: [instant(50.0, "2025-02-03")]})
    assert values(statement_facts(found), "cash") == [48.0]


def test_a_better_tag_in_a_later_filing_does() -> None:
    found = body({"SalesRevenueNet": [one(10.0, "2024-02-01")], CONTRACT: [one(9.0, "2025-02-03")]})
    frame = rows("US", "A", statement_facts(found), "edgar").sort("vintage")
    assert frame["value"].to_list() == [10.0, 9.0]


@pytest.mark.parametrize(
    ("form", "counts"),
    [
        *((form, True) for form in ("10-K", "10-Q", "10-K/A", "10-Q/A", "20-F", "20-F/A", "40-F", "10-KT")),
        *((form, False) for form in ("8-K", "6-K", "DEF 14A", "S-1")),
    ],
)
def test_statements_are_those_of_periodic_reports(form: str, counts: bool) -> None:
    assert bool(statement_facts(body({TOTAL: [one(1.0, "2024-02-01", form=form)]}))) == counts


def test_fiscal_labels_are_those_of_the_filing_and_are_not_used() -> None:
    """A 10-K repeats two years under its own year."""
    repeated = one(8.0, "2024-02-01", start="2021-01-01", end="2021-12-31")
    frame = rows("US", "A", statement_facts(body({TOTAL: [one(10.0, "2024-02-01"), repeated]})), "edgar")
    assert frame.sort("period_end").select("period_end", "value").rows() == [
        (date(2021, 12, 31), 8.0),
        (date(2023, 12, 31), 10.0),
    ]


def test_a_translation_for_convenience_is_not_the_reporting_currency() -> None:
    facts = body({"Assets": [instant(700.0, "2024-04-01"), instant(600.0, "2024-04-01", "2022-12-31")]}, "CNY")
    facts["us-gaap"]["Assets"]["units"]["USD"] = [instant(98.0, "2024-04-01")]
    facts["us-gaap"]["CommonStockDividendsPerShareDeclared"] = {"units": {"USD/shares": [one(0.5, "2024-04-01")]}}
    frame = rows("US", "A", statement_facts(facts), "edgar").sort("item", "period_end")
    assert frame.select("item", "value", "currency").rows() == [
        # Paid in dollars only: there is no figure in the currency of the statements.
        ("dividends_per_share", 0.5, "USD"),
        ("total_assets", 600.0, "CNY"),
        ("total_assets", 700.0, "CNY"),
    ]


def test_units_of_another_kind_are_left_out() -> None:
    facts = body({"EarningsPerShareDiluted": [one(5.0, "2024-02-01")], TOTAL: [one(5.0, "2024-02-01")]}, "pure")
    assert statement_facts(facts) == []
    assert statement_facts(body({"EarningsPerShareDiluted": [one(5.0, "2024-02-01")]}, "USD")) == []


def test_shares_have_no_currency() -> None:
    facts = body({"WeightedAverageNumberOfDilutedSharesOutstanding": [one(5.0, "2024-02-01")]}, "shares")
    assert [(fact.item, fact.currency) for fact in statement_facts(facts)] == [("shares_diluted", None)]


def test_ifrs_tags() -> None:
    facts = body({"ProfitLoss": [one(5.0, "2024-04-01")], "Revenue": [one(50.0, "2024-04-01")]}, "EUR", "ifrs-full")
    found = {fact.item: (fact.value, fact.currency) for fact in statement_facts(facts)}
    assert found["net_income"] == (5.0, "EUR")
    assert found["revenue"] == (50.0, "EUR")


def test_an_instant_of_a_flow_and_a_flow_of_an_instant_are_left_out() -> None:
    facts = body({TOTAL: [instant(5.0, "2024-02-01")], "Assets": [one(5.0, "2024-02-01")]})
    assert statement_facts(facts) == []


def test_a_value_of_null_is_none() -> None:
    assert statement_facts(body({TOTAL: [one(None, "2024-02-01")]})) == []


@pytest.mark.parametrize("gone", ["val", "end", "accn", "form", "filed"])
def test_a_missing_field_is_a_changed_shape(gone: str) -> None:
    fact = {key: value for key, value in one(1.0, "2024-02-01").items() if key != gone}
    with pytest.raises(ShapeChanged, match=gone):
        statement_facts(body({TOTAL: [fact]}))


def cover(val: float, filed: str, end: str, **more: Any) -> dict[str, Any]:
    return instant(val, filed, end, **more)


def covers(*facts: dict[str, Any]) -> dict[str, Any]:
    return body({"EntityCommonStockSharesOutstanding": list(facts)}, "shares", "dei")


def test_a_count_is_of_its_day_and_known_after_its_filing() -> None:
    found = counts(
        covers(cover(100.0, "2024-02-02", "2024-01-19"), cover(100.0, "2024-03-01", "2024-01-19", form="10-K/A"))
    )
    frame = share_rows("US", "A", found, "edgar")
    assert frame.select("date", "available_date", "shares_outstanding", "basis").rows() == [
        (date(2024, 1, 19), date(2024, 2, 5), 100.0, "outstanding")
    ]


def test_classes_are_added_up_and_counted() -> None:
    found = counts(covers(cover(100.0, "2024-02-02", "2024-01-19"), cover(30.0, "2024-02-02", "2024-01-19")))
    assert [(count.shares, count.basis) for count in found] == [(130.0, "outstanding of 2 classes")]


def test_without_a_cover_the_balance_sheet_or_the_average_stands_in() -> None:
    facts = covers(cover(100.0, "2024-02-02", "2024-01-19"))
    facts["us-gaap"] = {
        "CommonStockSharesOutstanding": {
            "units": {
                "shares": [
                    instant(99.0, "2024-02-02", "2023-12-31"),
                    instant(105.0, "2024-05-03", "2024-03-31", form="10-Q"),
                    instant(99.0, "2024-05-03", "2023-12-31", form="10-Q"),
                ]
            }
        },
        "WeightedAverageNumberOfSharesOutstandingBasic": {
            "units": {
                "shares": [
                    one(104.0, "2024-05-03", start="2024-01-01", end="2024-03-31", form="10-Q"),
                    one(107.0, "2024-08-02", start="2024-01-01", end="2024-06-30", form="10-Q"),
                    one(108.0, "2024-08-02", start="2024-04-01", end="2024-06-30", form="10-Q"),
                ]
            }
        },
    }
    assert [(count.day, count.shares, count.basis) for count in counts(facts)] == [
        (date(2024, 1, 19), 100.0, "outstanding"),
        (date(2024, 3, 31), 105.0, "balance_sheet"),
        (date(2024, 6, 30), 108.0, "weighted"),
    ]


def test_impossible_counts_are_left_out() -> None:
    assert counts(covers(cover(0.0, "2024-02-02", "2024-01-19"), cover(5.0, "2024-02-02", "2024-12-19"))) == []


def test_a_filing_of_an_impossible_day_gives_no_count() -> None:
    cover = one(5.0, "2099-02-01", start="", end="2024-01-20")
    found = counts({"dei": {"EntityCommonStockSharesOutstanding": {"units": {"shares": [cover]}}}})
    assert share_rows("US", "A", found, "edgar").is_empty()
