"""Canned pages: a server that answers each path with what a test gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import Answer, Call, LocalServer

from workbench.adapters.akshare import AkShare
from workbench.adapters.net import Patience, Rate


class Pages(LocalServer):
    """``pages.on["kline"] = answer``: the first key that is part of path or report name gives the answer.

    An answer is a body, an :class:`Answer`, or a function of the call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on: dict[str, Any] = {}

    def answer(self, call: Call) -> Answer:
        name = f"{call.path} {call.query.get('reportName', '')}"
        found: Any = next((answer for key, answer in self.on.items() if key in name), Answer("not here", 404))
        made = found(call) if callable(found) else found
        return made if isinstance(made, Answer) else Answer(made)

    def asked(self, part: str) -> list[Call]:
        return [call for call in self.calls if part in call.path]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Pages]:
    monkeypatch.setenv("WORKBENCH_NOW", "2026-11-20T09:00:00+00:00")
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    with Pages() as server:
        assert isinstance(server, Pages)
        monkeypatch.setenv("WORKBENCH_URL_AKSHARE", server.url)
        yield server


@pytest.fixture
def make() -> Callable[..., AkShare]:
    """An adapter that does not wait."""

    def made(**options: Any) -> AkShare:
        pytest.importorskip("akshare", reason="the extra akshare is not installed")
        return AkShare(rates=[Rate(10_000, 1.0)], patience=Patience(read=1.0, sleep=lambda _: None), **options)

    return made
