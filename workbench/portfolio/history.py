"""The returns an optimizer may see, and the assets that have too few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.panel import Panel


@dataclass(frozen=True, eq=False)
class History:
    """Returns up to a date.

    Attributes
    ----------
    at : date
        The last row's date: the newest session on or before the date that was asked for.
    tickers : tuple of str
        Assets with enough history.
    returns : (L, M) array
        Daily total returns as fractions, without NaN.
    excluded : tuple of (ticker, reason)
        Assets that were asked for and cannot be used.
    """

    at: date
    tickers: tuple[str, ...]
    returns: NDArray[np.float64]
    excluded: tuple[tuple[str, str], ...]


def history(
    panel: Panel, at: str | date, *, tickers: Sequence[str] | None, lookback: int, min_share: float = 0.8
) -> History:
    """Cut the returns of the last ``lookback`` rows up to ``at`` from a panel.

    Parameters
    ----------
    panel : Panel
        Total-return closes in one currency; rows after ``at`` are not looked at.
    at : date or ISO text
        The day of the decision.
    tickers : sequence of str or None
        Assets to choose from; None takes all.
    lookback : int
        Rows of returns.
    min_share : float
        Share of the rows on which an asset must have traded.

    Returns
    -------
    History
        A price is carried over holidays and halts (a return of 0). Assets that are not listed or not
        traded at ``at``, that traded on too few rows, or whose price breaks in them, stand in ``excluded``
        with the reason.

    Raises
    ------
    ConfigError
        A lookback below 2, or a ticker given twice.
    NotEnoughHistory
        Fewer than ``lookback`` + 1 rows before ``at``, or fewer than two usable assets.
    """
    wanted = panel.tickers if tickers is None else tuple(tickers)
    _check(wanted, lookback)
    last = int(np.searchsorted(panel.dates, np.datetime64(at, "D"), side="right")) - 1
    if last < lookback:
        raise NotEnoughHistory(
            f"There are {max(last, 0)} days of returns up to {at}; {lookback} are needed.",
            hint="Take a later date, a shorter lookback, or collect a longer history.",
        )
    window = slice(last - lookback, last + 1)
    close, traded = panel["close"][window], np.asarray(panel.traded, dtype=bool)[window]
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    kept: list[int] = []
    excluded: list[tuple[str, str]] = []
    for ticker in wanted:
        number = place.get(ticker)
        reason = "not in the panel" if number is None else _reason(panel, number, last, traded, min_share)
        if reason or number is None:
            excluded.append((ticker, reason))
        else:
            kept.append(number)
    if len(kept) < 2:
        why = f"; first reason: {excluded[0][1]}" if excluded else ""
        raise NotEnoughHistory(
            f"{len(kept)} of {len(wanted)} assets have enough history at {at}, two are needed{why}.",
            hint="Take a later date, a shorter lookback or other assets.",
            excluded=tuple(excluded),
        )
    prices = _filled(close[:, kept])
    day: date = panel.dates[last].item()
    returns = prices[1:] / prices[:-1] - 1.0
    return History(day, tuple(panel.tickers[number] for number in kept), returns, tuple(excluded))


def _check(wanted: tuple[str, ...], lookback: int) -> None:
    if lookback < 2:
        raise ConfigError(f"lookback={lookback} must be at least 2.", hint="252 days, a year, are usual.")
    if len(set(wanted)) < len(wanted):
        twice = next(ticker for ticker in wanted if wanted.count(ticker) > 1)
        raise ConfigError(f"{twice} is given more than once.", hint="Name each asset once.")


def _reason(panel: Panel, number: int, last: int, traded: NDArray[np.bool_], min_share: float) -> str:
    """Why a column cannot be used; empty where it can."""
    own = np.asarray(panel.sessions(panel.regions[number]), dtype=bool)[: last + 1]
    latest = int(np.flatnonzero(own)[-1]) if own.any() else last
    if not panel.member[latest, number]:
        return f"not listed on {panel.dates[latest]}"
    if not panel.traded[latest, number]:
        return f"suspended on {panel.dates[latest]}"
    broken = np.flatnonzero(panel.breaks[last - len(traded) + 2 : last + 1, number])
    if len(broken):
        day = panel.dates[last - len(traded) + 2 + int(broken[0])]
        return f"the price breaks on {day}: a move of more than a factor of five that no action explains"
    sessions = own[last - len(traded) + 1 : last + 1]
    share = float(traded[sessions, number].mean()) if sessions.any() else 0.0
    if share < min_share:
        return f"traded on {share:.0%} of the sessions, {min_share:.0%} are needed"
    return ""


def _filled(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Prices carried forward; before the first bar the first price, which is a return of 0."""
    rows = np.where(np.isnan(close), -1, np.arange(len(close))[:, None])
    last = np.maximum.accumulate(rows, axis=0)
    first = np.argmax(~np.isnan(close), axis=0)
    filled: NDArray[np.float64] = np.take_along_axis(close, np.where(last >= 0, last, first), axis=0)
    return filled
