"""Reviews of a universe by size and turnover: on the last session before a period, and valid for the whole of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.lake import axes as axis_builder
from workbench.lake import bars, items

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes
    from workbench.lake.store import Lake
    from workbench.lake.universe_rules import Bound, Universe

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Dates = NDArray[np.datetime64]

#: Sessions for which a last close still says what a company is worth.
STALE = 20
#: Sessions between two reviews, at most.
_REVIEW = {"monthly": 25, "quarterly": 70}


def passed(rule: Universe, lake: Lake, axes: Axes, eligible_on: Callable[[Axes], Flags]) -> Flags:
    """Dates and columns that the last review let pass, bool (T, N).

    Parameters
    ----------
    eligible_on : callable
        Takes axes that reach farther back; returns who may be counted at all, bool (T', N).

    Raises
    ------
    ConfigError
        If one number is the bound in several currencies.
    """
    regions = list(axes.sessions)
    _check_currencies(rule, regions)
    first, last = axes.dates[0].item(), axes.dates[-1].item()
    before = axis_builder.build(lake, regions, axes.columns, first, last, rule.window + _REVIEW[rule.review])
    before = replace(before, columns=axes.columns)
    grids, _ = bars.load(lake, before, ("close", "volume", "turnover"))
    shares = items.one(lake, before, items.SHARES) if rule.largest or rule.min_size else None
    eligible = eligible_on(before)
    allowed = np.zeros((len(axes.dates), len(axes.columns)), bool)
    periods = _periods(axes.dates, rule.review)
    for day in dict.fromkeys(periods.tolist()):
        allowed[periods == day] = _review(rule, before, grids, shares, eligible, np.datetime64(day, "D"))
    return allowed


def _check_currencies(rule: Universe, regions: list[str]) -> None:
    for name in ("min_size", "min_turnover"):
        if isinstance(getattr(rule, name), float) and len(regions) > 1:
            raise ConfigError(
                f"{name}={getattr(rule, name):g} is one number for the currencies of {', '.join(regions)}.",
                hint=f"Write {name}: {{{regions[0]}: ..., {regions[1]}: ...}}, or use `largest` or `most_traded`.",
            )


def _review(
    rule: Universe, axes: Axes, grids: dict[str, Floats], shares: Floats | None, eligible: Flags, first: np.datetime64
) -> Flags:
    """Columns that pass the review on the last session of their region before ``first``."""
    result = np.zeros(len(axes.columns), bool)
    known = axes.dates < first
    for region, flags in axes.sessions.items():
        own = np.flatnonzero([one.region == region for one in axes.columns])
        rows = np.flatnonzero(flags & known)
        if not len(rows) or not len(own):
            continue
        # Who is no member on the day of the review is not counted among the largest either.
        open_ = eligible[rows[-1], own]
        traded = _median_turnover(grids, rows[-rule.window :], own, rule.window)
        good = open_ & _enough(traded, rule.most_traded, rule.min_turnover, region, open_)
        if shares is not None:
            size = _last_close(grids["close"], rows[-STALE:], own) * shares[rows[-1], own]
            good &= _enough(size, rule.largest, rule.min_size, region, open_)
        result[own] = good
    return result


def _enough(values: Floats, top: int | None, least: Bound | None, region: str, open_: Flags) -> Flags:
    good = np.ones(len(values), bool)
    if least is not None:
        bound = least.get(region) if isinstance(least, dict) else least
        good &= np.ones(len(values), bool) if bound is None else np.nan_to_num(values, nan=-1.0) >= bound
    if top is not None:
        ranked = np.where(open_ & np.isfinite(values), values, -np.inf)
        order = np.argsort(-ranked, kind="stable")[:top]
        chosen = np.zeros(len(values), bool)
        chosen[order] = np.isfinite(ranked[order])
        good &= chosen
    return good


def _periods(dates: Dates, review: str) -> Dates:
    """First calendar day of the period of each date."""
    months = dates.astype("datetime64[M]")
    if review == "quarterly":
        months = months - (months.astype(int) % 3)
    return months.astype("datetime64[D]")


def _median_turnover(grids: dict[str, Floats], rows: NDArray[np.int64], own: NDArray[np.int64], window: int) -> Floats:
    """Median of the traded value, a session without a bar counting 0; NaN with less than half a window of history."""
    money = grids["turnover"][np.ix_(rows, own)]
    money = np.where(np.isnan(money), (grids["close"] * grids["volume"])[np.ix_(rows, own)], money)
    seen = np.isfinite(grids["close"][np.ix_(rows, own)])
    history = np.where(seen.any(axis=0), len(rows) - seen.argmax(axis=0), 0)
    money = np.where(seen, np.nan_to_num(money), 0.0)
    result = np.full(len(own), np.nan)
    for place in np.flatnonzero(2 * history >= window):
        result[place] = np.median(money[-history[place] :, place])
    return result


def _last_close(closes: Floats, rows: NDArray[np.int64], own: NDArray[np.int64]) -> Floats:
    """Last close within the rows, NaN where there is none."""
    part = closes[np.ix_(rows, own)][::-1]
    seen = np.isfinite(part)
    return np.where(seen.any(axis=0), part[seen.argmax(axis=0), np.arange(len(own))], np.nan)
