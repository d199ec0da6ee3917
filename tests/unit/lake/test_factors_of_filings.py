"""Factors of filings from a lake: each figure by the day it was known, in the price's currency, on the day's shares."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from workbench import factors, markets
from workbench.factors import inputs

NAN = float("nan")
YEAR = date(2023, 12, 31)


def count(desk: Any, ticker: str, day: date, shares: float) -> None:
    row = {"region": "KR", "ticker": ticker, "date": day, "available_date": day, "shares_outstanding": shares}
    desk.publish("shares", [row | {"source": "desk", "basis": "outstanding"}], "KR")


def raw(desk: Any, name: str, **more: Any) -> Any:
    return factors.compute([name], desk.lake, "KR", **more).raw[name]


@pytest.fixture
def company(desk: Any, days: list[date]) -> Any:
    """1,000 shares at 100."""
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    count(desk, "000010", days[0], 1000.0)
    return desk


def test_a_restatement_counts_from_its_own_day(company: Any, days: list[date]) -> None:
    company.filing("000010", "net_income", YEAR, days[1], 5000.0, period="FY")
    before = raw(company, "earnings_yield")[:, 0]
    np.testing.assert_array_equal(before, [NAN, *[0.05] * 5])
    company.filing("000010", "net_income", YEAR, days[4], 4000.0, period="FY", vintage=2)
    after = raw(company, "earnings_yield")[:, 0]
    np.testing.assert_array_equal(after[:4], before[:4])
    assert after[4:].tolist() == [0.04, 0.04]


def test_a_split_between_filing_and_date_changes_nothing(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", {day: 100.0 if number < 3 else 20.0 for number, day in enumerate(days)})
    desk.action("KR", "000010", days[3], "split", 5.0)
    count(desk, "000010", days[0], 1000.0)
    desk.filing("000010", "net_income", YEAR, days[0], 5000.0, period="FY")
    desk.filing("000010", "dividends_per_share", YEAR, days[0], 3.0, period="FY")
    assert raw(desk, "earnings_yield")[:, 0].tolist() == [0.05] * 6
    np.testing.assert_allclose(raw(desk, "dividend_yield")[:, 0], 0.03, rtol=1e-15)


def test_accounts_in_dollars_meet_a_price_in_won_at_the_rate_of_the_close(company: Any, days: list[date]) -> None:
    company.filing("000010", "net_income", YEAR, days[0], 5.0, period="FY", currency="USD")
    assert np.isnan(raw(company, "earnings_yield")).all()
    for number in (1, 3):
        close = markets.close_time("KR", days[number])
        company.fix("KRW", days[number], 1.0 / (1000.0 * number), close - timedelta(minutes=1))
    np.testing.assert_allclose(raw(company, "earnings_yield")[:, 0], [NAN, 0.05, 0.05, 0.15, 0.15, 0.15], rtol=1e-15)


def test_a_changed_fiscal_year_grows_over_twelve_months(company: Any, days: list[date]) -> None:
    """Years ended in December, from 2023 on in March: the balance sheet a year before March is that of March."""
    ends = [date(2022, 12, 31), date(2023, 3, 31), date(2023, 12, 31), date(2024, 3, 31)]
    values, known = [100.0, 110.0, 150.0, 121.0], [days[0], days[0], days[1], days[3]]
    for end, value, day in zip(ends, values, known, strict=True):
        company.filing("000010", "total_assets", end, day, value, period="I", filing_id=f"{end}")
    growth = raw(company, "asset_growth")[:, 0]
    np.testing.assert_allclose(growth, [NAN, 0.5, 0.5, 0.1, 0.1, 0.1], rtol=1e-12)


def test_classes_share_the_companys_income(company: Any, days: list[date]) -> None:
    company.bars("KR", "000015", dict.fromkeys(days, 50.0))
    count(company, "000015", days[0], 500.0)
    for code, kind in (("000010", "stock"), ("000015", "preferred")):
        company.listing("KR", code, issuer_id="A", asset_type=kind)
        company.filing(code, "net_income", YEAR, days[0], 5000.0, period="FY")
    np.testing.assert_allclose(raw(company, "earnings_yield"), 5000.0 / 125_000.0, rtol=1e-15)


def test_a_receipt_of_two_shares(company: Any, days: list[date]) -> None:
    company.listing("KR", "000010", asset_type="adr", depositary_ratio=2.0)
    company.filing("000010", "net_income", YEAR, days[0], 5000.0, period="FY")
    np.testing.assert_allclose(raw(company, "earnings_yield"), 0.1, rtol=1e-15)


def test_a_receipt_has_the_dividends_of_its_shares_and_its_share_of_the_count(company: Any, days: list[date]) -> None:
    company.listing("KR", "000010", asset_type="adr", depositary_ratio=2.0)
    company.filing("000010", "dividends_per_share", YEAR, days[0], 3.0, period="FY", currency="KRW")
    np.testing.assert_allclose(raw(company, "dividend_yield"), 2 * 3.0 / 100.0, rtol=1e-15)
    panel = company.lake.panel("KR", items=("shares_outstanding",))
    every = panel.sessions("KR"), np.arange(1)
    assert inputs.load("shares_outstanding", panel, *every)[:, 0].tolist() == [500.0] * 6
    assert inputs.load("market_cap", panel, *every)[:, 0].tolist() == [50_000.0] * 6, "not given by the lake"


def test_financials_have_no_free_cash_flow_but_a_return(company: Any, days: list[date]) -> None:
    for item, value in (("operating_cash_flow", 900.0), ("capital_expenditure", 100.0), ("net_income", 500.0)):
        company.filing("000010", item, YEAR, days[0], value, period="FY", filing_id=item)
    company.filing("000010", "total_equity", YEAR, days[0], 5000.0, period="I", filing_id="equity")
    assert raw(company, "fcf_yield")[:, 0].tolist() == [0.008] * 6
    row = {"region": "KR", "ticker": "000010", "kind": "sector", "value": "Financials", "source": "desk"}
    company.publish("attributes", [row | {"valid_from": days[3]}], "KR")
    np.testing.assert_array_equal(raw(company, "fcf_yield")[:, 0], [*[0.008] * 3, NAN, NAN, NAN])
    assert raw(company, "roe")[:, 0].tolist() == [0.1] * 6


def test_negative_equity_has_neither_book_nor_return(company: Any, days: list[date]) -> None:
    company.filing("000010", "net_income", YEAR, days[0], 500.0, period="FY", filing_id="a")
    company.filing("000010", "total_equity", YEAR, days[0], -1.0, period="I", filing_id="b")
    assert np.isnan(raw(company, "roe")).all()
    assert np.isnan(raw(company, "book_to_price")).all()
    assert np.isfinite(raw(company, "earnings_yield")).all()


def test_one_day_alone_equals_the_whole_run(company: Any, days: list[date]) -> None:
    company.filing("000010", "net_income", YEAR, days[1], 5000.0 / 3.0, period="FY")
    whole = raw(company, "earnings_yield")
    for number, day in enumerate(days):
        np.testing.assert_array_equal(raw(company, "earnings_yield", start=day, end=day)[0], whole[number])
