"""Twelve months, quarters and figures a share, from periods of every length that filings have."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from filings_by_hand import Filed, steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench import markets
from workbench.errors import DataError
from workbench.lake import Lake, filings
from workbench.lake.filed import DAYS, PERIODS, Companies, Found, Nature, Rows, asked
from workbench.lake.ways import MIXED, QUARTERS, STALE
from workbench.schemas import TABLES

EPOCH = date(1970, 1, 1).toordinal()
ENDS = {"Q1": date(2023, 3, 31), "H1": date(2023, 6, 30), "9M": date(2023, 9, 30), "FY": date(2023, 12, 31)}


@dataclass
class Company:
    """One item of a company in the compiled code, asked in its own words."""

    filed: list[Filed]
    splits: Sequence[tuple[date, float]] = ()
    power: int = 0
    adds_up: bool = True
    today: date = date.min

    def trailing(self, back: int = 0) -> tuple[float, str | None, int]:
        return self._figure(filings.trailing, back)

    def latest(self, back: int = 0) -> tuple[float, str | None, int]:
        return self._figure(filings.latest, back)

    def _figure(self, of: Any, back: int) -> tuple[float, str | None, int]:
        rows, codes = as_rows(self.filed)
        split = np.array([(day.toordinal() - EPOCH, ratio) for day, ratio in self.splits]).reshape(-1, 2)
        state = np.zeros(8, np.int64)
        state[6:] = self.today.toordinal() - EPOCH, self.power
        known = filings.Known(*rows, np.empty((2, 5, len(self.filed)), np.int64), state, split, DAYS)
        for row in range(len(self.filed)):
            filings.learn(known, row)
        question = asked([(True, back)], by_day=False)
        value, code, way = of(known, self.adds_up, back > 0, question.near[0], question.far[0])
        return value, codes[code], way


def as_rows(filed: Sequence[Filed]) -> tuple[Rows, list[str | None]]:
    codes: list[str | None] = [*dict.fromkeys(one.currency for one in filed if one.currency), None]
    whole = []
    for one in filed:
        days = (one.available.toordinal() - EPOCH, one.end.toordinal() - EPOCH, one.since.toordinal() - EPOCH)
        code = codes.index(one.currency) if one.currency else -1
        whole.append((*days[:2], PERIODS.index(one.period), code, days[2]))
    return Rows(np.array(whole, np.int64), np.array([one.value for one in filed])), codes


def known(*filed: tuple[Any, ...], **more: Any) -> Company:
    """Filings as (end, period, value) in order, each known a month after its end, or as (…, available)."""
    rows = []
    for end, period, value, *rest in filed:
        day = rest[0] if rest else end + timedelta(30)
        rows.append(Filed(day, end, period, value, rest[1] if len(rest) > 1 else "USD", day))
    return Company(rows, today=rows[-1].available, **more)


def year(end: int, value: float, *rest: Any) -> tuple[Any, ...]:
    return (date(end, 12, 31), "FY", value, *rest)


def test_twelve_months_are_year_plus_year_to_date_minus_the_one_before() -> None:
    filed = [(date(2022, 6, 30), "6M", 40.0), year(2022, 100.0), (date(2023, 6, 30), "6M", 55.0)]
    assert known(*filed).trailing() == (115.0, "USD", 0)
    assert known(*filed, year(2023, 130.0)).trailing() == (130.0, "USD", 0)


def test_the_longest_period_to_date_is_taken_not_the_quarter() -> None:
    filed = [
        (date(2022, 9, 30), "9M", 70.0),
        (date(2022, 9, 30), "Q", 30.0),
        year(2022, 100.0),
        (date(2023, 9, 30), "Q", 35.0),
        (date(2023, 9, 30), "9M", 90.0),
    ]
    assert known(*filed).trailing()[0] == 120.0


def test_the_year_before_is_as_the_newest_filing_shows_it() -> None:
    filed = [
        (date(2022, 6, 30), "6M", 40.0),
        year(2022, 100.0),
        (date(2022, 6, 30), "6M", 42.0, date(2023, 7, 30)),
        (date(2023, 6, 30), "6M", 55.0),
    ]
    assert known(*filed).trailing() == (113.0, "USD", MIXED)
    restated = [*filed[:2], year(2022, 104.0, date(2023, 7, 30)), *filed[2:]]
    assert known(*restated).trailing() == (117.0, "USD", 0), "the year was restated as well"
    rounded = [*filed[:2], (date(2022, 6, 30), "6M", 40.1, date(2023, 7, 30)), filed[3]]
    assert known(*rounded).trailing()[2] == 0, "rounding restates nothing"


def test_years_of_52_and_53_weeks() -> None:
    ends = [date(2022, 9, 24), date(2022, 12, 31), date(2023, 9, 30), date(2023, 12, 30)]
    filed = [(ends[0], "FY", 90.0), (ends[1], "Q", 28.0), (ends[2], "FY", 100.0), (ends[3], "Q", 30.0)]
    assert known(*filed).trailing()[0] == 102.0
    # A first quarter of 14 weeks, and of 16.
    assert known(filed[0], (date(2022, 1, 1), "Q", 20.0), (date(2022, 12, 31), "Q", 28.0)).trailing()[0] == 98.0
    kroger = [(date(2022, 5, 21), "Q", 44.0), (date(2023, 1, 28), "FY", 148.0), (date(2023, 5, 20), "Q", 45.0)]
    assert known(*kroger).trailing()[0] == 149.0


def test_half_years_only() -> None:
    filed = [(date(2022, 6, 30), "6M", 40.0), year(2022, 100.0), (date(2023, 6, 30), "6M", 55.0)]
    assert known(*filed[:2]).latest()[0] == 60.0
    assert known(*filed).latest()[0] == 55.0
    assert known(year(2022, 100.0)).latest()[0] == 100.0


def test_quarters_follow_from_periods_that_begin_with_the_year() -> None:
    filed = [(ENDS["Q1"], "Q", 10.0), (ENDS["H1"], "6M", 25.0), (ENDS["9M"], "9M", 45.0), year(2023, 70.0)]
    assert [known(*filed[: number + 1]).latest()[0] for number in range(4)] == [10.0, 15.0, 20.0, 25.0]
    restated = (ENDS["9M"], "9M", 40.0, date(2024, 3, 1))
    assert known(*filed, restated).latest()[0] == 30.0


def test_the_fourth_quarter_is_what_three_leave_of_the_year() -> None:
    quarters = [(ENDS["Q1"], "Q", 10.0), (ENDS["H1"], "Q", 15.0), (ENDS["9M"], "Q", 20.0)]
    assert known(*quarters, year(2023, 70.0)).latest()[0] == 25.0
    assert known(*quarters[1:], year(2023, 70.0)).latest()[0] == 20.0


def test_quarters_are_summed_where_no_year_to_date_is_filed_and_that_is_said() -> None:
    filed = [(ENDS["H1"], "Q", 15.0), (ENDS["9M"], "Q", 20.0), (ENDS["FY"], "Q", 25.0), (date(2024, 3, 31), "Q", 12.0)]
    assert known(*filed).trailing() == (72.0, "USD", QUARTERS)
    value, _, _ = known(*filed[1:]).trailing()
    assert np.isnan(value)
    mixed = [(ENDS["Q1"], "Q", 10.0), *filed[:2], year(2023, 70.0), (date(2024, 6, 30), "Q", 12.0)]
    assert known(*mixed).trailing() == (70.0, "USD", STALE)


def test_no_year_stands_for_twelve_months_long_after_its_end() -> None:
    value, _, way = known(year(2021, 70.0), (date(2023, 3, 31), "Q", 12.0)).trailing()
    assert np.isnan(value)
    assert way == 0


def test_a_change_of_the_fiscal_year_uses_no_stub() -> None:
    """The year ended in December until 2022, then in March; the three months between were filed alone."""
    filed = [
        (date(2022, 3, 31), "Q", 20.0),
        year(2022, 100.0),
        (date(2023, 3, 31), "Q", 24.0),
        (date(2023, 6, 30), "Q", 25.0),
        (date(2022, 6, 30), "Q", 26.0, date(2023, 7, 30)),
    ]
    assert known(*filed[:3]).trailing()[0] == 104.0
    assert known(*filed).trailing()[2] in (QUARTERS, STALE)


def test_other_currencies_are_never_added() -> None:
    filed = [
        (date(2022, 6, 30), "6M", 40.0),
        year(2022, 100.0),
        (date(2023, 6, 30), "6M", 50.0, date(2023, 8, 1), "EUR"),
    ]
    assert known(*filed).trailing() == (100.0, "USD", STALE)


def test_instants_and_averages_are_the_newest() -> None:
    assert (
        known((ENDS["H1"], "I", 5.0), (ENDS["9M"], "I", 6.0), (ENDS["H1"], "I", 5.5, date(2024, 1, 2))).trailing()[0]
        == 6.0
    )
    average = known((ENDS["9M"], "9M", 104.0), (ENDS["9M"], "Q", 108.0), adds_up=False)
    assert average.latest()[0] == average.trailing()[0] == 108.0


def test_figures_a_share_are_brought_to_one_share_before_they_are_added() -> None:
    """The year and its half were filed before a split of 4 for 1, this year's half after it."""
    split = [(date(2023, 7, 15), 4.0)]
    filed = [
        (date(2022, 6, 30), "6M", 4.0),
        year(2022, 10.0),
        (date(2022, 6, 30), "6M", 1.0, date(2023, 7, 30)),
        (date(2023, 6, 30), "6M", 1.5),
    ]
    after = known(*filed, splits=split, power=-1)
    assert after.trailing() == (3.0, "USD", 0)
    before = known(*filed[:2], splits=split, power=-1)
    assert before.trailing()[0] == 10.0
    before.today = date(2023, 7, 15)
    assert before.trailing()[0] == 2.5


def test_per_share_items_and_counts_follow_splits_in_a_panel(two: Any, days: list[date]) -> None:
    two.action("KR", "000010", days[3], "split", 5.0)
    two.filing("000010", "eps_diluted", date(2023, 12, 31), days[1], 10.0, period="FY")
    two.filing("000010", "net_income", date(2023, 12, 31), days[1], 10.0, period="FY")
    two.filing("000010", "shares_diluted", date(2023, 12, 31), days[1], 10.0, period="FY", currency=None)
    count = {"region": "KR", "ticker": "000010", "source": "desk", "shares_outstanding": 7.0}
    two.publish("shares", [{"date": days[0], "available_date": days[1], **count}], "KR")
    panel = two.lake.panel("KR", items=("eps_diluted_ttm", "net_income_ttm", "shares_diluted", "shares_outstanding"))
    assert panel["eps_diluted_ttm"][1:, 0].tolist() == [10.0, 10.0, 2.0, 2.0, 2.0]
    assert panel["net_income_ttm"][1:, 0].tolist() == [10.0] * 5
    assert panel["shares_diluted"][1:, 0].tolist() == [10.0, 10.0, 50.0, 50.0, 50.0]
    assert panel["shares_outstanding"][1:, 0].tolist() == [7.0, 7.0, 35.0, 35.0, 35.0]


def test_a_count_of_a_day_before_the_split_is_aligned_although_it_came_after(two: Any, days: list[date]) -> None:
    """A periodic report counts the shares of the quarter's last day; the split came before the report."""
    two.action("KR", "000010", days[1], "split", 50.0)
    row = {"region": "KR", "ticker": "000010", "source": "desk", "available_date": days[2], "shares_outstanding": 7.0}
    two.publish("shares", [{"date": days[0], "basis": "listed", **row}], "KR")
    row |= {"ticker": "000020", "basis": "weighted"}
    two.action("KR", "000020", days[1], "split", 50.0)
    two.publish("shares", [{"date": days[0], **row}], "KR")
    panel = two.lake.panel("KR", items=("shares_outstanding",))
    assert panel["shares_outstanding"][2:, 0].tolist() == [350.0] * 4
    assert panel["shares_outstanding"][2:, 1].tolist() == [7.0] * 4, "an average is restated by its filing"


def test_where_prices_are_adjusted_to_the_newest_bar_items_are_too(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0), adjusted="split")
    desk.action("KR", "000010", days[3], "split", 5.0)
    desk.filing("000010", "eps_basic", date(2023, 12, 31), days[1], 10.0, period="FY")
    assert desk.lake.panel("KR", items=("eps_basic",))["eps_basic"][1:, 0].tolist() == [2.0] * 5


def test_a_figure_that_is_no_longer_filed_is_known_no_longer(desk: Any) -> None:
    days = markets.sessions("KR", date(2023, 1, 2), date(2025, 3, 3))
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    desk.filing("000010", "interest_expense", date(2022, 12, 31), days[0], 10.0, period="FY")
    count = {"region": "KR", "ticker": "000010", "source": "desk", "shares_outstanding": 7.0}
    desk.publish("shares", [{"date": days[0], "available_date": days[1], **count}], "KR")
    panel = desk.lake.panel("KR", items=("interest_expense_ttm", "shares_outstanding"))
    has = np.isfinite(panel["interest_expense_ttm"][:, 0])
    assert panel.dates[has][-1] < np.datetime64("2024-07-03") == panel.dates[~has][0]
    assert np.isfinite(panel["shares_outstanding"][1:]).all(), "a count holds until the next one"


def test_a_later_first_day_changes_no_value(two: Any, days: list[date]) -> None:
    for number, (item, value) in enumerate(
        [("eps_basic", 2.0), ("eps_basic", 3.0), ("revenue", 5.0), ("revenue", 6.0)]
    ):
        two.filing("000010", item, date(2022, 12, 31), days[1 + number], value, period="FY", filing_id=f"f{number}")
    two.action("KR", "000010", days[4], "split", 2.0)
    items = ("eps_basic_ttm", "revenue_ttm")
    whole = two.lake.panel("KR", items=items)
    for at in range(1, len(days)):
        part = two.lake.panel("KR", items=items, start=days[at])
        for item in items:
            np.testing.assert_array_equal(part[item], whole[item][at:])


def test_sums_of_quarters_are_noted(two: Any, days: list[date]) -> None:
    for number, end in enumerate([date(2023, 3, 31), date(2023, 6, 30), date(2023, 9, 30), date(2023, 12, 31)]):
        two.filing("000010", "revenue", end, days[1], 10.0, filing_id=f"q{number}")
    notes = two.lake.panel("KR", items=("revenue_ttm", "revenue")).notes
    assert [note for note in notes if "revenue" in note] == [
        "revenue_ttm: values of 1 tickers are sums of four single quarters, where no year to date is filed."
    ]


SESSIONS = markets.sessions("KR", date(2024, 3, 4), date(2024, 3, 21))
ENDED = [
    (date(2022 + shift, month, 28), period)
    for shift in range(2)
    for month, period in ((3, "Q"), (6, "Q"), (6, "6M"), (9, "9M"), (9, "Q"), (12, "FY"))
]
ROW = st.tuples(
    st.sampled_from(["net_income", "eps_basic"]),
    st.sampled_from(ENDED),
    st.integers(0, len(SESSIONS) - 1),
    st.integers(1, 40).map(float),
    st.sampled_from(["KRW", "KRW", "KRW", "USD"]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.lists(ROW, min_size=1, max_size=30, unique_by=lambda one: one[:3]),
    st.dictionaries(st.integers(1, len(SESSIONS) - 1), st.sampled_from([2.0, 5.0, 0.1]), max_size=3),
    st.integers(1, len(SESSIONS) - 1),
)
def test_filings_and_splits_after_a_day_change_nothing_up_to_it(
    drawn: list[tuple[str, tuple[date, str], int, float, str]], splits: dict[int, float], cut: int
) -> None:
    items = sorted({one[0] for one in drawn if one[2] <= cut})
    if not items:
        return
    names = [name + suffix for name in items for suffix in ("", "_ttm", "_ttm_prior", "_lag2")]
    grids = []
    with tempfile.TemporaryDirectory() as folder:
        for name, last in (("cut", cut), ("full", len(SESSIONS))):
            lake = Lake(Path(folder) / name, pinned=None)
            publish(lake, drawn, splits, last)
            grids.append(lake.panel("KR", items=names, fields=("close",)))
    for name in names:
        np.testing.assert_array_equal(grids[0][name][: cut + 1], grids[1][name][: cut + 1], err_msg=name)


def publish(lake: Lake, drawn: list[Any], splits: dict[int, float], last: int) -> None:
    seen = {"collected_at": markets.close_time("KR", SESSIONS[-1])}
    price = {"timeframe": "D", "adjusted": "none", "open": 5.0, "high": 5.0, "low": 5.0, "close": 5.0, "volume": 1.0}
    tables: dict[str, list[dict[str, Any]]] = {
        "ohlcv": [{"date": day, **price, **seen} for day in SESSIONS],
        "actions": [{"ex_date": SESSIONS[d], "kind": "split", "value": r} for d, r in splits.items() if d <= last],
        "fundamentals": [
            {"period_end": end, "period": period, "item": item, "available_date": SESSIONS[day], "value": value}
            | {"filing_id": f"f{day}", "currency": currency, "vintage": 1}
            for item, (end, period), day, value, currency in drawn
            if day <= last
        ],
    }
    usual = {"region": "KR", "ticker": "000010", "source": "desk"}
    for table, rows in tables.items():
        columns = TABLES[table].columns
        full = [{name: (usual | row).get(name) for name in columns} for row in rows]
        if full:
            frame = pl.DataFrame(full, schema=dict(columns))
            lake.publish(table, frame, "KR", seen_at=seen["collected_at"])


@pytest.mark.parametrize(("written", "near"), [("revenu_ttm", "revenue_ttm"), ("revenu", "revenue")])
def test_an_unknown_item_is_named_as_written_with_what_is_near(
    two: Any, days: list[date], written: str, near: str
) -> None:
    two.filing("000010", "revenue", date(2023, 12, 31), days[1], 10.0, filing_id="fy")
    with pytest.raises(DataError, match=rf"no item '{written}' for KR\. Did you mean '{near}'\? It has .*revenue"):
        two.lake.panel("KR", items=(written,))


def test_a_year_before_is_the_same_figure_of_the_period_that_ended_then() -> None:
    filed = [
        (date(2021, 6, 30), "6M", 30.0),
        year(2021, 80.0),
        (date(2022, 6, 30), "6M", 40.0),
        year(2022, 100.0),
        (date(2022, 6, 30), "6M", 42.0, date(2023, 7, 30)),
        (date(2023, 6, 30), "6M", 55.0),
    ]
    one = known(*filed)
    assert one.trailing()[0] == 113.0
    assert one.trailing(4)[0] == 80.0 + 42.0 - 30.0, "as last filed"
    assert one.trailing(2)[0] == 100.0
    assert one.trailing(6)[0] == 80.0
    assert one.latest(2)[0] == 58.0
    assert np.isnan(one.trailing(1)[0]), "no quarters are filed"
    assert np.isnan(one.trailing(8)[0])
    assert one.latest(4)[0] == 42.0


def test_a_year_before_of_instants_of_weeks_and_of_what_is_not_known() -> None:
    ends = [date(2021, 9, 25), date(2021, 12, 25), date(2022, 9, 24), date(2022, 12, 31), date(2023, 9, 30)]
    one = known(*((end, "I", float(number)) for number, end in enumerate(ends)))
    assert [one.latest(back)[0] for back in (0, 3, 4, 8)] == [4.0, 3.0, 2.0, 0.0]
    assert np.isnan(one.latest(1)[0])
    average = known((ENDS["9M"], "9M", 104.0), (date(2022, 9, 30), "9M", 90.0), adds_up=False)
    assert average.trailing(4)[0] == 90.0


def test_a_stale_year_is_compared_with_the_year_before_it() -> None:
    filed = [year(2021, 60.0), year(2022, 70.0), (date(2023, 6, 30), "Q", 12.0)]
    assert known(*filed).trailing() == (70.0, "USD", STALE)
    assert known(*filed).trailing(4) == (60.0, "USD", 0)


ENDING = st.sampled_from([date(2020 + number // 4, 3 * (number % 4) + 3, 28) for number in range(16)])
FILED = st.lists(
    st.tuples(
        ENDING,
        st.sampled_from(["I", "Q", "Q", "6M", "9M", "FY"]),
        st.floats(-100.0, 100.0).map(lambda value: round(value, 3)),
        st.sampled_from(["USD", "USD", "EUR", None]),
        st.integers(1, 500),
        st.integers(-60, 1),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    FILED,
    st.booleans(),
    st.sampled_from([0, 0, 1, -1]),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 1800), st.sampled_from([2.0, 0.1, 1.5])), max_size=3),
    st.sampled_from([date.min, date(2022, 5, 2)]),
)
def test_the_compiled_code_gives_the_bits_of_the_plain_one(
    drawn: list[Any], instants: bool, power: int, counts: bool, cuts: list[Any], first: date
) -> None:
    counts = counts and power > 0
    rows = [
        Filed(end + timedelta(lag), end, "I" if counts else period, value, unit, end + timedelta(lag + early))
        for end, period, value, unit, lag, early in drawn
        if counts or (period == "I") == instants
    ]
    rows.sort(key=lambda one: one.available)
    splits = sorted((date(2020, 1, 1) + timedelta(day), ratio) for day, ratio in cuts) if power else []
    if not rows:
        return
    questions = [(trailing, back) for trailing in (False, True) for back in (0, 1, 2, 4, 8)]
    packed, codes = as_rows(rows)
    split = np.array([(day.toordinal() - EPOCH, ratio) for day, ratio in splits]).reshape(-1, 2)
    bounds = (np.array([0, len(rows)]), np.array([-1]), np.array([0, len(split)]))
    nature = Nature(power, not power > 0, counts, 10**9 if counts else 550)
    found = Found.room(2 * (6 * len(rows) + len(split)) * len(questions))
    start = first.toordinal() - EPOCH
    number = filings.walk(packed, Companies(*bounds, split), nature, asked(questions, counts), start, DAYS, found)
    ours = found.place[:number], found.value[:number]
    for place, (trailing, back) in enumerate(questions):
        own = ours[0][:, 0] == place
        got = [
            (date.fromordinal(int(day) + EPOCH), value, codes[code], way)
            for (_, _, day, code, way), value in zip(ours[0][own], ours[1][own], strict=True)
        ]
        want = list(steps(rows, splits=splits, power=power, counts=counts, trailing=trailing, back=back, first=first))
        assert_same(simplified(got, first), simplified(want, first))


def simplified(found: list[Any], first: date) -> list[Any]:
    """Steps that change something from a day on: a day on which a value is worked out again is none."""
    result: list[Any] = []
    for day, *rest in found:
        step = (max(day, first), *rest)
        if result and result[-1][0] == step[0]:
            result.pop()
        if not result or repr(result[-1][1:]) != repr(step[1:]):
            result.append(step)
    return result


def assert_same(got: list[Any], want: list[Any]) -> None:
    assert [(day, np.float64(value).tobytes() if value == value else None, code) for day, value, code, _ in got] == [
        (day, np.float64(value).tobytes() if value == value else None, code) for day, value, code, _ in want
    ]
    assert [way for *_, way in got] == [way for *_, way in want]


def test_without_the_compiler_the_bits_are_the_same() -> None:
    code = (
        "import numpy as np\n"
        "from workbench.lake.filed import *\n"
        "from workbench.lake.filings import walk\n"
        "ends = 18900 + 91 * np.arange(12)\n"
        "filing = np.stack([ends + 40, ends, np.arange(12) % 4 + 1, 0 * ends, ends + 40], axis=1)\n"
        "rows = Rows(filing, 1.0 / np.arange(3.0, 15.0))\n"
        "ones = np.array([0, 12]), np.array([-1]), np.array([0, 1]), np.array([[19400.0, 3.0]])\n"
        "found = Found.room(100)\n"
        "questions = asked([(True, 0), (True, 4), (False, 0)], False)\n"
        "count = walk(rows, Companies(*ones), Nature(-1, True, False, 550), questions, 0, DAYS, found)\n"
        "print(count, found.place[:count].tolist(), found.value[:count].tobytes().hex())\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **extra}
        ).stdout
        for extra in ({}, {"WORKBENCH_NUMBA": "0"})
    ]
    assert said[0] == said[1]
    assert int(said[0].split()[0]) > 30
