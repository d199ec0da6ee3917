"""When a portfolio is decided anew: the last session of each week, month or quarter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERIODS = ("weekly", "monthly", "quarterly")


def rebalance_rows(
    sessions: NDArray[np.datetime64], period: str, following: np.datetime64 | None = None
) -> NDArray[np.intp]:
    """Rows that are the last session of their period.

    Parameters
    ----------
    sessions : (S,) datetime64[D]
        Sessions of one region, rising.
    period : str
        ``weekly`` (Monday to Sunday), ``monthly`` or ``quarterly``: periods of the calendar, so that
        cutting the history short or making it longer moves no decision.
    following : datetime64 or None
        The session after the last row, from the calendar; None where it is not known: the last row
        then decides nothing, for it may not be the end of its period.

    Raises
    ------
    ConfigError
        Unknown period.
    """
    if period not in PERIODS:
        raise ConfigError(f"rebalance={period!r} is not known.", hint=f"Choose one of {', '.join(PERIODS)}.")
    if not len(sessions):
        return np.empty(0, dtype=np.intp)
    number = _period(sessions, period)
    ends = np.flatnonzero(np.diff(number) != 0)
    if following is not None and _period(np.array([following], dtype="datetime64[D]"), period)[0] != number[-1]:
        ends = np.append(ends, len(sessions) - 1)
    return ends.astype(np.intp)


def _period(days: NDArray[np.datetime64], period: str) -> NDArray[np.int64]:
    if period == "weekly":
        return (days.astype("datetime64[D]").astype(np.int64) + 3) // 7
    months = days.astype("datetime64[M]").astype(np.int64)
    return months if period == "monthly" else months // 3
