"""The accounts behind the companies: earnings, book value and the statements made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec

TAX, INTEREST, DEPRECIATION = 0.24, 0.01, 0.011
QUALITY_MEMORY = 0.95
MEAN_ROE, ROE_OF_QUALITY, ROE_NOISE = 0.022, 0.011, 0.010


@dataclass(frozen=True)
class Quarters:
    """Ends of the quarters of each company, (K, N) datetime64[D], and their first days."""

    ends: NDArray[Any]
    starts: NDArray[Any]


@dataclass(frozen=True)
class Accounts:
    """The economic path of each company by quarter, all (K, N) float64.

    Attributes
    ----------
    quality : latent standard score.
    roe : net income over equity at the quarter's start.
    book : equity a share as a multiple of the first quarter's.
    growth : shares after new issues and cancellations as a multiple of the first quarter's.
    payout : (N,) fraction of positive earnings that is paid out; 0 for those that pay nothing.
    """

    quality: NDArray[np.float64]
    roe: NDArray[np.float64]
    book: NDArray[np.float64]
    growth: NDArray[np.float64]
    payout: NDArray[np.float64]


def make_quarters(spec: SampleSpec, companies: list[Company]) -> Quarters:
    """Quarters from 18 months before the world to its end, by each company's fiscal calendar."""
    first = np.datetime64(spec.start, "M").astype(int) // 3 * 3 - 18
    count = (np.datetime64(spec.end, "M").astype(int) - first) // 3 + 1
    offsets = np.array([company.fiscal_offset for company in companies])
    months = first + 3 * np.arange(count)[:, None] + offsets[None, :]
    starts, ends = months.astype("datetime64[M]"), (months + 3).astype("datetime64[M]")
    day = np.timedelta64(1, "D")
    return Quarters(ends.astype("datetime64[D]") - day, starts.astype("datetime64[D]"))


def make_accounts(spec: SampleSpec, region: str, quarters: int, companies: int) -> Accounts:
    """Draw the paths; equity grows by what is earned and not paid out, and stays positive."""
    generator = spec.generator(region, "accounts")
    shape = (quarters, companies)
    quality = _quality(generator.standard_normal(shape))
    roe = MEAN_ROE + ROE_OF_QUALITY * quality + ROE_NOISE * generator.standard_normal(shape)
    roe = np.clip(roe, -0.2, 0.2)
    payout = np.where(generator.random(companies) < 0.65, generator.uniform(0.15, 0.6, companies), 0.0)
    retained = 1.0 + roe - payout * np.maximum(roe, 0.0)
    issue = np.where(generator.random(shape) < 0.02, generator.uniform(1.03, 1.15, shape), 1.0)
    cancel = np.where(generator.random(shape) < 0.02, generator.uniform(0.97, 0.995, shape), 1.0)
    growth = np.cumprod(issue * cancel, axis=0)
    book = np.cumprod(retained, axis=0)
    return Accounts(quality, roe, book / book[0], growth / growth[0], payout)


def _quality(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """A slow latent score: an autoregression over the quarters with unit variance."""
    path = draws.copy()
    fresh = np.sqrt(1.0 - QUALITY_MEMORY**2)
    for quarter in range(1, len(path)):
        path[quarter] = QUALITY_MEMORY * path[quarter - 1] + fresh * draws[quarter]
    return np.clip(path, -3.0, 3.0)


def quarter_of(days: NDArray[Any], quarters: Quarters) -> NDArray[np.int64]:
    """Row of the last calendar quarter that ended before each day, at least 0."""
    ends = quarters.ends.min(axis=1)
    return np.maximum(np.searchsorted(ends, days, side="left") - 1, 0)


def statements(
    spec: SampleSpec,
    region: str,
    accounts: Accounts,
    first_equity: NDArray[np.float64],
    financial: NDArray[np.bool_],
) -> dict[str, NDArray[np.float64]]:
    """Items of the statements by quarter, (K, N) in whole units of the currency.

    Parameters
    ----------
    first_equity : (N,) float64
        Equity at the end of the first quarter, in the currency.
    financial : (N,) bool
        Companies that report neither gross profit nor EBITDA (NaN there).

    Notes
    -----
    Assets equal liabilities plus equity in every quarter, to the unit. Income items are those of the
    quarter alone; capital expenditure and dividends are positive when money is spent.
    """
    generator = spec.generator(region, "statements")
    shape = accounts.roe.shape
    equity = np.rint(first_equity * accounts.book * accounts.growth)
    opening = np.vstack([equity[:1], equity[:-1]])
    net_income = np.rint(accounts.roe * opening)
    debt = np.rint(equity * np.exp(generator.normal(np.log(0.5), 0.6, shape[1])))
    other = np.rint(equity * np.exp(generator.normal(np.log(0.5), 0.3, shape[1])))
    liabilities = debt + other
    assets = liabilities + equity
    operating_income = np.rint(net_income / (1.0 - TAX) + INTEREST * debt)
    depreciation = np.rint(DEPRECIATION * assets)
    pace = np.exp(generator.normal(np.log(0.18), 0.35, shape[1]) + 0.04 * generator.standard_normal(shape))
    revenue = np.rint(np.maximum(pace * assets, 2.0 * np.abs(operating_income)))
    overhead = generator.uniform(0.08, 0.25, shape[1])
    gross_profit = np.rint(operating_income + overhead * revenue)
    cash = np.rint(assets * generator.uniform(0.05, 0.2, shape[1]) * np.exp(0.1 * generator.standard_normal(shape)))
    working = np.rint(0.02 * revenue * generator.standard_normal(shape))
    receivables = np.rint(0.25 * assets)
    items = {
        "revenue": revenue,
        "cost_of_revenue": revenue - gross_profit,
        "gross_profit": gross_profit,
        "operating_income": operating_income,
        "ebitda": operating_income + depreciation,
        "net_income": net_income,
        "total_assets": assets,
        "current_assets": cash + receivables,
        "total_liabilities": liabilities,
        "current_liabilities": np.rint(0.5 * other + 0.2 * debt),
        "total_equity": equity,
        "total_debt": debt,
        "cash": cash,
        "operating_cash_flow": net_income + depreciation - working,
        "capital_expenditure": np.rint(depreciation * np.exp(0.3 * generator.standard_normal(shape))),
    }
    for item in ("cost_of_revenue", "gross_profit", "ebitda"):
        items[item] = np.where(financial, np.nan, items[item])
    return items
