"""A universe by rule and date: who could have been held, said from what was known before each review."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.lake import axes as axis_builder
from workbench.lake import bars, items, sql, universe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake
    from workbench.lake.universe import Stay

    Flags = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Dates = NDArray[np.datetime64]

#: Sessions for which a last close still says what a company is worth.
STALE = 20
#: Sessions between two reviews, at most.
_REVIEW = {"monthly": 25, "quarterly": 70}
_LISTED = """
SELECT region, ticker, spell, exchange, asset_type FROM tickers WHERE region IN (SELECT unnest($regions))
"""
_ON = """
SELECT t.region, t.ticker, t.spell, t.exchange, t.asset_type FROM tickers AS t
WHERE t.region = $region AND coalesce(t.listed_date, DATE '0001-01-01') <= $day
    AND coalesce(t.delisted_date, DATE '9999-12-31') > $day
ORDER BY t.ticker, t.spell
"""
Bound = float | dict[str, float]


class Universe(BaseModel):
    """Rules that a stock meets to be in the universe on a date; what is not named does not matter.

    Attributes
    ----------
    exchange, asset_type : tuple of str
        MICs, and kinds of security, as the listing gives them.
    sector : tuple of str
        GICS sectors, as dated in ``attributes``.
    index : str or None
        Name of an index in ``memberships``.
    codes : tuple of str
        Local codes, with or without their region.
    largest : int or None
        So many names of each region with the largest market capitalization (last close times the shares
        outstanding known then).
    min_size : float, or dict of region to float
        Smallest market capitalization, in the currency of the prices.
    most_traded : int or None
        So many names of each region with the highest median turnover.
    min_turnover : float, or dict of region to float
        Smallest median turnover a session, in the currency of the prices; a session without trade counts 0.
    window : int
        Sessions of that median; at least half of them must lie behind the listing.
    review : str
        ``monthly`` or ``quarterly``: size and turnover are looked at on the last session before the period,
        and hold for the whole of it.

    Notes
    -----
    Members of a date follow from listing spells, so that a delisted company is in on the days it was listed;
    a code that was given to another company is two spells. Bounds in money need one number a region.

    Examples
    --------
    >>> large = Universe(asset_type=("stock",), largest=500)
    >>> print(large)
    asset_type stock; largest 500; review monthly
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: tuple[str, ...] = ()
    asset_type: tuple[str, ...] = ()
    sector: tuple[str, ...] = ()
    index: str | None = None
    codes: tuple[str, ...] = ()
    largest: int | None = Field(default=None, ge=1)
    min_size: Bound | None = None
    most_traded: int | None = Field(default=None, ge=1)
    min_turnover: Bound | None = None
    window: int = Field(default=60, ge=5, le=500)
    review: Literal["monthly", "quarterly"] = "monthly"

    @model_validator(mode="after")
    def _bounds_are_positive(self) -> Universe:
        for name in ("min_size", "min_turnover"):
            bound = getattr(self, name)
            values = bound.values() if isinstance(bound, dict) else [] if bound is None else [bound]
            if any(not value > 0.0 for value in values):
                raise ValueError(f"{name} must be positive")
            if isinstance(bound, dict):
                markets.check_regions(bound or ["none"])
        return self

    def __str__(self) -> str:
        said = self.model_dump(exclude_defaults=True)
        parts = [f"{name} {_text(value)}" for name, value in said.items() if name not in ("window", "review")]
        if self.reviewed:
            parts.append(f"review {self.review}")
        return "; ".join(parts) or "all"

    @property
    def reviewed(self) -> bool:
        """Whether size or turnover matter."""
        return any((self.largest, self.min_size, self.most_traded, self.min_turnover))

    def members(self, lake: Lake, region: str, on: date | str) -> tuple[str, ...]:
        """Codes of one region that meet the rules on a day, ascending.

        Parameters
        ----------
        lake : Lake
            Read at the moment it shows.
        region : str
            One of the six regions.
        on : date or ISO text
            A day; on a day without trading, the members are those of the last session before.
            Nothing that became known later is used. Without bars in the lake only rules of the listing can be
            answered.

        Raises
        ------
        DataError
            If rules of size or turnover are asked and the lake has no bars up to that day.
        """
        day = on if isinstance(on, date) else _day(on)
        (code,) = markets.check_regions([region])
        rows = sql.query(lake, _ON, {"region": code, "day": day}).rows()
        listed = dict.fromkeys(row[1] for row in rows if self._fits(*row) and self._named(code, row[1]))
        if not self.reviewed and not self.index and not self.sector:
            return tuple(listed)
        panel = lake.panel(code, start=day - timedelta(days=15), end=day, fields=("close",), universe=self)
        inside = {label.split(":", 1)[1].split("#")[0] for label in np.array(panel.tickers)[panel.member[-1]]}
        return tuple(ticker for ticker in listed if ticker in inside)

    def choose(self, lake: Lake, columns: Sequence[Column]) -> list[Column]:
        """Columns that the rules of the listing let pass."""
        regions = sorted({one.region for one in columns})
        kept = {row[:3] for row in _listings(lake, regions) if self._fits(*row)}
        strict = bool(self.exchange or self.asset_type)
        return [
            one
            for one in columns
            if self._named(one.region, one.ticker)
            and ((one.region, one.ticker, one.spell) in kept or (not one.known and not strict))
        ]

    def _fits(self, _region: str, _ticker: str, _spell: int, exchange: str | None, asset_type: str | None) -> bool:
        return (not self.exchange or exchange in self.exchange) and (
            not self.asset_type or asset_type in self.asset_type
        )

    def _named(self, region: str, ticker: str) -> bool:
        return not self.codes or ticker in self.codes or f"{region}:{ticker}" in self.codes

    def mask(self, lake: Lake, axes: Axes, stays: Sequence[Stay]) -> Flags:
        """Dates and columns on which the dated rules hold, bool (T, N).

        Parameters
        ----------
        stays : sequence of (ticker, first day, last day)
            Of the index's members; the largest of an index are those of its members on the day of the review.
        """
        held = self._sectors(lake, axes)
        return held & self._reviews(lake, axes, stays) if self.reviewed else held

    def _sectors(self, lake: Lake, axes: Axes) -> Flags:
        if not self.sector:
            return np.ones((len(axes.dates), len(axes.columns)), bool)
        return universe.by_sector(axes, universe.sectors(lake, axes), self.sector)

    def _reviews(self, lake: Lake, axes: Axes, stays: Sequence[Stay]) -> Flags:
        regions = list(axes.sessions)
        for name in ("min_size", "min_turnover"):
            if isinstance(getattr(self, name), float) and len(regions) > 1:
                raise ConfigError(
                    f"{name}={getattr(self, name):g} is one number for the currencies of {', '.join(regions)}.",
                    hint=f"Write {name}: {{{regions[0]}: ..., {regions[1]}: ...}}, or use `largest` or `most_traded`.",
                )
        before = axis_builder.build(
            lake, regions, axes.columns, axes.dates[0].item(), axes.dates[-1].item(), self.window + _REVIEW[self.review]
        )
        before = replace(before, columns=axes.columns)
        grids, _ = bars.load(lake, before, ("close", "volume", "turnover"))
        shares = items.load(lake, before, items.SHARES).values if self.largest or self.min_size else None
        eligible = universe.members(before, stays) & self._sectors(lake, before)
        allowed = np.zeros((len(axes.dates), len(axes.columns)), bool)
        periods = _periods(axes.dates, self.review)
        for first in dict.fromkeys(periods.tolist()):
            allowed[periods == first] = self._review(before, grids, shares, eligible, np.datetime64(first, "D"))
        return allowed

    def _review(
        self, axes: Axes, grids: dict[str, Floats], shares: Floats | None, eligible: Flags, first: np.datetime64
    ) -> Flags:
        """Columns that pass the review on the last session of their region before ``first``."""
        passed = np.zeros(len(axes.columns), bool)
        known = axes.dates < first
        for region, flags in axes.sessions.items():
            own = np.flatnonzero([one.region == region for one in axes.columns])
            rows = np.flatnonzero(flags & known)
            if not len(rows) or not len(own):
                continue
            # Who is no member on the day of the review is not counted among the largest either.
            open_ = eligible[rows[-1], own]
            traded = _median_turnover(grids, rows[-self.window :], own, self.window)
            good = open_ & self._enough(traded, self.most_traded, self.min_turnover, region, open_)
            if shares is not None:
                size = _last_close(grids["close"], rows[-STALE:], own) * shares[rows[-1], own]
                good &= self._enough(size, self.largest, self.min_size, region, open_)
            passed[own] = good
        return passed

    def _enough(self, values: Floats, top: int | None, least: Bound | None, region: str, open_: Flags) -> Flags:
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


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={number:g}" for name, number in value.items())
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"on={text!r} is not a date.", hint="Write it as 2024-06-28.") from error


def _listings(lake: Lake, regions: Sequence[str]) -> list[tuple[Any, ...]]:
    return sql.query(lake, _LISTED, {"regions": list(regions)}).rows()


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
