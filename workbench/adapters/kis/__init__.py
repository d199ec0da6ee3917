"""Korea Investment & Securities: prices, listings and valuation of six regions from one account."""

from __future__ import annotations

from workbench.adapters.kis.adapter import Kis

__all__ = ["Kis"]
