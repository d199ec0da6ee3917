"""The doctor of providers: what it says of each state a provider can be in."""

from __future__ import annotations

import json
import sys
from datetime import date
from types import ModuleType
from typing import ClassVar

import pytest
from click.testing import CliRunner

from workbench import adapters
from workbench.adapters.base import Adapter, Fetched, Request
from workbench.cli import cli
from workbench.collect import doctor
from workbench.errors import ConfigError, Throttled, Unauthorised


class Quiet(Adapter):
    name = "quiet"
    secrets: ClassVar[tuple[str, ...]] = ("env:QUIET_KEY",)
    signup = "Ask at the desk."
    failure: ClassVar[Exception | None] = None

    @property
    def offers(self) -> dict[str, frozenset[str]]:
        return {"ohlcv": frozenset({"US", "KR"})}

    def last_date(self, region: str) -> date:
        return date(2024, 1, 2)

    def fetch(self, table: str, request: Request) -> Fetched:
        raise NotImplementedError

    def limits(self) -> str:
        return "2 calls a second"

    def probe(self) -> str:
        if self.failure:
            raise self.failure
        return "one quote"


class Boxed(Quiet):
    name = "boxed"
    optional = "package_that_is_not_there"


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("doctors_patients")
    module.Quiet, module.Boxed = Quiet, Boxed  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "doctors_patients", module)
    known = {"quiet": "doctors_patients:Quiet", "boxed": "doctors_patients:Boxed", "sample": "x:Y"}
    monkeypatch.setattr(adapters, "_KNOWN", known)
    monkeypatch.setattr(Quiet, "failure", None)


def test_a_key_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIET_KEY", "abcdefgh")
    (row,) = doctor(["quiet"]).to_dicts()
    assert row == {
        "provider": "quiet",
        "regions": "KR US",
        "keys": "set",
        "status": "works",
        "said": "one quote",
        "limits": "2 calls a second",
        "action": "",
    }


def test_without_its_key_a_provider_is_not_asked() -> None:
    (row,) = doctor(["quiet"]).to_dicts()
    assert (row["status"], row["keys"]) == ("no key", "missing: QUIET_KEY")
    assert row["action"] == "Ask at the desk. Add QUIET_KEY=... to .env."


def test_an_extra_that_is_missing_is_named() -> None:
    (row,) = doctor(["boxed"]).to_dicts()
    assert row["status"] == "not installed"
    assert row["action"] == 'pip install "spock-workbench[package_that_is_not_there]"'


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Unauthorised("Refused.", hint="Renew the key."), "unauthorised"),
        (Throttled("Busy.", hint="Wait."), "throttled"),
    ],
)
def test_an_error_is_named_with_its_action(monkeypatch: pytest.MonkeyPatch, failure: Exception, status: str) -> None:
    monkeypatch.setenv("QUIET_KEY", "abcdefgh")
    monkeypatch.setattr(Quiet, "failure", failure)
    (row,) = doctor(["quiet"]).to_dicts()
    assert row["status"] == status
    assert row["action"] == failure.hint  # type: ignore[attr-defined]


def test_all_are_those_over_the_network() -> None:
    assert doctor()["provider"].to_list() == ["boxed", "quiet"]
    with pytest.raises(ConfigError, match="no provider 'nobody'"):
        doctor(["nobody"])


def test_the_command_fails_only_for_a_key_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = CliRunner().invoke(cli, ["doctor"])
    assert shown.exit_code == 0
    assert "--  quiet: no key" in shown.output
    monkeypatch.setenv("QUIET_KEY", "abcdefgh")
    monkeypatch.setattr(Quiet, "failure", Unauthorised("Refused.", hint="Renew the key."))
    shown = CliRunner().invoke(cli, ["doctor", "quiet"])
    assert shown.exit_code == 1
    assert "action: Renew the key." in shown.output
    assert json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)[1]["status"] == "unauthorised"
