"""Which prices an order may have: ticks and daily limits by day, board and price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from workbench.errors import DataError
from workbench.markets import dated
from workbench.markets.record import check_board, get

if TYPE_CHECKING:
    from datetime import date

Side = Literal["nearest", "down", "up"]


@dataclass(frozen=True)
class _Band:
    """Values up to a price; ``upper`` is infinite in the last band."""

    upper: float
    included: bool
    value: float


@lru_cache(maxsize=4096)
def _ticks(region: str, board: str, day: date) -> tuple[_Band, ...]:
    return _bands(dated.lookup("ticks", region, day, board))


def _bands(found: tuple[dated.Fact, ...]) -> tuple[_Band, ...]:
    bands = [
        _Band(
            upper=float(fact.fields["upper"]) if fact.fields["upper"] else math.inf,
            included=fact.fields.get("upper_included") == "yes",
            value=float(fact.fields["value"]),
        )
        for fact in found
    ]
    return tuple(sorted(bands, key=lambda band: band.upper))


def _band_value(bands: tuple[_Band, ...], price: float) -> float:
    return next(band.value for band in bands if price < band.upper or (band.included and price == band.upper))


def tick_size(region: str, price: float, day: date, board: str | None = None) -> float:
    """The smallest price step at a price, in the market's currency.

    Parameters
    ----------
    region : str
        One of the six regions.
    price : float
        Traded price, raw and positive, in units of the currency (dong, not thousand dong).
    day : date
        Exchange-local trading day.
    board : str, optional
        Board of the share; Tokyo's finer tables are the boards ``TOPIX100`` and ``TOPIX500``.

    Raises
    ------
    DataError
        For a price that is not positive, or a day before the first known table.

    Examples
    --------
    >>> from datetime import date
    >>> tick_size("KR", 71_300, date(2024, 6, 3))
    100.0
    """
    _check_price(price)
    return _band_value(_ticks(get(region).region, check_board(region, board), day), price)


def round_to_tick(region: str, price: float, day: date, board: str | None = None, side: Side = "nearest") -> float:
    """The price on the market's grid: nearest (ties up), down or up; errors as :func:`tick_size`.

    Rounded down below one tick the result is 0.0, which is no price.
    """
    return _on_grid(price, tick_size(region, price, day, board), side)


def _on_grid(price: float, tick: float, side: Side) -> float:
    steps = price / tick
    whole = round(steps)
    # A price that lies on the grid but for rounding error stays where it is.
    if not math.isclose(steps, whole, rel_tol=1e-9, abs_tol=1e-9):
        whole = {"nearest": math.floor(steps + 0.5), "down": math.floor(steps), "up": math.ceil(steps)}[side]
    return round(whole * tick, 6)


def price_limit(region: str, day: date, previous_close: float, board: str | None = None) -> tuple[float, float] | None:
    """The lowest and the highest price of a day, or None where the market has no daily limit.

    The base is the previous close, restated by the caller for a split or dividend of the day. First
    sessions after a listing have wider limits or none and are the caller's to except.

    Parameters
    ----------
    region : str
        One of the six regions.
    day : date
        Exchange-local trading day on which the limit holds.
    previous_close : float
        Base price in units of the currency.
    board : str, optional
        Board of the share; ``ST`` for special treatment on China's main boards.

    Returns
    -------
    (float, float) or None
        Low and high, both allowed, on the market's tick grid.

    Raises
    ------
    DataError
        For a price that is not positive, or a day before the first known row.

    Examples
    --------
    >>> from datetime import date
    >>> price_limit("JP", date(2025, 2, 28), 617)
    (517.0, 717.0)
    """
    _check_price(previous_close)
    found = dated.lookup("price_limits", region, day, board)
    unit, rounding = found[0].fields["unit"], found[0].fields["rounding"]
    if unit == "none":
        return None
    value = _band_value(_bands(found), previous_close)
    if unit == "amount":
        return max(previous_close - value, tick_size(region, previous_close, day, board)), previous_close + value
    width = previous_close * value
    if rounding == "width":
        # Korea cuts the width itself to the tick of the base price before adding it.
        width = _on_grid(width, tick_size(region, previous_close, day, board), "down")
    sides: tuple[Side, Side] = ("nearest", "nearest") if rounding == "nearest" else ("up", "down")
    low, high = previous_close - width, previous_close + width
    return round_to_tick(region, low, day, board, sides[0]), round_to_tick(region, high, day, board, sides[1])


def _check_price(price: float) -> None:
    if not (math.isfinite(price) and price > 0):
        raise DataError(
            f"{price!r} is not a price.", hint="Pass a positive price in units of the currency.", price=price
        )
