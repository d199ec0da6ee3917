"""Splits, dividends and spin-offs derived from a close that a later edition of the row restates.

The restated close is what the close was worth after the event on the next session. How a source quotes an event
tells its kind: a split is a ratio of small whole numbers (or, for a stock dividend, of whole per cents), a
spin-off a factor of three decimals, and a cash dividend an amount in cents or fractions of them.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

#: New shares for so many old ones: 2, 3:2, 4:3, 5:4 and their inverses.
_OLD_SHARES = (1, 2, 3, 4)
#: From this factor on a smaller ratio than 5:4 may as well be an amount, and the amount is looked at first.
SPLIT_BELOW = 0.8
#: Restated closes have six digits; those of some days were rounded to cents.
_DIGIT, _CENT, _FLOAT = 2e-6, 0.006, 1e-7
#: An amount that is a multiple of this may be a dividend, although its ratio is a round one as well.
_COINS = 0.005
_EQUAL = 1e-6
#: An event that moves the price by more than this (logarithm) must be seen in the price ...
_TELLING = 0.22
#: ... to within this, at the open of one of so many sessions.
_WITHIN, _SESSIONS = 0.40, 3


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
        Rows of ``actions``, and ``date`` and ``factor`` (restated_close / close) of the row they stem from.
        ``split``: new shares per old share. ``dividend`` and ``spin_off``: close - restated_close, in ``currency``
        a share, which for a spin-off is what the shares that were spun off are worth.
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
    found = events.with_columns(kind=_kind())
    split = pl.col("kind") == "split"
    return found.select(
        region=pl.lit(region),
        ticker=pl.col("ticker"),
        ex_date=pl.col("ex_date"),
        kind=pl.col("kind"),
        value=pl.when(split).then(_ratio()).otherwise((pl.col("close") - pl.col("restated_close")).round(6)),
        currency=pl.when(~split).then(pl.lit(currency)),
        source=pl.lit(source),
        date=pl.col("date"),
        factor=pl.col("factor"),
    ).unique(["ticker", "ex_date", "kind"], keep="last", maintain_order=True)


def _kind() -> pl.Expr:
    """Kind of an event, from how its ratio and its amount are written."""
    ratio, amount = 1.0 / pl.col("factor"), pl.col("close") - pl.col("restated_close")
    exact = _DIGIT + _FLOAT * pl.col("close")
    quoted = _near(amount, _COINS, exact)
    cents = _near(pl.col("restated_close"), 0.01, pl.lit(_EQUAL)) & (pl.col("factor") < SPLIT_BELOW)
    # A close that was rounded to cents leaves room for a simple ratio only.
    simple = _simple(ratio, exact) | (cents & _simple(ratio, pl.lit(_CENT)))
    per_cent, thousandth = (_near(ratio, step, _slack(ratio, exact)) for step in (0.01, 0.001))
    large = pl.col("factor") < SPLIT_BELOW + _EQUAL
    return (
        pl.when((pl.col("factor") > 1.0) | (large & simple) | (per_cent & ~quoted))
        .then(pl.lit("split"))
        .when(thousandth & ~quoted)
        .then(pl.lit("spin_off"))
        .otherwise(pl.lit("dividend"))
    )


def _slack(ratio: pl.Expr, digits: pl.Expr) -> pl.Expr:
    """How far rounding the restated close can move the ratio."""
    return ratio * digits / pl.col("restated_close")


def _near(number: pl.Expr, step: float, slack: pl.Expr) -> pl.Expr:
    """Whether a number is a multiple of a step, within the slack."""
    return (number - (number / step).round() * step).abs() <= slack


def _simple(ratio: pl.Expr, digits: pl.Expr) -> pl.Expr:
    """Whether a ratio is one of small whole numbers."""
    slack = _slack(ratio, digits)
    return reduce(lambda one, other: one | other, (_near(ratio * old, 1.0, slack * old) for old in _OLD_SHARES))


def _ratio() -> pl.Expr:
    """New shares per old share, as it was announced: 0.333333 is a third, and 1.99979 of a close in cents is 2."""
    ratio = 1.0 / pl.col("factor")
    exact = _DIGIT + _FLOAT * pl.col("close")
    whole = pl.when(_simple(ratio, exact)).then(exact).otherwise(pl.lit(_CENT))
    slack = _slack(ratio, whole)
    forward = [
        pl.when((ratio > 1.0) & _near(ratio * old, 1.0, slack * old)).then((ratio * old).round() / old)
        for old in _OLD_SHARES
    ]
    inverse = 1.0 / ratio
    back = pl.when((ratio < 1.0) & _near(inverse, 1.0, inverse * exact / pl.col("restated_close") * 4)).then(
        1.0 / inverse.round()
    )
    # Closes carry six digits, so that a ratio has no more: 7.00001 is 7.
    return pl.coalesce(*forward, back, ratio.round_sig_figs(5))


def confirm(events: pl.DataFrame, bars: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events that the price shows, on the day on which it shows them, and those that it contradicts.

    Parameters
    ----------
    events : polars.DataFrame
        As :func:`derive_actions` gives them.
    bars : polars.DataFrame
        ticker, date, open and close as traded.

    Returns
    -------
    actions, doubtful : polars.DataFrame
        An event is doubtful if it should move the price by a fifth or more, bars follow, and none of the next
        three opens where the event says. Sources restate some closes a day early: then the ex date is that of the
        session which shows it. A small event, or one without bars after it, is believed.
    """
    if events.is_empty():
        return events, events.clear()
    numbered = events.with_row_index("event")
    telling = numbered.filter(pl.col("factor").log().abs() > _TELLING)
    traded = bars.filter(pl.col("close") > 0).sort("ticker", "date")
    opened = pl.when(pl.col("open") > 0).then("open").otherwise("close")
    moves = traded.select(
        "ticker", shown="date", move=(opened / pl.col("close").shift(1).over("ticker")).log()
    ).drop_nulls("move")
    after = (
        telling.select("event", "ticker", "date", "factor")
        .join(moves, on="ticker")
        .filter(pl.col("shown") > pl.col("date"))
        .sort("event", "shown")
        .filter(pl.int_range(pl.len()).over("event") < _SESSIONS)
        .with_columns(far=(pl.col("move") - pl.col("factor").log()).abs())
    )
    seen = after.filter((pl.col("far") <= _WITHIN) & (pl.col("far") < pl.col("move").abs()))
    shown = seen.unique("event", keep="first", maintain_order=True).select("event", "shown")
    doubtful = numbered.join(after, on="event", how="semi").join(shown, on="event", how="anti")
    first = after.unique("event", keep="first", maintain_order=True).select("event", first="shown")
    believed = (
        numbered.join(doubtful, on="event", how="anti")
        .join(shown, on="event", how="left")
        .join(first, on="event", how="left")
        .with_columns(ex_date=pl.when(pl.col("shown") > pl.col("first")).then("shown").otherwise("ex_date"))
        .sort("ticker", "ex_date", "kind", "date")
        .unique(["ticker", "ex_date", "kind"], keep="last", maintain_order=True)
    )
    return believed.select(events.columns), doubtful.select(events.columns)
