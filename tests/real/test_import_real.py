"""Imports of real files: what they hold and what is wrong with them agrees with data/README.md.

The smaller files run always, all of them in ``make soak``. Where a count differs from the README, the
comment says why. The Fama-French factors in reference/ are no table of the lake and are not imported.
"""

from datetime import date

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


def outcomes(done):
    return {(outcome, reasons): rows for outcome, reasons, rows in done.by_reason.rows()}


def check_statements(done, lake, region, rows, numbers):
    assert done.rows_in == rows == done.published + done.quarantined + done.superseded
    cells = done.cells
    assert cells["in"] == numbers == cells["published"] + cells["quarantined"] + cells["superseded"]
    held = lake.read("fundamentals", region).filter(pl.col("source") == done.source)
    assert held.height == cells["published"]
    assert held.filter(pl.col("available_date") <= pl.col("period_end")).is_empty(), "nothing is known too early"
    fact = ["ticker", "period_end", "period", "item"]
    assert held.group_by(fact).agg(pl.col("vintage").max() == pl.len())["vintage"].all()
    return held


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


#: Ticker, ex date, kind and value as announced at the time.
ANNOUNCED = [
    ("NKE", "2015-12-24", "split", 2.0),
    ("NFLX", "2015-07-15", "split", 7.0),
    ("SBUX", "2015-04-09", "split", 2.0),
    ("LKFN", "2016-08-08", "split", 1.5),
    ("AA", "2016-10-06", "split", 1 / 3),
    ("ACLS", "2016-07-01", "split", 0.25),
    ("ATRO", "2015-10-06", "split", 1.15),
    ("AAPL", "2016-02-04", "dividend", 0.52),
    ("MSFT", "2016-02-16", "dividend", 0.36),
    ("SYNT", "2016-10-04", "dividend", 15.0),
    ("TDG", "2016-10-20", "dividend", 24.0),
    ("EQR", "2016-03-01", "dividend", 8.0),
]


def check_announced(lake, raw, ticker, ex, kind, value):
    """An action against the rows of the file: the restated close before it, and where the market opened."""
    day = date.fromisoformat(ex)
    actions = lake.read("actions", "US", tickers=[ticker]).filter(pl.col("ex_date") == day)
    assert actions["kind"].to_list() == [kind], ticker
    assert actions["value"].item() == pytest.approx(value, rel=2e-5), ticker
    rows = raw.filter(pl.col("ticker") == ticker).collect().sort("date", "published")
    before = rows.filter(pl.col("date") < day).row(-1, named=True)
    after = rows.filter(pl.col("date") == day).row(0, named=True)
    assert before["published"] == day, "the edition that carries the event was published on the ex date"
    restated = before["close"] / value if kind == "split" else before["close"] - value
    assert before["adj_close"] == pytest.approx(restated, rel=2e-4), "SBUX was rounded to cents"
    assert after["open"] == pytest.approx(restated, rel=0.04), f"{ticker} opened elsewhere"


@pytest.mark.soak
def test_us(imported, real_data):
    done, lake = imported("US")
    check(done, lake, "US", 2_137_192, 4_432)
    assert done.superseded == 96_794
    assert quarantined(done, "non_positive") == 12
    assert quarantined(done, "closed_day") == 16 + 15 + 15
    assert ended(lake, "US") == 618
    # 319 split-like rows by the README, which counts special dividends and spin-offs of a tenth and more among them.
    actions = lake.read("actions", "US")
    kinds = dict(actions["kind"].value_counts().iter_rows())
    assert kinds == {"dividend": 13_589, "split": 230, "spin_off": 12}
    doubtful = lake.read("quarantine", "US").filter(pl.col("table") == "actions")
    assert doubtful["ticker"].to_list() == ["CPGI", "CSC", "DCTH", "HCHC", "ITUS", "PN", "WIN"]
    assert quarantined(done, "jump") < 60, "splits are explained by their actions"
    revised = lake.read("revisions", "US").filter(pl.col("table") == "ohlcv")
    assert revised.select("ticker", "date").n_unique() == 96_794, "each later edition is noted"
    counts = dict(revised["field"].value_counts().iter_rows())
    assert (counts["volume"], counts["close"]) == (85_941, 1_739)
    raw = pl.scan_parquet(real_data / "ohlcv/US.parquet")
    for announced in ANNOUNCED:
        check_announced(lake, raw, *announced)


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


def test_us_statements(imported):
    done, lake = imported("US_fundamentals")
    held = check_statements(done, lake, "US", 31_729, 419_864)
    # 2 rows known before their period ended and 9 with a fiscal year far from it, both as the README counts. 93
    # rows of 46 tickers contradict another one of the same day; a report that was amended on its day stands.
    assert outcomes(done) == {
        ("quarantined", "known_too_early"): 2,
        ("quarantined", "unknown_period"): 9,
        ("quarantined", "duplicate_conflict"): 92,
        ("superseded", "repeated row"): 89,
    }
    apple = held.filter((pl.col("ticker") == "AAPL") & (pl.col("period_end") == date(2015, 6, 27)))
    numbers = {row["item"]: (row["period"], row["value"]) for row in apple.to_dicts()}
    assert numbers["revenue"] == ("Q", 49_605_000_000.0)
    assert numbers["operating_cash_flow"] == ("9M", 67_791_000_000.0)
    assert numbers["total_assets"][0] == "I"
    assert set(apple["available_date"]) == {date(2015, 7, 23)}, "the session after the filing"
    ainc = held.filter((pl.col("ticker") == "AINC") & (pl.col("item") == "net_income"))
    first = ainc.filter(pl.col("period_end") == date(2015, 3, 31)).sort("vintage")
    assert first["value"].to_list() == [-9_054_000.0, -7_834_000.0], "restated by the 10-Q/A of August"


def test_kr_statements(imported):
    done, lake = imported("KR_fundamentals")
    held = check_statements(done, lake, "KR", 1_395, 16_615)
    assert done.quarantined == 0
    # Fourth quarters of companies that start in the midst of a year: the year less the quarters in the file.
    assert done.cells["quarantined: unknown_period"] == 130
    years = held.filter((pl.col("period") == "FY") & (pl.col("period_end") == date(2015, 12, 31)))
    assert years["ticker"].n_unique() == 33
    samsung = held.filter((pl.col("ticker") == "005930") & (pl.col("item") == "revenue")).sort("period_end")
    assert samsung["period"].to_list()[:2] == ["FY", "Q"]
    assert [round(value / 1e12, 1) for value in samsung["value"][:2]] == [135.2, 32.7]
    assert samsung["available_date"].to_list()[:2] == [date(2016, 3, 31), date(2016, 5, 16)]
    assert set(held["filing_id"]) == {"assumed 45 days", "assumed 90 days"}


def test_jp_statements(imported):
    done, lake = imported("JP_fundamentals")
    held = check_statements(done, lake, "JP", 21_334, 44_943)
    assert outcomes(done)["superseded", "no value"] == 2_945, "disclosures of forecasts alone"
    # Trusts with half years, changed fiscal years, late disclosures and corrections of other periods.
    assert outcomes(done)["quarantined", "unknown_period"] == 656
    # Corrections of several periods that were disclosed on one day.
    assert outcomes(done)["quarantined", "duplicate_conflict"] == 49
    closing = held.filter(pl.col("period") == "FY").group_by("ticker").agg(pl.col("period_end").dt.month().unique())
    assert closing["period_end"].list.len().max() == 1
    months = dict(closing.explode("period_end").rows())
    known = {"7203": 3, "9983": 8, "3382": 2, "4452": 12, "2801": 3, "6326": 12, "7974": 3, "8267": 2}
    assert {ticker: months[ticker] for ticker in known} == known
    toyota = held.filter((pl.col("ticker") == "7203") & (pl.col("item") == "net_income")).sort("available_date")
    assert toyota.select("period", "period_end", "available_date").rows()[:2] == [
        ("9M", date(2020, 12, 31), date(2021, 2, 12)),
        ("FY", date(2021, 3, 31), date(2021, 5, 13)),
    ]


def test_cn_statements(imported):
    done, lake = imported("CN_fundamentals")
    held = check_statements(done, lake, "CN", 28_570, 234_693)
    # 6,188 repeated keys by the README; those of rows that are quarantined are not counted as repeated.
    # Days after the legal deadline are those of prospectuses, years later than they look.
    assert outcomes(done) == {("superseded", "repeated row"): 6_178, ("quarantined", "unknown_knowledge"): 784}
    moutai = held.filter((pl.col("ticker") == "600519") & (pl.col("item") == "net_income")).sort("period_end")
    assert moutai.select("period", "value", "available_date").rows()[1] == ("6M", 7_229_853_800.0, date(2014, 9, 1))


def test_fx_monthly(imported):
    daily, _ = imported("FX")
    done, lake = imported("FX_monthly")
    assert done.rows_in == 2_301 == done.published + done.quarantined + done.superseded
    # The devaluations of the yuan in 1994 and of the won in 1997: believed from the third month on.
    assert outcomes(done)["quarantined", "fx_jump"] == 4
    rates = lake.read("fx")
    assert rates.filter(pl.col("source") == daily.source).height == daily.published, "no daily rate was replaced"
    won = rates.filter((pl.col("currency") == "KRW") & (pl.col("source") == done.source))
    assert won["date"].max() == date(2026, 6, 30)
    assert (won["fixed_at"].dt.date() > won["date"]).all(), "an average is known when the month is over"


def test_indexes(imported):
    done, lake = imported("indexes")
    assert done.rows_in == 60_169 == done.published + done.quarantined + done.superseded
    assert outcomes(done) == {
        ("quarantined", "missing_value"): 252 + 28 + 1,  # HANGSENG, CSI300, and one of DOW
        ("quarantined", "non_positive"): 1,  # RUSSELL2000
        ("superseded", "repeated row"): 269,  # NIKKEI225
    }
    levels = lake.read("indexes")
    assert levels["index"].n_unique() == 16
    assert levels.filter(pl.col("index") == "SP500")["date"].min() == date(1970, 1, 2)


def test_us_members_and_sectors(imported):
    done, lake = imported("US_sp500")
    assert (done.rows_in, done.published) == (1_230, 1_230)
    members = lake.read("memberships").filter(pl.col("index") == "SP500")
    assert members["valid_to"].null_count() == 503
    facebook = members.filter(pl.col("ticker").is_in(["US:FB", "US:META"])).sort("valid_from")
    assert facebook["valid_to"].to_list() == [date(2022, 6, 8), None]
    sectors, lake = imported("US_sectors")
    assert (sectors.rows_in, sectors.published) == (503, 503)
    held = lake.read("attributes", "US").filter(pl.col("kind") == "sector")
    assert held["value"].n_unique() == 11
    assert held["valid_from"].min() >= date(2026, 1, 1), "today's sectors are not known in the past"


def test_listings(imported):
    symbols, lake = imported("US_symbols")
    assert symbols.rows_in == 7_588 == symbols.published + symbols.superseded
    # 7,230 codes, 15 of which were off the list for two months and came back as another company.
    tickers = lake.read("tickers", "US")
    named = tickers.filter(pl.col("name").is_not_null())
    assert (named["ticker"].n_unique(), tickers.filter(pl.col("spell") == 2).height) == (7_230, 15)
    assert tickers.filter(pl.col("delisted_date").is_not_null()).height == 15, "silence delists nobody else"
    china, lake = imported("CN_listing")
    assert china.rows_in == china.published == 5_366
    assert lake.read("shares", "CN").height == 5_366
    kinds = lake.read("attributes", "CN").group_by("kind").agg(pl.col("value").n_unique(), rows=pl.len()).sort("kind")
    assert kinds.rows() == [("industry", 86, 5_366), ("sector", 11, 5_366)]
    japan, lake = imported("JP_listing")
    assert outcomes(japan) == {("quarantined", "unknown_code"): 48}, "indexes, currencies and foreign shares"
    members = lake.read("memberships").filter(pl.col("source") == japan.source)
    assert dict(members["index"].value_counts().iter_rows()) == {"NIKKEI225": 225, "TOPIX500": 500}
    korea, lake = imported("KR_listing_2019")
    # 2,201 rows of 2,199 codes: two codes stand there with two names each.
    assert outcomes(korea) == {("quarantined", "duplicate_conflict"): 4}
    assert set(lake.read("tickers", "KR")["exchange"].drop_nulls()) == {"XKRX", "XKOS"}


def test_kr_shares(imported):
    done, lake = imported("KR_marcap_shares")
    assert done.rows_in == 322_525 == done.published + done.superseded
    counts = lake.read("shares", "KR")
    # 2,935 first counts, 1,551 changes inside the windows by the README and the others between them.
    assert counts.height == done.published == 7_036
    assert counts["ticker"].n_unique() == 2_935
    assert (counts["available_date"] > counts["date"]).all()
