"""A KIS service on this machine for the tests of its adapter, and keys that are sentinels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kis_server import KisServer
from world import AFTER_THE_END, world

from workbench.adapters.kis import Kis
from workbench.adapters.net import Patience

KEY, SECRET = "SENTINELKEY".ljust(36, "k"), "SENTINELSECRET".ljust(180, "s")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keys, a state folder of the test's own, and a day on which the sample market is complete."""
    monkeypatch.setenv("WORKBENCH_NOW", AFTER_THE_END)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("KIS_APP_KEY", KEY)
    monkeypatch.setenv("KIS_APP_SECRET", SECRET)
    monkeypatch.delenv("KIS_PAPER", raising=False)
    return tmp_path / "state"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., KisServer]]:
    """``serve(limit=...)`` starts a server that stands for both hosts."""
    with ExitStack() as stack:

        def start(**options: Any) -> KisServer:
            server = stack.enter_context(KisServer(options.pop("world", None) or world("tiny"), **options))
            monkeypatch.setenv("WORKBENCH_URL_KIS", server.url)
            monkeypatch.setenv("WORKBENCH_URL_KIS_MASTER", server.url)
            return server

        yield start


@pytest.fixture
def server(serve: Callable[..., KisServer]) -> KisServer:
    return serve()


@pytest.fixture
def slept() -> list[float]:
    """Seconds that the adapter meant to wait."""
    return []


@pytest.fixture
def make(slept: list[float]) -> Callable[..., Kis]:
    """A fresh adapter that does not really wait."""

    def made(**options: Any) -> Kis:
        options.setdefault("patience", Patience(attempts=4, connect=1.0, read=2.0, deadline=4.0, sleep=slept.append))
        return Kis(**options)

    return made
