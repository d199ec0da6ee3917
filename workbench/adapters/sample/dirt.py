"""Dirty rows as real sources deliver them, planted on known days so that checks can be tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from workbench.adapters.sample.market import RegionMarket

#: Rows of each kind a region, apart from the market of zeros, which takes a whole session.
ROWS_A_KIND = 3
JUMP = 3.0
_PRICES = ("open", "high", "low", "close")


def _all(value: float) -> list[pl.Expr]:
    return [pl.lit(value).alias(name) for name in _PRICES]


#: Kind to the columns it spoils.
_SPOILED: dict[str, Callable[[], list[pl.Expr]]] = {
    "high_below_low": lambda: [(pl.col("low") * 0.98).alias("high")],
    "close_outside": lambda: [(pl.col("high") * 1.05).alias("close")],
    "zero_prices": lambda: _all(0.0),
    "negative_price": lambda: [(-pl.col("low")).alias("low")],
    "jump": lambda: [(pl.col(name) * JUMP).alias(name) for name in _PRICES],
    "market_of_zeros": lambda: [*_all(0.0), pl.lit(0.0).alias("volume"), pl.lit(0.0).alias("turnover")],
}
#: Kind to what a further row beside the good one looks like.
_ADDED: dict[str, Callable[[], list[pl.Expr]]] = {
    "duplicate": list,
    "conflict": lambda: [((pl.col("high") + pl.col("close")) / 2.0).alias("close"), (pl.col("volume") * 2.0)],
    "closed_day": lambda: [pl.col("date") + pl.duration(days=6 - pl.col("date").dt.weekday().cast(pl.Int64))],
}
KINDS = (*_SPOILED, *_ADDED)


def planted(market: RegionMarket, kinds: frozenset[str]) -> pl.DataFrame:
    """Where dirty rows stand: columns ``ticker``, ``date`` (of the good row) and ``kind``.

    Rows lie on companies that are listed throughout, each on a day of its own without a halt near;
    a market of zeros covers every company that is listed on its session.
    """
    sessions = market.line.sessions.astype(object)
    count = len(sessions)
    steady = [n for n, company in enumerate(market.companies) if company.first == 0 and company.last == count]
    rows: list[tuple[str, date, str]] = []
    for place, kind in enumerate(KINDS):
        if kind not in kinds or kind == "market_of_zeros":
            continue
        for turn in range(ROWS_A_KIND):
            column = steady[(place + len(KINDS) * turn) % len(steady)]
            row = _quiet_row(market, column, int((0.25 + 0.2 * turn) * count) + 3 * place)
            rows.append((market.companies[column].code, sessions[row], kind))
    if "market_of_zeros" in kinds:
        row = int(0.8 * count)
        there = np.flatnonzero(~np.isnan(market.bars.close[row]))
        rows += [(market.companies[n].code, sessions[row], "market_of_zeros") for n in there]
    schema = {"ticker": pl.String(), "date": pl.Date(), "kind": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(["ticker", "date"], keep="first", maintain_order=True)


def _quiet_row(market: RegionMarket, column: int, row: int) -> int:
    """The first row from ``row`` on with no halt, split or flat bar of the company near it."""
    bars = market.bars
    ex = [event.row[event.column == column] for event in market.actions]
    taken = np.concatenate(ex)
    while (
        market.halted[row - 3 : row + 4, column].any()
        or bars.high[row, column] <= bars.low[row, column]
        or bars.close[row, column] in (bars.high[row, column], bars.low[row, column])
        or np.any(np.abs(taken - row) < 4)
    ):
        row += 1
    return row


def spoil(frame: pl.DataFrame, where: pl.DataFrame, end: date) -> pl.DataFrame:
    """The bars with the dirty rows that fall on them.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of ``ohlcv``.
    where : polars.DataFrame
        From :func:`planted`.
    end : date
        Last day asked; an added row on a closed day does not lie after it.
    """
    marked = frame.join(where, on=["ticker", "date"], how="left", maintain_order="left")
    bad = pl.col("kind")
    for kind, spoiled in _SPOILED.items():
        changes = {change.meta.output_name(): change for change in spoiled()}
        marked = marked.with_columns(
            pl.when(bad == kind).then(change).otherwise(pl.col(name)).alias(name) for name, change in changes.items()
        )
    added = [marked.filter(bad == kind).with_columns(*change()) for kind, change in _ADDED.items()]
    complete = pl.concat([marked, *added]).filter(pl.col("date") <= end)
    return complete.drop("kind").sort("ticker", "date", maintain_order=True)
