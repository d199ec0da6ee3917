"""Foreign exchange as it was known: the last fix completed before a market's close.

A rate is chosen by the instant of its fix, not by its date: Seoul's close on a day precedes New York's
fix of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench import markets
from workbench.errors import DataError
from workbench.lake import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]

#: Beyond this age of a fix the panel says so.
OLD_DAYS = 7
BASE = "USD"


@dataclass(frozen=True)
class Fixes:
    """Fixes of one currency in order of their instants: US dollars a unit."""

    day: NDArray[np.datetime64]
    instant: NDArray[np.datetime64]
    usd: Floats

    def before(self, instants: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Index of the last fix strictly before each instant, -1 where there is none."""
        return np.searchsorted(self.instant, instants, side="left") - 1


class Rates:
    """Every rate of the lake; the US dollar needs none."""

    def __init__(self, lake: Lake) -> None:
        frame = sql.query(
            lake, "SELECT currency, date, fixed_at, usd_per_unit FROM fx ORDER BY currency, fixed_at, date"
        )
        self._fixes: dict[str, Fixes] = {}
        for (currency,), rows in frame.group_by(["currency"], maintain_order=True):
            instant = rows["fixed_at"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
            day = rows["date"].to_numpy().astype("datetime64[D]")
            self._fixes[str(currency)] = Fixes(day, instant, rows["usd_per_unit"].to_numpy())

    def on_ex_date(self, paid: str, price: str, day: date) -> float | None:
        """Units of ``price`` for one unit of ``paid`` by the last fixes dated before ``day``; None without one."""
        value = 1.0
        for currency, power in ((paid, 1.0), (price, -1.0)):
            if currency == BASE:
                continue
            fixes = self._fixes.get(currency)
            dated = np.flatnonzero(fixes.day < np.datetime64(day)) if fixes else ()
            if fixes is None or not len(dated):
                return None
            usd = float(fixes.usd[dated[np.argmax(fixes.day[dated])]])
            value = value * usd if power > 0 else value / usd
        return value

    def require(self, currency: str) -> None:
        """Raise DataError if the lake has no rate of the currency at all."""
        if currency != BASE and currency not in self._fixes:
            known = ", ".join((*self._fixes, BASE))
            raise DataError(
                f"The lake has no exchange rate of {currency}; it has {known}.",
                hint=f"Import rates of {currency} (wb import, a specification with `table: fx`), collect fx for "
                f"{currency}, or leave `currency` out.",
                currency=currency,
            )

    def at_closes(self, currency: str, target: str, closes: NDArray[np.datetime64]) -> tuple[Floats, Floats]:
        """Units of ``target`` for one unit of ``currency`` at each close, and the age of the older fix in days.

        Parameters
        ----------
        closes : datetime64[us], shape (T,)
            UTC; NaT keeps the rate of the row before.

        Returns
        -------
        rate, age : float64, shape (T,)
            NaN before the first fix.
        """
        rate, age = np.ones(len(closes)), np.zeros(len(closes))
        if currency == target:
            return rate, age
        known = ~np.isnat(closes)
        for name, invert in ((currency, False), (target, True)):
            if name == BASE:
                continue
            fixes = self._fixes[name]
            at = fixes.before(closes[known])
            usd = np.where(at >= 0, fixes.usd[at], np.nan)
            rate[known] = rate[known] / usd if invert else rate[known] * usd
            days = (closes[known] - fixes.instant[at]) / np.timedelta64(1, "D")
            age[known] = np.fmax(age[known], np.where(at >= 0, days, 0.0))
        carried = np.maximum.accumulate(np.where(known, np.arange(len(closes)), -1))
        rate[~known] = np.where(carried[~known] >= 0, rate[carried[~known]], np.nan)
        return rate, age


def closes(axes: Axes, region: str) -> NDArray[np.datetime64]:
    """Closing instants of a region on the dates of the axes (UTC, NaT where it does not trade), shape (T,)."""
    instants = np.full(len(axes.dates), "NaT", "datetime64[us]")
    for row in np.flatnonzero(axes.sessions[region]):
        instants[row] = np.datetime64(markets.close_time(region, axes.dates[row].item()).replace(tzinfo=None), "us")
    return instants


def conversion(
    rates: Rates, axes: Axes, pairs: Iterable[tuple[str, str]], target: str, notes: list[str]
) -> Mapping[tuple[str, str], Floats]:
    """Rate into ``target`` by (region, currency), each of shape (T,); what is missing or old goes to ``notes``.

    Raises
    ------
    DataError
        If the lake has no rate of a currency at all.
    """
    result: dict[tuple[str, str], Floats] = {}
    by_region: dict[str, NDArray[np.datetime64]] = {}
    for region, currency in dict.fromkeys(pairs):
        rates.require(currency)
        rates.require(target)
        if region not in by_region:
            by_region[region] = closes(axes, region)
        rate, age = rates.at_closes(currency, target, by_region[region])
        missing, old = int(np.isnan(rate).sum()), int((age > OLD_DAYS).sum())
        if missing:
            notes.append(f"{region}: {missing} dates precede the first rate of {currency} to {target}; no value there.")
        if old:
            first = axes.dates[int(np.argmax(age > OLD_DAYS))]
            notes.append(
                f"{region}: the rate of {currency} to {target} is more than {OLD_DAYS} days old on {old} dates, "
                f"first on {first}."
            )
        result[region, currency] = rate
    return result
