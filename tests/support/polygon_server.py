"""A local Polygon: the sample market's US rows in the vendor's form, with its pages, plans and quirks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import polars as pl
from local_server import Answer, Call, LocalServer
from world import World

from workbench import markets, settings

NEW_YORK = ZoneInfo("America/New_York")
#: One SIC of each sector, with the vendor's spelling.
SIC = {
    "Energy": ("1311", "CRUDE PETROLEUM & NATURAL GAS"),
    "Materials": ("2810", "INDUSTRIAL INORGANIC CHEMICALS"),
    "Industrials": ("3531", "CONSTRUCTION MACHINERY & EQUIP"),
    "Consumer Discretionary": ("5961", "RETAIL-CATALOG & MAIL-ORDER HOUSES"),
    "Consumer Staples": ("2080", "BEVERAGES"),
    "Health Care": ("2834", "PHARMACEUTICAL PREPARATIONS"),
    "Financials": ("6021", "NATIONAL COMMERCIAL BANKS"),
    "Information Technology": ("3571", "ELECTRONIC COMPUTERS"),
    "Communication Services": ("4813", "TELEPHONE COMMUNICATIONS (NO RADIOTELEPHONE)"),
    "Utilities": ("4911", "ELECTRIC SERVICES"),
    "Real Estate": ("6798", "REAL ESTATE INVESTMENT TRUSTS"),
}
_OVER = "Your plan doesn't include this data timeframe. Please upgrade your plan."
_EARLY = "Attempted to request today's data before end of day. Please upgrade your plan."


class PolygonServer(LocalServer):
    """Answers as the vendor does, for one key.

    Parameters
    ----------
    world : World
        Whose US rows.
    key : str
        The one that is known; empty accepts any.
    first : date or None
        The first day that the plan covers, None for all.
    page : int
        Most rows a page, whatever the call asks.
    **options
        Of :class:`LocalServer`.
    """

    def __init__(
        self, world: World, *, key: str = "", first: date | None = None, page: int = 1000, **options: Any
    ) -> None:
        super().__init__(**options)
        self.world, self.key, self.first, self.page = world, key, first, page
        self.rows = _rows(world)

    def answer(self, call: Call) -> Answer:
        given = call.headers.get("authorization", "").removeprefix("Bearer ") or call.query.get("apiKey", "")
        if not given or (self.key and given != self.key):
            return _error(401, "ERROR", error="Unknown API Key")
        query = dict(call.query)
        if "cursor" in query:
            query = json.loads(base64.urlsafe_b64decode(query["cursor"]))
        parts = [part for part in call.path.split("/") if part]
        match parts:
            case ["v2", "aggs", "ticker", ticker, "range", "1", "day", start, end]:
                return self._range(ticker, date.fromisoformat(start), date.fromisoformat(end), query)
            case ["v2", "aggs", "grouped", "locale", "us", "market", "stocks", day]:
                return self._grouped(date.fromisoformat(day), query)
            case ["v3", "reference", "tickers"]:
                return self._page(call, query, list(self._tickers(query)))
            case ["v3", "reference", "tickers", ticker]:
                return self._details(ticker, query)
            case ["v3", "reference", "splits"]:
                return self._page(call, query, _chosen(self.rows.splits, "execution_date", query))
            case ["v3", "reference", "dividends"]:
                return self._page(call, query, _chosen(self.rows.dividends, "ex_dividend_date", query))
            case ["v1", "marketstatus", "now"]:
                local = settings.now().astimezone(NEW_YORK)
                return Answer({"market": "closed", "serverTime": local.isoformat(timespec="seconds")})
        return _error(404, "NOT_FOUND", message="page not found")

    def throttled(self, call: Call) -> Answer:
        return _error(429, "ERROR", error="You've exceeded the maximum requests per minute, please wait.")

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind != "renamed":
            return super().faulty(kind, call)
        body = json.loads(self.answer(call).encoded())
        names = {
            "c": "close",
            "T": "name",
            "ticker": "symbol",
            "active": "is_active",
            "split_to": "to",
            "cash_amount": "amount",
        }
        rows = body.get("results", [])
        if isinstance(rows, dict):
            return Answer(body | {"results": {names.get(key, key): value for key, value in rows.items()}})
        body["results"] = [{names.get(key, key): value for key, value in row.items()} for row in rows]
        return Answer(body)

    # Bars.

    def _range(self, ticker: str, start: date, end: date, query: dict[str, str]) -> Answer:
        refused = self._refused(start, end)
        if refused:
            return refused
        frame = self.rows.by_ticker.get((ticker,), self.rows.none)
        rows = frame.filter(pl.col("date").is_between(start, end)).iter_rows(named=True)
        return _aggregates([_bar(row, time(0)) for row in rows], query, ticker=ticker)

    def _grouped(self, day: date, query: dict[str, str]) -> Answer:
        refused = self._refused(day, day)
        if refused:
            return refused
        rows = self.rows.by_day.get((day,), self.rows.none).iter_rows(named=True)
        return _aggregates([{"T": row["ticker"]} | _bar(row, time(16)) for row in rows], query)

    def _refused(self, start: date, end: date) -> Answer | None:
        now = settings.now().astimezone(NEW_YORK)
        if end > now.date() or (end == now.date() and now.hour < 20 and markets.is_session("US", end)):
            return _error(403, "NOT_AUTHORIZED", message=_EARLY)
        if self.first is not None and start < self.first:
            return _error(403, "NOT_AUTHORIZED", message=_OVER)
        return None

    # Reference.

    def _page(self, call: Call, query: dict[str, str], rows: list[dict[str, Any]]) -> Answer:
        at, size = int(query.get("at", 0)), min(int(query.get("limit", 100)), self.page)
        body: dict[str, Any] = {"results": rows[at : at + size], "status": "OK", "request_id": "0"}
        if at + size < len(rows):
            cursor = base64.urlsafe_b64encode(json.dumps(query | {"at": at + size}).encode()).decode()
            body["next_url"] = f"https://api.massive.com{call.path}?cursor={cursor}"
        return Answer(body)

    def _tickers(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        today = settings.now().astimezone(NEW_YORK).date()
        for row in self.rows.tickers.iter_rows(named=True):
            gone = row["delisted_date"] is not None and row["delisted_date"] <= today
            if gone == (query.get("active", "true") == "true") or query.get("ticker", row["ticker"]) != row["ticker"]:
                continue
            entry = _reference(row, active=not gone)
            if gone:
                last = markets.previous_session("US", row["delisted_date"])
                entry["delisted_utc"] = datetime.combine(last, time(0), NEW_YORK).astimezone(UTC).isoformat()
            yield entry

    def _details(self, ticker: str, query: dict[str, str]) -> Answer:
        day = date.fromisoformat(query["date"]) if "date" in query else settings.now().date()
        rows = self.world.of("tickers", "US", ticker).filter(
            (pl.col("listed_date") <= day) & (pl.col("delisted_date").is_null() | (pl.col("delisted_date") > day))
        )
        if rows.is_empty():
            return _error(404, "NOT_FOUND", message="Ticker not found.")
        found = _reference(rows.row(0, named=True), active=True)
        found["list_date"] = rows["listed_date"][0].isoformat()
        sector = self.world.of("attributes", "US", ticker).filter(
            (pl.col("kind") == "sector") & (pl.col("valid_from") <= day)
        )
        if sector.height:
            found["sic_code"], found["sic_description"] = SIC[sector.sort("valid_from")["value"][-1]]
        count = self.world.of("shares", "US", ticker).filter(pl.col("available_date") <= day).sort("available_date")
        if count.height:
            found["share_class_shares_outstanding"] = int(count["shares_outstanding"][-1])
        return Answer({"results": found, "status": "OK", "request_id": "0"})


class _Rows:
    """A world's US rows as the answers need them."""

    def __init__(self, world: World) -> None:
        traded = world.rows("ohlcv", "US").filter(pl.col("open").is_not_null() & (pl.col("volume") > 0))
        self.none = traded.head(0)
        self.by_ticker: dict[tuple[Any, ...], pl.DataFrame] = traded.sort("date").partition_by("ticker", as_dict=True)
        self.by_day: dict[tuple[Any, ...], pl.DataFrame] = traded.sort("ticker").partition_by("date", as_dict=True)
        actions = world.rows("actions", "US")
        self.splits = [_split(row) for row in actions.filter(pl.col("kind") == "split").iter_rows(named=True)]
        self.dividends = [_dividend(row) for row in actions.filter(pl.col("kind") == "dividend").iter_rows(named=True)]
        self.tickers = world.rows("tickers", "US").sort("ticker", "spell")
        for table in ("attributes", "shares", "tickers"):
            world.of(table, "US", "")


@cache
def _rows(world: World) -> _Rows:
    """Made once a world: the first call would otherwise seem to hang."""
    return _Rows(world)


def _aggregates(rows: list[dict[str, Any]], query: dict[str, str], ticker: str = "") -> Answer:
    body: dict[str, Any] = {"ticker": ticker} if ticker else {}
    body |= {"queryCount": len(rows), "resultsCount": len(rows), "adjusted": query.get("adjusted") != "false"}
    body |= {"results": rows} if rows else {}
    return Answer(body | {"status": "DELAYED", "request_id": "0", "count": len(rows)})


def _bar(row: dict[str, Any], at: time) -> dict[str, Any]:
    moment = datetime.combine(row["date"], at, NEW_YORK)
    bar = {"v": float(row["volume"]), "o": row["open"], "c": row["close"], "h": row["high"], "l": row["low"]}
    if row["turnover"] is not None:
        bar["vw"] = row["turnover"] / row["volume"]
    return bar | {"t": int(moment.timestamp() * 1000), "n": 100}


def _reference(row: dict[str, Any], *, active: bool) -> dict[str, Any]:
    return {
        "ticker": row["ticker"],
        "name": row["name"],
        "market": "stocks",
        "locale": "us",
        "primary_exchange": row["exchange"],
        "type": "CS",
        "active": active,
        "currency_name": row["currency"].lower(),
        # The sample market's issuers are no numbers.
        "cik": f"{int.from_bytes(row['issuer_id'].encode(), 'big') % 10**10:010d}",
        "composite_figi": f"BBG{row['issuer_id']}",
        "last_updated_utc": "2025-12-30T00:00:00Z",
    }


def _split(row: dict[str, Any]) -> dict[str, Any]:
    old, new = (1, row["value"]) if row["value"] >= 1 else (1 / row["value"], 1)
    return {
        "execution_date": row["ex_date"].isoformat(),
        "split_from": round(old, 6),
        "split_to": round(new, 6),
        "ticker": row["ticker"],
    }


def _dividend(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "cash_amount": row["value"],
        "declaration_date": (row["ex_date"] - timedelta(days=30)).isoformat(),
        "dividend_type": "CD",
        "ex_dividend_date": row["ex_date"].isoformat(),
        "frequency": 4,
        "ticker": row["ticker"],
    }


def _chosen(rows: list[dict[str, Any]], column: str, query: dict[str, str]) -> list[dict[str, Any]]:
    low, high = query.get(f"{column}.gte", ""), query.get(f"{column}.lte", "9999")
    found = [row for row in rows if low <= row[column] <= high and query.get("ticker", row["ticker"]) == row["ticker"]]
    return sorted(found, key=lambda row: (row[column], row["ticker"]), reverse=query.get("order") == "desc")


def _error(status: int, code: str, **said: str) -> Answer:
    return Answer({"status": code, "request_id": "0"} | said, status)


class PolygonBodies(LocalServer):
    """Answers with given bodies: the first whose text is part of the path and query.

    Parameters
    ----------
    bodies : mapping of str to Answer, dict or callable
        A callable is given the call; without a fitting body the answer is an empty list.
    """

    def __init__(self, bodies: Mapping[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.bodies = dict(bodies)

    def answer(self, call: Call) -> Answer:
        asked = f"{call.path}?{urlencode(call.query)}"
        found = next((body for text, body in self.bodies.items() if text in asked), None)
        if callable(found):
            found = found(call)
        if found is None:
            empty: dict[str, Any] = {"status": "OK", "resultsCount": 0} if "/aggs/" in call.path else {"results": []}
            found = {"status": "OK"} | empty
        return found if isinstance(found, Answer) else Answer(found)

    def throttled(self, call: Call) -> Answer:
        return _error(429, "ERROR", error="You've exceeded the maximum requests per minute, please wait.")
