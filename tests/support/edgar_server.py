"""A local EDGAR, both hosts in one: the sample market's US companies as 10-Q and 10-K facts.

Fiscal years end in different quarters. Income is filed for the quarter and the year to date, cash flows for the
year to date only, the fourth quarter not at all; each filing repeats the year before as it was known then. A
restated quarter comes as an amendment. Facts of forms that do not count stand among the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from local_server import Answer, Call, LocalServer
from world import World

from workbench import markets
from workbench.adapters.statements import table

BLOCKED = """<!DOCTYPE html><html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head>
<body><h1>Your Request Originates from an Undeclared Automated Tool</h1></body></html>"""
MISSING = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"""
FORMS = ("10-Q", "10-Q", "10-Q", "10-K")
#: Of the sample's sectors, one code of the SIC each.
SIC = {
    "Energy": ("1311", "Crude Petroleum & Natural Gas"),
    "Financials": ("6022", "State Commercial Banks"),
    "Information Technology": ("7372", "Services-Prepackaged Software"),
    "Health Care": ("2834", "Pharmaceutical Preparations"),
    "Utilities": ("4911", "Electric Services"),
    "Real Estate": ("6798", "Real Estate Investment Trusts"),
}


def cik_of(issuer: str) -> int:
    """The number of a company, the same that the local listing gives."""
    return int.from_bytes(issuer.encode(), "big") % 10**10


@dataclass(frozen=True)
class Filing:
    """One quarter's report: when, its periods, and every quarter's values as known then."""

    number: int
    filed: date
    quarter: int
    amended: bool
    known: dict[int, dict[str, float]]


@dataclass
class Company:
    """One spell of a code."""

    cik: int
    ticker: str
    name: str
    sector: str
    listed: bool
    year_end: int
    ends: list[date] = field(default_factory=list)
    starts: list[date] = field(default_factory=list)
    filings: list[Filing] = field(default_factory=list)
    shares: list[tuple[date, float]] = field(default_factory=list)

    def place(self, quarter: int) -> int:
        """0 to 3: the quarter's place in its fiscal year."""
        return (quarter - self.year_end - 1) % 4


class EdgarServer(LocalServer):
    """Answers as data.sec.gov and www.sec.gov do."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(**options)
        self.world = world

    def answer(self, call: Call) -> Answer:
        if "@" not in call.headers.get("user-agent", ""):
            return self.throttled(call)
        if call.path == "/files/company_tickers.json":
            listed = [one for one in self.companies.values() if one.listed]
            rows = [{"cik_str": one.cik, "ticker": one.ticker, "title": one.name.upper()} for one in listed]
            return Answer({str(number): row for number, row in enumerate(rows)})
        parts = call.path.rpartition("CIK")
        company = self.companies.get(int(parts[2][:10])) if parts[2][:10].isdigit() else None
        if company is None:
            return Answer(MISSING, 404, {"Content-Type": "application/xml"})
        if call.path.startswith("/submissions/"):
            return Answer(self.filer(company))
        return Answer({"cik": company.cik, "entityName": company.name, "facts": self.facts(company)})

    def throttled(self, call: Call) -> Answer:
        return Answer(BLOCKED, 403, {"Content-Type": "text/html"})

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind == "429":
            return Answer("Too Many Requests", 429, {"Content-Type": "text/plain", "Retry-After": "1"})
        if kind == "renamed":
            answer = self.answer(call)
            for taxonomy in answer.body.get("facts", {}).values():
                for tag in taxonomy.values():
                    for unit, facts in tag["units"].items():
                        tag["units"][unit] = [{"value" if k == "val" else k: v for k, v in x.items()} for x in facts]
            return answer
        return super().faulty(kind, call)

    @cached_property
    def companies(self) -> dict[int, Company]:
        tickers, attributes = self.world.rows("tickers", "US"), self.world.rows("attributes", "US")
        sectors = dict(attributes.filter(pl.col("kind") == "sector").select("ticker", "value").iter_rows())
        found = {}
        for row in tickers.iter_rows(named=True):
            cik = cik_of(row["issuer_id"])
            here = row["delisted_date"] is None
            found[cik] = Company(cik, row["ticker"], row["name"], sectors.get(row["ticker"], ""), here, cik % 4)
            self._file(found[cik], row)
        return found

    def _file(self, company: Company, row: dict[str, Any]) -> None:
        """Reports of a company from the rows of its spell."""
        own = self.world.of("fundamentals", "US", company.ticker)
        own = own.filter(pl.col("filing_id").str.contains(f"-{company.ticker}-{row['spell']}-", literal=True))
        company.ends = own["period_end"].unique().sort().to_list()
        company.starts = own.unique("period_end").sort("period_end")["period_start"].to_list()
        place = {end: number for number, end in enumerate(company.ends)}
        known: dict[int, dict[str, float]] = {}
        by = ["available_date", "period_end", "vintage"]
        for number, (key, rows) in enumerate(own.sort(*by).group_by(by, maintain_order=True)):
            quarter = place[key[1]]
            values = dict(rows.select("item", "value").iter_rows())
            known = {**known, quarter: {**known.get(quarter, {}), **values}}
            filed = markets.previous_session("US", key[0])
            company.filings.append(Filing(number, filed, quarter, key[2] > 1, known))
        counts = self.world.of("shares", "US", company.ticker).sort("date")
        since, until = row["listed_date"] or date.min, row["delisted_date"] or date.max
        company.shares = [
            pair
            for pair in counts.select("date", "shares_outstanding").iter_rows()
            if since <= pair[0] < until or (row["spell"] == 1 and pair[0] < until)
        ]

    def filer(self, company: Company) -> dict[str, Any]:
        code, name = SIC.get(company.sector, ("3571", "Electronic Computers"))
        return {"cik": f"{company.cik:010}", "name": company.name, "sic": code, "sicDescription": name, "filings": {}}

    def facts(self, company: Company) -> dict[str, Any]:
        """The field ``facts``; every fact of every filing."""
        items, tags = table(), table().by("us_gaap")
        out: dict[str, Any] = {"dei": {}, "us-gaap": {}}
        for filing in company.filings:
            place = company.place(filing.quarter)
            about = {
                "accn": f"{company.cik:010}-{filing.filed:%y}-{filing.number:06}",
                "fy": company.ends[filing.quarter].year,
                "fp": ("Q1", "Q2", "Q3", "FY")[place],
                "form": FORMS[place] + ("/A" if filing.amended else ""),
                "filed": filing.filed.isoformat(),
            }
            for item in filing.known[filing.quarter]:
                if item not in tags:
                    continue
                old = item == "revenue" and filing.filed < date(2024, 1, 1)
                tag = "SalesRevenueNet" if old else tags[item][0]
                unit = "shares" if items[item].unit == "shares" else "USD"
                into = out["us-gaap"].setdefault(tag, {"label": tag, "description": "", "units": {}})["units"]
                into.setdefault(unit, []).extend(one | about for one in self._periods(company, filing, item))
            count = self._cover(company, filing)
            if count:
                cover = out["dei"].setdefault("EntityCommonStockSharesOutstanding", {"units": {"shares": []}})
                cover["units"]["shares"].append(count | about)
        self._noise(out)
        return out

    def _periods(self, company: Company, filing: Filing, item: str) -> Iterator[dict[str, Any]]:
        """An item's columns in one filing: this year's and the year before's."""
        quarter, place = filing.quarter, company.place(filing.quarter)
        known = {number: values[item] for number, values in filing.known.items() if item in values}
        about = table()[item]
        if about.kind == "instant":
            for number in (quarter, quarter - place - 1):
                if number in known:
                    yield {"end": company.ends[number].isoformat(), "val": known[number]}
            return
        for last in (quarter, quarter - 4):
            first = last - place
            spans = {(first, last)} | ({(last, last)} if about.statement != "cash" and place < 3 else set())
            for begin, end in sorted(spans):
                parts = [known.get(number) for number in range(begin, end + 1)]
                if begin < 0 or None in parts:
                    continue
                total = sum(parts) / (len(parts) if about.kind == "average" else 1)
                yield {
                    "start": company.starts[begin].isoformat(),
                    "end": company.ends[end].isoformat(),
                    "val": total,
                }

    @staticmethod
    def _cover(company: Company, filing: Filing) -> dict[str, Any] | None:
        day = filing.filed - timedelta(days=5)
        held = [count for since, count in company.shares if since <= day]
        return {"end": day.isoformat(), "val": held[-1]} if held else None

    @staticmethod
    def _noise(out: dict[str, Any]) -> None:
        """Facts that must not be read: other forms, and periods of no use."""
        for tag in out["us-gaap"].values():
            for facts in tag["units"].values():
                like = facts[-1]
                facts.append(like | {"form": "8-K", "accn": "9999999999-99-999999", "val": -1.0})
                facts.append(like | {"form": "DEF 14A", "accn": "9999999999-99-999998", "val": -2.0})
                if "start" in like:
                    facts.append(like | {"start": like["end"], "val": -3.0})
