"""The list of shares: markets, marks in names, delisted companies, pages that repeat or are missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from akshare_bodies import members
from local_server import Call

from workbench import journal
from workbench.adapters.akshare import symbols
from workbench.adapters.base import Request
from workbench.errors import ShapeChanged, Throttled


def share(code: str, market: int, name: str = "示例股份", **other: Any) -> dict[str, Any]:
    return {"f12": code, "f13": market, "f14": name} | other


def test_the_exchange_is_that_of_the_market_and_the_range(pages, make) -> None:
    rows = [share("600519", 1), share("688981", 1), share("000001", 0), share("300750", 0), share("920002", 0)]
    pages.on["clist"] = members(*rows, share("430047", 0), share("sh0001", 1))
    frame = make().fetch("tickers", Request("CN")).frame
    assert dict(frame.select("ticker", "exchange").rows()) == {
        "600519": "XSHG",
        "688981": "XSHG",
        "000001": "XSHE",
        "300750": "XSHE",
        "920002": "BJSE",
        "430047": "BJSE",
    }
    assert set(frame["share_class"]) == {"A"}


def test_numbers_may_be_text_and_codes_numbers(pages, make) -> None:
    rows = [share("600519", "1", f26=20010827.0), share(1, 0.0, f26="-"), share("900901", "1", f26="1992-02-21")]  # type: ignore[arg-type]
    pages.on["clist"] = members(*rows)
    frame = make().fetch("tickers", Request("CN")).frame
    assert frame.select("ticker", "exchange", "listed_date").rows() == [
        ("000001", "XSHE", None),
        ("600519", "XSHG", date(2001, 8, 27)),
        ("900901", "XSHG", date(1992, 2, 21)),
    ]
    assert pages.asked("clist")[0].query["ut"], "the web page sends its token with every call"


@pytest.mark.parametrize(
    ("written", "plain", "treatment"),
    [
        ("贵州茅台", "贵州茅台", "none"),
        ("万  科Ａ", "万科A", "none"),
        ("XD宁德时", "宁德时", "none"),
        ("N示例", "示例", "none"),
        ("C示例", "示例", "none"),
        ("TCL科技", "TCL科技", "none"),
        ("ST示例", "示例", "ST"),
        ("*ST示例", "示例", "*ST"),
        ("XD*ST示", "示", "*ST"),
        ("S*ST示例", "示例", "*ST"),
        ("S示例", "示例", "none"),
        ("退市示例", "示例", "delisting"),
        ("示例退", "示例", "delisting"),
    ],
)
def test_marks_are_taken_off_the_name_and_treatment_is_kept(written: str, plain: str, treatment: str) -> None:
    assert symbols.plain_name(written) == (plain, treatment)


def test_the_library_is_wrong_only_about_the_market_of_b_shares() -> None:
    for code in ("600519", "688981", "000001", "300750", "920002", "430047"):
        assert symbols.secid("CN", code) == f"{symbols.library_digit(code)}.{code}"
    assert symbols.secid("CN", "900901") == "1.900901"
    assert symbols.library_digit("900901") == "0"


def test_attributes_of_today_are_valid_from_today_and_the_board_since_the_listing(pages, make) -> None:
    pages.on["clist"] = members(share("300750", 0, "*ST示例", f26=20180611, f100="银行"))
    frame = make().fetch("attributes", Request("CN")).frame
    today = date(2026, 11, 20)
    assert {row[0]: row[1:] for row in frame.select("kind", "value", "valid_from").rows()} == {
        "board": ("ChiNext", date(2018, 6, 11)),
        "special_treatment": ("*ST", today),
        "industry": ("银行", today),
        "sector": ("Financials", today),
    }


def delisted(pages: Any, *rows: tuple[str, str, str]) -> None:
    names = ("COMPANY_CODE", "LIST_DATE", "DELIST_DATE")
    pages.on["commonQuery"] = {
        "result": [{"COMPANY_ABBR": "*ST示例"} | dict(zip(names, row, strict=True)) for row in rows]
    }


def test_delisted_companies_are_listings_with_an_end(pages, make) -> None:
    pages.on["clist"] = members(share("600519", 1, f26=20010827))
    delisted(pages, ("600001", "1998-01-22", "2009-12-29"), ("900950", "1999-01-01", "2014-01-01"))
    frame = (
        make().fetch("tickers", Request("CN")).frame.select("ticker", "name", "spell", "listed_date", "delisted_date")
    )
    assert frame.rows() == [
        ("600001", "示例", 1, date(1998, 1, 22), date(2009, 12, 29)),
        ("600519", "示例股份", 1, date(2001, 8, 27), None),
    ]
    # The page of Shenzhen answered 404: the listing stands, and the log says what is missing.
    assert [line["call"] for line in journal.read() if line["event"] == "listing.delisted_missing"] == [
        "stock_info_sz_delist"
    ]


def test_companies_that_are_missing_are_told_with_the_list_and_asked_again(pages, make) -> None:
    pages.on["clist"] = members(share("600519", 1, f26=20010827))
    adapter = make()
    fetched = adapter.fetch("tickers", Request("CN"))
    assert fetched.lacking
    assert fetched.notes == (
        "Companies that left Shanghai may be missing: stock_info_sh_delist of AkShare failed.",
        "Companies that left Shenzhen may be missing: stock_info_sz_delist of AkShare failed.",
    )
    assert not adapter.fetch("attributes", Request("CN")).lacking, "they have no attributes of today"
    delisted(pages, ("600001", "1998-01-22", "2009-12-29"))
    again = adapter.fetch("tickers", Request("CN"))
    assert set(again.frame["ticker"]) == {"600001", "600519"}
    assert [note.split()[3] for note in again.notes] == ["Shenzhen"]


def test_a_list_without_a_page_of_its_delisted_companies_lacks_nothing(pages, make) -> None:
    pages.on["clist"] = members(share("00005", 116))
    fetched = make().fetch("tickers", Request("HK"))
    assert (fetched.notes, fetched.lacking) == ((), False)


def test_a_code_that_is_used_again_has_two_spells(pages, make) -> None:
    pages.on["clist"] = members(share("600001", 1, f26=20200102))
    delisted(pages, ("600001", "1998-01-22", "2009-12-29"))
    frame = make().fetch("tickers", Request("CN")).frame
    assert frame.select("spell", "listed_date").rows() == [(1, date(1998, 1, 22)), (2, date(2020, 1, 2))]


def test_hong_kong_counters_have_their_currency_and_funds_their_type(pages, make) -> None:
    rows = [share("00700", 116, "腾讯控股"), share("80700", 116, "腾讯控股-R"), share("02800", 116, "盈富ETF")]
    pages.on["clist"] = members(*rows)
    frame = make().fetch("tickers", Request("HK")).frame
    assert frame.select("ticker", "currency", "asset_type").rows() == [
        ("00700", "HKD", "stock"),
        ("02800", "HKD", "etf"),
        ("80700", "CNY", "stock"),
    ]


def paged(*found: list[str], total: int) -> Any:
    def answer(call: Call) -> Any:
        page = int(call.query["pn"])
        codes = found[page - 1] if page <= len(found) else []
        return members(*(share(code, 1) for code in codes), total=total)

    return answer


def test_pages_are_followed_by_the_rows_that_a_page_really_has(pages, make) -> None:
    pages.on["clist"] = paged(["600001", "600002"], ["600003", "600004"], ["600005"], total=5)
    assert make().fetch("tickers", Request("CN")).frame.height == 5
    assert len(pages.asked("clist")) == 3


def test_a_page_that_comes_twice_is_an_error(pages, make) -> None:
    pages.on["clist"] = paged(["600001"], ["600001"], total=2)
    with pytest.raises(ShapeChanged):
        make().fetch("tickers", Request("CN"))


@pytest.mark.parametrize("body", [paged(["600001", "600002"], total=4), {"rc": 0, "data": None}])
def test_a_list_that_is_cut_off_is_throttling_and_not_a_market_that_shrank(pages, make, body: Any) -> None:
    pages.on["clist"] = body
    with pytest.raises(Throttled):
        make().fetch("tickers", Request("CN"))


def test_a_list_without_the_market_changed_its_shape(pages, make) -> None:
    pages.on["clist"] = members({"f12": "600519", "f14": "示例"})
    with pytest.raises(ShapeChanged):
        make().fetch("tickers", Request("CN"))


def test_the_list_is_asked_once_for_tickers_and_attributes(pages, make) -> None:
    pages.on["clist"] = members(share("600519", 1))
    adapter = make()
    adapter.fetch("tickers", Request("CN"))
    adapter.fetch("attributes", Request("CN"))
    assert len(pages.asked("clist")) == 1


def test_a_page_that_fails_once_is_asked_again(pages, make) -> None:
    whole = members(share("600519", 1))
    pages.on["clist"] = lambda call: {"rc": 0, "data": None} if call.number == 0 else whole
    assert make().fetch("tickers", Request("CN")).frame.height == 1
