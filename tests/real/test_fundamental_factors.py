"""Factors of filings on real data, each figure worked out again from the files themselves.

Two sources: the US filings of 2015 to 2017 (no share counts: net income over diluted earnings a share stands
in for them, published into a lake of the test), and the recorded facts of EDGAR for what those filings lack.
Nothing that is expected goes through ``workbench.lake.items``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import nan
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from edgar_recorded import facts, fixtures

from workbench import factors, markets
from workbench.adapters.edgar.counts import counts, share_rows
from workbench.adapters.edgar.facts import statement_facts
from workbench.adapters.statements import rows
from workbench.lake import Lake
from workbench.schemas import TABLES

pytestmark = pytest.mark.real

SEEN = datetime(2026, 6, 1, tzinfo=UTC)
DAY = date(2016, 12, 15)
#: Years that end in December, January, June, July and September.
TICKERS = ("AAPL", "MSFT", "XOM", "WMT", "JNJ", "PG", "INTC", "CSCO", "KO", "MRK")
NAMES = ("earnings_yield", "book_to_price", "sales_to_price", "roe", "asset_growth", "accruals")
YEAR, DRIFT = timedelta(365), timedelta(15)

Report = dict[str, Any]


@pytest.fixture(scope="module")
def reports(real_data: Path) -> dict[str, list[Report]]:
    """Rows of the file by ticker, in the order they were published; of one day the amended one last."""
    frame = pl.read_parquet(real_data / "fundamentals" / "US.parquet").filter(pl.col("ticker").is_in([*TICKERS, "NKE"]))
    result: dict[str, list[Report]] = {}
    for row in frame.sort("available_date", "amend").iter_rows(named=True):
        result.setdefault(row["ticker"], []).append(row)
    return result


@pytest.fixture(scope="module")
def closes(real_data: Path) -> Callable[[str, date], float]:
    """Close as first published."""
    frame = pl.read_parquet(real_data / "ohlcv" / "US.parquet").filter(pl.col("ticker").is_in([*TICKERS, "NKE"]))
    first = frame.sort("published").unique(["ticker", "date"], keep="first")
    found = {(ticker, day): close for ticker, day, close in first.select("ticker", "date", "close").rows()}
    return lambda ticker, day: float(found[ticker, day])


@pytest.fixture(scope="module")
def lake(imported, reports: dict[str, list[Report]], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The imports, and share counts as each report implies them."""
    for name in ("US", "US_fundamentals"):
        _, main = imported(name)
    folder = tmp_path_factory.mktemp("factors") / "lake"
    main.clone(folder)
    lake = Lake(folder, pinned=None)
    given = [
        {
            "region": "US",
            "ticker": ticker,
            "date": report["period_end"],
            "available_date": markets.next_session("US", report["available_date"] - timedelta(1)),
            "shares_outstanding": report["net_income"] / report["eps_diluted"],
            "basis": "weighted",
            "source": "implied",
        }
        for ticker, own in reports.items()
        for report in own
        if report["eps_diluted"] and report["net_income"] / report["eps_diluted"] > 0
    ]
    frame = pl.DataFrame(given, dict(TABLES["shares"].columns)).unique(TABLES["shares"].key, keep="last")
    lake.publish("shares", frame, "US", seen_at=SEEN)
    return lake


def known(reports: Sequence[Report], day: date) -> list[Report]:
    """Reports that were out before a day, the last one of each period, in order of periods."""
    last = {row["period_end"]: row for row in reports if row["available_date"] < day}
    return [last[end] for end in sorted(last)]


def near(reports: Sequence[Report], end: date) -> Report | None:
    return next((row for row in reports if abs(row["period_end"] - end) <= DRIFT), None)


def income_ttm(reports: Sequence[Report], item: str) -> float:
    """Twelve months of an item that a 10-Q gives for the quarter alone and a 10-K for the year."""
    newest = reports[-1]
    if newest["doc_type"] == "10-K":
        return float(newest[item])
    year = next(row for row in reversed(reports) if row["doc_type"] == "10-K")
    inside = [row for row in reports if row["period_end"] > year["period_end"]]
    before = [near(reports, row["period_end"] - YEAR) for row in inside]
    assert all(row is not None and row["doc_type"] == "10-Q" for row in before)
    return float(year[item] + sum(row[item] for row in inside) - sum(row[item] for row in before if row))


def cash_ttm(reports: Sequence[Report]) -> float:
    """Twelve months of operating cash flow, which a 10-Q gives since the year began."""
    newest, item = reports[-1], "cash_flow_operating"
    if newest["doc_type"] == "10-K":
        return float(newest[item])
    year = next(row for row in reversed(reports) if row["doc_type"] == "10-K")
    before = near(reports, newest["period_end"] - YEAR)
    assert before is not None
    return float(year[item] + newest[item] - before[item])


def by_hand(name: str, own: Sequence[Report], close: float) -> float:
    newest, before = own[-1], near(own, own[-1]["period_end"] - YEAR)
    assert before is not None
    worth = close * newest["net_income"] / newest["eps_diluted"]
    income = income_ttm(own, "net_income")
    values: dict[str, Callable[[], float]] = {
        "earnings_yield": lambda: income / worth,
        "book_to_price": lambda: newest["equity"] / worth,
        "sales_to_price": lambda: income_ttm(own, "revenues") / worth,
        "roe": lambda: income / newest["equity"],
        "asset_growth": lambda: newest["assets"] / before["assets"] - 1.0,
        "accruals": lambda: (income - cash_ttm(own)) / ((newest["assets"] + before["assets"]) / 2.0),
    }
    return values[name]()


@pytest.fixture(scope="module")
def scores(lake: Lake) -> factors.Scores:
    return factors.compute(NAMES, lake, "US", start=DAY, end=DAY, universe=list(TICKERS))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ticker", TICKERS)
def test_real_us_figures_are_those_of_the_file(scores, reports, closes, name: str, ticker: str) -> None:
    got = scores.raw[name][0, scores.labels.tickers.index(f"US:{ticker}")]
    assert got == pytest.approx(by_hand(name, known(reports[ticker], DAY), closes(ticker, DAY)), rel=1e-12)


def test_the_implied_count_follows_a_split_that_came_after_the_filing(lake: Lake, reports, closes) -> None:
    """Nike split 2 for 1 on 2015-12-24; its report of August counts shares before, that of November came in January."""
    days = [date(2015, 12, 23), date(2015, 12, 24), date(2015, 12, 30)]
    found = factors.compute(["earnings_yield"], lake, "US", start=days[0], end=days[-1], universe=["NKE"])
    own = known(reports["NKE"], days[-1])
    assert [row["period_end"] for row in own] == [date(2015, 5, 31), date(2015, 8, 31)]
    shares = own[-1]["net_income"] / own[-1]["eps_diluted"]
    for day, ratio in zip(days, (1.0, 2.0, 2.0), strict=True):
        got = found.raw["earnings_yield"][found.labels.dates.tolist().index(day), 0]
        assert got == pytest.approx(own[0]["net_income"] / (closes("NKE", day) * shares * ratio), rel=1e-12)


def test_a_report_counts_from_the_session_after_it_was_out(lake: Lake, reports) -> None:
    """Every session of ten months: growth of assets never uses a report of the day or later."""
    first, last = date(2016, 5, 16), date(2017, 3, 31)
    found = factors.compute(["asset_growth"], lake, "US", start=first, end=last, universe=["XOM"])
    for row, day in enumerate(found.labels.dates.tolist()):
        own = known(reports["XOM"], day)
        before = near(own, own[-1]["period_end"] - YEAR)
        assert before is not None
        want = own[-1]["assets"] / before["assets"] - 1.0
        assert found.raw["asset_growth"][row, 0] == pytest.approx(want, rel=1e-12), day


# EDGAR: what the filings above lack -----------------------------------------------------------------------

CIK = {"AAPL": 320193, "NVDA": 1045810}
#: Any price does, since nothing else depends on it.
PRICE = 50.0
EDGAR_DAY = {"AAPL": date(2018, 11, 30), "NVDA": date(2020, 3, 31)}


@dataclass(frozen=True)
class Annual:
    """Annual accounts in millions, this year and the one before, as their 10-K shows them.

    ``debt`` is all that bears interest; ``long`` what the F-score takes; ``assets`` reaches back two years,
    ``margins`` are operating income and revenue, the newest first; ``shares`` those on the cover, and on the one a
    year before.
    """

    income: tuple[float, float]
    revenue: tuple[float, float]
    gross: tuple[float, float]
    cash_flow: float
    investment: float
    dividends: float
    depreciation: float
    assets: tuple[float, float, float]
    current: tuple[tuple[float, float], tuple[float, float]]
    equity: float
    cash: float
    debt: float
    long: tuple[float, float]
    shares: tuple[float, float]
    margins: tuple[tuple[float, float], ...]


#: Copied from the recorded facts. Apple: 10-K of 2018-11-05 for the year to 2018-09-29, those of 2017-11-03 and
#: 2016-10-26 for the years before. NVIDIA: 10-K of 2020-02-20 for the year to 2020-01-26, those of 2019-02-21 and
#: 2018-02-28 for the years before; its capital expenditure is not among the facts.
ACCOUNTS = {
    "AAPL": Annual(
        income=(59531, 48351),
        revenue=(265595, 229234),
        gross=(101839, 88186),
        cash_flow=77434,
        investment=13313,
        dividends=13712,
        depreciation=10903,
        assets=(365725, 375319, 321686),
        current=((131339, 116866), (128645, 100814)),
        equity=107147,
        cash=25913,
        debt=11964 + 8784 + 93735,
        long=(93735, 97207),
        shares=(4745.398, 5134.312),
        margins=((70898, 265595), (61344, 229234), (60024, 215639), (71230, 233715), (52503, 182795)),
    ),
    "NVDA": Annual(
        income=(2796, 4141),
        revenue=(10918, 11716),
        gross=(6768, 7171),
        cash_flow=4761,
        investment=nan,
        dividends=390,
        depreciation=381,
        assets=(17315, 13292, 11241),
        current=((13690, 1784), (10557, 1329)),
        equity=12204,
        cash=10896,
        debt=1991,
        long=(1991, 1988),
        shares=(612, 606),
        margins=((2846, 10918), (3804, 11716), (3210, 9714), (1934, 6910), (747, 5010)),
    ),
}


def from_accounts(own: Annual) -> dict[str, float]:
    """Every factor of value and quality from the annual accounts."""
    worth = PRICE * own.shares[0]
    margins = [income / revenue for income, revenue in own.margins]
    average = [(own.assets[n] + own.assets[n + 1]) / 2.0 for n in (0, 1)]
    ebitda = own.margins[0][0] + own.depreciation
    signals = (
        own.income[0] > 0,
        own.cash_flow > 0,
        own.income[0] / own.assets[1] > own.income[1] / own.assets[2],
        own.cash_flow > own.income[0],
        own.long[0] / average[0] <= own.long[1] / average[1],
        own.current[0][0] / own.current[0][1] > own.current[1][0] / own.current[1][1],
        own.shares[0] <= own.shares[1],
        own.gross[0] / own.revenue[0] > own.gross[1] / own.revenue[1],
        own.revenue[0] / own.assets[1] > own.revenue[1] / own.assets[2],
    )
    return {
        "earnings_yield": own.income[0] / worth,
        "book_to_price": own.equity / worth,
        "sales_to_price": own.revenue[0] / worth,
        "dividend_yield": own.dividends / worth,
        "fcf_yield": (own.cash_flow - own.investment) / worth,
        "ebitda_to_ev": ebitda / (worth + own.debt - own.cash),
        "roe": own.income[0] / own.equity,
        "gross_profitability": own.gross[0] / own.assets[0],
        "debt_to_equity": own.debt / own.equity,
        "accruals": (own.income[0] - own.cash_flow) / average[0],
        "asset_growth": own.assets[0] / own.assets[1] - 1.0,
        "margin_stability": statistics.mean(margins) / statistics.stdev(margins),
        "piotroski_f": float(sum(signals)),
    }


@pytest.fixture(scope="module")
def edgar(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("edgar-factors") / "lake", pinned=None)
    days = markets.sessions("US", date(2017, 1, 3), date(2020, 6, 30))
    bar = dict.fromkeys(("open", "high", "low", "close"), PRICE) | {"volume": 9.0, "adjusted": "none"}
    more = {"region": "US", "timeframe": "D", "source": "test", "collected_at": SEEN}
    given = [{"ticker": code, "date": day} | bar | more for code in CIK for day in days]
    columns = TABLES["ohlcv"].columns
    frame = pl.DataFrame([{name: row.get(name) for name in columns} for row in given], dict(columns))
    lake.publish("ohlcv", frame, "US", seen_at=SEEN)
    for code, cik in CIK.items():
        body = facts(fixtures(), cik)
        lake.publish("fundamentals", rows("US", code, statement_facts(body), "edgar"), "US", seen_at=SEEN)
        lake.publish("shares", share_rows("US", code, counts(body), "edgar"), "US", seen_at=SEEN)
    return lake


FAMILIES = [name for name in factors.names() if factors.get(name).family in ("value", "quality")]


@pytest.mark.parametrize("code", CIK)
@pytest.mark.parametrize("name", FAMILIES)
def test_recorded_facts_of_edgar_give_the_figures_of_the_annual_accounts(edgar: Lake, name: str, code: str) -> None:
    day = EDGAR_DAY[code]
    found = factors.compute([name], edgar, "US", start=day, end=day, universe=[code])
    want = from_accounts(ACCOUNTS[code])[name]
    assert found.raw[name][0, 0] == pytest.approx(want, rel=1e-12, nan_ok=True)


def test_the_scores_of_apple_and_nvidia_as_read_by_eye() -> None:
    """Apple fails on liquidity, margin and turnover; NVIDIA on return, liquidity, new shares and turnover."""
    assert from_accounts(ACCOUNTS["AAPL"])["piotroski_f"] == 6.0
    assert from_accounts(ACCOUNTS["NVDA"])["piotroski_f"] == 5.0
