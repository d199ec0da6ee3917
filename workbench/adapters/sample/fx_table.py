"""Rows of ``fx``: US dollars for one unit of a currency, at the fix of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.adapters.base import Absent
from workbench.adapters.sample.profiles import CURRENCIES
from workbench.adapters.sample.tables import SOURCE, conform
from workbench.adapters.sample.world import fix_instant, make_world
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from datetime import date

    from workbench.adapters.sample.spec import SampleSpec


def fx(
    spec: SampleSpec, currencies: tuple[str, ...] | None, days: tuple[date, date], today: date
) -> tuple[pl.DataFrame, list[Absent]]:
    """Rates of the currencies; all of them for None.

    Returns
    -------
    polars.DataFrame
        One row a currency and weekday, from a year before the first session to ``today``.
    list of Absent
        Currencies without a rate (the dollar is the unit), and stretches without a fix.
    """
    world = make_world(spec)
    last = min(np.datetime64(today), world.days[-1])
    keep = (world.days >= np.datetime64(days[0])) & (world.days <= min(np.datetime64(days[1]), last))
    dates = world.days[keep]
    instants = [fix_instant(day) for day in dates]
    frames, absent = [TABLES["fx"].empty()], []
    for currency in CURRENCIES if currencies is None else dict.fromkeys(currencies):
        if currency not in world.usd_per_unit:
            detail = "the dollar is the unit" if currency == "USD" else "no such currency in the sample market"
            absent.append(Absent(currency, *days, "not_covered", detail))
            continue
        if not len(dates):
            reason = "holiday" if np.datetime64(days[0]) <= last else "unknown"
            reason = "not_covered" if np.datetime64(days[1]) < world.days[0] else reason
            absent.append(Absent(currency, *days, reason, "no fix on these days"))
            continue
        rates = np.round(world.usd_per_unit[currency][keep], 10)
        fields = {"currency": currency, "date": dates, "usd_per_unit": rates, "fixed_at": instants, "source": SOURCE}
        frames.append(conform("fx", fields, len(dates)))
    return pl.concat(frames).sort(TABLES["fx"].key), absent
