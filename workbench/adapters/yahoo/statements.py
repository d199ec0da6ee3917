"""Rows of ``fundamentals`` and ``shares`` from ``fundamentals-timeseries``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from workbench import markets
from workbench.adapters.statements import Fact, derive, table
from workbench.adapters.yahoo.reporting import assumed_filing, filing_id
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Values = Mapping[tuple[str, bool, date], "Entry"]

PATH = "/ws/fundamentals-timeseries/v1/finance/timeseries"
#: Yahoo's words for the length of a period -> months.
_MONTHS = {"3M": 3, "6M": 6, "9M": 9, "12M": 12}
SHARES = "shares_balance_sheet"
#: Smaller numbers are figures a share, ratios and rates.
_AMOUNT = 100_000.0
#: What a figure a share is multiplied with, and what comes of it, the best pair first.
_BASIC = [
    ("BasicAverageShares", "NetIncomeCommonStockholders"),
    ("DilutedAverageShares", "NetIncomeCommonStockholders"),
]
_PER_SHARE = {"BasicEPS": _BASIC, "DilutedEPS": _BASIC[::-1]}
#: Basic earnings times diluted shares are off by the dilution.
_FITS = 0.15


@dataclass(frozen=True)
class Entry:
    """One number: ``key`` such as ``annualTotalRevenue``, and its value as Yahoo reports it."""

    tag: str
    annual: bool
    end: date
    months: int
    currency: str | None
    value: float


def types(items: Iterable[str] | None = None) -> str:
    """The query's ``type``: annual and quarterly keys of the items, all of the table for None."""
    by = table().by("yahoo")
    tags = [tag for item in (by if items is None else items) for tag in by[item]]
    return ",".join(f"{length}{tag}" for length in ("annual", "quarterly") for tag in dict.fromkeys(tags))


def read(symbol: str, body: Any) -> list[Entry]:
    """The numbers in a body; a key without numbers has none.

    Raises
    ------
    ShapeChanged
        Where a field has another form or another name.
    """
    series = body.get("timeseries") if isinstance(body, dict) else None
    results = series.get("result") if isinstance(series, dict) else None
    if not isinstance(results, list):
        raise _changed(symbol, "timeseries.result")
    found: list[Entry] = []
    for result in results:
        if not isinstance(result, dict):
            raise _changed(symbol, "timeseries.result")
        for key, values in result.items():
            if key.startswith(("annual", "quarterly")) and isinstance(values, list):
                found += (_entry(symbol, key, value) for value in values if _has_number(value))
    return found


def facts(region: str, entries: Sequence[Entry], splits: Iterable[date]) -> list[Fact]:
    """Facts of the entries, filed on an assumed day, and those that follow from them.

    Figures a share, and counts of shares, of a period that ended before a later split are left out: whether
    Yahoo has restated them for it cannot be seen.
    """
    last_split = max(splits, default=date.min)
    values = {(one.tag, one.annual, one.end): one for one in reversed(entries)}
    year_ends = {one.end.month for one in entries if one.annual}
    found: list[Fact] = []
    for annual, end in sorted({(one.annual, one.end) for one in entries}):
        reported = _reported_in(entries, annual, end)
        filed = assumed_filing(
            region,
            end,
            # Where nobody says when the year ends, any quarter may be the one that comes with the annual report.
            annual=annual or not year_ends or end.month in year_ends,
            foreign=reported not in (None, markets.get(region).currency),
        )
        found += (
            fact
            for fact in _statement(values, annual, end, reported, filed)
            if end >= last_split or table()[fact.item].unit == "money"
        )
    return derive(found)


def _statement(values: Values, annual: bool, end: date, reported: str | None, filed: date) -> Iterator[Fact]:
    """Facts of one statement; of several names of an item the first that has a number."""
    for item, tags in table().by("yahoo").items():
        entry = next((values[tag, annual, end] for tag in tags if (tag, annual, end) in values), None)
        kind = table()[item]
        if entry is None:
            continue
        if kind.unit == "per_share" and entry.currency != reported and not _in_currency_of(entry, values, reported):
            continue
        currency = {"money": entry.currency, "per_share": reported}.get(kind.unit)
        start = None if kind.kind == "instant" else first_day(end, entry.months)
        yield Fact(item, start, end, entry.value, currency, filed, filing_id(end, f"{entry.months}M"))


def _reported_in(entries: Sequence[Entry], annual: bool, end: date) -> str | None:
    """The currency of most amounts of a statement."""
    amounts = [one.currency for one in entries if (one.annual, one.end) == (annual, end) and abs(one.value) >= _AMOUNT]
    return max(set(amounts), key=amounts.count) if amounts else None


def _in_currency_of(entry: Entry, values: Values, reported: str | None) -> bool:
    """Whether a figure a share, said to be in the quote's currency, is one in that of the statement.

    Recorded for BABA: earnings a share marked USD that times the shares are the net income in CNY. Where the
    multiplication cannot be made, or does not fit, the figure is left out.
    """
    for shares, income in _PER_SHARE.get(entry.tag, ()):
        count, earned = values.get((shares, entry.annual, entry.end)), values.get((income, entry.annual, entry.end))
        if count and earned and earned.currency == reported and earned.value:
            return abs(entry.value * count.value / earned.value - 1) < _FITS
    return False


def share_rows(region: str, ticker: str, found: Iterable[Fact]) -> Iterator[dict[str, Any]]:
    """Rows of ``shares`` at the ends of periods, one a day."""
    counts = {fact.end: fact for fact in found if fact.item == SHARES and fact.value > 0}
    for end, fact in sorted(counts.items()):
        available = markets.next_session(region, fact.filed)
        yield share_row(region, ticker, end, available, fact.value)


def share_row(region: str, ticker: str, day: date, available: date, count: float) -> dict[str, Any]:
    """One row of ``shares``."""
    same = {"region": region, "ticker": ticker, "basis": "outstanding", "source": "yahoo"}
    return same | {"date": day, "available_date": available, "shares_outstanding": float(count)}


def first_day(end: date, months: int) -> date:
    """First day of a period of whole months that ends on a day; Yahoo moves ends of 52 weeks to a month's end."""
    after = end + timedelta(days=1)
    if after.day != 1:
        # No month's end: the same day of the month, ``months`` earlier.
        after = end
    back = after.year * 12 + after.month - 1 - months
    start = date(back // 12, back % 12 + 1, min(after.day, 28))
    return start if after != end else start + timedelta(days=1)


def _has_number(value: Any) -> bool:
    """False for null, and for a value that says that it is null."""
    reported = value.get("reportedValue") if isinstance(value, dict) else value
    return value is not None and not (isinstance(reported, dict) and "raw" in reported and reported["raw"] is None)


def _entry(symbol: str, key: str, value: Any) -> Entry:
    try:
        annual = key.startswith("annual")
        return Entry(
            tag=key.removeprefix("annual").removeprefix("quarterly"),
            annual=annual,
            end=date.fromisoformat(value["asOfDate"]),
            months=_MONTHS.get(value.get("periodType"), 12 if annual else 3),
            currency=value.get("currencyCode") or None,
            value=float(value["reportedValue"]["raw"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _changed(symbol, key) from error


def _changed(symbol: str, field: str) -> ShapeChanged:
    return ShapeChanged(
        f"Yahoo's statements of {symbol} have no usable field {field}.",
        hint="Look at the project page of yfinance; if Yahoo changed, the adapter must be adapted.",
        provider="yahoo",
    )
