"""A notebook is found by path or name, with or without its ending."""

from __future__ import annotations

import pytest

from workbench.errors import ConfigError
from workbench.runs import notebooks


@pytest.mark.parametrize(
    "written",
    [
        "notebooks/collection/data_health.ipynb",
        "notebooks/collection/data_health",
        "collection/data_health.ipynb",
        "collection/data_health",
        "data_health",
    ],
)
def test_it_is_found_as_a_user_writes_it(written: str) -> None:
    assert notebooks.find(written).name == "data_health.ipynb"


def test_an_unknown_one_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="data_health"):
        notebooks.find("collection/data_helth")
    with pytest.raises(ConfigError):
        notebooks.find("")
