"""The engine `bt`: its tree keeps positions, cash and fees; sizes and order rules are the house's.

bt's commission function knows quantity and price only. The rates here differ by region, side and date,
so each security carries its own: ``bt.core.SecurityBase.commission`` is the place bt asks, and it is
overridden in a subclass. bt 1.4.1 refuses a NaN price under an open position; the job's prices are
carried over holidays for that reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.backtests.engines import Ledger, engine
from workbench.backtests.orders import OpenOrders
from workbench.backtests.sizing import size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.backtests.engines import Job


@engine("bt")
class BtEngine:
    """Simulation through bt 1.4: fractional positions, fills at the close, proportional costs."""

    name = "bt"

    def simulate(self, job: Job) -> Ledger:
        """Trade the decisions of a job at the next tradable close after each."""
        return _Simulation(job).run()


class _Simulation:
    """One job in bt's tree, row by row."""

    def __init__(self, job: Job) -> None:
        import pandas as pd

        self._job = job
        self._columns = _ever_wanted(job)
        names = [job.tickers[column] for column in self._columns]
        index = pd.DatetimeIndex(job.dates.astype("datetime64[ns]"))
        self._days = list(index)
        self._tree = _tree(names)
        self._tree.setup(pd.DataFrame(job.prices.value[:, self._columns].copy(), index=index, columns=names))
        self._tree.adjust(job.capital)
        self._held = np.zeros(len(job.tickers))
        self._trades: list[tuple[int, int, float, str]] = []
        self._scaled = 0

    def run(self) -> Ledger:
        job, orders = self._job, OpenOrders(self._job)
        rows = len(job.dates)
        equity, cash = np.empty(rows), np.empty(rows)
        positions = np.zeros((rows, len(job.tickers)))
        for row, day in enumerate(self._days):
            self._tree.update(day)
            self._pay_out(row)
            active, weights = orders.due(row)
            if active.any():
                self._trade(row, active, weights)
            self._tree.update(day)
            orders.decide(row)
            equity[row], cash[row] = self._tree.value, self._tree.capital
            positions[row] = self._held
        return Ledger(equity, cash, positions, self._trades, self._notes())

    def _pay_out(self, row: int) -> None:
        """Turn delisted positions into cash at the proceeds, free of cost."""
        for column in np.flatnonzero((self._job.prices.closing == row) & (self._held != 0.0)):
            self._transact(row, int(column), -self._held[column], 0.0, "delisting")
            self._tree.update(self._days[row])

    def _trade(self, row: int, active: NDArray[np.bool_], weights: NDArray[np.float64]) -> None:
        price = self._job.prices.value[row]
        value = np.where(self._held != 0.0, self._held * np.nan_to_num(price), 0.0)
        rates = self._job.costs.rates(row, self._job.column_region)
        sized = size(value, weights, active, float(self._tree.capital), rates)
        self._scaled += sized.short_of_cash
        for column in _sells_first(sized.trade):
            trade = sized.trade[column]
            leaving = trade < 0.0 and weights[column] == 0.0
            quantity = -self._held[column] if leaving else trade / price[column]
            rate = rates.buy[column] if trade > 0.0 else rates.sell[column]
            self._transact(row, column, quantity, float(rate), "order")

    def _transact(self, row: int, column: int, quantity: float, rate: float, kind: str) -> None:
        ticker = self._job.tickers[column]
        self._tree._create_child_if_needed(ticker)
        child = self._tree.children[ticker]
        child.rate = rate
        child.transact(quantity)
        self._held[column] = child.position
        self._trades.append((row, column, float(quantity * self._job.prices.value[row, column]), kind))

    def _notes(self) -> tuple[str, ...]:
        if not self._scaled:
            return ()
        return (
            f"On {self._scaled} dates the buys were scaled down to the cash at hand: other positions could not "
            "be sold that day.",
        )


def _ever_wanted(job: Job) -> NDArray[np.intp]:
    """Columns with a weight above 0 in any decision: only they ever need a place in the tree."""
    wanted = np.zeros(len(job.tickers), dtype=bool)
    for weights in job.decisions.values():
        wanted |= np.nan_to_num(weights) > 0.0
    return np.flatnonzero(wanted)


def _sells_first(trade: NDArray[np.float64]) -> list[int]:
    """Columns that trade, the sells before the buys, each in the order of the columns."""
    return [int(column) for side in (trade < 0.0, trade > 0.0) for column in np.flatnonzero(side)]


def _tree(names: list[str]) -> Any:
    """bt's strategy node over lazily added securities with rates of their own."""
    import bt

    class CostedSecurity(bt.Security):  # type: ignore[misc]  # bt ships no types
        rate = 0.0

        def commission(self, q: float, p: float) -> float:
            return abs(q) * p * self.rate

    tree = bt.Strategy("targets", children=[CostedSecurity(name, lazy_add=True) for name in names])
    tree.use_integer_positions(False)
    return tree
