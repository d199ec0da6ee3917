"""Rows of ``fx`` and ``indexes``."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from workbench.adapters.yahoo.bars import tidy

if TYPE_CHECKING:
    from datetime import date

    from workbench.adapters.yahoo.chart import Chart
    from workbench.adapters.yahoo.symbols import Index


def fx(currency: str, chart: Chart, start: date, end: date, now: datetime) -> list[dict[str, Any]]:
    """Dollars for one unit, from a chart of units for one dollar.

    ``fixed_at`` is the end of the bar: midnight after its day in the zone of the quote (London). Recorded closes
    lie near the day's first quote, so that this is late rather than early. A bar that has not ended is left out,
    and so are the days of a weekend.
    """
    found = []
    for row in chart.rows:
        fixed = datetime.combine(row.day + timedelta(days=1), time(), tzinfo=chart.zone).astimezone(UTC)
        if row.close and start <= row.day <= end and fixed <= now and row.day.isoweekday() < 6:
            value = {"usd_per_unit": tidy(1.0 / row.close), "fixed_at": fixed}
            found.append({"currency": currency, "date": row.day, **value, "source": "yahoo"})
    return found


def levels_of(index: Index, chart: Chart, sessions: set[date]) -> list[dict[str, Any]]:
    """Closing levels of an index on completed sessions."""
    same = {"index": index.name, "currency": index.currency, "source": "yahoo"}
    return [
        same | {"date": row.day, "level": tidy(row.close)} for row in chart.rows if row.close and row.day in sessions
    ]
