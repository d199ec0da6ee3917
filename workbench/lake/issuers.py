"""Companies behind listings: their share classes, and the market value that these add up to.

The value of a company is the sum over its listed common classes in a region, price times shares of each. A
filing may give one count for all classes (EDGAR does not tell them apart): classes with one and the same
count are valued once, at the lowest price a share among them, which is that of the class with more shares
where rights differ by class (Berkshire's B and not its A). Classes of other currencies (B shares of China, the
yuan counters of Hong Kong) are converted at the last rate known at the close.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench import markets
from workbench.lake import adjust, bars, items, money, rates, sql
from workbench.lake.carried import Before, before, carried_close

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake

    Floats = NDArray[np.float64]

#: What is no share in a company's equity, whatever its price.
_NO_SHARE = ("etf", "etn", "etp", "fund", "unit", "warrant", "right", "note", "other")
_LISTINGS = """
SELECT region, ticker, spell, issuer_id, asset_type, depositary_ratio FROM tickers
WHERE region IN (SELECT unnest($regions))
"""


@dataclass(frozen=True)
class Listing:
    """What the table ``tickers`` says of a column.

    Attributes
    ----------
    issuer : str or None
    counts : bool
        Whether it is a share that belongs to the company's market value.
    ratio : float
        Underlying shares a depositary receipt, else 1.0.
    """

    issuer: str | None = None
    counts: bool = True
    ratio: float = 1.0


def listings(lake: Lake, columns: Sequence[Column], regions: Sequence[str]) -> list[Listing]:
    """One a column, in order."""
    with sql.reading(lake, ["tickers"]) as cursor:
        rows = cursor.execute(_LISTINGS, {"regions": list(regions)}).fetchall()
    found = {
        (region, ticker, spell): Listing(issuer, _counts(region, kind), ratio if ratio and ratio > 0 else 1.0)
        for region, ticker, spell, issuer, kind, ratio in rows
    }
    return [found.get((one.region, one.ticker, one.spell), Listing()) for one in columns]


def _counts(region: str, kind: str | None) -> bool:
    if kind == "preferred":
        return markets.get(region).preferred_is_equity
    return kind not in _NO_SHARE


def market_cap(lake: Lake, axes: Axes, every: Sequence[Column], price: Floats, notes: list[str]) -> Floats:
    """Market value of the issuer of each column, in the currency of the column's price.

    Parameters
    ----------
    axes : Axes
        Columns of the panel.
    every : sequence of Column
        All of the lake: classes outside the panel's universe count as well.
    price : float64, shape (T, N)
        Closes as traded, carried while a stock is suspended.

    Returns
    -------
    float64, shape (T, N)
        NaN where no class of the issuer has both price and count (and, in another currency than the column's, a
        rate: without one the class is left out, and ``notes`` say so). Of an issuer without a known identity, the
        value of the column alone. A share that is not part of the company's value, such as a preferred share
        outside Korea, has the value of its company.
    """
    regions, mine = list(axes.sessions), set(axes.columns)
    told = dict(zip(every, listings(lake, every, regions), strict=True))
    issuers = {(one.region, told[one].issuer) for one in axes.columns if told[one].issuer}
    others = [
        one
        for one in every
        if one not in mine and told[one].counts and (one.region, told[one].issuer) in issuers and _overlaps(one, axes)
    ]
    if others:
        price = np.hstack([price, _prices(lake, replace(axes, columns=tuple(others)))])
    wide = replace(axes, columns=(*axes.columns, *others))
    counts = items.load(lake, wide, (items.SHARES,))[items.SHARES].plain((len(axes.dates), len(wide.columns)))
    ratio = np.array([told[one].ratio for one in wide.columns])
    own = np.arange(len(axes.columns))
    value: Floats = counts.dense(columns=own) * price[:, own] / ratio[own]
    groups = list(_groups(wide.columns, told))
    table = _exchange(lake, wide, groups, notes)
    for group in groups:
        part = [n for n in group if told[wide.columns[n]].counts]
        shares, unit = counts.dense(columns=np.array(part, np.int64)), price[:, part] / ratio[part]
        for target, members in _by_currency(wide.columns, [n for n in group if n < len(own)]).items():
            pairs = [_pair(wide.columns[n], target) for n in part]
            rate = np.column_stack([table.get(pair, np.ones(len(price))) for pair in pairs])
            value[:, members] = _summed(shares, unit * rate)[:, None]
        if _shared(shares, unit).any():
            names = ", ".join(wide.columns[n].label for n in part)
            notes.append(f"market_cap: {names} are filed with one count for all classes; it is valued once.")
    return value


def _groups(columns: Sequence[Column], told: Mapping[Column, Listing]) -> Iterator[list[int]]:
    """Numbers of the columns of each issuer that has several, or whose only one does not count."""
    by_issuer: dict[tuple[str, str], list[int]] = {}
    for number, one in enumerate(columns):
        if issuer := told[one].issuer:
            by_issuer.setdefault((one.region, issuer), []).append(number)
    for numbers in by_issuer.values():
        if len(numbers) > 1 and any(told[columns[n]].counts for n in numbers):
            yield numbers


def _pair(column: Column, target: str) -> money.Pair:
    """From the currency of a column's price to another one."""
    return column.region, column.currency or markets.get(column.region).currency, target


def _by_currency(columns: Sequence[Column], numbers: Sequence[int]) -> dict[str, list[int]]:
    """Numbers of columns by the currency of their price."""
    found: dict[str, list[int]] = {}
    for n in numbers:
        found.setdefault(_pair(columns[n], "")[1], []).append(n)
    return found


def _exchange(lake: Lake, axes: Axes, groups: Sequence[list[int]], notes: list[str]) -> dict[money.Pair, Floats]:
    """Rates between the currencies of each issuer's classes, (T,); empty where each has one currency only."""
    several = [found for found in (_by_currency(axes.columns, group) for group in groups) if len(found) > 1]
    wanted = {
        _pair(axes.columns[n], target)
        for found in several
        for target in found
        for currency, numbers in found.items()
        for n in numbers
        if currency != target
    }
    if not wanted:
        return {}
    return money.local_rates(rates.Rates(lake), axes, sorted(wanted), notes, "share classes priced")


def _summed(shares: Floats, unit: Floats) -> Floats:
    """Sum over classes of shares times price a share, (T,); a count that several classes have counts once."""
    total = np.full(len(shares), np.nan)
    for n in range(shares.shape[1]):
        same = shares == shares[:, n : n + 1]
        lowest = np.where(same & np.isfinite(unit), unit, np.inf).min(axis=1)
        value = np.where(np.isfinite(lowest) & ~same[:, :n].any(axis=1), lowest * shares[:, n], np.nan)
        total = np.where(np.isnan(total), value, total + np.where(np.isnan(value), 0.0, value))
    return total


def _shared(shares: Floats, unit: Floats) -> NDArray[np.bool_]:
    """Dates on which two priced classes have one count, (T,)."""
    priced = np.where(np.isfinite(unit), shares, np.nan)
    ordered = np.sort(priced, axis=1)
    flags: NDArray[np.bool_] = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    return flags


def _overlaps(column: Column, axes: Axes) -> bool:
    first: date = axes.dates[0].item()
    last: date = axes.dates[-1].item()
    return column.first <= last and column.last >= first


def _prices(lake: Lake, axes: Axes) -> Floats:
    """Closes as traded of further columns, (T, N), as :attr:`workbench.lake.panel.Panel.price` has them."""
    close = bars.load(lake, axes, ("close",))[0]["close"]
    steps = bars.factors(axes.columns, bars.events(lake, axes), [])
    split, _ = adjust.dense(steps, axes.dates)
    return listed_close(axes, close, split, before(lake, axes, close, steps))


def listed_close(axes: Axes, close: Floats, split: Floats, earlier: Before) -> Floats:
    """The carried close of columns, up to the last day of their listing."""
    result = carried_close(close, split, earlier, axes.dates)
    ends = np.array([one.delisted for one in axes.columns], "datetime64[D]")
    result[axes.dates[:, None] >= ends] = np.nan
    return result
