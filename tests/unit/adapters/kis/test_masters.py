"""Master files: cut by bytes, first line and all, told by kind, kept a day, and never lost for a detail."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from kis_server import KisServer, korean_line, overseas_line
from local_server import Answer

from workbench import journal
from workbench.adapters.base import Listing, Request
from workbench.adapters.kis import master_korea, master_overseas
from workbench.adapters.kis.exchanges import EXCHANGES, Exchange, of_mic, of_region, symbol_of, ticker_of
from workbench.adapters.kis.master_files import MasterFile, unpacked
from workbench.errors import ShapeChanged, Unreachable

AT = datetime(2025, 6, 12, 3, 0, tzinfo=UTC)
BY_CODE = {exchange.code: exchange for exchange in EXCHANGES if not exchange.domestic}
BY_FILE = {exchange.master: exchange for exchange in EXCHANGES}


def listed(code: str, *lines: bytes) -> pl.DataFrame:
    exchange = BY_CODE[code]
    master = MasterFile(exchange.master, b"".join(line + b"\n" for line in lines), AT)
    return master_overseas.read([(exchange, master)])


def line(code: str, symbol: str, name: str = "A COMPANY", **fields: str) -> bytes:
    return overseas_line(BY_CODE[code], symbol, name, **fields)


def korea(file: str, *lines: bytes) -> pl.DataFrame:
    return master_korea.read([(BY_FILE[file], MasterFile(file, b"".join(one + b"\n" for one in lines), AT))])


def kind(code: str, symbol: str, name: str, **fields: str) -> str:
    return str(listed(code, line(code, symbol, name, **fields))["asset_type"][0])


# Overseas, by bytes.


def test_the_first_line_is_data_and_null_words_are_symbols() -> None:
    got = listed("NAS", *(line("NAS", symbol) for symbol in ("NA", "NAN", "TRUE", "NULL", "INF", "AAPL")))
    assert got["ticker"].to_list() == ["NA", "NAN", "TRUE", "NULL", "INF", "AAPL"]


def test_quotes_are_ordinary_characters() -> None:
    got = listed("NAS", line("NAS", "ABC", 'THE "ABC COMPANY'), line("NAS", "DEF", '"DEF"'))
    assert got["name"].to_list() == ['THE "ABC COMPANY', '"DEF"']


def test_codes_of_digits_keep_their_zeros() -> None:
    assert listed("HKS", line("HKS", "00700", "TENCENT"))["ticker"].to_list() == ["00700"]
    assert listed("SZS", line("SZS", "000001", "PING AN BANK"))["ticker"].to_list() == ["000001"]
    assert listed("TSE", line("TSE", "130A", "VERITAS IN SILICO", lot="100"))["ticker"].to_list() == ["130A"]


def test_a_korean_name_with_a_second_byte_like_ascii_does_not_shift_the_columns() -> None:
    got = listed("NAS", line("NAS", "AAPL", "", korean="삼믜 뜅 쀼"))
    assert got.select("ticker", "name").row(0) == ("AAPL", "삼믜 뜅 쀼")


def test_a_name_that_does_not_decode_loses_no_row() -> None:
    broken = line("NAS", "AAPL", "APPLE INC").replace("거래소".encode("cp949"), b"\xff\xff\xb0")
    assert listed("NAS", broken)["ticker"].to_list() == ["AAPL"]


def test_a_line_of_another_form_is_left_out_and_noted() -> None:
    got = listed("NAS", *(line("NAS", f"A{chr(65 + n // 26)}{chr(65 + n % 26)}") for n in range(300)), b"a\tb")
    assert got.height == 300
    assert [one["left_out"] for one in journal.read() if one["event"] == "kis.master_lines"] == [1]


@pytest.mark.parametrize("lines", [[b"a\tb\tc"], [b"{}"], [line("NAS", "AAPL") + b"\tmore"], []])
def test_other_columns_are_another_shape(lines: list[bytes]) -> None:
    with pytest.raises(ShapeChanged, match="columns"):
        listed("NAS", *lines)


def test_rows_of_another_exchange_are_another_shape() -> None:
    with pytest.raises(ShapeChanged, match="'SHI'"):
        listed("SHS", line("SHS", "600519"), line("SHS", "000001", excd="SHI"))


def test_indexes_are_not_listed() -> None:
    assert listed("SHS", line("SHS", "600519"), line("SHS", "000300", stis="1"))["ticker"].to_list() == ["600519"]


# Overseas, by kind.


@pytest.mark.parametrize(
    ("symbol", "name", "wanted"),
    [
        ("AAPL", "APPLE INC", "stock"),
        ("BRK/B", "BERKSHIRE HATHAWAY INC", "stock"),
        ("BF/A", "BROWN-FORMAN CORP", "stock"),
        ("AGM/A", "FEDERAL AGRICULTURAL MORTGAGE CORP", "stock"),
        ("GOOGL", "ALPHABET INC", "stock"),
        ("ADSE", "ADS TEC ENERGY PLC", "stock"),
        ("PFBC", "PREFERRED BK LOS ANGELES CALIFORNIA", "stock"),
        ("PPTA", "PERPETUA RES CORP", "stock"),
        ("NTRS", "NORTHERN TRUST CORP", "stock"),
        ("BOND", "BONDS DIRECT INC", "stock"),
        ("MARPS", "MARINE PETROLEUM TRUST UNITS OF BNF INT NPV", "stock"),
        ("ET", "ENERGY TRANSFER LP UNIT LTD PARTNERSHIP INT", "stock"),
        ("AACT/UN", "ARES ACQUISITION CORPORATION II UNIT 1 CL A & 1/2 WT", "unit"),
        ("BTSGU", "BRIGHT HEALTH SERVICES INC TANGIBLE EQUITY UNIT", "unit"),
        ("AIMAU", "SOME INVESTMENT CORP I UT 1A&1WT CL1 EX & 1/2WT", "unit"),
        ("ADSEW", "ADS TEC ENERGY PLC C/WTS (TO PUR COM)", "warrant"),
        ("LGHLW", "SOME HOLDING LTD C/WTS 16/06/2025 (TO PUR ADS)", "warrant"),
        ("OPP/RT", "SOME FUND RIGHTS", "right"),
        ("ABR/D", "ARBOR REALTY TRUST INC 6.375% SERIES D CUMULATIVE RED PFD ST", "preferred"),
        ("ALB/A", "ALBEMARLE CORP 7.25% DEP SHS REP 1/20TH SER A", "preferred"),
        ("ET/I", "ENERGY TRANSFER LP SER I FXD RT PER PFD UNITS", "preferred"),
        ("HWM/", "HOWMET AEROSPACE INC $3.75 PREFERRED STOCK", "preferred"),
        ("TCBIO", "TEXAS CAPITAL BANCSHARES INC DEP SHS REP 1/40TH FXD RT NCUM", "preferred"),
        ("CSSEP", "CHICKEN SOUP INC 9.75% CUM RED SER A PER", "preferred"),
        ("CSSEN", "CHICKEN SOUP INC 9.50% NOTES DUE 2025 USD", "note"),
        ("CGABL", "CARLYLE FIN LLC 4.625% SRN 15/05/2061 USD25", "note"),
        ("AZN", "ASTRAZENECA SPON ADR EACH REP 0.50 ORD SHS", "adr"),
        ("LI", "LI AUTO INC SPN ADS ECH REP 2 ORD SHS CL A", "adr"),
        ("AKO/A", "EMBOTELLADORA ANDINA SA SPON ADR-EACH REPR 6 SER A PRF NPV", "adr"),
        ("PSNY", "POLESTAR AUTOMOTIVE HOLDING UK PLC ADS CL A EACH REP 1 CL A", "adr"),
        ("ALTU", "ALTITUDE ACQUISITION CORP", "spac"),
        ("ANSC", "AGRICULTURE & NAT SOLUTIONS ACQ COR", "spac"),
        ("PW", "POWER REIT", "reit"),
    ],
)
def test_kinds_of_the_united_states(symbol: str, name: str, wanted: str) -> None:
    assert kind("NYS", symbol, name) == wanted


def test_a_fifth_letter_tells_where_the_name_does_not() -> None:
    company, other = "INFLECTION PNT ACQUISITION CORP II", "NEW MOUNTAIN FINANCE CORPORATION"
    got = listed(
        "NAS",
        line("NAS", "IPXX", company),
        line("NAS", "IPXXU", company),
        line("NAS", "AITR", "AI TRANSPORTATION ACQUISITION CORP"),
        line("NAS", "AITRR", "AI TRANSPORTATION ACQUISITION CORP COM"),
        line("NAS", "NMFC", other),
        line("NAS", "NMFCZ", other),
        line("NAS", "FOXU", "FOX LTD"),
        line("NAS", "CRESU", "CRES INC"),
    )
    kinds = dict(got.select("ticker", "asset_type").iter_rows())
    assert kinds == {
        "IPXX": "spac",
        "IPXXU": "unit",
        "AITR": "spac",
        "AITRR": "right",
        "NMFC": "stock",
        "NMFCZ": "other",
        "FOXU": "stock",
        "CRESU": "stock",
    }


def test_the_share_of_a_bundle_is_a_spac_and_the_korean_name_helps() -> None:
    got = listed(
        "NAS",
        line("NAS", "CBRG", "CHAIN BRIDGE I"),
        line("NAS", "CBRGU", "CHAIN BRIDGE I UNIT 1 CL A & 1/2 RED WT"),
        line("NAS", "CORZZ", "CORE SCIENTIFIC INC", korean="코어 사이언티픽 콜 워런트"),
        line("NAS", "SOHU", "SOHU COM LTD", korean="소후(ADR)"),
        line("NYS", "ET/I", "ENERGY TRANSFER LP SER I PER PFD UNITS", korean="에너지 트랜스퍼 유닛", excd="NAS"),
    )
    assert got["asset_type"].to_list() == ["spac", "unit", "warrant", "adr", "preferred"]


@pytest.mark.parametrize(
    ("fields", "name", "wanted"),
    [
        ({"stis": "3", "etyp": "001"}, "SPDR S&P500 ETF", "etf"),
        ({"stis": "3", "etyp": "002"}, "ETRACS ALERIAN MLP", "etn"),
        ({"stis": "3", "etyp": "004"}, "ADAMS DIVERSIFIED EQUITY FUND INC", "fund"),
        ({"stis": "3", "etyp": "006"}, "IPATH S&P 500 VIX SHORT-TERM FUTURES ETN", "etn"),
        ({"stis": "3", "etyp": "005"}, "PROSHARES ULTRA VIX SHORT-TERM FUTURES ETF", "etf"),
        ({"stis": "3", "etyp": "003"}, "SOME COMMODITY", "etp"),
        ({"stis": "4"}, "WHATEVER", "warrant"),
        ({"stis": "9"}, "WHATEVER", "other"),
    ],
)
def test_types_of_products(fields: dict[str, str], name: str, wanted: str) -> None:
    assert kind("AMS", "XYZ", name, **fields) == wanted


@pytest.mark.parametrize(
    ("symbol", "fields", "wanted", "currency", "share_class"),
    [
        ("600519", {}, "stock", "CNY", "A"),
        ("688981", {}, "stock", "CNY", "A"),
        ("300114", {"curr": "HKD"}, "stock", "CNY", "A"),
        ("900901", {"curr": "CNY"}, "stock", "USD", "B"),
        ("200011", {}, "stock", "HKD", "B"),
        ("689009", {}, "adr", "CNY", None),
        ("589000", {}, "fund", "CNY", None),
        ("510050", {"stis": "3", "etyp": "001"}, "etf", "CNY", None),
        ("159579", {"stis": "3", "etyp": "001", "curr": "HKD"}, "etf", "CNY", None),
    ],
)
def test_kinds_and_currencies_of_china(symbol, fields, wanted, currency, share_class) -> None:
    got = listed("SHS", line("SHS", symbol, **fields)).row(0, named=True)
    assert (got["asset_type"], got["currency"]) == (wanted, currency)
    assert share_class is None or got["share_class"] == share_class


def test_kinds_of_hong_kong() -> None:
    got = listed(
        "HKS",
        line("HKS", "00700", "TENCENT"),
        line("HKS", "80700", "TENCENT-R", curr="HKD"),
        line("HKS", "08495", "1957 & CO."),
        line("HKS", "00823", "LINK REIT", stis="3", etyp="004"),
        line("HKS", "82800", "TRACKER FUND-R", stis="3", etyp="001", curr="CNY"),
    )
    assert got.select("asset_type", "currency").rows() == [
        ("stock", "HKD"),
        ("other", "CNY"),
        ("stock", "HKD"),
        ("reit", "HKD"),
        ("etf", "CNY"),
    ]
    assert got["share_class"].to_list()[1] == "CNY counter"


def test_kinds_of_tokyo() -> None:
    got = listed(
        "TSE",
        line("TSE", "7203", "TOYOTA MOTOR CORPORATION", lot="100"),
        line("TSE", "25935", "ITO EN LTD. PREF.", lot="100"),
        line("TSE", "8951", "NIPPON BUILDING FUND INC.", lot="1"),
        line("TSE", "9282", "ICHIGO GREEN INFRASTRUCTURE INVESTMENT CORP", lot="1"),
        line("TSE", "3249", "INDUSTRIAL & INFRASTRUCTURE FUND INVESTMENT CORP", lot="1"),
        line("TSE", "1306", "TOPIX EXCHANGE TRADED FUND", stis="3", etyp="000", lot="10"),
        line("TSE", "1345", "LISTED INDEX FUND J-REIT", stis="3", etyp="000", lot="100"),
        line("TSE", "2038", "NEXT NOTES DOUBLE BULL ETN", stis="3", etyp="000"),
    )
    assert got["asset_type"].to_list() == ["stock", "preferred", "reit", "fund", "reit", "etf", "etf", "etn"]


def test_kinds_of_vietnam() -> None:
    got = listed(
        "HSX",
        line("HSX", "VNM", "VIETNAM DAIRY PRODUCTS JSC"),
        line("HSX", "PV2", "PV2 INVESTMENT JSC"),
        line("HSX", "FUEVFVND", "DCVFM VNDIAMOND", stis="3", etyp="000"),
    )
    assert got["asset_type"].to_list() == ["stock", "stock", "etf"]


@pytest.mark.parametrize(
    ("symbol", "ticker"), [("BRK/B", "BRK.B"), ("AACT/UN", "AACT.UN"), ("HWM/", "HWM.PR"), ("AAPL", "AAPL")]
)
def test_slashes_become_dots_and_back(symbol: str, ticker: str) -> None:
    assert ticker_of("US", symbol) == ticker
    assert symbol_of("US", ticker) == symbol
    assert listed("NYS", line("NYS", symbol))["ticker"].to_list() == [ticker]


def test_exchanges_by_mic() -> None:
    assert {exchange.code for exchange in of_region("US")} == {"NAS", "NYS", "AMS"}
    assert of_mic("ARCX") is of_mic("XASE")
    assert of_mic("XLON") is None
    assert of_mic(None) is None


# Korea, by bytes.


def test_lines_are_as_long_as_the_broker_says() -> None:
    lengths = {file: len(korean_line(file, "005930", "삼성전자")) for file in master_korea.LAYOUTS}
    assert lengths == {"kospi_code.mst": 288, "kosdaq_code.mst": 282, "konex_code.mst": 245}


@pytest.mark.parametrize("file", list(master_korea.LAYOUTS))
def test_a_line_is_cut_by_bytes_however_long_its_name(file: str) -> None:
    long_name = "가나다라마바사아자차카타파하거너더러머버"
    got = korea(
        file,
        korean_line(file, "005930", "삼성전자", listed="19750611", shares="5846300", lot="1"),
        korean_line(file, "000020", long_name, halted="Y", administrative="Y", warning="02", lot="10"),
    )
    assert got.select("ticker", "name", "listed", "shares", "lot", "treatment").rows() == [
        ("005930", "삼성전자", date(1975, 6, 11), 5_846_300_000.0, 1, "none"),
        ("000020", long_name, date(2000, 1, 1), 1_000_000.0, 10, "administrative issue, halted, investment warning"),
    ]


@pytest.mark.parametrize(
    ("code", "fields", "ticker", "wanted"),
    [
        ("005930", {}, "005930", "stock"),
        ("00781K", {"preferred": "2"}, "00781K", "preferred"),
        ("005935", {"preferred": "1"}, "005935", "preferred"),
        ("001065", {"preferred": "9"}, "001065", "preferred"),
        ("0000D0", {"group": "EF"}, "0000D0", "etf"),
        ("Q500061", {"group": "EN"}, "500061", "etn"),
        ("F70100030", {"group": "BC"}, "F70100030", "fund"),
        ("088260", {"group": "RT"}, "088260", "reit"),
        ("088980", {"group": "IF"}, "088980", "fund"),
        ("900140", {"group": "FS"}, "900140", "stock"),
        ("950210", {"group": "DR"}, "950210", "adr"),
        ("J0036221D", {"group": "SW"}, "J0036221D", "warrant"),
        ("J0527101G", {"group": "SR"}, "J0527101G", "right"),
        ("473370", {"spac": "Y"}, "473370", "spac"),
        ("000001", {"group": "XX"}, "000001", "other"),
    ],
)
def test_kinds_of_korea(code: str, fields: dict[str, str], ticker: str, wanted: str) -> None:
    got = korea("kospi_code.mst", korean_line("kospi_code.mst", code, "이름", **fields)).row(0, named=True)
    assert (got["ticker"], got["symbol"], got["asset_type"]) == (ticker, code, wanted)


def test_the_finest_sector_is_taken() -> None:
    file = "kosdaq_code.mst"
    lines = [
        korean_line(file, "000001", "하나", large="1009", middle="1028"),
        korean_line(file, "000002", "둘", large="1011"),
        korean_line(file, "000003", "셋"),
    ]
    assert korea(file, *lines)["icod"].to_list() == ["1028", "1011", None]


@pytest.mark.parametrize("broken", [b"x" * 287, b"x" * 289, "삼성".encode(), b"{}"])
def test_lines_of_another_length_are_another_shape(broken: bytes) -> None:
    with pytest.raises(ShapeChanged, match="288"):
        korea("kospi_code.mst", broken)


# Zips and the kept copy.


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_the_only_member_is_taken_whatever_its_name() -> None:
    assert unpacked("x", zipped(NASMST=b"a\n")) == unpacked("x", zipped(kospi_code=b"a\n")) == b"a\n"


@pytest.mark.parametrize(
    ("symbol", "name", "wanted"),
    [
        ("ZZZ/C", "SOME COMPANY INC", "preferred"),
        ("ZZZ/V", "SOME COMPANY INC COM VTG", "stock"),
        ("ZZZ/B", "SOME COMPANY INC", "stock"),
        ("ZZZ/WI", "SOME COMPANY INC", "other"),
        ("ZZZ/WS", "SOME COMPANY INC", "warrant"),
    ],
)
def test_a_slash_that_is_no_class_of_ordinary_shares(symbol: str, name: str, wanted: str) -> None:
    assert kind("NYS", symbol, name) == wanted


def test_one_odd_line_does_not_cost_a_small_file() -> None:
    """A tab inside a name, or a last line that was cut off."""
    odd = line("NAS", "BBB", "A\tTABBED COMPANY")
    assert listed("NAS", line("NAS", "AAA"), odd, line("NAS", "CCC"))["ticker"].to_list() == ["AAA", "CCC"]
    whole = korean_line("konex_code.mst", "112190", "가나다")
    assert korea("konex_code.mst", whole, whole[:-9])["ticker"].to_list() == ["112190"]
    with pytest.raises(ShapeChanged):
        listed("NAS", line("NAS", "AAA"), odd, odd)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_missing_last_line_feed_and_both_line_ends_are_read(ending: bytes) -> None:
    nasdaq = MasterFile("nasmst.cod", ending.join([line("NAS", "NA"), line("NAS", "TRUE", 'THE "QUOTED')]), AT)
    assert master_overseas.read([(BY_CODE["NAS"], nasdaq)])["ticker"].to_list() == ["NA", "TRUE"]
    text = ending.join(korean_line("kospi_code.mst", code, "가나다") for code in ("005930", "0000D0"))
    kospi = MasterFile("kospi_code.mst", text, AT)
    assert master_korea.read([(BY_FILE["kospi_code.mst"], kospi)])["ticker"].to_list() == ["005930", "0000D0"]


@pytest.mark.parametrize("content", [b"", b"<html></html>", zipped(), zipped(a=b"1\n", b=b"2\n"), zipped(a=b" ")])
def test_what_is_no_master_zip_is_another_shape(content: bytes) -> None:
    with pytest.raises(ShapeChanged):
        unpacked("nasmst.cod", content)


def downloads(server: KisServer) -> int:
    return sum(call.path.endswith(".zip") for call in server.calls)


def test_files_are_downloaded_once_a_day_without_key_or_token(server, make, monkeypatch) -> None:
    monkeypatch.delenv("KIS_APP_KEY")
    first = make().fetch("tickers", Request("US")).frame
    assert make().fetch("tickers", Request("US")).frame.equals(first)
    assert downloads(server) == 3
    assert {call.path for call in server.calls} == {"/nasmst.cod.zip", "/nysmst.cod.zip", "/amsmst.cod.zip"}
    monkeypatch.setenv("WORKBENCH_NOW", "2025-12-31T23:31:00+00:00")
    make().fetch("tickers", Request("US"))
    assert downloads(server) == 6


def test_an_adapter_that_lives_for_days_sees_the_new_file(server, make, monkeypatch) -> None:
    kis = make()
    kis.fetch("tickers", Request("US"))
    plain = server._tabbed
    server._tabbed = lambda exchange: [*plain(exchange), overseas_line(exchange, f"NEW{exchange.code[0]}", "NEW INC")]
    monkeypatch.setenv("WORKBENCH_NOW", "2025-12-31T23:31:00+00:00")
    assert "NEWN" in kis.fetch("tickers", Request("US")).frame["ticker"]
    assert "NEWN" in kis.masters.instruments("US")


@pytest.mark.parametrize("kind", ["500", "reset", "truncate", "html"])
def test_yesterdays_file_is_better_than_none(server, make, monkeypatch, kind: str) -> None:
    first = make().fetch("tickers", Request("US")).frame
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-02T23:31:00+00:00")
    server.fault(kind, share=1.0, path=".zip")
    assert make().fetch("tickers", Request("US")).frame.equals(first)
    assert "kis.master_kept" in [one["event"] for one in journal.read()]


@pytest.mark.parametrize(("kind", "error"), [("500", Unreachable), ("html", ShapeChanged), ("truncate", Unreachable)])
def test_without_any_file_the_listing_says_why_it_fails(server, make, kind: str, error: type[Exception]) -> None:
    server.fault(kind, share=1.0, path=".zip")
    with pytest.raises(error):
        make().fetch("tickers", Request("US"))


def test_a_host_that_fails_is_left_alone_for_a_while(server, make, monkeypatch) -> None:
    """Each look-up of a code needs the files; it must not wait for the host each time."""
    kis = make()
    kis.fetch("tickers", Request("US"))
    before = downloads(server)
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-02T23:31:00+00:00")
    server.fault("500", share=1.0, path=".zip")
    kis.fetch("tickers", Request("US"))
    tried = downloads(server)
    assert tried > before
    kis.masters.instruments("US")
    assert downloads(server) == tried
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-02T23:42:00+00:00")
    kis.masters.instruments("US")
    assert downloads(server) > tried


def test_a_damaged_kept_file_is_downloaded_again(server, make, environment) -> None:
    first = make().fetch("tickers", Request("VN")).frame
    file = environment / "kis" / "masters" / "hsxmst.cod.zip"
    stamp = file.stat().st_mtime
    file.write_bytes(file.read_bytes()[:-40])
    os.utime(file, (stamp, stamp))
    assert make().fetch("tickers", Request("VN")).frame.equals(first)


def test_a_new_file_that_does_not_read_does_not_replace_one_that_does(server, make, monkeypatch) -> None:
    first = make().fetch("tickers", Request("US")).frame
    monkeypatch.setattr(server, "_tabbed", lambda exchange: [b"US\t22\tNAS\tnine columns"])
    monkeypatch.setenv("WORKBENCH_NOW", "2026-01-02T23:31:00+00:00")
    assert make().fetch("tickers", Request("US")).frame.equals(first)
    noted = [one for one in journal.read() if one["event"] == "kis.master_kept"]
    assert "columns" in noted[0]["error"]
    assert noted[0]["action"]


def test_damage_inside_the_compressed_bytes_is_another_shape() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("NASMST.COD", bytes(range(256)) * 20 + b"line\n" * 500)
    whole = packed.getvalue()
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        with suppress(ShapeChanged):
            unpacked("nasmst.cod", damaged)


def test_a_kept_file_from_the_future_is_not_trusted(server, make, environment) -> None:
    make().fetch("tickers", Request("VN"))
    for file in (environment / "kis" / "masters").glob("*.zip"):
        os.utime(file, (2_000_000_000, 2_000_000_000))
    make().fetch("tickers", Request("VN"))
    assert downloads(server) == 4


# The listing.


def test_tickers_of_all_regions_are_the_worlds(server, make) -> None:
    kis = make()
    for region in ("KR", "US", "CN", "HK", "JP", "VN"):
        listing = server.world.rows("tickers", region).filter(pl.col("delisted_date").is_null())
        got = kis.fetch("tickers", Request(region)).frame
        both = listing.join(got, on="ticker", suffix="_kis")
        assert both.height == listing.height
        assert both["exchange"].to_list() == both["exchange_kis"].to_list()
        assert set(both["asset_type_kis"]) == {"stock"}
        assert both["currency"].to_list() == both["currency_kis"].to_list()


def test_attributes_hold_from_the_day_of_the_file(server, make) -> None:
    kis = make()
    plain: Callable[[Exchange], list[bytes]] = server._korean
    extra = korean_line("kospi_code.mst", "999990", "멈춘회사", halted="Y", large="0027", middle="0009")
    server._korean = lambda exchange: [*plain(exchange), *([extra] if exchange.mic == "XKRX" else [])]
    rows = kis.fetch("attributes", Request("KR", ("999990",))).frame
    assert dict(rows.select("kind", "value").iter_rows()) == {
        "lot": "1",
        "board": "KOSPI",
        "industry": "Pharmaceuticals",
        "sector": "Health Care",
        "special_treatment": "halted",
    }
    # 23:30 UTC of the 30th is the 31st in Seoul.
    assert set(rows["valid_from"]) == {date(2025, 12, 31)}
    assert kis.fetch("attributes", Request("KR", ("ZZZZZ9",))).absent[0].reason == "not_covered"


def test_sectors_by_the_brokers_code(server, make, monkeypatch) -> None:
    lines = [
        overseas_line(BY_CODE["NAS"], "BANK", "BANK INC", icod="610"),
        overseas_line(BY_CODE["NAS"], "LAND", "LAND INC", icod="630"),
        overseas_line(BY_CODE["NAS"], "META", "META INC", icod="370"),
        overseas_line(BY_CODE["NAS"], "NONE", "NONE INC", icod="000"),
    ]
    plain: Any = server._tabbed
    server._tabbed = lambda exchange: lines if exchange.code == "NAS" else plain(exchange)
    rows = make().fetch("attributes", Request("US")).frame.filter(pl.col("kind") == "sector")
    assert dict(rows.select("ticker", "value").iter_rows()) == {
        "BANK": "Financials",
        "LAND": "Real Estate",
        "META": "Communication Services",
    }


def test_spelling_prefers_the_file_and_falls_back_on_the_listing(server, make) -> None:
    masters = make().masters
    assert masters.spelt("US", "ZZQ.UN", Listing()).symbol == "ZZQ/UN"
    assert masters.spelt("US", "GONE.A", Listing(exchange="XNYS")).symbol == "GONE/A"
    assert masters.spelt("US", "GONE", Listing(exchange="XLON")) is None
    assert masters.spelt("US", "GONE", Listing(exchange="XKRX")) is None
    assert masters.spelt("KR", "005930", Listing()).excd == "J"
    assert masters.spelt("KR", "not a code", Listing()) is None


def test_a_missing_file_answers_like_a_web_server(server, make) -> None:
    server._file = lambda name: Answer("not here", 404)
    with pytest.raises(Exception, match="404"):
        make().fetch("tickers", Request("JP"))
