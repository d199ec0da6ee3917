"""Registering factors: what is declared, what replaces what, and what counts as a factor's code."""

from __future__ import annotations

import linecache
import types
from typing import Any

import numpy as np
import pytest

from workbench import factors
from workbench.errors import ConfigError
from workbench.factors import identity, registry


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    factors.names()
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))


def cell(text: str, number: int, room: dict[str, Any]) -> dict[str, Any]:
    """Run a text as a notebook does: each cell has a file name of its own, whose source is kept."""
    name = f"<cell-{number}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), room)
    return room


HELPER = "WINDOW = {window}\ndef helper(values):\n    return values * {scale}\n"
FACTOR = '''
from workbench.factors import factor
@factor(family="mine", lookback=5, needs=("close",))
def typed(close):
    """{doc}"""
    return helper(close){comment} * WINDOW
'''


def hashed(window=5, scale=2.0, doc="A factor.", comment="", number=0):
    room: dict[str, Any] = {"__name__": "__main__"}
    cell(HELPER.format(window=window, scale=scale), 2 * number, room)
    cell(FACTOR.format(doc=doc, comment=comment), 2 * number + 1, room)
    return factors.get("typed").code_hash


def test_a_function_registered_again_replaces_the_older_one_and_has_another_hash():
    hashes = []
    for number, scale in enumerate((2.0, 3.0)):
        cell(
            "from workbench.factors import factor\n"
            '@factor(family="mine", lookback=0, needs=("close",))\n'
            f"def typed(close):\n    return close * {scale}\n",
            100 + number,
            {"__name__": "__main__"},
        )
        assert factors.get("typed")(close=np.ones((1, 1)))[0, 0] == scale
        hashes.append(factors.get("typed").code_hash)
    assert hashes[0] != hashes[1]


def test_helpers_and_constants_count_comments_and_docstrings_do_not():
    first = hashed()
    assert hashed(number=1) == first
    assert hashed(doc="Told otherwise.", number=2) == first
    assert hashed(window=6, number=3) != first
    assert hashed(scale=2.5, number=4) != first


def test_a_constant_that_is_changed_later_changes_the_hash():
    room = cell(HELPER.format(window=5, scale=2.0), 50, {"__name__": "__main__"})
    cell(FACTOR.format(doc="x", comment=""), 51, room)
    before = factors.get("typed").code_hash
    room["WINDOW"] = 7
    assert factors.get("typed").code_hash != before


def test_values_of_a_closure_count_arrays_included():
    def made(weights):
        def typed(close):
            return close * weights

        return identity.text(typed)

    assert made(2.0) == made(2.0)
    assert made(2.0) != made(3.0)
    assert made(np.array([1.0, 2.0])) == made(np.array([1.0, 2.0]))
    assert made(np.array([1.0, 2.0])) != made(np.array([1.0, 2.5]))
    assert made(object()) == made(object())


def test_functions_of_the_windows_count_and_other_libraries_do_not(monkeypatch):
    factor = factors.get("momentum_12m_1m")
    before = factor.code_hash
    assert factor.code_hash == before
    monkeypatch.setattr(factors.windows, "total_return", lambda prices, window, skip: prices * 0.5)
    assert factor.code_hash != before


def test_functions_that_call_each_other_end():
    room = {"__name__": "__main__"}
    cell("def one(values):\n    return two(values)\ndef two(values):\n    return one(values)\n", 60, room)
    assert isinstance(room["one"], types.FunctionType)
    assert identity.text(room["one"]) == identity.text(room["one"])


def test_declarations_are_part_of_the_hash():
    def plain(close):
        return close

    def declared(**more):
        return registry.Factor("plain", plain, "x", 1, ("close",), **({"direction": 1, "source": ""} | more)).code_hash

    assert declared() == declared(source="another page")
    assert len({declared(), declared(direction=-1), declared(financials=False)}) == 3


def test_families_of_the_house_are_complete_and_name_their_sources():
    found = {}
    for name in factors.names():
        if factors.get(name).family not in registry.FAMILIES:
            continue
        found.setdefault(factors.get(name).family, []).append(name)
        assert factors.get(name).by_column
        assert factors.get(name).source
    assert {family: len(names) for family, names in found.items()} == {
        "value": 6,
        "momentum": 8,
        "quality": 7,
        "low_volatility": 6,
        "size_liquidity": 5,
    }
    not_for_banks = {name for name in factors.names() if not factors.get(name).financials}
    assert not_for_banks >= {
        "ebitda_to_ev",
        "gross_profitability",
        "fcf_yield",
        "debt_to_equity",
        "accruals",
        "piotroski_f",
    }
    assert not {"earnings_yield", "book_to_price", "roe", "momentum_12m_1m"} & not_for_banks


def test_a_factor_of_a_notebook_gets_all_columns_at_once():
    cell(
        "from workbench.factors import factor\n"
        '@factor(family="mine", lookback=0, needs=("close",))\n'
        "def typed(close):\n    return close\n",
        70,
        {"__name__": "__main__"},
    )
    assert not factors.get("typed").by_column


def test_wrong_declarations_are_refused():
    with pytest.raises(ConfigError, match="direction=2"):
        factors.factor(family="x", lookback=1, needs=("close",), direction=2)
    with pytest.raises(ConfigError, match="lookback=-1"):
        factors.factor(family="x", lookback=-1, needs=("close",))
    with pytest.raises(ConfigError, match="declares needs"):
        factors.factor(family="x", lookback=1, needs=("close", "volume"))(lambda close: close)
    with pytest.raises(ConfigError, match="momentum_12m_1m"):
        factors.get("momentum_12m")


def test_names_that_cannot_be_columns_or_are_taken_are_refused():
    for name in ("MyFactor", "x" * 61, "composite", "date", "definition"):
        with pytest.raises(ConfigError, match="cannot be named"):
            factors.factor(family="mine", lookback=0, needs=("close",))(named(name))
    with pytest.raises(ConfigError, match="'roe' is a factor of the house"):
        factors.factor(family="mine", lookback=0, needs=("close",))(named("roe"))
    assert factors.get("roe").by_column
    for family in ("My Family", "base", ""):
        with pytest.raises(ConfigError, match="family="):
            factors.factor(family=family, lookback=0, needs=("close",))
    for more in ({"needs": "close"}, {"lookback": 5.0}, {"lookback": "5"}):
        with pytest.raises(ConfigError, match=r"lookback=.*needs="):
            factors.factor(**({"family": "mine", "lookback": 0, "needs": ("close",)} | more))


def test_a_factor_of_the_house_is_kept_whoever_is_loaded_first(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTRY", {})
    loaded = []
    monkeypatch.setattr(registry, "_load", lambda: loaded.append(registry._REGISTRY.update(HOUSE)))
    with pytest.raises(ConfigError, match="factor of the house"):
        factors.factor(family="mine", lookback=0, needs=("close",))(named("roe"))
    assert loaded


def named(name):
    def plain(close):
        return close

    plain.__name__, plain.__module__ = name, "__main__"
    return plain


factors.names()
HOUSE = dict(registry._REGISTRY)
