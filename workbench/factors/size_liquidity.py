"""Size and liquidity: small and seldom traded stocks have paid a premium, to those who could trade them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.factors import windows
from workbench.factors.registry import factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

MILLION = 1e6


@factor(
    family="size_liquidity",
    lookback=0,
    needs=("market_cap",),
    direction=-1,
    source="Banz (1981), Journal of Financial Economics 9(1)",
)
def log_market_cap(market_cap: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of the issuer's market capitalization, all its share classes together.

    Parameters
    ----------
    market_cap : (T, N) array
        Money, in the currency of the column's price; as known on the date.

    Returns
    -------
    (T, N) array
        NaN where the shares or the price are not known.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    return np.log(np.where(market_cap > 0.0, market_cap, np.nan))


@factor(
    family="size_liquidity",
    lookback=62,
    needs=("dollar_volume",),
    direction=-1,
    source="Brennan, Chordia and Subrahmanyam (1998), Journal of Financial Economics 49(3), dollar volume",
)
def log_dollar_volume_63d(dollar_volume: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of the mean money traded a session, over 63 sessions.

    Parameters
    ----------
    dollar_volume : (T, N) array
        Money, in the currency of the column's price; NaN where there was no trade.

    Returns
    -------
    (T, N) array
        ``log(mean(dollar_volume[t-62..t]))``. A session without a trade counts as 0 once the stock has traded
        within the window; NaN where that was fewer than 80 % of the 63 sessions ago.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    mean = windows.mean_since_listed(dollar_volume, 63)
    return np.log(np.where(mean > 0.0, mean, np.nan))


@factor(
    family="size_liquidity",
    lookback=252 + windows.CARRIED,
    needs=("close", "dollar_volume"),
    source="Amihud (2002), Journal of Financial Markets 5(1), equation 1",
)
def amihud_illiquidity_252d(close: NDArray[np.float64], dollar_volume: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the daily return's size over the money traded that day, 252 sessions; a fraction a million.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.
    dollar_volume : (T, N) array
        Money, in the currency of the column's price; NaN where there was no trade.

    Returns
    -------
    (T, N) array
        ``mean(|r| / dollar_volume) * 10^6`` over the traded days of t-251..t; NaN where fewer than 80 % of the
        252 are traded days with a return (the paper asks for 200 days of a year).

    Notes
    -----
    The unit is the price's own currency: comparable within a region, not between regions.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    impact = np.abs(windows.observed_returns(close))
    impact /= np.where(dollar_volume > 0.0, dollar_volume, np.nan)
    return windows.rolling_mean(impact, 252) * MILLION


@factor(
    family="size_liquidity",
    lookback=62,
    needs=("dollar_volume", "price", "shares_outstanding"),
    direction=-1,
    source="Datar, Naik and Radcliffe (1998), Journal of Financial Markets 1(2)",
)
def turnover_63d(
    dollar_volume: NDArray[np.float64], price: NDArray[np.float64], shares_outstanding: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean share of the shares outstanding that changes hands a session, over 63 sessions, as a fraction.

    Parameters
    ----------
    dollar_volume : (T, N) array
        Money, in the currency of the column's price; NaN where there was no trade.
    price : (T, N) array
        Close as traded.
    shares_outstanding : (T, N) array
        Shares of the column's own class, as known on the date.

    Returns
    -------
    (T, N) array
        ``mean(dollar_volume / (price * shares))`` over t-62..t. A session without a trade counts as 0 once the
        stock has traded within the window; NaN where that was fewer than 80 % of the 63 sessions ago, or the
        shares are not known.

    Notes
    -----
    Money traded over the money that the shares are worth on the same day: volume adjusted for splits over a
    count that is not would be off by the ratio of every split before it. A count that a company files after a
    split is off until then.

    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    worth = price * shares_outstanding
    return windows.mean_since_listed(dollar_volume / np.where(worth > 0.0, worth, np.nan), 63)


@factor(
    family="size_liquidity",
    lookback=252 + windows.CARRIED,
    needs=("close",),
    source="Lesmond, Ogden and Trzcinka (1999), Review of Financial Studies 12(5), proportion of zero returns",
)
def zero_return_days_252d(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the last 252 sessions on which the close did not move, days without a trade among them.

    Parameters
    ----------
    close : (T, N) array
        Total-return closes on the sessions of one region; NaN where there is no bar.

    Returns
    -------
    (T, N) array
        0 to 1, over the sessions of t-251..t from the first one with a bar on; NaN where these are fewer than
        80 % of the 252. The first bar of a listing, and the first one after a halt of more than 21 sessions,
        have no return and count as days without a move.

    Notes
    -----
    Timing: the value at t is known at the close of t, and can be traded on the next session.
    """
    returns = windows.observed_returns(close)
    moved = np.where(np.isnan(close), np.nan, np.where((returns != 0.0) & ~np.isnan(returns), 1.0, 0.0))
    return 1.0 - windows.mean_since_listed(moved, 252)
