"""Items of filings as they were known on each date.

A filing counts from its ``available_date`` on. A later filing of the same period (a restatement) replaces
the value from its own ``available_date`` on, never before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import DataError
from workbench.lake import sql
from workbench.lake.grid import carried_forward

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]

TTM = "_ttm"
SHARES = "shares_outstanding"
ANNUAL = frozenset({"FY", "Y", "A", "ANNUAL", "YEAR"})
#: Four quarters lie within this many days, from the first quarter's end to the last one's.
YEAR_OF_QUARTERS_DAYS = 290
_FILINGS = """
SELECT region, ticker, available_date, period_end, period, value, currency
FROM fundamentals
WHERE region IN (SELECT unnest($regions)) AND item = $item AND available_date <= $last
ORDER BY region, ticker, available_date, coalesce(vintage, 0), filing_id
"""
_SHARES = """
SELECT region, ticker, available_date, date, 'Q', shares_outstanding, NULL
FROM shares
WHERE region IN (SELECT unnest($regions)) AND available_date <= $last
ORDER BY region, ticker, available_date, date
"""
Filing = tuple[date, date, str, float, str | None]


@dataclass
class Known:
    """What is known of one item of one company: the latest value of each period."""

    quarters: dict[date, float] = field(default_factory=dict)
    years: dict[date, float] = field(default_factory=dict)
    currency: str | None = None

    def learn(self, filing: Filing) -> None:
        """Take in the next filing; filings come in the order they became available."""
        _, period_end, period, value, currency = filing
        (self.years if period.upper() in ANNUAL else self.quarters)[period_end] = value
        self.currency = currency

    def latest(self) -> float:
        """Value of the last quarter (or instant), of the last year where no quarter is known."""
        periods = self.quarters or self.years
        return periods[max(periods)]

    def last_four_quarters(self) -> float:
        """Sum of the last four consecutive quarters; the last year where it is newer or they are not complete."""
        ends = sorted(self.quarters)[-4:]
        year = max(self.years, default=None)
        complete = len(ends) == 4 and (ends[-1] - ends[0]).days <= YEAR_OF_QUARTERS_DAYS
        if year is not None and not (complete and ends[-1] > year):
            return self.years[year]
        return sum(self.quarters[end] for end in ends) if complete else float("nan")


@dataclass(frozen=True)
class Item:
    """One item, point in time.

    Attributes
    ----------
    values : float64, shape (T, N)
        NaN before the first filing.
    currencies : tuple of str or None
        The currencies that occur; None for plain numbers.
    unit : int16, shape (T, N)
        Index into ``currencies`` of each value; -1 where there is none.
    """

    values: Floats
    currencies: tuple[str | None, ...]
    unit: NDArray[np.int16]

    def note_foreign(self, name: str, own: Sequence[str], notes: list[str]) -> None:
        """Say so where filings are in another currency than the price."""
        for number, currency in enumerate(self.currencies):
            filed = (self.unit == number).any(axis=0)
            count = sum(bool(has) and currency not in (None, price) for has, price in zip(filed, own, strict=True))
            if count:
                notes.append(f"{name}: {count} tickers file in {currency}, not in the currency of their price.")

    def converted(self, table: Mapping[tuple[str, str], Floats], regions: Sequence[str]) -> Floats:
        """Values in the currency of the rates, which are given by (region, currency), shape (T,)."""
        result = self.values.copy()
        for number, currency in enumerate(self.currencies):
            for region in set(regions) if currency else ():
                columns = np.flatnonzero(np.array(regions) == region)
                rate = np.where(self.unit[:, columns] == number, table[region, str(currency)][:, None], 1.0)
                result[:, columns] *= rate
        return result


def load(lake: Lake, axes: Axes, item: str) -> Item:
    """One item on the dates and columns of the axes.

    Parameters
    ----------
    item : str
        ``"net_income"`` is the last known quarterly value, ``"net_income_ttm"`` the sum of the last four
        quarters known; ``"shares_outstanding"`` comes from the table ``shares``.

    Raises
    ------
    DataError
        If the lake has no such item in these regions; the message names the known ones.
    """
    base = item.removesuffix(TTM)
    rows = _rows(lake, axes, base)
    currencies: dict[str | None, int] = {}
    columns = _columns_of(axes)
    steps: list[tuple[date, int, float, int]] = []
    for code, group in groupby(rows, key=itemgetter(0, 1)):
        filings: list[Filing] = [(row[2], row[3], row[4], row[5], row[6]) for row in group]
        for since, until, column in columns.get(code, ()):
            own = [one for one in filings if since <= one[0] < until]
            for day, value, currency in _steps(own, item.endswith(TTM)):
                steps.append((day, column, value, currencies.setdefault(currency, len(currencies))))
    shape = (len(axes.dates), len(axes.columns))
    days, owner, values, units = zip(*steps, strict=True) if steps else ((), (), (), ())
    at, column_of = np.searchsorted(axes.dates, np.array(days, "datetime64[D]")), np.array(owner, np.int64)
    return Item(
        carried_forward(at, column_of, np.array(values), np.full(shape, np.nan)),
        tuple(currencies),
        carried_forward(at, column_of, np.array(units), np.full(shape, -1, np.int16)),
    )


def _steps(filings: Sequence[Filing], trailing: bool) -> Iterable[tuple[date, float, str | None]]:
    """The value from each available date on."""
    known = Known()
    for day, group in groupby(filings, key=itemgetter(0)):
        for filing in group:
            known.learn(filing)
        yield day, known.last_four_quarters() if trailing else known.latest(), known.currency


def _columns_of(axes: Axes) -> dict[tuple[str, str], list[tuple[date, date, int]]]:
    found: dict[tuple[str, str], list[tuple[date, date, int]]] = {}
    for number, one in enumerate(axes.columns):
        found.setdefault((one.region, one.ticker), []).append((one.since, one.until, number))
    return found


def _rows(lake: Lake, axes: Axes, item: str) -> list[tuple[Any, ...]]:
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item()}
    with sql.reading(lake, ["fundamentals", "shares"]) as cursor:
        if item == SHARES:
            return cursor.execute(_SHARES, given).fetchall()
        rows = cursor.execute(_FILINGS, {**given, "item": item}).fetchall()
        if not rows:
            _refuse(cursor.execute("SELECT DISTINCT item FROM fundamentals ORDER BY 1").fetchall(), item, axes)
    return rows


def _refuse(found: Sequence[tuple[str, ...]], item: str, axes: Axes) -> None:
    known = [name for (name,) in found]
    if item not in known:
        raise DataError(
            f"The lake has no item {item!r} for {', '.join(axes.sessions)}; it has {', '.join((*known, SHARES))}.",
            hint=f"Use one of these, with {TTM!r} at its end for the last four quarters, or collect fundamentals.",
            item=item,
        )
