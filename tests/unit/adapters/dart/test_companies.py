"""From a stock code to the company that files for it."""

from __future__ import annotations

import pytest

from workbench.adapters.base import Listing, Request
from workbench.adapters.dart.companies import PREFERRED, Security


def find(adapter, ticker, issuer=None):
    return adapter._companies.find(ticker, issuer)


def test_preferred_shares_file_with_the_common_share(own, make):
    own.entries = [("005930", "00126380", "20240101"), ("007810", "00152686", "20240101")]
    adapter = make()
    assert find(adapter, "005930") == Security("005930", "00126380")
    assert find(adapter, "005935") == Security("005935", "00126380", PREFERRED)
    assert find(adapter, "00781K") == Security("00781K", "00152686", PREFERRED, sole=False)
    assert find(adapter, "007811") is None
    assert find(adapter, "069500") is None


def test_a_code_that_ends_like_a_preferred_share_may_be_a_company_of_its_own(own, make):
    own.entries = [("000140", "00000014", "20240101"), ("000145", "00000145", "20240101")]
    assert find(make(), "000145") == Security("000145", "00000145")


def test_unlisted_companies_are_left_out_and_blanks_are_no_code(own, make):
    own.entries = [(" ", "00434003", "20170630"), ("005930", "00126380", "20240101")]
    assert list(make()._companies._list()) == ["005930"]


def test_of_two_companies_the_newest_that_says_the_code_is_its_own(own, make):
    own.entries = [("000010", "00000001", "20200101"), ("000010", "00000002", "20240101")]
    assert find(make(), "000010").corp == "00000002", "nobody says: the newest entry"
    own.put("company", "00000001", rows={"stock_code": "000010"})
    own.put("company", "00000002", rows={"stock_code": " "})
    own.entries.append(("000020", "00000003", "20240101"))
    adapter = make()
    adapter._answers.folder = adapter._answers.folder.with_name("fresh")
    assert find(adapter, "000010").corp == "00000001"


def test_what_the_lake_knows_of_the_company_goes_first(own, make):
    own.entries = [("000010", "00000001", "20240101")]
    adapter = make()
    assert find(adapter, "000010", "00000777").corp == "00000777"
    assert find(adapter, "000010", "SAMPLE-KR-00001").corp == "00000001"


def test_the_list_is_asked_once_a_day(own, make, monkeypatch):
    find(make(), "000010")
    find(make(), "000010")
    assert len(own.asked("corpCode")) == 1
    monkeypatch.setenv("WORKBENCH_NOW", "2025-11-21T09:00:01+00:00")
    find(make(), "000010")
    assert len(own.asked("corpCode")) == 2


@pytest.mark.parametrize("text", ["{", '{"at": "x", "companies": {}}', "[]"])
def test_a_kept_list_that_is_spoilt_is_asked_again(own, make, tmp_path, text):
    path = tmp_path / "state" / "dart" / "companies.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert find(make(), "000010").corp == "00000010"


def test_nobody_is_asked_about_a_code_without_a_company(own, make):
    fetched = make().fetch("fundamentals", Request("KR", ("069500",), listings={"069500": Listing()}))
    assert [gap.reason for gap in fetched.absent] == ["not_covered"]
    assert [call.path for call in own.calls] == ["/corpCode.xml"]
