"""Rows of ``ohlcv`` as the source would have delivered them on a day: halts, corrections and all."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.adapters.sample.profiles import profile
from workbench.adapters.sample.tables import SOURCE, conform

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from workbench.adapters.sample.market import RegionMarket

PRICES = ("open", "high", "low", "close")


def ohlcv(market: RegionMarket, columns: NDArray[np.int64], rows: slice, today: date) -> pl.DataFrame:
    """Daily bars of some companies on a stretch of sessions.

    Parameters
    ----------
    columns : int64
        Positions of the companies.
    rows : slice
        Session indices, none of them after ``today``.
    today : date
        A bar that is corrected later still has its first, wrong values.
    """
    cut = np.ix_(np.arange(rows.start, rows.stop), columns)
    fields = {name: getattr(market.bars, name)[cut] for name in (*PRICES, "volume", "turnover")}
    there = ~np.isnan(fields["close"])
    halted = market.halted[cut] & there
    habit = profile(market.region).halt
    if habit == "absent":
        there &= ~halted
    elif habit == "zeros":
        for name in ("open", "high", "low"):
            fields[name][halted] = 0.0
    _uncorrect(market, columns, rows, today, fields)
    # Company by company, so that the rows come out in the order of the key.
    column, row = np.nonzero(there.T)
    codes = pl.Series("ticker", [market.companies[n].code for n in columns], dtype=pl.String)
    return conform(
        "ohlcv",
        {
            "region": market.region,
            "ticker": codes.gather(pl.Series(column, dtype=pl.UInt32)),
            "timeframe": "D",
            "date": market.line.sessions[rows][row],
            **{name: values[row, column] for name, values in fields.items()},
            "adjusted": "none",
            "source": SOURCE,
            "collected_at": asked_at(today),
        },
        len(row),
    )


def asked_at(today: date) -> datetime:
    """The instant that stands for a request made on ``today``: its last minute, in UTC."""
    return datetime.combine(today, time(23, 59), tzinfo=UTC)


def _uncorrect(
    market: RegionMarket,
    columns: NDArray[np.int64],
    rows: slice,
    today: date,
    fields: dict[str, NDArray[np.float64]],
) -> None:
    """Put back what was published before the corrections that ``today`` does not know, in place."""
    corrections = market.corrections
    session = int(np.searchsorted(market.line.sessions, np.datetime64(today), side="right")) - 1
    position = {int(column): place for place, column in enumerate(columns)}
    for entry in corrections.pending(session):
        row, place = int(corrections.row[entry]) - rows.start, position.get(int(corrections.column[entry]))
        if place is None or not 0 <= row < rows.stop - rows.start:
            continue
        fields["close"][row, place] = corrections.close[entry]
        fields["volume"][row, place] = corrections.volume[entry]
