"""Our own calls to Eastmoney: the list of shares, klines of one code, reports of the data centre."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.adapters.akshare.answers import judge_list, judge_report, list_of
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
#: Constants that the web pages send with every call, the same for everybody.
_LIST_TOKEN, _BAR_TOKEN = "bd1d9ddb04089700cf9c27f6f7426281", "7eea3edcaed734bea9cbfc24409ed989"
#: What the list holds: all A shares, and the main board, GEM and other counters of Hong Kong.
MEMBERS = {
    "CN": "m:0 t:6,m:0 t:80,m:1 t:2,m:1 t:23,m:0 t:81 s:2048",
    "HK": "m:128 t:3,m:128 t:4,m:128 t:1,m:128 t:2",
}
PAGE, REPORT_PAGE = 100, 500
#: Part of the list that may come and go while its pages are read.
_DRIFT = 0.01
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
        self.clock.hear(header)

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
            "ut": _LIST_TOKEN,
            "fltt": 2,
            "invt": 2,
            "fid": "f12",
            "fs": MEMBERS[region],
            "fields": "f12,f13,f14,f26,f100",
        }
        data = list_of(self._from(LISTS, "/api/qt/clist/get", params, judge=judge_list))
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
            "ut": _BAR_TOKEN,
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
            reply = self._from(REPORTS, "/api/data/v1/get", params, judge=judge_report)
            result = reply.json()["result"]
            if result is None:
                break
            found = result.get("data") if isinstance(result, dict) else None
            if not isinstance(found, list) or not isinstance(result.get("pages"), int):
                raise reply.changed("a report in another form (no 'pages' and 'data')")
            if not all(isinstance(row, dict) for row in found):
                raise reply.changed("a report whose rows have no names")
            rows += found
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


def one_of(tickers: Iterable[str]) -> str:
    """The condition of a report for several codes."""
    quoted = ",".join(f'"{ticker}"' for ticker in tickers)
    return f"(SECURITY_CODE in ({quoted}))"
