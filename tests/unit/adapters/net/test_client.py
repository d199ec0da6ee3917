"""The client against a server on this machine: what is tried again, what is told, what is kept quiet."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import UTC, datetime

import pytest
from local_server import Answer, Call, LocalServer

from workbench import journal
from workbench.adapters.net import Client, Limiter, Patience, Rate, Reply
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

QUICK = Patience(attempts=3, connect=0.5, read=0.4, deadline=0.8, sleep=lambda seconds: None)


class Plain(LocalServer):
    """Says the same to everybody."""

    said = Answer({"rows": [1, 2, 3]})

    def answer(self, call: Call) -> Answer:
        return self.said


@pytest.fixture
def server(monkeypatch):
    with Plain(hang=1.0) as running:
        monkeypatch.setenv("WORKBENCH_URL_MINE", running.url)
        yield running


def make(**options) -> Client:
    return Client("mine", "http://127.0.0.1:9", patience=options.pop("patience", QUICK), **options)


def test_the_variable_replaces_the_address(server) -> None:
    client = make()
    assert client.get("/a/b", {"x": "1", "empty": ""}).json() == {"rows": [1, 2, 3]}
    assert (server.calls[0].path, server.calls[0].query) == ("/a/b", {"x": "1", "empty": ""})
    assert client.calls == 1


def test_a_post_sends_json_and_headers(server) -> None:
    make(headers={"x-mine": "1"}).post("/token", {"a": "b"}, headers={"x-more": "2"})
    call = server.calls[0]
    assert (call.method, call.json(), call.headers["x-mine"], call.headers["x-more"]) == ("POST", {"a": "b"}, "1", "2")


@pytest.mark.parametrize("kind", ["429", "500", "reset", "truncate", "hang", "html", "invalid_json"])
def test_what_passes_is_tried_again(server, kind: str) -> None:
    server.fault(kind, first=2)
    assert make().get("/a").json() == {"rows": [1, 2, 3]}
    assert len(server.calls) == 3


@pytest.mark.parametrize(("kind", "error"), [("429", Throttled), ("500", Unreachable), ("hang", Unreachable)])
def test_what_stays_is_told_after_the_last_attempt(server, kind: str, error: type[ProviderError]) -> None:
    server.fault(kind, share=1.0)
    with pytest.raises(error) as caught:
        make().get("/a")
    assert caught.value.hint
    assert len(server.calls) == 3


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorised), (403, Unauthorised), (404, ProviderError)])
def test_what_does_not_pass_is_told_at_once(server, status: int, error: type[ProviderError]) -> None:
    server.said = Answer({"no": "no"}, status)
    with pytest.raises(error):
        make().get("/a")
    assert len(server.calls) == 1


def test_a_slow_drip_ends_at_the_deadline_however_often_a_byte_comes(server) -> None:
    server.said = Answer(json.dumps(list(range(3000))))
    server.fault("drip", share=1.0)
    with pytest.raises(Unreachable, match="Timeout"):
        make(patience=Patience(attempts=1, read=5.0, deadline=0.3)).get("/a")


def test_a_compressed_reply_is_read_whole(server) -> None:
    rows = list(range(200_000))
    server.said = Answer(gzip.compress(json.dumps(rows).encode()), 200, {"Content-Encoding": "gzip"})
    assert make().get("/a").json() == rows


def test_a_broken_compression_is_unreachable_not_a_strange_error(server) -> None:
    server.said = Answer(b"this is no gzip", 200, {"Content-Encoding": "gzip"})
    with pytest.raises(Unreachable):
        make().get("/a")


@pytest.mark.parametrize(("body", "what"), [(b"<html>Blocked</html>", "HTML page"), (b'{"a": ', "no JSON")])
def test_a_body_that_is_no_json_has_changed_shape(server, body: bytes, what: str) -> None:
    server.said = Answer(body)
    with pytest.raises(ShapeChanged, match=what):
        make().get("/a").json()


def test_the_judge_sees_every_reply_first_whatever_its_status(server) -> None:
    server.said = Answer({"code": "SLOW"}, 500)
    seen: list[int] = []

    def judge(reply: Reply) -> None:
        seen.append(reply.status)
        raise Throttled("mine asks for fewer calls.", hint="Wait.", retry_after=0.1)

    with pytest.raises(Throttled):
        make(judge=judge).get("/a")
    assert seen == [500, 500, 500]


def test_a_wait_that_is_too_long_is_left_to_the_caller(server) -> None:
    server.said = Answer("slow down", 429, {"Retry-After": "3600"})
    with pytest.raises(Throttled) as caught:
        make().get("/a")
    assert caught.value.context["retry_after"] == 3600.0
    assert len(server.calls) == 1


def test_a_refusal_slows_the_limiter_and_is_noted(server) -> None:
    server.fault("429", first=1)
    pace = Limiter("mine", [Rate(1000, 1.0)], sleep=lambda seconds: None)
    make(limiter=pace).get("/a")
    assert pace.pace() < 1.0
    assert [line["event"] for line in journal.read()] == ["provider.throttled"]


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_a_clock_that_is_an_hour_off_gives_way_to_the_providers(monkeypatch, skew: float) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2025-06-12T12:00:00+00:00")
    with Plain(skew=skew) as running:
        monkeypatch.setenv("WORKBENCH_URL_MINE", running.url)
        client = make()
        assert client.now() == datetime(2025, 6, 12, 12, tzinfo=UTC)
        client.get("/a")
        client.get("/a")
    assert client.now().timestamp() == pytest.approx(datetime(2025, 6, 12, 12, tzinfo=UTC).timestamp() + skew, abs=2)
    assert [line["event"] for line in journal.read()] == ["clock.skewed"]
    assert journal.read()[0]["action"]


def test_a_clock_that_is_frozen_for_a_replay_stays(monkeypatch, server) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2019-05-06T12:00:00+00:00")
    client = make()
    client.clock.hear("Mon, 06 May 2024 12:00:00 GMT")
    assert client.now() == datetime(2019, 5, 6, 12, tzinfo=UTC)
    client.clock.hear("Mon, 06 May 2019 13:00:00 GMT")
    assert client.now() == datetime(2019, 5, 6, 13, tzinfo=UTC)


def test_threads_do_not_share_a_connection(server) -> None:
    client = make()
    threads = [threading.Thread(target=client.get, args=("/a",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.calls == len(server.calls) == 6


def test_a_page_that_stays_is_a_change_of_shape(server) -> None:
    server.fault("html", share=1.0)
    with pytest.raises(ShapeChanged, match="an HTML page") as caught:
        make().get("/a")
    assert caught.value.context["garbled"]
    assert len(server.calls) == 3, "asked again before it was believed"


def test_an_archive_is_data_whatever_its_header_calls_it() -> None:
    Reply("p", "u", 200, {"Content-Type": "application/json"}, b"PK\x03\x04...").check()
    with pytest.raises(ShapeChanged):
        Reply("p", "u", 200, {"Content-Type": "application/json"}, b"PK...").check()


def test_data_of_another_shape_is_not_asked_again(server) -> None:
    def judge(reply: Reply) -> None:
        raise reply.changed("no field 'rows'")

    with pytest.raises(ShapeChanged, match="no field"):
        make(judge=judge).get("/a")
    assert len(server.calls) == 1
