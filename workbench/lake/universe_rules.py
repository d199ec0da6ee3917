"""A universe by rule and date: who could have been held, said from what was known before each review."""

from __future__ import annotations

import difflib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.lake import sql, universe
from workbench.schemas.market import ASSET_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.lake.axes import Axes, Column
    from workbench.lake.store import Lake
    from workbench.lake.universe import Stay

    Flags = NDArray[np.bool_]

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
    exchange : tuple of str
        MICs, as the listing gives them. Here and below a single name may stand alone.
    asset_type : tuple of str
        Kinds of security: some of :data:`workbench.schemas.market.ASSET_TYPES`.
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

    Raises
    ------
    ConfigError
        A field that does not exist, or a value outside its bound.

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

    if not TYPE_CHECKING:  # Type checkers know the fields.

        def __init__(self, **given: Any) -> None:
            try:
                super().__init__(**given)
            except ValidationError as error:
                raise _refusal(error) from None

    @field_validator("exchange", "asset_type", "sector", "codes", mode="before")
    @classmethod
    def _one_may_stand_alone(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("asset_type")
    @classmethod
    def _kinds_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for kind in value:
            if kind not in ASSET_TYPES:
                raise ValueError(f"there is no kind {kind!r}{_near(kind, ASSET_TYPES)}; use {', '.join(ASSET_TYPES)}")
        return value

    @model_validator(mode="after")
    def _bounds_are_positive(self) -> Universe:
        for name in ("min_size", "min_turnover"):
            bound = getattr(self, name)
            values = bound.values() if isinstance(bound, dict) else [] if bound is None else [bound]
            if any(not value > 0.0 for value in values):
                raise ValueError(f"{name}={bound!r} must be positive")
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
            If the day lies in the future; or, for rules of size, turnover, index or sector, if the lake's bars
            end before it or begin after it.
        """
        day = on if isinstance(on, date) else _day(on)
        (code,) = markets.check_regions([region])
        universe.check_today(code, day)
        rows = sql.query(lake, _ON, {"region": code, "day": day}).rows()
        listed = dict.fromkeys(row[1] for row in rows if self._fits(*row) and self._named(code, row[1]))
        if not self.reviewed and not self.index and not self.sector:
            return tuple(listed)
        universe.check_collected(lake, code, day)
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
        if not self.reviewed:
            return held
        from workbench.lake import universe_reviews

        return held & universe_reviews.passed(
            self, lake, axes, lambda before: universe.members(before, stays) & self._sectors(lake, before)
        )

    def _sectors(self, lake: Lake, axes: Axes) -> Flags:
        if not self.sector:
            return np.ones((len(axes.dates), len(axes.columns)), bool)
        return universe.by_sector(axes, universe.sectors(lake, axes), self.sector)


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


def _refusal(error: ValidationError) -> ConfigError:
    """What pydantic found first, in our words: field, value and bound."""
    first = error.errors()[0]
    fields = tuple(Universe.model_fields)
    known = f"The fields of a universe are {', '.join(fields)}."
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return ConfigError(f"A universe has no field {name!r}{_near(name, fields)}.", hint=known)
    said = first["msg"].removeprefix("Value error, ")
    if name:
        said = f"{name}={first['input']!r}: {said[:1].lower()}{said[1:]}"
    return ConfigError(f"Universe: {said.rstrip('.')}.", hint=known)


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
