"""Which column of a row is of which period: single quarters, years to date, comparatives, odd fiscal years."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.adapters.dart.companies import Profile
from workbench.adapters.dart.filings import Report, by_calendar, reports
from workbench.adapters.dart.statements import Body, facts
from workbench.adapters.statements import rows as table_rows

REVENUE, CASH_FLOW = "ifrs-full_Revenue", "ifrs-full_CashFlowsFromUsedInOperatingActivities"


def found(report, *lines, founded=None):
    """(item, period start, period end): value."""
    rows = [
        {
            "rcept_no": "20250401000001",
            "sj_div": where,
            "account_id": tag,
            "account_nm": "x",
            "currency": "KRW",
            **cells,
        }
        for where, tag, cells in lines
    ]
    return {(fact.item, fact.start, fact.end): fact.value for fact in facts(Body(report, "CFS", rows), founded)}


def test_the_third_quarter_holds_three_and_nine_months():
    report = Report("11014", date(2024, 1, 1), date(2024, 9, 30))
    got = found(
        report,
        (
            "IS",
            REVENUE,
            {"thstrm_amount": "9", "thstrm_add_amount": "26", "frmtrm_q_amount": "2", "frmtrm_add_amount": "3"},
        ),
        ("CF", CASH_FLOW, {"thstrm_amount": "70", "frmtrm_q_nm": "제 55 기 3분기", "frmtrm_q_amount": "60"}),
        ("BS", "ifrs-full_Assets", {"thstrm_amount": "500", "frmtrm_amount": "400"}),
    )
    assert got == {
        ("revenue", date(2024, 7, 1), date(2024, 9, 30)): 9.0,
        ("revenue", date(2024, 1, 1), date(2024, 9, 30)): 26.0,
        ("revenue", date(2023, 1, 1), date(2023, 9, 30)): 3.0,
        ("operating_cash_flow", date(2024, 1, 1), date(2024, 9, 30)): 70.0,
        ("operating_cash_flow", date(2023, 1, 1), date(2023, 9, 30)): 60.0,
        ("total_assets", None, date(2024, 9, 30)): 500.0,
    }


def test_the_first_quarter_is_told_once():
    report = Report("11013", date(2024, 1, 1), date(2024, 3, 31))
    cells = {"thstrm_amount": "5", "thstrm_add_amount": "5", "frmtrm_q_amount": "4", "frmtrm_add_amount": "4"}
    assert found(report, ("IS", REVENUE, cells)) == {
        ("revenue", date(2024, 1, 1), date(2024, 3, 31)): 5.0,
        ("revenue", date(2023, 1, 1), date(2023, 3, 31)): 4.0,
    }


def test_the_year_is_in_the_plain_column():
    report = Report("11011", date(2024, 1, 1), date(2024, 12, 31))
    cells = {"thstrm_amount": "100", "thstrm_add_amount": "", "frmtrm_amount": "90", "bfefrmtrm_amount": "80"}
    assert found(report, ("CIS", REVENUE, cells)) == {
        ("revenue", date(2024, 1, 1), date(2024, 12, 31)): 100.0,
        ("revenue", date(2023, 1, 1), date(2023, 12, 31)): 90.0,
    }


def test_a_whole_prior_year_is_not_taken_for_a_prior_part_of_one():
    report = Report("11012", date(2024, 1, 1), date(2024, 6, 30))
    whole = {"thstrm_amount": "40", "frmtrm_nm": "제 55 기", "frmtrm_amount": "95"}
    assert set(found(report, ("CF", CASH_FLOW, whole)).values()) == {40.0}
    part = {"thstrm_amount": "40", "frmtrm_nm": "제 55 기 반기", "frmtrm_amount": "35"}
    assert set(found(report, ("CF", CASH_FLOW, part)).values()) == {40.0, 35.0}


def test_a_year_to_date_in_both_columns_is_no_quarter():
    report = Report("11012", date(2024, 1, 1), date(2024, 6, 30))
    lines = [
        ("IS", tag, {"thstrm_amount": value, "thstrm_add_amount": value})
        for tag, value in ((REVENUE, "40"), ("ifrs-full_GrossProfit", "20"), ("ifrs-full_ProfitLoss", "10"))
    ]
    assert {start for _, start, _ in found(report, *lines)} == {date(2024, 1, 1)}


def test_a_company_founded_within_the_year_has_no_full_year():
    report = Report("11011", date(2024, 1, 1), date(2024, 12, 31))
    cells = {"thstrm_amount": "100", "frmtrm_amount": "90"}
    got = found(report, ("IS", REVENUE, cells), founded=date(2024, 6, 1))
    assert got == {("revenue", date(2024, 6, 1), date(2024, 12, 31)): 100.0}


def listed(*names):
    return [{"report_nm": name, "rcept_no": f"2024{number + 1:02d}15000001"} for number, name in enumerate(names)]


def test_the_list_tells_period_kind_and_versions():
    rows = [
        {"report_nm": "사업보고서 (2023.12)", "rcept_no": "20240312000736"},
        {"report_nm": "[기재정정]사업보고서 (2023.12)", "rcept_no": "20240402000001"},
        {"report_nm": "분기보고서 (2024.03)", "rcept_no": "20240516000001"},
        {"report_nm": "특수관계인과의내부거래", "rcept_no": "20240131000326"},
    ]
    year, quarter = reports(rows, Profile())
    assert (year.code, year.start, year.end) == ("11011", date(2023, 1, 1), date(2023, 12, 31))
    assert year.versions == ("20240312000736", "20240402000001")
    assert year.newest == "20240402000001"
    assert year.filed() == date(2024, 4, 2)
    assert (quarter.code, quarter.start, quarter.years) == ("11013", date(2024, 1, 1), (2024,))


def test_fiscal_years_that_end_in_march():
    made = reports(
        listed("사업보고서 (2023.03)", "분기보고서 (2023.06)", "반기보고서 (2023.09)", "분기보고서 (2023.12)"),
        Profile(3),
    )
    assert [one.code for one in made] == ["11011", "11013", "11012", "11014"]
    assert [one.start for one in made] == [date(2022, 4, 1), *[date(2023, 4, 1)] * 3]
    assert made[1].years == (2023, 2024)
    first = reports(listed("분기보고서 (2023.06)"), Profile(3))
    assert (first[0].code, first[0].start) == ("11013", date(2023, 4, 1))


def test_a_fiscal_year_that_was_moved_is_as_long_as_it_was():
    short = reports(listed("사업보고서 (2022.12)", "사업보고서 (2023.06)", "분기보고서 (2023.09)"), Profile(6))
    assert [(one.code, one.start) for one in short] == [
        ("11011", date(2022, 1, 1)),
        ("11011", date(2023, 1, 1)),
        ("11013", date(2023, 7, 1)),
    ]
    body = Body(
        short[1],
        "CFS",
        [
            {"rcept_no": "20230901000001", "sj_div": "IS", "account_id": REVENUE, "account_nm": "매출액"}
            | {"thstrm_amount": "50", "frmtrm_amount": "100", "currency": "KRW"}
        ],
    )
    frame = table_rows("KR", "000010", facts(body), "dart")
    assert frame.select("period", "period_start", "value").rows() == [("6M", date(2023, 1, 1), 50.0)]


@pytest.mark.parametrize(("month", "ends"), [(12, [3, 6, 9, 12]), (3, [3, 6, 9, 12]), (2, [2, 5, 8, 11])])
def test_the_calendar_gives_four_reports_a_year(month, ends):
    made = by_calendar(Profile(month), date(2022, 1, 1), date(2022, 12, 31))
    assert [one.end.month for one in made] == ends
    assert len({one.code for one in made}) == 4
    assert next(one for one in made if one.code == "11011").end.month == month
