"""Calls, keys and counts: what is asked, what is masked, what is counted."""

from __future__ import annotations

import os
import threading
from datetime import UTC, date, datetime

import pytest

from workbench import journal
from workbench.adapters.base import Request
from workbench.adapters.dart.budget import Budget
from workbench.adapters.dart.companies import PREFERRED, Security
from workbench.adapters.dart.filings import Report
from workbench.adapters.dart.shares import counts, dividends
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable

YEAR = Report("11011", date(2023, 1, 1), date(2023, 12, 31))
COMMON_SHARE = Security("000010", "00000010")


def test_no_error_and_no_log_line_holds_the_key(own, make):
    key = os.environ["DART_API_KEY"]
    for kind in ("reset", "500", "invalid_json", "html", "429"):
        own.heal()
        own.fault(kind, share=1.0)
        with pytest.raises(ProviderError) as caught:
            make().probe()
        error = caught.value
        while error is not None:
            assert key not in f"{error!s}{error!r}{getattr(error, 'context', '')}", kind
            error = error.__cause__ or error.__context__
    assert own.calls[0].query["crtfc_key"] == key
    assert key not in str(journal.read())


def test_a_dropped_connection_slows_down_and_says_why(own, make):
    own.fault("reset", share=1.0)
    adapter = make()
    with pytest.raises(Unreachable) as caught:
        adapter.probe()
    assert "blocked" in caught.value.hint
    assert adapter._service.limiter.pace() < 1.0
    assert [line["action"] for line in journal.read() if line["event"] == "dart.dropped"]


def test_an_error_of_the_service_is_asked_again(own, make):
    own.put("company", "00126380", rows={"corp_name": "삼성전자"})
    own.fault("500", first=1)
    assert "삼성전자" in make().probe()
    assert len(own.calls) == 2


def test_a_company_whose_list_is_silent_is_asked_by_the_calendar_once_a_month(own, make, row, monkeypatch):
    own.put(
        "fnlttSinglAcntAll", "00000010", "2024", "11012", "CFS", rows=[row("20240814000001", "BS", "ifrs_Assets", "7")]
    )
    request = Request("KR", ("000010",), date(2024, 1, 1), date(2025, 6, 30))
    assert make().fetch("fundamentals", request).frame["value"].to_list() == [7.0]
    asked = len(own.calls)
    assert make().fetch("fundamentals", request).frame.height == 1
    assert len(own.calls) == asked
    monkeypatch.setenv("WORKBENCH_NOW", "2025-12-01T09:00:00+00:00")
    assert make().fetch("fundamentals", request).frame.height == 1
    assert len(own.calls) > asked


def test_nobody_named_is_everybody(own, make, row):
    own.put(
        "fnlttSinglAcntAll", "00000010", "2024", "11012", "CFS", rows=[row("20240814000001", "BS", "ifrs_Assets", "7")]
    )
    fetched = make().fetch("fundamentals", Request("KR", None, date(2024, 6, 30), date(2024, 6, 30)))
    assert fetched.frame["ticker"].to_list() == ["000010"]


def test_a_success_without_rows_is_a_change_of_shape(own, make):
    own.put("fnlttSinglAcntAll", "00000010", "2023", "11011", "CFS", rows=[])
    with pytest.raises(ShapeChanged):
        make().fetch("fundamentals", Request("KR", ("000010",), date(2023, 12, 31), date(2023, 12, 31)))


@pytest.mark.parametrize("odd", ["amount", "receipt", "list", "main"])
@pytest.mark.parametrize("table", ["fundamentals", "shares"])
def test_one_company_that_cannot_be_read_does_not_take_the_others_with_it(own, make, row, odd, table):
    own.entries = [(f"0000{number}", f"000000{number}", "20240101") for number in (10, 20, 30)]
    number = "20240315000001"
    for corp in ("00000010", "00000020", "00000030"):
        own.filings(corp, **{"사업보고서 (2023.12)": number})
        own.put("fnlttSinglAcntAll", corp, "2023", "11011", "CFS", rows=[row(number, "BS", "ifrs_Assets", "7")])
        own.put("stockTotqySttus", corp, "2023", "11011", rows=[_counted(number)])
    if odd == "amount":
        own.put("fnlttSinglAcntAll", "00000020", "2023", "11011", "CFS", rows=[row(number, "BS", "ifrs_Assets", "?")])
        own.put("stockTotqySttus", "00000020", "2023", "11011", rows=[_counted(number) | {"istc_totqy": "?"}])
    elif odd == "receipt":
        own.put("fnlttSinglAcntAll", "00000020", "2023", "11011", "CFS", rows=[row("none", "BS", "ifrs_Assets", "7")])
        own.put("stockTotqySttus", "00000020", "2023", "11011", rows=[_counted("none")])
    elif odd == "list":
        own.put("list", "00000020", rows={"total_page": 1, "list": [{"report_nm": "사업보고서 (2023.12)"}]})
    else:
        own.bodies.pop(("fnlttSinglAcntAll", "00000020", "2023", "11011", "CFS"))
        own.put("fnlttSinglAcnt", "00000020", "2023", "11011", rows=[{"rcept_no": number, "sj_div": "BS"}])
        own.put("stockTotqySttus", "00000020", "2023", "11011", rows=[{"rcept_no": number, "se": "보통주"}])
    asked = Request("KR", ("000010", "000020", "000030"), date(2023, 12, 31), date(2023, 12, 31))
    fetched = make().fetch(table, asked)
    assert sorted(set(fetched.frame["ticker"])) == ["000010", "000030"]
    assert [(one.ticker, one.reason) for one in fetched.absent] == [("000020", "unknown")]
    with pytest.raises(ShapeChanged):
        make().fetch(table, Request("KR", ("000020",), date(2023, 12, 31), date(2023, 12, 31)))


def test_calls_used_up_in_mid_batch_are_throttling_until_the_next_day(own, make, row):
    own.entries = [(f"0000{number}", f"000000{number}", "20240101") for number in (10, 20, 30, 40, 50, 60)]
    tickers = tuple(sorted(stock for stock, _, _ in own.entries))
    for _, corp, _ in own.entries:
        own.filings(corp, **{"사업보고서 (2023.12)": "20240315000001"})
        filed = [row("20240315000001", "BS", "ifrs_Assets", "7")]
        own.put("fnlttSinglAcntAll", corp, "2023", "11011", "CFS", rows=filed)
        own.put("alotMatter", corp, "2023", "11011", rows=[{"rcept_no": "20240315000001", "se": "x"}])
    asked = Request("KR", tickers, date(2023, 12, 31), date(2023, 12, 31))
    with pytest.raises(Throttled) as caught:
        make(daily=12).fetch("fundamentals", asked)
    assert 0 < caught.value.context["retry_after"] <= 86_400


def _counted(number):
    return {"rcept_no": number, "se": "보통주", "istc_totqy": "9", "distb_stock_co": "8", "stlm_dt": "2023-12-31"}


def test_digits_that_are_no_date_are_none(own, make):
    own.put("company", "00000010", rows={"acc_mt": "12", "est_dt": "00000000"})
    assert make()._companies.profile("00000010").founded is None


def test_a_list_of_another_shape_is_a_change_of_shape(own, make):
    own.put("list", "00000010", rows={"total_page": 1, "list": [{"report_nm": "사업보고서 (2023.12)"}]})
    with pytest.raises(ShapeChanged) as caught:
        make().fetch("fundamentals", Request("KR", ("000010",), date(2023, 12, 31), date(2023, 12, 31)))
    assert "rcept_no" in str(caught.value)


def test_the_days_calls_are_counted_by_all_and_begin_anew_in_seoul(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path))
    moment = [datetime(2025, 11, 20, 14, 59, tzinfo=UTC)]
    budgets = [Budget("key", 201, lambda: moment[0]) for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: [one.take() for _ in range(40)]) for one in budgets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budgets[0].used() == 160
    for _ in range(38):
        budgets[1].take()
    with pytest.raises(Throttled) as caught:
        budgets[2].take()
    assert caught.value.context["retry_after"] == 60.0
    assert budgets[3].used() == 198, "one in a hundred is spared"
    moment[0] = datetime(2025, 11, 20, 15, 0, tzinfo=UTC)
    budgets[2].take()
    assert budgets[0].used() == 1
    assert "key" not in budgets[0].path.name


def count(se, issued, treasury, held, **more):
    row = {"rcept_no": "20240312000736", "se": se, "stlm_dt": "2023-12-31"}
    return row | {"istc_totqy": issued, "tesstk_co": treasury, "distb_stock_co": held} | more


def counted(*rows, security=COMMON_SHARE):
    return [(one["date"], one["shares_outstanding"], one["basis"]) for one in counts(rows, YEAR, security, "dart")]


def test_shares_are_those_in_the_hands_of_holders():
    day = date(2023, 12, 31)
    assert counted(count("보통주", "1,000", "100", "900")) == [(day, 900.0, "outstanding")]
    assert counted(count("보통주", "1,000", "100", "-")) == [(day, 900.0, "outstanding")]
    assert counted(count("보통주", "1,000", "-", "-")) == [(day, 1000.0, "listed")]
    assert counted(count("보통주", "-", "-", "-")) == []
    assert counted(count("합계", "1,000", "-", "-")) == []


def test_each_class_has_its_own_count_and_later_preferred_ones_have_none():
    rows = [count("보통주", "10", "-", "10"), count("우선주", "4", "1", "3"), count("합계", "14", "1", "13")]
    first, later = Security("000015", "00000010", PREFERRED), Security("00001K", "00000010", PREFERRED, sole=False)
    assert counted(*rows, security=first) == [(date(2023, 12, 31), 3.0, "outstanding")]
    assert counted(*rows, security=later) == []
    two = [count("1우선주", "4", "-", "4"), count("2우선주", "5", "-", "5")]
    assert counted(*two, security=first) == [], "which of them is not said"


def test_a_count_is_available_after_its_receipt_and_never_of_a_day_after_it():
    (row,) = counts([count("보통주", "10", "-", "10")], YEAR, COMMON_SHARE, "dart")
    assert row["available_date"] == date(2024, 3, 13)
    assert counted(count("보통주", "10", "-", "10", stlm_dt="2024-06-30")) == []
    assert counted(count("보통주", "10", "-", "10", stlm_dt="")) == [(date(2023, 12, 31), 10.0, "outstanding")]
    with pytest.raises(ShapeChanged):
        counted({"rcept_no": "20240312000736", "se": "보통주"})


def paid(*rows, share_class="common"):
    return [(fact.value, fact.filing_id) for fact in dividends(rows, YEAR, "CFS", share_class)]


def test_dividends_are_cash_in_won_by_class():
    about = {"rcept_no": "20240312000736", "se": "주당  현금배당금(원)"}
    rows = [
        {**about, "stock_knd": "보통주", "thstrm": "1,444"},
        {**about, "stock_knd": "우선주", "thstrm": "1,445"},
        {**about, "se": "주당 주식배당(주)", "stock_knd": "보통주", "thstrm": "0.1"},
        {**about, "se": "현금배당금총액(백만원)", "thstrm": "9,809,438"},
    ]
    assert paid(*rows) == [(1444.0, "20240312000736-CFS")]
    assert paid(*rows, share_class=PREFERRED) == [(1445.0, "20240312000736-CFS")]
    assert paid({**about, "thstrm": "300"}) == [(300.0, "20240312000736-CFS")]
    assert paid({**about, "thstrm": "-"}) == []
    assert paid({**about, "se": "주당 현금배당금(USD)", "thstrm": "3"}) == []


def test_limits_and_offers_can_be_read_without_a_key(make, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path))
    monkeypatch.delenv("DART_API_KEY", raising=False)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    adapter = make()
    assert set(adapter.offers) == {"fundamentals", "shares"}
    assert "20,000 calls a day" in adapter.limits()
    monkeypatch.setenv("WORKBENCH_RATE_DART", "7/1")
    assert adapter.limits().startswith("7 calls in 1 s; 20,000")
    assert adapter.last_date("KR")
