"""Rows of ``actions``: splits and dividends by ex date, each event once."""

from __future__ import annotations

from datetime import date, timedelta
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from workbench import journal
from workbench.adapters.polygon import bars
from workbench.adapters.polygon.api import NAME, Api, NotInPlan
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.adapters.net import Reply
    from workbench.adapters.polygon.kept import Kept

_SPLITS, _DIVIDENDS = "/v3/reference/splits", "/v3/reference/dividends"
#: Days in which two rows of one split may lie apart.
NEAR = timedelta(days=10)
#: Pages of 1,000 rows that a year of the whole market has, splits and dividends together (some 45,000 rows).
_PAGES_A_YEAR = 45
#: Longer ranges are asked, and kept, by calendar year.
_ONE_PIECE = timedelta(days=100)
#: The same event may differ in these only.
_NO_PART = ("id", "request_id")
_SPLIT = {"ticker": pl.String, "day": pl.Date, "ratio": pl.Float64}
_DIVIDEND = {"ticker": pl.String, "day": pl.Date, "amount": pl.Float64, "currency": pl.String}


class _Split(NamedTuple):
    """One row; ``ratio`` is new shares for one old share."""

    ticker: str
    day: date
    ratio: float


def fetch(api: Api, kept: Kept, tickers: Sequence[str] | None, start: date, end: date) -> pl.DataFrame:
    """Splits and dividends with an ex date from start to end, in the columns of ``actions``.

    Asked ticker by ticker (two calls each) or for the whole market, whichever is fewer calls; what was asked
    for the whole market is kept for the next batch of tickers.
    """
    pieces = list(_pieces(start, end))
    lacking = [(first, last) for first, last in pieces if not kept.has_frame(f"dividends-{first}-{last}")]
    pages = sum(2 + _PAGES_A_YEAR * (last - first).days / 365.25 for first, last in lacking)
    if tickers is not None and 2 * len(tickers) + api.spent["actions"] <= pages:
        api.spent["actions"] += 2 * len(tickers)
        own = [(pl.col("ticker") == ticker, ticker) for ticker in tickers]
        splits = pl.concat([_splits(api, ticker, start, end).filter(its) for its, ticker in own])
        dividends = pl.concat([_dividends(api, ticker, start, end).filter(its) for its, ticker in own])
    else:
        api.spent["actions"] = 0
        splits = pl.concat([_market(api, kept, "splits", *piece) for piece in pieces]).unique(maintain_order=True)
        dividends = pl.concat([_market(api, kept, "dividends", *piece) for piece in pieces])
    if tickers is not None:
        splits, dividends = (frame.filter(pl.col("ticker").is_in(tickers)) for frame in (splits, dividends))
    schema = TABLES["actions"]
    found = [*_split_rows(api, splits), *_dividend_rows(dividends)]
    frame = pl.DataFrame(found, schema=dict(schema.columns), orient="row")
    return frame.filter(pl.col("ex_date").is_between(start, end)).sort(schema.key)


def _pieces(start: date, end: date) -> Iterator[tuple[date, date]]:
    """The range in one piece, or by calendar year."""
    if end - start <= _ONE_PIECE:
        yield start, end
        return
    for year in range(start.year, end.year + 1):
        yield max(start, date(year, 1, 1)), min(end, date(year, 12, 31))


def _market(api: Api, kept: Kept, what: str, start: date, end: date) -> pl.DataFrame:
    """The whole market's rows of a piece, asked once in the hours that they are kept."""
    name = f"{what}-{start}-{end}"
    known = kept.frame(name)
    if known is None:
        known = (_splits if what == "splits" else _dividends)(api, None, start, end)
        kept.keep_frame(name, known)
    return known


def _asked(
    api: Api, path: str, column: str, ticker: str | None, start: date, end: date
) -> Iterator[tuple[dict[str, Any], Reply]]:
    days = {f"{column}.gte": start.isoformat(), f"{column}.lte": end.isoformat()}
    order = {"sort": column, "order": "asc", "limit": 1000}
    return api.rows(path, ({"ticker": ticker} if ticker else {}) | days | order)


def _splits(api: Api, ticker: str | None, start: date, end: date) -> pl.DataFrame:
    """ticker, day, ratio (new shares for an old one), from some days before the range to some after it."""
    rows = _asked(api, _SPLITS, "execution_date", ticker, start - NEAR, end + NEAR)
    found = {_split(row, reply) for row, reply in rows}
    return pl.DataFrame(sorted(one for one in found if one[2] not in (0.0, 1.0)), schema=_SPLIT, orient="row")


def _split(row: dict[str, Any], reply: Reply) -> tuple[str, date, float]:
    try:
        old, new = float(row["split_from"]), float(row["split_to"])
        day = date.fromisoformat(row["execution_date"])
        return str(row["ticker"]), day, new / old if old > 0 and new > 0 else 0.0
    except (KeyError, TypeError, ValueError) as error:
        raise reply.changed(f"a split of another shape: {sorted(row)}") from error


def _dividends(api: Api, ticker: str | None, start: date, end: date) -> pl.DataFrame:
    """ticker, day, amount, currency; a row that stands there twice is one."""
    once: dict[tuple[tuple[str, str], ...], tuple[str, date, float, str]] = {}
    for row, reply in _asked(api, _DIVIDENDS, "ex_dividend_date", ticker, start, end):
        try:
            amount, day = float(row["cash_amount"] or 0.0), date.fromisoformat(row["ex_dividend_date"])
            one = (str(row["ticker"]), day, amount, str(row.get("currency") or "USD").upper())
        except (KeyError, TypeError, ValueError) as error:
            raise reply.changed(f"a dividend of another shape: {sorted(row)}") from error
        once[tuple(sorted((name, str(value)) for name, value in row.items() if name not in _NO_PART))] = one
    return pl.DataFrame([one for one in once.values() if one[2] > 0], schema=_DIVIDEND, orient="row")


def _split_rows(api: Api, splits: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Each split once: rows near to each other with one ratio, or on one day, are one event."""
    events: list[list[_Split]] = []
    for one in (_Split(*row) for row in splits.sort("ticker", "day", "ratio").rows()):
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


def _dividend_rows(dividends: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Cash a share by ex date: ordinary, special and capital-gain amounts of one day together."""
    sums: dict[tuple[str, date], dict[str, float]] = {}
    for ticker, day, amount, currency in dividends.rows():
        by_currency = sums.setdefault((ticker, day), {})
        by_currency[currency] = by_currency.get(currency, 0.0) + amount
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
