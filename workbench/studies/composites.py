"""The scores of a factor set with the composite that it asks for, from the panel that this takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import factors
from workbench.errors import NotEnoughHistory
from workbench.research.combine import combine, walk_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from workbench.factors import FactorSet, Scores
    from workbench.lake import Lake
    from workbench.lake.panel import Panel


def spans(chosen: FactorSet, start: date | None) -> dict[str, Any]:
    """From when on a panel must reach for scores from ``start`` on: ``start`` and ``warmup`` of ``lake.panel``.

    A fitted composite learns from the training span before; its first day may not be cut in half, so one
    session more than the look-back is read before it.
    """
    if not chosen.combination.fitted:
        return {"start": start, "warmup": chosen.lookback}
    first = None if start is None else walk_of(chosen.combination).needed_from(start).item()
    return {"start": first, "warmup": chosen.lookback + 1}


def load(
    chosen: FactorSet,
    lake: Lake,
    regions: Sequence[str],
    start: date | None = None,
    end: date | None = None,
    universe: Any = None,
) -> Panel:
    """The panel with all that a set needs, items of filings included, prices in local currency."""
    needs = {**factors.asked(chosen), **spans(chosen, start)}
    return lake.panel(regions, end=end, universe=universe, adjust="total", **needs)


def scored(chosen: FactorSet, panel: Panel, start: date | None = None, end: date | None = None) -> Scores:
    """Scores from ``start`` to ``end``, with the composite of the set's combination.

    Parameters
    ----------
    chosen : FactorSet
    panel : Panel
        From :func:`load`, with the same ``start`` and ``end``.
    start, end : date, optional
        First and last date of the scores.

    Returns
    -------
    Scores
        Of a fitted combination a :class:`workbench.research.Combined`, which tells its weights and windows.

    Raises
    ------
    NotEnoughHistory
        No date of any region is scored by a fit, with the reason.
    """
    if not chosen.combination.fitted:
        return factors.compute(chosen, panel, start=start, end=end)
    features = factors.compute(chosen, panel, end=end)
    found = combine(features, panel, chosen.combination, lookback=chosen.lookback, min_names=chosen.fewest_names)
    part = found.between(start, end)
    if np.isnan(part.composite.values).all():
        told = " ".join(note for note in found.notes if note not in features.notes)
        raise NotEnoughHistory(
            f"{chosen.name} has no composite between {part.labels.dates[0]} and {part.labels.dates[-1]}. {told}",
            hint="Take a shorter `train`, later dates, or collect a longer history.",
        )
    return part
