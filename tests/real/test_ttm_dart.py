"""Trailing figures of Samsung Electronics from the recorded filings, at ten dates, in billions of won.

Every expected number was read by hand from the recorded bodies:

- filed 2019-04-01 (fnlttSinglAcnt 2018 11011, consolidated): 매출액 243,771,415, 당기순이익 44,344,857 (main accounts
  have no owners' line), 자본총계 247,753,177, 자산총계 339,357,244 million won; no figures per share;
- filed 2021-05-17 (fnlttSinglAcnt 2021 11013, five rows): 자산총계 392,826,274 million won;
- filed 2022-03-08 (fnlttSinglAcntAll 2021 11011, consolidated): 수익(매출액) 279,604,799,
  지배기업의 소유주에게 귀속되는 당기순이익 39,243,791,
  지배기업 소유주지분 296,237,697, 자산총계 426,621,158 million won, 기본주당이익 5,777 won.

The recorded quarters hold no income of the year to date next to a fiscal year, so that the twelve months are those of
the annual reports here; the sum with years to date is tried on bodies of our own in the unit tests.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from math import nan
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from dart_recorded import RecordedDart

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.dart import Dart
from workbench.adapters.net import Rate
from workbench.lake import Lake
from workbench.schemas import TABLES

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parent.parent.parent
ITEMS = ("revenue_ttm", "net_income_ttm", "total_equity", "eps_basic_ttm", "total_assets")
#: Date: revenue, net income, equity, EPS, assets; money in million won.
EXPECTED = {
    date(2019, 4, 1): (nan, nan, nan, nan, nan),  # the day it is filed: not known at the close
    date(2019, 4, 2): (243_771_415, 44_344_857, 247_753_177, nan, 339_357_244),
    date(2019, 12, 30): (243_771_415, 44_344_857, 247_753_177, nan, 339_357_244),
    date(2020, 6, 30): (243_771_415, 44_344_857, 247_753_177, nan, 339_357_244),
    date(2021, 5, 17): (nan, nan, nan, nan, nan),  # nothing filed for 550 days after the period's end
    date(2021, 5, 18): (nan, nan, nan, nan, 392_826_274),
    date(2022, 3, 8): (nan, nan, nan, nan, 392_826_274),  # filed on this day
    date(2022, 3, 10): (279_604_799, 39_243_791, 296_237_697, 5_777, 426_621_158),  # 9 March: closed
    date(2022, 6, 30): (279_604_799, 39_243_791, 296_237_697, 5_777, 426_621_158),
    date(2023, 6, 30): (279_604_799, 39_243_791, 296_237_697, 5_777, 426_621_158),
}


@pytest.fixture(scope="session")
def folder() -> Path:
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    found = shared / "providers" / "dart" / "fixtures"
    if not found.is_dir():
        pytest.skip(f"no recorded bodies at {found}: name their folder's parent in WORKBENCH_SHARED")
    return found


@pytest.fixture
def lake(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", "2026-11-19T12:00:00+00:00")
    monkeypatch.setenv("DART_API_KEY", "0123456789abcdef0123456789abcdef01234567")
    with RecordedDart(folder) as server:
        monkeypatch.setenv("WORKBENCH_URL_DART", server.url)
        adapter = Dart(rates=(Rate(100_000, 1.0),))
        rows = adapter.fetch("fundamentals", Request("KR", ("005930",), date(2015, 1, 1), date(2026, 6, 30))).frame
    made = Lake(tmp_path / "lake", pinned=None)
    made.publish("fundamentals", rows, "KR")
    made.publish("ohlcv", _bars(date(2019, 3, 25), date(2023, 7, 14)), "KR")
    return made


def _bars(start: date, end: date) -> pl.DataFrame:
    """A flat price: only its dates matter here."""
    days = markets.sessions("KR", start, end)
    same = dict.fromkeys(("open", "high", "low", "close"), 50_000.0)
    bar = {"region": "KR", "ticker": "005930", "timeframe": "D", "volume": 1.0, "adjusted": "none", "source": "own"}
    rows = [
        {**bar, **same, "date": day, "turnover": None, "collected_at": datetime(2026, 1, 5, tzinfo=UTC)} for day in days
    ]
    return pl.DataFrame(rows, schema=dict(TABLES["ohlcv"].columns))


def test_twelve_months_at_ten_dates(lake: Lake) -> None:
    panel = lake.panel("KR", items=ITEMS)
    dates = [day.item() for day in panel.dates]
    for day, numbers in EXPECTED.items():
        row = dates.index(day)
        scale = [1.0 if item.startswith("eps") else 1e6 for item in ITEMS]
        got = [panel[item][row, 0] / unit for item, unit in zip(ITEMS, scale, strict=True)]
        np.testing.assert_allclose(got, numbers, rtol=1e-12, err_msg=f"{day}")


def test_no_date_knows_more_than_was_filed_before_it(lake: Lake) -> None:
    rows = lake.read("fundamentals", "KR")
    filed = rows["filing_id"].str.slice(0, 8).str.to_date("%Y%m%d")
    assert (rows["available_date"] > filed).all()
    sessions = [markets.next_session("KR", day) for day in filed]
    assert rows["available_date"].to_list() == sessions
    assert (rows["period_end"] < filed).all()
    # The year 2020 is known from the comparatives of the filing of 2022 only, and dated by it.
    years = rows.filter((pl.col("item") == "revenue") & (pl.col("period_end") == date(2020, 12, 31)))
    assert years.select("available_date", "value").rows() == [(date(2022, 3, 10), 236_806_988_000_000.0)]
    # What the panel shows on a day does not change when later filings are taken away.
    whole = lake.panel("KR", items=ITEMS, end=date(2022, 3, 8))
    for item in ITEMS:
        known = [EXPECTED[day][ITEMS.index(item)] for day in EXPECTED if day <= date(2022, 3, 8)]
        at = [[one.item() for one in whole.dates].index(day) for day in EXPECTED if day <= date(2022, 3, 8)]
        np.testing.assert_allclose(whole[item][at, 0] / (1.0 if item.startswith("eps") else 1e6), known)
