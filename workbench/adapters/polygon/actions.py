"""Rows of ``actions``: splits and dividends by ex date, each event once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench import journal
from workbench.adapters.polygon import bars
from workbench.adapters.polygon.api import NAME, Api, NotInPlan
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workbench.adapters.net import Reply

_SPLITS, _DIVIDENDS = "/v3/reference/splits", "/v3/reference/dividends"
#: Days in which two rows of one split may lie apart.
NEAR = timedelta(days=10)
#: Pages of 1,000 rows that a year of the whole market has, splits and dividends together (some 45,000 rows).
_PAGES_A_YEAR = 45
#: The same event may differ in these only.
_NO_PART = ("id", "request_id")


@dataclass(frozen=True)
class _Split:
    """One row; ``ratio`` is new shares for one old share."""

    ticker: str
    day: date
    ratio: float


def fetch(api: Api, tickers: Sequence[str] | None, start: date, end: date) -> pl.DataFrame:
    """Splits and dividends with an ex date from start to end, in the columns of ``actions``.

    Asked ticker by ticker (two calls each) or for the whole market, whichever is fewer calls.
    """
    years = (end - start).days / 365.25
    alone = tickers is not None and 2 * len(tickers) <= 2 + _PAGES_A_YEAR * years
    each: Sequence[str | None] = list(tickers) if alone and tickers is not None else [None]
    splits: list[_Split] = []
    dividends: list[dict[str, Any]] = []
    for ticker in each:
        near = _asked(api, _SPLITS, "execution_date", ticker, start - NEAR, end + NEAR)
        splits += [_split(row, reply) for row, reply in near]
        rows = _asked(api, _DIVIDENDS, "ex_dividend_date", ticker, start, end)
        dividends += [_checked(row, reply) for row, reply in rows]
    if tickers is not None:
        wanted = set(tickers)
        splits = [one for one in splits if one.ticker in wanted]
        dividends = [row for row in dividends if row["ticker"] in wanted]
    found = [*_split_rows(api, splits), *_dividend_rows(dividends)]
    schema = TABLES["actions"]
    frame = pl.DataFrame(found, schema=dict(schema.columns), orient="row")
    return frame.filter(pl.col("ex_date").is_between(start, end)).sort(schema.key)


def _asked(
    api: Api, path: str, column: str, ticker: str | None, start: date, end: date
) -> Iterator[tuple[dict[str, Any], Reply]]:
    days = {f"{column}.gte": start.isoformat(), f"{column}.lte": end.isoformat()}
    order = {"sort": column, "order": "asc", "limit": 1000}
    return api.rows(path, ({"ticker": ticker} if ticker else {}) | days | order)


def _split(row: dict[str, Any], reply: Reply) -> _Split:
    try:
        old, new = float(row["split_from"]), float(row["split_to"])
        return _Split(str(row["ticker"]), date.fromisoformat(row["execution_date"]), new / old if old > 0 else 0.0)
    except (KeyError, TypeError, ValueError) as error:
        raise reply.changed(f"a split of another shape: {sorted(row)}") from error


def _split_rows(api: Api, splits: Iterable[_Split]) -> Iterator[tuple[Any, ...]]:
    """Each split once: rows near to each other with one ratio, or on one day, are one event."""
    real = sorted({one for one in splits if one.ratio > 0 and one.ratio != 1}, key=lambda one: (one.ticker, one.day))
    events: list[list[_Split]] = []
    for one in real:
        last = events[-1][-1] if events else None
        if last and last.ticker == one.ticker and _one_event(last, one):
            events[-1].append(one)
        else:
            events.append([one])
    for event in events:
        chosen = event[0] if len(event) == 1 else _chosen(api, event)
        yield "US", chosen.ticker, chosen.day, "split", chosen.ratio, None, NAME


def _one_event(one: _Split, other: _Split) -> bool:
    return one.day == other.day or (one.ratio == other.ratio and other.day - one.day <= NEAR)


def _chosen(api: Api, event: list[_Split]) -> _Split:
    """Of several rows of one event the one on whose day the price jumps; without such a day the last.

    The last because an earlier one is usually the record date, as of Shopify in June 2022.
    """
    ticker, first, last = event[0].ticker, event[0].day, event[-1].day
    try:
        frame = bars.one_ticker(api, ticker, first - NEAR, last)
    except NotInPlan:
        frame = pl.DataFrame(schema={"date": pl.Date, "open": pl.Float64, "close": pl.Float64})
    jumps = {day: log(opened / before) for day, opened, before in _nights(frame)}
    misses = [(abs(jumps[one.day] + log(one.ratio)), one) for one in event if one.day in jumps]
    fitting = [(miss, one) for miss, one in misses if miss < abs(log(one.ratio)) / 2]
    chosen = min(fitting, key=lambda pair: pair[0])[1] if fitting else event[-1]
    journal.note(
        "split.twice",
        provider=NAME,
        ticker=ticker,
        days=[one.day.isoformat() for one in event],
        kept=chosen.day.isoformat(),
        by="price" if fitting else "last",
    )
    return chosen


def _nights(frame: pl.DataFrame) -> Iterator[tuple[date, float, float]]:
    """Day, its open, and the close before it."""
    raw = frame.sort("date").select("date", "open", before=pl.col("close").shift(1)).drop_nulls()
    yield from raw.filter((pl.col("open") > 0) & (pl.col("before") > 0)).rows()


def _checked(row: dict[str, Any], reply: Reply) -> dict[str, Any]:
    try:
        date.fromisoformat(row["ex_dividend_date"])
        amount = row["cash_amount"]
        return row | {"ticker": str(row["ticker"]), "cash_amount": None if amount is None else float(amount)}
    except (KeyError, TypeError, ValueError) as error:
        raise reply.changed(f"a dividend of another shape: {sorted(row)}") from error


def _dividend_rows(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Cash a share by ex date: ordinary, special and capital-gain amounts of one day together."""
    once = {tuple(sorted((k, str(v)) for k, v in row.items() if k not in _NO_PART)): row for row in rows}
    sums: dict[tuple[str, date], dict[str, float]] = {}
    for row in once.values():
        if row["cash_amount"] is None or row["cash_amount"] <= 0:
            continue
        currency = str(row.get("currency") or "USD").upper()
        by_currency = sums.setdefault((row["ticker"], date.fromisoformat(row["ex_dividend_date"])), {})
        by_currency[currency] = by_currency.get(currency, 0.0) + row["cash_amount"]
    for (ticker, day), amounts in sums.items():
        currency = "USD" if "USD" in amounts else min(amounts)
        if len(amounts) > 1:
            journal.note(
                "dividend.currencies",
                level="warning",
                action="Compare with the company's notice: only one currency of this ex date is kept.",
                provider=NAME,
                ticker=ticker,
                ex_date=day.isoformat(),
                amounts=amounts,
                kept=currency,
            )
        yield "US", ticker, day, "dividend", round(amounts[currency], 10), currency, NAME
