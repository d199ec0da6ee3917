"""Twelve months of Apple and NVIDIA from their recorded filings, against figures worked out by hand.

Each figure below was copied from the facts of the filings that are named, in millions of dollars and dollars a
share: the fiscal year, the year to date and the year to date a year before. Nothing in the tables was computed by
the code that is tested.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from edgar_recorded import facts, fixtures

from workbench import markets
from workbench.adapters.edgar.counts import counts, share_rows
from workbench.adapters.edgar.facts import statement_facts
from workbench.adapters.statements import rows
from workbench.lake import Lake
from workbench.lake.panel import Panel
from workbench.schemas import TABLES

SEEN = datetime(2026, 6, 1, tzinfo=UTC)
CIK = {"AAPL": 320193, "NVDA": 1045810}
#: Ex dates and new shares per old one.
SPLITS = {
    "AAPL": [(date(2014, 6, 9), 7.0), (date(2020, 8, 31), 4.0)],
    "NVDA": [(date(2021, 7, 20), 4.0), (date(2024, 6, 10), 10.0)],
}
ITEMS = ("revenue_ttm", "net_income_ttm", "total_equity", "eps_diluted_ttm", "eps_diluted", "shares_outstanding")


@dataclass(frozen=True)
class At:
    """What was known on a day: (fiscal year, year to date, the same a year before) of flows, and equity.

    ``shares`` divides each of the three figures a share: new shares since its filing for each share of then.
    """

    day: str
    revenue: tuple[float, ...]
    net_income: tuple[float, ...]
    equity: float
    eps: tuple[float, ...]
    shares: tuple[float, ...] = (1.0, 1.0, 1.0)
    filings: str = ""

    @staticmethod
    def ttm(parts: tuple[float, ...]) -> float:
        return parts[0] if len(parts) == 1 else parts[0] + parts[1] - parts[2]

    def eps_ttm(self) -> float:
        return self.ttm(tuple(part / ratio for part, ratio in zip(self.eps, self.shares, strict=False)))


APPLE = (
    # The first annual report with tagged facts, filed on 2009-10-27.
    At("2009-10-28", (36537,), (5704,), 27832, (6.29,), filings="10-K 0001193125-09-214859"),
    # On 2010-01-25 the year is restated (10-K/A) and the first quarter filed: not known on that day.
    At("2010-01-25", (36537,), (5704,), 27832, (6.29,), filings="10-K 0001193125-09-214859"),
    At(
        "2010-01-26",
        (42905, 15683, 11880),
        (8235, 3378, 2255),
        35768,
        (9.08, 3.67, 2.50),
        filings="10-K/A 0001193125-10-012091, 10-Q 0001193125-10-012085",
    ),
    # A year of 53 weeks.
    At("2012-11-01", (156508,), (41733,), 118210, (44.15,), filings="10-K 0001193125-12-444068"),
    # The last session before the split of 7 for 1, and its ex date: no filing lies between.
    At(
        "2014-06-06",
        (170910, 103240, 98115),
        (37037, 23295, 22625),
        120179,
        (39.75, 26.16, 23.90),
        filings="10-K 0001193125-13-416534, 10-Q 0001193125-14-157311",
    ),
    At(
        "2014-06-09",
        (170910, 103240, 98115),
        (37037, 23295, 22625),
        120179,
        (39.75, 26.16, 23.90),
        (7.0, 7.0, 7.0),
        filings="10-K 0001193125-13-416534, 10-Q 0001193125-14-157311",
    ),
    At("2018-11-06", (265595,), (59531,), 107147, (11.91,), filings="10-K 0000320193-18-000145"),
    # The last session before the split of 4 for 1, and its ex date.
    At(
        "2020-08-28",
        (260174, 209817, 196134),
        (55256, 44738, 41570),
        72282,
        (11.89, 10.16, 8.86),
        filings="10-K 0000320193-19-000119, 10-Q 0000320193-20-000062",
    ),
    At(
        "2020-08-31",
        (260174, 209817, 196134),
        (55256, 44738, 41570),
        72282,
        (11.89, 10.16, 8.86),
        (4.0, 4.0, 4.0),
        filings="10-K 0000320193-19-000119, 10-Q 0000320193-20-000062",
    ),
    # The annual report of 2020-10-30 restates earlier figures a share for the split; known one session later.
    At("2020-11-02", (274515,), (57411,), 65339, (3.28,), filings="10-K 0000320193-20-000096"),
    At(
        "2026-02-02",
        (416161, 143756, 124300),
        (112010, 42097, 36330),
        88190,
        (7.46, 2.84, 2.40),
        filings="10-K 0000320193-25-000079, 10-Q 0000320193-26-000006",
    ),
)
NVIDIA = (
    At("2010-03-19", (3326.445,), (-67.987,), 2665.140, (-0.12,), filings="10-K 0001045810-10-000006"),
    # A year of 53 weeks that ends in January.
    At("2016-03-18", (5010,), (614,), 4469, (1.08,), filings="10-K 0001045810-16-000205"),
    At(
        "2018-08-16",
        (9714, 3207, 1937),
        (3047, 1244, 507),
        7717,
        (4.82, 1.98, 0.79),
        filings="10-K 0001045810-18-000010, 10-Q 0001045810-18-000080",
    ),
    # The 10-K tags its second quarter (2,230) as half a year; the 10-Q of 2018-08-16 has the half year (4,167).
    At(
        "2018-08-17",
        (9714, 6330, 4167),
        (3047, 2345, 1091),
        8795,
        (4.82, 3.74, 1.71),
        filings="10-K 0001045810-18-000010, 10-Q 0001045810-18-000114",
    ),
    # The last session before the split of 4 for 1, and its ex date.
    At(
        "2021-07-19",
        (16675, 5661, 3080),
        (4332, 1912, 917),
        18774,
        (6.90, 3.03, 1.47),
        filings="10-K 0001045810-21-000010, 10-Q 0001045810-21-000064",
    ),
    At(
        "2021-07-20",
        (16675, 5661, 3080),
        (4332, 1912, 917),
        18774,
        (6.90, 3.03, 1.47),
        (4.0, 4.0, 4.0),
        filings="10-K 0001045810-21-000010, 10-Q 0001045810-21-000064",
    ),
    # The year was filed before the split, both years to date after it.
    At(
        "2021-08-23",
        (16675, 12168, 6946),
        (4332, 4285, 1539),
        21147,
        (6.90, 1.69, 0.62),
        (4.0, 1.0, 1.0),
        filings="10-K 0001045810-21-000010, 10-Q 0001045810-21-000131",
    ),
    At("2024-02-22", (60922,), (29760,), 42978, (11.93,), filings="10-K 0001045810-24-000029"),
    # The last session before the split of 10 for 1, and its ex date.
    At(
        "2024-06-07",
        (60922, 26044, 7192),
        (29760, 14881, 2043),
        49142,
        (11.93, 5.98, 0.82),
        filings="10-K 0001045810-24-000029, 10-Q 0001045810-24-000124",
    ),
    At(
        "2024-06-10",
        (60922, 26044, 7192),
        (29760, 14881, 2043),
        49142,
        (11.93, 5.98, 0.82),
        (10.0, 10.0, 10.0),
        filings="10-K 0001045810-24-000029, 10-Q 0001045810-24-000124",
    ),
    At("2025-02-27", (130497,), (72880,), 79327, (2.94,), filings="10-K 0001045810-25-000023"),
    At(
        "2026-05-21",
        (215938, 81615, 44062),
        (120067, 58321, 18775),
        195474,
        (4.90, 2.39, 0.76),
        filings="10-K 0001045810-26-000021, 10-Q 0001045810-26-000052",
    ),
)
TABLE = [("AAPL", one) for one in APPLE] + [("NVDA", one) for one in NVIDIA]


def fill(lake: Lake, filed_before: date = date.max) -> None:
    """Bars on every session, the splits, and what was filed before a day."""
    days = markets.sessions("US", date(2009, 7, 1), date(2026, 5, 29))
    bar = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 9.0, "adjusted": "none", "collected_at": SEEN}
    publish(lake, "ohlcv", [{"ticker": code, "timeframe": "D", "date": day} | bar for code in CIK for day in days])
    publish(
        lake,
        "actions",
        [
            {"ticker": code, "ex_date": day, "kind": "split", "value": value}
            for code, splits in SPLITS.items()
            for day, value in splits
        ],
    )
    folder = fixtures()
    for code, cik in CIK.items():
        body = until(facts(folder, cik), filed_before)
        lake.publish("fundamentals", rows("US", code, statement_facts(body), "edgar"), "US", seen_at=SEEN)
        lake.publish("shares", share_rows("US", code, counts(body), "edgar"), "US", seen_at=SEEN)


def publish(lake: Lake, table: str, given: Iterable[dict[str, Any]]) -> None:
    declared = TABLES[table]
    usual = {"region": "US", "source": "test"}
    full = [{name: (usual | row).get(name) for name in declared.columns} for row in given]
    lake.publish(table, pl.DataFrame(full, schema=dict(declared.columns)), "US", seen_at=SEEN)


def until(body: dict[str, Any], day: date) -> dict[str, Any]:
    """The facts without the filings from a day on."""
    return {
        taxonomy: {
            name: {
                "units": {
                    unit: [x for x in given if x["filed"] < day.isoformat()] for unit, given in tag["units"].items()
                }
            }
            for name, tag in tags.items()
        }
        for taxonomy, tags in body.items()
    }


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    lake = Lake(tmp_path_factory.mktemp("edgar") / "lake", pinned=None)
    fill(lake)
    return lake.panel("US", items=ITEMS, fields=("close",))


def value(panel: Panel, item: str, code: str, day: str) -> float:
    return float(panel[item][panel.dates.tolist().index(date.fromisoformat(day)), panel.column(f"US:{code}")])


@pytest.mark.parametrize(("code", "at"), TABLE, ids=lambda one: one if isinstance(one, str) else one.day)
def test_twelve_months_are_those_of_the_filings(panel: Panel, code: str, at: At) -> None:
    assert value(panel, "revenue_ttm", code, at.day) == pytest.approx(at.ttm(at.revenue) * 1e6, rel=1e-12)
    assert value(panel, "net_income_ttm", code, at.day) == pytest.approx(at.ttm(at.net_income) * 1e6, rel=1e-12)
    assert value(panel, "total_equity", code, at.day) == pytest.approx(at.equity * 1e6, rel=1e-12)
    assert value(panel, "eps_diluted_ttm", code, at.day) == pytest.approx(at.eps_ttm(), rel=1e-12)


#: Days on which no operand was restated after its first filing, so that single quarters add up to the same.
PLAIN = [one for one in TABLE if one[1].day not in ("2009-10-28", "2010-01-25", "2010-01-26", "2010-03-19")]


@pytest.mark.parametrize(("code", "at"), PLAIN, ids=lambda one: one if isinstance(one, str) else one.day)
def test_the_sum_of_single_quarters_agrees(code: str, at: At) -> None:
    """Another way to the same revenue, straight from the bodies: four quarters, the last of a year as a rest."""
    known = until(facts(fixtures(), CIK[code]), date.fromisoformat(at.day))["us-gaap"]
    quarters: dict[date, float] = {}
    years: dict[date, float] = {}
    for tag in ("SalesRevenueNet", "Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax"):
        for one in sorted(known.get(tag, {"units": {"USD": []}})["units"]["USD"], key=lambda one: str(one["filed"])):
            start, end = date.fromisoformat(one["start"]), date.fromisoformat(one["end"])
            if 80 < (end - start).days < 100:
                quarters[end] = one["val"]
            elif 355 < (end - start).days < 375:
                years[end] = one["val"]
    for end, total in years.items():
        parts = [amount for day, amount in quarters.items() if timedelta(80) < end - day < timedelta(290)]
        if len(parts) == 3:
            quarters.setdefault(end, total - sum(parts))
    last = sorted(quarters)[-4:]
    assert last[-1] - last[0] < timedelta(290)
    # NVIDIA files in thousands until 2015 and in millions from then on.
    assert sum(quarters[day] for day in last) / 1e6 == pytest.approx(at.ttm(at.revenue), abs=1.1)


def test_a_restated_year_is_two_rows_and_the_first_one_stays() -> None:
    frame = rows("US", "AAPL", statement_facts(facts(fixtures(), CIK["AAPL"])), "edgar")
    year = frame.filter(
        pl.col("period") == "FY", pl.col("period_end") == date(2009, 9, 26), pl.col("item") == "revenue"
    )
    assert year.sort("vintage").select("available_date", "value", "vintage", "filing_id").rows() == [
        (date(2009, 10, 28), 36_537e6, 1, "0001193125-09-214859"),
        (date(2010, 1, 26), 42_905e6, 2, "0001193125-10-012091"),
    ]


@pytest.mark.parametrize(
    ("code", "end", "first", "restated"),
    [
        ("AAPL", date(2018, 9, 29), (date(2018, 11, 6), 11.91), (date(2020, 11, 2), 2.98)),
        ("NVDA", date(2024, 1, 28), (date(2024, 2, 22), 11.93), (date(2025, 2, 27), 1.19)),
    ],
)
def test_a_split_restates_figures_a_share_in_a_further_row(
    code: str, end: date, first: tuple[date, float], restated: tuple[date, float]
) -> None:
    frame = rows("US", code, statement_facts(facts(fixtures(), CIK[code])), "edgar")
    year = frame.filter(pl.col("period") == "FY", pl.col("period_end") == end, pl.col("item") == "eps_diluted")
    assert year.sort("vintage").select("available_date", "value").rows() == [first, restated]


def test_figures_a_share_and_counts_follow_the_split_on_its_day(panel: Panel) -> None:
    assert value(panel, "eps_diluted", "NVDA", "2024-06-07") == 5.98
    assert value(panel, "eps_diluted", "NVDA", "2024-06-10") == pytest.approx(0.598)
    assert value(panel, "shares_outstanding", "NVDA", "2024-06-07") == 2_460e6
    assert value(panel, "shares_outstanding", "NVDA", "2024-06-10") == 24_600e6
    assert value(panel, "shares_outstanding", "AAPL", "2020-08-28") == 4_275_634e3
    assert value(panel, "shares_outstanding", "AAPL", "2020-08-31") == 4 * 4_275_634e3


@pytest.mark.parametrize("cut", ["2010-01-25", "2018-08-16", "2020-10-30", "2024-06-10"])
def test_filings_from_a_day_on_change_nothing_up_to_it(panel: Panel, tmp_path: Path, cut: str) -> None:
    """A filing of a day is known on the next session: without those of the day and later all is the same up to it."""
    lake = Lake(tmp_path / "lake", pinned=None)
    fill(lake, date.fromisoformat(cut))
    before = lake.panel("US", items=ITEMS, fields=("close",))
    upto = int(np.searchsorted(before.dates, np.datetime64(cut))) + 1
    for item in ITEMS:
        np.testing.assert_array_equal(before[item][:upto], panel[item][:upto], err_msg=item)
    assert not np.array_equal(before["revenue_ttm"][upto:], panel["revenue_ttm"][upto:], equal_nan=True)


def test_how_twelve_months_came_about_is_told(panel: Panel) -> None:
    assert any(note.startswith("revenue_ttm: values of 1 tickers subtract a prior year") for note in panel.notes)
    assert not any("sums of four single quarters" in note for note in panel.notes)
