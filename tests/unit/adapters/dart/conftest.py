"""A local OpenDART of few bodies, written by the test itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import Answer, Call, LocalServer

from workbench.adapters.dart import Dart
from workbench.adapters.net import Patience, Rate

KEY = "feedfacefeedfacefeedfacefeedfacefeedface"


class OwnDart(LocalServer):
    """Answers what ``put`` has named, else 013; ``entries`` are stock code, company code and day of change."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[tuple[str, ...], Any] = {}
        self.entries = [("000010", "00000010", "20240101")]

    def put(self, service: str, *asked: str, rows: Any) -> None:
        """Rows (or a whole body) of a service for company, year, report and basis, as far as it has them."""
        self.bodies[(service, *asked)] = rows

    def filings(self, corp: str, **reports: str) -> None:
        """The list of a company's filings: receipt number by name, with ``_`` for the blank and the brackets."""
        rows = [{"report_nm": name, "rcept_no": number} for name, number in reports.items()]
        self.put("list", corp, rows={"total_page": 1, "list": rows})

    def asked(self, service: str) -> list[dict[str, str]]:
        return [call.query for call in self.calls if call.path.rpartition("/")[2].partition(".")[0] == service]

    def answer(self, call: Call) -> Answer:
        service = call.path.rpartition("/")[2].partition(".")[0]
        if service == "corpCode":
            return Answer(_archive(self.entries))
        names = ("corp_code", "bsns_year", "reprt_code", "fs_div")
        rows = self.bodies.get((service, *(call.query[name] for name in names if name in call.query)))
        if rows is None:
            return Answer({"status": "013", "message": "조회된 데이타가 없습니다."})
        return Answer({"status": "000", "message": "정상", **(rows if isinstance(rows, dict) else {"list": rows})})


def _archive(entries: list[tuple[str, str, str]]) -> bytes:
    text = "".join(
        f"<list><corp_code>{corp}</corp_code><stock_code>{stock}</stock_code><modify_date>{day}</modify_date></list>"
        for stock, corp, day in entries
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("CORPCODE.xml", f"<result>{text}</result>")
    return packed.getvalue()


def line(number: str, where: str, tag: str, now: str, **more: str) -> dict[str, str]:
    """One row of full statements."""
    row = {"rcept_no": number, "sj_div": where, "account_id": tag, "account_nm": "x", "account_detail": "-"}
    return row | {"thstrm_amount": now, "currency": "KRW"} | more


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OwnDart]:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", "2025-11-20T09:00:00+00:00")
    monkeypatch.setenv("DART_API_KEY", KEY)
    with OwnDart() as server:
        monkeypatch.setenv("WORKBENCH_URL_DART", server.url)
        yield server


@pytest.fixture
def row():
    """Writes one row of full statements: receipt number, statement, id, amount, further cells."""
    return line


@pytest.fixture
def make():
    """A fresh adapter that does not wait."""
    return lambda **options: Dart(
        rates=(Rate(100_000, 1.0),), patience=Patience(attempts=2, sleep=lambda _: None), **options
    )
