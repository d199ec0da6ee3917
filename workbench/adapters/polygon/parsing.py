"""From the bars of an answer to columns: days of New York, whole shares, and bars that are none left out."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import journal
from workbench.adapters.polygon.api import NAME

if TYPE_CHECKING:
    from workbench.adapters.net import Reply
    from workbench.adapters.polygon.api import Page

SCHEMA: dict[str, Any] = {
    "ticker": pl.String,
    "date": pl.Date,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
    "turnover": pl.Float64,
    "adjusted": pl.String,
}
#: Keys that every bar has, and the one that may be missing.
_KEYS = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "t": "t"}
_AVERAGE = "vw"


def parsed(page: Page, ticker: str | None = None) -> pl.DataFrame:
    """Bars of one page: of a ticker, or for None of those that the bars name.

    ``t`` is the start of the day in New York, in whole-market answers its close: one date.

    Raises
    ------
    ShapeChanged
        Where half of the bars, or more, are none.
    """
    rows, body, reply = page.rows, page.body, page.reply
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    if ticker is not None and body.get("ticker", ticker) != ticker:
        raise reply.changed(f"bars of {body['ticker']!r}, not of {ticker!r}")
    if not isinstance(body.get("adjusted"), bool):
        raise reply.changed("no word whether prices are adjusted")
    names, numbers = _sound(rows, ticker, reply)
    frame = pl.DataFrame(numbers, schema=dict.fromkeys((*_KEYS, "average"), pl.Float64), orient="row")
    local = pl.col("t").cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone("America/New_York")
    return frame.select(
        pl.Series("ticker", names, dtype=pl.String),
        local.dt.date().alias("date"),
        *("open", "high", "low", "close", pl.col("volume").round()),
        (pl.col("average") * pl.col("volume")).alias("turnover"),
        # Where the answer is adjusted although that was not asked for, the row says so.
        pl.lit("split" if body["adjusted"] else "none").alias("adjusted"),
    )


def number(value: Any) -> float | None:
    """A finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if isfinite(found) else None


def _sound(rows: list[dict[str, Any]], ticker: str | None, reply: Reply) -> tuple[list[str], list[list[float | None]]]:
    """Ticker and numbers of each bar; one that lacks any of them is left out and noted."""
    names, numbers, odd = [], [], []
    for row in rows:
        name = ticker if ticker is not None else row.get("T")
        found = {key: number(row.get(key)) for key in _KEYS.values()}
        lacking = [key for key, value in found.items() if value is None]
        if isinstance(name, str) and not lacking:
            names.append(name)
            numbers.append([*found.values(), number(row.get(_AVERAGE))])
        else:
            odd.append(f"`{lacking[0] if lacking else 'T'}` is missing or no number, with {sorted(row)}")
    if 2 * len(odd) >= len(rows):
        raise reply.changed(f"bars of which {odd[0]}")
    if odd:
        journal.note("bars.odd", level="warning", provider=NAME, url=reply.url, bars=len(odd), first=odd[0])
    return names, numbers
