"""The order of providers by region: what the files say, what is left out here, and what is refused."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from fake_provider import Fake

from workbench import adapters, collect, settings
from workbench.adapters.sample import Sample
from workbench.collect.order import ORDER, load_order
from workbench.errors import ConfigError


class Free(Fake):
    def __init__(self) -> None:
        super().__init__("free", tables=("tickers", "ohlcv"))


class Keyed(Fake):
    name = "keyed"
    secrets = ("env:KEYED_ONE", "env:KEYED_TWO")

    def __init__(self) -> None:
        super().__init__("keyed", tables=("tickers", "ohlcv", "actions"))


class Boxed(Fake):
    name = "boxed"
    optional = "package_that_is_not_there"

    def __init__(self) -> None:
        raise AssertionError("is never made")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A home folder of its own, with three providers that are known."""
    module = ModuleType("providers_of_a_test")
    module.Free, module.Keyed, module.Boxed = Free, Keyed, Boxed
    monkeypatch.setitem(sys.modules, "providers_of_a_test", module)
    known = {name.lower(): f"providers_of_a_test:{name}" for name in ("Free", "Keyed", "Boxed")}
    monkeypatch.setattr(adapters, "_KNOWN", known)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for name in ("KEYED_ONE", "KEYED_TWO"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "params" / "collection"
    folder.mkdir(parents=True)

    def write_order(text: str) -> None:
        (folder / "us.yaml").write_text(text)

    return write_order


@pytest.mark.parametrize("region", settings.REGIONS)
def test_each_region_has_an_order_of_known_providers_for_each_table(region):
    order = load_order(region)
    assert tuple(order.tables()) == ORDER
    assert order.ohlcv.providers[0] == "kis"
    assert "yahoo" in order.ohlcv.names()
    assert {order.tickers.combine, order.actions.combine, order.attributes.combine} == {"all"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bars: {providers: [free]}", "bars is no key.*tickers.*ohlcv"),
        ("ohlcv: {provider: [free]}", "ohlcv.provider is no key.*providers, combine"),
        ("cooldown_minutes: {asleep: 3}", "asleep is no key.*throttled"),
        ("cooldown_minutes: {throttled: 0}", "cooldown_minutes.throttled: .*greater than 0"),
        ("ohlcv: {providers: [nobody]}", "nobody.*which there is not.*free"),
        ("ohlcv: {providers: []}", "ohlcv.providers"),
        ("ohlcv: {providers: [free], combine: all}", "ohlcv cannot be combined.*actions"),
        ("ohlcv: {providers: [free, free]}", "names a provider twice"),
        ("ohlcv: {providers: [free], combine: both}", "'first' or 'all'"),
        ("- free", "the file"),
        ("a: [", "us.yaml is not YAML"),
    ],
)
def test_what_the_file_may_not_say(lake, write, text, message):
    write(text)
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        collect.chain_for(lake, "US")


@pytest.mark.parametrize("entry", ["free", "keyed|free", "boxed, free"])
def test_a_provider_is_not_named_for_a_table_that_it_does_not_have(lake, write, entry):
    write(f"tickers: {{providers: [free]}}\nactions: {{providers: [{entry}]}}")
    with pytest.raises(
        ConfigError, match=r"us\.yaml: actions names free, which has no actions of US.*offered by keyed"
    ):
        collect.chain_for(lake, "US")


def test_what_a_provider_without_its_key_does_not_have_is_found_as_well(lake, write):
    write("tickers: {providers: [free]}\nshares: {providers: [keyed]}")
    with pytest.raises(ConfigError, match=r"shares names keyed, which has no shares of US.*offered by nobody"):
        collect.chain_for(lake, "US")


@pytest.mark.parametrize("region", settings.REGIONS)
def test_the_orders_name_providers_for_what_they_offer(lake, region):
    for table, section in load_order(region).tables().items():
        for name in section.names():
            assert region in adapters.get(name).offers[table], (table, name)
    collect.chain_for(lake, region)


def test_a_region_without_a_file_says_what_to_do(lake, write):
    with pytest.raises(ConfigError, match=r"no order of providers for US.*provider="):
        collect.collect(lake, "US")


def test_who_is_not_configured_is_left_out_and_named(lake, write):
    write("tickers: {providers: [keyed, boxed, free], combine: all}\nohlcv: {providers: [keyed, free]}")
    done = collect.collect(lake, "US")
    assert lake.sources() == ("free",)
    left_out = {row["provider"]: row["note"] for row in done.providers.to_dicts() if row["status"] == "left out"}
    assert left_out["keyed"] == "no key (KEYED_ONE, KEYED_TWO)"
    assert left_out["boxed"].startswith('not installed (pip install "spock-workbench[')
    assert "keyed is left out: no key (KEYED_ONE, KEYED_TWO)." in done.notes
    assert done.errors == {}
    assert set(done.to_dict()) == {"region", "summary", "gaps", "providers", "notes", "seconds"}


def test_keys_bring_a_provider_in(lake, write, monkeypatch):
    write("tickers: {providers: [keyed, free]}\nohlcv: {providers: [keyed, free]}")
    monkeypatch.setenv("KEYED_ONE", "one")
    monkeypatch.setenv("KEYED_TWO", "two")
    found = collect.chain_for(lake, "US", ["ohlcv"])
    assert list(found.tables) == ["ohlcv"]
    assert [one.name for one in found.tables["ohlcv"].providers] == ["keyed", "free"]
    collect.collect(lake, "US")
    assert lake.sources() == ("keyed",)


def test_the_first_configured_of_alternatives_is_asked(lake, write, monkeypatch):
    write("tickers: {providers: [boxed|keyed|free]}\n")
    assert [one.name for one in collect.chain_for(lake, "US").tables["tickers"].providers] == ["free"]
    monkeypatch.setenv("KEYED_ONE", "one")
    monkeypatch.setenv("KEYED_TWO", "two")
    assert [one.name for one in collect.chain_for(lake, "US").tables["tickers"].providers] == ["keyed"]


def test_a_table_that_nobody_is_left_for_says_what_to_do(lake, write):
    write("tickers: {providers: [free]}\nactions: {providers: [keyed]}\nohlcv: {providers: [free]}")
    done = collect.collect(lake, "US")
    said = done.errors["actions"]
    assert "Nobody is left to ask (keyed: no key (KEYED_ONE, KEYED_TWO))" in said
    assert "wb doctor" in said
    assert dict(done.summary.select("table", "status").rows())["ohlcv"] == "collected"


def test_a_lake_of_the_sample_market_takes_no_other_provider(lake, write):
    collect.collect(lake, "US", Sample("tiny"), tables=["tickers", "ohlcv"])
    write("ohlcv: {providers: [free]}")
    with pytest.raises(ConfigError, match="never share a lake"):
        collect.collect(lake, "US")


def test_an_empty_name_is_the_order_of_the_region(lake, write):
    write("tickers: {providers: [free]}\nohlcv: {providers: [free]}")
    chains = collect.provider_for(lake, "US", "")
    assert collect.collect(lake, "US", chains).errors == {}
    assert lake.sources() == ("free",)
    with pytest.raises(ConfigError, match="chains are those of US"):
        collect.collect(lake, "KR", chains)


def test_what_a_provider_gives_without_its_key_is_asked_of_it(lake, write, monkeypatch):
    monkeypatch.setattr(Keyed, "keyless", frozenset({"tickers"}))
    write("tickers: {providers: [keyed]}\nactions: {providers: [keyed]}\nohlcv: {providers: [keyed, free]}")
    done = collect.collect(lake, "US")
    assert set(lake.read("tickers", "US")["source"]) == {"keyed"}
    assert lake.sources() == ("free",)
    assert "no key (KEYED_ONE, KEYED_TWO)" in done.errors["actions"]
    notes = {row["provider"]: (row["status"], row["note"]) for row in done.providers.to_dicts()}
    assert notes["keyed"] == ("asked", "no key (KEYED_ONE, KEYED_TWO): asked for tickers only")
