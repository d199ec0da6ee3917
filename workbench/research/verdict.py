"""One word and one sentence a region: does the score work, and what does it cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.research.inference import MIN_PERIODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.research.inference import Inference

WORKS = "works"
COSTLY = "costs too much"
REVERSED = "works in reverse"
NOT = "does not work"
INSUFFICIENT = "insufficient"
TOO_FEW = "too few names"


def verdict(ic: Inference, net: float) -> str:
    """Judge a mean information coefficient and a spread net of costs.

    Parameters
    ----------
    ic : Inference
        Of the rank IC over the holding period.
    net : float
        Top minus bottom quantile a year after costs; NaN where costs are not known.

    Returns
    -------
    str
        ``too few names``: no date has an IC. ``insufficient``: below 24 periods that share no return.
        ``does not work``: no difference from zero at 5 %, two-sided. ``works in reverse``: below zero.
        ``costs too much``: above zero, and trading takes all of the spread. ``works``: the rest.
    """
    if not ic.observations:
        return TOO_FEW
    if not ic.sufficient:
        return INSUFFICIENT
    if ic.sign <= 0:
        return REVERSED if ic.sign < 0 else NOT
    return COSTLY if net <= 0.0 else WORKS


def sentence(word: str, ic: Inference, year: Mapping[str, float], horizon: int, fewest: int) -> str:
    """The verdict in one sentence.

    Parameters
    ----------
    word : str
        Of :func:`verdict`.
    ic : Inference
    year : mapping of str to float
        gross, cost, net of :func:`workbench.research.costs.by_year`.
    horizon : int
        Sessions of the holding period.
    fewest : int
        Names that a date needed.
    """
    if word == TOO_FEW:
        return f"Too few names: no date has {fewest} with a score and a return over {horizon} sessions."
    money = f"top minus bottom earned {year['gross']:+.1%} a year"
    if not math.isnan(year["net"]):
        money += f", trading took {year['cost']:.1%}, {year['net']:+.1%} is left"
    if word == INSUFFICIENT:
        periods = f"{ic.periods} of the {MIN_PERIODS} periods needed"
        return f"Insufficient history: {periods}. Mean rank IC {ic.mean:+.3f} over {horizon} sessions; {money}."
    shown = (
        f"mean rank IC {ic.mean:+.3f} over {horizon} sessions, t {ic.t_fixed_b:.1f} where {ic.critical:.1f} is needed"
    )
    return f"{word[0].upper()}{word[1:]}: {shown}; {money}."


def summed_up(words: Sequence[tuple[str, str]]) -> str:
    """Regions by verdict in one line, as ``works in KR, US; insufficient in JP``."""
    order = (WORKS, COSTLY, REVERSED, NOT, INSUFFICIENT, TOO_FEW)
    parts = [(word, [region for region, found in words if found == word]) for word in order]
    text = "; ".join(f"{word} in {', '.join(regions)}" for word, regions in parts if regions)
    return text[:1].upper() + text[1:]
