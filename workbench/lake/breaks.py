"""Breaks: moves of a price that no corporate action of the lake explains and that no holder earned.

Validation quarantines the first bar of a new level, but the bars after it are ordinary and stay: the
return from the old level to the new one would still be read from the panel. It is nearly always a
split, a capital reduction or a new company under an old code that the provider does not report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Ratio of one close to the one before, either way, from which a move is not believed: the bound of
#: validation for markets without a daily limit. Dividends and splits of the lake are taken out before.
BREAK = 5.0


def breaks(close: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bars on the far side of a break.

    Parameters
    ----------
    close : (T, N) array
        Adjusted for splits and dividends; NaN where there is no bar.

    Returns
    -------
    (T, N) bool array
        True at a bar whose close is more than five times the close of the bar before it, or less than a
        fifth. The first bar of the window is never one.

    Notes
    -----
    Timing: row t uses rows up to t.
    """
    found = np.zeros(close.shape, dtype=bool)
    last = np.full(close.shape[1], np.nan)
    # Row by row, since a whole grid of the last closes would be held only to be divided by once.
    with np.errstate(invalid="ignore"):
        for row, now in enumerate(close):
            there = np.isfinite(now) & (now > 0.0)
            ratio = now / last
            found[row] = there & ((ratio > BREAK) | (ratio < 1.0 / BREAK))
            np.copyto(last, now, where=there)
    return found
