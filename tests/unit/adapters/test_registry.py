from __future__ import annotations

import subprocess
import sys

import pytest

from workbench import adapters
from workbench.adapters.sample import Sample
from workbench.errors import ConfigError


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "_KNOWN", dict(adapters._KNOWN))


def test_a_provider_is_found_by_name() -> None:
    assert isinstance(adapters.get("sample", size="tiny"), Sample)
    assert {"sample", "files"} <= set(adapters.names())


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no provider 'nasdaq'.*files,.* sample"):
        adapters.get("nasdaq")


def test_a_mistyped_option_lists_the_options() -> None:
    with pytest.raises(ConfigError, match=r"no option 'sise'.*size, seed, years, today"):
        adapters.get("sample", sise="tiny")


@pytest.mark.usefixtures("registry")
def test_a_registered_provider_is_imported_on_use() -> None:
    adapters.register("mine", "workbench.adapters.sample.adapter:Sample")
    assert isinstance(adapters.get("mine", size="tiny"), Sample)


@pytest.mark.usefixtures("registry")
def test_a_name_is_not_taken_over_and_a_path_is_checked() -> None:
    with pytest.raises(ConfigError, match="Register under another name"):
        adapters.register("sample", "elsewhere:Sample")
    with pytest.raises(ConfigError, match=r"package\.module:Class"):
        adapters.register("mine", "workbench.adapters.sample.adapter")


def test_the_registry_loads_no_data_library() -> None:
    code = "import sys, workbench.adapters; print(sorted({'polars', 'numpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
