"""Returns of the market, and of size, value and momentum, made of a region's own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import DataError, NotEnoughHistory
from workbench.research import sorts

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

    Floats = NDArray[np.float64]

SHARES, EQUITY = "shares_outstanding", "total_equity"
#: Sessions from a formation back to the start and to the end of the return that momentum sorts on.
YEAR, MONTH = 252, 21
#: Fewest names with a market value for a formation: five a portfolio.
MIN_NAMES = 30


def factor_returns(panel: Panel, min_names: int = MIN_NAMES) -> pl.DataFrame:
    """Factor-mimicking returns of each region of a panel, for the exposures of a strategy or a score.

    Parameters
    ----------
    panel : Panel
        Total-return closes with the item ``shares_outstanding``, and for value ``total_equity``. Warm-up of 274
        sessions lets momentum begin at once.
    min_names : int
        Fewest names with a market value for portfolios to be formed.

    Returns
    -------
    polars.DataFrame
        region, date, market, smb, hml, umd: total returns of a session as fractions, market without the
        risk-free rate taken off. Null before the first formation has been traded, and in all of a column
        whose item the panel lacks.

    Raises
    ------
    DataError
        Without ``shares_outstanding``.
    NotEnoughHistory
        No region has a month's end with enough names.

    Notes
    -----
    Portfolios are formed at the last session of each month on what was known at its close, traded at the next
    session's close, and held until the next ones. smb and hml are of the sorts on size and book to market
    (book above zero), umd of those on size and the return from 252 to 21 sessions before. Breakpoints are
    those of all names: :mod:`workbench.research.sorts`. Prices and equity are taken to be in one currency a
    region; the factors of a panel built with ``currency`` are in that currency.
    """
    import polars as pl

    if SHARES not in panel.items:
        raise DataError(
            f"Factor returns weigh by market value, and the panel has no item {SHARES!r}.",
            hint=f"Build it with items=({SHARES!r}, {EQUITY!r}).",
        )
    frames = [_region(panel, region, min_names) for region in dict.fromkeys(panel.regions)]
    result = pl.concat(frames)
    if result["market"].null_count() == result.height:
        raise NotEnoughHistory(
            f"No month ends with {min_names} names that have a market value.",
            hint="Take a larger sample or a longer history, or lower min_names.",
        )
    return result


def _region(panel: Panel, region: str, min_names: int) -> pl.DataFrame:
    import polars as pl

    rows = np.flatnonzero(np.asarray(panel.sessions(region), dtype=bool))
    columns = np.flatnonzero(np.array(panel.regions) == region)
    cell = np.ix_(rows, columns)
    days, gain = np.asarray(panel.dates)[rows], sorts.session_gains(panel, region)
    price = panel.raw("close") if panel.rate is None else panel.raw("close") * panel.rate
    there = np.asarray(panel.traded, dtype=bool)[cell] & np.asarray(panel.member, dtype=bool)[cell]
    value = np.where(there, price[cell] * panel.items[SHARES][cell], np.nan)
    formed = sorts.month_ends(days)
    formed = formed[np.isfinite(value[formed]).sum(axis=1) >= min_names]
    size = value[formed]
    frame = {"region": [region] * len(rows), "date": days, "market": sorts.market(size, formed, gain)}
    six = np.full((len(rows), len(sorts.SIX)), np.nan)
    if EQUITY in panel.items:
        equity = panel.items[EQUITY][cell][formed]
        six = _six(size, np.where(equity > 0.0, equity, np.nan) / size, formed, gain)
    frame |= {"smb": sorts.small_minus_big(six), "hml": sorts.high_minus_low(six)}
    frame["umd"] = sorts.high_minus_low(_six(size, _past(gain, formed), formed, gain))
    numbers = [pl.col(name).fill_nan(None) for name in ("market", "smb", "hml", "umd")]
    return pl.DataFrame(frame).with_columns(numbers)


def _six(size: Floats, value: Floats, formed: NDArray[np.int64], gain: Floats) -> Floats:
    return sorts.hold(sorts.double_sort(size, value), size, formed, gain).returns(gain)


def _past(gain: Floats, formed: NDArray[np.int64]) -> Floats:
    """Log total return from 252 to 21 sessions before each formation; NaN for names without it."""
    path = np.cumsum(np.log1p(np.where(np.isnan(gain), 0.0, np.maximum(gain, -0.999))), axis=0)
    past = np.full((len(formed), gain.shape[1]), np.nan)
    for number, row in enumerate(formed):
        if row > YEAR:
            start, end = row - YEAR, row - MONTH
            known = np.isfinite(gain[start]) & np.isfinite(gain[end])
            past[number] = np.where(known, path[end] - path[start], np.nan)
    return past
