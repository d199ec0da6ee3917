"""Bodies in the form of the pages behind AkShare, for the tests of single cases."""

from __future__ import annotations

from typing import Any

EMPTY_REPORT = {"version": None, "result": None, "success": False, "message": "返回数据为空", "code": 9201}


def report(*rows: dict[str, Any], pages: int = 1) -> dict[str, Any]:
    """The answer of the data centre with these rows."""
    return {"version": "v", "result": {"pages": pages, "data": list(rows)}, "success": True, "message": "ok", "code": 0}


def kline(secid: str, *lines: str, total: int = 9) -> dict[str, Any]:
    """The answer of the kline page with these bars."""
    market, _, code = secid.partition(".")
    return {"rc": 0, "data": {"code": code, "market": int(market), "dktotal": total, "klines": list(lines)}}


def bar(day: str, price: float = 10.0, lots: int = 1000, lot: int = 100) -> str:
    """A bar that opens, closes and trades at about one price."""
    value = price * lots * lot
    return f"{day},{price},{price},{price + 0.1:.2f},{price - 0.1:.2f},{lots},{value},0,0,0,0"


def members(*rows: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    """A page of the list of shares."""
    return {"rc": 0, "data": {"total": len(rows) if total is None else total, "diff": list(rows)}}


def distribution(code: str = "600000", **other: Any) -> dict[str, Any]:
    """A row of the report of distributions: 4.1 yuan for ten shares, carried out."""
    return {
        "SECURITY_CODE": code,
        "REPORT_DATE": "2024-12-31 00:00:00",
        "NOTICE_DATE": "2025-07-10 00:00:00",
        "EX_DIVIDEND_DATE": "2025-07-16 00:00:00",
        "PRETAX_BONUS_RMB": 4.1,
        "BONUS_RATIO": None,
        "IT_RATIO": None,
        "BONUS_IT_RATIO": None,
        "ASSIGN_PROGRESS": "实施分配",
        "TOTAL_SHARES": 29_352_000_000,
    } | other
