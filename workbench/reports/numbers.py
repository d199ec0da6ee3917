"""Writing numbers so that people can read them."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

#: Names of fractions, shown as percentages unless a format is given.
_FRACTIONS = (
    "cagr",
    "volatility",
    "max_drawdown",
    "drawdown",
    "return",
    "returns",
    "weight",
    "weights",
    "hit_rate",
    "win_rate",
    "turnover",
    "coverage",
    "share",
    "fraction",
    "positive_months",
    "cost_per_year",
)
#: Names that are written in another way than by spaces between their words.
_TERMS = {
    "t_newey_west": "t (Newey-West)",
    "t_fixed_b": "t (fixed-b)",
    "t_non_overlapping": "t (non-overlapping)",
    "critical": "5 % bound",
    "icir": "IC ratio",
}
_ABBREVIATIONS = {"cagr": "CAGR", "ic": "IC", "sharpe": "Sharpe", "sortino": "Sortino", "calmar": "Calmar"}
_MISSING = "–"


def label(name: str) -> str:
    """Return a name as people write it: ``max_drawdown`` as ``max drawdown``.

    A name with digits is the key of a factor, or a date, and stays as one types it.
    """
    if any(character.isdigit() for character in name):
        return name
    return _TERMS.get(name) or " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))


def default_format(name: str) -> str | None:
    """Return the format a quantity of this name usually has, None when the name says nothing."""
    lower = name.lower()
    if lower.endswith("_bps"):
        return ",.1f"
    if lower == "year":
        return "d"
    if any(lower == word or lower.endswith(f"_{word}") for word in _FRACTIONS):
        return ".2%"
    return None


def shown(value: Any, spec: str | None = None) -> str:
    """Return a value as text.

    Parameters
    ----------
    value : object
        None and NaN are shown as a dash. A float without a format gets four significant digits, or
        thousands separators when it is large.
    spec : str, optional
        A format specification such as ``.2%`` or ``,.0f``.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, spec)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return ", ".join(shown(item, spec) for item in value)
    return str(value)


def six_digits(value: Any) -> str:
    """Return a value as a regression test compares it: floats at six significant digits, no minus zero."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return format(value + 0.0 if value else 0.0, ".6g")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(six_digits(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {six_digits(item)}" for key, item in value.items()) + "}"
    return str(value)


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: numpy's scalars as Python's, dates as text, NaN and infinities as None."""
    if hasattr(value, "item") and not isinstance(value, list | tuple | dict):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float, spec: str | None) -> str:
    if spec is not None:
        text = format(value, spec)
    elif isinstance(value, int):
        text = f"{value:,d}"
    elif math.isinf(value):
        text = "∞" if value > 0 else "-∞"
    elif value == 0 or 1e-4 <= abs(value) < 1000:
        text = f"{value:.4g}"
    elif abs(value) < 1e15 and abs(value) >= 1000:
        text = f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.2f}"
    else:
        text = f"{value:.3e}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text
