"""A secret is a reference; its value does not come out by accident."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from workbench import secrets
from workbench.errors import ConfigError

VALUE = "very-secret-value"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path


def test_a_secret_shows_its_reference_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", VALUE)
    secret = secrets.secret("env:SOME_KEY")
    assert secret.reveal() == VALUE
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "SOME_KEY" in text
        assert VALUE not in text
    assert copy.deepcopy({"key": secret})["key"] is secret
    assert secret == secrets.secret("env:SOME_KEY")
    assert secret != VALUE


def test_a_secret_is_neither_pickled_nor_serialised() -> None:
    secret = secrets.Secret("env:X", VALUE)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps({"key": secret})
    with pytest.raises(TypeError):
        vars(secret)


@pytest.mark.parametrize("text", ["SOME_KEY", "env:", "env:A B", VALUE, ""])
def test_a_text_that_is_no_reference_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        secrets.secret(text)
    assert VALUE not in str(caught.value)


def test_a_missing_secret_says_where_to_put_it(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"env:NOWHERE_KEY.*\.env"):
        secrets.secret("env:NOWHERE_KEY")


def test_the_env_file_is_read_after_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".env").write_text("# a comment\nexport A_KEY='from file'\nB_KEY=\"two\"\nWORKBENCH_LAKE=/x\nnonsense\n")
    monkeypatch.delenv("A_KEY", raising=False)
    monkeypatch.setenv("B_KEY", "from environment")
    assert secrets.secret("env:A_KEY").reveal() == "from file"
    assert secrets.secret("env:B_KEY").reveal() == "from environment"
    gathered = secrets.gather([], environ={"B_KEY": "from environment"})
    assert gathered == {"A_KEY": "from file", "B_KEY": "from environment"}


def test_what_is_gathered(home: Path) -> None:
    environment = {"KIS_APPKEY": "a", "ODD_NAME": "b", "PATH": "c", "TOKENIZERS_PARALLELISM": "d", "DB_PASSWORD_2": "e"}
    found = secrets.gather(["x = wb.secret('env:ODD_NAME')", "env:UNSET_NAME"], environ=environment)
    assert found == {"KIS_APPKEY": "a", "ODD_NAME": "b", "DB_PASSWORD_2": "e"}


@pytest.mark.parametrize("name", ["API_KEY", "api_key", "AWS_SECRET_ACCESS_KEY", "A_TOKEN", "DB_PASS", "CREDENTIALS"])
def test_names_of_secrets(name: str) -> None:
    assert secrets.is_secret_name(name)


@pytest.mark.parametrize("name", ["KEYBOARD", "TOKENIZERS_PARALLELISM", "PASSAGE", "PATH", "WORKBENCH_KEY", "HOME"])
def test_names_of_no_secrets(name: str) -> None:
    assert not secrets.is_secret_name(name)
