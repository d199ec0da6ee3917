"""Items of filings as they were known on each date.

A filing counts from its ``available_date`` on. A later filing of the same period (a restatement) replaces
the value from its own ``available_date`` on, never before. Figures a share and counts of shares follow the
splits that came after their filing, so that they fit the price of each date as it was traded.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.errors import DataError
from workbench.lake import filings, sql
from workbench.lake.adjust import SPLITS
from workbench.lake.filings import UNKNOWN, Filed, Known, Value
from workbench.lake.stepped import PLAIN, Stepped
from workbench.schemas.names import TTM, Wanted, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]
    Splits = list[tuple[date, float]]

SHARES = "shares_outstanding"
#: At the end of a name: a lake may be without the item.
OPTIONAL = "?"
#: Counts whose filing has restated them for every split up to its day; others are of the day they name.
RESTATED_COUNTS = ("balance_sheet", "weighted")
#: A figure that no filing has renewed for so many days after the end of its period is known no longer: an
#: annual report may be filed late, but an item that a company has ceased to report is no news. Counts of the
#: table ``shares`` hold until the next one: many sources give a row only where the count changes.
KEPT_DAYS = 550
_FILINGS = """
SELECT item, region, ticker, available_date, period_end, period, value, currency, available_date
FROM fundamentals
WHERE region IN (SELECT unnest($regions)) AND item IN (SELECT unnest($items)) AND available_date <= $last
ORDER BY item, region, ticker, available_date, coalesce(vintage, 0), filing_id
"""
_SHARES = f"""
SELECT 'shares_outstanding', region, ticker, available_date, date, 'I', shares_outstanding, NULL,
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
    """One item, point in time, as steps in no order.

    Attributes
    ----------
    row, column : int64, shape (K,)
        The value holds from this row on; rows from T on are left out.
    value : float64, shape (K,)
        NaN where nothing is known.
    currencies : tuple of str or None
        The currencies that occur; None for plain numbers.
    unit : int16, shape (K,)
        Index into ``currencies``.
    made : mapping of int to int
        How many tickers have values that came about in a way to be told (:data:`workbench.lake.filings.QUARTERS`
        and so on).
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Floats
    currencies: tuple[str | None, ...]
    unit: NDArray[np.int16]
    made: Mapping[int, int]

    def note_made(self, name: str, notes: list[str]) -> None:
        """Say so where values are not filed as they stand."""
        notes.extend(f"{name}: values of {count} tickers {_SAID[way]}." for way, count in sorted(self.made.items()))

    def note_absent(self, name: str, axes: Axes, notes: list[str]) -> None:
        """Say for which regions nothing at all is filed."""
        with_any = {axes.columns[number].region for number in np.unique(self.column)}
        without = [region for region in axes.sessions if region not in with_any]
        if without:
            notes.append(f"{name}: nothing is filed in {', '.join(without)}; no values there.")

    def filed(self) -> Iterator[tuple[int, str | None]]:
        """Each column and currency that occur together."""
        pairs = np.unique(np.stack([self.column, self.unit.astype(np.int64)]), axis=1)
        return ((int(column), self.currencies[unit]) for column, unit in pairs.T)

    def foreign(self, own: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Currencies other than the price's, and how many tickers file in each."""
        found = Counter(currency for column, currency in self.filed() if currency not in (None, own[column]))
        for currency, count in sorted(found.items(), key=str):
            yield str(currency), count

    def stepped(self, shape: tuple[int, int], rates: Floats, rate_of: Callable[[int, str | None], int]) -> Stepped:
        """The same in order, each step with its row of ``rates``, which ``rate_of(column, currency)`` names."""
        table = np.full((shape[1], len(self.currencies) or 1), PLAIN, np.int16)
        for column, currency in self.filed():
            table[column, self.currencies.index(currency)] = rate_of(column, currency)
        return Stepped.of(shape, self.row, self.column, self.value, table[self.column, self.unit], rates)


class Step(NamedTuple):
    """The value from a day on; ``way`` says how it came about."""

    day: date
    column: int
    value: float
    unit: int
    way: int


def load(lake: Lake, axes: Axes, names: Sequence[str]) -> dict[str, Item]:
    """Items on the dates and columns of the axes.

    Parameters
    ----------
    names : sequence of str
        ``"net_income"`` is the last known quarter (or instant): as filed, else the difference of two periods
        of one fiscal year, so ``Q4 = FY - 9M``; of companies without quarters the half year, or the year.
        ``"net_income_ttm"`` are the last twelve months: the fiscal year, plus the year to date, minus the
        year to date a year earlier, each as known on the date; where no year to date is filed the sum of four
        quarters, which is noted. ``_prior`` and ``_lagK`` behind either is the same for the period that ended
        a year, or K quarters, before. ``"shares_outstanding"`` comes from the table ``shares``; its ``_prior``
        is the count of the day a year before the date. A ``?`` at the end lets a lake be without the item.

    Returns
    -------
    dict of str to Item
        Unknown before the first filing, and where the newest figure is older than :data:`KEPT_DAYS`. Figures
        a share (``eps_...``, ``..._per_share``) and counts (``shares_...``) are on the shares of each date, or
        on those of the newest bar where the provider's prices are: they belong to the stored price.

    Raises
    ------
    DataError
        If the lake has no such item in these regions; the message names the known ones.
    """
    wanted = {name.removesuffix(OPTIONAL): parse(name.removesuffix(OPTIONAL)) for name in names}
    needed = [name for name in names if not name.endswith(OPTIONAL)]
    splits = _splits(lake, axes) if any(split_power(one.base) for one in wanted.values()) else {}
    columns, first = _columns_of(axes), axes.dates[0].item()
    taken = {name: _Taken() for name in wanted}
    for (base, *code), group in groupby(_rows(lake, axes, wanted, needed), key=itemgetter(0, 1, 2)):
        filed = [Filed(*row[3:]) for row in group]
        for number, one in columns.get(tuple(code), ()):
            power = split_power(base)
            own = [split for split in splits.get(tuple(code), ()) if one.since <= split[0] < one.until] if power else []
            rows = [row for row in filed if one.since <= row.available < one.until]
            asked = {name: each for name, each in wanted.items() if each.base == base}
            for name, day, value in _changes(asked, Known(own, power, not power > 0), rows, one, first):
                taken[name].add(number, day, value)
    return {name: one.item(axes) for name, one in taken.items()}


def one(lake: Lake, axes: Axes, name: str) -> Floats:
    """One item as filed, whatever its currency, float64 (T, N)."""
    shape, none = (len(axes.dates), len(axes.columns)), np.empty((0, len(axes.dates)))
    return load(lake, axes, (name,))[name].stepped(shape, none, lambda *_: PLAIN).dense()


class _Taken:
    """The steps of one item while they are found."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.currencies: dict[str | None, int] = {}

    def add(self, column: int, day: date, value: Value) -> None:
        unit = self.currencies.setdefault(value.currency, len(self.currencies))
        self.steps.append(Step(day, column, value.value, unit, value.way))

    def item(self, axes: Axes) -> Item:
        days, column, values, unit, ways = zip(*self.steps, strict=True) if self.steps else ((),) * 5
        row, owner = np.searchsorted(axes.dates, np.array(days, "datetime64[D]")), np.array(column, np.int64)
        way = np.where(row < len(axes.dates), np.array(ways, np.int64), 0)
        made = {number: len(np.unique(owner[way == number])) for number in _SAID}
        told = {number: count for number, count in made.items() if count}
        return Item(row, owner, np.array(values), tuple(self.currencies), np.array(unit, np.int16), told)


def split_power(item: str) -> int:
    """How an item follows a split: 1 for counts of shares, -1 for figures a share, else 0."""
    if item.startswith("shares_"):
        return 1
    return -1 if item.startswith("eps_") or item.endswith("_per_share") else 0


def _changes(
    asked: Mapping[str, Wanted], known: Known, filed: Sequence[Filed], column: Column, first: date
) -> Iterator[tuple[str, date, Value]]:
    """The value of each name from each day on which a filing, a split or the age of the figure changes it.

    Values that another one replaces by the ``first`` day are not worked out.
    """
    news = {day: list(group) for day, group in groupby(filed, key=attrgetter("available"))}
    counts = any(one.base == SHARES for one in asked.values())
    kept = None if counts else timedelta(KEPT_DAYS)
    later = {row.end + _quarters(one.back) for one in asked.values() for row in filed} if counts else set()
    begin = min(news, default=date.max)
    days = sorted({*news, *(day for day in (*later, *(day for day, _ in known.splits)) if day > begin)})
    for day, following in pairwise([*days, date.max]):
        for one in news.get(day, ()):
            known.learn(one)
        if following <= first:
            continue
        # Prices of a provider that adjusts them are on the shares of its newest bar.
        known.today = day if column.stored == "none" else column.last
        old = known.newest() + kept if kept else date.max
        for name, wanted in asked.items():
            if day < old:
                yield name, day, _value(known, wanted, day)
            if old < following:
                yield name, max(day, old), UNKNOWN


def _value(known: Known, wanted: Wanted, day: date) -> Value:
    if wanted.base == SHARES:
        return known.on(day - _quarters(wanted.back)) if wanted.back else known.latest()
    return known.trailing(wanted.back) if wanted.trailing else known.latest(wanted.back)


def _quarters(count: int) -> timedelta:
    return timedelta(round(365.25 / 4 * count))


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


def _rows(lake: Lake, axes: Axes, wanted: Mapping[str, Wanted], needed: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of all items, those of one item and ticker together, in the order they became known."""
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item()}
    bases = list(dict.fromkeys(one.base for one in wanted.values()))
    found = set()
    with sql.reading(lake, ["fundamentals", "shares"]) as cursor:
        if SHARES in bases:
            yield from cursor.execute(_SHARES, given).fetchall()
        if set(bases) != {SHARES}:
            rows = cursor.execute(_FILINGS, {**given, "items": bases}).fetchall()
            found = {row[0] for row in rows}
            yield from rows
        missing = [name for name in needed if wanted[name].base not in (*found, SHARES)]
        if missing:
            known = cursor.execute("SELECT DISTINCT item FROM fundamentals ORDER BY 1").fetchall()
            for name in missing:
                _refuse(known, name, axes)


def _refuse(found: Sequence[tuple[str, ...]], item: str, axes: Axes) -> None:
    """Refuse an item that the lake has nowhere; ``item`` as it was asked for."""
    known, wanted = [name for (name,) in found], parse(item)
    if wanted.base in known:
        return
    close = difflib.get_close_matches(wanted.base, (*known, SHARES), n=1)
    near = f" Did you mean {close[0] + wanted.suffix!r}?" if close else ""
    raise DataError(
        f"The lake has no item {item!r} for {', '.join(axes.sessions)}.{near} It has {', '.join((*known, SHARES))}.",
        hint=f"Use one of these, with {TTM!r} at its end for the last four quarters, or collect fundamentals.",
        item=item,
    )
