"""Splits and dividends derived from a close that a later edition of the row restates for the next session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

#: A restated close this much below the close, or above it at all, is a split: no dividend is so large.
SPLIT_BELOW = 0.8
_EQUAL = 1e-6


def derive_actions(
    editions: pl.DataFrame, *, region: str, currency: str, source: str, sessions: Sequence[date]
) -> pl.DataFrame:
    """Actions of the sessions that follow restated closes.

    Parameters
    ----------
    editions : polars.DataFrame
        Later editions of rows: ticker, date, close (as traded), restated_close (what the close was worth
        after the event on the next session).
    region, currency, source : str
        Written into the actions.
    sessions : sequence of date
        Trading days, ascending; the ex date is the first one after the row's.

    Returns
    -------
    polars.DataFrame
        Rows of ``actions``. ``split``: new shares per old share, close / restated_close.
        ``dividend``: close - restated_close, in ``currency`` a share.
    """
    factor = pl.col("restated_close") / pl.col("close")
    days = pl.DataFrame({"ex_date": list(sessions)}, schema={"ex_date": pl.Date}).sort("ex_date")
    events = (
        editions.filter((pl.col("close") > 0) & (pl.col("restated_close") > 0) & ((factor - 1.0).abs() > _EQUAL))
        .with_columns(factor=factor, after=pl.col("date").dt.offset_by("1d"))
        .sort("after")
        .join_asof(days, left_on="after", right_on="ex_date", strategy="forward")
        .drop_nulls("ex_date")
    )
    split = (pl.col("factor") < SPLIT_BELOW) | (pl.col("factor") > 1.0)
    return (
        events.select(
            region=pl.lit(region),
            ticker=pl.col("ticker"),
            ex_date=pl.col("ex_date"),
            kind=pl.when(split).then(pl.lit("split")).otherwise(pl.lit("dividend")),
            # Closes carry six digits, so that a ratio has no more: 7.00001 is 7.
            value=pl.when(split)
            .then((1.0 / pl.col("factor")).round_sig_figs(5))
            .otherwise((pl.col("close") - pl.col("restated_close")).round(6)),
            currency=pl.lit(currency),
            source=pl.lit(source),
        )
        .unique(["ticker", "ex_date", "kind"], keep="last", maintain_order=True)
        .select(list(TABLES["actions"].columns))
    )
