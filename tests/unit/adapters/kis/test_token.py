"""One token for all: issued once however many need it, renewed early, replaced when it is no longer taken."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbench import journal, secrets
from workbench.adapters.kis.token import PAUSE, TokenStore
from workbench.errors import ShapeChanged, Unreachable

NOW = datetime(2025, 6, 12, 3, 0, tzinfo=UTC)


class Desk:
    """Issues tokens and remembers how often."""

    def __init__(self) -> None:
        self.issued = 0
        self.at = NOW
        self.slept: list[float] = []
        self.body: dict[str, object] = {}

    def issue(self) -> dict[str, object]:
        self.issued += 1
        # 2025-06-13 11:00 in Korea is 02:00 UTC.
        usual = {"access_token": f"TOKEN-{self.issued:04d}", "access_token_token_expired": "2025-06-13 11:00:00"}
        return usual | {"token_type": "Bearer", "expires_in": 86400} | self.body

    def store(self, service: str = "real", key: str = "the-key") -> TokenStore:
        return TokenStore(service, key, self.issue, now=lambda: self.at, sleep=self.slept.append)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def a_minute_later(store: TokenStore) -> None:
    """As if the last request for a token had been made longer ago."""
    stored = json.loads(store.path.read_text())
    store._write(stored | {"asked": stored["asked"] - PAUSE - 1})


def test_the_expiry_is_korea_time(desk: Desk) -> None:
    assert desk.store().get().expires == datetime(2025, 6, 13, 2, 0, tzinfo=UTC)


def test_a_token_is_issued_once_and_found_by_the_next_store(desk: Desk) -> None:
    first = desk.store().get()
    assert desk.store().get() == first
    assert desk.issued == 1


def test_the_file_is_the_owners_alone_and_names_no_key(desk: Desk, environment: Path) -> None:
    store = desk.store(key="a-very-secret-key")
    store.get()
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert environment in store.path.parents
    assert "secret-key" not in store.path.name + store.path.read_text()


def test_real_and_paper_and_each_key_have_their_own(desk: Desk) -> None:
    tokens = {desk.store(*whose).get().value for whose in (("real", "a"), ("paper", "a"), ("real", "b"))}
    assert len(tokens) == desk.issued == 3


def test_it_is_renewed_some_minutes_before_it_expires(desk: Desk) -> None:
    store = desk.store()
    store.get()
    desk.at = datetime(2025, 6, 13, 1, 49, tzinfo=UTC)
    store.get()
    assert desk.issued == 1
    a_minute_later(store)
    desk.at = datetime(2025, 6, 13, 1, 51, tzinfo=UTC)
    desk.body = {"access_token_token_expired": "2025-06-14 10:51:00"}
    assert store.get().value == "TOKEN-0002"
    assert desk.issued == 2


def test_a_refused_token_is_replaced_once_for_all_that_used_it(desk: Desk) -> None:
    store = desk.store()
    refused = store.get()
    a_minute_later(store)
    found = [store.get(refused=refused).value for _ in range(5)]
    assert found == ["TOKEN-0002"] * 5
    assert desk.issued == 2


def test_the_same_text_issued_again_is_not_asked_for_a_third_time(desk: Desk) -> None:
    """Within six hours the service gives the same token again."""
    desk.body = {"access_token": "THE-SAME-TOKEN"}
    store = desk.store()
    refused = store.get()
    a_minute_later(store)
    for _ in range(4):
        assert store.get(refused=refused).value == "THE-SAME-TOKEN"
    assert desk.issued == 2


def test_a_newer_token_of_another_process_is_used(desk: Desk) -> None:
    mine, other = desk.store(), desk.store()
    refused = mine.get()
    a_minute_later(other)
    newer = other.get(refused=refused)
    assert mine.get(refused=refused) == newer
    assert desk.issued == 2


def test_two_issues_are_a_minute_apart_also_after_a_restart(desk: Desk) -> None:
    refused = desk.store().get()
    desk.store().get(refused=refused)
    assert desk.slept == [pytest.approx(PAUSE, abs=5)]


def test_a_process_that_died_while_asking_still_counts(desk: Desk) -> None:
    store = desk.store()
    store.path.parent.mkdir(parents=True)
    store._write({"asked": time.time() - 20, "issue": 1})
    store.get()
    assert desk.slept == [pytest.approx(PAUSE - 20, abs=5)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"asked": "soon", "issue": []}',
        '{"value": "x"}',
        '{"value": "x", "expires": "soon", "issue": 1}',
        "{",
    ],
)
def test_a_broken_file_is_no_token(desk: Desk, text: str) -> None:
    store = desk.store()
    store.path.parent.mkdir(parents=True)
    store.path.write_text(text)
    assert store.get().value == "TOKEN-0001"


def test_the_file_is_the_owners_alone_whatever_mode_was_there_before(desk: Desk) -> None:
    store = desk.store()
    store.path.parent.mkdir(parents=True)
    for file in (store.path, store.path.with_suffix(".new")):
        file.write_text("{}")
        file.chmod(0o644)
    store.get()
    assert store.path.stat().st_mode & 0o777 == 0o600
    store.path.chmod(0o644)
    desk.store().get()
    assert desk.issued == 1
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_renewal_that_failed_does_not_make_the_refused_token_look_new(desk: Desk, monkeypatch) -> None:
    store = desk.store()
    refused = store.get()
    a_minute_later(store)

    def fails() -> dict[str, object]:
        raise Unreachable("down", hint="later")

    monkeypatch.setattr(store, "_issue", fails)
    with pytest.raises(Unreachable):
        store.get(refused=refused)
    monkeypatch.undo()
    a_minute_later(store)
    assert desk.store().get(refused=refused).value == "TOKEN-0002"


def test_a_fresh_token_that_expires_in_the_past_is_believed_for_its_duration(desk: Desk) -> None:
    """One of the clocks is wrong; asking again each minute would not help."""
    desk.body = {"access_token_token_expired": "2023-12-22 08:16:59"}
    store = desk.store()
    assert store.get().expires == NOW + timedelta(days=1)
    store.get()
    assert desk.issued == 1
    assert "kis.token_expires_in_the_past" in [line["event"] for line in journal.read()]


@pytest.mark.parametrize(
    "body", [{"access_token": ""}, {"access_token": None}, {"access_token_token_expired": "tomorrow"}]
)
def test_an_answer_without_a_token_has_changed_shape(desk: Desk, body: dict[str, object]) -> None:
    desk.body = body
    with pytest.raises(ShapeChanged):
        desk.store().get()


def test_the_token_is_kept_out_of_what_is_shown(desk: Desk) -> None:
    token = desk.store().get()
    assert "TOKEN-0001" not in repr(token)
    assert "TOKEN-0001" not in secrets.masked(f"Bearer {token.value}")
    journal.note("test.line", what=token.value)
    assert "TOKEN-0001" not in json.dumps(journal.read())


def test_threads_need_it_at_once_and_one_asks(desk: Desk) -> None:
    store = desk.store()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(store.get().value)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["TOKEN-0001"] * 12


def test_processes_need_it_at_once_and_one_asks(serve) -> None:
    server = serve(latency=0.3)
    script = "from workbench.adapters.kis import Kis; print(Kis().client.token().issue)"
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=os.environ.copy())
        for _ in range(3)
    ]
    assert [one.communicate()[0].strip() for one in running] == ["1", "1", "1"]
    assert [call.path for call in server.calls] == ["/oauth2/tokenP"]
