"""A provider that fails is put aside: for all processes, for a while, and as far as its failure reaches."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fake_provider import SESSIONS, Fake, chains

from workbench import collect, settings
from workbench.collect.cooldown import Cooldowns
from workbench.collect.order import CooldownMinutes
from workbench.errors import ConfigError, ShapeChanged, Throttled, Unauthorised, Unreachable
from workbench.lake import Lake

NOW = "2024-05-01T12:00:00+00:00"


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setenv("WORKBENCH_NOW", NOW)


def later(monkeypatch, **delta):
    moment = settings.now() + timedelta(**delta)
    monkeypatch.setenv("WORKBENCH_NOW", moment.isoformat())


def bars_of(lake, *providers):
    return collect.collect(lake, "US", chains(*providers), tables=["tickers", "ohlcv"])


def test_it_ends_by_itself_and_as_late_as_the_provider_says(monkeypatch):
    one, two = Fake("one"), Fake("two")
    Cooldowns(CooldownMinutes(throttled=5)).put(one, "US", "ohlcv", Throttled("slow down"))
    Cooldowns(CooldownMinutes(throttled=5)).put(two, "US", "ohlcv", Throttled("slow down", retry_after=3600.0))
    assert set(collect.put_aside()["provider"]) == {"one", "two"}
    later(monkeypatch, minutes=6)
    assert Cooldowns().of(one, "US", "ohlcv") is None
    assert Cooldowns().of(two, "US", "ohlcv").until.isoformat() == "2024-05-01T13:00:00+00:00"
    later(monkeypatch, minutes=60)
    assert collect.put_aside().is_empty()


@pytest.mark.parametrize(
    ("error", "elsewhere"),
    [
        (Throttled("slow down"), True),
        (Unreachable("no answer"), True),
        (Unauthorised("not in your plan"), False),
        (ShapeChanged("columns moved"), False),
    ],
)
def test_a_pace_is_one_of_the_key_and_a_refusal_one_of_the_question(error, elsewhere):
    one = Fake("one")
    Cooldowns().put(one, "US", "ohlcv", error)
    assert Cooldowns().of(one, "US", "ohlcv") is not None
    assert (Cooldowns().of(one, "US", "tickers") is not None) is elsewhere
    assert (Cooldowns().of(one, "KR", "ohlcv") is not None) is elsewhere
    assert Cooldowns().of(Fake("two"), "US", "ohlcv") is None


def test_a_new_key_ends_a_refusal(monkeypatch):
    class Keyed(Fake):
        secrets = ("env:ONE_KEY",)

    monkeypatch.setenv("ONE_KEY", "a-wrong-key")
    Cooldowns().put(Keyed("one"), "US", "ohlcv", Unauthorised("wrong key"))
    assert Cooldowns().of(Keyed("one"), "US", "ohlcv") is not None
    assert "a-wrong-key" not in Cooldowns().path.read_text()
    monkeypatch.setenv("ONE_KEY", "the-right-key")
    assert Cooldowns().of(Keyed("one"), "US", "ohlcv") is None


def test_a_person_ends_it(lake, monkeypatch):
    one = Fake("one")
    one.errors["ohlcv"] = [ShapeChanged("one: the columns moved.")]
    done = bars_of(lake, one)
    assert "columns moved" in done.errors["ohlcv"]
    (row,) = collect.put_aside().to_dicts()
    assert (row["provider"], row["region"], row["table"], row["reason"]) == ("one", "US", "ohlcv", "shape_changed")
    assert row["action"]
    later(monkeypatch, hours=1)
    one.calls = []
    assert "put aside until 2024-05-02 00:00 UTC" in bars_of(lake, one).errors["ohlcv"]
    assert one.asked() == []
    collect.collect(lake, "US", one, tables=["ohlcv"])
    assert one.asked(), "who names a provider asks it"
    with pytest.raises(ConfigError, match="nobody"):
        collect.ask_again("nobody")
    assert Cooldowns().clear("one") == 1
    assert collect.ask_again() == 0


def test_all_processes_know_it(tmp_path):
    code = (
        "from fake_provider import Fake\n"
        "from workbench.collect.cooldown import Cooldowns\n"
        "from workbench.errors import Throttled\n"
        "import sys\n"
        "for n in range(20): Cooldowns().put(Fake(sys.argv[1] + str(n)), 'US', 'ohlcv', Throttled('slow down'))\n"
    )
    path = str(Path(__file__).resolve().parents[2] / "support")
    children = [
        subprocess.Popen([sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}", name])
        for name in ("a", "b")
    ]
    assert [child.wait() for child in children] == [0, 0]
    assert collect.put_aside().height == 40
    assert Cooldowns().of(Fake("a7"), "US", "ohlcv") is not None


def test_a_file_that_cannot_be_read_stops_nobody():
    Cooldowns().put(Fake("one"), "US", "ohlcv", Throttled("slow down"))
    Cooldowns().path.write_text("[{]")
    assert collect.put_aside().is_empty()


@pytest.mark.parametrize("strange", [{"reason": "asleep"}, {"until": "2030-01-01T00:00:00"}, {"until": None}])
def test_entries_of_another_version_stop_nobody(strange):
    one = Fake("one")
    Cooldowns().put(one, "US", "ohlcv", Throttled("slow down"))
    (entry,) = json.loads(Cooldowns().path.read_text())
    Cooldowns().path.write_text(json.dumps([entry | strange]))
    assert Cooldowns().of(one, "US", "ohlcv") is None
    assert collect.put_aside().is_empty()


def test_a_failing_run_of_connections_puts_aside_and_a_single_one_does_not(lake):
    one, two = Fake("one"), Fake("two", tables=("ohlcv",))
    one.batch_size = two.batch_size = 1
    one.errors["ohlcv"] = [Unreachable("no answer")]
    bars_of(lake, one, two)
    assert lake.sources() == ("one", "two")
    assert collect.put_aside().is_empty()
    for provider in (one, two):
        provider.errors["ohlcv"] = [Unreachable("no answer")] * 9
    done = bars_of(Lake(lake.root.parent / "other"), one, two)
    assert set(collect.put_aside()["provider"]) == {"one", "two"}
    assert [len(provider.errors["ohlcv"]) for provider in (one, two)] == [6, 6]
    assert "no answer" in done.errors["ohlcv"] or "put aside" in done.errors["ohlcv"]


def test_a_patient_provider_is_asked_once_and_a_wait_that_is_asked_for_is_kept(lake):
    slept = []
    pace = collect.Pace(sleep=slept.append, attempts=4, longest_wait=30.0)
    one = Fake("one", tables=("tickers", "ohlcv"))
    one.errors["ohlcv"] = [Throttled("slow down")]
    collect.collect(lake, "US", one, tables=["tickers", "ohlcv"], pace=pace)
    assert slept == []
    one.patient = False
    one.errors["ohlcv"] = [Throttled("slow down", retry_after=20.0), None, Throttled("slow down", retry_after=999.0)]
    one.today = SESSIONS[-1]
    collect.collect(lake, "US", one, tables=["ohlcv"], pace=pace)
    assert slept == [20.0]
