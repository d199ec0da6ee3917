"""Levels of each region's index on the region's own sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import markets
from workbench.lake import sql

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake

_NAMES = 'SELECT DISTINCT "index" FROM indexes WHERE "index" IN (SELECT unnest($names))'
_LEVELS = 'SELECT date, level FROM indexes WHERE "index" = $name AND date BETWEEN $first AND $last AND level > 0'


def load(lake: Lake, axes: Axes) -> dict[str, NDArray[np.float64]]:
    """Level of the index of each region that the lake has one of, float64 (T,).

    Returns
    -------
    dict of str to float64 (T,)
        The first index of :attr:`workbench.markets.Market.indexes` that the lake has. A level is known at the
        close of its date; NaN on days that are no session of the region, and where the lake has no level.
    """
    if lake.version("indexes") is None:
        return {}
    preferred = {region: markets.get(region).indexes for region in axes.sessions}
    result = {}
    with sql.reading(lake, ["indexes"]) as cursor:
        wanted = [name for names in preferred.values() for name in names]
        known = {name for (name,) in cursor.execute(_NAMES, {"names": wanted}).fetchall()}
        for region, names in preferred.items():
            name = next((one for one in names if one in known), None)
            if name is None:
                continue
            days = axes.dates[axes.sessions[region]]
            given = {"name": name, "first": axes.dates[0].item(), "last": axes.dates[-1].item()}
            found = cursor.execute(_LEVELS, given).fetchall()
            day, level = np.array([row[0] for row in found], "datetime64[D]"), np.array([row[1] for row in found])
            inside = np.isin(day, days)
            levels = np.full(len(axes.dates), np.nan)
            levels[np.searchsorted(axes.dates, day[inside])] = level[inside]
            levels.setflags(write=False)
            result[region] = levels
    return result
