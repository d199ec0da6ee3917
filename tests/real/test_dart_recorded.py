"""Every recorded body of OpenDART, served on this machine and read by the adapter."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from dart_recorded import RecordedDart

from workbench.adapters.base import Fetched, Listing, Request
from workbench.adapters.dart import Dart
from workbench.adapters.dart.companies import read
from workbench.adapters.net import Patience, Rate, Reply
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "0123456789abcdef0123456789abcdef01234567"
NOW = "2026-11-19T12:00:00+00:00"
PREFERRED = {"005935": Listing("XKRX", None, "KRW", "삼성전자우")}
#: Statements: ticker, end of the period, rows of that period, filed as; the first one is asked in two ways.
STATEMENTS = [
    ("005930", date(2021, 12, 31), 41, "20220308000798-CFS"),
    ("005930", date(2018, 12, 31), 15, "20190401004781-CFS"),
    ("005930", date(2021, 3, 31), 3, "20210517001185-CFS"),
    ("005930", date(2024, 9, 30), 2, "20241114002642-CFS"),
    ("007810", date(2022, 3, 31), 2, "20220516001861-CFS"),
    ("028260", date(2026, 3, 31), 1, "20260515001895-CFS"),
]
ERRORS = {
    "error_010.json": Unauthorised,
    "error_010.xml": Unauthorised,
    "error_011.json": Unauthorised,
    "error_012.json": Unauthorised,
    "error_901.json": Unauthorised,
    "error_014.json": ProviderError,
    "error_020.json": Throttled,
    "error_021.json": ProviderError,
    "error_100.json": ProviderError,
    "error_101.json": ProviderError,
    "error_800.json": Throttled,
    "error_900.json": Unreachable,
}


@pytest.fixture(scope="session")
def folder() -> Path:
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    found = shared / "providers" / "dart" / "fixtures"
    if not found.is_dir():
        pytest.skip(f"no recorded bodies at {found}: name their folder's parent in WORKBENCH_SHARED")
    return found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", NOW)
    monkeypatch.setenv("DART_API_KEY", KEY)


@pytest.fixture
def serve(folder: Path, monkeypatch: pytest.MonkeyPatch):
    servers = []

    def start(always: str = "") -> tuple[RecordedDart, Dart]:
        server = RecordedDart(folder, always=always).__enter__()
        servers.append(server)
        monkeypatch.setenv("WORKBENCH_URL_DART", server.url)
        return server, Dart(rates=(Rate(100_000, 1.0),), patience=Patience(attempts=2, sleep=lambda _: None))

    yield start
    for server in servers:
        server.__exit__()


def asked(adapter: Dart, table: str, tickers: tuple[str, ...], start: date, end: date | None = None) -> Fetched:
    return adapter.fetch(table, Request("KR", tickers, start, end or start, PREFERRED))


@pytest.mark.parametrize(("ticker", "end", "count", "filing"), STATEMENTS)
def test_statements_become_rows(serve, ticker: str, end: date, count: int, filing: str) -> None:
    _, adapter = serve()
    frame = asked(adapter, "fundamentals", (ticker,), end).frame
    assert set(frame["period_end"]) == {end}
    own = frame.filter(pl.col("filing_id") == filing)
    assert own.height == count, own.select("item", "period", "value").rows()
    assert own["currency"].unique().to_list() == ["KRW"]


def test_all_bodies_of_samsung_are_served_at_once(serve, folder: Path) -> None:
    server, adapter = serve()
    fetched = asked(
        adapter, "fundamentals", ("005930", "005935", "007810", "028260"), date(2015, 1, 1), date(2026, 6, 30)
    )
    asked(adapter, "shares", ("005930",), date(2023, 1, 1), date(2023, 12, 31))
    assert adapter.probe()
    assert adapter._service.rows("fnlttSinglIndx", corp_code="00126380", bsns_year="2023", reprt_code="11011")
    unread = {"README.md", "CORPCODE.xml", "fnlttSinglAcntAll_00126380_2021_11011_OFS.json"}
    files = {path.name for path in folder.iterdir() if not path.name.startswith("error_")}
    assert files - set(server.served) == unread, (
        "the separate statements are not asked where there are consolidated ones"
    )
    rows = fetched.frame.group_by("ticker").len().sort("ticker").rows()
    assert rows == [("005930", 87), ("005935", 87), ("007810", 2), ("028260", 2)]


def test_separate_statements_are_read_where_there_are_no_consolidated_ones(serve, folder: Path, tmp_path: Path) -> None:
    server, adapter = serve()
    del server._by_report["fnlttSinglAcntAll", "00126380", "2021", "11011", "CFS"]
    frame = asked(adapter, "fundamentals", ("005930",), date(2021, 12, 31)).frame
    found = dict(frame.filter(pl.col("filing_id") == "20220308000798-OFS").select("item", "value").iter_rows())
    assert found["revenue"] == 199_744_705_000_000
    assert found["net_income"] == 30_970_954_000_000
    assert found["total_equity"] == 193_193_732_000_000


def test_dividends_and_counts_are_those_of_each_class(serve) -> None:
    _, adapter = serve()
    frame = asked(adapter, "fundamentals", ("005930", "005935"), date(2021, 12, 31)).frame
    paid = frame.filter(pl.col("item") == "dividends_per_share").select("ticker", "value", "available_date")
    # Filed on 2022-03-08, the day before an election on which the exchange was closed.
    assert paid.rows() == [("005930", 1444.0, date(2022, 3, 10)), ("005935", 1445.0, date(2022, 3, 10))]
    counts = asked(adapter, "shares", ("005930", "005935"), date(2023, 12, 31))
    assert counts.frame.drop("region", "source").rows() == [
        ("005930", date(2023, 12, 31), date(2024, 3, 13), 5_969_782_550.0, "outstanding")
    ]
    assert [(gap.ticker, gap.reason) for gap in counts.absent] == [("005935", "not_covered")]


def test_the_list_of_companies(folder: Path) -> None:
    archive, plain = (folder / "corpCode.zip").read_bytes(), (folder / "CORPCODE.xml").read_bytes()
    found = read(Reply("dart", "corpCode.xml", 200, {}, archive))
    assert len(found) == 74
    assert (found["005930"], found["007810"], found["028260"]) == (["00126380"], ["00152686"], ["00149655"])
    with pytest.raises(ShapeChanged):
        read(Reply("dart", "corpCode.xml", 200, {}, plain))


def test_every_error_is_typed(serve, folder: Path) -> None:
    bodies = sorted(path.name for path in folder.glob("error_*"))
    assert {*ERRORS, "error_013.json"} == set(bodies)
    for name, error in ERRORS.items():
        _, adapter = serve(name)
        adapter._service.budget.path.unlink(missing_ok=True)
        with pytest.raises(error) as caught:
            adapter.fetch("fundamentals", Request("KR", ("005930",))) if name.endswith(".xml") else adapter.probe()
        assert KEY not in f"{caught.value!s}{caught.value!r}{caught.value.context}{caught.value.__cause__!r}", name
        assert caught.value.hint, name


def test_no_data_is_no_error(serve) -> None:
    _, adapter = serve("error_013.json")
    assert "no data" in adapter.probe()
