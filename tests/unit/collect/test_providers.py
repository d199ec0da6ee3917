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


def test_the_sample_shows_defects_and_then_corrections_when_asked(lake):
    early = collect.provider_for(
        lake, "KR", "sample", sample_size="tiny", sample_today="2025-12-22", sample_defects=True
    )
    collect.collect(lake, "KR", early)
    found = set(lake.read("quarantine", "KR")["reasons"].str.split(",").explode())
    assert {"high_below_low", "spike", "closed_day", "duplicate_conflict", "non_positive"} <= found
    assert str(lake.read("ohlcv", "KR")["date"].max()) == "2025-12-22"
    assert lake.read("revisions", "KR").is_empty()
    collect.collect(lake, "KR", collect.provider_for(lake, "KR", "sample"))
    assert str(lake.read("ohlcv", "KR")["date"].max()) == str(Sample.WORLD_END)
    assert lake.sql("SELECT count(*) AS n FROM revisions WHERE \"table\" = 'ohlcv'")["n"][0] > 0
    assert collect.unexplained(lake, "KR").is_empty()
