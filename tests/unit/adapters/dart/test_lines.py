"""Which line of a statement is taken for which item: the traps of account ids and names."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.adapters.dart.companies import COMMON, PREFERRED
from workbench.adapters.dart.filings import Report
from workbench.adapters.dart.lines import Lines, class_of, normal_name, standard_id
from workbench.adapters.dart.statements import Body, check, facts, number
from workbench.adapters.statements import table
from workbench.errors import ShapeChanged

OWN = "-표준계정코드 미사용-"


def line(sj_div, account_id, account_nm, amount, **more):
    row = {
        "rcept_no": "20240514000001",
        "sj_div": sj_div,
        "account_id": account_id,
        "account_nm": account_nm,
        "account_detail": "-",
        "thstrm_amount": amount,
        "currency": "KRW",
    }
    return row | more


def amount(rows, item, share_class=COMMON):
    found = next(Lines(rows).find(table()[item], share_class), None)
    return None if found is None else found["thstrm_amount"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234.0), ("-1234", -1234.0), ("-1,234.5", -1234.5), ("", None), ("-", None), (None, None), (" 7 ", 7.0)],
)
def test_both_number_styles(text, value):
    assert number(text) == value


def test_another_number_style_is_a_change_of_shape():
    with pytest.raises(ShapeChanged) as caught:
        number("(1,234)")
    assert "(1,234)" in str(caught.value)


def test_old_ids_are_read_as_new_ones():
    assert standard_id("ifrs_Assets") == standard_id("ifrs-full_Assets") == "ifrs-full_Assets"
    assert standard_id("dart_OperatingIncomeLoss") == "dart_OperatingIncomeLoss"
    assert standard_id(OWN) == standard_id("entity00126380_udf_BS_2024") == standard_id(None) == ""


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Ⅰ. 영업이익 (손실)", "영업이익"),
        ("IV.영업이익", "영업이익"),
        ("3) 자산  총계", "자산총계"),
        ("기본주당이익(손실) (단위 : 원)", "기본주당이익"),
        ("보통주 기본주당이익", "기본주당이익"),
        ("분기순이익(손실)", "당기순이익"),
        ("지배기업의 소유주에게 귀속되는 반기순이익", "지배기업의소유주에게귀속되는당기순이익"),
        ("연결당기순이익", "당기순이익"),
        ("우선주자본금", "우선주자본금"),
    ],
)
def test_names_are_compared_without_spaces_brackets_and_numbers(written, plain):
    assert normal_name(written) == plain


def test_a_line_of_its_own_is_matched_by_name_within_its_statement_only():
    rows = [line("CF", OWN, "매출액", "1"), line("IS", OWN, "Ⅰ. 매출액", "2")]
    assert amount(rows, "revenue") == "2"
    assert amount(rows[:1], "revenue") is None


def test_a_line_with_a_foreign_standard_id_is_not_matched_by_its_name():
    assert amount([line("IS", "ifrs-full_OtherRevenue", "매출액", "1")], "revenue") is None


def test_members_of_changes_in_equity_are_no_balance():
    rows = [
        line("SCE", "ifrs-full_Equity", "기말자본", "1", account_detail="자본 [member]|이익잉여금"),
        line("BS", "ifrs-full_Equity", "자본총계", "2", account_detail="별도 [member]"),
        line("BS", "ifrs-full_Equity", "자본총계", "3"),
    ]
    assert amount(rows, "equity_with_minority") == "3"


def test_one_statement_of_income_is_searched_too():
    rows = [line("CIS", "ifrs-full_ProfitLoss", "당기순이익", "1")]
    assert amount(rows, "income_with_minority") == "1"
    assert amount([*rows, line("IS", "ifrs-full_ProfitLoss", "당기순이익", "2")], "income_with_minority") == "2"


def test_the_owners_part_of_comprehensive_income_is_not_net_income():
    rows = [
        line("IS", "ifrs-full_ProfitLoss", "당기순이익", "10"),
        line("CIS", OWN, "지배기업 소유주지분", "99"),
    ]
    assert amount(rows, "net_income") == "10"
    assert amount([line("IS", OWN, "지배기업 소유주지분", "9"), *rows], "net_income") == "9"


def test_the_share_classes_have_their_own_figures():
    tag = "ifrs-full_BasicEarningsLossPerShare"
    rows = [line("IS", tag, "우선주 기본주당이익", "11"), line("IS", tag, "보통주 기본주당이익", "10")]
    assert (amount(rows, "eps_basic"), amount(rows, "eps_basic", PREFERRED)) == ("10", "11")
    members = [line("IS", tag, "기본주당이익", "11", account_detail="주식 [축]|우선주 [구성요소]"), *rows[1:]]
    assert (amount(members, "eps_basic"), amount(members, "eps_basic", PREFERRED)) == ("10", "11")
    both = [line("IS", tag, "보통주 및 우선주 기본주당이익", "12")]
    assert class_of(both[0]) is None
    assert (amount(both, "eps_basic"), amount(both, "eps_basic", PREFERRED)) == ("12", "12")
    assert amount(rows[:1], "eps_basic") is None, "the other class is no substitute"


def test_finance_costs_are_no_interest():
    assert amount([line("IS", "ifrs-full_FinanceCosts", "금융비용", "1")], "interest_expense") is None
    assert amount([line("IS", "ifrs-full_InterestExpense", "이자비용", "2")], "interest_expense") == "2"


def test_a_bank_has_no_revenue_and_no_error():
    rows = [line("BS", "ifrs-full_Assets", "자산총계", "5"), line("IS", OWN, "순이자이익", "1")]
    body = Body(Report("11011", date(2023, 1, 1), date(2023, 12, 31)), "CFS", rows)
    assert {fact.item for fact in facts(body)} == {"total_assets"}


def test_money_spent_is_positive_and_the_currency_is_kept():
    from workbench.adapters.statements import rows as table_rows

    tag = "ifrs-full_PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities"
    for text in ("-300", "300"):
        body = Body(
            Report("11011", date(2023, 1, 1), date(2023, 12, 31)),
            "CFS",
            [line("CF", tag, "유형자산의 취득", text, currency="USD")],
        )
        frame = table_rows("KR", "900000", facts(body), "dart")
        assert frame.select("item", "value", "currency").rows() == [("capital_expenditure", 300.0, "USD")]


@pytest.mark.parametrize("field", ["rcept_no", "sj_div", "account_nm", "account_id", "thstrm_amount"])
def test_a_field_that_is_gone_is_a_change_of_shape(field):
    rows = [line("BS", "ifrs-full_Assets", "자산총계", "5")]
    check(rows, "fnlttSinglAcntAll")
    with pytest.raises(ShapeChanged) as caught:
        check([{name: value for name, value in row.items() if name != field} for row in rows], "fnlttSinglAcntAll")
    assert field in str(caught.value)
