"""Rows for the tests of publish: bars of a few tickers and days, and a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

SEEN = datetime(2024, 1, 10, tzinfo=UTC)


def bars(tickers=("A", "B"), days=3, region="KR", start=date(2024, 1, 2), close=10.0, source="one"):
    """Bars of consecutive days; the close differs by ticker and day."""
    rows = [
        {
            "region": region,
            "ticker": ticker,
            "timeframe": "D",
            "date": start + timedelta(days=day),
            "close": close + column + day / 10,
            "volume": 100.0,
            "adjusted": "none",
            "source": source,
            "collected_at": SEEN,
        }
        for column, ticker in enumerate(tickers)
        for day in range(days)
    ]
    return pl.DataFrame(rows)


def gap(ticker="A", start=date(2024, 1, 2), end=date(2024, 1, 3), reason="unknown", region="KR"):
    return pl.DataFrame({"region": [region], "ticker": [ticker], "start": [start], "end": [end], "reason": [reason]})
