"""Asks a chain of providers for one batch of bars: each is asked for what those before it did not give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.adapters.base import Request
from workbench.errors import ProviderError, Throttled
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from workbench.adapters.base import Fetched
    from workbench.collect.fetching import Caller
    from workbench.collect.planning import Batch

#: Of two providers' reasons for one day the earlier in this list stands: first what may pass.
PASSING_REASONS = ("throttled", "unknown", "not_covered")

_KEY = ["ticker", "date"]
_REASONS = {"ticker": pl.String, "date": pl.Date, "reason": pl.String, "provider": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class Answer:
    """What the chain said to one batch.

    Attributes
    ----------
    frame : polars.DataFrame
        Bars inside the request, and those without a readable code or day, in the columns of ``ohlcv``;
        nothing has been checked.
    reasons : polars.DataFrame
        ticker, date, reason, provider, detail of each day that is still missing.
    """

    frame: pl.DataFrame
    reasons: pl.DataFrame


def ask_chain(region: str, callers: list[Caller], batch: Batch) -> Answer:
    """Ask one provider after the other for what is still missing."""
    frames, reasons = [], pl.DataFrame(schema=_REASONS)
    left = batch.days
    for number, caller in enumerate(callers):
        if left.is_empty():
            break
        tickers = batch.tickers if number == 0 else tuple(left["ticker"].unique().sort())
        try:
            fetched = caller.ask("ohlcv", Request(region, tickers, batch.start, batch.end))
        except ProviderError as error:
            said = _blame(left, caller, "throttled" if isinstance(error, Throttled) else "unknown", str(error))
        else:
            rows = _asked_rows(fetched.frame, tickers, batch, left if number else None)
            frames.append(rows)
            left = left.join(rows, on=_KEY, how="anti")
            said = _said(fetched, left, caller)
        reasons = _stronger(reasons, said)
        settled = said.filter(~pl.col("reason").is_in(list(PASSING_REASONS)))
        left = left.join(settled, on=_KEY, how="anti")
    frame = pl.concat(frames) if frames else TABLES["ohlcv"].empty()
    return Answer(frame, reasons)


def _blame(days: pl.DataFrame, caller: Caller, reason: str, detail: str) -> pl.DataFrame:
    return days.select(
        *_KEY, reason=pl.lit(reason), provider=pl.lit(caller.adapter.name), detail=pl.lit(detail, dtype=pl.String)
    )


def _asked_rows(frame: pl.DataFrame, tickers: tuple[str, ...], batch: Batch, only: pl.DataFrame | None) -> pl.DataFrame:
    """Rows inside the request; of a later provider only the days that the earlier ones did not give.

    Rows that do not say of which ticker or day they are stay, to be quarantined.
    """
    lost = pl.any_horizontal(pl.col(_KEY).is_null())
    inside = pl.col("ticker").is_in(list(tickers)) & pl.col("date").is_between(batch.start, batch.end)
    rows = frame.filter(inside & ~lost)
    rows = rows if only is None else rows.join(only, on=_KEY, how="semi")
    return pl.concat([rows, frame.filter(lost)])


def _said(fetched: Fetched, left: pl.DataFrame, caller: Caller) -> pl.DataFrame:
    """The reason of each day that is still missing; a silent hole is ``unknown``."""
    if left.is_empty():
        return pl.DataFrame(schema=_REASONS)
    spans = pl.DataFrame(
        [(one.ticker, one.start, one.end, one.reason, one.detail) for one in fetched.absent],
        schema={"ticker": pl.String, "start": pl.Date, "end": pl.Date, "reason": pl.String, "detail": pl.String},
        orient="row",
    )
    inside = pl.col("date").is_between("start", "end")
    named = left.join(spans, on="ticker").filter(inside).unique(_KEY, keep="first", maintain_order=True)
    silent = pl.lit("the answer has neither a bar nor a reason")
    return left.join(named.select(*_KEY, "reason", "detail"), on=_KEY, how="left").select(
        *_KEY,
        reason=pl.col("reason").fill_null("unknown"),
        provider=pl.lit(caller.adapter.name),
        detail=pl.when(pl.col("reason").is_null()).then(silent).otherwise(pl.col("detail")),
    )


def _stronger(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Of several reasons for a day: a definite one, else the one most worth asking again."""
    strength = pl.col("reason").replace_strict({name: n + 1 for n, name in enumerate(PASSING_REASONS)}, default=0)
    both = pl.concat([old, new]).with_columns(strength=strength)
    return both.sort("strength", maintain_order=True).unique(_KEY, keep="first", maintain_order=True).drop("strength")
