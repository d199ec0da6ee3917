"""Records of the six regions, their codes, and the errors for what is not one of them."""

import re

import pytest

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.settings import REGIONS


def test_every_region_has_a_record_of_its_own_currency_and_zone() -> None:
    records = [markets.get(region) for region in REGIONS]
    assert [record.currency for record in records] == ["KRW", "USD", "CNY", "HKD", "JPY", "VND"]
    assert len({record.timezone for record in records}) == 6
    assert all(record.mics and record.boards for record in records)


def test_a_region_may_be_written_in_lower_case() -> None:
    assert markets.get(" kr ").region == "KR"


@pytest.mark.parametrize("name", ["UK", "", "KRX", None])
def test_an_unknown_region_names_the_six(name: str) -> None:
    with pytest.raises(ConfigError, match="KR, US, CN, HK, JP, VN"):
        markets.get(name)


def test_regions_are_checked_once_each_in_order() -> None:
    assert markets.check_regions(["us", "KR", "US"]) == ("US", "KR")
    assert markets.check_regions("vn") == ("VN",)
    with pytest.raises(ConfigError, match="No region"):
        markets.check_regions([])
    with pytest.raises(ConfigError, match="'XX' is not a region"):
        markets.check_regions(["KR", "XX"])


def test_a_board_is_found_whatever_its_case_and_an_unknown_one_lists_the_boards() -> None:
    assert markets.check_board("CN", "star") == "STAR"
    assert markets.check_board("KR", None) == "KOSPI"
    with pytest.raises(ConfigError, match="KOSPI, KOSDAQ, KONEX"):
        markets.check_board("KR", "STAR")


@pytest.mark.parametrize(
    ("region", "written", "normal"),
    [
        ("KR", 5930, "005930"),
        ("KR", "247540.KQ", "247540"),
        ("KR", "00088k", "00088K"),
        ("US", "BRK-B", "BRK.B"),
        ("US", "BRK/B", "BRK.B"),
        ("US", "aapl", "AAPL"),
        ("CN", "sh600519", "600519"),
        ("CN", "600519.SS", "600519"),
        ("CN", 1, "000001"),
        ("CN", "900901.SS", "900901"),
        ("CN", "sz200011", "200011"),
        ("CN", "bj920002", "920002"),
        ("HK", "0700", "00700"),
        ("HK", "700.HK", "00700"),
        ("HK", "80700", "80700"),
        ("HK", 5, "00005"),
        ("JP", "7203.T", "7203"),
        ("JP", "285a", "285A"),
        ("VN", "VNM.VN", "VNM"),
    ],
)
def test_codes_come_out_in_normal_form(region: str, written: str | int, normal: str) -> None:
    assert markets.normalize_code(region, written) == normal
    assert markets.is_code(region, normal)
    assert re.fullmatch(markets.get(region).code_pattern, normal)


@pytest.mark.parametrize(
    ("region", "written"), [("KR", "12345678"), ("CN", "700001"), ("HK", "ABC"), ("JP", "72035"), ("US", "TOOLONG")]
)
def test_what_is_no_code_of_the_region_is_an_error_that_names_it(region: str, written: str) -> None:
    with pytest.raises(DataError, match=f"'{written}' is not a code of {region}"):
        markets.normalize_code(region, written)


def test_a_chinese_code_tells_its_board() -> None:
    codes = {"600519": "main", "688981": "STAR", "300750": "ChiNext", "301000": "ChiNext", "920002": "Beijing"}
    assert {code: markets.board_of("CN", code) for code in codes} == codes
    assert markets.board_of("KR", "005930") is None
