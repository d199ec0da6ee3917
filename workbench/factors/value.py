"""Value: what a company earns, owns and pays out, for each unit of money its shares cost.

Figures are those of filings available by the close of t, in the currency of the price; flows are of the last
twelve months. The market capitalization is the issuer's, as of t. A value at t uses row t only, is known at
the close of t, and can be traded on the next session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors.accounts import common_equity as equity_of_common
from workbench.factors.accounts import first_of, or_nothing, positive
from workbench.factors.registry import factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@factor(
    family="value",
    lookback=0,
    needs=("net_income_common_ttm", "net_income_ttm", "market_cap"),
    source="Basu (1977), Journal of Finance 32(3); Fama and French (1992), Journal of Finance 47(2), E/P",
)
def earnings_yield(net_income_common_ttm: Array, net_income_ttm: Array, market_cap: Array) -> Array:
    """Net income of twelve months over market capitalization, a fraction; negative for losses.

    Parameters
    ----------
    net_income_common_ttm, net_income_ttm : (T, N) array
        Money; that of the common shareholders where it is filed, else of all shareholders of the parent.
    market_cap : (T, N) array
        Money.

    Returns
    -------
    (T, N) array
        NaN where either is not known.
    """
    return first_of(net_income_common_ttm, net_income_ttm) / positive(market_cap)


@factor(
    family="value",
    lookback=0,
    needs=("common_equity", "total_equity", "preferred_equity", "market_cap"),
    source="Rosenberg, Reid and Lanstein (1985), Journal of Portfolio Management 11(3); Fama and French (1992)",
)
def book_to_price(common_equity: Array, total_equity: Array, preferred_equity: Array, market_cap: Array) -> Array:
    """Equity of the common shareholders over market capitalization of the date, a fraction.

    Parameters
    ----------
    common_equity, total_equity, preferred_equity : (T, N) array
        Money, of the newest balance sheet: the first where it is filed, else the second minus the third.
    market_cap : (T, N) array
        Money.

    Returns
    -------
    (T, N) array
        NaN for a book value of 0 or less.
    """
    return positive(equity_of_common(common_equity, total_equity, preferred_equity)) / positive(market_cap)


@factor(
    family="value",
    lookback=0,
    needs=(
        "ebitda_ttm",
        "operating_income_ttm",
        "depreciation_ttm",
        "market_cap",
        "total_debt",
        "minority_interest",
        "preferred_equity",
        "cash",
    ),
    financials=False,
    source="Loughran and Wellman (2011), Journal of Financial and Quantitative Analysis 46(6), enterprise multiple",
)
def ebitda_to_ev(
    ebitda_ttm: Array,
    operating_income_ttm: Array,
    depreciation_ttm: Array,
    market_cap: Array,
    total_debt: Array,
    minority_interest: Array,
    preferred_equity: Array,
    cash: Array,
) -> Array:
    """EBITDA of twelve months over enterprise value, a fraction.

    ``EV = market cap + total debt + minority interest + preferred equity - cash``, the balance sheet's at book.

    Parameters
    ----------
    ebitda_ttm, operating_income_ttm, depreciation_ttm : (T, N) array
        Money; the first, else the sum of the others.
    market_cap, total_debt, cash, minority_interest, preferred_equity : (T, N) array
        Money, of the newest balance sheet. Minorities and preferred shares that are not filed count as none,
        since the line stands only where there are some; debt and cash do not: who files no debt may lack it
        or may not have been read.

    Returns
    -------
    (T, N) array
        NaN for an enterprise value of 0 or less, for financials, and where debt or cash is not known.
    """
    value = market_cap + total_debt + or_nothing(minority_interest) + or_nothing(preferred_equity) - cash
    return first_of(ebitda_ttm, operating_income_ttm + depreciation_ttm) / positive(value)


@factor(
    family="value",
    lookback=0,
    needs=("dividends_paid_ttm", "dividends_per_share_ttm", "market_cap", "price"),
    source="Litzenberger and Ramaswamy (1979), Journal of Financial Economics 7(2)",
)
def dividend_yield(dividends_paid_ttm: Array, dividends_per_share_ttm: Array, market_cap: Array, price: Array) -> Array:
    """Cash dividends of twelve months over market capitalization, a fraction.

    Parameters
    ----------
    dividends_paid_ttm : (T, N) array
        Money, of the cash-flow statement: it is the company's, whatever its classes and receipts.
    dividends_per_share_ttm : (T, N) array
        Money a share, on the shares of the date; divided by the price where the first is not filed.
    market_cap, price : (T, N) array
        Money; the close as traded.

    Returns
    -------
    (T, N) array
        0 for a company that files dividends of 0; NaN for one that files none at all, since a company that
        pays nothing is not told from one whose dividends were not read; NaN for twelve months below 0, which
        are errors of the source.
    """
    found = first_of(dividends_paid_ttm / positive(market_cap), dividends_per_share_ttm / positive(price))
    return np.where(found >= 0.0, found, np.nan)


@factor(
    family="value",
    lookback=0,
    needs=("operating_cash_flow_ttm", "capital_expenditure_ttm", "market_cap"),
    financials=False,
    source="Lakonishok, Shleifer and Vishny (1994), Journal of Finance 49(5), cash flow to price; free of investment",
)
def fcf_yield(operating_cash_flow_ttm: Array, capital_expenditure_ttm: Array, market_cap: Array) -> Array:
    """Operating cash flow minus capital expenditure, of twelve months, over market capitalization, a fraction.

    Parameters
    ----------
    operating_cash_flow_ttm, capital_expenditure_ttm : (T, N) array
        Money; expenditure is positive where it is spent.
    market_cap : (T, N) array
        Money.

    Returns
    -------
    (T, N) array
        Negative where more is invested than earned; NaN where one is not known, and for financials.
    """
    return (operating_cash_flow_ttm - capital_expenditure_ttm) / positive(market_cap)


@factor(
    family="value",
    lookback=0,
    needs=("revenue_ttm", "market_cap"),
    source="Barbee, Mukherji and Raines (1996), Financial Analysts Journal 52(2)",
)
def sales_to_price(revenue_ttm: Array, market_cap: Array) -> Array:
    """Revenue of twelve months over market capitalization, a fraction.

    Parameters
    ----------
    revenue_ttm, market_cap : (T, N) array
        Money.

    Returns
    -------
    (T, N) array
        NaN where either is not known.
    """
    return revenue_ttm / positive(market_cap)
