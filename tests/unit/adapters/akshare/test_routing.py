"""The library's calls go through our session while one of ours runs, and nothing else changes."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest
import requests
from akshare_bodies import bar, kline

from workbench.adapters.akshare import routing
from workbench.adapters.net import Limiter, Patience, Rate
from workbench.errors import ConfigError, ShapeChanged

akshare = pytest.importorskip("akshare", reason="the extra akshare is not installed")


def library() -> tuple[routing.Library, routing.JudgedSession]:
    patience = Patience(attempts=2, sleep=lambda _: None)
    session = routing.JudgedSession(Limiter("akshare", [Rate(10_000, 1.0)]), patience, lambda _: None)
    return routing.Library(session, patience), session


ASKED = {"symbol": "600000", "start_date": "20261101", "end_date": "20261113"}


def test_the_librarys_modules_are_as_before_also_after_an_error(pages) -> None:
    module = sys.modules[akshare.stock_zh_a_hist.__module__]
    get, send = requests.get, requests.Session.send
    pages.on["kline"] = kline("1.600000", bar("2026-11-09"))
    calls, session = library()
    assert len(calls.call("stock_zh_a_hist", **ASKED)) == 1
    pages.on["kline"] = {"nothing": 1}
    with pytest.raises(ShapeChanged):
        calls.call("stock_zh_a_hist", **ASKED)
    assert module.requests is requests
    assert (requests.get, requests.Session.send) == (get, send)
    assert session.calls == 2


def test_each_request_takes_a_slot_and_a_time_limit(pages, monkeypatch) -> None:
    seen = []
    send = requests.adapters.HTTPAdapter.send

    def watched(self, request, **options):
        seen.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", watched)
    slots = []
    acquire = Limiter.acquire
    monkeypatch.setattr(Limiter, "acquire", lambda self: slots.append(1) or acquire(self))
    pages.on["kline"] = kline("1.600000", bar("2026-11-09"))
    library()[0].call("stock_zh_a_hist", **ASKED)
    assert seen == [(5.0, 20.0)]
    assert len(slots) == 1


def test_other_code_that_asks_meanwhile_is_not_routed(pages) -> None:
    import threading

    outside = []

    def judged(reply) -> None:
        worker = threading.Thread(target=lambda: outside.append(requests.get(f"{pages.url}/kline", timeout=5)))
        worker.start()
        worker.join()

    pages.on["kline"] = kline("1.600000", bar("2026-11-09"))
    calls, session = library()
    calls.call("stock_zh_a_hist", judged=judged, **ASKED)
    assert outside[0].status_code == 200
    assert session.calls == 1
    assert [call.headers.get("x-original-host") for call in pages.calls] == ["push2his.eastmoney.com", None]


def test_a_function_that_goes_past_the_limiter_is_found_out(pages, monkeypatch) -> None:
    stray = ModuleType("akshare.stray")
    stray.past = lambda: 1
    stray.past.__module__ = "akshare.stray"
    monkeypatch.setitem(sys.modules, "akshare.stray", stray)
    monkeypatch.setattr(akshare, "past", stray.past, raising=False)
    with pytest.raises(ShapeChanged, match="past the limiter"):
        library()[0].call("past")


def test_a_function_that_is_gone_is_a_changed_shape(pages) -> None:
    with pytest.raises(ShapeChanged, match="no such function"):
        library()[0].call("stock_that_never_was")


def test_without_the_library_the_error_names_the_extra(pages, make, monkeypatch) -> None:
    from workbench.adapters.base import Request

    adapter = make()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "akshare" else find(name, *rest)
    )
    for ask in (adapter.probe, lambda: adapter.fetch("tickers", Request("CN"))):
        with pytest.raises(ConfigError) as caught:
            ask()
        assert 'pip install "spock-workbench[akshare]"' in caught.value.hint
    assert not pages.calls
