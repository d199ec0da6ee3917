"""Industries of every source lead to one of the eleven sectors, on the day that is asked."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest

from workbench.adapters.sample.profiles import SECTORS
from workbench.errors import ConfigError
from workbench.markets import dated
from workbench.markets.sectors import GICS, gics, gics_series, systems

#: SIC of what each company files with the SEC, the codes of the exchanges for the rest.
KNOWN = [
    ("sic", "3571", "Information Technology"),  # Apple
    ("sic", 7372, "Information Technology"),  # Microsoft
    ("sic", "3674", "Information Technology"),  # NVIDIA
    ("sic", "6021", "Financials"),  # JPMorgan Chase
    ("sic", "7389", "Financials"),  # Visa
    ("sic", "2911", "Energy"),  # Exxon Mobil
    ("sic", "1311", "Energy"),  # ConocoPhillips
    ("sic", "5961", "Consumer Discretionary"),  # Amazon
    ("sic", "3711", "Consumer Discretionary"),  # Tesla
    ("sic", "5331", "Consumer Staples"),  # Walmart
    ("sic", "2080", "Consumer Staples"),  # Coca-Cola
    ("sic", "2834", "Health Care"),  # Pfizer
    ("sic", "6324", "Health Care"),  # UnitedHealth
    ("sic", "7370", "Communication Services"),  # Alphabet
    ("sic", "4813", "Communication Services"),  # AT&T
    ("sic", "7990", "Communication Services"),  # Walt Disney
    ("sic", "4911", "Utilities"),  # NextEra Energy
    ("sic", "6798", "Real Estate"),  # Prologis
    ("sic", "2810", "Materials"),  # Linde
    ("sic", "3559", "Information Technology"),  # Lam Research
    ("sic", "3561", "Industrials"),
    ("sic", "100", "Consumer Staples"),
    ("ksic", "264", "Information Technology"),  # Samsung Electronics, as OpenDART has it
    ("ksic", "C264", "Information Technology"),
    ("ksic", "20423", "Consumer Staples"),  # Amorepacific
    ("ksic", "63120", "Communication Services"),  # NAVER
    ("ksic", "전기전자", "Information Technology"),
    ("krx", "전기·전자", "Information Technology"),  # Samsung Electronics
    ("krx", "0013", "Information Technology"),
    ("krx", "1024", "Health Care"),
    ("krx", "음식료/담배", "Consumer Staples"),
    ("csrc", "C39", "Information Technology"),
    ("csrc", "C15 酒、饮料和精制茶制造业", "Consumer Staples"),  # Kweichow Moutai
    ("csrc", "J 金融业", "Financials"),
    ("csrc", "C39计算机、通信和其他电子设备制造业", "Information Technology"),
    ("eastmoney", "证券Ⅱ", "Financials"),
    ("eastmoney", "银行Ⅱ", "Financials"),
    ("csrc", "酒、饮料和精制茶制造业", "Consumer Staples"),
    ("csrc", "银行", "Financials"),
    ("eastmoney", "白酒", "Consumer Staples"),
    ("eastmoney", "半导体", "Information Technology"),
    ("tse33", "3700", "Consumer Discretionary"),  # Toyota
    ("TSE-33", "電気機器", "Information Technology"),  # Sony
    ("tse33", "Wholesale Trade", "Industrials"),  # Mitsubishi Corporation
    ("tse33", "Information & Communication", "Communication Services"),  # NTT
    ("hsics", "50", "Financials"),  # HSBC
    ("hkex", "Properties & Construction", "Real Estate"),  # Sun Hung Kai
    ("hsics", "資訊科技業", "Information Technology"),  # Tencent
    ("yahoo", "Consumer Cyclical", "Consumer Discretionary"),
    ("yahoo", "financial-services", "Financials"),
    ("gics", "45202030", "Information Technology"),
]
#: Divisions of the SIC manual.
DIVISIONS = {
    "agriculture": (100, 999),
    "mining": (1000, 1499),
    "construction": (1500, 1799),
    "manufacturing": (2000, 3999),
    "transport and utilities": (4000, 4999),
    "wholesale": (5000, 5199),
    "retail": (5200, 5999),
    "finance": (6000, 6799),
    "services": (7000, 8799),
}


@pytest.mark.parametrize(("system", "code", "sector"), KNOWN)
def test_well_known_companies_stand_in_their_sector(system: str, code: str | int, sector: str) -> None:
    assert gics(system, code) == sector


def test_sectors_are_the_eleven_and_those_of_the_sample_market() -> None:
    assert set(GICS) == set(SECTORS)
    now = {row["gics"] for row in dated.read("sectors") if not row["valid_to"]} - {""}
    assert now == set(GICS)
    for name in GICS:
        assert gics("gics", name) == name


def test_codes_of_public_administration_and_unknown_ones_have_none() -> None:
    assert gics("sic", "9721") is None
    assert gics("sic", "99999") is None
    assert gics("ksic", "84") is None
    assert gics("csrc", "C 制造业") is None
    assert gics("tse33", "no such industry") is None
    assert gics("yahoo", "") is None


def test_an_unknown_system_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        gics("naics", "51")
    assert "sic" in caught.value.hint
    assert "tse33" in caught.value.hint


@pytest.mark.parametrize("division", DIVISIONS)
def test_every_code_of_a_sic_division_has_a_sector(division: str) -> None:
    first, last = DIVISIONS[division]
    assert {gics("sic", code) for code in range(first, last + 1)} <= set(GICS)


def test_ranges_of_the_sic_cover_all_codes_and_never_overlap() -> None:
    days = [date(2010, 1, 4), date(2017, 1, 3), date(2020, 1, 2), date(2025, 1, 2)]
    for day in days:
        taken = sorted(
            tuple(map(int, row["code"].split("..")))
            for row in dated.read("sectors")
            if row["system"] == "sic"
            and row["valid_from"] <= day.isoformat()
            and day.isoformat() <= (row["valid_to"] or "9999")
        )
        assert taken[0][0] == 100
        assert taken[-1][1] == 9999
        assert all(after[0] == before[1] + 1 for before, after in pairwise(taken))


def test_a_code_or_name_has_one_sector_a_day_and_no_hole_in_between() -> None:
    spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in dated.read("sectors"):
        assert row["source"]
        assert row["gics"] in {*GICS, "Telecommunication Services", ""}
        keys = [row["code"]] if row["code"] else row["name"].split("|")
        for key in keys:
            spans.setdefault((row["system"], key), []).append((row["valid_from"], row["valid_to"]))
    assert {system for system, _ in spans} == set(systems())
    for key, known in spans.items():
        ends = [until for _, until in sorted(known)]
        starts = [since for since, _ in sorted(known)]
        assert ends[-1] == "", key
        follow = [(date.fromisoformat(end) + timedelta(days=1)).isoformat() for end in ends[:-1]]
        assert starts[1:] == follow, key


def test_names_of_one_system_lead_to_one_sector() -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    for row in dated.read("sectors"):
        if row["system"] != "sic" and not row["valid_to"]:
            for name in row["name"].split("|"):
                seen.setdefault((row["system"], name), set()).add(row["gics"])
    assert {key: found for key, found in seen.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("system", "code", "day", "sector"),
    [
        ("sic", "6798", date(2016, 8, 31), "Financials"),
        ("sic", "6798", date(2016, 9, 1), "Real Estate"),
        ("sic", "4813", date(2018, 9, 28), "Telecommunication Services"),
        ("sic", "4813", date(2018, 10, 1), "Communication Services"),
        ("sic", "4841", date(2018, 9, 28), "Consumer Discretionary"),
        ("sic", "4841", date(2018, 10, 1), "Communication Services"),
        ("sic", "7370", date(2018, 9, 28), "Information Technology"),
        ("sic", "7389", date(2023, 3, 17), "Information Technology"),
        ("gics", "50", date(2018, 9, 28), "Telecommunication Services"),
        ("tse33", "8050", date(2015, 1, 5), "Financials"),
        ("csrc", "K", date(2015, 1, 5), "Financials"),
    ],
)
def test_a_sector_is_the_one_of_its_day(system: str, code: str, day: date, sector: str) -> None:
    assert gics(system, code, on=day) == sector


def test_a_column_is_mapped_at_once() -> None:
    codes = pl.Series("sic_code", ["3571", None, "6021", "nonsense"])
    found = gics_series("sic", codes)
    assert found.name == "sic_code"
    assert found.to_list() == ["Information Technology", None, "Financials", None]
    assert gics_series("sic", pl.Series("x", [3571, 100])).to_list() == ["Information Technology", "Consumer Staples"]
    assert gics_series("sic", pl.Series("x", [3571.0])).to_list() == ["Information Technology"]
    assert gics_series("sic", pl.Series("x", [], dtype=pl.String)).dtype == pl.String
