"""AkShare keeps the contract of providers, for mainland China and Hong Kong, over pages on this machine."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest
from adapter_contract import HttpAdapterContract
from akshare_server import AkshareServer
from local_server import LocalServer
from world import World, world

from workbench.adapters import get
from workbench.adapters.base import Adapter, Listing
from workbench.adapters.net import Patience, Rate
from workbench.errors import Throttled

pytest.importorskip("akshare", reason="the extra akshare is not installed")

FAST = {"rates": (Rate(10_000, 1.0),), "patience": Patience(read=1.0, deadline=1.0, sleep=lambda _: None)}


class TestAkShare(HttpAdapterContract):
    regions = ("CN",)
    path = "/kline"
    provider = "akshare"

    def make(self) -> Adapter:
        return get("akshare", **FAST)

    def serve(self, world: World) -> LocalServer:
        return AkshareServer(world)

    def listings(self, region: str) -> Mapping[str, Listing]:
        return world("tiny").listings(region)

    def test_bars_are_those_of_the_market_but_for_the_days_without_trading(
        self, adapter: Adapter, world: World
    ) -> None:
        for region in self.regions:
            codes = self.codes(adapter, region)
            start, end = self.days(adapter, region)
            fetched = adapter.fetch("ohlcv", self.asked(region, codes, start, end))
            traded = world.rows("ohlcv", region).filter(
                pl.col("ticker").is_in(codes) & pl.col("date").is_between(start, end), pl.col("volume") > 0
            )
            names = ["ticker", "date", "open", "high", "low", "close", "turnover"]
            assert (
                fetched.frame.select(names).sort("ticker", "date").equals(traded.select(names).sort("ticker", "date"))
            )
            volumes = fetched.frame.join(traded, on=["ticker", "date"])
            assert volumes.filter((pl.col("volume") - pl.col("volume_right")).abs() > 50).is_empty()
            halted = world.rows("ohlcv", region).filter(
                pl.col("ticker").is_in(codes) & pl.col("date").is_between(start, end), pl.col("volume") == 0
            )
            for ticker, day in halted.select("ticker", "date").iter_rows():
                found = [one.reason for one in fetched.absent if one.ticker == ticker and one.start <= day <= one.end]
                assert found == ["suspended"], (ticker, day)

    def test_a_closed_connection_is_throttling(self, adapter: Adapter, server: LocalServer) -> None:
        table, request = self.one(adapter)
        healthy = self.make().fetch(table, request)
        server.fault("closed", first=2)
        assert self.make().fetch(table, request).absent == healthy.absent
        server.fault("closed", share=1.0)
        with pytest.raises(Throttled):
            self.make().fetch(table, request)
        with pytest.raises(Throttled):
            self.make().fetch("tickers", request)

    def test_every_call_of_the_library_passes_the_limiter(self, adapter: Adapter, server: LocalServer) -> None:
        table, request = self.one(adapter)
        adapter = self.make()
        before = len(server.calls)
        adapter.fetch(table, request)
        hosts = [call.headers.get("x-original-host") for call in server.calls[before:]]
        assert hosts
        assert all(host and host.endswith("push2his.eastmoney.com") for host in hosts)


class TestAkShareHongKong(TestAkShare):
    regions = ("HK",)
