"""From scores to target weights: each region decides on its own last session of the period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import markets
from workbench.backtests import Targets, rebalance_rows
from workbench.errors import BacktestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.factors import Score
    from workbench.lake.panel import Panel
    from workbench.studies.strategy import Selection, Strategy


def targets(score: Score, strategy: Strategy) -> Targets:
    """Weights of the highest scores on every rebalance date.

    Parameters
    ----------
    score : Score
        (T, N); NaN names are not held.
    strategy : Strategy
        Selection, weighting and rebalance period.

    Returns
    -------
    Targets
        A region's columns are NaN on dates on which it decides nothing. The last row is a decision
        only if the calendar says that its period ends there.

    Notes
    -----
    Timing: row t uses the scores of row t; the calendar's next session is known beforehand.
    """
    regions = score.labels.region_names()
    rows: dict[int, NDArray[np.float64]] = {}
    for region in regions:
        columns = score.labels.columns(region)
        for row in _decisions(score, region, strategy.rebalance):
            equal = None if score.tie_break is None else score.tie_break[row, columns]
            weights = choose(score.values[row, columns], strategy.selection, equal)
            if weights is not None:
                rows.setdefault(row, np.full(len(score.tickers), np.nan))[columns] = weights / len(regions)
    ordered = sorted(rows)
    values = np.array([rows[row] for row in ordered]).reshape(len(ordered), len(score.tickers))
    return Targets(score.dates[ordered], score.tickers, values)


def too_few(strategy: Strategy, regions: Sequence[str], panel: Panel) -> list[str]:
    """Notes on regions whose universe never has as many names as a score needs.

    Raises
    ------
    BacktestError
        Where that is so in every region: no period would help.
    """
    need = strategy.factor_set.fewest_names
    owner, most = np.array(panel.regions), {}
    for region in regions:
        most[region] = int(panel.member[panel.start :, owner == region].sum(axis=1).max(initial=0))
    few = [f"{region} at most {count}" for region, count in most.items() if count < need]
    if len(few) < len(most):
        told = f"A score needs {need} names a region: the universe has on any day of {'; '.join(few)}. Nothing is held."
        return [told] if few else []
    what = f"universe ({strategy.universe})" if strategy.universe else "lake"
    raise BacktestError(
        f"The {what} is too small for a score, which needs {need} names a region on one day: {'; '.join(few)}.",
        hint=f"Widen the `universe` of {strategy.name} to at least {need} names a region"
        + (", or choose other regions." if strategy.universe else ", or collect more of them."),
    )


def choose(
    scores: NDArray[np.float64], selection: Selection, tie_break: NDArray[np.float64] | None = None
) -> NDArray[np.float64] | None:
    """Equal weights over the highest scores of one region and date; None where nothing is scored.

    Of equal scores the one with the higher ``tie_break`` wins, and then the column that comes first.
    """
    scored = int((~np.isnan(scores)).sum())
    if not scored:
        return None
    count = max(1, min(selection.top_n, int(scored * selection.max_share)))
    second = np.zeros(len(scores)) if tie_break is None else -tie_break
    best = np.lexsort((second, -scores))[:count]
    weights = np.zeros(len(scores))
    weights[best] = 1.0 / count
    return weights


def _decisions(score: Score, region: str, period: str) -> list[int]:
    """Rows on which a region decides."""
    rows = np.flatnonzero(score.labels.sessions[region])
    if not len(rows):
        return []
    days = score.dates[rows]
    following = np.datetime64(markets.next_session(region, days[-1].item()), "D")
    return [int(row) for row in rows[rebalance_rows(days, period, following)]]
