"""What doing nothing clever would have earned: every member at equal weight, on the strategy's own dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.costs import Costs
from workbench.backtests.engines import Job
from workbench.backtests.orders import OpenOrders
from workbench.backtests.prices import prices
from workbench.backtests.sizing import size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.backtests.targets import Targets
    from workbench.lake.panel import Panel

    Floats = NDArray[np.float64]


def equal_weight(panel: Panel, targets: Targets) -> Floats:
    """Value of one unit of money that follows a strategy's dates and chooses nothing.

    Parameters
    ----------
    panel : Panel
        Total-return closes in one currency.
    targets : Targets
        Of the strategy: a region decides on the dates on which its columns are not NaN. The weights
        themselves are not used.

    Returns
    -------
    (T - first,) array
        From the first decision on, at which it is 1; free of cost. Regions have equal parts.

    Notes
    -----
    Timing: the members with a bar at the decision are bought in equal parts at the close of the next
    session, under the order rules of the strategy, and drift until the next decision. Rebalancing every
    day instead would sell each rise and buy each fall of prices that bounce or are carried, and earn what
    nobody could. A stock without a bar keeps its last price; a delisted one turns into cash at its proceeds;
    a return over a break of the price is left out.
    """
    job = _job(panel, targets)
    growth = _growth(job, np.asarray(panel.breaks, dtype=bool)[-len(job.dates) :])
    orders, nothing = OpenOrders(job), job.costs.rates(0, job.column_region)
    held, cash = np.zeros(len(job.tickers)), job.capital
    value = np.empty(len(job.dates))
    for row in range(len(job.dates)):
        held = held * growth[row]
        paid = job.prices.closing == row
        cash += float(held[paid].sum())
        held[paid] = 0.0
        active, weights = orders.due(row)
        if active.any():
            trade = size(held, weights, active, cash, nothing).trade
            held = held + trade
            cash = max(cash - float(trade.sum()), 0.0)
        orders.decide(row)
        value[row] = cash + float(held.sum())
    return value


def _job(panel: Panel, targets: Targets) -> Job:
    """The strategy's dates with equal weights, from the first decision on."""
    regions = np.array(panel.regions)
    names = tuple(dict.fromkeys(panel.regions))
    first = int(np.searchsorted(panel.dates, targets.dates[0]))
    there = np.asarray(panel.member, dtype=bool) & ~np.isnan(np.asarray(panel["close"]))
    owner = np.array([ticker.split(":", 1)[0] for ticker in targets.tickers])
    decisions = {}
    for date, decided in zip(targets.dates, targets.weights, strict=True):
        row = int(np.searchsorted(panel.dates, date))
        weights = np.full(len(regions), np.nan)
        for region in dict.fromkeys(owner[~np.isnan(decided)].tolist()):
            chosen = there[row] & (regions == region)
            weights[regions == region] = 0.0
            weights[chosen] = 1.0 / (len(names) * max(int(chosen.sum()), 1))
        decisions[row - first] = weights
    place = np.array([names.index(region) for region in panel.regions], dtype=np.intp)
    free = Costs.flat(panel).since(first)
    dates = np.asarray(panel.dates)[first:]
    return Job(dates, tuple(panel.tickers), place, prices(panel).since(first), decisions, free, 1.0)


def _growth(job: Job, breaks: NDArray[np.bool_]) -> Floats:
    """Value of a row over that of the row before; 1 where there is none, and over a break."""
    growth = np.ones(job.prices.value.shape)
    before, after = job.prices.value[:-1], job.prices.value[1:]
    np.divide(after, before, out=growth[1:], where=(before > 0.0) & ~np.isnan(after) & ~breaks[1:])
    return growth
