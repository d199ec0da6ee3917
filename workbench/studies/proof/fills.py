"""That a strategy trades only after it has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import backtests
from workbench.errors import BacktestError
from workbench.studies import composites, selection
from workbench.studies.proof.findings import Finding

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from workbench.backtests import Targets
    from workbench.studies.proof.worlds import World
    from workbench.studies.strategy import Strategy

#: Decisions after which the fills are looked at.
_LOOKED_AT = 3
_SHOWN = ("date", "ticker", "side", "quantity", "price", "value")


def check(strategy: Strategy, world: World) -> Finding | None:
    """Fills up to the day of a decision may not depend on that decision; None where they do not.

    Parameters
    ----------
    world : World
        Of one region, so that prices have one currency.
    """
    panel = world.panel(strategy.universe)
    scores = composites.scored(strategy.factor_set, panel, world.start, world.end)
    try:
        decided = selection.targets(scores.composite, strategy)
        fills = backtests.run(decided, panel).fills
    except BacktestError:
        return None  # Nothing is decided, which is told as empty.
    for number in np.linspace(1, len(decided.dates) - 1, _LOOKED_AT).astype(int) if len(decided.dates) > 1 else ():
        day = decided.dates[number].item()
        before = _rows(fills, day)
        without = _rows(backtests.run(_until(decided, number), panel).fills, day)
        if not before.equals(without):
            ticker = before.join(without, on=list(_SHOWN), how="anti")["ticker"]
            told = (
                f"the decision of {day} moves fills of that day or earlier ones"
                f"{f', first of {ticker[0]}' if len(ticker) else ''}: it is traded before it is known."
            )
            return Finding(f"strategy {strategy.name}", "fill", "fills", date=str(day), detail=told)
    return None


def _until(decided: Targets, number: int) -> Targets:
    return backtests.Targets(decided.dates[:number], decided.tickers, decided.weights[:number].copy())


def _rows(fills: pl.DataFrame, day: date) -> pl.DataFrame:
    import polars as pl

    return fills.filter(pl.col("date") <= day).select(_SHOWN).sort(_SHOWN)
