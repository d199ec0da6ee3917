"""What trading takes from a spread, at the region's own rates of each date."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.costs import BPS, Costs
from workbench.errors import DataError
from workbench.research.longshort import SESSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel
    from workbench.research.longshort import LongShort

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of one region on its sessions, as fractions of the traded value, each (S,)."""

    commission: Array
    half_spread: Array
    tax_buy: Array
    tax_sell: Array

    @property
    def buy(self) -> Array:
        """All that a buyer pays."""
        return self.commission + self.half_spread + self.tax_buy

    @property
    def sell(self) -> Array:
        """All that a seller pays."""
        return self.commission + self.half_spread + self.tax_sell


def market_rates(panel: Panel, first: int) -> Costs | str:
    """The dated rates of the panel's regions from a row on, or why there are none."""
    try:
        return Costs.of_markets(panel, first)
    except DataError as error:
        return f"Costs are left out: {error.message}"


def of_region(costs: Costs, region: str, rows: NDArray[np.intp]) -> Rates:
    """The rates of one region on some rows of the panel."""
    place = costs.regions.index(region)
    kinds = (costs.commission_bps, costs.half_spread_bps, costs.tax_buy_bps, costs.tax_sell_bps)
    commission, half_spread, tax_buy, tax_sell = (kind[rows, place] * BPS for kind in kinds)
    return Rates(commission, half_spread, tax_buy, tax_sell)


def by_year(portfolio: LongShort, rates: Rates | None) -> dict[str, float]:
    """Turnover, spread and costs of a long-short portfolio, a year of 252 sessions.

    Returns
    -------
    dict of str to float
        ``turnover`` (money traded over the money of one side, buys and sells of both sides), ``gross``,
        ``commission``, ``half_spread``, ``tax``, ``cost``, ``net`` (fractions a year), ``round_trip_bps``
        (buying and selling, mean of the dates), ``break_even_bps`` (cost a trade at which nothing is left). Costs
        are NaN without rates. Fees for borrowing shares are not known and not in it.
    """
    there = ~np.isnan(portfolio.gross)
    if not there.any():
        return dict.fromkeys(KEYS, math.nan)

    def yearly(values: Array) -> float:
        return float(values[there].mean()) * SESSIONS

    gross, turnover = yearly(portfolio.gross), yearly(portfolio.turnover)
    found = {"turnover": turnover, "gross": gross}
    if rates is None:
        found |= dict.fromkeys(KEYS[2:8], math.nan)
    else:
        tax = portfolio.bought * rates.tax_buy + portfolio.sold * rates.tax_sell
        parts = {
            "commission": yearly(portfolio.turnover * rates.commission),
            "half_spread": yearly(portfolio.turnover * rates.half_spread),
            "tax": yearly(tax),
        }
        cost = sum(parts.values())
        round_trip = float((rates.buy + rates.sell)[there].mean()) / BPS
        found |= {**parts, "cost": cost, "net": gross - cost, "round_trip_bps": round_trip}
    return {**found, "break_even_bps": gross / turnover / BPS if turnover > 0.0 else math.nan}


KEYS = (
    "turnover",
    "gross",
    "commission",
    "half_spread",
    "tax",
    "cost",
    "net",
    "round_trip_bps",
    "break_even_bps",
)
