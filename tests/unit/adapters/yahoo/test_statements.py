"""Statements: assumed filing days, currencies, signs, splits."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.adapters import statements as filed
from workbench.adapters.yahoo import statements
from workbench.adapters.yahoo.reporting import LAGS, assumed_filing
from workbench.errors import ShapeChanged
from workbench.settings import REGIONS


def series(key: str, *values: tuple[str, float], currency: str = "JPY", length: str | None = None) -> dict:
    period = length or ("12M" if key.startswith("annual") else "3M")
    listed = [
        {"asOfDate": day, "periodType": period, "currencyCode": currency, "reportedValue": {"raw": value}}
        for day, value in values
    ]
    return {"meta": {"type": [key]}, "timestamp": [1] * len(listed), key: listed}


def body(*results: dict) -> dict:
    return {"timeseries": {"result": list(results), "error": None}}


def facts(*results: dict, region: str = "JP", splits: tuple[date, ...] = ()) -> dict[tuple[str, date], filed.Fact]:
    entries = statements.read("1.T", body(*results))
    return {(fact.item, fact.end): fact for fact in statements.facts(region, entries, splits)}


def test_a_flow_has_a_start_and_an_instant_none() -> None:
    found = facts(
        series("quarterlyTotalRevenue", ("2024-06-30", 5e9)), series("quarterlyTotalAssets", ("2024-06-30", 9e9))
    )
    day = date(2024, 6, 30)
    assert (found["revenue", day].start, found["total_assets", day].start) == (date(2024, 4, 1), None)
    assert found["revenue", day].currency == "JPY"


@pytest.mark.parametrize(
    ("end", "months", "start"),
    [
        (date(2024, 3, 31), 12, date(2023, 4, 1)),
        (date(2024, 2, 29), 3, date(2023, 12, 1)),
        (date(2024, 9, 28), 3, date(2024, 6, 29)),
        (date(2024, 12, 31), 6, date(2024, 7, 1)),
        (date(2024, 12, 31), 9, date(2024, 4, 1)),
    ],
)
def test_the_first_day_of_a_period(end, months, start) -> None:
    assert statements.first_day(end, months) == start
    assert filed.period_of(start, end) == {3: "Q", 6: "6M", 9: "9M", 12: "FY"}[months]


def test_the_quarter_that_ends_the_year_comes_with_the_annual_report() -> None:
    found = facts(
        series("annualTotalRevenue", ("2024-03-31", 2e10)),
        series("quarterlyTotalAssets", ("2024-03-31", 9e9), ("2024-06-30", 9e9)),
        series("quarterlyTotalRevenue", ("2024-03-31", 5e9)),
    )
    assert found["total_assets", date(2024, 3, 31)].filed == assumed_filing("JP", date(2024, 3, 31), annual=True)
    assert found["total_assets", date(2024, 6, 30)].filed == assumed_filing("JP", date(2024, 6, 30), annual=False)


def test_where_nobody_says_when_the_year_ends_the_longer_lag_holds() -> None:
    end = date(2024, 3, 31)
    found = facts(series("quarterlyTotalRevenue", (str(end), 5e9)))
    assert found["revenue", end].filed == assumed_filing("JP", end, annual=True)


def test_a_number_that_is_null_is_none() -> None:
    unsaid = series("quarterlyTotalRevenue", ("2024-06-30", 5e9), ("2024-09-30", None))
    assert [one.end for one in statements.read("1.T", body(unsaid))] == [date(2024, 6, 30)]


def test_every_region_has_a_lag_with_a_source_and_years_take_longer() -> None:
    assert set(LAGS) == set(REGIONS)
    assert all(lag.annual > lag.interim >= 45 and lag.source for lag in LAGS.values())


def test_a_foreign_issuer_in_the_us_has_more_time() -> None:
    end = date(2024, 3, 31)
    own = facts(series("annualTotalRevenue", (str(end), 2e10), currency="USD"), region="US")
    foreign = facts(series("annualTotalRevenue", (str(end), 2e10), currency="CNY"), region="US")
    assert foreign["revenue", end].filed > own["revenue", end].filed
    assert foreign["revenue", end].currency == "CNY"


def test_rows_say_that_their_filing_is_assumed_and_money_spent_is_positive() -> None:
    found = facts(series("annualCapitalExpenditure", ("2024-03-31", -3e9)))
    rows = filed.rows("JP", "1", found.values(), "yahoo")
    assert rows.filter(item="capital_expenditure")["value"].to_list() == [3e9]
    assert rows["filing_id"].to_list() == ["assumed:2024-03-31:12M"]
    assert rows["available_date"].to_list() == [date(2024, 7, 9)]


def test_the_better_name_of_an_item_goes_first() -> None:
    found = facts(
        series("annualOperatingRevenue", ("2024-03-31", 1e9)), series("annualTotalRevenue", ("2024-03-31", 2e9))
    )
    assert found["revenue", date(2024, 3, 31)].value == 2e9


def test_figures_a_share_before_a_split_are_left_out() -> None:
    results = (
        series("annualDilutedEPS", ("2023-03-31", 50.0), ("2024-03-31", 60.0)),
        series("annualOrdinarySharesNumber", ("2023-03-31", 1e8), ("2024-03-31", 1e8)),
        series("annualTotalRevenue", ("2023-03-31", 1e9), ("2024-03-31", 2e9)),
    )
    assert len({key for key in facts(*results) if key[0] in ("eps_diluted", "shares_balance_sheet")}) == 4
    found = facts(*results, splits=(date(2023, 10, 2),))
    kept = {(item, end.year) for item, end in found}
    assert kept == {
        ("eps_diluted", 2024),
        ("shares_balance_sheet", 2024),
        ("revenue", 2023),
        ("revenue", 2024),
    }


@pytest.mark.parametrize(("eps", "kept"), [(10.0, True), (1.4, False)])
def test_earnings_a_share_in_the_quotes_currency_must_be_those_of_the_statement(eps, kept) -> None:
    """Marked USD: ten CNY a share are the net income in CNY, 1.4 USD are not."""
    end = date(2024, 3, 31)
    found = facts(
        series("annualNetIncomeCommonStockholders", (str(end), 1e9), currency="CNY"),
        series("annualTotalRevenue", (str(end), 2e10), currency="CNY"),
        series("annualBasicAverageShares", (str(end), 1e8), currency="USD"),
        series("annualBasicEPS", (str(end), eps), currency="USD"),
        region="US",
    )
    assert (("eps_basic", end) in found) is kept
    if kept:
        assert found["eps_basic", end].currency == "CNY"


def test_share_counts_are_known_after_their_assumed_filing() -> None:
    found = facts(series("quarterlyOrdinarySharesNumber", ("2024-06-30", 1e8)))
    rows = list(statements.share_rows("JP", "1", found.values()))
    assert [(row["date"], row["shares_outstanding"]) for row in rows] == [(date(2024, 6, 30), 1e8)]
    assert rows[0]["available_date"] > date(2024, 8, 14)


def test_keys_without_numbers_and_null_numbers_are_none() -> None:
    empty = {"meta": {"type": ["annualTotalRevenue"]}}
    partly = {"meta": {}, "timestamp": [1, 2], "annualTotalRevenue": [None]}
    assert statements.read("1.T", body(empty, partly)) == []


@pytest.mark.parametrize(
    "found", [{}, {"timeseries": {"data": []}}, body({"annualTotalRevenue": [{"asOf": "2024-03-31"}]})]
)
def test_another_shape_is_an_error(found) -> None:
    with pytest.raises(ShapeChanged):
        statements.read("1.T", found)
