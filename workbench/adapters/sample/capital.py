"""Shares outstanding and equity: what ties a company's accounts to its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.adapters.sample.profiles import profile
from workbench.adapters.sample.timeline import WARMUP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.accounts import Accounts, Quarters
    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.events import Events
    from workbench.adapters.sample.filings import Filings
    from workbench.adapters.sample.returns import Traits
    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline


@dataclass(frozen=True)
class Capital:
    """Price, shares and market value of each company at its first session.

    Attributes
    ----------
    first : (N,) int64
        Session index of the first bar.
    price : (N,) float64
        In the region's currency.
    shares : (N,) float64
        Whole thousands.
    growth : (K, N) float64
        Shares after issues and cancellations by quarter, 1 at the first session.
    quarter : (T,) int64
        Row of the last quarter that ended before each session.
    """

    first: NDArray[np.int64]
    price: NDArray[np.float64]
    shares: NDArray[np.float64]
    growth: NDArray[np.float64]
    quarter: NDArray[np.int64]

    @property
    def market_value(self) -> NDArray[np.float64]:
        """At the first session, in the region's currency, (N,)."""
        return self.price * self.shares

    def outstanding(self, split_factor: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shares on each session, (T, N); ``split_factor`` is the cumulative product of split ratios."""
        return np.rint(self.shares * self.growth[self.quarter] * split_factor)

    def at_quarter_ends(
        self, quarters: Quarters, sessions: NDArray[Any], split_factor: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Shares at the end of each quarter, (K, N)."""
        row = np.searchsorted(sessions, quarters.ends, side="right") - 1
        factor = split_factor[np.maximum(row, 0), np.arange(row.shape[1])]
        return np.rint(self.shares * self.growth * np.where(row < 0, 1.0, factor))


def make_capital(
    spec: SampleSpec,
    region: str,
    companies: list[Company],
    traits: Traits,
    accounts: Accounts,
    quarter: NDArray[np.int64],
) -> Capital:
    """Draw prices at the first session; shares follow from the market value."""
    habits, count = profile(region), len(companies)
    generator = spec.generator(region, "capital")
    price = habits.price * np.exp(np.clip(generator.normal(0.0, 0.8, count), -1.6, 1.8))
    value = np.exp(traits.log_value) * habits.units_per_usd
    shares = np.maximum(np.rint(value / price / 1000.0), 200.0) * 1000.0
    first = np.array([company.first for company in companies])
    growth = accounts.growth / accounts.growth[quarter[first], np.arange(count)]
    return Capital(first, price, shares, growth, quarter)


def first_equity(
    capital: Capital, traits: Traits, accounts: Accounts, path: NDArray[np.float64], start: int
) -> NDArray[np.float64]:
    """Equity at the end of the first quarter in the region's currency, (N,).

    Parameters
    ----------
    path : (E, N) float64
        Cumulative latent log return.
    start : int
        Row of the quarter that held at the first warm-up step.
    """
    columns = np.arange(len(capital.first))
    value = capital.market_value * np.exp(-path[WARMUP + capital.first, columns])
    equity: NDArray[np.float64] = value * np.exp(traits.log_book_to_market) * capital.growth[0] / accounts.book[start]
    return equity


@dataclass(frozen=True)
class ShareCounts:
    """Share counts, one entry each: company, day of the count, session from which it is known."""

    column: NDArray[np.int64]
    day: NDArray[Any]
    available: NDArray[Any]
    shares: NDArray[np.float64]


def make_share_counts(
    line: Timeline,
    capital: Capital,
    quarters: Quarters,
    filings: Filings,
    splits: Events,
    shares: NDArray[np.float64],
    at_quarter_ends: NDArray[np.float64],
) -> ShareCounts:
    """Counts at the first session, at each filed quarter end and at each split."""
    columns = np.arange(len(capital.first))
    begin = line.sessions[capital.first]
    ends = quarters.ends[filings.quarter, filings.column]
    told = np.flatnonzero((filings.vintage == 1) & (ends > begin[filings.column]))
    who, when = filings.column[told], filings.quarter[told]
    ex = line.sessions[splits.row]
    column = np.concatenate([columns, who, splits.column])
    day = np.concatenate([begin, ends[told], ex])
    available = np.concatenate([begin, filings.available[told], ex])
    value = np.concatenate(
        [shares[capital.first, columns], at_quarter_ends[when, who], shares[splits.row, splits.column]]
    )
    order = np.lexsort((available, day, column))
    # A split on a quarter's last day gives the same count twice: the earlier news is kept.
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(column[order]) != 0) | (np.diff(day[order]).astype(int) != 0)
    order = order[fresh]
    return ShareCounts(column[order], day[order], available[order], value[order])


def dividends_paid(
    dividends: Events, quarters: Quarters, sessions: NDArray[Any], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cash paid to shareholders in each quarter, (K, N) in whole units of the currency."""
    paid = np.zeros(quarters.starts.shape)
    days = sessions[dividends.row]
    quarter = (quarters.starts[:, dividends.column] <= days).sum(axis=0) - 1
    cash = dividends.value * shares[np.maximum(dividends.row - 1, 0), dividends.column]
    np.add.at(paid, (quarter, dividends.column), cash)
    return np.rint(paid)
