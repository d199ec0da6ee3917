"""A lake of a few rows, written in short form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from workbench import markets
from workbench.lake import Lake
from workbench.schemas import TABLES

SEEN = datetime(2026, 1, 5, tzinfo=UTC)
MONDAY = date(2024, 3, 4)


class Desk:
    """Publishes rows given as few values; what is not given is null or ordinary."""

    def __init__(self, folder: Path) -> None:
        self.lake = Lake(folder, pinned=None)

    def publish(self, table: str, rows: list[dict[str, Any]], region: str | None = None) -> None:
        declared = TABLES[table]
        full = [{name: row.get(name) for name in declared.columns} for row in rows]
        self.lake.publish(table, pl.DataFrame(full, schema=dict(declared.columns)), region, seen_at=SEEN)

    def bars(self, region: str, ticker: str, closes: dict[date, float], **more: Any) -> None:
        """Bars with open = high = low = close and a volume of 1,000."""
        extra = {"volume": 1000.0, "turnover": None, "adjusted": "none", **more}
        rows = [
            {"region": region, "ticker": ticker, "timeframe": "D", "date": day, "source": "desk", "collected_at": SEEN}
            | dict.fromkeys(("open", "high", "low", "close"), close)
            | extra
            for day, close in closes.items()
        ]
        self.publish("ohlcv", rows, region)

    def action(self, region: str, ticker: str, day: date, kind: str, value: float, currency: str | None = None) -> None:
        row = {"region": region, "ticker": ticker, "ex_date": day, "kind": kind, "value": value, "currency": currency}
        self.publish("actions", [{**row, "source": "desk"}], region)

    def listing(self, region: str, ticker: str, spell: int = 1, **more: Any) -> None:
        money = {"currency": markets.get(region).currency, "source": "desk"}
        self.publish("tickers", [{"region": region, "ticker": ticker, "spell": spell, **money, **more}], region)

    def filing(self, ticker: str, item: str, period_end: date, available: date, value: float, **more: Any) -> None:
        row = {"region": "KR", "ticker": ticker, "item": item, "period_end": period_end, "available_date": available}
        usual = {"period": "Q", "filing_id": f"{ticker}-{available}", "vintage": 1, "currency": "KRW", "source": "desk"}
        self.publish("fundamentals", [row | usual | {"value": value} | more], "KR")

    def fix(self, currency: str, day: date, usd: float, fixed_at: datetime) -> None:
        row = {"currency": currency, "date": day, "usd_per_unit": usd, "fixed_at": fixed_at, "source": "desk"}
        self.publish("fx", [row])

    @staticmethod
    def days(region: str, start: date, count: int) -> list[date]:
        """The first sessions of a region from a date on."""
        return markets.sessions(region, start, date(start.year + 1, start.month, 1))[:count]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty lake with short ways to fill it."""
    return Desk(tmp_path / "lake")


@pytest.fixture
def days(desk: Any) -> list[date]:
    """Six Korean sessions from a Monday on."""
    return desk.days("KR", MONDAY, 6)


@pytest.fixture
def two(desk: Any, days: list[date]) -> Any:
    """Two Korean codes; the second one starts on the third day."""
    desk.bars("KR", "000010", {day: 100.0 + number for number, day in enumerate(days)})
    desk.bars("KR", "000020", dict.fromkeys(days[2:], 50.0))
    return desk
