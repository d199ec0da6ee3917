"""Checks that need nothing but the row itself, the calendar and its neighbours of the same day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.quality.catalogue import RANGE_TOLERANCE, SCALE_FACTOR, ZERO_MARKET_ROWS, ZERO_MARKET_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from workbench.schemas import Table

PRICES = ("open", "high", "low", "close")
_RANGE = ("open", "high", "low")


def _is(name: str, condition: pl.Expr) -> pl.Expr:
    """The code where the condition holds, null elsewhere (an unknown comparison is no finding)."""
    return pl.when(condition.fill_null(False)).then(pl.lit(name))


def suspended() -> pl.Expr:
    """Halts as real sources write them: no open, high and low (zero or null), a carried close, no volume."""
    no_range = pl.all_horizontal(pl.col(name).fill_null(0.0) == 0.0 for name in _RANGE)
    no_volume = pl.col("volume") == 0.0
    zeros_without_volume = pl.col("volume").is_null() & pl.all_horizontal(pl.col(name) == 0.0 for name in _RANGE)
    return (no_range & (pl.col("close") > 0.0) & (no_volume | zeros_without_volume)).fill_null(False)


def closes_only() -> pl.Expr:
    """A close without a range at all: what a source without open, high and low sends."""
    return pl.all_horizontal(pl.col(name).is_null() for name in _RANGE) & pl.col("close").is_not_null()


def incomplete(needed: Sequence[str]) -> pl.Expr:
    """The code where a column that the lake requires is absent."""
    return _is("missing_value", pl.any_horizontal(pl.col(needed).is_null()))


def undeclared(table: Table, columns: Sequence[str]) -> pl.Expr:
    """The code where a column holds none of the values that the table declares for it."""
    wrong = [~pl.col(name).is_in(list(allowed)) for name, allowed in table.values.items() if name in columns]
    return _is("unknown_value", pl.any_horizontal(*wrong, pl.lit(value=False)))


def row_codes(sessions: Collection[date]) -> list[pl.Expr]:
    """One expression a check; each gives its code or null.

    Parameters
    ----------
    sessions : collection of date
        The exchange-local trading days of the region.
    """
    high, low, close, open_ = pl.col("high"), pl.col("low"), pl.col("close"), pl.col("open")
    some_missing = pl.any_horizontal(pl.col(name).is_null() for name in PRICES)
    non_positive = pl.any_horizontal(pl.col(name) <= 0.0 for name in PRICES)
    ordered = (high >= low) & (low > 0.0)
    top, bottom = high * (1.0 + RANGE_TOLERANCE), low * (1.0 - RANGE_TOLERANCE)
    return [
        _is("missing_price", some_missing & ~suspended() & ~closes_only()),
        _is("non_positive", non_positive & ~suspended()),
        _is("negative_volume", pl.col("volume") < 0.0),
        _is("high_below_low", (high < bottom) & ~suspended()),
        _is("close_outside_range", ordered & (close > 0.0) & ((close > top) | (close < bottom))),
        _is("open_outside_range", ordered & (open_ > 0.0) & ((open_ > top) | (open_ < bottom))),
        _is("scale_mismatch", ordered & (close > 0.0) & ((close > high * SCALE_FACTOR) | (close < low / SCALE_FACTOR))),
        _is("closed_day", ~pl.col("date").is_in(pl.Series(sorted(sessions), dtype=pl.Date).implode())),
        _is("zero_market", _zeros() & _zero_day()),
    ]


def _zeros() -> pl.Expr:
    return pl.all_horizontal(pl.col(name).fill_null(0.0) == 0.0 for name in PRICES)


def _zero_day() -> pl.Expr:
    count = _zeros().sum().over("date")
    return (count >= ZERO_MARKET_ROWS) & (count >= ZERO_MARKET_SHARE * pl.len().over("date"))


def conflicting_rows(values: tuple[str, ...]) -> pl.Expr:
    """The code on every row of a (ticker, date) that stands there with more than one set of values."""
    different = pl.any_horizontal(pl.col(name).n_unique().over("ticker", "date") > 1 for name in values)
    return _is("duplicate_conflict", different)
