"""Distributions and statements: amounts per ten shares, plans, days of announcement, cumulative periods."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from akshare_bodies import EMPTY_REPORT, distribution, report
from local_server import Call

from workbench.adapters.base import Listing, Request
from workbench.errors import ShapeChanged, Throttled

SPAN = (date(2024, 1, 1), date(2026, 11, 19))


def asked(*tickers: str, **listings: Listing) -> Request:
    return Request("CN", tickers, *SPAN, listings)


def actions(pages: Any, make: Any, *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    pages.on["SHAREBONUS"] = report(*rows)
    return make().fetch("actions", asked("600000")).frame.select("ex_date", "kind", "value", "currency").rows()


EX = date(2025, 7, 16)


def test_cash_is_per_ten_shares(pages, make) -> None:
    assert actions(pages, make, distribution()) == [(EX, "dividend", pytest.approx(0.41), "CNY")]


def test_bonus_and_capital_reserve_make_new_shares_per_old_share(pages, make) -> None:
    row = distribution(PRETAX_BONUS_RMB=None, BONUS_RATIO=2, IT_RATIO=3, BONUS_IT_RATIO=5)
    assert actions(pages, make, row) == [(EX, "split", pytest.approx(1.5), None)]


def test_the_sum_of_new_shares_counts_where_it_is_not_split_up(pages, make) -> None:
    row = distribution(PRETAX_BONUS_RMB=None, BONUS_IT_RATIO=4)
    assert actions(pages, make, row) == [(EX, "split", pytest.approx(1.4), None)]


def test_cash_beside_new_shares_is_per_share_held_on_the_ex_date(pages, make) -> None:
    row = distribution(PRETAX_BONUS_RMB=6.0, IT_RATIO=5.0)
    found = actions(pages, make, row)
    assert found == [(EX, "dividend", pytest.approx(0.4), "CNY"), (EX, "split", pytest.approx(1.5), None)]
    # A holder of 10.00 gets 0.60 in cash and half a share: the price without the right is 9.40 / 1.5.
    before, cash, ratio = 10.0, found[0][2], found[1][2]
    assert before / ratio - cash == pytest.approx(9.4 / 1.5)


def test_plans_and_rows_without_an_ex_date_are_no_actions(pages, make) -> None:
    rows = [distribution(ASSIGN_PROGRESS="董事会预案"), distribution(EX_DIVIDEND_DATE=None)]
    assert actions(pages, make, *rows) == []


def test_a_day_in_another_form_does_not_make_a_dividend_vanish(pages, make) -> None:
    with pytest.raises(ShapeChanged, match=r"16\.07\.2025"):
        actions(pages, make, distribution(EX_DIVIDEND_DATE="16.07.2025"))


@pytest.mark.parametrize("table", ["shares", "fundamentals"])
def test_a_share_that_is_known_and_has_no_row_in_the_range_is_said(pages, make, table: str) -> None:
    pages.on["SHAREBONUS"] = report(distribution(NOTICE_DATE="2019-07-10 00:00:00"))
    pages.on["RPT_"] = EMPTY_REPORT
    found = make().fetch(table, asked("600000"))
    assert found.frame.is_empty()
    assert [(one.ticker, one.reason) for one in found.absent] == [("600000", "not_covered")]


def test_no_ticker_named_is_none_and_not_all(pages, make) -> None:
    assert make().fetch("actions", asked()).frame.is_empty()
    assert not pages.calls


def test_a_repeated_row_counts_once_and_two_plans_of_one_day_add_up(pages, make) -> None:
    other = distribution(REPORT_DATE="2024-06-30 00:00:00", PRETAX_BONUS_RMB=1.0)
    assert actions(pages, make, distribution(), distribution(), other) == [(EX, "dividend", pytest.approx(0.51), "CNY")]


def test_share_counts_are_known_after_their_announcement(pages, make) -> None:
    pages.on["SHAREBONUS"] = report(distribution(TOTAL_SHARES=100.0))
    frame = make().fetch("shares", asked("600000")).frame
    assert frame.select("date", "available_date", "shares_outstanding", "basis").rows() == [
        (date(2025, 7, 10), date(2025, 7, 11), 100.0, "outstanding")
    ]


def test_a_listed_share_without_distributions_is_no_absence_an_unlisted_one_is(pages, make) -> None:
    pages.on["SHAREBONUS"] = EMPTY_REPORT
    listed = {"600001": Listing(exchange="XSHG")}
    fetched = make().fetch("actions", asked("600001", "600002", **listed))
    assert [(one.ticker, one.reason) for one in fetched.absent] == [("600002", "not_covered")]


def test_all_codes_of_a_batch_are_asked_in_one_call_and_pages_are_followed(pages, make) -> None:
    def answer(call: Call) -> Any:
        page = int(call.query["pageNumber"])
        return report(distribution(f"60000{page}"), pages=3)

    pages.on["SHAREBONUS"] = answer
    fetched = make().fetch("actions", asked("600001", "600002", "600003"))
    assert fetched.frame["ticker"].to_list() == ["600001", "600002", "600003"]
    assert pages.calls[0].query["filter"] == '(SECURITY_CODE in ("600001","600002","600003"))'
    assert len(pages.calls) == 3


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"result": None, "success": False, "message": "服务器繁忙", "code": 9501}, Throttled),
        ({"result": None, "success": False, "message": "报表配置不存在", "code": 9501}, ShapeChanged),
        ({"success": True}, ShapeChanged),
        (report({"SECURITY_CODE": "600000", "EX_DIVIDEND_DATE": None}), ShapeChanged),
        (report(distribution("600519")), ShapeChanged),
    ],
)
def test_what_is_no_report_is_an_error(pages, make, body: Any, error: type[Exception]) -> None:
    pages.on["SHAREBONUS"] = body
    with pytest.raises(error):
        make().fetch("actions", asked("600000"))


def filed(end: str, noticed: str | None, column: str = "REPORT_DATE", **items: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"SECURITY_CODE": "600000", column: f"{end} 00:00:00", "UPDATE_DATE": "2026-10-30 00:00:00"}
    return row | {"NOTICE_DATE": noticed and f"{noticed} 00:00:00"} | items


def fundamentals(pages: Any, make: Any, **reports: Any) -> Any:
    for name in ("INCOME", "BALANCE", "CASHFLOW", "LICO"):
        pages.on[name] = reports.get(name, EMPTY_REPORT)
    return make().fetch("fundamentals", asked("600000"))


def test_cumulative_figures_are_named_by_their_length(pages, make) -> None:
    ends = {"2025-03-31": "Q", "2025-06-30": "6M", "2025-09-30": "9M", "2025-12-31": "FY"}
    rows = [filed(end, "2026-03-28", TOTAL_OPERATE_INCOME=7.0) for end in ends]
    frame = fundamentals(pages, make, INCOME=report(*rows)).frame.filter(item="revenue")
    assert frame["period"].to_list() == list(ends.values())
    assert set(frame["period_start"]) == {date(2025, 1, 1)}
    assert set(frame["currency"]) == {"CNY"}


def test_a_figure_is_known_after_its_announcement_whatever_changed_later(pages, make) -> None:
    row = filed("2025-03-31", "2025-04-18", "REPORTDATE", PARENT_NETPROFIT=5.0)
    frame = fundamentals(pages, make, LICO=report(row)).frame.filter(item="net_income")
    # A Friday; the next session is Monday.
    assert frame["available_date"].to_list() == [date(2025, 4, 21)]


def test_the_overview_repeats_the_statements_without_a_second_vintage(pages, make) -> None:
    income = report(filed("2025-03-31", "2025-04-18", PARENT_NETPROFIT=5.0, TOTAL_OPERATE_INCOME=9.0))
    overview = report(filed("2025-03-31", "2025-04-18", "REPORTDATE", PARENT_NETPROFIT=5.0, BASIC_EPS=0.1))
    frame = fundamentals(pages, make, INCOME=income, LICO=overview).frame
    assert frame.filter(item="net_income").height == 1
    assert set(frame["vintage"]) == {1}
    assert set(frame["filing_id"]) == {"600000/2025-03-31/2025-04-18"}


def test_instants_have_no_start_and_missing_figures_no_row(pages, make) -> None:
    row = filed("2025-03-31", "2025-04-18", TOTAL_ASSETS=8.0, MONETARYFUNDS=None)
    frame = fundamentals(pages, make, BALANCE=report(row)).frame
    assert frame.select("item", "period", "period_start").rows() == [("total_assets", "I", None)]


def test_a_figure_whose_announcement_is_not_known_is_not_used(pages, make) -> None:
    fetched = fundamentals(pages, make, BALANCE=report(filed("2025-03-31", None, TOTAL_ASSETS=8.0)))
    assert fetched.frame.is_empty()
    assert [one.reason for one in fetched.absent] == ["not_covered"]


def test_a_report_without_a_known_column_changed_its_shape(pages, make) -> None:
    with pytest.raises(ShapeChanged):
        fundamentals(pages, make, BALANCE=report(filed("2025-03-31", "2025-04-18", TOTAL=8.0)))


def test_whole_statements_come_from_the_library_with_the_same_days(pages, make) -> None:
    index = '<html><input id="hidctype" value="4"/></html>'
    pages.on["Index"] = index
    pages.on["DateAjaxNew"] = {"data": [{"REPORT_DATE": "2025-03-31 00:00:00"}]}
    pages.on["lrbAjaxNew"] = {"data": [filed("2025-03-31", "2025-04-18", RESEARCH_EXPENSE=2.0, CURRENCY="CNY")]}
    pages.on["zcfzbAjaxNew"] = {"data": [filed("2025-03-31", "2025-04-18", TOTAL_CURRENT_ASSETS=3.0, GOODWILL=None)]}
    pages.on["xjllbAjaxNew"] = {"data": [filed("2025-03-31", "2025-04-18", FA_IR_DEPR=1.0)]}
    frame = make(full_statements=True).fetch("fundamentals", asked("600000")).frame
    assert dict(frame.select("item", "value").rows()) == {
        "research_development": 2.0,
        "current_assets": 3.0,
        "depreciation": 1.0,
    }
    assert set(frame["available_date"]) == {date(2025, 4, 21)}
    assert pages.asked("lrbAjaxNew")[0].query["code"] == "SH600000"
