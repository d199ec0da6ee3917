"""Imports of real files: what they hold and what is wrong with them agrees with data/README.md.

The smaller files run always, all eight in ``make soak``. Where a count differs from the README, the
comment says why.
"""

import polars as pl
import pytest

from workbench import collect

pytestmark = pytest.mark.real


def quarantined(done, code):
    rows = done.by_reason.filter(pl.col("outcome") == "quarantined")
    return int(rows.filter(pl.col("reasons").str.split(",").list.contains(code))["rows"].sum())


def check(done, lake, region, rows, tickers):
    assert done.rows_in == rows == done.published + done.quarantined + done.superseded
    assert lake.read("ohlcv", region, columns=["ticker"]).height == done.published
    held = lake.read("quarantine", region)
    assert held.filter(pl.col("table") == "ohlcv").height == done.quarantined
    assert lake.read("tickers", region).height == tickers
    assert collect.unexplained(lake, region).is_empty()
    assert lake.read("tickers", region)["delisted_date"].null_count() == tickers, "silence delists nobody"


def ended(lake, region):
    return lake.read("tickers", region).filter(pl.col("delisting_reason") == "ended").height


def suspended(lake, region):
    return lake.read("ohlcv", region).filter(pl.col("open").is_null() & (pl.col("volume") == 0)).height


def test_kr_marcap(imported):
    done, lake = imported("KR_marcap")
    check(done, lake, "KR", 322_525, 2_935)
    # 9,382 halted rows; two of them have a close of zero as well and are no suspensions.
    assert suspended(lake, "KR") == 9_380
    assert quarantined(done, "non_positive") == 2
    names = lake.read("tickers", "KR").filter(pl.col("ticker") == "005930")
    assert names["exchange"].item() == "KOSPI"
    assert lake.read("ohlcv", "KR")["adjusted"].unique().to_list() == ["none"]


def test_hk(imported):
    done, lake = imported("HK")
    check(done, lake, "HK", 525_818, 503)
    assert quarantined(done, "open_outside_range") == 1_689
    assert quarantined(done, "close_outside_range") == 82
    assert quarantined(done, "missing_price") == 137
    assert lake.read("tickers", "HK")["ticker"].str.len_chars().unique().to_list() == [5]


def test_fx(imported):
    done, lake = imported("FX")
    assert done.rows_in == 23_330 == done.published + done.quarantined
    bad = lake.read("quarantine", "VN").filter(pl.col("table") == "fx")
    assert bad.filter(pl.col("row").str.contains("189.0")).height == 1, "USDVND at a hundredth on 2010-04-06"
    won = lake.read("fx").filter(pl.col("currency") == "KRW")
    assert won["usd_per_unit"].min() > 1 / 2_000
    assert won["usd_per_unit"].max() < 1 / 800, "the real moves of 2008 are believed"


@pytest.mark.soak
def test_kr_the_dirty_file(imported):
    done, lake = imported("KR")
    check(done, lake, "KR", 1_297_770, 2_215)
    assert quarantined(done, "high_below_low") == 36
    # 5,099 rows with close 0 and 5,406 with some price 0; 6 of those are halts with a carried close.
    assert quarantined(done, "non_positive") == 5_509
    assert quarantined(done, "zero_market") == 770 + 448
    # 1,853 rows by the README, which counts the rows of zeros in which another price is left.
    assert quarantined(done, "scale_mismatch") == 1_825
    assert quarantined(done, "closed_day") == 821 + 422 + 392 + 2
    assert ended(lake, "KR") == 133


@pytest.mark.soak
def test_kr_recent(imported):
    done, lake = imported("KR_recent")
    check(done, lake, "KR", 986_298, 2_761)
    assert suspended(lake, "KR") == 29_739
    # Of 24 moves above 35 %, 11 resume after a suspension, whose base price the exchange sets anew.
    assert quarantined(done, "jump") + quarantined(done, "spike") == 13
    assert ended(lake, "KR") == 0


@pytest.mark.soak
def test_us(imported):
    done, lake = imported("US")
    check(done, lake, "US", 2_137_192, 4_432)
    assert done.superseded == 96_794
    assert quarantined(done, "non_positive") == 12
    assert quarantined(done, "closed_day") == 16 + 15 + 15
    assert ended(lake, "US") == 618
    actions = lake.read("actions", "US")
    split = actions.filter((pl.col("ticker") == "NKE") & (pl.col("kind") == "split")).row(0, named=True)
    assert (str(split["ex_date"]), split["value"]) == ("2015-12-24", 2.0)
    # 319 split-like rows by the README; those between a fifth off and no change are booked as dividends.
    assert actions.filter(pl.col("kind") == "split")["ticker"].n_unique() == 248
    assert quarantined(done, "jump") < 60, "splits are explained by their actions"


@pytest.mark.soak
def test_cn(imported):
    done, lake = imported("CN")
    check(done, lake, "CN", 994_018, 1_695)
    assert done.quarantined == 1
    assert lake.read("ohlcv", "CN", tickers=["600000"])["volume"][0] == 37_707_600.0, "lots of 100 shares"


@pytest.mark.soak
def test_jp(imported):
    done, lake = imported("JP")
    check(done, lake, "JP", 1_492_480, 1_025)
    assert quarantined(done, "missing_price") == 1_455
    assert quarantined(done, "non_positive") == 331
    assert quarantined(done, "closed_day") == 979, "2020-10-01, the day the exchange's system was down"


@pytest.mark.soak
def test_vn(imported):
    done, lake = imported("VN")
    check(done, lake, "VN", 1_298_838, 1_494)
    assert quarantined(done, "close_outside_range") == 172
    assert quarantined(done, "open_outside_range") == 92
    assert ended(lake, "VN") == 195
    assert lake.read("ohlcv", "VN", tickers=["A32"])["close"][0] == 21_760.0, "thousand VND"
