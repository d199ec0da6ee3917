"""What was known when: receipts, corrections, one basis a series, trailing twelve months on the panel."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import Request
from workbench.lake import Lake
from workbench.schemas import TABLES

CORP, TICKER = "00000010", "000010"
REVENUE, PROFIT = "ifrs-full_Revenue", "ifrs-full_ProfitLossAttributableToOwnersOfParent"
EQUITY, EPS = "ifrs-full_EquityAttributableToOwnersOfParent", "ifrs-full_BasicEarningsLossPerShare"
FIRST, LAST = date(2023, 1, 1), date(2025, 11, 20)


def fetch(adapter, start=FIRST, end=LAST, table="fundamentals"):
    return adapter.fetch(table, Request("KR", (TICKER,), start, end))


def full(own, year, code, rows, basis="CFS"):
    own.put("fnlttSinglAcntAll", CORP, year, code, basis, rows=rows)


def known(frame, item, day):
    """The newest value of each period that could be used on a day."""
    rows = frame.filter((pl.col("item") == item) & (pl.col("available_date") <= day)).sort("vintage")
    newest = rows.unique(["period_end", "period"], keep="last")
    return {(end, period): value for end, period, value in newest.select("period_end", "period", "value").iter_rows()}


def test_a_corrected_report_is_known_from_its_correction_on(own, make, row):
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001", "[기재정정]사업보고서 (2023.12)": "20240610000001"})
    full(own, "2023", "11011", [row("20240610000001", "IS", REVENUE, "100")])
    frame = fetch(make()).frame
    assert frame.select("available_date", "filing_id", "vintage").rows() == [
        (date(2024, 6, 11), "20240610000001-CFS", 1)
    ]


def test_the_original_stays_where_it_was_taken_in_before_the_correction(own, make, row, tmp_path, monkeypatch):
    lake = Lake(tmp_path / "lake", pinned=None)
    monkeypatch.setenv("WORKBENCH_NOW", "2024-03-29T09:00:00+00:00")
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001"})
    full(own, "2023", "11011", [row("20240320000001", "IS", REVENUE, "100")])
    lake.publish("fundamentals", fetch(make()).frame, "KR")
    monkeypatch.setenv("WORKBENCH_NOW", "2024-07-01T09:00:00+00:00")
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001", "[기재정정]사업보고서 (2023.12)": "20240610000001"})
    full(own, "2023", "11011", [row("20240610000001", "IS", REVENUE, "90")])
    lake.publish("fundamentals", fetch(make()).frame, "KR")
    rows = lake.read("fundamentals", "KR").sort("available_date")
    assert rows.select("available_date", "value").rows() == [(date(2024, 3, 21), 100.0), (date(2024, 6, 11), 90.0)]


def test_a_restated_comparative_is_a_further_vintage(own, make, row):
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001", "사업보고서 (2024.12)": "20250320000001"})
    full(own, "2023", "11011", [row("20240320000001", "IS", REVENUE, "100", frmtrm_amount="80")])
    full(own, "2024", "11011", [row("20250320000001", "IS", REVENUE, "120", frmtrm_amount="97")])
    frame = fetch(make()).frame
    year = (date(2023, 12, 31), "FY")
    assert known(frame, "revenue", date(2025, 3, 20))[year] == 100.0
    assert known(frame, "revenue", date(2025, 3, 21))[year] == 97.0
    only_2023 = fetch(make(), date(2023, 12, 31), date(2023, 12, 31)).frame
    assert only_2023["vintage"].to_list() == [1, 2], "a range of days changes no vintage"


def test_a_series_is_consolidated_or_separate_never_both(own, make, row, monkeypatch):
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001", "분기보고서 (2024.03)": "20240516000001"})
    full(own, "2023", "11011", [row("20240320000001", "IS", REVENUE, "50")], basis="OFS")
    full(own, "2024", "11013", [row("20240516000001", "IS", REVENUE, "30")])
    fetched = fetch(make())
    assert fetched.frame["filing_id"].to_list() == ["20240516000001-CFS"]
    assert [(gap.start, gap.reason) for gap in fetched.absent] == [(date(2023, 12, 31), "not_covered")]
    del own.bodies["fnlttSinglAcntAll", CORP, "2024", "11013", "CFS"]
    full(own, "2024", "11013", [row("20240601000001", "IS", REVENUE, "20")], basis="OFS")
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001", "분기보고서 (2024.03)": "20240601000001"})
    monkeypatch.setenv("WORKBENCH_NOW", "2025-11-21T09:00:00+00:00")
    assert sorted(fetch(make()).frame["filing_id"].to_list()) == ["20240320000001-OFS", "20240601000001-OFS"]


def test_the_receipt_tells_the_business_year_of_a_year_that_ends_in_march(own, make, row):
    own.put("company", CORP, rows={"acc_mt": "03", "stock_code": TICKER})
    own.filings(CORP, **{"사업보고서 (2024.03)": "20240620000001", "사업보고서 (2025.03)": "20250620000001"})
    # Whether the service names a year by its beginning or its end: both readings come out alike.
    for names in (
        {"2023": "20240620000001", "2024": "20250620000001"},
        {"2024": "20240620000001", "2025": "20250620000001"},
    ):
        own.bodies = {key: rows for key, rows in own.bodies.items() if key[0] != "fnlttSinglAcntAll"}
        for year, number in names.items():
            full(own, year, "11011", [row(number, "IS", REVENUE, number[3])])
        adapter = make()
        adapter._answers.folder = adapter._answers.folder / "-".join(names)
        frame = fetch(adapter).frame.sort("period_end")
        assert frame.select("period_start", "period_end", "value").rows() == [
            (date(2023, 4, 1), date(2024, 3, 31), 4.0),
            (date(2024, 4, 1), date(2025, 3, 31), 5.0),
        ]


def test_the_neighbour_of_a_report_is_not_taken_for_it(own, make, row):
    own.put("company", CORP, rows={"acc_mt": "03", "stock_code": TICKER})
    own.filings(CORP, **{"사업보고서 (2023.03)": "20230620000001", "사업보고서 (2025.03)": "20250620000001"})
    full(own, "2023", "11011", [row("20250620000001", "IS", REVENUE, "5")])
    assert fetch(make(), date(2023, 3, 31), date(2023, 3, 31)).frame.is_empty()


def test_a_report_whose_statements_are_not_there_yet_is_asked_again(own, make, row):
    own.filings(CORP, **{"분기보고서 (2025.09)": "20251114000001"})
    fetched = fetch(make())
    assert [(gap.start, gap.reason) for gap in fetched.absent] == [(date(2025, 9, 30), "unknown")]
    full(own, "2025", "11014", [row("20251114000001", "BS", EQUITY, "7")])
    assert fetch(make()).frame["value"].to_list() == [7.0]


def test_an_old_report_without_statements_is_asked_once(own, make):
    own.filings(CORP, **{"사업보고서 (2023.12)": "20240320000001"})
    assert [gap.reason for gap in fetch(make()).absent] == ["not_covered"]
    asked = len(own.asked("fnlttSinglAcntAll"))
    fetch(make())
    assert len(own.asked("fnlttSinglAcntAll")) == asked == 2


def test_an_impossible_receipt_is_no_report(own, make, row):
    own.put("company", CORP, rows={"acc_mt": "12"})
    full(own, "2024", "11011", [row("20241101000001", "IS", REVENUE, "1")])
    fetched = fetch(make())
    assert fetched.frame.is_empty()
    assert [gap.reason for gap in fetched.absent] == ["not_covered"]


@pytest.fixture
def trailing(own, make, row, tmp_path):
    """A lake with one year, three quarters, a restated comparative, and a split of five for one."""
    own.filings(
        CORP,
        **{
            "사업보고서 (2023.12)": "20240320000001",
            "분기보고서 (2024.03)": "20240516000001",
            "반기보고서 (2024.06)": "20240814000001",
            "사업보고서 (2024.12)": "20250320000001",
        },
    )
    year = {"frmtrm_amount": "900"}
    full(
        own,
        "2023",
        "11011",
        [row("20240320000001", "IS", REVENUE, "1000", **year), row("20240320000001", "IS", EPS, "500")],
    )
    first = {"thstrm_add_amount": "300", "frmtrm_q_amount": "240", "frmtrm_add_amount": "240"}
    full(
        own,
        "2024",
        "11013",
        [
            row("20240516000001", "IS", REVENUE, "300", **first),
            row("20240516000001", "IS", EPS, "150", thstrm_add_amount="150", frmtrm_add_amount="120"),
            row("20240516000001", "BS", EQUITY, "5000"),
        ],
    )
    # After the split the comparative is told in new shares: 48 is a fifth of 240.
    half = {"thstrm_add_amount": "620", "frmtrm_q_amount": "250", "frmtrm_add_amount": "490"}
    full(
        own,
        "2024",
        "11012",
        [
            row("20240814000001", "IS", REVENUE, "320", **half),
            row("20240814000001", "IS", EPS, "32", thstrm_add_amount="62", frmtrm_add_amount="48"),
        ],
    )
    full(
        own,
        "2024",
        "11011",
        [
            row("20250320000001", "IS", REVENUE, "1300", frmtrm_amount="980"),
            row("20250320000001", "IS", EPS, "130", frmtrm_amount="98"),
        ],
    )
    lake = Lake(tmp_path / "lake", pinned=None)
    lake.publish("fundamentals", fetch(make()).frame, "KR")
    days = markets.sessions("KR", date(2024, 3, 18), date(2025, 4, 30))
    bar = {"region": "KR", "ticker": TICKER, "timeframe": "D", "volume": 1.0, "adjusted": "none", "source": "own"}
    seen = {"collected_at": datetime(2026, 1, 5, tzinfo=UTC), "turnover": None}
    close = [
        dict.fromkeys(("open", "high", "low", "close"), 5000.0 if day < date(2024, 7, 1) else 1000.0) for day in days
    ]
    bars = [{**bar, **seen, **price, "date": day} for day, price in zip(days, close, strict=True)]
    lake.publish("ohlcv", pl.DataFrame(bars, schema=dict(TABLES["ohlcv"].columns)), "KR")
    split = {"region": "KR", "ticker": TICKER, "ex_date": date(2024, 7, 1), "kind": "split", "value": 5.0}
    action = pl.DataFrame([{**split, "currency": None, "source": "own"}], schema=dict(TABLES["actions"].columns))
    lake.publish("actions", action, "KR")
    return lake


def test_twelve_months_are_year_plus_to_date_minus_to_date_a_year_before(trailing):
    panel = trailing.panel("KR", items=("revenue_ttm", "eps_basic_ttm", "total_equity"))
    dates = [day.item() for day in panel.dates]
    expected = {
        date(2024, 3, 20): (np.nan, np.nan, np.nan),  # filed today
        date(2024, 3, 21): (1000.0, 500.0, np.nan),
        date(2024, 5, 16): (1000.0, 500.0, np.nan),
        date(2024, 5, 17): (1000.0 + 300 - 240, 500.0 + 150 - 120, 5000.0),
        date(2024, 6, 28): (1060.0, 530.0, 5000.0),
        date(2024, 7, 1): (1060.0, 106.0, 5000.0),  # five new shares for one
        date(2024, 8, 14): (1060.0, 106.0, 5000.0),
        date(2024, 8, 16): (1000.0 + 620 - 490, 100.0 + 62 - 48, 5000.0),  # 15 August: closed
        date(2025, 3, 20): (1130.0, 114.0, 5000.0),
        date(2025, 3, 21): (1300.0, 130.0, 5000.0),
    }
    for day, numbers in expected.items():
        got = [panel[item][dates.index(day), 0] for item in ("revenue_ttm", "eps_basic_ttm", "total_equity")]
        np.testing.assert_allclose(got, numbers, rtol=1e-12, err_msg=f"{day}")
