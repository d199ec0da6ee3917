"""The answer of ``/v8/finance/chart``, as Yahoo gives it: split-adjusted rows, splits and dividends by date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.adapters.yahoo.service import NotCovered
from workbench.errors import ProviderError, ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

FIELDS = ("open", "high", "low", "close", "volume")
#: Currencies that are hundredths of another one.
MINOR = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS"}


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
        splits=tuple(sorted(_splits(symbol, events, zone))),
        dividends=tuple(sorted(_dividends(symbol, events, zone, unit), key=lambda one: one.day)),
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
    for stamp, *values in sorted(zip(stamps, *(quote[name] for name in FIELDS), strict=True), key=lambda one: one[0]):
        o, h, low, c = (_price(value, unit) for value in values[:4])
        if c is not None:
            # The live row of a day comes after its daily row, and is the newer one.
            day = _day(symbol, stamp, zone)
            days[day] = Row(day, o, h, low, c, None if values[4] is None else float(values[4]))
    yield from (days[day] for day in sorted(days))


def _splits(symbol: str, events: dict[str, Any], zone: ZoneInfo) -> Iterator[tuple[date, float]]:
    for one in _events(symbol, events, "splits"):
        new, old = one.get("numerator"), one.get("denominator")
        yield _day(symbol, one.get("date"), zone), float(new) / float(old) if new and old else float("nan")


def _dividends(symbol: str, events: dict[str, Any], zone: ZoneInfo, unit: float) -> Iterator[Dividend]:
    for one in _events(symbol, events, "dividends"):
        if not isinstance(one.get("amount"), (int, float)):
            raise _changed(symbol, "events.dividends.amount")
        named = one.get("currency") or None
        scale = 100.0 if named in MINOR or (named is None and unit == 100.0) else 1.0
        if one["amount"] > 0:
            yield Dividend(_day(symbol, one.get("date"), zone), one["amount"] / scale, MINOR.get(named or "", named))


def _events(symbol: str, events: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = events.get(kind) or {}
    values = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise _changed(symbol, f"events.{kind}")
    return values


def _price(value: Any, unit: float) -> float | None:
    return float(value) / unit if value is not None and value > 0 else None


def _day(symbol: str, stamp: Any, zone: ZoneInfo) -> date:
    """The exchange-local day; ``meta.gmtoffset`` is today's, and wrong on the other side of a clock change."""
    if not isinstance(stamp, (int, float)):
        raise _changed(symbol, "a timestamp")
    return datetime.fromtimestamp(stamp, UTC).astimezone(zone).date()


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
