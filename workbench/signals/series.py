"""One daily return series a region: its index, or the equal-weight mean of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import DataError
from workbench.factors import windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel


@dataclass(frozen=True, eq=False)
class RegionSeries:
    """Returns of one region as a whole.

    Attributes
    ----------
    region : str
    source : str
        Name of the index, or ``equal weight of members``.
    dates : (S,) datetime64[D]
        Its sessions, ascending.
    returns : (S,) array
        Log return on the session before, local currency; NaN on the first.
    """

    region: str
    source: str
    dates: NDArray[np.datetime64]
    returns: NDArray[np.float64]

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}" if len(self.dates) else "no dates"
        return f"RegionSeries({self.region}, {self.source}, {len(self.dates)} sessions, {span})"

    def until(self, last: np.datetime64) -> RegionSeries:
        """The series without its sessions after ``last``."""
        rows = int(np.searchsorted(self.dates, last, side="right"))
        return RegionSeries(self.region, self.source, self.dates[:rows], self.returns[:rows])


def from_levels(region: str, source: str, dates: NDArray[np.datetime64], levels: NDArray[np.float64]) -> RegionSeries:
    """The series of an index.

    Parameters
    ----------
    region, source : str
        Region, and name of the index.
    dates : (S,) datetime64[D], ascending
    levels : (S,) array
        Closing levels; rows without one are left out, and the next return spans them.

    Raises
    ------
    DataError
        A level is not above 0, or the dates do not rise.
    """
    there = np.isfinite(levels)
    days, values = np.asarray(dates, "datetime64[D]")[there], np.asarray(levels, np.float64)[there]
    if (values <= 0.0).any() or (len(days) > 1 and (np.diff(days) <= np.timedelta64(0, "D")).any()):
        raise DataError(
            f"Levels of {source} must be above 0 on rising dates.", hint="Collect the index again, or leave it out."
        )
    returns = np.full(len(values), np.nan)
    returns[1:] = np.log(values[1:]) - np.log(values[:-1])
    return RegionSeries(region, source, days, returns)


def from_frame(frame: pl.DataFrame, names: Mapping[str, Sequence[str]]) -> dict[str, RegionSeries]:
    """Series of regions from rows of the table ``indexes``.

    Parameters
    ----------
    frame : polars.DataFrame
        index, date, level.
    names : mapping of str to sequence of str
        Region to the names of its index; the first that has rows counts.
    """
    import polars as pl

    known = set(frame["index"].unique())
    series = {}
    for region, wanted in names.items():
        chosen = next((name for name in wanted if name in known), None)
        if chosen is not None:
            rows = frame.filter(pl.col("index") == chosen).sort("date")
            series[region] = from_levels(region, chosen, rows["date"].to_numpy(), rows["level"].to_numpy())
    return series


def of_members(panel: Panel, region: str) -> RegionSeries:
    """The equal-weight mean return of a region's members, from a panel with total-return closes.

    Returns
    -------
    RegionSeries
        A name counts on a session on which it trades, if it was a member on the session before; moves
        that are not to be believed (``panel.breaks``) are left out.

    Notes
    -----
    Values of one date are summed without the gaps between them, so that a column that has no bar there
    (a name delisted long before) moves no value by a bit.
    """
    rows = np.asarray(panel.sessions(region), dtype=bool)
    columns = np.flatnonzero(np.array(panel.regions) == region)
    cell = np.ix_(rows, columns)
    traded = np.asarray(panel.traded)[cell]
    close = np.where(traded, panel["close"][cell], np.nan)
    daily = np.where(np.asarray(panel.breaks)[cell], np.nan, windows.observed_returns(close))
    member = np.asarray(panel.member)[cell]
    daily[1:] = np.where(member[:-1], daily[1:], np.nan)
    mean = np.array([line[~np.isnan(line)].mean() if (~np.isnan(line)).any() else np.nan for line in daily])
    with np.errstate(divide="ignore"):
        returns = np.where(mean > -1.0, np.log1p(np.maximum(mean, -1.0)), np.nan)
    return RegionSeries(region, "equal weight of members", np.asarray(panel.dates)[rows], returns)


def of_panel(panel: Panel, indexes: Mapping[str, RegionSeries] | None = None) -> dict[str, RegionSeries]:
    """A series for every region: a given one, the panel's index, or the mean of its members."""
    found = dict(indexes or {})
    for region in dict.fromkeys(panel.regions):
        if region in found:
            continue
        if region in panel.index_levels:
            found[region] = from_levels(region, "index", panel.dates, panel.index_levels[region])
        else:
            found[region] = of_members(panel, region)
    return found
