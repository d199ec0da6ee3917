"""Items of filings as they were known on each date.

A filing counts from its ``available_date`` on. A later filing of the same period (a restatement) replaces
the value from its own ``available_date`` on, never before. Figures a share and counts of shares follow the
splits that came after their filing, so that they fit the price of each date as it was traded.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from math import nan
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.errors import DataError
from workbench.lake import filings, sql
from workbench.lake.adjust import SPLITS
from workbench.lake.filings import Filed, Known
from workbench.lake.grid import carried_forward

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]
    Splits = list[tuple[date, float]]

TTM = "_ttm"
SHARES = "shares_outstanding"
#: Counts whose filing has restated them for every split up to its day; others are of the day they name.
RESTATED_COUNTS = ("balance_sheet", "weighted")
#: A figure that no filing has renewed for so many days after the end of its period is known no longer: an
#: annual report may be filed late, but an item that a company has ceased to report is no news. Counts of the
#: table ``shares`` hold until the next one: many sources give a row only where the count changes.
KEPT_DAYS = 550
_FILINGS = """
SELECT region, ticker, available_date, period_end, period, value, currency, available_date
FROM fundamentals
WHERE region IN (SELECT unnest($regions)) AND item = $item AND available_date <= $last
ORDER BY region, ticker, available_date, coalesce(vintage, 0), filing_id
"""
_SHARES = f"""
SELECT region, ticker, available_date, date, 'I', shares_outstanding, NULL,
    CASE WHEN basis IN {RESTATED_COUNTS} THEN available_date ELSE date + 1 END
FROM shares
WHERE region IN (SELECT unnest($regions)) AND available_date <= $last
ORDER BY region, ticker, available_date, date
"""
_SPLITS = f"""
SELECT region, ticker, ex_date, value FROM actions
WHERE region IN (SELECT unnest($regions)) AND kind IN {SPLITS} AND value > 0 AND isfinite(value)
ORDER BY region, ticker, ex_date, kind
"""
#: What is said of values that are not filed as they stand.
_SAID = {
    filings.QUARTERS: "are sums of four single quarters, where no year to date is filed",
    filings.STALE: "are of the last fiscal year, since the periods after it do not make up twelve months",
    filings.MIXED: "subtract a prior year to date that was restated after its fiscal year was filed",
}


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
    made : mapping of int to int
        How many tickers have values that came about in a way to be told (:data:`workbench.lake.filings.QUARTERS`
        and so on).
    """

    values: Floats
    currencies: tuple[str | None, ...]
    unit: NDArray[np.int16]
    made: Mapping[int, int] = field(default_factory=dict)

    def note_made(self, name: str, notes: list[str]) -> None:
        """Say so where values are not filed as they stand."""
        notes.extend(f"{name}: values of {count} tickers {_SAID[way]}." for way, count in sorted(self.made.items()))

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


class Step(NamedTuple):
    """The value from a day on; ``way`` says how it came about."""

    day: date
    column: int
    value: float
    unit: int
    way: int


def load(lake: Lake, axes: Axes, item: str) -> Item:
    """One item on the dates and columns of the axes.

    Parameters
    ----------
    item : str
        ``"net_income"`` is the last known quarter (or instant): as filed, else the difference of two periods
        of one fiscal year, so ``Q4 = FY - 9M``; of companies without quarters the half year, or the year.
        ``"net_income_ttm"`` are the last twelve months: the fiscal year, plus the year to date, minus the
        year to date a year earlier, each as known on the date; where no year to date is filed the sum of four
        quarters, which is noted. ``"shares_outstanding"`` comes from the table ``shares``.

    Returns
    -------
    Item
        NaN before the first filing, and where the newest figure is older than :data:`KEPT_DAYS`. Figures a
        share (``eps_...``, ``..._per_share``) and counts (``shares_...``) are on the shares of each date, or
        on those of the newest bar where the provider's prices are: they belong to the stored price.

    Raises
    ------
    DataError
        If the lake has no such item in these regions; the message names the known ones.
    """
    base = item.removesuffix(TTM)
    rows = _rows(lake, axes, item)
    power = split_power(base)
    splits = _splits(lake, axes) if power else {}
    currencies: dict[str | None, int] = {}
    columns = _columns_of(axes)
    first = axes.dates[0].item()
    steps: list[Step] = []
    for code, group in groupby(rows, key=itemgetter(0, 1)):
        filed = [Filed(*row[2:]) for row in group]
        for number, one in columns.get(code, ()):
            known = Known([split for split in splits.get(code, ()) if one.since <= split[0] < one.until], power)
            known.adds_up = not power > 0
            kept = timedelta(KEPT_DAYS) if base != SHARES else None
            own = [row for row in filed if one.since <= row.available < one.until]
            for day, value, currency, way in _changes(known, own, one, item.endswith(TTM), kept, first):
                unit = currencies.setdefault(currency, len(currencies))
                steps.append(Step(day, number, value, unit, way))
    return _dense(axes, steps, tuple(currencies))


def split_power(item: str) -> int:
    """How an item follows a split: 1 for counts of shares, -1 for figures a share, else 0."""
    if item.startswith("shares_"):
        return 1
    return -1 if item.startswith("eps_") or item.endswith("_per_share") else 0


def _dense(axes: Axes, steps: Sequence[Step], currencies: tuple[str | None, ...]) -> Item:
    shape = (len(axes.dates), len(axes.columns))
    days, owner, values, units, ways = zip(*steps, strict=True) if steps else ((),) * 5
    at, column_of = np.searchsorted(axes.dates, np.array(days, "datetime64[D]")), np.array(owner, np.int64)
    way = carried_forward(at, column_of, np.array(ways), np.zeros(shape, np.int8))
    return Item(
        carried_forward(at, column_of, np.array(values), np.full(shape, np.nan)),
        currencies,
        carried_forward(at, column_of, np.array(units), np.full(shape, -1, np.int16)),
        {number: int(count) for number in _SAID if (count := (way == number).any(axis=0).sum())},
    )


def _changes(
    known: Known, filed: Sequence[Filed], column: Column, trailing: bool, kept: timedelta | None, first: date
) -> Iterator[tuple[date, float, str | None, int]]:
    """The value from each day on which a filing, a split or the age of the figure changes it.

    Values that another one replaces by the ``first`` day are not worked out.
    """
    news = {day: list(group) for day, group in groupby(filed, key=itemgetter(0))}
    days = sorted({*news, *(day for day, _ in known.splits if filed and day > filed[0].available)})
    for day, following in pairwise([*days, date.max]):
        for one in news.get(day, ()):
            known.learn(one)
        if following <= first:
            continue
        # Prices of a provider that adjusts them are on the shares of its newest bar.
        known.today = day if column.stored == "none" else column.last
        value, currency, way = known.trailing() if trailing else known.latest()
        old = known.newest() + kept if kept else date.max
        if day < old:
            yield day, value, currency, way
        if old < following:
            yield max(day, old), nan, currency, 0


def _columns_of(axes: Axes) -> dict[tuple[str, str], list[tuple[int, Column]]]:
    found: dict[tuple[str, str], list[tuple[int, Column]]] = {}
    for number, one in enumerate(axes.columns):
        found.setdefault((one.region, one.ticker), []).append((number, one))
    return found


def _splits(lake: Lake, axes: Axes) -> dict[tuple[str, str], Splits]:
    if lake.version("actions") is None:
        return {}
    with sql.reading(lake, ["actions"]) as cursor:
        rows = cursor.execute(_SPLITS, {"regions": list(axes.sessions)}).fetchall()
    return {code: [row[2:] for row in group] for code, group in groupby(rows, key=itemgetter(0, 1))}


def _rows(lake: Lake, axes: Axes, item: str) -> list[tuple[Any, ...]]:
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item()}
    base = item.removesuffix(TTM)
    with sql.reading(lake, ["fundamentals", "shares"]) as cursor:
        if base == SHARES:
            return cursor.execute(_SHARES, given).fetchall()
        rows = cursor.execute(_FILINGS, {**given, "item": base}).fetchall()
        if not rows:
            _refuse(cursor.execute("SELECT DISTINCT item FROM fundamentals ORDER BY 1").fetchall(), item, axes)
    return rows


def _refuse(found: Sequence[tuple[str, ...]], item: str, axes: Axes) -> None:
    """Refuse an item that the lake has nowhere; ``item`` as it was asked for."""
    known = [name for (name,) in found]
    base = item.removesuffix(TTM)
    if base in known:
        return
    close = difflib.get_close_matches(base, (*known, SHARES), n=1)
    near = f" Did you mean {close[0] + item[len(base) :]!r}?" if close else ""
    raise DataError(
        f"The lake has no item {item!r} for {', '.join(axes.sessions)}.{near} It has {', '.join((*known, SHARES))}.",
        hint=f"Use one of these, with {TTM!r} at its end for the last four quarters, or collect fundamentals.",
        item=item,
    )
