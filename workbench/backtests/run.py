"""Run targets through an engine: pure, silent, without a trace in any lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.costs import Costs
from workbench.backtests.doubts import doubts, thin
from workbench.backtests.engines import DEFAULT_ENGINE, Job, get_engine
from workbench.backtests.outcome import BacktestRun, assemble
from workbench.backtests.prices import prices
from workbench.errors import BacktestError

if TYPE_CHECKING:
    from workbench.backtests.targets import Targets
    from workbench.lake.panel import Panel


SEVERAL = (
    "Orders that are filled on one date are sized together, from the value of all positions at that date's closes: "
    "the size (never the choice) of an order in Asia knows New York's close of the same date."
)


def run(
    targets: Targets, panel: Panel, costs: Costs | None = None, engine: str = DEFAULT_ENGINE, capital: float = 1e6
) -> BacktestRun:
    """Simulate targets on a panel.

    Parameters
    ----------
    targets : Targets
        Weights by decision date; every decision date is a row of the panel.
    panel : Panel
        Total-return closes in one currency: dividends are reinvested in their stock on the ex-date,
        without cost.
    costs : Costs, optional
        Proportional costs; None takes the dated tables of the panel's regions.
    engine : str
        Name of a registered engine.
    capital : float
        Cash at the start, in the panel's currency; results scale with it.

    Returns
    -------
    BacktestRun
        From the first decision date to the panel's last row.

    Raises
    ------
    BacktestError
        A decision on a date or for a ticker the panel does not have, prices that are not adjusted for
        dividends, several currencies, or a capital that is not positive.

    Notes
    -----
    Timing: decided at the close of t, filled at the close of the next session of the ticker's region. A
    stock that does not trade on that day is filled on its next trading day, unless a later decision
    replaces the order. Weights are turned into money at the fill, from the value of the whole portfolio at
    the closes of that date, also of markets that close later. A delisted stock is paid out at its proceeds.
    A position whose bars end without a delisting stays at its last price, and a break of the price is
    earned as it stands: the notes name both.
    """
    _check(targets, panel, capital)
    first = int(np.searchsorted(panel.dates, targets.dates[0]))
    rates = costs if costs is not None else Costs.of_markets(panel, first)
    job = _job(targets, panel, rates, first, capital)
    chosen = get_engine(engine)
    ledger = chosen.simulate(job)
    several = (SEVERAL,) if len(rates.regions) > 1 else ()
    notes = (*panel.notes, *thin(panel, first), *several, *doubts(job, ledger, panel.breaks[first:]))
    return assemble(job, ledger, panel.currency or "", chosen.name, notes)


def _check(targets: Targets, panel: Panel, capital: float) -> None:
    if panel.adjust != "total":
        raise BacktestError(
            f"The panel is adjusted for {panel.adjust!r}, so that dividends would be lost.",
            hint='Load it with adjust="total".',
        )
    if not panel.currency:
        raise BacktestError("The panel holds several currencies.", hint='Load it with currency="USD".')
    if not capital > 0.0:
        raise BacktestError(f"capital={capital} must be above 0.", hint="Any amount will do: results scale with it.")
    missing = targets.dates[~np.isin(targets.dates, panel.dates)]
    if len(missing):
        raise BacktestError(
            f"{len(missing)} decision dates are no rows of the panel (first: {missing[0]}).",
            hint="Load a panel that covers all decisions.",
        )
    unknown = sorted(set(targets.tickers) - set(panel.tickers))
    if unknown:
        raise BacktestError(
            f"{len(unknown)} tickers of the targets are not in the panel (first: {unknown[:3]}).",
            hint="Build targets and prices from the same panel.",
        )


def _job(targets: Targets, panel: Panel, costs: Costs, first: int, capital: float) -> Job:
    """Cut everything to the rows from the first decision on, and place the decisions."""
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    columns = np.array([place[ticker] for ticker in targets.tickers], dtype=np.intp)
    region_place = {region: number for number, region in enumerate(costs.regions)}
    decisions = {}
    for date, weights in zip(targets.dates, targets.weights, strict=True):
        row = np.full(len(panel.tickers), np.nan)
        row[columns] = weights
        decisions[int(np.searchsorted(panel.dates, date)) - first] = row
    return Job(
        np.asarray(panel.dates)[first:],
        tuple(panel.tickers),
        np.array([region_place[region] for region in panel.regions], dtype=np.intp),
        prices(panel).since(first),
        decisions,
        costs.since(first),
        capital,
    )
