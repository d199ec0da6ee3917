"""Facts of filings made into rows of ``fundamentals``, point in time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose, isfinite, log
from operator import attrgetter
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.adapters.statements.items import table
from workbench.schemas import TABLES
from workbench.schemas.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    Key = tuple[date, str, str]

#: A filer that writes thousands or millions for units, or the other way round; and how exactly such a value repeats.
_SCALES, _EXACT = (1e3, 1e6, 1e-3, 1e-6), 5e-3


@dataclass(frozen=True)
class Fact:
    """One number of one filing.

    Attributes
    ----------
    item : str
        A name of :func:`workbench.adapters.statements.table`.
    start, end : date
        First and last day of the period; ``start`` is None for an instant.
    value : float
        In whole units of the currency; currency a share for a per-share item; a plain number for shares.
    currency : str or None
        Of the filing; None for shares.
    filed : date
        Exchange-local day on which the filing arrived.
    filing_id : str
        Of the provider: the later of two filings of one day sorts last.
    amended : bool
        The filing corrects another one, and so comes after those of its day.
    """

    item: str
    start: date | None
    end: date
    value: float
    currency: str | None
    filed: date
    filing_id: str
    amended: bool = False

    @property
    def order(self) -> tuple[date, bool, str]:
        """By which filings follow each other in time."""
        return self.filed, self.amended, self.filing_id


def plain(item: str, value: float) -> float:
    """The value as it is stored: money spent without its sign, since sources differ in how they write it."""
    known = table().get(item)
    return abs(value) if known is not None and known.positive else float(value)


def rows(region: str, ticker: str, facts: Iterable[Fact], source: str) -> pl.DataFrame:
    """Rows of ``fundamentals`` of one ticker.

    A row is available on the first session after its filing arrived. The first value of each (period end,
    period, item) is vintage 1; a filing that gives another value is a further row with the next vintage; one
    that repeats the value is none.

    Parameters
    ----------
    region, ticker : str
        Of the listing.
    facts : iterable of Fact
        In any order. Of several facts of one filing for one period and item the first counts.
    source : str
        Name of the adapter.

    Returns
    -------
    polars.DataFrame
        Columns of the table, sorted by its key. Left out: periods of another length than a quarter, half
        year, nine months or year; periods that end after their filing; values that are no finite number;
        filings of a day that the region's calendar does not know; an amount of money that repeats one of an
        earlier filing a thousand times too large or too small.
    """
    schema = TABLES["fundamentals"]
    available: dict[date, date] = {}
    found = []
    first, last = markets.first_known(region), markets.last_known(region)
    for fact, period, value, vintage in _news(one for one in facts if first <= one.filed < last):
        if fact.filed not in available:
            available[fact.filed] = markets.next_session(region, fact.filed)
        key = (region, ticker, fact.end, period, fact.item, available[fact.filed], fact.filing_id)
        found.append((*key, value, fact.currency, fact.start, vintage, source))
    return pl.DataFrame(found, schema=dict(schema.columns), orient="row").sort(schema.key)


def _news(facts: Iterable[Fact]) -> Iterator[tuple[Fact, str, float, int]]:
    """What each filing says for the first time, or says anew: fact, period, value and vintage."""
    latest: dict[Key, tuple[tuple[float, str | None] | None, int]] = {}
    filing_of: dict[Key, str] = {}
    others: dict[tuple[str, str], dict[date, float]] = {}
    for fact in sorted(facts, key=attrgetter("order")):
        period = period_of(fact.start, fact.end)
        if period is None or fact.end > fact.filed or not isfinite(fact.value):
            continue
        key, value = (fact.end, period, fact.item), plain(fact.item, fact.value)
        if filing_of.get(key) == fact.filing_id:
            continue
        filing_of[key] = fact.filing_id
        before, vintage = latest.get(key, (None, 0))
        periods = others.setdefault((period, fact.item), {})
        if before is not None and _is_money(fact.item) and _misscaled(value, before[0], fact.end, periods):
            continue
        if before != (value, fact.currency):
            latest[key] = ((value, fact.currency), vintage + 1)
            periods[fact.end] = value
            yield fact, period, value, vintage + 1


def _is_money(item: str) -> bool:
    known = table().get(item)
    return known is not None and known.unit == "money"


def _misscaled(value: float, before: float, end: date, periods: Mapping[date, float]) -> bool:
    """Whether a repeated value is off by a thousand, and farther from the neighbouring period than before."""
    if not value or not before or not any(isclose(abs(value / before), scale, rel_tol=_EXACT) for scale in _SCALES):
        return False
    nearest = min((one for one in periods if one != end and periods[one]), key=lambda one: abs(one - end), default=None)
    if nearest is None:
        return False
    near = periods[nearest]
    return abs(log(abs(value / near))) > abs(log(abs(before / near)))
