"""Quality: how well a company uses what it owns, and how far its profits can be believed.

Figures are those of filings available by the close of t; flows are of the last twelve months. ``_prior`` is
the same figure for the period that ended a year before the newest one, as last filed by t. A value at t uses
row t only, is known at the close of t, and can be traded on the next session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import piotroski
from workbench.factors.accounts import common_equity as equity_of_common
from workbench.factors.accounts import first_of, positive
from workbench.factors.accounts import gross_profit as gross_profit_of
from workbench.factors.registry import factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

piotroski_f = piotroski.piotroski_f
#: Years of margins that stability looks at, and how many of them must be known.
MARGIN_YEARS, FEWEST_MARGINS = 5, 3
#: Below this share of the mean a deviation is rounding.
_NO_VARIATION = 1e-9
_BEFORE = ("", "_prior", *(f"_prior{years}" for years in range(2, MARGIN_YEARS)))


@factor(
    family="quality",
    lookback=0,
    needs=("net_income_common_ttm", "net_income_ttm", "common_equity", "total_equity", "preferred_equity"),
    source="MSCI Quality Indexes Methodology: trailing twelve months' earnings over the latest book value",
)
def roe(
    net_income_common_ttm: Array,
    net_income_ttm: Array,
    common_equity: Array,
    total_equity: Array,
    preferred_equity: Array,
) -> Array:
    """Net income of twelve months over equity of the common shareholders at its end, a fraction.

    Equity is that of the newest balance sheet, not an average: it needs one balance sheet less.

    Parameters
    ----------
    net_income_common_ttm, net_income_ttm : (T, N) array
        Money; that of the common shareholders where it is filed, else of all shareholders of the parent.
    common_equity, total_equity, preferred_equity : (T, N) array
        Money; the first where it is filed, else the second minus the third.

    Returns
    -------
    (T, N) array
        NaN for equity of 0 or less.
    """
    equity = equity_of_common(common_equity, total_equity, preferred_equity)
    return first_of(net_income_common_ttm, net_income_ttm) / positive(equity)


@factor(
    family="quality",
    lookback=0,
    needs=("gross_profit_ttm", "revenue_ttm", "cost_of_revenue_ttm", "total_assets"),
    financials=False,
    source="Novy-Marx (2013), Journal of Financial Economics 108(1)",
)
def gross_profitability(
    gross_profit_ttm: Array, revenue_ttm: Array, cost_of_revenue_ttm: Array, total_assets: Array
) -> Array:
    """Gross profit of twelve months over total assets at their end, a fraction.

    Parameters
    ----------
    gross_profit_ttm, revenue_ttm, cost_of_revenue_ttm : (T, N) array
        Money; the first where it is filed, else the second minus the third.
    total_assets : (T, N) array
        Money.

    Returns
    -------
    (T, N) array
        NaN where one is not known, and for financials.
    """
    return gross_profit_of(gross_profit_ttm, revenue_ttm, cost_of_revenue_ttm) / positive(total_assets)


@factor(
    family="quality",
    lookback=0,
    needs=("total_debt", "total_equity"),
    direction=-1,
    financials=False,
    source="Bhandari (1988), Journal of Finance 43(2), at book; MSCI Quality Indexes Methodology",
)
def debt_to_equity(total_debt: Array, total_equity: Array) -> Array:
    """Interest-bearing debt over equity of the parent's shareholders, a fraction.

    Parameters
    ----------
    total_debt, total_equity : (T, N) array
        Money, of the newest balance sheet.

    Returns
    -------
    (T, N) array
        NaN for equity of 0 or less, for financials, and for a company that files no debt at all: it may have
        none, or the figure was not read.
    """
    return total_debt / positive(total_equity)


@factor(
    family="quality",
    lookback=0,
    needs=("net_income_ttm", "operating_cash_flow_ttm", "total_assets", "total_assets_prior"),
    direction=-1,
    financials=False,
    source="Sloan (1996), The Accounting Review 71(3), from the cash-flow statement as Hribar and Collins (2002) do",
)
def accruals(
    net_income_ttm: Array, operating_cash_flow_ttm: Array, total_assets: Array, total_assets_prior: Array
) -> Array:
    """Net income minus operating cash flow, of twelve months, over average total assets, a fraction.

    Parameters
    ----------
    net_income_ttm, operating_cash_flow_ttm : (T, N) array
        Money.
    total_assets, total_assets_prior : (T, N) array
        Money, now and a year before; the average is their mean.

    Returns
    -------
    (T, N) array
        NaN where one is not known, and for financials.
    """
    return (net_income_ttm - operating_cash_flow_ttm) / positive((total_assets + total_assets_prior) / 2.0)


@factor(
    family="quality",
    lookback=0,
    needs=("total_assets", "total_assets_prior"),
    direction=-1,
    source="Cooper, Gulen and Schill (2008), Journal of Finance 63(4)",
)
def asset_growth(total_assets: Array, total_assets_prior: Array) -> Array:
    """Growth of total assets over the year to the newest balance sheet, a fraction.

    Parameters
    ----------
    total_assets, total_assets_prior : (T, N) array
        Money, now and a year before.

    Returns
    -------
    (T, N) array
        NaN where one is not known or was not above 0.
    """
    return positive(total_assets) / positive(total_assets_prior) - 1.0


@factor(
    family="quality",
    lookback=0,
    needs=tuple(f"{item}_ttm{before}" for item in ("operating_income", "revenue") for before in _BEFORE),
    source="Gray and Carlisle (2012), Quantitative Value, margin stability; of the operating margin, over five years",
)
def margin_stability(**filed: Array) -> Array:
    """Mean of the operating margins of the last five years over their standard deviation (n - 1).

    The inverse of the coefficient of variation: a low but steady margin is not punished for being low. A year
    is twelve months that end with the newest period, and with the ones a year before each other.

    Parameters
    ----------
    filed : (T, N) arrays
        ``operating_income_ttm`` and ``revenue_ttm``, each with ``_prior`` to ``_prior4``; money.

    Returns
    -------
    (T, N) array
        NaN with fewer than three margins, without the newest one, and where they do not vary at all. A margin
        needs revenue above 0.
    """
    margins = np.stack(
        [filed[f"operating_income_ttm{before}"] / positive(filed[f"revenue_ttm{before}"]) for before in _BEFORE]
    )
    known = np.isfinite(margins)
    count = known.sum(axis=0)
    enough = known[0] & (count >= FEWEST_MARGINS)
    mean = np.where(known, margins, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(known, (margins - mean) ** 2, 0.0).sum(axis=0)
    deviation = np.sqrt(squares / np.maximum(count - 1, 1))
    varies = deviation > _NO_VARIATION * np.abs(mean)
    return np.where(enough & varies, mean / positive(deviation), np.nan)
