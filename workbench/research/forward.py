"""What a score could have earned: forward returns that start when it could first be traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from workbench.backtests.prices import prices
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]

Execution = Literal["next_close", "next_open", "close"]

#: Sessions between the score's close and the entry.
DELAY = {"next_close": 1, "next_open": 1, "close": 0}


@dataclass(frozen=True, eq=False)
class Fills:
    """At what a decision of row t is bought and sold, on the rows of a panel.

    Attributes
    ----------
    execution : str
        ``next_close``, ``next_open`` or ``close``.
    price : (T, N) array
        Total-return price of a trade on the row, carried where the stock does not trade; NaN before its first bar.
    value : (T, N) array
        Total-return close, carried alike; a delisted stock stands at its proceeds.
    tradable : (T, N) bool
        Rows on which the stock can be bought.
    broken : (T, N) int
        Breaks of the price up to the row.
    """

    execution: str
    price: Array
    value: Array
    tradable: NDArray[np.bool_]
    broken: NDArray[np.int64]

    @property
    def delay(self) -> int:
        """Sessions from the decision to the entry."""
        return DELAY[self.execution]

    def cut(self, cell: tuple[NDArray[np.intp], ...]) -> Fills:
        """The same on some rows and columns (``numpy.ix_``): the sessions of one region."""
        return Fills(self.execution, self.price[cell], self.value[cell], self.tradable[cell], self.broken[cell])

    def gains(self, horizon: int) -> Array:
        """Return over ``horizon`` rows from the entry on; see :func:`forward_returns`."""
        result = np.full(self.price.shape, np.nan)
        count = len(result) - horizon - self.delay
        if count < 1:
            return result
        entry, leave = slice(self.delay, self.delay + count), slice(self.delay + horizon, None)
        can_enter = self.tradable[entry] & (self.broken[leave] == self.broken[entry])
        result[:count] = self.price[leave] / np.where(can_enter, self.price[entry], np.nan) - 1.0
        return result


def fills(panel: Panel, execution: Execution = "next_close") -> Fills:
    """Prices of execution of a panel, prepared once for several horizons.

    Raises
    ------
    ConfigError
        An unknown kind of execution, or ``next_open`` without opens in the panel.
    """
    if execution not in get_args(Execution):
        raise ConfigError(f"execution={execution!r} is unknown.", hint=f"Use one of {', '.join(get_args(Execution))}.")
    market = prices(panel)
    broken = np.cumsum(np.asarray(panel.breaks, dtype=np.int64), axis=0)
    price, tradable = market.value, market.tradable
    if execution == "next_open":
        if "open" not in panel.bars:
            raise ConfigError(
                "execution='next_open' needs opens, and the panel has none.", hint="Name 'open' in `fields`."
            )
        opens = np.asarray(panel["open"], dtype=np.float64)
        tradable = tradable & np.isfinite(opens)
        price = np.where(tradable, opens, market.value)
    if execution == "close":
        tradable = ~np.isnan(market.value)
    return Fills(execution, price, market.value, tradable, broken)


def forward_returns(panel: Panel, horizon: int, execution: Execution = "next_close") -> Array:
    """Total return over ``horizon`` sessions, from the price at which the score can first be traded.

    Parameters
    ----------
    panel : Panel
        Total-return closes; with ``next_open`` opens as well, adjusted alike.
    horizon : int
        Sessions of the column's own market, at least 1.
    execution : {"next_close", "next_open", "close"}
        Entered and left at the close of the next session, at its adjusted open, or at the very close at
        which the score was made. The last one cannot be traded: it is the convention of alphalens, kept
        to compare with.

    Returns
    -------
    (T, N) array
        ``price[t + d + horizon] / price[t + d] - 1`` as a fraction, counted in the region's sessions, with
        d = 1 (0 for ``close``). NaN on dates that are no session of the region, where the stock did not
        trade at the entry (for ``close``: before its first bar, since prices are carried there), where the
        exit lies beyond the panel, and where the price breaks on the way (``panel.breaks``). An exit at
        which the stock does not trade is valued at its carried close. A stock delisted on the way leaves at
        its proceeds.

    Raises
    ------
    ConfigError
        A horizon below 1, an unknown execution, or ``next_open`` without opens.

    Notes
    -----
    Timing: a score of row t is known at the close of t; the return begins at the execution price of
    t + 1, so that no part of it overlaps what the score has seen.
    """
    if horizon < 1:
        raise ConfigError(f"horizon={horizon} must be at least 1 session.", hint="For example 21.")
    done = fills(panel, execution)
    result = np.full(done.price.shape, np.nan)
    regions = np.array(panel.regions)
    for region in dict.fromkeys(panel.regions):
        rows = np.flatnonzero(np.asarray(panel.sessions(region), dtype=bool))
        cell = np.ix_(rows, np.flatnonzero(regions == region))
        result[cell] = done.cut(cell).gains(horizon)
    return result
