"""The pages behind AkShare on this machine: Eastmoney's lists, klines, reports, and the exchanges' delisted shares."""

from __future__ import annotations

import io
import math
import re
from datetime import date, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import polars as pl
from local_server import Answer, Call, LocalServer
from world import World

from workbench import markets

_MIDNIGHT = " 00:00:00"
#: Columns of the reports by item of the sample market.
_INCOME = {"revenue": "TOTAL_OPERATE_INCOME", "cost_of_revenue": "OPERATE_COST", "operating_income": "OPERATE_PROFIT"}
_INCOME |= {"net_income": "PARENT_NETPROFIT"}
_BALANCE = {"total_assets": "TOTAL_ASSETS", "total_liabilities": "TOTAL_LIABILITIES", "total_equity": "TOTAL_EQUITY"}
_BALANCE |= {"cash": "MONETARYFUNDS", "current_assets": "TOTAL_CURRENT_ASSETS"}
_BALANCE |= {"current_liabilities": "TOTAL_CURRENT_LIAB"}
_CASH = {"operating_cash_flow": "NETCASH_OPERATE", "capital_expenditure": "CONSTRUCT_LONG_ASSET"}
_OVERVIEW = {"revenue": "TOTAL_OPERATE_INCOME", "net_income": "PARENT_NETPROFIT"}
_REPORTS = {
    "RPT_DMSK_FN_INCOME": (_INCOME, "REPORT_DATE"),
    "RPT_DMSK_FN_BALANCE": (_BALANCE, "REPORT_DATE"),
    "RPT_DMSK_FN_CASHFLOW": (_CASH, "REPORT_DATE"),
    "RPT_LICO_FN_CPD": (_OVERVIEW, "REPORTDATE"),
}
#: A success without what it should hold, by path.
_EMPTY = {
    "/api/qt/clist/get": {"rc": 0, "data": None},
    "/api/qt/stock/kline/get": {"rc": 0, "data": {"klines": []}},
    "/api/data/v1/get": {"result": None, "success": True, "message": "", "code": 0},
}
_WHOLE = {"lrb": _INCOME, "zcfzb": _BALANCE, "xjllb": _CASH}


class AkshareServer(LocalServer):
    """Answers as the pages do, oddities included.

    Lots for mainland volumes, CLOSE before high and low, eleven values a bar whatever fields are named, days
    without trading left out, ``data: null`` for an unknown code, amounts per ten shares, cumulative figures, the
    day of the last change beside the day of announcement. Throttled, klines are empty and the rest is 502; the
    fault ``closed`` closes the connection without an answer.
    """

    answering = (*LocalServer.answering, "closed")

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(**options)
        self.world = world

    def answer(self, call: Call) -> Answer:
        query = call.query
        if call.path == "/api/qt/clist/get":
            return self._list(query)
        if call.path == "/api/qt/stock/kline/get":
            return self._klines(query)
        if call.path == "/api/data/v1/get":
            return self._report(query)
        if call.path == "/commonQuery.do":
            return Answer({"result": self._gone("XSHG")})
        if call.path == "/api/report/ShowReport":
            return Answer(_workbook(self._gone("XSHE")), 200, {"Content-Type": "application/vnd.ms-excel"})
        if call.path.startswith("/PC_HSF10/NewFinanceAnalysis/"):
            return self._whole(call.path.rpartition("/")[2], query)
        return Answer("not here", 404)

    def throttled(self, call: Call) -> Answer:
        if "kline" in call.path:
            code = call.query["secid"].partition(".")[2]
            return Answer(_kline_body(code, 0, [], total=0))
        return Answer("Bad Gateway", 502, {"Content-Type": "text/plain"})

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind == "closed":
            return Answer(status=0)
        if kind == "empty":
            return Answer(_EMPTY.get(call.path, {}))
        if kind == "renamed":
            return self._renamed(call)
        return super().faulty(kind, call)

    def _renamed(self, call: Call) -> Answer:
        body = self.answer(call).body
        if not isinstance(body, dict):
            return Answer({"renamed": 1})
        inner = body.get("data") or body
        for old in ("klines", "diff", "result"):
            if old in inner:
                return Answer(body | {"data": _under(inner, old)} if inner is not body else _under(body, old))
        return Answer({"renamed": body})

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, kind: str | None) -> None:
        if answer.status == 0:
            handler.close_connection = True
            return
        super()._send(handler, answer, kind)

    # The list of shares.

    def _list(self, query: dict[str, str]) -> Answer:
        region = "HK" if "m:128" in query["fs"] else "CN"
        rows, size, page = self._members(region), int(query["pz"]), int(query["pn"])
        asked = query["fields"].split(",")
        chosen = [{name: row[name] for name in asked if name in row} for row in rows[size * (page - 1) : size * page]]
        return Answer({"rc": 0, "rt": 6, "lt": 1, "full": 1, "data": {"total": len(rows), "diff": chosen}})

    @cache  # noqa: B019
    def _members(self, region: str) -> list[dict[str, Any]]:
        industries = {
            row["ticker"]: row["value"]
            for row in self.world.rows("attributes", region).filter(kind="industry").rows(named=True)
        }
        rows = (
            self.world.rows("tickers", region).sort("spell").filter(pl.col("delisted_date").is_null()).rows(named=True)
        )
        return [
            {
                "f12": row["ticker"],
                "f13": 128 if region == "HK" else int(row["exchange"] == "XSHG"),
                "f14": row["name"],
                "f2": "-",
                "f26": int(f"{row['listed_date']:%Y%m%d}"),
                "f100": industries.get(row["ticker"], "-"),
            }
            for row in sorted(rows, key=lambda row: row["ticker"])
        ]

    def _gone(self, exchange: str) -> list[dict[str, Any]]:
        rows = self.world.rows("tickers", "CN").filter(exchange=exchange).drop_nulls("delisted_date").rows(named=True)
        names = ("COMPANY_CODE", "COMPANY_ABBR", "LIST_DATE", "DELIST_DATE")
        if exchange == "XSHE":
            names = ("证券代码", "证券简称", "上市日期", "终止上市日期")
        values = ("ticker", "name", "listed_date", "delisted_date")
        return [{name: str(row[value]) for name, value in zip(names, values, strict=True)} for row in rows]

    # Bars.

    def _klines(self, query: dict[str, str]) -> Answer:
        market, _, code = query["secid"].partition(".")
        bars = self._bars(market, code)
        if bars is None:
            return Answer({"rc": 100, "rt": 17, "lt": 1, "full": 0, "data": None})
        begin, end = query.get("beg", "0"), query.get("end", "20500000")
        lines = [line for day, line in bars if begin <= day <= end]
        return Answer(_kline_body(code, int(market), lines[-int(query.get("lmt", 1_000_000)) :], total=len(bars)))

    @cache  # noqa: B019
    def _bars(self, market: str, code: str) -> list[tuple[str, str]] | None:
        region = "HK" if market == "116" else "CN"
        if (market, code) == ("1", "000001"):
            days = markets.sessions("CN", self.world.last("CN") - timedelta(days=90), self.world.last("CN"))
            return [(f"{day:%Y%m%d}", f"{day},10,10,10,10,5,5000,0,0,0,0") for day in days]
        exchange = {row[0]: row[1] for row in self.world.rows("tickers", region).select("ticker", "exchange").rows()}
        if code not in exchange or (region == "CN" and market != str(int(exchange[code] == "XSHG"))):
            return None
        lot = 1 if region == "HK" else 100
        return [
            (f"{row['date']:%Y%m%d}", _line(row, lot))
            for row in self.world.of("ohlcv", region, code).sort("date").rows(named=True)
            if row["volume"] and row["open"]
        ]

    # Reports.

    def _report(self, query: dict[str, str]) -> Answer:
        codes = re.findall(r'"(\d{6})"', query["filter"])
        name = query["reportName"]
        if name == "RPT_SHAREBONUS_DET":
            rows = [row for code in codes for row in self._distributions(code)]
        else:
            items, column = _REPORTS[name]
            rows = [_filed(row, items, column) for code in codes for row in self._filings(code)]
        for column, sign, day in re.findall(r"\((\w+)([<>])='([\d-]+)'\)", query["filter"]):
            rows = [row for row in rows if (row[column][:10] >= day) == (sign == ">") or row[column][:10] == day]
        return _page(rows, int(query["pageNumber"]), int(query["pageSize"]))

    @cache  # noqa: B019
    def _distributions(self, code: str) -> list[dict[str, Any]]:
        counts = self.world.of("shares", "CN", code).sort("date").select("date", "shares_outstanding").rows()
        found = []
        by_day: dict[date, dict[str, float]] = {}
        for row in self.world.of("actions", "CN", code).rows(named=True):
            by_day.setdefault(row["ex_date"], {})[row["kind"]] = row["value"]
        for ex, kinds in sorted(by_day.items()):
            ratio = kinds.get("split", 1.0)
            if ratio < 1.0:
                continue
            noticed = ex - timedelta(days=6)
            count = next((value for day, value in reversed(counts) if day <= noticed), None)
            # The report states cash per ten old shares, the sample market per share held on the ex date.
            paid = kinds.get("dividend", 0.0) * 10 * ratio
            found.append(_distribution(code, ex, noticed, paid or None, (ratio - 1.0) * 10 or None, count))
        if found:
            found.append(found[-1] | {"EX_DIVIDEND_DATE": None, "ASSIGN_PROGRESS": "董事会预案"})
        return found

    @cache  # noqa: B019
    def _filings(self, code: str) -> list[dict[str, Any]]:
        """Figures from the first of January to each quarter's end, with the day of announcement."""
        quarters: dict[date, dict[str, Any]] = {}
        for row in self.world.of("fundamentals", "CN", code).filter(period="Q").sort("vintage").rows(named=True):
            quarter = quarters.setdefault(row["period_end"], {"filed": row["available_date"]})
            quarter.setdefault(row["item"], row["value"])
        found = []
        for end, quarter in sorted(quarters.items()):
            ends = [day for day in quarters if day.year == end.year and day <= end]
            if len(ends) != end.month // 3:
                continue
            filing = {"code": code, "end": end, "filed": markets.previous_session("CN", quarter["filed"])}
            for item in {*_INCOME, *_CASH}:
                parts = [quarters[day].get(item) for day in ends]
                filing[item] = None if None in parts else math.fsum(parts)
            found.append(filing | {item: quarter.get(item) for item in _BALANCE})
        return found

    def _whole(self, page: str, query: dict[str, str]) -> Answer:
        if page == "Index":
            html = '<html><body><input id="hidctype" type="hidden" value="4"/></body></html>'
            return Answer(html, 200, {"Content-Type": "text/html"})
        kind = re.match(r"[a-z]+", page)
        assert kind
        filings = self._filings(query["code"][2:])
        if page.endswith("DateAjaxNew"):
            return Answer({"data": [{"REPORT_DATE": f"{row['end']}{_MIDNIGHT}"} for row in filings]})
        days = query["dates"].split(",")
        rows = [_filed(row, _WHOLE[kind[0]], "REPORT_DATE") for row in filings if str(row["end"]) in days]
        return Answer({"data": rows})


def _under(mapping: dict[str, Any], old: str) -> dict[str, Any]:
    return {"new" if name == old else name: value for name, value in mapping.items()}


def _kline_body(code: str, market: int, lines: list[str], *, total: int) -> dict[str, Any]:
    data = {"code": code, "market": market, "name": "n", "decimal": 2, "dktotal": total, "klines": lines}
    return {"rc": 0, "rt": 17, "lt": 1, "full": 0, "dlmkts": "", "dsc": "0", "data": data}


def _line(row: dict[str, Any], lot: int) -> str:
    """One bar: open, close, high, low, volume in lots, value, and four figures that nobody reads."""
    value = row["turnover"] if row["turnover"] is not None else row["volume"] * row["close"]
    prices = ",".join(f"{row[name]}" for name in ("open", "close", "high", "low"))
    return f"{row['date']},{prices},{round(row['volume'] / lot)},{value},0,0,0,0"


def _filed(filing: dict[str, Any], items: dict[str, str], column: str) -> dict[str, Any]:
    changed = filing["filed"] + timedelta(days=371)
    return {
        "SECURITY_CODE": filing["code"],
        column: f"{filing['end']}{_MIDNIGHT}",
        "NOTICE_DATE": f"{filing['filed']}{_MIDNIGHT}",
        "UPDATE_DATE": f"{changed}{_MIDNIGHT}",
    } | {name: filing[item] for item, name in items.items()}


def _distribution(
    code: str, ex: date, noticed: date, paid: float | None, given: float | None, count: float | None
) -> dict[str, Any]:
    return {
        "SECURITY_CODE": code,
        "REPORT_DATE": f"{ex.year - 1}-12-31{_MIDNIGHT}",
        "PLAN_NOTICE_DATE": f"{noticed - timedelta(days=90)}{_MIDNIGHT}",
        "NOTICE_DATE": f"{noticed}{_MIDNIGHT}",
        "EX_DIVIDEND_DATE": f"{ex}{_MIDNIGHT}",
        "PRETAX_BONUS_RMB": paid,
        "BONUS_RATIO": None,
        "IT_RATIO": given,
        "BONUS_IT_RATIO": given,
        "ASSIGN_PROGRESS": "实施分配",
        "TOTAL_SHARES": count,
    }


def _page(rows: list[dict[str, Any]], page: int, size: int) -> Answer:
    if not rows:
        return Answer({"version": None, "result": None, "success": False, "message": "返回数据为空", "code": 9201})
    chosen = rows[size * (page - 1) : size * page]
    result = {"pages": math.ceil(len(rows) / size), "data": chosen, "count": len(rows)}
    return Answer({"version": "v", "result": result, "success": True, "message": "ok", "code": 0})


def _workbook(rows: list[dict[str, Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    names = ["证券代码", "证券简称", "上市日期", "终止上市日期"]
    sheet.append(names)
    for row in rows:
        sheet.append([row[name] for name in names])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
