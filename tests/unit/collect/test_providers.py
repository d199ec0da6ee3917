"""Which sample market a notebook collects from when it does not say."""

import pytest

from workbench import collect
from workbench.adapters.sample import Sample
from workbench.errors import ConfigError


def size_of(lake, **more):
    return collect.provider_for(lake, "KR", "sample", **more).spec.size


def test_the_size_is_the_one_given_then_the_environments_then_the_lakes(lake, monkeypatch):
    assert size_of(lake) == "demo"
    collect.collect(lake, "KR", Sample("tiny"), tables=["tickers"])
    assert size_of(lake) == "tiny"
    monkeypatch.setenv("WORKBENCH_SAMPLE", "full")
    assert size_of(lake) == "full"
    assert size_of(lake, sample_size="demo", seed=3) == "demo"


def test_an_unknown_provider_names_the_known_ones(lake):
    with pytest.raises(ConfigError, match="sample"):
        collect.provider_for(lake, "KR", "nobody")
