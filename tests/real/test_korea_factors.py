"""Our sorts on real Korean prices against published monthly factors, 2024-02 to 2025-05: market and size.

Sixteen months are few, so that every correlation stands with its interval (Fisher's z, 95 %). What differs from
the published factors: prices of companies that are listed in June 2025 only (survivors), adjusted for splits
but without dividends; share counts of January 2024, held; size alone is sorted, since no book values are known.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from workbench.lake.panel import Panel
from workbench.research import sorts

pytestmark = pytest.mark.real

COUNTED, FIRST, LAST = date(2024, 1, 30), date(2024, 2, 1), date(2025, 5, 31)


@pytest.fixture(scope="module")
def korea(real_data) -> pl.DataFrame:
    """Month, and ours and theirs as fractions a month."""
    counted = pl.scan_parquet(real_data / "ohlcv/KR_marcap.parquet").filter(pl.col("date") == COUNTED)
    worth = dict(counted.select("KR:" + pl.col("ticker"), "market_cap").collect().rows())
    panel = prices(real_data / "ohlcv/KR_recent.parquet")
    days, gain = np.asarray(panel.dates), sorts.session_gains(panel, "KR")
    # Traded at the last close of a month, as decided on the evening before: months are whole.
    formed = sorts.month_ends(days) - 1
    formed = formed[days[formed] >= np.datetime64(COUNTED)]
    start = np.array([worth.get(ticker, np.nan) for ticker in panel.tickers])
    since = np.cumsum(np.log1p(np.nan_to_num(gain)), axis=0)
    size = start * np.exp(since[formed] - since[formed[:1]])
    whole = sorts.market(size, formed, gain)
    halves = sorts.hold(sorts.sort(size, sorts.HALVES), size, formed, gain, count=2).returns(gain)
    daily = pl.DataFrame({"date": days, "market": whole, "small": halves[:, 0], "big": halves[:, 1]})
    daily = daily.filter(pl.col("date").is_between(FIRST, LAST)).group_by(pl.col("date").dt.month_end())
    ours = daily.agg(((1.0 + pl.col(name)).product() - 1.0).alias(name) for name in ("market", "small", "big"))
    theirs = pl.read_parquet(real_data / "reference/kr_ff3_monthly.parquet").with_columns(pl.col("date").dt.month_end())
    both = ours.join(theirs, on="date").sort("date")
    return both.select(
        "date", "market", size=pl.col("small") - pl.col("big"), mkt=pl.col("mkt") / 100.0, smb=pl.col("smb") / 100.0
    )


def prices(file: Path) -> Panel:
    """The closes of the file as a panel; they are adjusted for splits."""
    rows = pl.scan_parquet(file).filter(pl.col("close") > 0.0).select("ticker", "date", "close").collect()
    wide = rows.pivot("ticker", index="date", values="close").sort("date")
    codes = wide.columns[1:]
    labels = tuple(f"KR:{code}" for code in codes)
    return Panel(wide["date"].to_numpy().astype("datetime64[D]"), labels, {"close": wide.select(codes).to_numpy()})


def interval(ours: pl.Series, theirs: pl.Series) -> tuple[float, float, float]:
    """Correlation, and its 95 % interval by Fisher's z."""
    correlation = float(np.corrcoef(ours, theirs)[0, 1])
    reach = 1.96 / np.sqrt(len(ours) - 3)
    low, high = np.tanh(np.arctanh(correlation) + np.array([-reach, reach]))
    return correlation, float(low), float(high)


def test_market(korea) -> None:
    assert korea.height == 16
    correlation, low, high = interval(korea["market"], korea["mkt"])
    assert low > 0.98, f"{correlation:.3f} ({low:.3f} to {high:.3f})"
    slope = np.polyfit(korea["mkt"], korea["market"], 1)[0]
    assert 0.9 <= slope <= 1.15


def test_size(korea) -> None:
    correlation, low, high = interval(korea["size"], korea["smb"])
    assert low > 0.80, f"{correlation:.3f} ({low:.3f} to {high:.3f})"
    slope = np.polyfit(korea["smb"], korea["size"], 1)[0]
    assert 0.85 <= slope <= 1.25


def test_what_survivors_and_missing_dividends_do(korea) -> None:
    """Our market earned about a hundredth a month less: the level is not comparable, only what moves it is."""
    behind = float((korea["market"] - korea["mkt"]).mean())
    assert -0.016 < behind < -0.006
