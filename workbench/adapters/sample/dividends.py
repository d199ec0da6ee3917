"""Cash dividends: ex dates by each region's habit, yields from earnings and price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.adapters.sample.companies import NOTICE
from workbench.adapters.sample.profiles import profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline

#: No single dividend exceeds this fraction of the price.
WIDEST_YIELD = 0.04


def dividend_calendar(
    spec: SampleSpec, region: str, line: Timeline, companies: list[Company], halted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """True on the sessions on which a company could go ex dividend, (T, N).

    Where the region's habit is the end of a month, all go ex on its second to last session;
    elsewhere each company has its own day of the month. Halted days are left out.
    """
    habits, generator = profile(region), spec.generator(region, "dividends")
    place = generator.uniform(0.1, 0.9, len(companies))
    first = np.array([company.first + 5 for company in companies])
    last = np.array([company.last - NOTICE if company.reason else company.last for company in companies])
    months = line.sessions.astype("datetime64[M]")
    calendar = np.zeros(halted.shape, dtype=bool)
    for month in np.unique(months):
        if int(month.astype(int) % 12) + 1 not in habits.dividend_months:
            continue
        rows = np.flatnonzero(months == month)
        at_end = np.full(len(companies), rows[max(len(rows) - 2, 0)])
        session = at_end if habits.dividend_near_month_end else rows[(place * len(rows)).astype(int)]
        listed = np.flatnonzero((first <= session) & (session < last))
        calendar[session[listed], listed] = True
    return calendar & ~halted


def dividend_yields(
    region: str, calendar: NDArray[np.bool_], earnings_yield: NDArray[np.float64], payout: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Dividend over the price before the ex date, 0 on other days, (T, N).

    Parameters
    ----------
    earnings_yield : (T, N) float64
        Earnings of the last four quarters over market value at the previous close.
    payout : (N,) float64
    """
    times_a_year = len(profile(region).dividend_months)
    yields = payout * np.maximum(earnings_yield, 0.0) / times_a_year
    return np.where(calendar, np.minimum(yields, WIDEST_YIELD), 0.0)
