"""Rows of ``shares`` and ``attributes`` from the details of a ticker: one call each, so only for those asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl

from workbench import journal, markets
from workbench.adapters.base import Absent, Fetched
from workbench.adapters.net.batch import Batch
from workbench.adapters.polygon.api import NAME, Api, NotFound
from workbench.adapters.polygon.parsing import number
from workbench.errors import ProviderError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from workbench.adapters.polygon.kept import Kept

#: What is read of the details, and kept.
_FIELDS = ("cik", "list_date", "sic_code", "sic_description", "share_class_shares_outstanding")
#: Minutes of waiting that one request may take.
LONGEST = 60.0


class Details:
    """Details of tickers, each asked at most once in the hours that they are kept.

    Parameters
    ----------
    api : Api
        The calls.
    kept : Kept
        Details of the last hours.
    """

    def __init__(self, api: Api, kept: Kept) -> None:
        self._api, self._kept = api, kept

    def check(self, tickers: Sequence[str], day: date) -> None:
        """Refuse what would take too long.

        Raises
        ------
        ProviderError
            When the calls need more than :data:`LONGEST` minutes.
        """
        calls = sum(self._kept.record(_name(ticker, day)) is None for ticker in tickers)
        minutes = calls / self._api.calls_per_minute
        if minutes > LONGEST:
            raise ProviderError(
                f"Details of {calls} tickers are a call each, {minutes / 60:.0f} hours at "
                f"{self._api.calls_per_minute} calls a minute.",
                hint="Let another provider give this table (EDGAR has it without a key), name fewer tickers, or put "
                "the calls of a paid plan into POLYGON_CALLS_PER_MINUTE.",
            )

    def of(self, ticker: str, day: date) -> dict[str, Any]:
        """Fields as known on a day; empty for a ticker that was not listed then."""
        known = self._kept.record(_name(ticker, day))
        if known is None:
            known = self._asked(ticker, day)
            self._kept.keep_record(_name(ticker, day), known)
        return known

    def at_hand(self, ticker: str, day: date) -> dict[str, Any]:
        """The same, without a call: empty where it is not kept."""
        return self._kept.record(_name(ticker, day)) or {}

    def _asked(self, ticker: str, day: date) -> dict[str, Any]:
        try:
            body, reply = self._api.body(f"/v3/reference/tickers/{quote(ticker, safe='')}", {"date": day.isoformat()})
        except NotFound:
            return {}
        found = body.get("results")
        if not isinstance(found, dict) or found.get("ticker") != ticker:
            raise reply.changed(f"details that are not of {ticker!r}")
        return {"ticker": ticker} | {name: found[name] for name in _FIELDS if found.get(name) is not None}


def shares(details: Details, tickers: Sequence[str], start: date, end: date, last: date) -> Fetched:
    """The shares outstanding of each ticker's own class as known on the last day of the range: one row a ticker."""
    schema = TABLES["shares"]
    if not markets.first_known("US") <= min(end, last):
        return Fetched(schema.empty(), _all(tickers, start, end, "not_covered", "before the calendar"))
    day = min(end, last)
    day = day if markets.is_session("US", day) else markets.previous_session("US", day)
    if day < start:
        return Fetched(schema.empty(), _all(tickers, start, end, "holiday", "no completed session in this range"))
    details.check(tickers, day)
    rows, absent, batch = [], [], Batch(NAME, start, end)
    for ticker, found in _each(details, tickers, day, batch):
        count = number(found.get("share_class_shares_outstanding"))
        if count is not None and count > 0:
            rows.append(("US", ticker, day, markets.next_session("US", day), count, "outstanding", NAME))
        else:
            absent.append(Absent(ticker, start, end, "not_covered", _why(found, "number of shares")))
    frame = pl.DataFrame(rows, schema=dict(schema.columns), orient="row").sort(schema.key)
    return Fetched(frame, (*absent, *batch.absent(tickers)))


def attributes(details: Details, tickers: Sequence[str], span: tuple[date, date], today: date, last: date) -> Fetched:
    """Sector and industry of each ticker by its SIC: known today, and so valid from today."""
    schema = TABLES["attributes"]
    details.check(tickers, last)
    rows: list[tuple[Any, ...]] = []
    absent, batch = [], Batch(NAME, *span)
    for ticker, found in _each(details, tickers, last, batch):
        code, industry = found.get("sic_code"), found.get("sic_description")
        sector = markets.sectors.gics("sic", code) if code else None
        if code and sector is None:
            journal.note("sector.unknown", provider=NAME, ticker=ticker, sic=code)
        values = {"industry": industry, "sector": sector}
        rows += [("US", ticker, kind, today, value, None, NAME) for kind, value in values.items() if value]
        if not code and not industry:
            absent.append(Absent(ticker, *span, "not_covered", _why(found, "SIC")))
    frame = pl.DataFrame(rows, schema=dict(schema.columns), orient="row").sort(schema.key)
    return Fetched(frame, (*absent, *batch.absent(tickers)))


def _each(details: Details, tickers: Sequence[str], day: date, batch: Batch) -> Iterator[tuple[str, dict[str, Any]]]:
    """The details of each ticker that was answered, empty for one that was not listed."""
    for ticker in tickers:
        if batch.stopped:
            return
        found = batch.ask(ticker, partial(details.of, ticker, day))
        if found is not None:
            yield ticker, found


def _name(ticker: str, day: date) -> str:
    """Of a file: lower-case letters tell tickers apart, which some disks do not."""
    return f"{day}-{ticker.encode().hex()}"


def _why(found: dict[str, Any], what: str) -> str:
    return f"the details have no {what}" if found else "no such ticker on this day"


def _all(tickers: Sequence[str], start: date, end: date, reason: str, detail: str) -> tuple[Absent, ...]:
    return tuple(Absent(ticker, start, end, reason, detail) for ticker in tickers)
