"""What the six regions share: the world factor and the exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from workbench.adapters.sample.profiles import CURRENCIES, profile
from workbench.adapters.sample.shocks import garch_path
from workbench.adapters.sample.spec import SESSIONS_PER_YEAR
from workbench.adapters.sample.timeline import world_days
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.spec import SampleSpec

#: Expected log return a year of the world factor (fraction).
WORLD_DRIFT = 0.045
#: Rates are fixed at 16:00 in London, every weekday.
FIX_ZONE, FIX_TIME = ZoneInfo("Europe/London"), time(16)
HKD_WEAK, HKD_STRONG = 7.85, 7.75


@dataclass(frozen=True)
class World:
    """The shared factors.

    Attributes
    ----------
    days : (W,) datetime64[D]
        Weekdays, from before the first warm-up to the end of the world.
    level : (W,) float64
        Cumulative log return of the world factor.
    usd_per_unit : mapping of currency to (W,) float64
        US dollars for one unit, at the fix of the day.
    """

    days: NDArray[Any]
    level: NDArray[np.float64]
    usd_per_unit: dict[str, NDArray[np.float64]]

    def returns(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        """Log return of the world factor between consecutive days of ``steps``, (len(steps),).

        A region that was closed for some days takes their sum on its next session, so that all
        regions follow the same world. The first value is the return of that one day.
        """
        row = np.searchsorted(self.days, steps, side="right") - 1
        before = np.concatenate([[row[0] - 1], row[:-1]])
        moves: NDArray[np.float64] = self.level[row] - self.level[before]
        return moves


@lru_cache(maxsize=4)
def make_world(spec: SampleSpec) -> World:
    """The world of ``spec``; the same object for every region."""
    days = world_days(spec)
    shocks = garch_path(spec.generator("world"), len(days), np.array([spec.volatility.world]), spec.volatility)[:, 0]
    returns = shocks + WORLD_DRIFT / SESSIONS_PER_YEAR
    rates = {currency: _rate(spec, currency, returns - returns.mean()) for currency in CURRENCIES}
    return World(days, np.cumsum(returns), rates)


def _rate(spec: SampleSpec, currency: str, world: NDArray[np.float64]) -> NDArray[np.float64]:
    habits = next(profile(region) for region in REGIONS if profile(region).currency == currency)
    annual = np.array([habits.fx_volatility])
    own = garch_path(spec.generator("fx", currency), len(world), annual, spec.volatility)[:, 0]
    if currency == "HKD":
        return 1.0 / _pegged(own)
    return np.exp(np.cumsum(own + habits.fx_beta * world)) / habits.units_per_usd


def _pegged(shocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Units per dollar inside the band of the currency board, pulled to its middle."""
    middle, pull = 0.5 * (HKD_WEAK + HKD_STRONG), 0.01
    level, path = middle, np.empty_like(shocks)
    for step, shock in enumerate(shocks):
        level = min(max(level + pull * (middle - level) + middle * shock, HKD_STRONG), HKD_WEAK)
        path[step] = level
    return path


def fix_instant(day: np.datetime64) -> datetime:
    """The instant of the fix of ``day``, in UTC."""
    local = datetime.combine(day.astype(object), FIX_TIME, tzinfo=FIX_ZONE)
    return local.astimezone(ZoneInfo("UTC"))
