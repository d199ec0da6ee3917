"""How codes are spelled for Yahoo."""

from __future__ import annotations

import pytest

from workbench.adapters.yahoo import symbols


@pytest.mark.parametrize(
    ("region", "ticker", "exchange", "expected"),
    [
        ("KR", "005930", "XKRX", ("005930.KS",)),
        ("KR", "247540", "XKOS", ("247540.KQ",)),
        ("KR", "00088K", "XKRX", ("00088K.KS",)),
        ("KR", "247540", None, ("247540.KS", "247540.KQ")),
        ("KR", "278990", "XKON", ()),
        ("CN", "600519", "XSHG", ("600519.SS",)),
        ("CN", "000001", "XSHE", ("000001.SZ",)),
        ("CN", "920002", "BJSE", ("920002.BJ",)),
        ("CN", "920002", None, ("920002.BJ",)),
        ("CN", "900901", None, ("900901.SS",)),
        ("CN", "300750", None, ("300750.SZ",)),
        ("HK", "00700", "XHKG", ("0700.HK",)),
        ("HK", "80700", "XHKG", ("80700.HK",)),
        ("HK", "00005", None, ("0005.HK",)),
        ("JP", "285A", "XTKS", ("285A.T",)),
        ("VN", "VNM", "XSTC", ("VNM.VN",)),
        ("VN", "PVS", "HSTC", ("PVS.VN",)),
        ("US", "BRK.B", "XNYS", ("BRK-B",)),
        ("US", "BACpB", "XNYS", ("BAC-PB",)),
        ("US", "Fp", "XNYS", ("F-P",)),
        ("US", "AACT.U", "XNYS", ("AACT-UN",)),
        ("US", "AACT.WS", "XNYS", ("AACT-WT",)),
        ("US", "NA", "XNAS", ("NA",)),
        ("US", "TRUE", None, ("TRUE",)),
    ],
)
def test_a_code_is_spelled_by_its_exchange(region, ticker, exchange, expected) -> None:
    assert symbols.candidates(region, ticker, exchange) == expected


def test_an_answer_of_another_exchange_does_not_fit_the_suffix() -> None:
    assert symbols.fits("247540.KQ", "KOE")
    assert not symbols.fits("247540.KS", "KOE")
    assert symbols.fits("7203.T", "JPX")
    assert symbols.fits("AAPL", "NMS")
    assert symbols.fits("005930.KS", None)


def test_indexes_are_those_of_the_region() -> None:
    known, unknown = symbols.indexes("KR", ("KOSPI", "SP500", "NONE"))
    assert [index.symbol for index in known] == ["^KS11"]
    assert unknown == ["SP500", "NONE"]
    assert {index.name for index in symbols.indexes("HK", None)[0]} == {"HSI", "HSCEI"}
    assert len({index.name for index in symbols.INDEXES}) == len(symbols.INDEXES)
