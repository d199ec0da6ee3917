"""OpenDART keeps the contract of providers, over a local server with the sample market's Korean companies."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from adapter_contract import HttpAdapterContract
from dart_server import DartServer
from world import World, world

from workbench import journal, settings
from workbench.adapters.base import Adapter
from workbench.adapters.dart import Dart
from workbench.adapters.net import Patience, Rate
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

FAST = (Rate(100_000, 1.0),)
IMPATIENT = Patience(attempts=2, connect=2.0, read=2.0, deadline=2.0, sleep=lambda _: None)


class TestDart(HttpAdapterContract):
    regions = ("KR",)
    keys = ("DART_API_KEY",)
    provider = "dart"
    table = "fundamentals"
    path = "/fnlttSinglAcntAll"
    unknown = "ZZZZZ9"

    def make(self) -> Adapter:
        # Answers are kept between adapters; a fresh one asks again.
        shutil.rmtree(settings.load().state / "dart", ignore_errors=True)
        return Dart(rates=FAST, patience=IMPATIENT)

    def serve(self, world: World) -> DartServer:
        return DartServer(world, page=5)

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        return tuple(world("tiny").codes(region)[:8])

    def days(self, adapter: Adapter, region: str) -> tuple[date, date]:
        last = adapter.last_date(region)
        return last - timedelta(days=700), last

    def test_rows_are_the_figures_of_the_newest_versions(self, adapter: Adapter, server: DartServer) -> None:
        table, request = self.one(adapter)
        request = replace(request, tickers=tuple(server.world.codes("KR")))
        got = adapter.fetch(table, request).frame
        own = pl.col("period_end").is_between(request.start, request.end)
        kept = {one.ticker: one for one in sorted(server.companies.values(), key=lambda one: one.spell)}
        truth = server.world.rows("fundamentals", "KR").filter(own).sort("vintage")
        newest = truth.unique(["ticker", "period_end", "item"], keep="last")
        compared = 0
        for ticker, company in kept.items():
            mine = newest.filter(
                (pl.col("ticker") == ticker) & pl.col("filing_id").str.contains(f"-{ticker}-{company.spell}-")
            )
            rows = got.filter((pl.col("ticker") == ticker) & pl.col("period").is_in(["Q", "I"]))
            # The first vintage is the report's own; a later one is what a year later's report says of it.
            joined = rows.filter(pl.col("vintage") == 1).join(mine, on=["period_end", "item"], suffix="_true")
            first = joined.filter(pl.col("available_date") == pl.col("available_date_true"))
            assert first.height >= 0.9 * joined.height
            assert ((first["value"] - first["value_true"]).abs() <= 1e-6 * first["value_true"].abs() + 1e-3).all()
            compared += first.height
        assert compared > 1500

    def test_a_figure_that_a_later_report_repeats_is_no_restatement(self, adapter: Adapter, server: DartServer) -> None:
        """However the sign of its outflows is written, which differs between the reports here."""
        table, request = self.one(adapter)
        everybody = replace(request, tickers=tuple(server.world.codes("KR")), start=date(2015, 1, 1))
        frame = adapter.fetch(table, everybody).frame
        assert {"free_cash_flow", "capital_expenditure", "revenue"} <= set(frame["item"])
        assert frame["vintage"].max() == 1
        keys = ["ticker", "period_end", "period_start"]
        parts = [
            frame.filter(item=item).select(*keys, "value")
            for item in ("free_cash_flow", "operating_cash_flow", "capital_expenditure")
        ]
        free, operating, spent = (
            part.rename({"value": name}) for part, name in zip(parts, ("free", "operating", "spent"), strict=True)
        )
        whole = free.join(operating, on=keys).join(spent, on=keys)
        assert whole.height == free.height
        assert ((whole["free"] - whole["operating"] + whole["spent"]).abs() < 1.0).all()

    def test_nothing_is_asked_again_about_a_filing_that_was_answered(
        self, adapter: Adapter, server: DartServer
    ) -> None:
        table, request = self.one(adapter)
        first = adapter.fetch(table, request)
        asked = server.asked("fnlttSinglAcntAll.json")
        again = Dart(rates=FAST, patience=IMPATIENT).fetch(table, request)
        assert server.asked("fnlttSinglAcntAll.json") == asked > 0
        assert again.frame.equals(first.frame)
        assert server.asked("corpCode.xml") == 1

    def test_counts_are_those_of_the_reports(self, adapter: Adapter, server: DartServer) -> None:
        _, request = self.one(adapter)
        frame = adapter.fetch("shares", request).frame
        truth = server.world.rows("shares", "KR").join(frame, on=["ticker", "date"])
        assert truth.height == frame.height >= 10
        assert (truth["shares_outstanding"] == truth["shares_outstanding_right"]).all()
        assert (truth["available_date"] <= truth["available_date_right"]).all(), "never earlier than it was filed"

    def test_no_key_in_what_is_kept(self, adapter: Adapter, tmp_path: Path) -> None:
        adapter.fetch(*self.one(adapter))
        kept = list((tmp_path / "state").rglob("*.gz"))
        assert kept
        self.unseen(*(gzip.decompress(file.read_bytes()).decode() for file in kept))

    def test_the_days_calls_end_a_collection_until_the_next_day_in_seoul(self, server: DartServer) -> None:
        shutil.rmtree(settings.load().state / "dart", ignore_errors=True)
        adapter = Dart(daily=20, rates=FAST, patience=IMPATIENT)
        with pytest.raises(Throttled) as caught:
            adapter.fetch("fundamentals", self.asked("KR", tuple(world("tiny").codes("KR"))))
        assert len(server.calls) == 19, "one in a hundred is left to the key's owner"
        # 23:30 UTC is 8:30 in Seoul.
        assert caught.value.context["retry_after"] == 15.5 * 3600
        with pytest.raises(Throttled):
            Dart(daily=20, rates=FAST, patience=IMPATIENT).probe()
        assert len(server.calls) == 19, "another process stops too"
        assert any("action" in line for line in journal.read() if line["event"] == "dart.day_spent")

    def test_the_services_own_limit_stops_all_until_the_next_day(
        self, server: DartServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.a_day = 4
        with pytest.raises(Throttled) as caught:
            self.make().fetch(*self.one(self.make()))
        assert 0 < caught.value.context["retry_after"] <= 86_400
        asked = len(server.calls)
        with pytest.raises(Throttled):
            self.make().probe()
        assert len(server.calls) == asked
        monkeypatch.setenv("WORKBENCH_NOW", "2025-12-31T15:00:01+00:00")
        server.a_day = None
        assert self.make().probe(), "a new day has begun in Seoul"

    def test_a_company_without_full_statements_is_read_from_the_main_accounts(self, server: DartServer) -> None:
        codes = tuple(server.world.codes("KR"))[:6]
        server.main_only, server.most = frozenset(codes[:5]), 2
        table, request = self.one(self.make())
        frame = self.make().fetch(table, replace(request, tickers=codes)).frame
        items = frame.group_by("ticker").agg(pl.col("item").unique())
        found = {ticker: set(names) for ticker, names in items.iter_rows()}
        assert set(found) == set(codes)
        assert {"revenue", "total_assets", "operating_income"} <= found[codes[0]]
        assert "operating_cash_flow" not in found[codes[0]]
        assert "operating_cash_flow" in found[codes[5]]
        assert server.asked("fnlttMultiAcnt.json") > server.asked("fnlttSinglAcnt.json") > 0

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            ("010", Unauthorised),
            ("011", Unauthorised),
            ("012", Unauthorised),
            ("901", Unauthorised),
            ("100", ProviderError),
            ("101", ProviderError),
            ("800", Throttled),
            ("900", Unreachable),
            ("777", ShapeChanged),
        ],
    )
    def test_every_status_ends_in_its_error(
        self, server: DartServer, status: str, error: type[ProviderError], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for path in ("company.json", "corpCode.xml"):
            monkeypatch.setattr(server, "answer", lambda call: server._status(status, call.path.rpartition(".")[2]))
            adapter = self.make()
            with pytest.raises(error) as caught:
                adapter.probe() if path == "company.json" else adapter.fetch(*self.one(adapter))
            assert type(caught.value) is error
            assert caught.value.hint
            assert status in str(caught.value)
