"""Numbers as people read them."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import pytest

from workbench.reports import numbers


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (None, None, "–"),
        (math.nan, ".2%", "–"),
        (True, None, "yes"),
        (1234567, None, "1,234,567"),
        (1234567.8, None, "1,234,568"),
        (12345.678, None, "12,345.68"),
        (0.123456, None, "0.1235"),
        (-0.25, ".1%", "\N{MINUS SIGN}25.0%"),
        (1e-9, None, "1.000e-09"),
        (math.inf, None, "∞"),
        (date(2024, 1, 2), None, "2024-01-02"),
        (datetime(2024, 1, 2), None, "2024-01-02"),
        (datetime(2024, 1, 2, 3, 4, 5), None, "2024-01-02 03:04:05"),
        (["KR", 1.5], None, "KR, 1.5"),
    ],
)
def test_values_are_shown(value: Any, spec: str | None, text: str) -> None:
    assert numbers.shown(value, spec) == text


@pytest.mark.parametrize(
    ("name", "spec"),
    [("cagr", ".2%"), ("max_drawdown", ".2%"), ("cost_bps", ",.1f"), ("sharpe", None), ("shares", None)],
)
def test_names_suggest_formats(name: str, spec: str | None) -> None:
    assert numbers.default_format(name) == spec


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_drawdown", "max drawdown"),
        ("cagr", "CAGR"),
        ("mean_ic", "mean IC"),
        ("t_newey_west", "t (Newey-West)"),
        ("momentum_12m_1m", "momentum_12m_1m"),
        ("days of returns", "days of returns"),
    ],
)
def test_names_are_written_as_people_write_them(name: str, text: str) -> None:
    assert numbers.label(name) == text
