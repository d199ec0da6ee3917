"""AkShare keeps the contract of providers, for mainland China and Hong Kong, over pages on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl
import pytest
from adapter_contract import HttpAdapterContract, rows_of
from akshare_server import AkshareServer
from local_server import LocalServer
from world import World, world

from workbench.adapters import get
from workbench.adapters.base import Adapter, Listing
from workbench.adapters.net import Patience, Rate
from workbench.errors import ProviderError, Throttled

pytest.importorskip("akshare", reason="the extra akshare is not installed")

FAST = {"rates": (Rate(10_000, 1.0),), "patience": Patience(read=2.0, deadline=2.5, sleep=lambda _: None)}


class TestAkShare(HttpAdapterContract):
    regions = ("CN",)
    path = "/kline"
    provider = "akshare"

    def make(self) -> Adapter:
        return get("akshare", **FAST)

    def serve(self, world: World) -> LocalServer:
        # Made before the first answer, which has little time.
        for region in self.regions:
            for table in ("tickers", "attributes", "ohlcv", "fundamentals"):
                world.rows(table, region)
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

    def test_actions_are_those_of_the_market(self, adapter: Adapter, world: World) -> None:
        if "actions" not in {table for table, _ in self.offered(adapter)}:
            return
        codes, (_, end) = self.codes(adapter, "CN"), self.days(adapter, "CN")
        found = adapter.fetch("actions", self.asked("CN", codes, date(2022, 1, 1), end)).frame
        # Consolidations and pay-outs are not in the report.
        real = world.rows("actions", "CN").filter(pl.col("kind").is_in(["dividend", "split"]), pl.col("value") > 0)
        lost = real.filter(pl.col("kind") == "split", pl.col("value") < 1).select("ticker", "ex_date")
        real = real.join(lost, on=["ticker", "ex_date"], how="anti").filter(pl.col("ticker").is_in(codes))
        joined = real.join(found, on=["ticker", "ex_date", "kind"], how="full")
        assert joined.height == real.height == found.height > 20
        assert joined.filter(((pl.col("value") / pl.col("value_right")) - 1).abs() > 1e-9).is_empty()

    def test_figures_are_those_of_the_market_as_first_announced(self, adapter: Adapter, world: World) -> None:
        if "fundamentals" not in {table for table, _ in self.offered(adapter)}:
            return
        codes, (_, end) = self.codes(adapter, "CN"), self.days(adapter, "CN")
        found = adapter.fetch("fundamentals", self.asked("CN", codes, date(2023, 1, 1), end)).frame
        real = world.rows("fundamentals", "CN").filter(
            pl.col("ticker").is_in(codes), pl.col("vintage") == 1, pl.col("period_end") >= date(2023, 1, 1)
        )
        first = real.filter(pl.col("period_end").dt.month() == 3).join(
            found.filter(pl.col("period").is_in(["Q", "I"])), on=["ticker", "period_end", "item"], suffix="_found"
        )
        assert first.height > 100
        assert set(first["item"]) >= {"revenue", "net_income", "total_assets", "total_equity", "operating_cash_flow"}
        assert first.filter((pl.col("value") / pl.col("value_found") - 1).abs() > 1e-9).is_empty()
        assert first.filter(pl.col("available_date") != pl.col("available_date_found")).is_empty()
        assert set(found["period"]) == {"Q", "6M", "9M", "FY", "I"}

    @pytest.mark.parametrize("kind", ["429", "closed", "500", "reset", "truncate", "html", "empty", "renamed"])
    def test_faults_at_random_end_in_the_same_rows_or_in_an_error(
        self, adapter: Adapter, server: LocalServer, kind: str
    ) -> None:
        region, ends = self.regions[0], []
        codes, days = self.codes(adapter, region)[:3], self.days(adapter, region)
        for table in sorted({table for table, _ in self.offered(adapter)} - {"tickers", "attributes"}):
            request = self.asked(region, codes, *days)
            healthy = self.make().fetch(table, request)
            server.fault(kind, share=0.3)
            for _ in range(2):
                try:
                    found = self.make().fetch(table, request)
                except ProviderError as error:
                    ends.append(type(error).__name__)
                    continue
                ends.append("rows")
                unanswered = {one.ticker for one in found.absent if one.reason in ("unknown", "throttled")}
                answered = pl.col("ticker").is_in(list(unanswered)).not_()
                assert rows_of(found).filter(answered).equals(rows_of(healthy).filter(answered)), (table, kind)
                assert {one for one in healthy.absent if one.ticker not in unanswered} <= set(found.absent)
            server.heal()
        assert ends


class TestAkShareHongKong(TestAkShare):
    regions = ("HK",)
