"""Rows of ``attributes``: sector and industry as of today, from ``quoteSummary``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.errors import ShapeChanged
from workbench.markets import sectors

if TYPE_CHECKING:
    from datetime import date

PATH = "/v10/finance/quoteSummary"


def module(symbol: str, body: Any, name: str) -> dict[str, Any]:
    """One module of a body; empty where Yahoo has none for the symbol.

    Raises
    ------
    ShapeChanged
        Where the body is no quote summary.
    """
    summary = body.get("quoteSummary") if isinstance(body, dict) else None
    results = summary.get("result") if isinstance(summary, dict) else None
    if not isinstance(results, list) or not results or not isinstance(results[0], dict):
        raise ShapeChanged(
            f"Yahoo's profile of {symbol} has no usable field quoteSummary.result.",
            hint="Look at the project page of yfinance; if Yahoo changed, the adapter must be adapted.",
            provider="yahoo",
        )
    found: dict[str, Any] = results[0].get(name) or {}
    return found


def attributes(region: str, ticker: str, profile: dict[str, Any], today: date) -> list[dict[str, Any]]:
    """The sector in the words of GICS, and the industry in Yahoo's; both valid from today, and no earlier."""
    named = profile.get("sector")
    values = {"sector": sectors.gics("yahoo", named) if named else None, "industry": profile.get("industry")}
    same = {"region": region, "ticker": ticker, "valid_from": today, "valid_to": None, "source": "yahoo"}
    return [same | {"kind": kind, "value": value} for kind, value in values.items() if value]


def outstanding(statistics: dict[str, Any]) -> float | None:
    """Shares outstanding of the line that is quoted; plain or as ``{"raw": ...}``."""
    count = statistics.get("sharesOutstanding")
    count = count.get("raw") if isinstance(count, dict) else count
    return float(count) if isinstance(count, (int, float)) and count > 0 else None
