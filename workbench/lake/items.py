"""Items of filings as they were known on each date.

A filing counts from its ``available_date`` on. A later filing of the same period (a restatement) replaces
the value from its own ``available_date`` on, never before. Figures a share and counts of shares follow the
splits that came after their filing, so that they fit the price of each date as it was traded.
"""

from __future__ import annotations

import difflib
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workbench.errors import DataError
from workbench.lake import bars, sql
from workbench.lake.adjust import SPLITS
from workbench.lake.filed import DAYS, PERIODS, Companies, Found, Nature, Rows, asked
from workbench.lake.item import Item
from workbench.lake.ways import SAID
from workbench.schemas.names import TTM, Wanted, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]
    Days = NDArray[np.int64]

SHARES = "shares_outstanding"
#: At the end of a name: a lake may be without the item.
OPTIONAL = "?"
#: Counts whose filing has restated them for every split up to its day; others are of the day they name.
RESTATED_COUNTS = ("balance_sheet", "weighted")
#: A figure that no filing has renewed for so many days after the end of its period is known no longer: an
#: annual report may be filed late, but an item that a company has ceased to report is no news. Counts of the
#: table ``shares`` hold until the next one: many sources give a row only where the count changes.
KEPT_DAYS, FOR_EVER = 550, 10**9
_EPOCH = date(1970, 1, 1).toordinal()
_ANNUAL = ("FY", "Y", "A", "ANNUAL", "YEAR")
_LABEL = f"""CASE WHEN upper(f.period) IN {_ANNUAL} THEN {PERIODS.index("FY")}
    {" ".join(f"WHEN upper(f.period) = '{name}' THEN {number}" for number, name in enumerate(PERIODS))}
    ELSE {PERIODS.index("Q")} END"""
_FILINGS = f"""
SELECT c.index, f.available_date - DATE '1970-01-01', f.period_end - DATE '1970-01-01', {_LABEL}, f.value, f.currency,
    f.available_date - DATE '1970-01-01'
FROM fundamentals AS f JOIN chosen AS c
    ON f.region = c.region AND f.ticker = c.ticker AND f.available_date >= c.since AND f.available_date < c.until
WHERE f.region IN (SELECT unnest($regions)) AND f.item = $item AND f.available_date <= $last AND NOT isnan(f.value)
ORDER BY c.index, f.available_date, coalesce(f.vintage, 0), f.filing_id
"""
_SHARES = f"""
SELECT c.index, f.available_date - DATE '1970-01-01', f.date - DATE '1970-01-01', {PERIODS.index("I")},
    f.shares_outstanding, NULL::VARCHAR,
    CASE WHEN f.basis IN {RESTATED_COUNTS} THEN f.available_date ELSE f.date + 1 END - DATE '1970-01-01'
FROM shares AS f JOIN chosen AS c
    ON f.region = c.region AND f.ticker = c.ticker AND f.available_date >= c.since AND f.available_date < c.until
WHERE f.region IN (SELECT unnest($regions)) AND $item IS NOT NULL AND f.available_date <= $last
    AND NOT isnan(f.shares_outstanding)
ORDER BY c.index, f.available_date, f.date
"""
_SPLITS = f"""
SELECT c.index, a.ex_date - DATE '1970-01-01', a.value
FROM actions AS a JOIN chosen AS c
    ON a.region = c.region AND a.ticker = c.ticker AND a.ex_date >= c.since AND a.ex_date < c.until
WHERE a.region IN (SELECT unnest($regions)) AND a.kind IN {SPLITS} AND a.value > 0 AND isfinite(a.value)
ORDER BY c.index, a.ex_date, a.kind
"""


class Splits(NamedTuple):
    """Splits in order of column and day: the column (S,), and ex date and new shares per old share (S, 2)."""

    column: Days
    split: Floats


_NO_SPLITS = Splits(np.empty(0, np.int64), np.empty((0, 2)))


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
    needed = {wanted[name].base: name for name in names if not name.endswith(OPTIONAL)}
    chosen = bars.chosen(axes)
    splits = _splits(lake, axes, chosen, wanted)
    result: dict[str, Item] = {}
    for base in dict.fromkeys(one.base for one in wanted.values()):
        own = {name: one for name, one in wanted.items() if one.base == base}
        column, rows, currencies = _rows(lake, axes, chosen, base)
        if not len(column) and base in needed:
            _check(lake, needed[base], axes)
        result |= _made(axes, own, column, rows, currencies, splits)
    return {name: result[name] for name in wanted}


def one(lake: Lake, axes: Axes, name: str) -> Floats:
    """One item as filed, whatever its currency, float64 (T, N)."""
    return load(lake, axes, (name,))[name].plain((len(axes.dates), len(axes.columns))).dense()


def split_power(item: str) -> int:
    """How an item follows a split: 1 for counts of shares, -1 for figures a share, else 0."""
    if item.startswith("shares_"):
        return 1
    return -1 if item.startswith("eps_") or item.endswith("_per_share") else 0


def _made(
    axes: Axes, wanted: Mapping[str, Wanted], column: Days, rows: Rows, currencies: tuple[str, ...], splits: Splits
) -> dict[str, Item]:
    """What is asked of one item, from its rows."""
    # The compiler's library is loaded only by who wants items.
    from workbench.lake.filings import walk

    base = next(iter(wanted.values())).base
    counts, power = base == SHARES, split_power(base)
    questions = asked([(each.trailing, each.back) for each in wanted.values()], counts)
    nature = Nature(power, not power > 0, counts, FOR_EVER if counts else KEPT_DAYS)
    owner, starts = np.unique(column, return_index=True)
    companies = _companies(axes, owner, np.append(starts, len(column)), splits if power else _NO_SPLITS)
    # Two steps a question on each day on which something may change.
    days = len(column) * (1 + (int(questions.back.sum()) if counts else 0)) + len(companies.split)
    found = Found.room(2 * days * len(wanted))
    count = walk(rows, companies, nature, questions, _number(axes.dates[0].item()), DAYS, found)
    steps = Found(found.place[:count], found.value[:count])
    return {name: _item(axes, steps, owner, currencies, number) for number, name in enumerate(wanted)}


def _companies(axes: Axes, owner: Days, bounds: Days, splits: Splits) -> Companies:
    """Companies by the column they own."""
    first, last = (np.searchsorted(splits.column, owner, side=side) for side in ("left", "right"))
    split_bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(last - first)])
    taken = np.repeat(first - split_bounds[:-1], last - first) + np.arange(split_bounds[-1])
    stored = np.array([-1 if one.stored == "none" else _number(one.last) for one in axes.columns], np.int64)
    return Companies(bounds.astype(np.int64), stored[owner], split_bounds, splits.split[taken])


def _item(axes: Axes, steps: Found, owner: Days, currencies: tuple[str, ...], number: int) -> Item:
    own = steps.place[:, 0] == number
    _, company, day, unit, way = steps.place[own].T
    row = np.searchsorted(axes.dates.astype(np.int64), day)
    column = owner[company]
    told = np.where(row < len(axes.dates), way, 0)
    made = {kind: len(np.unique(column[told == kind])) for kind in SAID if (told == kind).any()}
    return Item(row, column, steps.value[own], currencies, unit.astype(np.int16), made)


def _rows(lake: Lake, axes: Axes, chosen: pl.DataFrame, base: str) -> tuple[Days, Rows, tuple[str, ...]]:
    """Column of each row of an item, the rows in the order they became known, and the currencies by code."""
    given = {"regions": list(axes.sessions), "last": axes.dates[-1].item(), "item": base}
    with sql.reading(lake, ["fundamentals", "shares"], chosen=chosen) as cursor:
        table: pa.Table = cursor.execute(_SHARES if base == SHARES else _FILINGS, given).to_arrow_table()
    coded = table.column(5).combine_chunks().dictionary_encode()
    code = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    filing = [_numbers(table, 1), _numbers(table, 2), _numbers(table, 3), code, _numbers(table, 6)]
    rows = Rows(np.stack(filing, axis=1, dtype=np.int64), _numbers(table, 4))
    return _numbers(table, 0), rows, tuple(coded.dictionary.to_pylist())


def _splits(lake: Lake, axes: Axes, chosen: pl.DataFrame, wanted: Mapping[str, Wanted]) -> Splits:
    if lake.version("actions") is None or not any(split_power(each.base) for each in wanted.values()):
        return _NO_SPLITS
    with sql.reading(lake, ["actions"], chosen=chosen) as cursor:
        table: pa.Table = cursor.execute(_SPLITS, {"regions": list(axes.sessions)}).to_arrow_table()
    return Splits(_numbers(table, 0), np.stack([_numbers(table, 1), _numbers(table, 2)], axis=1, dtype=np.float64))


def _numbers(table: pa.Table, number: int) -> NDArray[Any]:
    """A column of numbers, whole ones as int64."""
    values: NDArray[Any] = table.column(number).to_numpy()
    return values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)


def _number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - _EPOCH


def _check(lake: Lake, name: str, axes: Axes) -> None:
    """Refuse an item that the lake has nowhere; ``name`` as it was asked for."""
    with sql.reading(lake, ["fundamentals"]) as cursor:
        known = [found for (found,) in cursor.execute("SELECT DISTINCT item FROM fundamentals ORDER BY 1").fetchall()]
    wanted = parse(name)
    if wanted.base in (*known, SHARES):
        return
    close = difflib.get_close_matches(wanted.base, (*known, SHARES), n=1)
    near = f" Did you mean {close[0] + wanted.suffix!r}?" if close else ""
    raise DataError(
        f"The lake has no item {name!r} for {', '.join(axes.sessions)}.{near} It has {', '.join((*known, SHARES))}.",
        hint=f"Use one of these, with {TTM!r} at its end for the last four quarters, or collect fundamentals.",
        item=name,
    )
