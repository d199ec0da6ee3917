"""A market of random walks in a lake of its own: real sessions, gaps, halts, late listings, delistings, actions.

    python bench/synthetic.py FOLDER --stocks 3000 --years 10

`build` is what the benches of factors call; the same seed gives the same lake.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench import markets, schemas
from workbench.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LAST = date(2024, 12, 31)
SESSIONS_A_YEAR = 252
SEEN = datetime(2025, 1, 2, tzinfo=UTC)
#: Tickers of one publish: what bounds the memory.
BATCH = 1_000


@dataclass(frozen=True)
class Market:
    """What the lake is to hold.

    Attributes
    ----------
    stocks : int
        Tickers, all of one region.
    years : float
        Of 252 sessions, the last one in December 2024.
    missing : float
        Share of single sessions without a bar, besides the halts.
    halts : float
        Share of the stocks with one halt of 5 to 60 sessions.
    young, gone : float
        Share of the stocks that are listed late, and that are delisted early.
    seed : int
    """

    stocks: int = 3_000
    years: float = 10.0
    missing: float = 0.005
    halts: float = 0.1
    young: float = 0.15
    gone: float = 0.1
    seed: int = 7
    region: str = "US"

    @property
    def days(self) -> NDArray[np.datetime64]:
        """Sessions of the region's calendar, shape (T,)."""
        count = round(self.years * SESSIONS_A_YEAR)
        first = date(LAST.year - round(self.years) - 2, 1, 1)
        every = np.asarray(markets.session_array(self.region, first, LAST), "datetime64[D]")
        return every[-count:]

    @property
    def codes(self) -> list[str]:
        """Tickers, sorted."""
        return [f"S{number:05d}" for number in range(self.stocks)]


def build(folder: str | Path, market: Market) -> Lake:
    """Make the lake: tickers, ohlcv, actions and the level of the region's index."""
    lake = Lake(folder, pinned=None)
    generator = np.random.default_rng(market.seed)
    days = market.days
    common = generator.normal(0.0003, 0.009, len(days))
    lives = _lives(generator, market, len(days))
    lake.publish("tickers", _listings(market, days, lives), market.region)
    actions = []
    for first in range(0, market.stocks, BATCH):
        columns = slice(first, min(first + BATCH, market.stocks))
        bars, paid = _bars(generator, market, days, common, lives, columns)
        lake.publish("ohlcv", bars, market.region, seen_at=SEEN)
        actions.append(paid)
    lake.publish("actions", pl.concat(actions), market.region)
    level = 1000.0 * np.exp(np.cumsum(common))
    told = {"index": f"SAMPLE-{market.region}", "currency": markets.get(market.region).currency, "source": "bench"}
    lake.publish("indexes", pl.DataFrame({"date": days, "level": level}).with_columns(**_literals(told)))
    lake.compact()
    return lake


def _lives(generator: np.random.Generator, market: Market, rows: int) -> NDArray[np.int64]:
    """First and last row of each stock, shape (2, N)."""
    first = np.zeros(market.stocks, np.int64)
    young = generator.random(market.stocks) < market.young
    first[young] = generator.integers(0, int(rows * 0.9), young.sum())
    last = np.full(market.stocks, rows - 1)
    gone = generator.random(market.stocks) < market.gone
    last[gone] = first[gone] + 5 + (generator.random(gone.sum()) * (rows - 6 - first[gone])).astype(int)
    return np.stack([first, last])


def _listings(market: Market, days: NDArray[np.datetime64], lives: NDArray[np.int64]) -> pl.DataFrame:
    first, last = lives
    ended = last < len(days) - 1
    off = np.where(ended, days[np.minimum(last + 1, len(days) - 1)], np.datetime64("NaT", "D"))
    return pl.DataFrame(
        {
            "region": market.region,
            "ticker": market.codes,
            "spell": 1,
            "currency": markets.get(market.region).currency,
            "asset_type": "stock",
            "listed_date": days[first],
            "delisted_date": off,
            "source": "bench",
        }
    ).with_columns(pl.col("listed_date", "delisted_date").cast(pl.Date))


def _bars(
    generator: np.random.Generator,
    market: Market,
    days: NDArray[np.datetime64],
    common: NDArray[np.float64],
    lives: NDArray[np.int64],
    columns: slice,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars as stored and the actions of some tickers, by ticker and date."""
    first, last = lives[:, columns]
    rows, count = len(days), len(first)
    beta, noise = generator.uniform(0.4, 1.6, count), generator.uniform(0.008, 0.03, count)
    steps = common * beta[:, None] + generator.standard_t(4, (count, rows)) * (noise[:, None] / 2**0.5)
    close = 50.0 * np.exp(generator.normal(0, 0.8, (count, 1)) + np.cumsum(steps, axis=1).clip(-3, 3))
    number = np.arange(rows)
    split_at = np.where(generator.random(count) < 0.3, generator.integers(1, rows, count), rows)
    close = np.where(number >= split_at[:, None], close / 2.0, close)
    there = (number >= first[:, None]) & (number <= last[:, None])
    there &= generator.random((count, rows)) >= market.missing
    halted = np.flatnonzero(generator.random(count) < market.halts)
    since = generator.integers(0, rows, count)
    length = generator.integers(5, 61, count)
    for one in halted:
        there[one, since[one] : since[one] + length[one]] = False
    opened = close * np.exp(generator.normal(0, 0.006, close.shape))
    spread = np.abs(generator.normal(0, 0.008, close.shape))
    volume = np.floor(np.exp(generator.normal(11, 1.0, (count, 1)) + generator.normal(0, 0.6, close.shape)))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) * (1 + spread),
        "low": np.minimum(opened, close) * (1 - spread),
        "close": close,
    }
    owner, day = np.nonzero(there)
    codes = pl.Series(market.codes[columns])
    rounded = {name: np.maximum(0.01, np.round(values[owner, day], 2)) for name, values in prices.items()}
    frame = pl.DataFrame(
        {
            "ticker": codes[owner],
            "date": days[day],
            **rounded,
            "volume": volume[owner, day],
            "turnover": np.round(volume[owner, day] * rounded["close"]),
        }
    )
    told = {"region": market.region, "timeframe": "D", "adjusted": "none", "source": "bench"}
    frame = frame.with_columns(**_literals(told), collected_at=pl.lit(SEEN))
    return frame.cast(dict(schemas.TABLES["ohlcv"].columns)), _actions(
        generator, market, days, close, split_at, columns
    )


def _actions(
    generator: np.random.Generator,
    market: Market,
    days: NDArray[np.datetime64],
    close: NDArray[np.float64],
    split_at: NDArray[np.int64],
    columns: slice,
) -> pl.DataFrame:
    """One split for some, a dividend of a third to one per cent a quarter for half of the tickers."""
    codes = np.array(market.codes[columns])
    split = np.flatnonzero(split_at < len(days))
    rows = [(codes[one], days[split_at[one]].item(), "split", 2.0) for one in split]
    for one in np.flatnonzero(generator.random(len(codes)) < 0.5):
        start = int(generator.integers(1, 63))
        for at in range(start, len(days), 63):
            cash = round(float(close[one, at - 1] * generator.uniform(0.003, 0.01)), 4)
            rows.append((codes[one], days[at].item(), "dividend", max(cash, 0.0001)))
    frame = pl.DataFrame(rows, schema=["ticker", "ex_date", "kind", "value"], orient="row")
    currency = markets.get(market.region).currency
    frame = frame.with_columns(**_literals({"region": market.region, "currency": currency, "source": "bench"}))
    return frame.cast({"ex_date": pl.Date})


def _literals(told: dict[str, str]) -> dict[str, pl.Expr]:
    return {name: pl.lit(value) for name, value in told.items()}


def main() -> None:
    """Build a lake in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--stocks", type=int, default=Market.stocks)
    parser.add_argument("--years", type=float, default=Market.years)
    parser.add_argument("--seed", type=int, default=Market.seed)
    given = parser.parse_args()
    lake = build(given.folder, Market(given.stocks, given.years, seed=given.seed))
    print(lake.sql("SELECT count(*) AS bars, count(DISTINCT ticker) AS tickers, max(date) AS last FROM ohlcv"))


if __name__ == "__main__":
    main()
