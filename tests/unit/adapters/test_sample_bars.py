"""Bars as traded: ranges, ticks, limits, splits, halts, corrections, the index."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.sample import Sample
from workbench.settings import REGIONS

HALTS = {"KR": "zeros", "CN": "zeros", "JP": "zeros", "VN": "flat", "US": "absent", "HK": "absent"}


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample("tiny")


def bars(sample: Sample, region: str) -> pl.DataFrame:
    return sample.fetch("ohlcv", Request(region)).frame


@pytest.mark.parametrize("region", REGIONS)
def test_ranges_hold_and_volume_and_turnover_agree(sample: Sample, region: str) -> None:
    traded = bars(sample, region).filter(pl.col("volume") > 0)
    assert traded.filter(pl.col("low") > pl.min_horizontal("open", "close")).is_empty()
    assert traded.filter(pl.col("high") < pl.max_horizontal("open", "close")).is_empty()
    assert traded["low"].min() > 0
    average = traded["turnover"] / traded["volume"]
    assert (average <= traded["high"] * 1.001 + 0.51 / traded["volume"]).all()
    assert (average >= traded["low"] * 0.999 - 0.51 / traded["volume"]).all()
    assert (traded["volume"] == traded["volume"].round()).all()
    assert (traded["high"] > traded["low"]).mean() > 0.95


@pytest.mark.parametrize("region", REGIONS)
def test_prices_are_on_the_markets_ticks(sample: Sample, region: str) -> None:
    boards = sample.fetch("attributes", Request(region)).frame.filter(pl.col("kind") == "board")
    board = dict(boards.select("ticker", "value").iter_rows())
    frame = bars(sample, region).filter(pl.col("volume") > 0)
    for row in frame.gather_every(37).iter_rows(named=True):
        for name in ("open", "high", "low", "close"):
            rounded = markets.round_to_tick(region, row[name], row["date"], board[row["ticker"]])
            assert rounded == pytest.approx(row[name], rel=1e-9), row


@pytest.mark.parametrize("region", ["KR", "CN", "JP", "VN"])
def test_prices_stay_inside_the_daily_limit(tiny, region: str) -> None:
    market = tiny(region)
    close = market.bars.close
    splits, dividends, _ = market.actions
    ratio, cash = np.ones_like(close), np.zeros_like(close)
    ratio[splits.row, splits.column] = splits.value
    cash[dividends.row, dividends.column] = dividends.value
    base = (close[:-1] - cash[1:]) / ratio[1:]
    days = market.line.sessions[1:].astype(object)
    low, high = market.bars.low[1:], market.bars.high[1:]
    wide = np.fmax(high / base - 1.0, 1.0 - low / base) > 0.05
    touched = 0
    for row, column in np.argwhere(wide & (market.bars.volume[1:] > 0)):
        price = float(base[row, column])
        floor, ceiling = markets.price_limit(region, days[row], price, market.companies[column].board)
        assert floor - 1e-6 <= low[row, column] <= high[row, column] <= ceiling + 1e-6, (column, days[row], price)
        touched += 1
    assert touched > 20


@pytest.mark.parametrize("region", REGIONS)
def test_a_split_moves_price_and_shares_opposite(sample: Sample, region: str) -> None:
    splits = sample.fetch("actions", Request(region)).frame.filter(pl.col("kind") == "split")
    assert splits.filter(pl.col("value") > 1).height >= 2
    assert splits.filter(pl.col("value") < 1).height >= 1
    prices, counts = bars(sample, region), sample.fetch("shares", Request(region)).frame
    for row in splits.iter_rows(named=True):
        mine = prices.filter(pl.col("ticker") == row["ticker"])
        before = mine.filter(pl.col("date") < row["ex_date"])["close"][-1]
        after = mine.filter(pl.col("date") == row["ex_date"])["close"].item()
        assert abs(np.log(after * row["value"] / before)) < 0.4
        assert abs(np.log(after / before)) > 0.6 * abs(np.log(row["value"])) - 0.2
        on_day = counts.filter((pl.col("ticker") == row["ticker"]) & (pl.col("date") == row["ex_date"]))
        earlier = counts.filter((pl.col("ticker") == row["ticker"]) & (pl.col("date") < row["ex_date"]))
        grown = on_day["shares_outstanding"].item() / earlier["shares_outstanding"][-1]
        assert grown == pytest.approx(row["value"], rel=0.2)
        assert on_day["available_date"].item() == row["ex_date"]


@pytest.mark.parametrize("region", REGIONS)
def test_halts_come_as_the_regions_sources_deliver_them(sample: Sample, tiny, region: str) -> None:
    market, fetched = tiny(region), sample.fetch("ohlcv", Request(region))
    still = market.halted & ~np.isnan(market.bars.close)
    assert still[-1].sum() >= 1
    quiet = fetched.frame.filter(pl.col("volume") == 0)
    suspended = [item for item in fetched.absent if item.reason == "suspended"]
    if HALTS[region] == "absent":
        assert quiet.is_empty()
        sessions = market.line.sessions
        covered = [np.sum((sessions >= np.datetime64(i.start)) & (sessions <= np.datetime64(i.end))) for i in suspended]
        assert sum(covered) == still.sum()
        assert fetched.frame.height == (~np.isnan(market.bars.close)).sum() - still.sum()
        return
    assert not suspended
    assert quiet.height == still.sum()
    before = fetched.frame.with_columns(previous=pl.col("close").shift(1).over("ticker"))
    assert before.filter((pl.col("volume") == 0) & (pl.col("close") != pl.col("previous"))).is_empty()
    prices = quiet.select(pl.col("open", "high", "low"))
    expected = 0.0 if HALTS[region] == "zeros" else quiet["close"]
    assert all((prices[name] == expected).all() for name in prices.columns)


@pytest.mark.parametrize("region", REGIONS)
def test_some_prices_are_corrected_later(sample: Sample, tiny, region: str) -> None:
    market = tiny(region)
    corrections, sessions = market.corrections, market.line.sessions.astype(object)
    assert len(corrections.row) > 20
    lags = corrections.known - corrections.row
    assert lags.min() >= 3
    assert lags.max() <= 10
    early = Sample("tiny", today=sessions[-6])
    keys = ["ticker", "date"]
    both = bars(early, region).join(bars(sample, region), on=keys, suffix="_later")
    changed = both.filter((pl.col("close") != pl.col("close_later")) | (pl.col("volume") != pl.col("volume_later")))
    asked = len(sessions) - 6
    pending = np.flatnonzero((corrections.row <= asked) & (corrections.known > asked))
    expected = {(market.companies[corrections.column[n]].code, sessions[corrections.row[n]]) for n in pending}
    assert expected
    assert set(changed.select(keys).iter_rows()) == expected
    assert (changed["close"] != changed["close_later"]).all()
    assert changed.filter(~pl.col("close").is_between("low", "high")).is_empty()


def test_a_correction_is_published_on_its_own_session(sample: Sample, tiny) -> None:
    market = tiny("KR")
    corrections, sessions = market.corrections, market.line.sessions.astype(object)
    row, known, column = (int(field[30]) for field in (corrections.row, corrections.known, corrections.column))
    request = Request("KR", (market.companies[column].code,), sessions[row], sessions[row])

    def close(today: date) -> float:
        return Sample("tiny", today=today).fetch("ohlcv", request).frame["close"].item()

    assert close(sessions[row]) == close(sessions[known - 1]) == corrections.close[30]
    assert close(sessions[known]) == market.bars.close[row, column] != corrections.close[30]
    assert Sample("tiny", today=sessions[row - 1]).fetch("ohlcv", request).absent[0].reason == "unknown"


@pytest.mark.parametrize("region", REGIONS)
def test_the_index_follows_its_companies(sample: Sample, tiny, region: str) -> None:
    market = tiny(region)
    frame = sample.fetch("indexes", Request(region)).frame
    assert set(frame["index"]) == {f"SAMPLE-{region}"}
    assert frame.height == len(market.line.sessions)
    assert frame["level"][0] == 1000.0
    close = market.bars.close
    with np.errstate(invalid="ignore"):
        mean = np.nanmean(np.diff(np.log(np.where(market.halted, np.nan, close)), axis=0), axis=1)
    assert np.corrcoef(mean, np.diff(np.log(market.index)))[0, 1] > 0.5
    assert sample.fetch("indexes", Request(region, ("KOSPI",))).absent[0].reason == "not_covered"
    closed = sample.fetch("indexes", Request(region, None, date(2025, 11, 8), date(2025, 11, 9)))
    assert [item.reason for item in closed.absent] == ["holiday"]
