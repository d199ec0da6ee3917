"""When a statement is taken to have been known: Yahoo says only the day on which its period ended.

The lag is the last day that the region's rules allow a listed company, and some days for those who are late
and for the way to the database. A filing that was earlier is used later than it could have been; the reverse
does not happen to a company that keeps the rules. Such rows say so in their ``filing_id``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

#: Added to each deadline.
SLACK = 7


@dataclass(frozen=True)
class Lag:
    """Days from the end of a period to the deadline of its report."""

    annual: int
    interim: int
    source: str


LAGS = {
    "KR": Lag(90, 45, "Financial Investment Services and Capital Markets Act, articles 159 and 160"),
    "US": Lag(90, 45, "Forms 10-K and 10-Q, general instruction A: the longest, of non-accelerated filers"),
    "CN": Lag(120, 62, "Securities Law of 2019, article 79: four months, two months; first and third quarter one"),
    "HK": Lag(122, 92, "Main Board Listing Rules 13.46 and 13.48: report within four, interim three months"),
    "JP": Lag(92, 45, "Financial Instruments and Exchange Act, articles 24 and 24-4-7: three months, 45 days"),
    "VN": Lag(100, 60, "Circular 96/2020/TT-BTC, articles 10 and 14: 100 days from year end, 60 after a half-year"),
}
#: Of a company whose reports in the US are those of a foreign issuer (Form 20-F; interim reports are free).
FOREIGN = Lag(122, 92, "Form 20-F, general instruction A(b)")


def assumed_filing(region: str, end: date, *, annual: bool, foreign: bool = False) -> date:
    """The day on which a report is taken to have arrived.

    Parameters
    ----------
    region : str
        One of the six regions.
    end : date
        Last day of the period.
    annual : bool
        Whether the annual report brings it; the fourth quarter comes with it.
    foreign : bool
        Whether the company reports in another currency than that of the market: in the US, a foreign issuer.
    """
    lag = FOREIGN if region == "US" and foreign else LAGS[region]
    return end + timedelta(days=SLACK + (lag.annual if annual else lag.interim))


def filing_id(end: date, period: str) -> str:
    """Says that the day of filing is assumed, as in ``assumed:2024-03-31:3M``."""
    return f"assumed:{end}:{period}"
