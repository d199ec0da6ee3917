"""What every chart shares: titles with dates, and the colour of one region or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.reports import theme

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

#: The line a strategy is compared with.
COMPARISON = theme.MUTED


def title(what: str, start: Any, end: Any) -> str:
    """Say what is shown and for which dates."""
    return f"{what}<br><sup>{start} to {end}</sup>"


def colour(regions: Sequence[str]) -> str:
    """Colour of a single region, ink for several."""
    return theme.region_colour(regions[0]) if len(regions) == 1 else theme.INK


def translucent(colour: str, opacity: float) -> str:
    """A hexadecimal colour as rgba, for areas."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"
