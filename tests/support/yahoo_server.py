"""The sample market as Yahoo Finance serves it: split-adjusted to today, by symbol, with cookie and crumb."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from local_server import Answer, Call, LocalServer
from world import World

from workbench import markets
from workbench.settings import REGIONS

CRUMB = "aB3dE5fG7hI"
SUFFIX = {
    "XKRX": ".KS",
    "XKOS": ".KQ",
    "XSHG": ".SS",
    "XSHE": ".SZ",
    "XHKG": ".HK",
    "XTKS": ".T",
    "XSTC": ".VN",
    "HSTC": ".VN",
}
EXCHANGE = {".KS": "KSC", ".KQ": "KOE", ".SS": "SHH", ".SZ": "SHZ", ".HK": "HKG", ".T": "JPX", ".VN": "VSE"}
INDEXES = {"^KS11": "KR", "^KQ11": "KR", "^GSPC": "US", "000300.SS": "CN", "^HSI": "HK", "^N225": "JP"}
SECTORS = {
    "Energy": "Energy",
    "Materials": "Basic Materials",
    "Industrials": "Industrials",
    "Consumer Discretionary": "Consumer Cyclical",
    "Consumer Staples": "Consumer Defensive",
    "Health Care": "Healthcare",
    "Financials": "Financial Services",
    "Information Technology": "Technology",
    "Communication Services": "Communication Services",
    "Utilities": "Utilities",
    "Real Estate": "Real Estate",
}
#: Item -> Yahoo's key and its sign there.
KEYS = {
    "revenue": ("TotalRevenue", 1),
    "cost_of_revenue": ("CostOfRevenue", 1),
    "gross_profit": ("GrossProfit", 1),
    "operating_income": ("OperatingIncome", 1),
    "net_income": ("NetIncome", 1),
    "operating_cash_flow": ("OperatingCashFlow", 1),
    "capital_expenditure": ("CapitalExpenditure", -1),
    "dividends_paid": ("CashDividendsPaid", -1),
    "total_assets": ("TotalAssets", 1),
    "total_equity": ("StockholdersEquity", 1),
    "total_debt": ("TotalDebt", 1),
    "cash": ("CashAndCashEquivalents", 1),
    "shares_diluted": ("DilutedAverageShares", 1),
}
NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}

Bars = list[tuple[int, float, float, float, float, float]]


def float32(value: float) -> float:
    """As Yahoo keeps prices."""
    return struct.unpack("f", struct.pack("f", value))[0]


class YahooServer(LocalServer):
    """Answers for all of Yahoo's hosts.

    Parameters
    ----------
    world : World
        The market.
    retry_after : int or None
        Seconds that a refusal names; Yahoo names none.
    **options
        Of :class:`LocalServer`.

    Attributes
    ----------
    bodies : dict
        Path -> body that is answered in place of the world's, or a function of the call.
    spoil : callable
        ``spoil(symbol, result)`` may change a chart's result before it is sent.
    """

    def __init__(self, world: World, *, retry_after: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.world, self.retry_after = world, retry_after
        self.bodies: dict[str, Any] = {}
        self.spoil: Callable[[str, dict[str, Any]], None] | None = None
        self._bars: dict[str, Bars] = {}

    def throttled(self, call: Call) -> Answer:
        asks = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Answer("Edge: Too Many Requests", 429, {"Content-Type": "text/plain"} | asks)

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind != "renamed":
            return super().faulty(kind, call)
        body = self.answer(call).body
        for result in body["chart"]["result"] or ():
            quote = result["indicators"]["quote"][0]
            if "close" in quote:
                quote["closing"] = quote.pop("close")
        return Answer(body)

    def answer(self, call: Call) -> Answer:
        assert call.headers.get("x-original-host", "").endswith("yahoo.com"), "the host that was meant is named"
        path = unquote(call.path)
        if path in self.bodies:
            body = self.bodies[path]
            return body(call) if callable(body) else body if isinstance(body, Answer) else Answer(body)
        stem, _, symbol = path.rpartition("/")
        known = {
            "/v8/finance/chart": self.chart,
            "/ws/fundamentals-timeseries/v1/finance/timeseries": self.timeseries,
            "/v10/finance/quoteSummary": self.summary,
        }
        if stem in known:
            return known[stem](symbol, call)
        if call.path == "/v1/test/getcrumb":
            return Answer(CRUMB, headers={"Content-Type": "text/plain"})
        return Answer("", 404, {"Set-Cookie": "A3=d=AQABB; Path=/; Max-Age=31557600", "Content-Type": "text/html"})

    @cached_property
    def symbols(self) -> dict[str, tuple[str, str]]:
        """Symbol -> region and ticker."""
        found = {}
        for region in REGIONS:
            for ticker, listing in self.world.listings(region).items():
                stem = ticker.lstrip("0").zfill(4) if region == "HK" else ticker.replace(".", "-")
                found[stem + SUFFIX.get(listing.exchange, "")] = (region, ticker)
        return found

    def chart(self, symbol: str, call: Call) -> Answer:
        if call.query.get("interval") != "1d" or "period1" not in call.query:
            error = {"code": "Unprocessable Entity", "description": "the interval is not served here"}
            return Answer({"chart": {"result": None, "error": error}}, 422)
        meta = self._meta(symbol)
        if meta is None:
            return Answer({"chart": {"result": None, "error": NOT_FOUND}}, 404)
        first, last = int(call.query["period1"]), int(call.query["period2"])
        bars = [bar for bar in self._adjusted(symbol) if first <= bar[0] < last]
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [{}]}}
        if bars:
            stamps, o, h, low, c, v = (list(column) for column in zip(*bars, strict=True))
            quote = {"open": o, "high": h, "low": low, "close": c, "volume": v}
            result = {
                "meta": meta,
                "timestamp": stamps,
                "indicators": {"quote": [quote], "adjclose": [{"adjclose": c}]},
            }
        if symbol in self.symbols and "splits" in call.query.get("events", ""):
            result |= {"events": events} if (events := self._events(symbol, first, last)) else {}
        if self.spoil:
            self.spoil(symbol, result)
        return Answer({"chart": {"result": [result], "error": None}})

    def _meta(self, symbol: str) -> dict[str, Any] | None:
        if symbol in self.symbols:
            region = self.symbols[symbol][0]
            suffix = "." + symbol.rpartition(".")[2] if "." in symbol else ""
            return self._named(symbol, region, EXCHANGE.get(suffix, "NMS"), "EQUITY")
        if symbol in INDEXES:
            return self._named(symbol, INDEXES[symbol], "SNP", "INDEX")
        currency, equals, _ = symbol.partition("=X")
        if equals and currency in self.world.rows("fx", "US")["currency"].unique():
            zone = {"exchangeTimezoneName": "Europe/London", "gmtoffset": 0}
            return {"currency": currency, "symbol": symbol, "exchangeName": "CCY", "instrumentType": "CURRENCY", **zone}
        return None

    def _named(self, symbol: str, region: str, exchange: str, kind: str) -> dict[str, Any]:
        market = markets.get(region)
        return {
            "currency": market.currency,
            "symbol": symbol,
            "exchangeName": exchange,
            "instrumentType": kind,
            "exchangeTimezoneName": market.timezone,
            "dataGranularity": "1d",
            "priceHint": 2,
        }

    def _adjusted(self, symbol: str) -> Bars:
        with self._lock:
            if symbol not in self._bars:
                self._bars[symbol] = self._make(symbol)
            return self._bars[symbol]

    def _make(self, symbol: str) -> Bars:
        if symbol in INDEXES:
            region = INDEXES[symbol]
            levels = self.world.rows("indexes", region).select("date", "level").rows()
            return [(_open(region, day), *(float32(level),) * 4, 0.0) for day, level in levels]
        if symbol not in self.symbols:
            rates = self.world.rows("fx", "US").rows(named=True)
            mine = [row for row in rates if row["currency"] == symbol.partition("=")[0]]
            return [(_london(row["date"]), *(float32(1 / row["usd_per_unit"]),) * 4, 0.0) for row in mine]
        region, ticker = self.symbols[symbol]
        splits = self._splits(region, ticker)
        found: Bars = []
        for row in self.world.of("ohlcv", region, ticker).rows(named=True):
            factor = _later(splits, row["date"])
            # A day without a trade repeats the close.
            prices = [row[name] if row["volume"] else row["close"] for name in ("open", "high", "low", "close")]
            adjusted = [float32(price / factor) for price in prices]
            found.append((_open(region, row["date"]), *adjusted, round(row["volume"] * factor)))  # type: ignore[arg-type]
        return found

    def _splits(self, region: str, ticker: str) -> list[tuple[date, float]]:
        rows = self.world.of("actions", region, ticker).rows(named=True)
        return [(row["ex_date"], row["value"]) for row in rows if row["kind"] == "split"]

    def _events(self, symbol: str, first: int, last: int) -> dict[str, Any]:
        region, ticker = self.symbols[symbol]
        splits, events = self._splits(region, ticker), {}
        for row in self.world.of("actions", region, ticker).rows(named=True):
            stamp, value = _open(region, row["ex_date"]), row["value"]
            if not first <= stamp < last:
                continue
            if row["kind"] == "split":
                new, old = (value, 1) if value >= 1 else (1, round(1 / value))
                one = {"date": stamp, "numerator": new, "denominator": old, "splitRatio": f"{new:g}:{old:g}"}
                events.setdefault("splits", {})[str(stamp)] = one
            elif row["kind"] == "dividend":
                amount = round(value / _later(splits, row["ex_date"]), 6)
                events.setdefault("dividends", {})[str(stamp)] = {"amount": amount, "date": stamp}
        return events

    def timeseries(self, symbol: str, call: Call) -> Answer:
        results = []
        numbers = self._statements(symbol) if symbol in self.symbols else {}
        for key in call.query["type"].split(","):
            result: dict[str, Any] = {"meta": {"symbol": [symbol], "type": [key]}}
            if numbers.get(key):
                result |= {"timestamp": [_london(day) for day, _ in numbers[key]]}
                result[key] = [self._reported(symbol, key, day, value) for day, value in numbers[key]]
            results.append(result)
        return Answer({"timeseries": {"result": results, "error": None}})

    def _reported(self, symbol: str, key: str, day: date, value: float) -> dict[str, Any]:
        currency = markets.get(self.symbols[symbol][0]).currency
        length = "12M" if key.startswith("annual") else "3M"
        raw = {"raw": value, "fmt": f"{value:.4g}"}
        return {"asOfDate": day.isoformat(), "periodType": length, "currencyCode": currency, "reportedValue": raw}

    def _statements(self, symbol: str) -> dict[str, list[tuple[date, float]]]:
        region, ticker = self.symbols[symbol]
        found: dict[str, list[tuple[date, float]]] = {}
        rows = self.world.of("fundamentals", region, ticker).sort("period_end").rows(named=True)
        for row in rows:
            if row["vintage"] == 1 and row["item"] in KEYS:
                key, sign = KEYS[row["item"]]
                found.setdefault(f"quarterly{key}", []).append((row["period_end"], sign * row["value"]))
        splits = self._splits(region, ticker)
        for row in self.world.of("shares", region, ticker).rows(named=True):
            if (row["date"] + timedelta(days=1)).day == 1:
                count = row["shares_outstanding"] * _later(splits, row["date"])
                found.setdefault("quarterlyOrdinarySharesNumber", []).append((row["date"], count))
        revenue = found.get("quarterlyTotalRevenue", [])
        for end, _ in [one for one in revenue if one[0].month == 12]:
            year = [value for day, value in revenue if day.year == end.year]
            if len(year) == 4:
                found.setdefault("annualTotalRevenue", []).append((end, sum(year)))
        return found

    def summary(self, symbol: str, call: Call) -> Answer:
        if call.query.get("crumb") != CRUMB:
            error = {"code": "Unauthorized", "description": "Invalid Crumb"}
            return Answer({"finance": {"result": None, "error": error}}, 401)
        if symbol not in self.symbols:
            error = {"code": "Not Found", "description": f"Quote not found for symbol: {symbol}"}
            return Answer({"quoteSummary": {"result": None, "error": error}}, 404)
        region, ticker = self.symbols[symbol]
        sector = _newest(self.world.of("attributes", region, ticker).rows(named=True), "sector")
        counts = self.world.of("shares", region, ticker).sort("date")["shares_outstanding"]
        modules = {
            "assetProfile": {"sector": SECTORS.get(sector, sector), "industry": "Something", "country": "Nowhere"},
            "defaultKeyStatistics": {"sharesOutstanding": counts[-1] if len(counts) else None},
        }
        wanted = {name: modules[name] for name in call.query["modules"].split(",")}
        return Answer({"quoteSummary": {"result": [wanted], "error": None}})


def _later(splits: Iterable[tuple[date, float]], day: date) -> float:
    product = 1.0
    for when, ratio in splits:
        product *= ratio if when > day else 1.0
    return product


def _newest(rows: list[dict[str, Any]], kind: str) -> str:
    return max((row for row in rows if row["kind"] == kind), key=lambda row: row["valid_from"])["value"]


def _open(region: str, day: date) -> int:
    return int(markets.open_time(region, day).timestamp())


def _london(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=ZoneInfo("Europe/London")).astimezone(UTC).timestamp())
