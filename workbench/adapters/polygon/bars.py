"""Rows of ``ohlcv``: one call a ticker or one call a session, whichever is fewer, always as traded.

Whole-market days are kept, so that they pay off over several requests: once the calls by ticker have added up
to those that the days would have cost, the days are asked. That is at most twice the cheapest way.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import polars as pl

from workbench import journal
from workbench.adapters.polygon.api import FREE_CALLS, NAME, Api, NotInPlan
from workbench.adapters.polygon.parsing import SCHEMA, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from workbench.adapters.net.batch import Batch
    from workbench.adapters.polygon.history import History
    from workbench.adapters.polygon.kept import Kept

#: Most base bars a page; a call for daily bars of any range is one page.
LIMIT = 50_000
_WORKERS = 4


@dataclass
class Bars:
    """What came back.

    Attributes
    ----------
    frame : polars.DataFrame
        ticker, date, open, high, low, close (USD as traded), volume (shares), turnover (USD), adjusted.
    waiting : dict of date to str
        Sessions of which nothing is there yet, and why that is thought.
    """

    frame: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    waiting: dict[date, str] = field(default_factory=dict)


def fetch(
    api: Api,
    history: History,
    kept: Kept,
    tickers: Sequence[str] | None,
    days: Sequence[date],
    last: Callable[[], date],
    batch: Batch,
) -> Bars:
    """Bars of the tickers on the sessions, as far as the plan reaches back.

    Parameters
    ----------
    api : Api
        The calls.
    history : History
        The first day of the plan; it learns from refusals.
    kept : Kept
        Whole-market days of the last hours.
    tickers : sequence of str or None
        None is the whole market.
    days : sequence of date
        Completed sessions, ascending.
    last : callable
        ``last()`` gives the last completed session, which every plan that has bars covers; by the provider's
        clock, once it has answered.
    batch : Batch
        Takes the failures of single tickers.

    Raises
    ------
    NotInPlan
        When the plan has no bars at all.
    """
    days = [day for day in days if day >= history.first]
    missing = sum(not kept.has_frame(day.isoformat()) for day in days)
    if tickers is None or missing < len(tickers) + api.spent["bars"]:
        api.spent["bars"] = 0
        return _by_session(api, history, kept, tickers, days, last)
    api.spent["bars"] += len(tickers)
    return _by_ticker(api, history, tickers, days, last, batch)


def _by_ticker(
    api: Api, history: History, tickers: Sequence[str], days: Sequence[date], last: Callable[[], date], batch: Batch
) -> Bars:
    found, days = Bars(), list(days)
    parts = [found.frame]
    for ticker in tickers:
        if batch.stopped:
            break
        call = partial(_within_plan, api, history, ticker, days, last, found.waiting)
        part = batch.ask(ticker, call, proof=lambda frame: not frame.is_empty())
        parts += [] if part is None else [part]
    found.frame = pl.concat(parts)
    return found


def _within_plan(
    api: Api, history: History, ticker: str, days: list[date], last: Callable[[], date], waiting: dict[date, str]
) -> pl.DataFrame:
    """The bars of one ticker; sessions that the plan refuses are taken out of ``days``, for all tickers."""
    while days:
        try:
            return one_ticker(api, ticker, days[0], days[-1])
        except NotInPlan as error:
            if error.context["why"] == "today":
                waiting[days.pop()] = "not released to the plan yet"
            else:
                _check_age(error, partial(_covers, api, ticker), last)
                history.find(days, partial(_covers, api, ticker))
                days[:] = [day for day in days if day >= history.first]
    return pl.DataFrame(schema=SCHEMA)


def _check_age(error: NotInPlan, covers: Callable[[date], bool], last: Callable[[], date]) -> None:
    """Raise a refusal that is not for age: the newest session is refused as well."""
    if error.context["why"] != "timeframe" and not covers(last()):
        raise error


def _covers(api: Api, ticker: str, day: date) -> bool:
    try:
        one_ticker(api, ticker, day, day)
    except NotInPlan as error:
        return bool(error.context["why"] == "today")
    return True


def one_ticker(api: Api, ticker: str, start: date, end: date) -> pl.DataFrame:
    """The bars of one ticker from start to end, both included."""
    path = f"/v2/aggs/ticker/{quote(ticker, safe='')}/range/1/day/{start}/{end}"
    pages = api.pages(path, {"adjusted": "false", "sort": "asc", "limit": LIMIT})
    frame = pl.concat([parsed(page, ticker) for page in pages])
    inside = frame.filter(pl.col("date").is_between(start, end))
    return inside.unique("date", keep="last", maintain_order=True)


def _by_session(
    api: Api,
    history: History,
    kept: Kept,
    tickers: Sequence[str] | None,
    days: Sequence[date],
    last: Callable[[], date],
) -> Bars:
    """The whole market day by day, the newest first: the first refusal for age ends it."""
    kept.prune()
    calls = sum(not kept.has_frame(day.isoformat()) for day in days)
    if calls > 2 * api.calls_per_minute:
        journal.note("provider.slow", provider=NAME, calls=calls, minutes=round(calls / api.calls_per_minute))
    found, parts, rest = Bars(), [], list(days)
    wanted = None if tickers is None else pl.DataFrame({"ticker": tickers}, schema={"ticker": pl.String})
    workers, chunk = (1, 1) if api.calls_per_minute <= FREE_CALLS else (_WORKERS, 4 * _WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        while rest:
            newest, rest = rest[-chunk:][::-1], rest[:-chunk]
            for day, answer in zip(newest, pool.map(partial(_session, api, kept, last), newest), strict=True):
                if isinstance(answer, pl.DataFrame):
                    parts.append(answer if wanted is None else answer.join(wanted, on="ticker", how="semi"))
                    if answer.is_empty():
                        found.waiting[day] = "no bar of any ticker on this day"
                elif answer.context["why"] == "today":
                    found.waiting[day] = "not released to the plan yet"
                else:
                    if not parts:
                        _check_age(answer, lambda day: isinstance(_session(api, kept, last, day), pl.DataFrame), last)
                    history.refuse(day)
                    rest = []
                    break
    found.frame = pl.concat([found.frame, *parts])
    return found


def _session(api: Api, kept: Kept, last: Callable[[], date], day: date) -> pl.DataFrame | NotInPlan:
    """The bars of the whole market on a session, or why the plan has none."""
    known = kept.frame(day.isoformat())
    if known is not None:
        return known
    try:
        pages = list(
            api.pages(f"/v2/aggs/grouped/locale/us/market/stocks/{day}", {"adjusted": "false", "include_otc": "false"})
        )
    except NotInPlan as error:
        return error
    frame = pl.concat([parsed(page) for page in pages])
    frame = frame.filter(pl.col("date") == day).unique("ticker", keep="last", maintain_order=True)
    if frame.height and day <= last():
        kept.keep_frame(day.isoformat(), frame)
    return frame
