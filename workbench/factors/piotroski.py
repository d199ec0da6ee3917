"""Piotroski's F-score: nine yes-or-no questions to two annual accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors.accounts import gross_profit, positive
from workbench.factors.registry import factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Filed = Mapping[str, Array]

_BOTH_YEARS = (
    "net_income_ttm",
    "revenue_ttm",
    "cost_of_revenue_ttm",
    "gross_profit_ttm",
    "total_assets",
    "current_assets",
    "current_liabilities",
    "long_term_debt_noncurrent",
    "total_debt",
    "shares_outstanding",
)
#: Counts that differ by less are the same: a split leaves fractions of a share.
_SAME_COUNT = 1e-6


@factor(
    family="quality",
    lookback=0,
    needs=(
        *(f"{item}{before}" for item in _BOTH_YEARS for before in ("", "_prior")),
        "operating_cash_flow_ttm",
        "total_assets_prior2",
    ),
    financials=False,
    source="Piotroski (2000), Journal of Accounting Research 38, Supplement",
)
def piotroski_f(**filed: Array) -> Array:
    """Number of the nine signals of financial strength that a company shows, 0 to 9.

    1. net income above 0; 2. operating cash flow above 0; 3. return on assets higher than the year before;
    4. operating cash flow above net income; 5. debt over average assets not higher; 6. current ratio higher;
    7. no more shares than a year ago, on the same split basis; 8. gross margin higher; 9. asset turnover
    higher. Returns and turnover are over assets at the beginning of the twelve months.

    Parameters
    ----------
    filed : (T, N) arrays
        Money, of twelve months or of the newest balance sheet, and a year before. Debt is the long-term one
        where it is filed for both years, else all interest-bearing debt.

    Returns
    -------
    (T, N) array
        NaN where any of the nine cannot be answered, and for financials.

    Notes
    -----
    Debt that stays the same, such as none at all, counts as not higher.
    """
    signals = np.stack([*_profitability(filed), *_funding(filed), *_efficiency(filed)])
    score: Array = signals.sum(axis=0)
    return score


def _profitability(filed: Filed) -> tuple[Array, ...]:
    income, cash = filed["net_income_ttm"], filed["operating_cash_flow_ttm"]
    now = income / positive(filed["total_assets_prior"])
    before = filed["net_income_ttm_prior"] / positive(filed["total_assets_prior2"])
    return _above(income, 0.0), _above(cash, 0.0), _above(now, before), _above(cash, income)


def _funding(filed: Filed) -> tuple[Array, ...]:
    long, long_prior = filed["long_term_debt_noncurrent"], filed["long_term_debt_noncurrent_prior"]
    both = np.isfinite(long) & np.isfinite(long_prior)
    debt = np.where(both, long, filed["total_debt"])
    debt_prior = np.where(both, long_prior, filed["total_debt_prior"])
    assets, prior, prior2 = (filed[f"total_assets{before}"] for before in ("", "_prior", "_prior2"))
    leverage, leverage_prior = debt / positive(assets + prior), debt_prior / positive(prior + prior2)
    liquidity, liquidity_prior = (
        filed[f"current_assets{before}"] / positive(filed[f"current_liabilities{before}"]) for before in ("", "_prior")
    )
    shares, most = filed["shares_outstanding"], filed["shares_outstanding_prior"] * (1.0 + _SAME_COUNT)
    return _not_above(leverage, leverage_prior), _above(liquidity, liquidity_prior), _not_above(shares, most)


def _efficiency(filed: Filed) -> tuple[Array, ...]:
    margin, margin_prior = (
        gross_profit(
            filed[f"gross_profit_ttm{before}"], filed[f"revenue_ttm{before}"], filed[f"cost_of_revenue_ttm{before}"]
        )
        / positive(filed[f"revenue_ttm{before}"])
        for before in ("", "_prior")
    )
    turnover = filed["revenue_ttm"] / positive(filed["total_assets_prior"])
    turnover_prior = filed["revenue_ttm_prior"] / positive(filed["total_assets_prior2"])
    return _above(margin, margin_prior), _above(turnover, turnover_prior)


def _above(figure: Array, bound: Array | float) -> Array:
    """1 where the figure is above the bound, else 0; NaN where one is not known."""
    return np.where(np.isnan(figure) | np.isnan(bound), np.nan, np.where(figure > bound, 1.0, 0.0))


def _not_above(figure: Array, bound: Array) -> Array:
    return 1.0 - _above(figure, bound)
