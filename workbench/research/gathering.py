"""Bring a score and a panel together: each region on its own sessions, with what the panel knows of its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.research import breakdown, capacity, costs, forward
from workbench.research.inference import MIN_PERIODS
from workbench.research.regional import Question, Regional

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.factors import Score
    from workbench.lake.panel import Panel

    Array = NDArray[np.float64]

#: The item of a panel by which names are ordered for their size, and the sessions of traded value in its place.
MARKET_CAP = "market_cap"
SIZE_SESSIONS = 63

_ENTRY = {
    "next_close": "entered and left at the close of the next session",
    "next_open": "entered and left at the open of the next session",
    "close": "entered and left at the very close that made the score, which nobody can trade: to compare with "
    "alphalens",
}


def conventions(question: Question) -> tuple[str, ...]:
    """How the figures are to be read."""
    return (
        f"Decided at the close of a session, {_ENTRY[question.execution]}; total returns, horizons in sessions.",
        "t is fixed-b (Kiefer and Vogelsang 2005): all dates, compared with its own critical value at 5 %, two-sided; "
        f"stars * 10 %, ** 5 %, *** 2 %; below {MIN_PERIODS} periods that share no return there is no verdict.",
        f"The spread is the top minus the bottom of {question.quantiles} quantiles, equal weights, 1 of money on "
        f"each side, held {question.holding} sessions and renewed a bit every session; costs at the region's dated "
        "rates, without fees for borrowed shares.",
    )


def gather(score: Score, panel: Panel, question: Question, size: Array | None, notes: list[str]) -> list[Regional]:
    """The regions of a score, in the order of its columns; what is left out is added to ``notes``.

    Raises
    ------
    ConfigError
        Labels of the score that the panel does not have, or a size of another shape.
    """
    values, columns, asked = _aligned(score, panel)
    if size is not None and size.shape != panel.shape:
        raise ConfigError(
            f"size of shape {size.shape} does not fit the panel of {panel.shape}.",
            hint="Give one value a row and column of the panel.",
        )
    done = forward.fills(panel, question.execution)
    money = capacity.dollar_volume(panel)
    sectors = breakdown.sector_codes(panel)
    first = int(np.flatnonzero(asked)[0]) if asked.any() else 0
    rates = costs.market_rates(panel, first)
    if isinstance(rates, str):
        notes.append(rates)
    if sectors is None:
        notes.append("Sectors are left out: the panel has none.")
    if money is None:
        notes.append("Capacity is left out: the panel has neither turnover nor volume.")
    if size is None and MARKET_CAP in panel.items:
        size = np.asarray(panel.items[MARKET_CAP])
    found, without = [], []
    regions = np.array([score.regions[column] for column in columns[0]])
    for name in score.labels.region_names():
        own = np.flatnonzero(regions == name)
        rows = np.flatnonzero(np.asarray(panel.sessions(name), dtype=bool))
        cell = np.ix_(rows, columns[1][own])
        traded = None if money is None else money[cell]
        order = None if size is None or np.isnan(size[cell]).all() else size[cell]
        if order is None:
            without.append(name)
            order = None if traded is None else capacity.average(traded, SIZE_SESSIONS)
        found.append(
            Regional(
                name=name,
                days=np.asarray(panel.dates)[rows],
                score=values[np.ix_(rows, own)],
                asked=asked[rows],
                member=np.asarray(panel.member, dtype=bool)[cell],
                done=done.cut(cell),
                question=question,
                rates=None if isinstance(rates, str) else costs.of_region(rates, name, rows),
                sectors=None if sectors is None else (sectors[0][cell], sectors[1]),
                size=order,
                adv=None if traded is None else capacity.average(traded),
                currency=panel.currency or panel.currencies[int(cell[1][0, 0])] or "local currency",
            )
        )
    blank = [one.name for one in found if one.sectors is not None and not (one.sectors[0] >= 0).any()]
    if blank:
        notes.append(f"{', '.join(blank)}: no sector was known on these dates; sectors are left out.")
    if without:
        instead = "size is left out" if money is None else f"size is the mean traded value of {SIZE_SESSIONS} sessions"
        notes.append(f"{', '.join(without)}: no market capitalization in the panel; {instead}.")
    return found


def _aligned(score: Score, panel: Panel) -> tuple[Array, tuple[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]:
    """The score on the panel's rows, its columns in the score and in the panel, and the rows it was asked for.

    Columns that are never scored and that the panel does not have are left out.
    """
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    scored: NDArray[np.bool_] = np.any(~np.isnan(score.values), axis=0)
    kept = [column for column, ticker in enumerate(score.tickers) if scored[column] or ticker in place]
    missing = [score.tickers[column] for column in kept if score.tickers[column] not in place]
    days = np.asarray(panel.dates)
    if missing or not np.isin(score.dates, days).all():
        raise ConfigError(
            f"The panel does not hold the score's labels: {len(missing)} tickers are missing (first: {missing[:3]}).",
            hint="Take the panel of the same regions with dates at least as long as the score's.",
        )
    rows = np.searchsorted(days, score.dates)
    values = np.full((len(days), len(kept)), np.nan)
    values[rows] = score.values[:, kept]
    asked = np.zeros(len(days), dtype=bool)
    asked[rows] = True
    there = np.array([place[score.tickers[column]] for column in kept], dtype=np.intp)
    return values, (np.array(kept, dtype=np.intp), there), asked
