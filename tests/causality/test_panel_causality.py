"""No later row of the lake changes an earlier value of a panel, not by a bit.

Small worlds are drawn: bars with holes and halts, a reused code, splits, dividends, filings and their
restatements, rates. What is known up to a cut is published and made into a panel; then the rest is
published into the same lake. An oracle in plain Python, written from the definitions, gives every value
a second time.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import isnan, nan
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench import markets
from workbench.lake import Lake
from workbench.lake.panel import Panel
from workbench.schemas import TABLES

DAYS = markets.sessions("KR", date(2024, 3, 4), date(2024, 3, 21))
CODES = ("000010", "000020")
SEEN = datetime(2026, 1, 5, tzinfo=UTC)
SHARE_KINDS, CASH_KINDS = ("split", "bonus", "consolidation"), ("dividend", "rights", "spin_off")
ITEMS = ("net_income", "net_income_ttm", "shares_outstanding")
QUARTERS = tuple(date(2022, 12, 31) + timedelta(days=91 * number) for number in range(6))
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@dataclass
class World:
    """Rows of the lake in short form; days are positions in ``DAYS``."""

    bars: dict[tuple[str, int], tuple[float, bool]]
    actions: dict[tuple[str, int, str], float]
    filings: list[tuple[str, date, int, int, float]]
    shares: dict[tuple[str, int], float]
    fixes: dict[int, tuple[float, int]]
    second_spell: int | None
    sectors: dict[int, str] = field(default_factory=dict)

    def until(self, cut: int) -> World:
        """What was known at the close of day ``cut``."""
        return World(
            {key: bar for key, bar in self.bars.items() if key[1] <= cut},
            {key: value for key, value in self.actions.items() if key[1] <= cut},
            [one for one in self.filings if one[2] <= cut],
            {key: value for key, value in self.shares.items() if key[1] <= cut},
            {
                day: fix
                for day, fix in self.fixes.items()
                if fixed_at(day, fix[1]) <= markets.close_time("KR", DAYS[cut])
            },
            self.second_spell if self.second_spell is not None and self.second_spell <= cut else None,
            {day: name for day, name in self.sectors.items() if day <= cut},
        )


def fixed_at(day: int, hours: int) -> datetime:
    """Instant of a fix, some hours from the close of its day."""
    return markets.close_time("KR", DAYS[day]) + timedelta(hours=hours)


@st.composite
def worlds(draw: Any) -> World:
    """A world whose first code has a bar on the first day."""
    days = st.integers(0, len(DAYS) - 1)
    price = st.integers(20, 400).map(lambda ticks: ticks * 0.25)
    present = {(code, day) for code in CODES for day in range(len(DAYS)) if draw(st.integers(0, 5))} | {(CODES[0], 0)}
    bars = {key: (draw(price), bool(draw(st.integers(0, 6)))) for key in sorted(present)}
    ratio, cash = st.sampled_from([2.0, 3.0, 0.1, 1.1, 0.7]), st.integers(1, 60).map(lambda ticks: ticks * 0.1)
    key = st.tuples(st.sampled_from(CODES), days, st.sampled_from(SHARE_KINDS + CASH_KINDS))
    actions = {
        one: draw(ratio if one[2] in SHARE_KINDS else cash) for one in draw(st.lists(key, max_size=9, unique=True))
    }
    filing = st.tuples(st.sampled_from(CODES), st.sampled_from(QUARTERS), days, st.integers(1, 2), price)
    filings = draw(st.lists(filing, max_size=14, unique_by=lambda one: one[:4]))
    shares = draw(st.dictionaries(st.tuples(st.sampled_from(CODES), days), price, max_size=4))
    fixes = draw(st.dictionaries(days, st.tuples(st.sampled_from([0.5, 0.8, 1.3]), st.integers(-3, 3)), max_size=8))
    spell = draw(st.none() | st.integers(2, len(DAYS) - 2))
    sectors = draw(st.dictionaries(days, st.sampled_from(["Energy", "Materials"]), max_size=3))
    return World(bars, actions, filings, shares, {0: (1.0, -2)} | fixes, spell, sectors)


def publish(lake: Lake, world: World) -> None:
    """Publish every row of a world; what is there already is unchanged."""
    prices = [
        {"ticker": code, "date": DAYS[day], "close": close, "timeframe": "D", "adjusted": "none", "collected_at": SEEN}
        | ({"open": close, "high": close, "low": close, "volume": 500.0} if traded else {"volume": 0.0})
        for (code, day), (close, traded) in world.bars.items()
    ]
    actions = [
        {"ticker": code, "ex_date": DAYS[day], "kind": kind, "value": value, "currency": "KRW"}
        for (code, day, kind), value in world.actions.items()
    ]
    filings = [
        {"ticker": code, "period_end": end, "period": "Q", "item": "net_income", "available_date": DAYS[day]}
        | {"filing_id": f"v{vintage}", "value": value, "vintage": vintage, "currency": "KRW"}
        for code, end, day, vintage, value in world.filings
    ]
    shares = [
        {"ticker": code, "date": DAYS[day], "available_date": DAYS[day], "shares_outstanding": value}
        for (code, day), value in world.shares.items()
    ]
    fixes = [
        {"currency": "KRW", "date": DAYS[day], "usd_per_unit": rate, "fixed_at": fixed_at(day, hours)}
        for day, (rate, hours) in world.fixes.items()
    ]
    sectors = [
        {"ticker": CODES[0], "kind": "sector", "valid_from": DAYS[day], "value": name}
        for day, name in world.sectors.items()
    ]
    for table, rows in (
        ("tickers", listings(world)),
        ("ohlcv", prices),
        ("actions", actions),
        ("fundamentals", filings),
        ("shares", shares),
        ("attributes", sectors),
        ("fx", fixes),
    ):
        declared = TABLES[table]
        region = "KR" if declared.by_region else None
        full = [
            {name: ({"region": "KR", "source": "world"} | row).get(name) for name in declared.columns} for row in rows
        ]
        if full:
            lake.publish(table, pl.DataFrame(full, schema=dict(declared.columns)), region, seen_at=SEEN)


def listings(world: World) -> list[dict[str, Any]]:
    """The second code is given to another company on ``second_spell``."""
    rows: list[dict[str, Any]] = [
        {"ticker": code, "spell": 1, "currency": "KRW", "listed_date": DAYS[0], "delisted_date": None} for code in CODES
    ]
    if world.second_spell is not None:
        rows[1]["delisted_date"] = DAYS[world.second_spell]
        rows.append({"ticker": CODES[1], "spell": 2, "currency": "KRW", "listed_date": DAYS[world.second_spell]})
    return rows


def build(lake: Lake, world: World, **asked: Any) -> Panel:
    items = [name for name in ITEMS if (world.shares if name == "shares_outstanding" else world.filings)]
    return lake.panel("KR", items=items, **asked)


def same(earlier: Panel, later: Panel) -> None:
    """Every value of ``earlier`` stands in ``later``, to the bit."""
    rows = np.searchsorted(later.dates, earlier.dates)
    assert later.dates[rows].tolist() == earlier.dates.tolist()
    columns = [later.column(label) for label in earlier.tickers]
    pairs = {name: (earlier[name], later[name]) for name in earlier.fields}
    pairs |= {
        name: (getattr(earlier, name), getattr(later, name)) for name in ("split_factor", "total_factor", "traded")
    }
    pairs["member"] = (earlier.member, later.member)
    for name, (one, other) in pairs.items():
        np.testing.assert_array_equal(one, other[np.ix_(rows, columns)], err_msg=name)
    for row, there in enumerate(rows):
        assert earlier.sector_at(row) == tuple(later.sector_at(there)[column] for column in columns)


@SLOW
@given(worlds(), st.integers(2, len(DAYS) - 2), st.sampled_from(["total", "split"]), st.sampled_from([None, "USD"]))
def test_what_comes_later_changes_nothing_before(world: World, cut: int, adjust: str, currency: str | None) -> None:
    past = world.until(cut)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder, pinned=None)
        publish(lake, past)
        known = build(lake, past, adjust=adjust, currency=currency)
        publish(lake, world)
        full = build(lake, world, adjust=adjust, currency=currency)
        same(known, full)
        same(known, full.until(known.dates[-1]))
        assert full.until(known.dates[-1]).delisting.date.tolist() == [
            known.delisting.date[known.column(label)].item() if label in known.tickers else None
            for label in full.tickers
        ]


@SLOW
@given(worlds(), st.integers(0, len(DAYS) - 3), st.integers(0, 4))
def test_the_window_changes_nothing(world: World, start: int, warmup: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder, pinned=None)
        publish(lake, world)
        full = build(lake, world)
        last = full.dates[-1].item()
        if DAYS[start] <= last and any(day >= start for _, day in world.bars):
            same(build(lake, world, start=DAYS[start], warmup=warmup), full)


@SLOW
@given(worlds())
def test_every_value_equals_the_oracle(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder, pinned=None)
        publish(lake, world)
        panel = build(lake, world, currency="USD")
    assert panel.dates.tolist() == DAYS[: max(day for _, day in world.bars) + 1]
    for column, label in enumerate(panel.tickers):
        code, spell = label.removeprefix("KR:").partition("#")[::2]
        for row in range(len(panel.dates)):
            close, item, ttm = oracle(world, code, int(spell or 1), row)
            assert panel["close"][row, column] == pytest.approx(close, rel=1e-12, nan_ok=True), (label, row)
            if world.filings:
                assert panel["net_income"][row, column] == pytest.approx(item, rel=1e-12, nan_ok=True)
                assert panel["net_income_ttm"][row, column] == pytest.approx(ttm, rel=1e-12, nan_ok=True)


def oracle(world: World, code: str, spell: int, row: int) -> tuple[float, float, float]:
    """Total-return close in dollars, last quarter and last four quarters in dollars, by the definitions."""
    first_day = world.second_spell if spell == 2 else 0
    end = len(DAYS) if spell == 2 or code == CODES[0] or world.second_spell is None else world.second_spell
    own = {day: close for (name, day), (close, _) in world.bars.items() if name == code and first_day <= day < end}
    rate = nan
    known = [(fixed_at(day, hours), DAYS[day], usd) for day, (usd, hours) in world.fixes.items()]
    for _, _, usd in sorted(one for one in known if one[0] < markets.close_time("KR", DAYS[row])):
        rate = usd
    close = own[row] * held(world, code, own, end, row) * rate if row in own else nan
    filed = [one for one in world.filings if one[0] == code and one[2] <= row and first_day <= one[2] < end]
    latest: dict[date, tuple[int, int, float]] = {}
    for _, period, day, vintage, value in filed:
        latest[period] = max(latest.get(period, (-1, -1, nan)), (day, vintage, value), key=lambda one: one[:2])
    values = [latest[period][2] for period in sorted(latest)]
    periods = sorted(latest)[-4:]
    complete = len(periods) == 4 and (periods[-1] - periods[0]).days < 300
    return close, values[-1] * rate if values else nan, sum(values[-4:]) * rate if complete else nan


def held(world: World, code: str, own: dict[int, float], end: int, row: int) -> float:
    """Shares held at the close of ``row`` of one share bought on the first bar, cash reinvested at the ex price."""
    shares, scale, first = 1.0, {}, min(own)
    ratio = 1.0
    for day in range(first, end):
        for kind in sorted(SHARE_KINDS) if day > first else ():
            ratio *= world.actions.get((code, day, kind), 1.0)
        scale[day] = ratio
    for day in range(first + 1, row + 1):
        shares *= scale[day] / scale[day - 1]
        before = max(one for one in own if one < day)
        price = own[before] * scale[before] / scale[day]
        cash = sum(world.actions.get((code, day, kind), 0.0) for kind in CASH_KINDS)
        if 0 < cash < price:
            shares += shares * cash / (price - cash)
    assert not isnan(shares)
    return shares


def test_a_holding_with_dividends_reinvested(tmp_path: Any) -> None:
    """A hundred shares bought at 40.00; 1.00 and 0.60 paid, split 2:1 in between; sold at 23.00."""
    closes = [40.0, 41.0, 40.5, 20.5, 21.0, 20.6, 23.0]
    bars = {(CODES[0], day): (close, True) for day, close in enumerate(closes)}
    actions = {(CODES[0], 2, "dividend"): 1.0, (CODES[0], 3, "split"): 2.0, (CODES[0], 5, "dividend"): 0.6}
    lake = Lake(tmp_path / "lake", pinned=None)
    publish(lake, World(bars, actions, [], {}, {}, None))
    panel = lake.panel("KR")
    shares = 100.0
    shares += shares * 1.0 / (41.0 - 1.0)  # 100 won buy 2.5 shares at the ex price of 40.00
    shares *= 2
    shares += shares * 0.6 / (21.0 - 0.6)
    grown = panel["close"][6, 0] / panel["close"][0, 0]
    assert grown == pytest.approx(shares * 23.0 / (100.0 * 40.0), rel=1e-14)
    assert panel["close"][0, 0] == 40.0
