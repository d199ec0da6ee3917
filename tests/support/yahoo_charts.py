"""Small bodies of the chart call, made for one test each."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workbench.adapters.yahoo.chart import Chart, Dividend, Row

TOKYO = ZoneInfo("Asia/Tokyo")


def stamp(day: str, hour: int = 0) -> int:
    """Seconds of an hour of a day in UTC: midnight is Tokyo's opening."""
    return int(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp())


def body(stamps: list[int], closes: list[Any], *, volumes: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A chart whose rows are flat at their close."""
    quote = {name: list(closes) for name in ("open", "high", "low", "close")}
    quote["volume"] = volumes if volumes is not None else [100] * len(stamps)
    meta = {"currency": "JPY", "exchangeName": "JPX", "instrumentType": "EQUITY", "exchangeTimezoneName": "Asia/Tokyo"}
    result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}, **more}
    return {"chart": {"result": [result], "error": None}}


def rows(closes: list[float], volumes: list[float], first: date = date(2024, 1, 1)) -> tuple[Row, ...]:
    """One row a day; the range is a hundredth of the close wide."""
    return tuple(
        Row(first + timedelta(days=n), close, close * 1.005, close * 0.995, close, volume)
        for n, (close, volume) in enumerate(zip(closes, volumes, strict=True))
    )


def chart(
    some: tuple[Row, ...], splits: list[tuple[date, float]] | None = None, dividends: list[Dividend] | None = None
) -> Chart:
    return Chart("1.T", "JPY", "JPX", "EQUITY", TOKYO, some, tuple(splits or ()), tuple(dividends or ()))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
