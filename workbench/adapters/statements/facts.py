"""Facts of filings made into rows of ``fundamentals``, point in time."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.adapters.statements.items import table
from workbench.schemas import TABLES
from workbench.schemas.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date


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
        Of the provider, unique in time: the later of two filings of one day sorts last.
    """

    item: str
    start: date | None
    end: date
    value: float
    currency: str | None
    filed: date
    filing_id: str


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
        year, nine months or year; periods that end after their filing; values that are no finite number.
    """
    schema = TABLES["fundamentals"]
    available: dict[date, date] = {}
    found = []
    for fact, period, value, vintage in _news(facts):
        if fact.filed not in available:
            available[fact.filed] = markets.next_session(region, fact.filed)
        key = (region, ticker, fact.end, period, fact.item, available[fact.filed], fact.filing_id)
        found.append((*key, value, fact.currency, fact.start, vintage, source))
    return pl.DataFrame(found, schema=dict(schema.columns), orient="row").sort(schema.key)


def _news(facts: Iterable[Fact]) -> Iterator[tuple[Fact, str, float, int]]:
    """What each filing says for the first time, or says anew: fact, period, value and vintage."""
    known = table()
    latest: dict[tuple[date, str, str], tuple[tuple[float, str | None] | None, int]] = {}
    filing_of: dict[tuple[date, str, str], str] = {}
    for fact in sorted(facts, key=lambda one: (one.filed, one.filing_id)):
        period = period_of(fact.start, fact.end)
        if period is None or fact.end > fact.filed or not isfinite(fact.value):
            continue
        item, key = known.get(fact.item), (fact.end, period, fact.item)
        value = abs(fact.value) if item is not None and item.positive else float(fact.value)
        if filing_of.get(key) == fact.filing_id:
            continue
        filing_of[key] = fact.filing_id
        before, vintage = latest.get(key, (None, 0))
        if before != (value, fact.currency):
            latest[key] = ((value, fact.currency), vintage + 1)
            yield fact, period, value, vintage + 1
