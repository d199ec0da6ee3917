"""Random walks of six regions as daily bars in the lake's schema, the same for a seed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench import schemas

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST, LAST = date(2016, 1, 4), date(2025, 12, 30)
DAYS = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
DAYS = DAYS[np.is_busday(DAYS)]
#: First price, decimals and tickers' codes of each region.
REGIONS = {
    "KR": (40_000.0, 0, "{:06d}"),
    "US": (60.0, 2, "U{:04d}"),
    "CN": (15.0, 2, "6{:05d}"),
    "HK": (25.0, 2, "{:04d}"),
    "JP": (2_500.0, 1, "{:04d}"),
    "VN": (30_000.0, 0, "V{:04d}"),
}


def region_frame(region: str, tickers: int, seed: int, days: NDArray[np.datetime64] = DAYS) -> pl.DataFrame:
    """Daily bars of one region in the lake's schema on these days, sorted by ticker and date."""
    price, decimals, code = REGIONS[region]
    generator = np.random.default_rng([seed, list(REGIONS).index(region)])
    shape = (tickers, len(days))
    steps = generator.standard_t(4, shape) * 0.012 + generator.normal(0, 0.006, len(days))
    close = price * np.exp(generator.normal(0, 0.8, (tickers, 1)) + np.cumsum(steps, axis=1).clip(-3, 3))
    opened = close * np.exp(generator.normal(0, 0.006, shape))
    spread = np.abs(generator.normal(0, 0.008, shape))
    high, low = np.maximum(opened, close) * (1 + spread), np.minimum(opened, close) * (1 - spread)
    prices = {
        name: np.maximum(10.0**-decimals, np.round(values, decimals)).ravel()
        for name, values in (("open", opened), ("high", high), ("low", low), ("close", close))
    }
    volume = np.floor(np.exp(generator.normal(12, 1.2, shape))).ravel()
    codes = np.repeat([code.format(number) for number in range(1, tickers + 1)], len(days))
    return pl.DataFrame(
        {
            "region": pl.repeat(region, len(codes), eager=True),
            "ticker": codes,
            "timeframe": pl.repeat("D", len(codes), eager=True),
            "date": np.tile(days, tickers),
            **prices,
            "volume": volume,
            "turnover": np.round(volume * prices["close"], 0),
            "adjusted": pl.repeat("none", len(codes), eager=True),
            "source": pl.repeat("bench", len(codes), eager=True),
            "collected_at": pl.repeat(datetime(2026, 1, 2, tzinfo=UTC), len(codes), eager=True),
        }
    ).cast(dict(schemas.TABLES["ohlcv"].columns))
