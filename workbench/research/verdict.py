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
NO_SPREAD = "earns no spread"
UNKNOWN = "spread unknown"
REVERSED = "works in reverse"
NOT = "does not work"
INSUFFICIENT = "insufficient"
TOO_FEW = "too few names"


def verdict(ic: Inference, gross: float, net: float, *, enough: bool) -> str:
    """Judge a mean information coefficient and a spread net of costs.

    Parameters
    ----------
    ic : Inference
        Of the rank IC over the holding period.
    gross, net : float
        Top minus bottom quantile a year before and after costs; NaN where the one or the other is not known.
    enough : bool
        At least one date has as many scored names as a date needs.

    Returns
    -------
    str
        ``too few names``: no date has enough. ``insufficient``: below 24 periods that share no return.
        ``does not work``: no difference from zero at 5 %, two-sided. ``works in reverse``: below zero. The rest is
        above zero. ``spread unknown``: no date fills the top and the bottom quantile. ``earns no spread``: the order
        foretells, the extremes do not earn. ``costs too much``: trading takes all of the spread. ``works``: something
        is left, or costs are not known.
    """
    if not enough:
        return TOO_FEW
    if not ic.sufficient:
        return INSUFFICIENT
    if ic.sign <= 0:
        return REVERSED if ic.sign < 0 else NOT
    if not gross > 0.0:
        return UNKNOWN if math.isnan(gross) else NO_SPREAD
    return COSTLY if net <= 0.0 else WORKS


def sentence(word: str, ic: Inference, year: Mapping[str, float], horizon: int, missing: str) -> str:
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
    missing : str
        Why no date has an IC, where none has one.
    """
    if not ic.observations:
        return f"{_capital(word)}: {missing}."
    money = _money(year)
    if word == INSUFFICIENT:
        periods = f"{ic.periods} of the {MIN_PERIODS} periods needed"
        return f"Insufficient history: {periods}. Mean rank IC {ic.mean:+.3f} over {horizon} sessions; {money}."
    shown = (
        f"mean rank IC {ic.mean:+.3f} over {horizon} sessions, t {ic.t_fixed_b:.1f} where {ic.critical:.1f} is needed"
    )
    return f"{_capital(word)}: {shown}; {money}."


def summed_up(words: Sequence[tuple[str, str]]) -> str:
    """Regions by verdict in one line, as ``works in KR, US; insufficient in JP``."""
    order = (WORKS, COSTLY, NO_SPREAD, UNKNOWN, REVERSED, NOT, INSUFFICIENT, TOO_FEW)
    parts = [(word, [region for region, found in words if found == word]) for word in order]
    text = "; ".join(f"{word} in {', '.join(regions)}" for word, regions in parts if regions)
    return _capital(text)


def _money(year: Mapping[str, float]) -> str:
    if math.isnan(year["gross"]):
        return "no date has names in both the top and the bottom quantile (equal scores, or fewer than two a quantile)"
    earned = f"top minus bottom earned {year['gross']:+.1%} a year"
    if math.isnan(year["net"]):
        return f"{earned}, costs are not known"
    return f"{earned}, trading took {year['cost']:.1%}, {year['net']:+.1%} is left"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
