"""EDGAR keeps the contract of providers, over a local server with the sample market's US companies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from adapter_contract import HttpAdapterContract
from edgar_server import EdgarServer, cik_of
from local_server import LocalServer
from world import World, world

from workbench import settings
from workbench.adapters.base import Adapter, Listing, Request
from workbench.adapters.edgar import Edgar
from workbench.adapters.net import Patience, Rate
from workbench.errors import ConfigError, ShapeChanged, Throttled, Unauthorised
from workbench.lake import Lake
from workbench.markets import sectors

FAST = (Rate(100_000, 1.0),)
SWIFT = Patience(attempts=3, connect=1.0, read=1.5, deadline=2.0, sleep=lambda seconds: None)


class TestEdgar(HttpAdapterContract):
    regions = ("US",)
    keys = ("EDGAR_USER_AGENT",)
    provider = "edgar"
    final = ("html",)
    table = "fundamentals"
    path = "/companyfacts/"
    window = 700

    @staticmethod
    def sentinel(number: int) -> str:
        return "Sentinel Name sentinel@example.com"

    def make(self) -> Adapter:
        return Edgar(patience=SWIFT, rates=FAST)

    def serve(self, world: World) -> LocalServer:
        return EdgarServer(world)

    @pytest.fixture(autouse=True)
    def files(self, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("WORKBENCH_URL_EDGAR_FILES", server.url)
        return

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        return tuple(world("tiny").codes(region)[:8])

    def listings(self, region: str) -> dict[str, Listing]:
        """As a listing provider fills them: delisted companies are found by their CIK only."""
        known = world("tiny").listings(region)
        return {
            code: replace(one, issuer_id=f"{cik_of(one.issuer_id):010}" if one.delisted else None)
            for code, one in known.items()
        }

    def everything(self, adapter: Adapter, table: str = "fundamentals") -> pl.DataFrame:
        codes = tuple(world("tiny").codes("US"))
        return adapter.fetch(table, Request("US", codes, None, None, self.listings("US"))).frame

    def test_rows_are_what_was_filed_and_known_from_the_next_session(self, adapter: Adapter) -> None:
        got = self.everything(adapter).with_columns(pl.col("period").replace({"I": "Q"}).alias("span"))
        truth = world("tiny").rows("fundamentals", "US")
        keys = ["ticker", "period_end", "item", "available_date", "value"]
        same = truth.join(got.filter(pl.col("span") == "Q"), on=keys, how="semi")
        spells = world("tiny").rows("tickers", "US").group_by("ticker").len().filter(pl.col("len") == 1)
        single = pl.col("ticker").is_in(spells["ticker"].implode())
        for item in ("total_assets", "total_equity"):
            assert (
                same.filter(single, pl.col("item") == item).height
                == truth.filter(single, pl.col("item") == item).height
            )
        filed_alone = same.filter(single, pl.col("item") == "net_income").height
        assert 0.6 < filed_alone / truth.filter(single, pl.col("item") == "net_income").height < 0.8
        assert {-1.0, -2.0, -3.0}.isdisjoint(got["value"])

    def test_cash_flows_are_cumulative_and_the_fourth_quarter_is_the_year(self, adapter: Adapter) -> None:
        got = self.everything(adapter)
        periods = got.group_by("item").agg(pl.col("period").unique().sort()).rows()
        assert dict(periods)["operating_cash_flow"] == ["6M", "9M", "FY", "Q"]
        assert dict(periods)["total_assets"] == ["I"]

    def test_a_restatement_is_a_further_vintage_and_a_repetition_none(self, adapter: Adapter) -> None:
        got = self.everything(adapter).sort("vintage")
        keys = ["ticker", "period_end", "period", "item"]
        again = got.filter(pl.col("vintage") > 1)
        assert again.height > 30
        pairs = again.with_columns(pl.col("vintage") - 1).join(got, on=[*keys, "vintage"], suffix="_before")
        assert pairs.height == again.height
        assert (pairs["value"] != pairs["value_before"]).all()
        assert (pairs["available_date"] >= pairs["available_date_before"]).all()

    def test_twelve_months_are_those_of_the_same_company_filed_by_quarters(
        self, adapter: Adapter, tmp_path: Path, world: World
    ) -> None:
        """As EDGAR files it, and as four single quarters: the sums agree wherever nothing was restated."""
        truth, items = world.rows("fundamentals", "US"), ("revenue_ttm", "operating_cash_flow_ttm", "total_equity")
        spells = world.rows("tickers", "US").filter(pl.col("spell") > 1)["ticker"]
        restated = truth.filter(pl.col("vintage") > 1)["ticker"]
        plain = truth.filter(~pl.col("ticker").is_in([*spells, *restated]))
        codes = plain["ticker"].unique().sort().to_list()
        got = self.everything(adapter).filter(pl.col("ticker").is_in(codes))
        assert len(codes) > 5
        panels = []
        for name, frame in (("filed", got), ("quarters", plain)):
            lake = Lake(tmp_path / name, pinned=None)
            bars = world.rows("ohlcv", "US").filter(pl.col("ticker").is_in(codes))
            lake.publish("ohlcv", bars, "US", seen_at=settings.now())
            lake.publish("fundamentals", frame, "US", seen_at=settings.now())
            panels.append(lake.panel("US", items=items, fields=("close",)))
        for item in items:
            filed, quarters = (one[item] for one in panels)
            both = np.isfinite(filed) & np.isfinite(quarters)
            assert both.sum() > 0.5 * np.isfinite(quarters).sum(), item
            np.testing.assert_allclose(filed[both], quarters[both], rtol=1e-9, err_msg=item)

    def test_counts_are_those_of_the_cover(self, adapter: Adapter) -> None:
        got = self.everything(adapter, "shares").sort("date")
        truth = world("tiny").rows("shares", "US").sort("date")
        joined = got.join_asof(truth, on="date", by="ticker", suffix="_true", check_sortedness=False)
        assert got.height > 150
        assert (joined["shares_outstanding"] == joined["shares_outstanding_true"]).all()
        assert (got["available_date"] > got["date"]).all()

    def test_counts_after_statements_ask_nothing_again(self, adapter: Adapter, server: LocalServer) -> None:
        self.everything(adapter)
        before = len(server.calls)
        first = self.everything(adapter, "shares")
        assert len(server.calls) == before
        assert first.equals(self.everything(self.make(), "shares"))

    def test_sectors_hold_from_today_on(self, adapter: Adapter) -> None:
        got = self.everything(adapter, "attributes")
        assert set(got["kind"]) == {"sector", "industry"}
        assert set(got.filter(pl.col("kind") == "sector")["value"]) <= set(sectors.GICS)
        assert got["valid_from"].unique().to_list() == [date(2025, 12, 30)]

    def test_the_list_of_tickers_is_asked_for_once_a_day(
        self, adapter: Adapter, server: LocalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        table, request = self.one(adapter)
        for made in (adapter, self.make()):
            made.fetch(table, request)
        assert [call.path for call in server.calls].count("/files/company_tickers.json") == 1
        monkeypatch.setenv("WORKBENCH_NOW", (settings.now() + timedelta(hours=25)).isoformat())
        self.make().fetch(table, request)
        assert [call.path for call in server.calls].count("/files/company_tickers.json") == 2

    def test_a_reused_code_is_never_looked_up_by_its_name(self, adapter: Adapter) -> None:
        code = self.codes(adapter, "US")[0]
        gone = {code: Listing(delisted=date(2024, 5, 1))}
        fetched = adapter.fetch("fundamentals", Request("US", (code,), date(2024, 1, 2), date(2024, 4, 1), gone))
        assert fetched.frame.is_empty()
        assert [one.reason for one in fetched.absent] == ["not_covered"]
        assert "delisted" in fetched.absent[0].detail

    def test_a_block_page_is_throttling_for_ten_minutes(self, adapter: Adapter, server: LocalServer) -> None:
        table, request = self.one(adapter)
        server.limit = (0, 60.0)
        with pytest.raises(Throttled) as caught:
            self.make().fetch(table, request)
        assert caught.value.context["retry_after"] == 600
        assert len(server.calls) <= 8, "a refused address is left alone"

    def test_a_caller_without_address_asks_nothing(
        self, server: LocalServer, monkeypatch: pytest.MonkeyPatch, adapter: Adapter
    ) -> None:
        for agent, error in (
            ("somebody", Unauthorised),
            ("Jos\u00e9 jose@example.com", ConfigError),
            ("", ConfigError),
        ):
            monkeypatch.setenv("EDGAR_USER_AGENT", agent)
            with pytest.raises(error):
                self.make().probe()
        assert not server.calls

    def test_another_filers_facts_are_refused(self, adapter: Adapter, server: EdgarServer) -> None:
        table, request = self.one(adapter)
        answer = server.answer
        server.answer = lambda call: answer(replace(call, path=call.path[:-15] + f"{min(server.companies):010}.json"))  # type: ignore[method-assign]
        with pytest.raises(ShapeChanged, match="instead of"):
            adapter.fetch(table, replace(request, listings={code: Listing(issuer_id="42") for code in request.tickers}))

    @pytest.mark.parametrize(
        "broken", [{"us-gaap": {"Assets": {"units": {"USD": [{"val": 1}]}}}}, {"us-gaap": None}, {"dei": []}]
    )
    def test_one_filer_that_cannot_be_read_does_not_take_the_others_with_it(
        self, adapter: Adapter, server: EdgarServer, monkeypatch: pytest.MonkeyPatch, broken: dict[str, object]
    ) -> None:
        codes = self.codes(adapter, "US")[:3]
        listings = self.listings("US")
        odd = next(one.cik for one in server.companies.values() if one.ticker == codes[1])
        made = server.facts
        monkeypatch.setattr(server, "facts", lambda company: broken if company.cik == odd else made(company))
        fetched = adapter.fetch("fundamentals", Request("US", codes, None, None, listings))
        assert set(fetched.frame["ticker"]) == {codes[0], codes[2]}
        assert [(one.ticker, one.reason) for one in fetched.absent] == [(codes[1], "unknown")]
        with pytest.raises(ShapeChanged):
            adapter.fetch("fundamentals", Request("US", codes[1:2], None, None, listings))
