"""Every recorded body of EDGAR, served over HTTP and read by the adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from edgar_recorded import RecordedServer, fixtures
from local_server import Answer, Call

from workbench.adapters.base import Listing, Request
from workbench.adapters.edgar import Edgar
from workbench.adapters.edgar.companies import Companies
from workbench.adapters.edgar.facts import statement_facts
from workbench.adapters.edgar.service import Service
from workbench.adapters.net import Patience, Rate
from workbench.adapters.statements import rows, table
from workbench.errors import ShapeChanged, Throttled

FAST = (Rate(100_000, 1.0),)
SWIFT = Patience(attempts=2, connect=2.0, read=5.0, deadline=10.0, sleep=lambda seconds: None)
CODES = ("AAPL", "NVDA", "SNOW", "LPA", "NONE")
#: The list was cut; these are not in it, as delisted filers never are.
LISTINGS = {
    "SNOW": Listing(issuer_id="0001640147"),
    "LPA": Listing(issuer_id="1997711"),
    "NONE": Listing(issuer_id="9999999"),
}


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RecordedServer]:
    monkeypatch.setenv("WORKBENCH_NOW", "2026-06-01T12:00:00+00:00")
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("EDGAR_USER_AGENT", "Test test@example.com")
    with RecordedServer(fixtures()) as server:
        monkeypatch.setenv("WORKBENCH_URL_EDGAR", server.url)
        monkeypatch.setenv("WORKBENCH_URL_EDGAR_FILES", server.url)
        yield server


def edgar() -> Edgar:
    return Edgar(patience=SWIFT, rates=FAST)


def test_statements_of_every_recorded_filer() -> None:
    fetched = edgar().fetch("fundamentals", Request("US", CODES, None, None, LISTINGS))
    frame = fetched.frame
    count = dict(frame.group_by("ticker").len().rows())
    assert count == {"AAPL": 2962, "NVDA": 3044, "SNOW": 718, "LPA": 121}
    items = dict(frame.group_by("ticker").agg(pl.col("item").n_unique()).rows())
    assert items == {"AAPL": 35, "NVDA": 36, "SNOW": 27, "LPA": 28}
    assert [(one.ticker, one.reason) for one in fetched.absent] == [("NONE", "not_covered")]
    assert set(frame["period"]) == {"Q", "6M", "9M", "FY", "I"}
    assert (frame["available_date"] > frame["period_end"]).all()
    money = frame.filter(~pl.col("item").str.starts_with("shares_"))
    assert money["currency"].unique().to_list() == ["USD"]
    assert frame.filter(pl.col("item").str.starts_with("shares_"))["currency"].null_count() > 0


def test_counts_of_every_recorded_filer() -> None:
    fetched = edgar().fetch("shares", Request("US", CODES, None, None, LISTINGS))
    count = dict(fetched.frame.group_by("ticker").len().rows())
    # Apple names one day's count in two filings; the 20-F/A of LPA repeats the 20-F.
    assert count == {"AAPL": 67, "NVDA": 68, "SNOW": 18, "LPA": 2}
    apple = fetched.frame.filter(pl.col("ticker") == "AAPL").sort("date")
    assert apple.row(-1, named=True)["shares_outstanding"] == 14_681_140_000
    assert apple.row(-1, named=True)["available_date"] == date(2026, 2, 2)


def test_a_filer_under_ifrs() -> None:
    frame = edgar().fetch("fundamentals", Request("US", ("LPA",), None, None, LISTINGS)).frame
    year = frame.filter(pl.col("period_end") == date(2022, 12, 31), pl.col("vintage") == 1)
    values = dict(year.select("item", "value").rows())
    assert values["net_income"] == 8_028_610
    assert values["income_with_minority"] == 11_441_233
    assert values["total_equity"] == 200_814_005
    assert values["minority_interest"] == 234_066_470 - 200_814_005
    assert values["interest_expense"] == 15_568_346


def test_facts_of_other_forms_are_left_out() -> None:
    import json

    for file in fixtures().glob("companyfacts_CIK*.json"):
        body = json.loads(file.read_text())["facts"]
        kept = {"10-K", "10-Q", "10-K/A", "10-Q/A", "20-F", "20-F/A", "40-F"}
        forms = {
            x["accn"]: x["form"]
            for tags in body.values()
            for tag in tags.values()
            for u in tag["units"].values()
            for x in u
        }
        frame = rows("US", "X", statement_facts(body), "edgar")
        assert {forms[filing] for filing in frame["filing_id"].unique()} <= kept


def test_no_item_is_left_without_a_tag_of_the_sheet() -> None:
    names = table().by("us_gaap")
    assert len(table()) >= 30
    assert names["revenue"][:3] == [
        "RevenueFromContractWithCustomerExcludingAssessedTax",
        "Revenues",
        "SalesRevenueNet",
    ]


def test_the_industry_of_a_recorded_record() -> None:
    frame = edgar().fetch("attributes", Request("US", ("AAPL",), None, None)).frame
    found = frame.select("kind", "value", "valid_from").sort("kind").rows()
    assert found == [
        ("industry", "Electronic Computers", date(2026, 6, 1)),
        ("sector", "Information Technology", date(2026, 6, 1)),
    ]


def test_the_list_of_tickers() -> None:
    companies = Companies(Service(SWIFT, FAST).tickers)
    for ticker, cik in (("AAPL", 320193), ("BRK.B", 1067983), ("BRK-B", 1067983), ("BF/B", 14693), ("ZZZZZ9", None)):
        assert companies.cik(ticker, Listing()) == cik
    assert len(companies._present or {}) == 158


def test_the_page_for_too_many_calls_is_throttling(server: RecordedServer) -> None:
    server.answer = lambda call: Answer(  # type: ignore[method-assign]
        (server.folder / "error_403_rate_or_user_agent.html").read_bytes(), 403, {"Content-Type": "text/html"}
    )
    with pytest.raises(Throttled) as caught:
        edgar().probe()
    assert caught.value.context["retry_after"] == 600
    assert len(server.calls) == 1


def test_a_path_that_does_not_exist_is_no_missing_filer(server: RecordedServer) -> None:
    server.answer = lambda call: Answer(  # type: ignore[method-assign]
        (server.folder / "error_403_AccessDenied.xml").read_bytes(), 403, {"Content-Type": "application/xml"}
    )
    with pytest.raises(ShapeChanged):
        edgar().probe()


@pytest.mark.parametrize(
    "name",
    [
        "frames_empty.json",
        "frames_us-gaap_Assets_USD_CY2023Q4I.json",
        "frames_us-gaap_EarningsPerShareDiluted_USD-per-shares_CY2023.json",
        "frames_us-gaap_NetIncomeLoss_USD_CY2023.json",
        "companyconcept_CIK0000320193_us-gaap_NetIncomeLoss.json",
        "company_tickers_exchange.json",
        "company_tickers.json",
    ],
)
def test_other_bodies_are_never_taken_for_facts(server: RecordedServer, name: str) -> None:
    """Newest values by calendar period are no use for point-in-time rows: nothing asks for them."""

    def answer(call: Call) -> Answer:
        return Answer((server.folder / name).read_bytes())

    server.answer = answer  # type: ignore[method-assign]
    with pytest.raises(ShapeChanged):
        edgar().fetch("fundamentals", Request("US", ("AAPL",), None, None, {"AAPL": Listing(issuer_id="320193")}))
