"""Every recorded body of KIS, served over a local server and read by the adapter; and the real master files."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from local_server import Answer, Call, LocalServer

from workbench import markets
from workbench.adapters.base import Fetched, Listing, Request
from workbench.adapters.kis import Kis, master_korea, master_overseas
from workbench.adapters.kis.client import NoSuchInstrument, NotOffered
from workbench.adapters.kis.exchanges import EXCHANGES
from workbench.adapters.kis.master_files import MasterFile, unpacked
from workbench.adapters.net import Patience
from workbench.errors import ProviderError, Throttled, Unauthorised

ROOT = Path(__file__).resolve().parents[2]
QUICK = Patience(attempts=2, connect=1.0, read=2.0, deadline=3.0, sleep=lambda _: None)
AT = datetime(2026, 7, 22, 12, 0, tzinfo=UTC)
TOKEN = "/oauth2/tokenP"


@pytest.fixture(scope="module")
def fixtures() -> Path:
    shared = Path(os.environ.get("WORKBENCH_SHARED", ROOT.parent / "shared"))
    folder = shared / "providers" / "kis" / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"no recorded bodies at {folder}: name their parent folder in WORKBENCH_SHARED")
    return folder


class Recorded(LocalServer):
    """Answers each path with the recorded bodies it was given, in turn; the last one again and again."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.index: dict[str, Any] = json.loads((folder / "index.json").read_text("utf-8"))
        self.queued: dict[str, list[str]] = {TOKEN: ["token_success.json"]}

    def play(self, *names: str) -> None:
        for name in names:
            self.queued.setdefault(self.index[name]["request"]["path"], []).append(name)

    def answer(self, call: Call) -> Answer:
        if call.path.endswith(".zip"):
            return self._master(call.path.rpartition("/")[2])
        names = self.queued.get(call.path, [])
        if not names:
            return Answer({"rt_cd": "1", "msg_cd": "OPSQ0002", "msg1": "no body for this"}, 500)
        name = names.pop(0) if len(names) > 1 else names[0]
        said = self.index[name]
        return Answer((self.folder / name).read_bytes(), said["http_status"], said["response_headers"])

    def _master(self, name: str) -> Answer:
        whole = self.folder / "masters" / name
        if whole.exists():
            return Answer(whole.read_bytes())
        member = name.removesuffix(".zip")
        piece = next(
            path for path in (self.folder / "masters" / "slices").iterdir() if path.name.lower() == member.lower()
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(piece.name, piece.read_bytes())
        return Answer(packed.getvalue())


@pytest.fixture
def server(fixtures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Recorded]:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WORKBENCH_NOW", "2026-07-22T23:00:00+00:00")
    monkeypatch.setenv("KIS_APP_KEY", "k" * 36)
    monkeypatch.setenv("KIS_APP_SECRET", "s" * 180)
    monkeypatch.delenv("KIS_PAPER", raising=False)
    with Recorded(fixtures) as running:
        monkeypatch.setenv("WORKBENCH_URL_KIS", running.url)
        monkeypatch.setenv("WORKBENCH_URL_KIS_MASTER", running.url)
        yield running


#: File to what a call that brings it ends in: an error, or None for a success.
BODIES: dict[str, type[ProviderError] | None] = {
    "domestic_daily_halted.json": None,
    "domestic_daily_no_rows.json": None,
    "domestic_daily_page1.json": None,
    "domestic_daily_page2.json": None,
    "domestic_daily_sample.json": None,
    "domestic_daily_unknown_symbol.json": None,
    "overseas_daily_empty.json": None,
    "overseas_daily_hks_built.json": None,
    "overseas_daily_hsx_built.json": None,
    "overseas_daily_missing_outputs.json": None,
    "overseas_daily_page1.json": None,
    "overseas_daily_page2.json": None,
    "overseas_daily_real_aapl.json": None,
    "overseas_daily_shs_built.json": None,
    "overseas_daily_success.json": None,
    "overseas_daily_tse_built.json": None,
    "price_detail_overseas.json": None,
    "price_domestic.json": None,
    "holiday_domestic.json": None,
    "settlement_dates_overseas.json": None,
    "financial_ratio.json": None,
    "search_info_overseas.json": None,
    "search_stock_info_domestic.json": None,
    "market_cap_rank.json": None,
    "balance_domestic.json": None,
    "balance_domestic_empty.json": None,
    "balance_domestic_page1.json": None,
    "balance_domestic_page2.json": None,
    "balance_overseas.json": None,
    "present_balance_overseas.json": None,
    "buyable_domestic.json": None,
    "buyable_overseas.json": None,
    "executions_domestic.json": None,
    "executions_overseas_empty.json": None,
    "open_orders_domestic.json": None,
    "open_orders_overseas.json": None,
    "order_domestic_accepted.json": None,
    "order_domestic_cancel_accepted.json": None,
    "order_overseas_accepted.json": None,
    "order_overseas_cancel_accepted.json": None,
    "order_rejected_cash.json": ProviderError,
    "order_rejected_paper_before_open.json": ProviderError,
    "order_rejected_paper_closed.json": ProviderError,
    "order_rejected_paper_holiday.json": ProviderError,
    "order_rejected_paper_not_offered.json": NotOffered,
    "order_rejected_unknown_symbol.json": NoSuchInstrument,
    "error_rate_limit.json": Throttled,
    "error_rate_limit_ledger.json": Throttled,
    "error_token_expired.json": Unauthorised,
    "error_token_invalid.json": Unauthorised,
    "error_tr_not_on_paper.json": NotOffered,
    "error_real_key_on_paper.json": Unauthorised,
    "error_paper_key_on_real.json": Unauthorised,
    "error_invalid_account.json": Unauthorised,
    "error_invalid_input.json": ProviderError,
}
#: Of the token's own path, and one in an envelope that no reading call has.
TOKENS = {
    "token_success.json": None,
    "token_refused_bad_appkey.json": Unauthorised,
    "token_refused_bad_appsecret.json": Unauthorised,
    "token_refused_too_often.json": Throttled,
}
OTHER = {"token_revoke_success.json", "hashkey_success.json"}


def test_every_body_is_looked_at(server: Recorded) -> None:
    assert set(server.index) == set(BODIES) | set(TOKENS) | OTHER
    assert len(server.index) == 61


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_recorded_body_ends_as_it_should(server: Recorded, name: str) -> None:
    server.play(name)
    path = server.index[name]["request"]["path"].removeprefix("/uapi/")
    client = Kis(patience=QUICK).client
    error = BODIES[name]
    if error is None:
        body = client.get(path, "TRANSACTION", {})
        assert body == json.loads((server.folder / name).read_bytes())
        return
    with pytest.raises(error) as caught:
        client.get(path, "TRANSACTION", {})
    assert type(caught.value) is error
    assert caught.value.context["msg_cd"] in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_a_recorded_answer_for_a_token_ends_as_it_should(server: Recorded, name: str) -> None:
    server.queued[TOKEN] = [name]
    client = Kis(patience=QUICK).client
    error = TOKENS[name]
    if error is None:
        assert client.token().value == "PLACEHOLDER.ACCESS.TOKEN"
        return
    with pytest.raises(error):
        client.token()


def test_the_expiry_of_the_recorded_token_is_korea_time(server: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2023-12-21T00:00:00+00:00")
    assert Kis(patience=QUICK).client.token().expires == datetime(2023, 12, 21, 23, 16, 59, tzinfo=UTC)


def fetch(region: str, ticker: str, exchange: str, start: str, end: str, table: str = "ohlcv") -> Fetched:
    days = date.fromisoformat(start), date.fromisoformat(end)
    return Kis(patience=QUICK).fetch(
        table, Request(region, (ticker,), *days, {ticker: Listing(exchange=exchange.strip("-") or None)})
    )


#: Bodies, what is asked of them (region, ticker, exchange, first and last day), bars, first and last close, reasons
#: of absences, calls. The two pages of overseas prices hold 50 and 36 rows, so that a short page is not the last.
PAGES = ("overseas_daily_page1.json overseas_daily_page2.json", "domestic_daily_page1.json domestic_daily_page2.json")
RECORDED: list[tuple[str, str, int, Any, Any, list[str], int]] = [
    (PAGES[0], "US TSLA XNAS 2021-12-03 2022-04-06", 86, 1014.97, 1045.76, [], 2),
    ("overseas_daily_success.json", "US TSLA XNAS 2021-12-03 2022-04-06", 86, 1014.97, 1045.76, [], 1),
    ("overseas_daily_real_aapl.json", "US AAPL XNAS 2026-06-17 2026-06-17", 1, 295.95, 295.95, [], 1),
    ("overseas_daily_tse_built.json", "JP 7203 XTKS 2025-06-11 2025-06-12", 2, 2612.5, 2620.0, [], 1),
    ("overseas_daily_hks_built.json", "HK 00700 XHKG 2025-06-11 2025-06-12", 2, 512.0, 514.5, [], 1),
    ("overseas_daily_shs_built.json", "CN 600519 XSHG 2025-06-11 2025-06-12", 2, 1448.2, 1455.01, [], 1),
    ("overseas_daily_hsx_built.json", "VN VNM XSTC 2025-06-11 2025-06-12", 2, 55200.0, 55000.0, [], 1),
    ("overseas_daily_empty.json", "US NOSUCH XNYS 2025-06-11 2025-06-12", 0, None, None, ["not_covered"], 1),
    ("overseas_daily_missing_outputs.json", "US AAPL XNAS 2025-06-11 2025-06-12", 0, None, None, ["unknown"], 1),
    (PAGES[1], "KR 005930 XKRX 2024-06-21 2024-12-30", 137, None, 69800.0, [], 2),
    ("domestic_daily_sample.json", "KR 000660 XKRX 2022-05-09 2022-05-09", 1, 107500.0, 107500.0, [], 1),
    ("domestic_daily_halted.json", "KR 005930 XKRX 2024-12-26 2024-12-30", 3, 68800.0, 68800.0, [], 1),
    ("domestic_daily_no_rows.json", "KR 005930 XKRX 2025-01-02 2025-01-02", 0, None, None, ["unknown"], 1),
    ("domestic_daily_unknown_symbol.json", "KR 999999 - 2024-12-02 2024-12-30", 0, None, None, ["not_covered"], 1),
]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case[0].partition(".")[0])
def test_recorded_bars(server: Recorded, case: Any) -> None:
    names, asked, count, first, last, reasons, calls = case
    region, ticker, exchange, start, end = asked.split()
    server.play(*names.split())
    fetched = fetch(region, ticker, exchange, start, end)
    frame = fetched.frame.sort("date")
    assert frame.height == count
    if first is not None:
        assert frame["close"][0] == first
    if last is not None:
        assert frame["close"][-1] == last
    assert [gap.reason for gap in fetched.absent] == reasons
    assert sum(call.path.startswith("/uapi") for call in server.calls) == calls
    have = set(frame["date"])
    for day in markets.sessions(region, date.fromisoformat(start), date.fromisoformat(end)):
        assert (day in have) + sum(gap.start <= day <= gap.end for gap in fetched.absent) == 1


def test_every_recorded_bar_is_whole(server: Recorded) -> None:
    server.play("overseas_daily_success.json")
    frame = fetch("US", "TSLA", "XNAS", "2021-12-03", "2022-04-06").frame
    assert frame.null_count().sum_horizontal().sum() == 0
    assert (frame["low"] <= frame["close"]).all() and (frame["close"] <= frame["high"]).all()
    first = frame.filter(pl.col("date") == date(2022, 4, 6)).row(0, named=True)
    assert (first["open"], first["high"], first["low"]) == (1073.47, 1079.0, 1027.7)
    assert (first["volume"], first["turnover"]) == (29_782_845.0, 31_190_274_312.0)


def test_recorded_details(server: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    server.play("price_detail_overseas.json", "price_domestic.json")
    tesla = fetch("US", "TSLA", "XNAS", "2026-07-20", "2026-07-22", "fundamentals").frame
    assert dict(tesla.select("item", "value").iter_rows()) == {
        "per": 69.51,
        "pbr": 15.21,
        "eps": 3.52,
        "bps": 16.11,
        "market_cap": 777_659_289_900.0,
    }
    assert set(tesla["available_date"]) == {date(2026, 7, 23)}
    shares = fetch("US", "TSLA", "XNAS", "2026-07-20", "2026-07-22", "shares").frame
    assert shares["shares_outstanding"].to_list() == [3_173_990_000.0]
    hynix = fetch("KR", "000660", "XKRX", "2026-07-20", "2026-07-22", "fundamentals").frame
    assert dict(hynix.select("item", "value").iter_rows()) == {
        "per": 19.67,
        "pbr": 1.72,
        "eps": 6532.0,
        "bps": 74721.0,
        "market_cap": 93_548_300_000_000.0,
    }


def test_recorded_holidays(server: Recorded) -> None:
    server.play("holiday_domestic.json")
    days = Kis(patience=QUICK).holidays(date(2022, 12, 27))
    assert len(days) == 24
    assert days[date(2022, 12, 29)]
    assert not days[date(2022, 12, 30)], "the year's last weekday: banks open, the exchange closed"
    assert not days[date(2022, 12, 31)], "a Saturday with tr_day_yn Y"
    assert [day for day, is_open in days.items() if is_open] == markets.sessions("KR", min(days), max(days))


# Master files.


def read(fixtures: Path, *files: str) -> pl.DataFrame:
    """Master files by name, the complete ones where they are there and the slices else."""
    pairs = []
    for file in files:
        code = file.removesuffix(".zip")
        exchange = next(one for one in EXCHANGES if one.master == code.lower())
        whole = fixtures / "masters" / f"{code}.zip"
        if file.endswith(".zip"):
            lines = unpacked(code, whole.read_bytes())
        else:
            lines = (fixtures / "masters" / "slices" / code).read_bytes()
        pairs.append((exchange, MasterFile(code.lower(), lines, AT)))
    reader = master_korea if pairs[0][0].domestic else master_overseas
    return reader.read(pairs)


#: File to rows by asset type. Why, file by file, in the test below.
COUNTS: dict[str, dict[str, int]] = {
    "nasmst.cod.zip": {
        "stock": 3055,
        "etf": 620,
        "adr": 213,
        "spac": 190,
        "unit": 190,
        "warrant": 130,
        "preferred": 129,
        "note": 57,
        "fund": 15,
        "reit": 7,
        "etn": 3,
        "etp": 3,
        "right": 2,
        "other": 1,
    },
    "NASMST.COD": {
        "stock": 143,
        "etf": 28,
        "adr": 12,
        "unit": 9,
        "preferred": 8,
        "spac": 6,
        "warrant": 6,
        "note": 1,
        "fund": 1,
        "etn": 1,
    },
    "NYSMST.COD": {
        "stock": 134,
        "preferred": 38,
        "fund": 12,
        "adr": 9,
        "note": 9,
        "reit": 8,
        "unit": 2,
        "spac": 2,
        "etf": 2,
    },
    "AMSMST.COD": {
        "etf": 181,
        "stock": 21,
        "etn": 5,
        "preferred": 3,
        "fund": 2,
        "adr": 2,
        "unit": 1,
        "reit": 1,
    },
    "HKSMST.COD": {"stock": 207, "etf": 2, "reit": 1, "other": 1},
    "TSEMST.COD": {"etf": 128, "stock": 77, "etn": 2, "reit": 1, "preferred": 1},
    "SHSMST.COD": {"etf": 199, "stock": 7, "fund": 2},
    "SZSMST.COD": {"stock": 207, "etf": 3},
    "HNXMST.COD": {"stock": 202},
    "HSXMST.COD": {"stock": 187, "etf": 17},
    "kospi_code.mst.zip": {
        "etf": 1151,
        "stock": 808,
        "etn": 386,
        "preferred": 110,
        "fund": 80,
        "reit": 23,
        "right": 5,
        "warrant": 4,
        "adr": 1,
    },
    "kosdaq_code.mst.zip": {"stock": 1737, "spac": 73, "adr": 8, "preferred": 3},
    "konex_code.mst": {"stock": 119},
}


@pytest.mark.parametrize("file", sorted(COUNTS))
def test_real_master_files_by_kind(fixtures: Path, file: str) -> None:
    """Each line is a row, and its kind follows from the file.

    Nasdaq: 3974 of 4615 lines call themselves stocks, of which 190 are bundles of share and warrants or rights,
    190 the shares of such companies, 213 depositary receipts (the file's flag knows 14), 130 warrants, 129 preferred
    shares and 57 notes; of the 641 products 15 are closed-end funds. New York: slash symbols are preferred shares
    or bundles but for A and B shares of three companies. Shanghai: 589000 is a fund under stocks. Hong Kong: 80700
    is the yuan counter of 00700. Tokyo: 8951 trades one by one, so it is a trust; 25935 is a preferred share.
    KOSPI: groups as the broker's table has them (917 of group ST, 110 of them preferred, one foreign share);
    KOSDAQ: 73 shares carry the flag of a SPAC.
    """
    rows = read(fixtures, file)
    assert dict(rows["asset_type"].value_counts().iter_rows()) == COUNTS[file]
    assert rows.select("ticker", "name", "currency").null_count().sum_horizontal().sum() == 0


def test_the_complete_files_lose_no_line(fixtures: Path) -> None:
    for file, lines in (("nasmst.cod.zip", 4615), ("kospi_code.mst.zip", 2568), ("kosdaq_code.mst.zip", 1821)):
        assert read(fixtures, file).height == lines


def test_awkward_symbols(fixtures: Path) -> None:
    america = read(fixtures, "NASMST.COD", "NYSMST.COD", "AMSMST.COD")
    kinds = dict(america.select("ticker", "asset_type").iter_rows())
    assert {"NA", "NAN", "TRUE", "A"} <= set(kinds), "null words, and the first line of a file"
    wanted = {
        "BRK.A": "stock",
        "BRK.B": "stock",
        "BF.B": "stock",
        "AGM.A": "stock",
        "AKO.A": "adr",
        "ABR.D": "preferred",
    }
    wanted |= {"HWM.PR": "preferred", "ET.I": "preferred", "AACT.UN": "unit", "AACT": "spac", "ADSE": "stock"}
    wanted |= {"SPY": "etf", "VXX": "etn", "CEF": "fund"}
    assert {ticker: kinds[ticker] for ticker in wanted} == wanted
    china = read(fixtures, "SHSMST.COD", "SZSMST.COD")
    assert set(china["currency"]) == {"CNY"}, "six rows say Hong Kong dollars, among them 300114"
    korea = read(fixtures, "kospi_code.mst.zip", "kosdaq_code.mst.zip", "konex_code.mst")
    samsung = korea.filter(pl.col("ticker") == "005930").row(0, named=True)
    assert (samsung["name"], samsung["listed"], samsung["lot"]) == ("삼성전자", date(1975, 6, 11), 1)
    assert samsung["shares"] > 5e9
    assert korea.filter(pl.col("asset_type") == "etn")["ticker"].str.contains("^[0-9]{6}$").all()


def test_listing_and_attributes_of_all_regions(server: Recorded, record_property: Any) -> None:
    kis = Kis(patience=QUICK)
    heights = {}
    for region in ("KR", "US", "CN", "HK", "JP", "VN"):
        frame = kis.fetch("tickers", Request(region)).frame
        heights[region] = frame.height
        attributes = kis.fetch("attributes", Request(region)).frame
        assert attributes.filter(pl.col("kind") == "lot").height == frame.height
        sectors = attributes.filter(pl.col("kind") == "sector")
        assert sectors["value"].is_in(["Energy", "Materials", "Industrials", "Consumer Discretionary"]).any()
    # The files are of different years: two shares of KONEX and two of Nasdaq have moved to another board since.
    assert heights == {"KR": 4506, "US": 5045, "CN": 418, "HK": 211, "JP": 209, "VN": 406}
    begun = time.perf_counter()
    Kis(patience=QUICK).fetch("tickers", Request("US"))
    record_property("seconds for the listing of the United States from kept files", time.perf_counter() - begun)


def test_sectors_of_companies_everybody_knows(server: Recorded) -> None:
    kis = Kis(patience=QUICK)
    rows = pl.concat([kis.fetch("attributes", Request(region)).frame for region in ("KR", "US", "HK")])
    sectors = rows.filter(pl.col("kind") == "sector")
    known = {
        (region, ticker): value for region, ticker, value in sectors.select("region", "ticker", "value").iter_rows()
    }
    assert known["KR", "005930"] == "Information Technology"
    assert known["US", "MSFT"] == "Information Technology"
    assert known["US", "AMGN"] == "Health Care"
    assert known["US", "PEP"] == "Consumer Staples"
    assert known["HK", "00001"] == "Industrials"


def test_index_files_are_not_read_as_listings(fixtures: Path) -> None:
    shanghai = next(one for one in EXCHANGES if one.code == "SHS")
    lines = (fixtures / "masters" / "slices" / "SHIMST.COD").read_bytes()
    with pytest.raises(ProviderError, match="SHI"):
        master_overseas.read([(shanghai, MasterFile("shsmst.cod", lines, AT))])
