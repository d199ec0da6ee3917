"""Portfolios sorted on characteristics, and the factor returns that they mimic.

The conventions are those of Fama and French (1993), "Common risk factors in the returns on stocks and
bonds", Journal of Financial Economics 33, and of Kenneth French's data library: two independent sorts,
size at its median and a characteristic at its 30th and 70th percentiles, six value-weighted portfolios,
a factor is the mean of the portfolios on one side less the mean of those on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.prices import prices
from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Groups = NDArray[np.int8]

#: Group of a name that is in no portfolio.
NONE = -1
#: Portfolios of a double sort: size (small, big) by the characteristic (low, medium, high).
SIX = ("SL", "SM", "SH", "BL", "BM", "BH")
#: Percentiles between small and big, and between low, medium and high.
HALVES, TERCILES = (50.0,), (30.0, 70.0)


@dataclass(frozen=True, eq=False)
class Holdings:
    """What portfolios own, session by session.

    Attributes
    ----------
    group : int8, shape (T, N)
        Portfolio that owns the name during session t, from the close of t - 1 to the close of t; -1 none.
    weight : float64, shape (T, N)
        Its fraction of that portfolio at the close of t - 1; 0 where the name is in none.
    count : int
        Number of portfolios, K.
    """

    group: Groups
    weight: Floats
    count: int

    def returns(self, gain: Floats) -> Floats:
        """Return of each portfolio and session, (T, K): fractions, NaN where it owns nothing.

        Parameters
        ----------
        gain : (T, N) array
            Simple return of session t. A name without one (NaN) is left out of the session: its weight is
            spread over the others of its portfolio.
        """
        there = (self.group != NONE) & ~np.isnan(gain)
        weight = np.where(there, self.weight, 0.0)
        earned = weight * np.where(there, gain, 0.0)
        result = np.full((len(gain), self.count), np.nan)
        for number in range(self.count):
            inside = self.group == number
            total = np.where(inside, weight, 0.0).sum(axis=1)
            held = total > 0.0
            result[held, number] = np.where(inside, earned, 0.0).sum(axis=1)[held] / total[held]
        return result


def session_gains(panel: Panel, region: str) -> Floats:
    """Total return of each name over each session of a region.

    Parameters
    ----------
    panel : Panel
        Total-return closes.
    region : str

    Returns
    -------
    (S, N) array
        Rows are the sessions of the region, columns its names, in the panel's order; fractions. 0 on a day
        without a bar, whose return comes with the next bar; the proceeds of a delisting come on the day they
        are paid (:func:`workbench.backtests.prices.prices`). NaN before the second bar, after the proceeds,
        and across a break of the price (``panel.breaks``).
    """
    rows = np.flatnonzero(np.asarray(panel.sessions(region), dtype=bool))
    columns = np.flatnonzero(np.array(panel.regions) == region)
    market = prices(panel)
    value = market.value[np.ix_(rows, columns)]
    gain = np.full(value.shape, np.nan)
    gain[1:] = value[1:] / value[:-1] - 1.0
    gain[np.asarray(panel.breaks, dtype=bool)[np.ix_(rows, columns)]] = np.nan
    gain[rows[:, None] > market.closing[columns][None, :]] = np.nan
    return gain


def month_ends(dates: NDArray[np.datetime64], months: Sequence[int] = tuple(range(1, 13))) -> Rows:
    """Rows of the last session of each month; of the months of the year that are named.

    The last row is never one: whether a month is over is known by the next session.
    """
    month = np.asarray(dates, "datetime64[M]").astype(np.int64)
    last = np.flatnonzero(month[1:] != month[:-1])
    return last[np.isin(month[last] % 12 + 1, list(months))].astype(np.int64)


def sort(values: Floats, percentiles: Sequence[float], among: Flags | None = None) -> Groups:
    """Groups of names between percentiles of a characteristic, formation by formation.

    Parameters
    ----------
    values : (F, N) array
        The characteristic at each formation; NaN is in no group.
    percentiles : sequence of float
        Rising, within 0 and 100; one more group than there are of them.
    among : (N,) or (F, N) bool array, optional
        Names whose values set the breakpoints (those of the New York Stock Exchange in French's library);
        every name with a value otherwise. Names outside are sorted by them all the same.

    Returns
    -------
    (F, N) int8 array
        0 the lowest values; -1 none. A name at a breakpoint belongs to the lower group. A formation without
        a name to set the breakpoints has no groups.

    Notes
    -----
    Timing: a row depends on its own row of the inputs only.
    """
    if any(not 0.0 < one < 100.0 for one in percentiles) or sorted(set(percentiles)) != list(percentiles):
        raise ConfigError(f"percentiles={tuple(percentiles)} must rise within 0 and 100.", hint="For example (30, 70).")
    there = np.isfinite(values)
    setting = there if among is None else there & np.asarray(among, dtype=bool)
    result = np.full(values.shape, NONE, np.int8)
    for row in np.flatnonzero(setting.any(axis=1)):
        edges = np.percentile(values[row, setting[row]], percentiles)
        result[row] = np.where(there[row], np.searchsorted(edges, values[row], side="left"), NONE)
    return result


def double_sort(size: Floats, value: Floats, among: Flags | None = None) -> Groups:
    """Two independent sorts: size at its median, the characteristic at its 30th and 70th percentiles.

    Parameters
    ----------
    size : (F, N) array
        Market value at each formation.
    value : (F, N) array
        The characteristic.
    among : (N,) or (F, N) bool array, optional
        See :func:`sort`.

    Returns
    -------
    (F, N) int8 array
        Place in :data:`SIX`; -1 without both values. The median of size is that of all names with a size.
    """
    big, level = sort(size, HALVES, among), sort(value, TERCILES, among)
    both = (big != NONE) & (level != NONE)
    return np.where(both, 3 * big + level, NONE).astype(np.int8)


def hold(group: Groups, size: Floats, formed: Rows, gain: Floats, lag: int = 1, count: int = 6) -> Holdings:
    """Own value-weighted portfolios from one formation to the next.

    Parameters
    ----------
    group : (F, N) int array
        Portfolio of each name at each formation, -1 for none.
    size : (F, N) array
        Market value at each formation, the weight within the portfolio.
    formed : (F,) int array
        Rows of the formations, ascending.
    gain : (T, N) array
        Return of each session; see :func:`session_gains`.
    lag : int
        Sessions from the formation to the close at which it is traded: 1 is the next session's close, 0 the
        close that it was decided on, which nobody can trade (French's library, whose portfolios are to be
        described, not traded, does so).
    count : int
        Number of portfolios.

    Returns
    -------
    Holdings
        In between weights drift with the returns: nothing is traded. Rows up to the first formation and
        its lag hold nothing.
    """
    if lag < 0:
        raise ConfigError(f"lag={lag} would trade before the decision.", hint="1 trades at the next close.")
    owner = np.full(gain.shape, NONE, np.int8)
    weight = np.zeros(gain.shape)
    starts = np.minimum(np.asarray(formed, np.int64) + lag + 1, len(gain))
    ends = np.append(starts, len(gain))[1:]
    growth = np.where(np.isnan(gain), 0.0, gain)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if start >= end:
            continue
        inside = group[number] != NONE
        worth = np.where(inside, size[number], 0.0)
        decided = formed[number] + 1
        drift = np.cumprod(1.0 + growth[decided : end - 1, :], axis=0) if end - 1 > decided else growth[:0]
        full = np.vstack([np.ones((1, gain.shape[1])), drift])[start - decided :]
        owner[start:end] = np.where(inside, group[number], NONE)
        weight[start:end] = worth * full
    for one in range(count):
        mine = owner == one
        total = np.where(mine, weight, 0.0).sum(axis=1)
        share = np.where(total > 0.0, total, 1.0)[:, None]
        weight = np.where(mine, weight / share, weight)
    return Holdings(owner, weight, count)


def market(size: Floats, formed: Rows, gain: Floats, lag: int = 1) -> Floats:
    """Return of all names by their market value, (T,); see :func:`hold`."""
    group = np.where(np.isfinite(size) & (size > 0.0), 0, NONE).astype(np.int8)
    return hold(group, size, formed, gain, lag, count=1).returns(gain)[:, 0]


def small_minus_big(six: Floats) -> Floats:
    """SMB, (T,): mean of the three small portfolios less the mean of the three big ones."""
    result: Floats = six[:, :3].mean(axis=1) - six[:, 3:].mean(axis=1)
    return result


def high_minus_low(six: Floats) -> Floats:
    """HML, UMD and their like, (T,): mean of the two high portfolios less the mean of the two low ones."""
    result: Floats = (six[:, 2] + six[:, 5]) / 2.0 - (six[:, 0] + six[:, 3]) / 2.0
    return result
