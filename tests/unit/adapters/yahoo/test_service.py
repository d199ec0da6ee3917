"""The way to Yahoo: paced, patient, typed in its errors; and what a batch keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import Answer
from world import world
from yahoo_server import CRUMB, YahooServer

from workbench import journal
from workbench.adapters.net import Patience
from workbench.adapters.net.batch import NotCovered
from workbench.adapters.yahoo.service import Service
from workbench.adapters.yahoo.session import Plain, Terms
from workbench.errors import ShapeChanged, Throttled, Unauthorised, Unreachable

PATH = "/v8/finance/chart/AAA"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[YahooServer]:
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    with YahooServer(world("tiny")) as running:
        monkeypatch.setenv("WORKBENCH_URL_YAHOO", running.url)
        yield running


def service(waits: list[float] | None = None, backend: str = "requests") -> Service:
    kept = waits if waits is not None else []
    return Service(Patience(connect=1.0, read=1.0, deadline=1.0, sleep=kept.append), backend)


@pytest.mark.parametrize("backend", ["curl", "requests"])
def test_a_refusal_is_left_alone_for_a_minute_and_then_given_up(server: YahooServer, backend: str) -> None:
    server.bodies[PATH] = Answer("Edge: Too Many Requests", 429)
    waits: list[float] = []
    with pytest.raises(Throttled) as caught:
        service(waits, backend).get(PATH, {})
    assert 60.0 in waits
    assert caught.value.context["retry_after"] == 120.0
    assert len(server.calls) == 2, "yfinance asks for no consent, crumb or further try while it is refused"


def test_a_refusal_that_says_how_long_is_believed(server: YahooServer) -> None:
    server.retry_after = 3
    server.fault("429", first=1)
    server.bodies[PATH] = {"chart": {}}
    waits: list[float] = []
    assert service(waits).get(PATH, {}) == {"chart": {}}
    assert 3.0 in waits


@pytest.mark.parametrize("backend", ["curl", "requests"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer({"chart": {"error": {"code": "Not Found", "description": "delisted?"}}}, 404), NotCovered),
        (Answer("<!DOCTYPE html><html>Sorry</html>", 404), ShapeChanged),
        (Answer("<html>Blocked</html>", 403), Unauthorised),
        (Answer("Request denied", 999), Throttled),
        (Answer("<html>Will be right back...</html>", 200), Unreachable),
        (Answer({"finance": {"error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}, 401), Unauthorised),
    ],
)
def test_what_is_said_by_status_and_body(server: YahooServer, backend: str, answer: Answer, error: type) -> None:
    server.bodies[PATH] = answer
    with pytest.raises(error):
        service(backend=backend).get(PATH, {})


def test_no_crumb_does_not_stop_what_needs_none(server: YahooServer) -> None:
    server.bodies["/v1/test/getcrumb"] = Answer("Edge: Too Many Requests", 429)
    server.bodies[PATH] = {"chart": {}}
    assert service().get(PATH, {}) == {"chart": {}}


def test_a_redirect_is_followed_within_the_pace(server: YahooServer) -> None:
    asked = service()
    target = "https://query2.finance.yahoo.com/v1/test/getcrumb"
    server.bodies["/"] = Answer("", 302, {"Location": target})
    session = Plain(Terms(asked.limiter, asked.patience, asked.judge))
    assert session.get("https://fc.yahoo.com/").text == CRUMB
    assert [call.headers["x-original-host"] for call in server.calls] == ["fc.yahoo.com", "query2.finance.yahoo.com"]
    assert session.calls == 2


def test_the_plain_client_is_noted(server: YahooServer) -> None:
    server.bodies[PATH] = {}
    service().get(PATH, {})
    assert any(line["event"] == "yahoo.plain_client" and "curl_cffi" in line["action"] for line in journal.read())


def test_the_limits_told_are_those_in_force(monkeypatch, tmp_path):
    from workbench.adapters.edgar import Edgar
    from workbench.adapters.yahoo import Yahoo

    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_RATE_YAHOO", "7/1,90/60")
    monkeypatch.setenv("WORKBENCH_RATE_EDGAR", "3/1")
    assert Yahoo().limits().startswith("7 calls in 1 s and 90 calls in 60 s,")
    assert Edgar().limits() == "3 calls in 1 s"
