"""Cumulative price factors from corporate actions, anchored at each ticker's first bar.

Forward adjustment: the factor is 1.0 on the first bar and is multiplied at each ex date, in the order
of the ex dates. The value at a date is a product over the actions up to it, so that an action on a
later date changes nothing before it, not by a bit.

Conventions
-----------
split, bonus, consolidation
    ``value`` = new shares per old share (2.0 for 2:1, 1.1 for a bonus of one in ten, 0.1 for a
    consolidation of ten into one). The factor is multiplied by ``value``.
dividend, rights, spin_off
    ``value`` = cash (or the worth of the right or of the spun-off shares) per share held at the open of
    the ex date, in the currency of the price. The total factor is multiplied by ``p / (p - value)``, where
    ``p`` is the last stored close before the ex date, divided by splits since: the holder reinvests at
    the theoretical ex price. This is the inverse of the factor ``1 - value / p`` of CRSP's "Factor to
    Adjust Price" and of the adjusted close published by Yahoo, chained forward instead of backward.
merger, delisting_proceeds
    End a listing; they are no price factors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from math import isfinite
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from workbench.lake.grid import carried_forward

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

SPLITS = ("split", "bonus", "consolidation")
CASH = ("dividend", "rights", "spin_off")


@dataclass(frozen=True)
class Action:
    """One corporate action of one column, with what the price was before it.

    Attributes
    ----------
    ex_date : date
        First day traded without the right.
    kind : str
        One of :data:`SPLITS` or :data:`CASH`.
    value : float
        New shares per old share, or cash per share in the currency of the price.
    previous_date, previous_close : date and float, or None
        Last bar strictly before the ex date, as stored.
    """

    ex_date: date
    kind: str
    value: float
    previous_date: date | None = None
    previous_close: float | None = None


@dataclass
class Steps:
    """Factors of one column: ``split[k]`` and ``total[k]`` hold from ``dates[k]`` on; before, both are 1.0."""

    dates: list[date] = field(default_factory=list)
    split: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def steps(actions: Iterable[Action], *, first: date, last: date, stored: str = "none") -> Steps:
    """Cumulative factors of one column.

    Parameters
    ----------
    actions : iterable of Action
        In any order. Those on or before ``first`` are in the first bar already and are left out.
    first, last : date
        First and last bar of the column in the lake. ``last`` matters only for prices that a provider
        has adjusted for splits to the scale of its newest bar.
    stored : str
        What the stored prices already contain: ``"none"``, ``"split"`` (only cash is applied, each amount
        divided by the splits after it) or ``"total"`` (nothing is applied).

    Returns
    -------
    Steps
        Ascending by date, one entry an ex date; ``refused`` names what was not applied, and why.
    """
    result = Steps()
    if stored == "total":
        return result
    ordered = sorted((one for one in actions if one.ex_date > first), key=attrgetter("ex_date", "kind"))
    shares = _share_factors(ordered, result.refused)
    newest = _at(shares, last)
    cash = 1.0
    for day, group in groupby(ordered, key=attrgetter("ex_date")):
        today = list(group)
        held = _at(shares, day)
        if stored == "split":
            cash *= _cash_factor(today, 1.0, held / newest, result.refused)
        else:
            before = today[0].previous_date
            scale = _at(shares, before) / held if before else 1.0
            cash *= _cash_factor(today, scale, 1.0, result.refused)
        split = 1.0 if stored == "split" else held
        result.dates.append(day)
        result.split.append(split)
        result.total.append(split * cash)
    return result


def _share_factors(ordered: Sequence[Action], refused: list[str]) -> list[tuple[date, float]]:
    """Cumulative product of new shares per old share, by ex date."""
    product, factors = 1.0, []
    for one in ordered:
        if one.kind not in SPLITS:
            continue
        if not (isfinite(one.value) and one.value > 0):
            refused.append(f"{one.ex_date} {one.kind} of {one.value:g}: not a positive ratio")
            continue
        product *= one.value
        factors.append((one.ex_date, product))
    return factors


def _at(factors: list[tuple[date, float]], day: date) -> float:
    """The factor that holds on ``day``."""
    return next((factor for since, factor in reversed(factors) if since <= day), 1.0)


def _cash_factor(today: Sequence[Action], price_scale: float, cash_scale: float, refused: list[str]) -> float:
    """``p / (p - cash)`` of one ex date, 1.0 where it cannot be applied."""
    paid = [one for one in today if one.kind in CASH]
    if not paid:
        return 1.0
    price, amount = paid[0].previous_close, sum(one.value for one in paid) * cash_scale
    what = f"{paid[0].ex_date} {' and '.join(one.kind for one in paid)} of {amount:g}"
    if price is None or not price > 0:
        refused.append(f"{what}: no close before it")
    elif not (isfinite(amount) and amount > 0):
        refused.append(f"{what}: not a positive amount")
    elif amount >= price * price_scale:
        refused.append(f"{what}: not below the previous close of {price * price_scale:g}")
    else:
        return price * price_scale / (price * price_scale - amount)
    return 1.0


def dense(columns: Sequence[Steps], dates: NDArray[np.datetime64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split and total factors as arrays of shape (T, N).

    Parameters
    ----------
    columns : sequence of Steps, length N
    dates : datetime64[D], shape (T,)
        Ascending. Actions between two dates take effect on the later one, those after the last on none.
    """
    days = [day for one in columns for day in one.dates]
    rows = np.searchsorted(dates, np.array(days, "datetime64[D]"))
    owner = np.repeat(np.arange(len(columns)), [len(one.dates) for one in columns])
    shape = (len(dates), len(columns))
    split, total = (
        carried_forward(rows, owner, np.array([value for part in parts for value in part]), np.ones(shape))
        for parts in ([one.split for one in columns], [one.total for one in columns])
    )
    return split, total
