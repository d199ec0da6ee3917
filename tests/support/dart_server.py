"""A local OpenDART: the sample market's Korean companies as periodic reports, in the service's own form.

Companies differ as real ones do: by their code some file on the separate basis only, some have one statement of
income (CIS), some write ids in the old spelling, some name their own lines. Each report is answered in its newest
version only; ``list.json`` names all versions.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl
from local_server import Answer, Call, LocalServer
from world import World

from workbench import markets
from workbench.adapters.dart.dates import month_end

CODES = ("11013", "11012", "11014", "11011")
NAMES = ("분기보고서", "반기보고서", "분기보고서", "사업보고서")
MESSAGES = {
    "000": "정상",
    "010": "등록되지 않은 인증키입니다.",
    "013": "조회된 데이타가 없습니다.",
    "020": "요청 제한을 초과하였습니다.",
    "021": "조회 가능한 회사 개수가 초과하였습니다.(최대 100건)",
    "100": "필드의 부적절한 값입니다.",
}
OWN = "-표준계정코드 미사용-"
#: Item: statement, id, name, and the name in the main accounts, where it is one of them.
LINES = {
    "current_assets": ("BS", "ifrs-full_CurrentAssets", "유동자산", "유동자산"),
    "cash": ("BS", "ifrs-full_CashAndCashEquivalents", "현금및현금성자산", ""),
    "total_assets": ("BS", "ifrs-full_Assets", "자산총계", "자산총계"),
    "current_liabilities": ("BS", "ifrs-full_CurrentLiabilities", "유동부채", "유동부채"),
    "total_debt": ("BS", "ifrs-full_Borrowings", "차입금", ""),
    "total_liabilities": ("BS", "ifrs-full_Liabilities", "부채총계", "부채총계"),
    "total_equity": ("BS", "ifrs-full_EquityAttributableToOwnersOfParent", "지배기업 소유주지분", "자본총계"),
    "revenue": ("IS", "ifrs-full_Revenue", "수익(매출액)", "매출액"),
    "cost_of_revenue": ("IS", "ifrs-full_CostOfSales", "매출원가", ""),
    "gross_profit": ("IS", "ifrs-full_GrossProfit", "매출총이익", ""),
    "operating_income": ("IS", "dart_OperatingIncomeLoss", "영업이익(손실)", "영업이익"),
    "net_income": (
        "IS",
        "ifrs-full_ProfitLossAttributableToOwnersOfParent",
        "지배기업의 소유주에게 귀속되는 당기순이익(손실)",
        "당기순이익",
    ),
    "operating_cash_flow": ("CF", "ifrs-full_CashFlowsFromUsedInOperatingActivities", "영업활동 현금흐름", ""),
    "capital_expenditure": (
        "CF",
        "ifrs-full_PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities",
        "유형자산의 취득",
        "",
    ),
    "dividends_paid": ("CF", "ifrs-full_DividendsPaidClassifiedAsFinancingActivities", "배당금의 지급", ""),
}


@dataclass(frozen=True)
class Filed:
    """One version of one report: single-quarter and cumulative values by item, and those of a year before."""

    number: str
    code: str
    name: str
    start: date
    end: date
    year: int
    single: dict[str, float]
    total: dict[str, float]


@dataclass(frozen=True)
class Company:
    """One company of the market."""

    corp: str
    ticker: str
    spell: int
    name: str
    closing: int

    @property
    def habit(self) -> int:
        return int(self.corp) % 5

    @property
    def bases(self) -> tuple[str, ...]:
        return ("OFS",) if self.habit == 1 else ("CFS", "OFS")


class DartServer(LocalServer):
    """Answers every service that the adapter asks.

    Parameters
    ----------
    world : World
        Whose Korean companies file.
    a_day : int or None
        Calls after which everything is answered with status 020.
    page : int
        Most rows of a page of ``list.json``.
    most : int
        Companies that one request for main accounts may name.
    main_only : frozenset of str
        Tickers of companies without full statements.
    key : str
        The only one that is accepted; empty: any of its length.
    """

    def __init__(
        self,
        world: World,
        *,
        a_day: int | None = None,
        page: int = 100,
        most: int = 100,
        main_only: frozenset[str] = frozenset(),
        key: str = "",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.world, self.a_day, self.page, self.most, self.main_only = world, a_day, page, most, main_only
        self.key = key
        self._filed: dict[str, list[Filed]] = {}

    def asked(self, service: str) -> int:
        """How often a service was asked."""
        return sum(call.path.endswith(service) for call in self.calls)

    def answer(self, call: Call) -> Answer:
        service, _, kind = call.path.rpartition("/")[2].partition(".")
        given = call.query.get("crtfc_key", "")
        if len(given) != 40 or (self.key and given != self.key):
            return self._status("010", kind)
        if self.a_day is not None and call.number >= self.a_day:
            return self._status("020", kind)
        if service == "corpCode":
            return Answer(self._archive, headers={"Content-Type": "application/x-msdownload"})
        made = self._services.get(service)
        if made is None or kind != "json":
            return self._status("101", kind)
        body = made(call.query)
        if isinstance(body, str):
            return self._status(body)
        content = body if isinstance(body, dict) else {"list": body}
        return Answer({"status": "000", "message": MESSAGES["000"], **content}) if body else self._status("013")

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind != "renamed":
            return super().faulty(kind, call)
        plain = self.answer(call)
        rows = [
            {("acnt_id" if name == "account_id" else name): value for name, value in row.items()}
            for row in plain.body.get("list", [])
        ]
        return Answer({**plain.body, "list": rows}) if rows else plain

    def filed(self, company: Company) -> list[Filed]:
        """All versions of all reports, in the order they arrived."""
        if company.corp not in self._filed:
            self._filed[company.corp] = sorted(_versions(company, self._quarters(company)), key=lambda one: one.number)
        return self._filed[company.corp]

    def newest(self, company: Company) -> dict[tuple[int, str], Filed]:
        """The version that statements are answered from, by business year and report."""
        return {(one.year, one.code): one for one in self.filed(company)}

    @cached_property
    def _services(self) -> dict[str, Callable[[dict[str, str]], Any]]:
        return {
            "company": self._company,
            "list": self._list,
            "fnlttSinglAcntAll": self._full_statements,
            "fnlttSinglAcnt": self._main_accounts,
            "fnlttMultiAcnt": self._main_of_many,
            "stockTotqySttus": self._counts,
            "alotMatter": self._dividends,
        }

    @cached_property
    def companies(self) -> dict[str, Company]:
        rows = self.world.rows("tickers", "KR").select("issuer_id", "ticker", "spell", "name")
        made = {}
        for issuer, ticker, spell, name in rows.iter_rows():
            months = {day.month for day in self.world.of("fundamentals", "KR", ticker)["period_end"]}
            corp = f"{int(issuer[-5:]):08d}"
            made[corp] = Company(corp, ticker, spell, name, 12 if 12 in months else min(months, default=12))
        return made

    @cached_property
    def _archive(self) -> bytes:
        unlisted = "<list><corp_code>00999999</corp_code><stock_code> </stock_code></list>"
        entries = [
            f"<list><corp_code>{one.corp}</corp_code><corp_name>{one.name.replace('&', '&amp;')}</corp_name>"
            f"<stock_code>{one.ticker}</stock_code><modify_date>2024010{one.spell}</modify_date></list>"
            for one in sorted(self.companies.values(), key=lambda one: (one.ticker, -one.spell))
        ]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("CORPCODE.xml", f"<?xml version='1.0'?><result>{unlisted}{''.join(entries)}</result>")
        return packed.getvalue()

    def _quarters(self, company: Company) -> dict[date, list[tuple[date, dict[str, float], date]]]:
        """By period end, each version: day of availability, values, first day of the period."""
        rows = self.world.of("fundamentals", "KR", company.ticker)
        rows = rows.filter(pl.col("filing_id").str.contains(f"-{company.ticker}-{company.spell}-"))
        found: dict[date, list[tuple[date, dict[str, float], date]]] = {}
        for (end, available), part in rows.sort("available_date").group_by(
            "period_end", "available_date", maintain_order=True
        ):
            values = dict(part.select("item", "value").iter_rows())
            found.setdefault(end, []).append((available, values, part["period_start"][0]))
        return found

    def _status(self, status: str, kind: str = "json") -> Answer:
        message = MESSAGES.get(status, "?")
        if kind == "xml":
            text = f"<result><status>{status}</status><message>{message}</message></result>"
            return Answer(text, headers={"Content-Type": "application/xml"})
        return Answer({"status": status, "message": message})

    # The services, each by its name.

    def _company(self, query: dict[str, str]) -> Any:
        one = self.companies.get(query["corp_code"])
        if one is None:
            return []
        return {
            "corp_code": one.corp,
            "corp_name": one.name,
            "stock_code": one.ticker,
            "acc_mt": f"{one.closing:02d}",
            "est_dt": "19900101",
        }

    def _list(self, query: dict[str, str]) -> Any:
        one = self.companies.get(query["corp_code"])
        rows = [
            {"report_nm": row.name, "rcept_no": row.number, "rcept_dt": row.number[:8], "corp_code": one.corp}
            for row in reversed(self.filed(one) if one else [])
            if query["bgn_de"] <= row.number[:8] <= query["end_de"]
        ]
        size, page = min(int(query["page_count"]), self.page), int(query["page_no"])
        shown = rows[size * (page - 1) : size * page]
        about = {"page_no": page, "page_count": size, "total_count": len(rows), "total_page": -(-len(rows) // size)}
        return {**about, "list": shown} if shown else []

    def _full_statements(self, query: dict[str, str]) -> Any:
        one, row = self._report(query)
        if one is None or row is None or query["fs_div"] not in one.bases or one.ticker in self.main_only:
            return []
        return list(_full(one, row, self._before(one, row)))

    def _main_accounts(self, query: dict[str, str]) -> Any:
        one, row = self._report(query)
        return [] if one is None or row is None else list(_main(one, row))

    def _main_of_many(self, query: dict[str, str]) -> Any:
        corps = query["corp_code"].split(",")
        if len(corps) > self.most:
            return "021"
        return [line for corp in corps for line in self._main_accounts({**query, "corp_code": corp})]

    def _counts(self, query: dict[str, str]) -> Any:
        one, row = self._report(query)
        if one is None or row is None:
            return []
        held = self.world.of("shares", "KR", one.ticker).filter(pl.col("date") == row.end)["shares_outstanding"]
        about = {"rcept_no": row.number, "stlm_dt": f"{row.end}"}
        return [
            {
                **about,
                "se": "보통주",
                "istc_totqy": f"{int(count):,}",
                "tesstk_co": "-",
                "distb_stock_co": f"{int(count):,}",
            }
            for count in held.tail(1)
        ] + [{**about, "se": "우선주", "istc_totqy": "-", "tesstk_co": "-", "distb_stock_co": "-"}]

    def _dividends(self, query: dict[str, str]) -> Any:
        one, row = self._report(query)
        if one is None or row is None or row.code != CODES[3]:
            return []
        paid, shares = row.total.get("dividends_paid", 0.0), row.single.get("shares_diluted", 0.0)
        text = f"{round(paid / shares):,}" if paid and shares else "-"
        return [{"rcept_no": row.number, "se": "주당 현금배당금(원)", "stock_knd": "보통주", "thstrm": text}]

    def _report(self, query: dict[str, str]) -> tuple[Company | None, Filed | None]:
        one = self.companies.get(query["corp_code"])
        return one, self.newest(one).get((int(query["bsns_year"]), query["reprt_code"])) if one else None

    def _before(self, one: Company, row: Filed) -> Filed | None:
        """The same report of the year before, as known when the report arrived."""
        known = [old for old in self.filed(one) if (old.year, old.code) == (row.year - 1, row.code)]
        return max((old for old in known if old.number < row.number), key=lambda old: old.number, default=None)


def _versions(company: Company, quarters: dict[date, list[tuple[date, dict[str, float], date]]]) -> Iterator[Filed]:
    for end, versions in quarters.items():
        months = (end.month - company.closing - 1) % 12 + 1
        number, own = months // 3, _ends_of_year(end, months // 3)
        if not set(own) <= set(quarters):
            continue
        start = quarters[own[0]][0][2]
        for count, (available, values, _) in enumerate(versions):
            parts = [_known(quarters[day], available) for day in own]
            if None in parts:
                continue
            total = {item: sum(part.get(item, 0.0) for part in parts) for item in values}
            received = markets.previous_session("KR", available)
            correction = "[기재정정]" if count else ""
            yield Filed(
                number=f"{received:%Y%m%d}{(int(company.corp) * 10 + number) % 1_000_000:06d}",
                code=CODES[number - 1],
                name=f"{correction}{NAMES[number - 1]} ({end:%Y.%m})",
                start=start,
                end=end,
                year=start.year,
                single=values,
                total=total,
            )


def _known(versions: list[tuple[date, dict[str, float], date]], day: date) -> dict[str, float] | None:
    return next((values for available, values, _ in reversed(versions) if available <= day), None)


def _ends_of_year(end: date, number: int) -> list[date]:
    """Ends of the fiscal year's quarters up to this one."""
    return [month_end(end.year, end.month - 3 * back) for back in reversed(range(number))]


def _full(one: Company, row: Filed, before: Filed | None) -> Iterator[dict[str, str]]:
    """Rows of fnlttSinglAcntAll: no commas, ids, the prior year's columns of interim reports apart."""
    annual = row.code == CODES[3]
    for number, (item, (where, tag, name, _)) in enumerate(LINES.items()):
        if item not in row.single:
            continue
        old = before.total.get(item) if before else None
        line = {
            "rcept_no": row.number,
            "reprt_code": row.code,
            "bsns_year": str(row.year),
            "corp_code": one.corp,
            "sj_div": "CIS" if where == "IS" and one.habit == 2 else where,
            "account_id": _spelled(one, tag, number),
            "account_nm": f"Ⅰ. {name}" if one.habit == 4 else name,
            "account_detail": "-",
            "thstrm_nm": "당기",
            "thstrm_amount": _text(row.single[item]),
            "ord": str(number),
            "currency": "KRW",
        }
        sign = -1.0 if item == "capital_expenditure" and one.habit % 2 else 1.0
        if where == "CF":
            line["thstrm_amount"] = _text(sign * row.total[item])
            line["frmtrm_amount" if annual else "frmtrm_q_amount"] = _text(old)
        elif where == "IS" and annual:
            line |= {"thstrm_amount": _text(row.total[item]), "thstrm_add_amount": "", "frmtrm_amount": _text(old)}
        elif where == "IS":
            line |= {"thstrm_add_amount": _text(row.total[item]), "frmtrm_add_amount": _text(old)}
        yield line
    member = {
        "sj_div": "SCE",
        "account_id": "ifrs-full_Equity",
        "account_nm": "기말자본",
        "account_detail": "자본 [member]",
    }
    yield {"rcept_no": row.number, **member, "thstrm_amount": "1", "ord": "99", "currency": "KRW"}


def _main(one: Company, row: Filed) -> Iterator[dict[str, str]]:
    """Rows of fnlttSinglAcnt: commas, dates, no ids, all bases together."""
    for basis in one.bases:
        for number, (item, (where, _, _, name)) in enumerate(LINES.items()):
            if not name or item not in row.single:
                continue
            flow = where == "IS"
            value = row.total[item] if flow and row.code == CODES[3] else row.single[item]
            yield {
                "rcept_no": row.number,
                "corp_code": one.corp,
                "fs_div": basis,
                "sj_div": where,
                "account_nm": name,
                "thstrm_dt": f"{row.start:%Y.%m.%d} ~ {row.end:%Y.%m.%d}" if flow else f"{row.end:%Y.%m.%d} 현재",
                "thstrm_amount": f"{value:,.0f}",
                "thstrm_add_amount": f"{row.total[item]:,.0f}" if flow and row.code != CODES[3] else "",
                "ord": str(number),
                "currency": "KRW",
            }


def _spelled(one: Company, tag: str, number: int) -> str:
    if one.habit == 3:
        return tag.replace("ifrs-full_", "ifrs_")
    return OWN if one.habit == 4 and number % 2 else tag


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
