"""Keeps the markets made last, up to a number of cells, so that no request makes one twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from workbench.adapters.sample.market import RegionMarket, make_market

if TYPE_CHECKING:
    from workbench.adapters.sample.spec import SampleSpec

#: Sessions times companies that are kept; six numbers of eight bytes each.
CELLS_KEPT = 12_000_000


class MarketCache:
    """Markets by spec and region, the least recently used dropped first."""

    def __init__(self, cells: int = CELLS_KEPT) -> None:
        self._cells = cells
        self._markets: OrderedDict[tuple[SampleSpec, str], RegionMarket] = OrderedDict()
        self._locks: dict[tuple[SampleSpec, str], threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, spec: SampleSpec, region: str) -> RegionMarket:
        """The market of ``region``; threads that ask for the same one wait for one of them to make it."""
        key = (spec, region)
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._markets:
                    self._markets.move_to_end(key)
                    return self._markets[key]
            market = make_market(spec, region)
            with self._guard:
                self._markets[key] = market
                while len(self._markets) > 1 and sum(kept.cells for kept in self._markets.values()) > self._cells:
                    self._markets.popitem(last=False)
            return market


MARKETS = MarketCache()
