"""Small panels for the tests of the pure stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench.lake.listing import Delisting
from workbench.lake.panel import Panel


@pytest.fixture
def make_panel() -> Callable[..., Panel]:
    """Build a panel from closes; further attributes by keyword."""

    def make(close: Any, tickers: tuple[str, ...], start: str = "2024-01-01", **more: Any) -> Panel:
        values = np.array(close, dtype=np.float64)
        dates = more.pop("dates", None)
        if dates is None:
            dates = np.busday_offset(np.datetime64(start), np.arange(len(values)), roll="forward")
        more.setdefault("currency", "USD")
        return Panel(np.array(dates, dtype="datetime64[D]"), tickers, {"close": values, **more.pop("bars", {})}, **more)

    return make


@pytest.fixture
def delisted() -> Callable[..., Delisting]:
    """One delisted column among n: its last day, the proceeds a share and the day they are paid."""

    def make(columns: int, column: int, day: Any, proceeds: float = np.nan, paid: Any = "NaT") -> Delisting:
        days, payments = np.full((2, columns), "NaT", "datetime64[D]")
        amounts = np.full(columns, np.nan)
        days[column], payments[column], amounts[column] = np.datetime64(day, "D"), np.datetime64(paid, "D"), proceeds
        reasons = tuple("bankrupt" if number == column else None for number in range(columns))
        return Delisting(days, amounts, reasons, payments)

    return make
