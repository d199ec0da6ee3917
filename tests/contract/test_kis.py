"""KIS keeps the contract of providers, on bad days too, over its own server."""

from __future__ import annotations

import pytest
from adapter_contract import HttpAdapterContract
from kis_server import DOMESTIC, OVERSEAS, KisServer
from local_server import LocalServer
from world import World, world

from workbench.adapters import get
from workbench.adapters.base import Adapter, Listing
from workbench.adapters.net import Patience

QUICK = Patience(attempts=3, connect=1.0, read=1.5, deadline=2.0, sleep=lambda seconds: None)


class KisContract(HttpAdapterContract):
    keys = ("KIS_APP_KEY", "KIS_APP_SECRET")
    provider = "kis"

    def serve(self, world: World) -> LocalServer:
        return KisServer(world, hang=2.5)

    @pytest.fixture(autouse=True)
    def both_hosts(self, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """One server stands for the service and for the host of the master files."""
        monkeypatch.setenv("WORKBENCH_URL_KIS_MASTER", server.url)

    def make(self) -> Adapter:
        return get("kis", patience=QUICK)

    def listings(self, region: str) -> dict[str, Listing]:
        return world("tiny").listings(region)


class TestKisUnitedStates(KisContract):
    regions = ("US",)
    path = OVERSEAS


class TestKisKorea(KisContract):
    regions = ("KR",)
    path = DOMESTIC


class TestKisElsewhere(KisContract):
    regions = ("JP", "HK", "CN", "VN")
    path = OVERSEAS
