"""Factors of filings on the sample market, against the accounts that its generator made."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from workbench import factors
from workbench.adapters.sample import Sample
from workbench.adapters.sample.market import RegionMarket, make_market
from workbench.lake import Lake

NAMES = [name for name in factors.names() if factors.get(name).family in ("value", "quality")]
DAYS = {"KR": date(2025, 9, 25), "US": date(2025, 10, 2), "HK": date(2025, 11, 20)}


class Truth:
    """The accounts of one company as they were known on a day, straight from the generator."""

    def __init__(self, market: RegionMarket, column: int, day: date) -> None:
        self.market, self.column, self.day = market, column, np.datetime64(day)
        told = market.filings
        mine = (told.column == column) & (told.available <= self.day)
        self.quarters = sorted(set(told.quarter[mine].tolist()))
        self.restated = bool((told.vintage[mine] > 1).any())

    def at(self, item: str, back: int = 0) -> float:
        return float(self.market.items[item][self.quarters[-1] - back, self.column])

    def year(self, item: str, back: int = 0) -> float:
        return sum(self.at(item, back + number) for number in (3, 2, 1, 0))

    def shares(self, day: np.datetime64) -> float:
        """Last count of a day or before among those known, on the shares of today."""
        counts = self.market.counts
        known = (counts.column == self.column) & (counts.available <= self.day) & (counts.day <= day)
        newest = np.flatnonzero(known)[np.argmax(counts.day[known])]
        count, since = float(counts.shares[newest]), counts.day[newest]
        splits = next(one for one in self.market.actions if one.kind == "split")
        for row, column, ratio in zip(splits.row, splits.column, splits.value, strict=True):
            if column == self.column and since < self.market.line.sessions[row] <= self.day:
                count *= ratio
        return count

    @property
    def worth(self) -> float:
        row = int(np.searchsorted(self.market.line.sessions, self.day))
        return float(self.market.bars.close[row, self.column]) * self.shares(self.day)

    def margins(self) -> list[float]:
        years = [back for back in range(0, 20, 4) if self.quarters[-1] - back - 3 in self.quarters]
        return [self.year("operating_income", back) / self.year("revenue", back) for back in years]

    def signals(self) -> Iterator[bool]:
        assets = [self.at("total_assets", back) for back in (0, 4, 8)]
        average = [(assets[0] + assets[1]) / 2, (assets[1] + assets[2]) / 2]
        yield self.year("net_income") > 0
        yield self.year("operating_cash_flow") > 0
        yield self.year("net_income") / assets[1] > self.year("net_income", 4) / assets[2]
        yield self.year("operating_cash_flow") > self.year("net_income")
        yield self.at("total_debt") / average[0] <= self.at("total_debt", 4) / average[1]
        current = [self.at("current_assets", back) / self.at("current_liabilities", back) for back in (0, 4)]
        yield current[0] > current[1]
        yield self.shares(self.day) <= self.shares(self.day - np.timedelta64(365, "D")) * (1 + 1e-6)
        margin = [self.year("gross_profit", back) / self.year("revenue", back) for back in (0, 4)]
        yield margin[0] > margin[1]
        yield self.year("revenue") / assets[1] > self.year("revenue", 4) / assets[2]

    def factor(self, name: str) -> float:
        margins = self.margins()
        found: dict[str, Any] = {
            "earnings_yield": lambda: self.year("net_income") / self.worth,
            "book_to_price": lambda: self.at("total_equity") / self.worth,
            "sales_to_price": lambda: self.year("revenue") / self.worth,
            "dividend_yield": lambda: self.year("dividends_paid") / self.worth,
            "fcf_yield": lambda: (self.year("operating_cash_flow") - self.year("capital_expenditure")) / self.worth,
            "ebitda_to_ev": lambda: self.year("ebitda") / (self.worth + self.at("total_debt") - self.at("cash")),
            "roe": lambda: self.year("net_income") / self.at("total_equity"),
            "gross_profitability": lambda: self.year("gross_profit") / self.at("total_assets"),
            "debt_to_equity": lambda: self.at("total_debt") / self.at("total_equity"),
            "accruals": lambda: (
                2
                * (self.year("net_income") - self.year("operating_cash_flow"))
                / (self.at("total_assets") + self.at("total_assets", 4))
            ),
            "asset_growth": lambda: self.at("total_assets") / self.at("total_assets", 4) - 1,
            "margin_stability": lambda: statistics.mean(margins) / statistics.stdev(margins),
            "piotroski_f": lambda: float(sum(self.signals())),
        }
        return float(found[name]())


@pytest.fixture(scope="module")
def computed(tiny_lake_folder: Path) -> Any:
    def on(region: str) -> tuple[RegionMarket, factors.Scores]:
        with mock.patch.dict(os.environ, {"WORKBENCH_NOW": "2026-01-05T09:00:00+00:00"}):
            market = make_market(Sample(size="tiny").spec, region)
        day = DAYS[region]
        return market, factors.compute(NAMES, Lake(tiny_lake_folder, pinned=None), region, start=day, end=day)

    return on


@pytest.mark.parametrize("region", DAYS)
def test_factors_are_those_of_the_accounts_behind_the_market(computed: Any, region: str) -> None:
    market, scores = computed(region)
    checked = dict.fromkeys(NAMES, 0)
    row = int(np.searchsorted(market.line.sessions, np.datetime64(DAYS[region])))
    for column, company in enumerate(market.companies):
        truth = Truth(market, column, DAYS[region])
        label = f"{region}:{company.code}" + (f"#{company.spell}" if company.spell > 1 else "")
        listed = company.listed <= truth.day and label in scores.labels.tickers
        if not listed or market.halted[row, column] or truth.restated or len(truth.quarters) < 12:
            continue
        for name in NAMES:
            got = scores.raw[name][0, scores.labels.tickers.index(label)]
            if company.sector == "Financials" and not factors.get(name).financials:
                assert np.isnan(got), (label, name)
            elif np.isfinite(got):
                assert got == pytest.approx(truth.factor(name), rel=1e-12), (label, name)
                checked[name] += 1
    assert min(checked.values()) >= 8, checked
