"""Yahoo Finance: bars, actions, exchange rates, indexes, sectors and statements of all six regions, without a key.

Bodies are asked for through the data layer of yfinance (cookie, crumb, consent, a browser's TLS), and read
here: the frames that yfinance makes of them lose the currency of a dividend, a volume that is absent and the
currency of a statement.
"""

from __future__ import annotations

from workbench.adapters.yahoo.adapter import Yahoo

__all__ = ["Yahoo"]
