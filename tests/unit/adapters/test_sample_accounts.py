"""Filings, restatements, share counts and exchange rates of the sample market."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.sample import Sample
from workbench.settings import REGIONS

FILING = ["ticker", "period_end", "filing_id"]
ITEMS = {
    "revenue", "cost_of_revenue", "gross_profit", "operating_income", "ebitda", "net_income", "total_assets",
    "current_assets", "total_liabilities", "current_liabilities", "total_equity", "total_debt", "cash",
    "operating_cash_flow", "capital_expenditure", "shares_diluted", "dividends_paid",
}  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample("tiny")


def wide(sample: Sample, region: str) -> pl.DataFrame:
    """One row a filing, one column an item."""
    frame = sample.fetch("fundamentals", Request(region)).frame
    return frame.pivot("item", index=[*FILING, "available_date", "vintage"], values="value")


@pytest.mark.parametrize("region", REGIONS)
def test_statements_agree_with_themselves(sample: Sample, region: str) -> None:
    table = wide(sample, region)
    assert set(table.columns) >= ITEMS
    assert table.filter(pl.col("total_assets") != pl.col("total_liabilities") + pl.col("total_equity")).is_empty()
    assert table.filter(pl.col("total_equity") <= 0).is_empty()
    assert table.filter(pl.col("total_debt") > pl.col("total_liabilities")).is_empty()
    assert table.filter(pl.col("cash") > pl.col("current_assets")).is_empty()
    assert table.filter(pl.col("current_assets") > pl.col("total_assets")).is_empty()
    first = table.filter(pl.col("vintage") == 1)
    assert first.filter((pl.col("revenue") - pl.col("cost_of_revenue") - pl.col("gross_profit")).abs() > 1).is_empty()
    assert first.filter(pl.col("gross_profit") > pl.col("revenue")).is_empty()
    assert first.filter(pl.col("ebitda") < pl.col("operating_income")).is_empty()
    assert (first["net_income"] > 0).mean() > 0.7
    assert (first["dividends_paid"] > 0).sum() > 5


@pytest.mark.parametrize("region", REGIONS)
def test_filings_come_three_to_ten_weeks_after_the_quarter(sample: Sample, region: str) -> None:
    table = wide(sample, region)
    listed = sample.fetch("tickers", Request(region)).frame.group_by("ticker").agg(pl.col("listed_date").max())
    first = table.filter(pl.col("vintage") == 1).join(listed, on="ticker")
    usual = first.filter(pl.col("available_date") > pl.col("listed_date"))
    days = (usual["available_date"] - usual["period_end"]).dt.total_days()
    assert days.min() >= 21
    assert days.max() <= 80
    assert 30 <= days.median() <= 60
    assert days.quantile(0.98) <= 70
    assert all(markets.is_session(region, day) for day in table["available_date"].unique())


@pytest.mark.parametrize("region", REGIONS)
def test_some_filings_are_restated_later(sample: Sample, region: str) -> None:
    table = wide(sample, region)
    again = table.filter(pl.col("vintage") == 2)
    assert again.height >= 3
    both = again.join(table.filter(pl.col("vintage") == 1), on=["ticker", "period_end"], suffix="_first")
    assert both.height >= again.height
    assert both.filter(pl.col("available_date") < pl.col("available_date_first") + timedelta(days=55)).is_empty()
    assert (both["net_income"] != both["net_income_first"]).all()
    assert (both["filing_id"] != both["filing_id_first"]).all()
    assert (both["total_debt"] == both["total_debt_first"]).all()
    cut = both["available_date"].max() - timedelta(days=1)
    earlier = Sample("tiny", today=cut).fetch("fundamentals", Request(region)).frame
    assert (
        earlier.filter(pl.col("vintage") == 2).height
        < sample.fetch("fundamentals", Request(region)).frame.filter(pl.col("vintage") == 2).height
    )


def test_dividends_paid_are_those_of_the_actions(sample: Sample, tiny) -> None:
    market = tiny("US")
    paid = sample.fetch("actions", Request("US")).frame.filter(pl.col("kind") == "dividend")
    assert paid.filter(pl.col("value") <= 0).is_empty()
    code = paid["ticker"].mode()[0]
    table = wide(sample, "US").filter((pl.col("ticker") == code) & (pl.col("vintage") == 1)).sort("period_end")
    row = table.filter(pl.col("period_end") >= sample.first_date("US") + timedelta(days=92)).row(0, named=True)
    quarter = paid.filter(
        (pl.col("ticker") == code)
        & pl.col("ex_date").is_between(row["period_end"] - timedelta(days=91), row["period_end"])
    )
    assert quarter.height >= 1
    counts = sample.fetch("shares", Request("US", (code,))).frame
    shares = counts.filter(pl.col("date") <= row["period_end"])["shares_outstanding"][-1]
    assert row["dividends_paid"] == pytest.approx(quarter["value"].sum() * shares, rel=0.2)
    assert market.items["dividends_paid"].min() == 0.0


@pytest.mark.parametrize("region", REGIONS)
def test_share_counts_are_known_when_filed_and_match_the_price_scale(sample: Sample, region: str) -> None:
    counts = sample.fetch("shares", Request(region)).frame
    assert counts.filter(pl.col("available_date") < pl.col("date")).is_empty()
    assert (counts["available_date"] > counts["date"]).sum() > counts.height / 2
    value = counts.join(sample.fetch("ohlcv", Request(region)).frame, on=["ticker", "date"])
    usd = value["shares_outstanding"] * value["close"]
    last = sample.fetch("fx", Request(region)).frame.filter(pl.col("currency") == markets.get(region).currency)
    rate = 1.0 if region == "US" else last["usd_per_unit"][-1]
    assert (usd * rate).min() > 5e6
    assert (usd * rate).max() < 1e12


def test_exchange_rates_are_fixed_in_london_on_weekdays(sample: Sample) -> None:
    frame = sample.fetch("fx", Request("KR")).frame
    assert set(frame["currency"]) == {"KRW", "CNY", "HKD", "JPY", "VND"}
    assert frame["date"].dt.weekday().max() == 5
    assert set(frame["fixed_at"].dt.hour().unique()) == {15, 16}
    summer = frame.filter(pl.col("date") == date(2025, 7, 1))["fixed_at"][0]
    assert (summer.hour, summer.date()) == (15, date(2025, 7, 1))
    units = {row["currency"]: 1.0 / row["usd_per_unit"] for row in frame.filter(date=date(2025, 7, 1)).to_dicts()}
    assert 700 < units["KRW"] < 2000
    assert 5 < units["CNY"] < 9
    assert 70 < units["JPY"] < 180
    assert 17_000 < units["VND"] < 30_000
    pegged = 1.0 / frame.filter(pl.col("currency") == "HKD")["usd_per_unit"]
    assert pegged.is_between(7.7499, 7.8501).all()
    assert pegged.n_unique() > 100
    assert frame.filter(pl.col("currency") == "KRW")["usd_per_unit"].pct_change().std() > 0.003


def test_rates_are_the_same_whatever_the_region_and_the_dollar_has_none(sample: Sample) -> None:
    first = sample.fetch("fx", Request("KR", ("JPY",))).frame
    assert first.equals(sample.fetch("fx", Request("US", ("JPY",))).frame)
    assert first["date"].max() == date(2025, 12, 30)
    dollar = sample.fetch("fx", Request("US", ("USD",)))
    assert dollar.frame.is_empty()
    assert [(item.ticker, item.reason) for item in dollar.absent] == [("USD", "not_covered")]
    closed = sample.fetch("fx", Request("US", ("JPY",), date(2025, 11, 8), date(2025, 11, 9)))
    assert [item.reason for item in closed.absent] == ["holiday"]


@pytest.mark.parametrize("region", REGIONS)
def test_a_delisted_company_files_no_more(sample: Sample, region: str) -> None:
    ended = sample.fetch("tickers", Request(region)).frame.filter(pl.col("delisted_date").is_not_null())
    filed = sample.fetch("fundamentals", Request(region)).frame.with_columns(
        spell=pl.col("filing_id").str.split("-").list.get(3).cast(pl.Int64)
    )
    both = filed.join(ended, on=["ticker", "spell"])
    assert both.height > 100
    assert both.filter(pl.col("available_date") >= pl.col("delisted_date")).is_empty()
    assert both.filter(pl.col("available_date") < pl.col("listed_date")).is_empty()


def test_prices_fall_by_the_dividend_on_the_ex_date(demo) -> None:
    market = demo("US")
    paid = market.actions[1]
    before = market.bars.close[paid.row - 1, paid.column]
    moves = market.bars.close[paid.row, paid.column] / before - 1.0
    yields = paid.value / before
    assert 0.003 < yields.mean() < 0.02
    assert abs((moves + yields).mean()) < 0.002
