"""Polygon keeps the contract of providers, by ticker and by session, on good days and bad."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from adapter_contract import HttpAdapterContract
from local_server import LocalServer
from polygon_server import PolygonServer
from world import AFTER_THE_END, World, world

from workbench.adapters import get
from workbench.adapters.base import Adapter, Listing, Request
from workbench.adapters.net import Patience
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable

#: Short enough for a server that hangs, and no waiting between attempts.
SWIFT = Patience(attempts=3, connect=1.0, read=0.4, deadline=1.0, sleep=lambda seconds: None)


def make() -> Adapter:
    return get("polygon", calls_per_minute=60_000, keep_hours=0.0, patience=SWIFT)


class TestPolygonByTicker(HttpAdapterContract):
    """Few tickers over many sessions: a call each."""

    regions = ("US",)
    keys = ("POLYGON_API_KEY",)
    provider = "polygon"
    path = "/v2/aggs/"

    def make(self) -> Adapter:
        return make()

    def serve(self, world: World) -> LocalServer:
        return PolygonServer(world, key=self.sentinel(0), page=7, hang=1.0)

    def listings(self, region: str) -> dict[str, Listing]:
        return world("tiny").listings(region)

    def test_bars_are_asked_as_this_class_says(self, adapter: Adapter, server: LocalServer) -> None:
        table, request = self.one(adapter)
        before = len(server.calls)
        adapter.fetch(table, request)
        paths = [call.path for call in server.calls[before:]]
        assert paths
        assert all(("/grouped/" in path) == (self.path == "/v2/aggs/grouped/") for path in paths)


class TestPolygonBySession(TestPolygonByTicker):
    """Many tickers over few sessions: a call a session for the whole market."""

    window = 14
    few = 20
    path = "/v2/aggs/grouped/"


class TestPolygonOtherTables:
    """The bad days of the tables beside bars."""

    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PolygonServer]:
        monkeypatch.setenv("WORKBENCH_NOW", AFTER_THE_END)
        monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
        monkeypatch.setenv("POLYGON_API_KEY", "a-key-of-this-test")
        with PolygonServer(world("tiny"), hang=1.0) as server:
            monkeypatch.setenv("WORKBENCH_URL_POLYGON", server.url)
            yield server

    @pytest.mark.parametrize("table", ["tickers", "actions", "attributes", "shares"])
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("429", Throttled),
            ("500", Unreachable),
            ("reset", Unreachable),
            ("truncate", Unreachable),
            ("invalid_json", ShapeChanged),
            ("html", ShapeChanged),
            ("empty", ShapeChanged),
            ("renamed", ShapeChanged),
        ],
    )
    def test_a_fault_is_the_right_error(
        self, server: PolygonServer, table: str, kind: str, error: type[ProviderError]
    ) -> None:
        codes = tuple(world("tiny").codes("US"))
        server.fault(kind, share=1.0, path="/v3/reference/")
        with pytest.raises(error):
            make().fetch(table, Request("US", codes, date(2023, 1, 3), date(2025, 12, 29)))


@pytest.fixture(autouse=True)
def _one_limit_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYGON_CALLS_PER_MINUTE", raising=False)
