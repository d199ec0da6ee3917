"""Items of filings in the currency of the price, or in one that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import DataError
from workbench.lake import rates
from workbench.lake.stepped import FOREIGN, PLAIN, Items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.item import Item

    Floats = NDArray[np.float64]
    #: Region, the currency of the filing, and the one that is wanted.
    Pair = tuple[str, str, str]

#: Instead of a currency: each column's items in the currency of its own price.
LOCAL = "local"


def as_filed(axes: Axes, loaded: Mapping[str, Item], own: Sequence[str], notes: list[str]) -> Items:
    """Items in the currency of their filing; which are not in that of their price goes to ``notes``."""
    for name, item in loaded.items():
        for currency, count in item.foreign(own):
            notes.append(f"{name}: {count} tickers file in {currency}, not in the currency of their price.")

    def rate_of(column: int, currency: str) -> int:
        return PLAIN if currency == own[column] else FOREIGN

    shape, none = (len(axes.dates), len(axes.columns)), np.empty((0, len(axes.dates)))
    return Items(shape, {name: item.stepped(shape, none, rate_of) for name, item in loaded.items()})


def converted(axes: Axes, loaded: Mapping[str, Item], target: Sequence[str], table: Mapping[Pair, Floats]) -> Items:
    """Items in the target currency of each column, by the rates of :func:`pairs`."""
    numbers = {pair: number for number, pair in enumerate(table)}
    regions = [one.region for one in axes.columns]

    def rate_of(column: int, currency: str) -> int:
        return PLAIN if currency == target[column] else numbers[regions[column], currency, target[column]]

    shape = (len(axes.dates), len(axes.columns))
    stacked = np.array(list(table.values())).reshape(len(table), shape[0])
    return Items(shape, {name: item.stepped(shape, stacked, rate_of) for name, item in loaded.items()})


def pairs(axes: Axes, loaded: Mapping[str, Item], target: Sequence[str]) -> list[Pair]:
    """What must be converted into the target currency of each column, in a fixed order."""
    found = {
        (axes.columns[column].region, item.currencies[unit], target[column])
        for item in loaded.values()
        for column, unit in item.filed()
        if item.currencies[unit] != target[column]
    }
    return sorted(found)


def local_rates(
    exchange: rates.Rates, axes: Axes, wanted: Sequence[Pair], notes: list[str], what: str = "items filed"
) -> dict[Pair, Floats]:
    """Rate of each pair at the closes of its region, (T,); NaN, and a note of ``what``, where the lake has none."""
    result: dict[Pair, Floats] = {}
    for pair in wanted:
        region, currency, target = pair
        try:
            known = rates.conversion(exchange, axes, [(region, currency)], target, notes)
        except DataError as error:
            notes.append(f"{region}: {what} in {currency} have no value. {error.message}")
            result[pair] = np.full(len(axes.dates), np.nan)
        else:
            result[pair] = known[region, currency]
    return result
