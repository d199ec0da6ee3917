"""Facts of filings made into rows of ``fundamentals``, point in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench import markets
from workbench.adapters.statements.items import table
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

#: Days that a period may last, both included. A quarter of 12 to 17 weeks is one (retailers have 16 and 17),
#: a year has 52 or 53 weeks; what lies between the ranges is a stub period, which is left out.
LENGTHS = {"Q": (75, 120), "6M": (160, 205), "9M": (245, 295), "FY": (350, 380)}
INSTANT = "I"


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


def period_of(start: date | None, end: date) -> str | None:
    """``Q``, ``6M``, ``9M`` or ``FY`` by length, ``I`` for an instant; None for any other length."""
    if start is None:
        return INSTANT
    days = (end - start).days + 1
    return next((name for name, (least, most) in LENGTHS.items() if least <= days <= most), None)


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
    known = table()
    latest: dict[tuple[date, str, str], tuple[float, str | None, int]] = {}
    found: list[tuple[object, ...]] = []
    available: dict[date, date] = {}
    seen: set[tuple[date, str, str, str]] = set()
    for fact in sorted(facts, key=lambda one: (one.filed, one.filing_id)):
        period = period_of(fact.start, fact.end)
        if period is None or fact.end > fact.filed or not abs(fact.value) < float("inf"):
            continue
        key = (fact.end, period, fact.item)
        if (*key, fact.filing_id) in seen:
            continue
        seen.add((*key, fact.filing_id))
        item = known.get(fact.item)
        value = abs(fact.value) if item is not None and item.positive else float(fact.value)
        before = latest.get(key)
        if before is not None and before[:2] == (value, fact.currency):
            continue
        vintage = 1 if before is None else before[2] + 1
        latest[key] = (value, fact.currency, vintage)
        if fact.filed not in available:
            available[fact.filed] = markets.next_session(region, fact.filed)
        day = available[fact.filed]
        found.append((*key, day, fact.filing_id, value, fact.currency, fact.start, vintage))
    schema = TABLES["fundamentals"]
    names = ("period_end", "period", "item", "available_date", "filing_id", "value")
    names += ("currency", "period_start", "vintage")
    frame = pl.DataFrame(found, schema={name: schema.columns[name] for name in names}, orient="row")
    whose = (pl.lit(region).alias("region"), pl.lit(ticker).alias("ticker"), pl.lit(source).alias("source"))
    return frame.with_columns(whose).select(schema.columns).sort(schema.key)
