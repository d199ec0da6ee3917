"""Asks a chain of providers for one batch of bars: each is asked for what those before it did not give."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from workbench.adapters.base import Request
from workbench.collect import sources
from workbench.collect.sources import DISPUTED, Standing
from workbench.errors import ProviderError, Throttled
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workbench.adapters.base import Fetched, Listing
    from workbench.collect.fetching import Caller
    from workbench.collect.planning import Batch

#: Of two providers' reasons for one day the earlier in this list stands: first what may pass.
PASSING_REASONS = (DISPUTED, "throttled", "unknown", "not_covered")

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
    compared : list of polars.DataFrame
        Bars that two providers have both given, see :func:`workbench.quality.agreement.compare`.
    disagreeing : dict of str to list of str
        Tickers on which a provider differs from the source that stands, by ``provider and source``.
    seconds : float
        How long it took to ask.
    """

    frame: pl.DataFrame
    reasons: pl.DataFrame
    compared: list[pl.DataFrame] = field(default_factory=list)
    disagreeing: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class _Asking:
    """One batch on its way along the chain."""

    region: str
    batch: Batch
    standing: Standing
    listings: Mapping[str, Listing]
    left: pl.DataFrame
    frames: list[pl.DataFrame] = field(default_factory=list)
    reasons: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_REASONS))
    compared: list[pl.DataFrame] = field(default_factory=list)
    disagreeing: dict[str, list[str]] = field(default_factory=dict)

    def ours(self, tickers: list[str]) -> pl.DataFrame:
        """Bars of the lake and of this batch so far."""
        held = self.standing.bars(tickers)
        taken = [frame.filter(pl.col("ticker").is_in(tickers)).select(held.columns) for frame in self.frames]
        return pl.concat([held, *taken]).unique(_KEY, keep="last", maintain_order=True)

    def say(self, said: pl.DataFrame) -> None:
        """Keep the stronger reason of each day; a definite one ends the search for it."""
        self.reasons = _stronger(self.reasons, said)
        settled = said.filter(~pl.col("reason").is_in(list(PASSING_REASONS)))
        self.left = self.left.join(settled, on=_KEY, how="anti")

    def take(self, rows: pl.DataFrame) -> None:
        self.frames.append(rows)
        self.left = self.left.join(rows, on=_KEY, how="anti")


def ask_chain(
    region: str, callers: Sequence[Caller], standing: Standing, listings: Mapping[str, Listing], batch: Batch
) -> Answer:
    """Ask one provider after the other for what is still missing.

    A provider that is not the present source of a ticker is asked for sessions beside the missing ones as well,
    and believed only where it agrees with the bars that stand.
    """
    begin = time.monotonic()
    asking = _Asking(region, batch, standing, listings, batch.days)
    for number, caller in enumerate(callers):
        if asking.left.is_empty():
            break
        wanted = batch.tickers if number == 0 else tuple(asking.left["ticker"].unique().sort())
        ours = asking.ours(_of_others(asking, wanted, caller))
        foreign = ours.filter(pl.col("source").sort_by("date").last().over("ticker") != caller.adapter.name)
        codes = set(foreign["ticker"])
        _ask_own(asking, caller, tuple(one for one in wanted if one not in codes), first=number == 0)
        _ask_strangers(asking, caller, foreign)
    frame = pl.concat(asking.frames) if asking.frames else TABLES["ohlcv"].empty()
    reasons = asking.reasons.with_columns(pl.col("reason").replace({DISPUTED: "unknown"}))
    return Answer(frame, reasons, asking.compared, asking.disagreeing, time.monotonic() - begin)


def _of_others(asking: _Asking, tickers: tuple[str, ...], caller: Caller) -> list[str]:
    """Tickers with bars of anybody but the caller, in the lake or in this batch."""
    taken = {ticker for frame in asking.frames for ticker in frame["ticker"].drop_nulls().unique()}
    return [one for one in tickers if one in taken or asking.standing.source(one) not in (None, caller.adapter.name)]


def _ask_own(asking: _Asking, caller: Caller, tickers: tuple[str, ...], *, first: bool) -> None:
    """Tickers whose bars come from this provider, or that have none yet."""
    batch = asking.batch
    for part in _parts(tickers, batch.tickers if first else (), caller):
        request = Request(asking.region, part, batch.start, batch.end, asking.listings)
        left = asking.left.filter(pl.col("ticker").is_in(list(part)))
        fetched = _fetch(asking, caller, request, left)
        if fetched is not None:
            rows = _asked_rows(fetched.frame, request, None if first else left)
            asking.take(rows)
            asking.say(_said(fetched, left.join(rows, on=_KEY, how="anti"), caller))


def _parts(tickers: tuple[str, ...], planned: tuple[str, ...], caller: Caller) -> Iterator[tuple[str, ...]]:
    """Requests of as many tickers as the provider takes; a planned batch is one already."""
    size = len(planned) or max(1, caller.adapter.batch_size)
    for at in range(0, len(tickers), size):
        yield tickers[at : at + size]


def _ask_strangers(asking: _Asking, caller: Caller, ours: pl.DataFrame) -> None:
    """Tickers whose bars come from another provider."""
    days = asking.left.join(ours.select("ticker").unique(), on="ticker", how="semi")
    if days.is_empty():
        return
    name, size = caller.adapter.name, max(1, caller.adapter.batch_size)
    for one in sources.strangers(ours, days, asking.batch.end, size):
        tickers = list(one.tickers)
        request = Request(asking.region, one.tickers, one.start, one.end, asking.listings)
        left = days.filter(pl.col("ticker").is_in(tickers))
        fetched = _fetch(asking, caller, request, left)
        if fetched is None:
            continue
        received = _asked_rows(fetched.frame, request, None)
        rows = received.drop_nulls(_KEY)
        asking.frames.append(received.join(rows, on=_KEY, how="anti"))
        mine = ours.filter(pl.col("ticker").is_in(tickers))
        judged = sources.judge(name, mine, rows, left, asking.standing.actions(tickers))
        asking.compared.append(judged.compared)
        if judged.disagreeing:
            held = mine.filter(pl.col("ticker") == judged.disagreeing[0]).sort("date")["source"][-1]
            asking.disagreeing.setdefault(f"{name} and {held}", []).extend(judged.disagreeing)
        asking.take(judged.accepted)
        rejected = judged.rejected.with_columns(provider=pl.lit(name)).select(list(_REASONS))
        missing = left.join(judged.accepted, on=_KEY, how="anti").join(rejected, on=_KEY, how="anti")
        asking.say(pl.concat([rejected, _said(fetched, missing, caller)]))


def _fetch(asking: _Asking, caller: Caller, request: Request, left: pl.DataFrame) -> Fetched | None:
    try:
        return caller.ask("ohlcv", request)
    except ProviderError as error:
        asking.say(_blame(left, caller, "throttled" if isinstance(error, Throttled) else "unknown", str(error)))
        return None


def _blame(days: pl.DataFrame, caller: Caller, reason: str, detail: str) -> pl.DataFrame:
    return days.select(
        *_KEY, reason=pl.lit(reason), provider=pl.lit(caller.adapter.name), detail=pl.lit(detail, dtype=pl.String)
    )


def _asked_rows(frame: pl.DataFrame, request: Request, only: pl.DataFrame | None) -> pl.DataFrame:
    """Rows inside the request; of a later provider only the days that the earlier ones did not give.

    Rows that do not say of which ticker or day they are stay, to be quarantined.
    """
    lost = pl.any_horizontal(pl.col(_KEY).is_null())
    inside = pl.col("ticker").is_in(list(request.tickers or ())) & pl.col("date").is_between(request.start, request.end)
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
