"""Fourteen features of daily bars, said four times: with the workbench, pandas, polars and DuckDB.

Every side starts from what it stores (the lake; one Parquet file sorted by ticker and date) and ends with all
fourteen features of all stocks and dates in memory. The same rows, the same windows, no gaps; a value
exists from the row on which its window is full.

| feature | meaning |
|---|---|
| roc1, roc5, roc20, roc60 | close over the close so many sessions ago, minus one |
| ma5, ma20, ma60 | mean close of the window over the close |
| std20, std60 | standard deviation (n - 1) of the daily returns of the window |
| max20, min20 | highest high, lowest low of the window over the close |
| volr20 | volume over its mean |
| range14 | mean of (high - low) / close |
| vwap20 | volume-weighted mean close over the close |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake import Lake

NAMES = (
    *(f"roc{n}" for n in (1, 5, 20, 60)),
    *(f"ma{n}" for n in (5, 20, 60)),
    *(f"std{n}" for n in (20, 60)),
    "max20",
    "min20",
    "volr20",
    "range14",
    "vwap20",
)
FIELDS = ("high", "low", "close", "volume")


def ours(lake: Lake, region: str) -> dict[str, NDArray[np.float64]]:
    """(T, N) arrays from the lake's panel."""
    panel = lake.panel(region, fields=FIELDS, adjust="none")
    return of_arrays(*(panel[name] for name in FIELDS))


def of_arrays(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64], volume: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The features of (T, N) arrays, with the rolling functions that factors are made of."""
    from workbench.factors import windows

    change = np.full(close.shape, np.nan)
    change[1:] = close[1:] / close[:-1] - 1.0
    found = {"roc1": change}
    for window in (5, 20, 60):
        found[f"roc{window}"] = np.full(close.shape, np.nan)
        found[f"roc{window}"][window:] = close[window:] / close[:-window] - 1.0
        found[f"ma{window}"] = windows.rolling_mean(close, window, share=1.0) / close
    found["std20"], found["std60"] = (
        windows.rolling_std(change, 20, share=1.0),
        windows.rolling_std(change, 60, share=1.0),
    )
    found["max20"] = windows.rolling_max(high, 20, share=1.0) / close
    found["min20"] = windows.rolling_min(low, 20, share=1.0) / close
    mean = windows.rolling_mean(volume, 20, share=1.0)
    found["volr20"] = volume / mean
    found["range14"] = windows.rolling_mean((high - low) / close, 14, share=1.0)
    found["vwap20"] = windows.rolling_mean(close * volume, 20, share=1.0) / mean / close
    return found


def of_pandas(path: Path) -> dict[str, pd.DataFrame]:
    """Wide frames, dates by tickers."""
    import pandas as pd

    bars = pd.read_parquet(path).set_index(["date", "ticker"])
    high, low, close, volume = (bars[name].unstack() for name in FIELDS)
    change = close / close.shift(1) - 1.0
    found = {f"roc{window}": close / close.shift(window) - 1.0 for window in (1, 5, 20, 60)}
    found |= {f"ma{window}": close.rolling(window).mean() / close for window in (5, 20, 60)}
    found |= {f"std{window}": change.rolling(window).std() for window in (20, 60)}
    found["max20"], found["min20"] = high.rolling(20).max() / close, low.rolling(20).min() / close
    mean = volume.rolling(20).mean()
    found["volr20"] = volume / mean
    found["range14"] = ((high - low) / close).rolling(14).mean()
    found["vwap20"] = (close * volume).rolling(20).mean() / mean / close
    return found


def of_polars(path: Path) -> pl.DataFrame:
    """A long frame, one column a feature."""
    import polars as pl

    high, low, close, volume = (pl.col(name) for name in FIELDS)
    mean = volume.rolling_mean(20)
    change = close / close.shift(1) - 1.0
    expressions = {f"roc{window}": close / close.shift(window) - 1.0 for window in (1, 5, 20, 60)}
    expressions |= {f"ma{window}": close.rolling_mean(window) / close for window in (5, 20, 60)}
    expressions |= {f"std{window}": pl.col("change").rolling_std(window) for window in (20, 60)}
    expressions |= {
        "max20": high.rolling_max(20) / close,
        "min20": low.rolling_min(20) / close,
        "volr20": volume / mean,
        "range14": ((high - low) / close).rolling_mean(14),
        "vwap20": (close * volume).rolling_mean(20) / mean / close,
    }
    bars = pl.scan_parquet(path).with_columns(change=change.over("ticker"))
    return bars.select("ticker", "date", **{name: one.over("ticker") for name, one in expressions.items()}).collect()


def of_duckdb(path: Path) -> pl.DataFrame:
    """A long frame by window functions; a window that is not full is null."""
    import duckdb
    import polars as pl

    def over(call: str, window: int, first: int | None = None) -> str:
        frame = f"(PARTITION BY ticker ORDER BY date ROWS {window - 1} PRECEDING)"
        return f"CASE WHEN row >= {first or window} THEN {call} OVER {frame} END"

    later = {f"roc{window}": f"close / lag(close, {window}) OVER bars - 1" for window in (1, 5, 20, 60)}
    later |= {f"ma{window}": f"{over('avg(close)', window)} / close" for window in (5, 20, 60)}
    # The first row of a stock has no return: a window of returns is full one row later.
    later |= {f"std{window}": over("stddev_samp(change)", window, first=window + 1) for window in (20, 60)}
    later |= {
        "max20": f"{over('max(high)', 20)} / close",
        "min20": f"{over('min(low)', 20)} / close",
        "volr20": f"volume / {over('avg(volume)', 20)}",
        "range14": over("avg((high - low) / close)", 14),
        "vwap20": f"{over('avg(close * volume)', 20)} / {over('avg(volume)', 20)} / close",
    }
    text = f"""
        WITH bars AS (
            SELECT *, close / lag(close) OVER own - 1 AS change, row_number() OVER own AS row
            FROM read_parquet('{path}') WINDOW own AS (PARTITION BY ticker ORDER BY date)
        )
        SELECT ticker, date, {", ".join(f"{call} AS {name}" for name, call in later.items())}
        FROM bars WINDOW bars AS (PARTITION BY ticker ORDER BY date)"""
    return pl.DataFrame(duckdb.connect().sql(text).to_arrow_table())


def wide(found: object, tickers: int) -> dict[str, NDArray[np.float64]]:
    """Any side's answer as (T, N) arrays by feature, for comparison."""
    if isinstance(found, dict):
        return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}
    ordered = found.sort("ticker", "date")  # type: ignore[attr-defined]
    return {name: ordered[name].to_numpy().astype(np.float64).reshape(tickers, -1).T for name in NAMES}
