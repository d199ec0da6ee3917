"""The answer of ``/v8/finance/chart``, as Yahoo gives it: split-adjusted rows, splits and dividends by date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite, nan
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.adapters.net.batch import NotCovered
from workbench.errors import ProviderError, ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

FIELDS = ("open", "high", "low", "close", "volume")
#: Currencies that are hundredths of another one.
MINOR = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Seconds from 1970 beyond which a stamp is none, such as one in milliseconds.
_LONGEST = 1e10


@dataclass(frozen=True)
class Row:
    """One day, split-adjusted to today; a price that is absent or zero is None."""

    day: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


@dataclass(frozen=True)
class Dividend:
    """Cash a share, split-adjusted to today, in ``currency``."""

    day: date
    amount: float
    currency: str | None


@dataclass(frozen=True)
class Chart:
    """What one call brought.

    Attributes
    ----------
    symbol : str
        As asked.
    currency : str or None
        Of the prices, never a hundredth.
    exchange_name, instrument : str or None
        Yahoo's code of the exchange, and the type of the instrument.
    zone : ZoneInfo
        In which a day is a day.
    first_trade : date or None
        First day that Yahoo has of the company that has the symbol now.
    rows : tuple of Row
        One a day, in order; days without a close are left out.
    splits : tuple of (date, float)
        New shares for each old one, in order; a ratio that is none (zero, absent) is NaN.
    dividends : tuple of Dividend
        In order.
    """

    symbol: str
    currency: str | None
    exchange_name: str | None
    instrument: str | None
    zone: ZoneInfo
    rows: tuple[Row, ...]
    splits: tuple[tuple[date, float], ...]
    dividends: tuple[Dividend, ...]
    first_trade: date | None = None


def read(symbol: str, body: Any) -> Chart | None:
    """The chart in a body; None where the body says that there are no days in the range.

    Raises
    ------
    ShapeChanged
        Where a field that is needed has another form or another name.
    NotCovered
        Where Yahoo does not know the symbol.
    ProviderError
        Where Yahoo says that the request was wrong.
    """
    chart = _dict(symbol, body, "chart")
    if chart.get("error"):
        _check_refusal(symbol, chart["error"])
        return None
    results = chart.get("result")
    if not isinstance(results, list) or not results or not isinstance(results[0], dict):
        raise _changed(symbol, "chart.result")
    result = results[0]
    meta = _dict(symbol, result, "meta")
    zone = _zone(symbol, meta)
    if "currency" not in meta:
        raise _changed(symbol, "meta.currency")
    unit = 100.0 if meta["currency"] in MINOR else 1.0
    events = result.get("events") or {}
    return Chart(
        symbol=symbol,
        currency=MINOR.get(meta["currency"], meta["currency"]),
        exchange_name=meta.get("exchangeName"),
        instrument=meta.get("instrumentType"),
        zone=zone,
        rows=tuple(_rows(symbol, result, zone, unit)),
        # The same split may stand there twice, by its opening and by the time of a live row.
        splits=tuple(sorted(set(_splits(symbol, events, zone)))),
        dividends=tuple(sorted(_dividends(symbol, events, zone, unit), key=lambda one: one.day)),
        first_trade=_day(symbol, meta["firstTradeDate"], zone) if meta.get("firstTradeDate") is not None else None,
    )


def _rows(symbol: str, result: dict[str, Any], zone: ZoneInfo, unit: float) -> Iterator[Row]:
    quotes = _dict(symbol, result, "indicators").get("quote")
    if not isinstance(quotes, list) or not quotes or not isinstance(quotes[0], dict):
        raise _changed(symbol, "indicators.quote")
    quote, stamps = quotes[0], result.get("timestamp")
    if stamps is None and not any(quote.get(name) for name in quote):
        return
    if not isinstance(stamps, list):
        raise _changed(symbol, "timestamp")
    for name in FIELDS:
        if not isinstance(quote.get(name), list) or len(quote[name]) != len(stamps):
            raise _changed(symbol, f"indicators.quote.{name}")
    days: dict[date, Row] = {}
    moments = [(_moment(symbol, stamp), place) for place, stamp in enumerate(stamps)]
    for moment, place in sorted(moments):
        o, h, low, c, volume = (_number(symbol, name, quote[name][place]) for name in FIELDS)
        day, prices = moment.astimezone(zone).date(), [_price(value, unit) for value in (o, h, low, c)]
        row = Row(day, prices[0], prices[1], prices[2], prices[3], volume)
        before = days.get(row.day)
        if row.close is None or (before is not None and before.open is not None and row.open is None):
            continue
        # The live row of a day comes after its daily row, and is the newer one.
        days[row.day] = row
    yield from (days[day] for day in sorted(days))


def _splits(symbol: str, events: dict[str, Any], zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    for one in _events(symbol, events, "splits"):
        new, old = (_number(symbol, f"events.splits.{name}", one.get(name)) for name in ("numerator", "denominator"))
        yield _day(symbol, one.get("date"), zone), new / old if new and old else nan


def _dividends(symbol: str, events: dict[str, Any], zone: ZoneInfo, unit: float) -> Iterator[Dividend]:
    for one in _events(symbol, events, "dividends"):
        amount = _number(symbol, "events.dividends.amount", one.get("amount"))
        if amount is None:
            raise _changed(symbol, "events.dividends.amount")
        named = one.get("currency") or None
        scale = 100.0 if named in MINOR or (named is None and unit == 100.0) else 1.0
        if amount > 0:
            yield Dividend(_day(symbol, one.get("date"), zone), amount / scale, MINOR.get(named or "", named))


def _events(symbol: str, events: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = events.get(kind) or {}
    values = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise _changed(symbol, f"events.{kind}")
    return values


def _number(symbol: str, field: str, value: Any) -> float | None:
    """A number, also one that is written as text; None for null, a dash and what is no number (NaN)."""
    if value is None or value in ("", "-"):
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise _changed(symbol, field)
        found = float(value)
    except ValueError as error:
        raise _changed(symbol, field) from error
    return found if isfinite(found) else None


def _price(value: float | None, unit: float) -> float | None:
    return value / unit if value is not None and value > 0 else None


def _day(symbol: str, stamp: Any, zone: ZoneInfo) -> date:
    """The exchange-local day; ``meta.gmtoffset`` is today's, and wrong on the other side of a clock change."""
    return _moment(symbol, stamp).astimezone(zone).date()


def _moment(symbol: str, stamp: Any) -> datetime:
    seconds = _number(symbol, "a timestamp", stamp)
    if seconds is None or abs(seconds) > _LONGEST:
        raise _changed(symbol, "a timestamp")
    return _EPOCH + timedelta(seconds=seconds)


def _zone(symbol: str, meta: dict[str, Any]) -> ZoneInfo:
    try:
        return ZoneInfo(meta["exchangeTimezoneName"])
    except (KeyError, ValueError, TypeError, ZoneInfoNotFoundError) as error:
        raise _changed(symbol, "meta.exchangeTimezoneName") from error


def _dict(symbol: str, parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise _changed(symbol, name)
    return found


def _check_refusal(symbol: str, error: Any) -> None:
    """Let pass that a range has no days, which Yahoo calls an error."""
    said = str(error.get("description", "")) if isinstance(error, dict) else str(error)
    if isinstance(error, dict) and error.get("code") == "Not Found":
        raise NotCovered(f"Yahoo does not know {symbol}")
    if "Data doesn't exist" in said:
        return
    raise ProviderError(
        f"Yahoo refuses the chart of {symbol}: {said[:200]!r}.",
        hint="If the request is right, Yahoo changed what it takes, and the adapter must be adapted.",
        provider="yahoo",
    )


def _changed(symbol: str, field: str) -> ShapeChanged:
    return ShapeChanged(
        f"Yahoo's chart of {symbol} has no usable field {field}.",
        hint="Look at the project page of yfinance; if Yahoo changed, the adapter must be adapted.",
        provider="yahoo",
    )
