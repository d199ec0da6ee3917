"""Our own calls to Eastmoney: the list of shares, klines of one code, reports of the data centre."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.adapters.akshare.judging import judge, kline_judge, throttled
from workbench.adapters.akshare.routing import Attentive
from workbench.adapters.net import Client
from workbench.adapters.net.session import ORIGINAL_HOST
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import requests

    from workbench.adapters.net import Limiter, Patience, Reply
    from workbench.errors import ProviderError

LISTS, BARS, REPORTS = "82.push2.eastmoney.com", "push2his.eastmoney.com", "datacenter-web.eastmoney.com"
#: What the list holds: all A shares, and the main board, GEM and other counters of Hong Kong.
MEMBERS = {
    "CN": "m:0 t:6,m:0 t:80,m:1 t:2,m:1 t:23,m:0 t:81 s:2048",
    "HK": "m:128 t:3,m:128 t:4,m:128 t:1,m:128 t:2",
}
PAGE, REPORT_PAGE = 100, 500
#: Part of the list that may come and go while its pages are read.
_DRIFT = 0.01
#: What a report says that has no rows, and that is asked too much.
_EMPTY, _BUSY = ("为空", "无数据"), ("繁忙", "频繁", "稍后")
BAR_NAMES = ("date", "open", "close", "high", "low", "volume", "turnover")
_BAR_VALUES = 11


class Eastmoney(Client):
    """The client of the hosts behind AkShare; one limiter for all of them.

    Parameters
    ----------
    limiter : Limiter
        Shared with the library's session.
    patience : Patience
        Attempts and time limits.
    """

    def __init__(self, limiter: Limiter, patience: Patience) -> None:
        super().__init__("akshare", f"https://{BARS}", limiter, judge=judge, patience=patience)

    def hear(self, header: str | None) -> None:
        """Compare the clocks by a header ``Date`` that the library's session received."""
        self._compare_clocks(header)

    def members(self, region: str) -> list[dict[str, Any]]:
        """The rows of the list of shares, all pages.

        Raises
        ------
        Throttled
            A page is empty, or the list is not complete.
        ShapeChanged
            A page has another form, or repeats an earlier one.
        """
        rows: dict[str, dict[str, Any]] = {}
        total, pages, page = 0, 1, 0
        while page < pages:
            page += 1
            found, total = self.member_page(region, page)
            new = {str(row["f12"]): row for row in found if str(row["f12"]) not in rows}
            if not new:
                raise ShapeChanged(
                    f"akshare sent page {page} of the list of {region} without a share that was not on an earlier one.",
                    hint="Collect again later; if it stays, the paging of the list changed.",
                    provider="akshare",
                )
            rows |= new
            # The host may send fewer rows a page than were asked for.
            pages = pages if page > 1 else math.ceil(total / len(found))
        if len(rows) < total * (1 - _DRIFT):
            raise throttled(f"sent {len(rows)} of the {total} shares of {region}")
        return list(rows.values())

    def member_page(self, region: str, page: int) -> tuple[list[dict[str, Any]], int]:
        """One page of the list, and how many shares the whole list has."""
        params = {
            "pn": page,
            "pz": PAGE,
            "po": 0,
            "np": 1,
            "fltt": 2,
            "invt": 2,
            "fid": "f12",
            "fs": MEMBERS[region],
            "fields": "f12,f13,f14,f26,f100",
        }
        data = _list_of(self._from(LISTS, "/api/qt/clist/get", params, judge=_judge_list))
        return data["diff"], data["total"]

    def klines(
        self, code: str, begin: str, end: str, *, empty: Callable[[str], ProviderError] = throttled
    ) -> dict[str, list[str]]:
        """Raw daily bars of a market and code as columns of text, named as in :data:`BAR_NAMES`.

        Raises
        ------
        UnknownCode
            The page knows no such code.
        Throttled
            Or what ``empty`` makes: no bar in the answer.
        ShapeChanged
            A bar has not eleven values.
        """
        params = {
            "fields1": "f1,f2,f3,f4,f5,f6",
            "fields2": "f51,f52,f53,f54,f55,f56,f57,f58,f59,f60,f61",
            "klt": "101",
            "fqt": "0",
            "secid": code,
            "beg": begin,
            "end": end,
        }
        judged = kline_judge(code, empty=empty)
        reply = self._from(BARS, "/api/qt/stock/kline/get", params, judge=judged)
        bars = [str(line).split(",") for line in reply.json()["data"]["klines"]]
        if wrong := next((bar for bar in bars if len(bar) != _BAR_VALUES), None):
            raise reply.changed(f"bars of {len(wrong)} values in place of {_BAR_VALUES}")
        return dict(zip(BAR_NAMES, map(list, zip(*bars, strict=True)), strict=False))

    def report(self, name: str, condition: str, order: str) -> list[dict[str, Any]]:
        """The rows of a report of the data centre, all pages; an empty list where it says that it has none.

        Parameters
        ----------
        name : str
            Such as ``RPT_LICO_FN_CPD``.
        condition : str
            In its own form, ``(SECURITY_CODE in ("600000","000001"))``.
        order : str
            Columns by which the pages are sorted.

        Raises
        ------
        Throttled
            The data centre is busy.
        ShapeChanged
            Another form.
        """
        rows: list[dict[str, Any]] = []
        pages, page = 1, 0
        while page < pages:
            page += 1
            params = {
                "reportName": name,
                "columns": "ALL",
                "filter": condition,
                "pageNumber": page,
                "pageSize": REPORT_PAGE,
                "sortColumns": order,
                "sortTypes": ",".join("1" for _ in order.split(",")),
                "source": "WEB",
                "client": "WEB",
            }
            reply = self._from(REPORTS, "/api/data/v1/get", params, judge=_judge_report)
            result = reply.json()["result"]
            if result is None:
                break
            if not isinstance(result.get("data"), list) or not isinstance(result.get("pages"), int):
                raise reply.changed("a report in another form (no 'pages' and 'data')")
            rows += result["data"]
            pages = result["pages"]
        return rows

    def _from(
        self, host: str, path: str, params: Mapping[str, Any], judge: Callable[[Reply], None] | None = None
    ) -> Reply:
        elsewhere = settings.provider_url(self.provider)
        headers = {ORIGINAL_HOST: host} if elsewhere else None
        return self.get(f"{(elsewhere or f'https://{host}').rstrip('/')}{path}", params, headers=headers, judge=judge)

    def _session(self) -> requests.Session:
        session = super()._session()
        if not isinstance(session.get_adapter("https://"), Attentive):
            session.mount("https://", Attentive())
            session.mount("http://", Attentive())
        return session


def _unwrapped(reply: Reply) -> dict[str, Any]:
    """The object of an answer, also of one that is wrapped in a callback."""
    text = reply.text().strip()
    inside = text[text.find("(") + 1 : text.rfind(")")] if not text.startswith(("{", "[")) and "(" in text else text
    try:
        body = json.loads(inside)
    except ValueError as error:
        raise reply.changed(f"no JSON: {reply.text()[:80]!r}") from error
    if not isinstance(body, dict):
        raise reply.changed("JSON that is no object")
    return body


def _judge_list(reply: Reply) -> None:
    judge(reply)
    if reply.status == 200:
        _list_of(reply)


def _list_of(reply: Reply) -> dict[str, Any]:
    """The list in an answer: ``total``, and the rows of the page as ``diff``."""
    body = _unwrapped(reply)
    if "data" not in body:
        raise reply.changed("JSON without 'data'")
    data = body["data"]
    if data is None:
        raise throttled("answered no list of shares")
    rows = data.get("diff") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(rows, list) or not isinstance(data.get("total"), int):
        raise reply.changed("a list in another form (no 'total' and 'diff')")
    if not rows:
        raise throttled("answered an empty page of the list of shares")
    if any(not isinstance(row, dict) or not {"f12", "f13", "f14"} <= row.keys() for row in rows):
        raise reply.changed("a list without code (f12), market (f13) or name (f14)")
    return data


def _judge_report(reply: Reply) -> None:
    judge(reply)
    if reply.status != 200:
        return
    body = reply.json()
    if not isinstance(body, dict) or "result" not in body:
        raise reply.changed("JSON without 'result'")
    if body["result"] is not None:
        return
    said = str(body.get("message") or "")
    if any(word in said for word in _BUSY):
        raise throttled(f"is busy ({said})")
    if not any(word in said for word in _EMPTY):
        raise reply.changed(f"no result and the message {said!r} (code {body.get('code')})")


def one_of(tickers: Iterable[str]) -> str:
    """The condition of a report for several codes."""
    quoted = ",".join(f'"{ticker}"' for ticker in tickers)
    return f"(SECURITY_CODE in ({quoted}))"
