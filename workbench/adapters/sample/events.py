"""What happens to holders of shares: splits, dividends, pay-outs at the end, changes of sector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.profiles import SECTORS, profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline


@dataclass(frozen=True)
class Events:
    """One entry an event; ``row`` is the session index of the ex date, ``column`` the company.

    A split's value is the number of new shares for one old share; a dividend's and a pay-out's is
    cash a share in the region's currency. The ex date of a pay-out is the first session on which the
    share is no longer listed.
    """

    kind: str
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]


def split_events(ratio: NDArray[np.float64]) -> Events:
    """The splits of an array of ratios (T, N)."""
    row, column = np.nonzero(ratio != 1.0)
    return Events("split", row, column, ratio[row, column])


def dividend_events(dividend: NDArray[np.float64]) -> Events:
    """The dividends of an array of cash a share (T, N)."""
    row, column = np.nonzero(dividend > 0.0)
    return Events("dividend", row, column, dividend[row, column])


def proceeds_events(spec: SampleSpec, region: str, companies: list[Company], close: NDArray[np.float64]) -> Events:
    """Cash that holders of a delisted share get: a buyer's price, or the little that is left."""
    generator = spec.generator(region, "proceeds")
    column = np.array([n for n, company in enumerate(companies) if company.reason])
    row = np.array([companies[n].last for n in column])
    bought = np.array([companies[n].bought for n in column])
    fraction = np.where(bought, generator.uniform(1.0, 1.01, len(row)), generator.uniform(0.02, 0.3, len(row)))
    paid = np.round(close[row - 1, column] * fraction, profile(region).money_decimals)
    return Events("delisting_proceeds", row, column, paid)


@dataclass(frozen=True)
class SectorChange:
    """From session ``row`` on, the company belongs to another sector and industry."""

    row: int
    sector: str
    industry: str


def sector_changes(spec: SampleSpec, region: str, companies: list[Company], line: Timeline) -> dict[int, SectorChange]:
    """Company position to its change of sector; at least one a region.

    Changes take effect after a weekend, so that the old spell's last day is no session.
    """
    generator = spec.generator(region, "sectors")
    sessions = line.sessions
    mondays = np.flatnonzero(np.diff(sessions).astype(int) > 2) + 1
    mondays = mondays[(mondays > 0.15 * len(sessions)) & (mondays < 0.95 * len(sessions))]
    steady = np.array([n for n, company in enumerate(companies) if company.first == 0 and not company.reason])
    wanted = min(max(1, round(spec.rates.sector_change * len(companies) * spec.length)), len(steady))
    changes = {}
    for column in generator.choice(steady, wanted, replace=False):
        others = [sector for sector in SECTORS if sector != companies[column].sector]
        sector = others[int(generator.integers(len(others)))]
        row = int(mondays[generator.integers(len(mondays))])
        changes[int(column)] = SectorChange(row, sector, SECTORS[sector][0])
    return changes


def index_level(
    close: NDArray[np.float64], shares: NDArray[np.float64], ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Market-value weighted price index, (T,); 1000 on the first session.

    Weights are those of the previous close; a company counts on the days on which it has both closes.
    """
    value = close[:-1] * shares[:-1]
    moves = close[1:] * ratio[1:] / close[:-1] - 1.0
    there = ~np.isnan(moves)
    weighted = np.where(there, value * moves, 0.0).sum(axis=1)
    level = np.concatenate([[1.0], 1.0 + weighted / np.where(there, value, 0.0).sum(axis=1)])
    return np.round(1000.0 * np.cumprod(level), 4)
