"""Inputs by name: what a lake is asked for, what a panel must hold, and what comes out of it."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.adapters.statements import table
from workbench.errors import ConfigError, DataError
from workbench.factors import inputs, registry
from workbench.lake.stepped import FOREIGN, PLAIN, Items, Stepped

NAN = float("nan")
EVERY = np.arange(2)


@pytest.fixture
def panel(make_panel):
    """Four days of two stocks; the second one is suspended on the third day, the region trades on the first three."""
    close = [[10.0, 20.0], [11.0, 21.0], [12.0, 21.0], [13.0, NAN]]
    traded = np.array([[True, True], [True, True], [True, False], [False, False]])
    bars = {"volume": np.full((4, 2), 100.0), "turnover": np.array([[NAN, 5.0], [NAN, NAN], [7.0, 7.0], [7.0, NAN]])}
    return make_panel(
        close,
        ("KR:1", "KR:2"),
        bars=bars,
        items={"shares_outstanding": np.full((4, 2), 3.0), "revenue_ttm": np.full((4, 2), 9.0)},
        traded=traded,
        split_factor=np.array([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0], [2.0, 1.0]]),
        session_rows={"KR": np.array([True, True, True, False])},
        index_levels={"KR": np.array([100.0, NAN, 102.0, NAN])},
        adjust="split",
    )


def load(name, panel):
    return inputs.load(name, panel, panel.sessions("KR"), EVERY)


def test_bars_are_adjusted_and_hidden_without_a_trade(panel):
    np.testing.assert_array_equal(load("close", panel), [[10.0, 20.0], [11.0, 21.0], [24.0, NAN]])
    np.testing.assert_array_equal(load("volume", panel), [[100.0, 100.0], [100.0, 100.0], [50.0, NAN]])


def test_price_is_as_traded_and_carried(panel):
    np.testing.assert_array_equal(load("price", panel), [[10.0, 20.0], [11.0, 21.0], [12.0, 21.0]])


def test_dollar_volume_is_turnover_else_price_times_volume(panel):
    np.testing.assert_array_equal(load("dollar_volume", panel), [[1000.0, 5.0], [1100.0, 2100.0], [7.0, NAN]])


def test_items_are_seen_on_suspended_days_too(panel):
    assert load("revenue_ttm", panel).tolist() == [[9.0, 9.0]] * 3


def test_market_cap_of_a_panel_without_one_is_price_times_shares(panel):
    assert load("market_cap", panel).tolist() == [[30.0, 60.0], [33.0, 63.0], [36.0, 63.0]]


def test_the_index_has_one_column_and_is_unknown_where_there_is_none(panel, make_panel):
    np.testing.assert_array_equal(load("index_close", panel), [[100.0], [NAN], [102.0]])
    bare = make_panel([[1.0], [2.0]], ("KR:1",))
    assert np.isnan(inputs.load("index_close", bare, np.ones(2, bool), np.arange(1))).all()


def test_a_missing_index_is_named(panel, make_panel):
    bare = make_panel([[1.0], [2.0]], ("JP:1",))
    assert inputs.notes(["close", "index_close"], panel) == ()
    assert inputs.notes(["close"], bare) == ()
    assert "no index of JP (TOPIX, NIKKEI225, SAMPLE-JP)" in inputs.notes(["index_close"], bare)[0]


def test_items_in_another_currency_than_the_price_are_never_mixed_in(make_panel):
    given = np.array([[1.0], [1.0]])
    kept = {
        name: Stepped.of(
            (2, 1), np.zeros(1, int), np.zeros(1, int), np.array([4.0]), np.array([rate], np.int16), np.empty((0, 2))
        )
        for name, rate in (("own", PLAIN), ("foreign", FOREIGN))
    }
    panel = make_panel(given, ("KR:1",), items=Items((2, 1), kept))
    rows, columns = np.ones(2, bool), np.arange(1)
    assert inputs.load("own", panel, rows, columns).ravel().tolist() == [4.0, 4.0]
    assert np.isnan(inputs.load("foreign", panel, rows, columns)).all()


def test_a_lake_is_asked_for_what_the_inputs_are_made_of():
    fields, items = inputs.split(
        ["close", "dollar_volume", "market_cap", "revenue_ttm_prior", "my_item", "index_close"]
    )
    assert fields == ("close", "volume", "turnover")
    assert items == ("market_cap", "revenue_ttm_prior?", "my_item")
    assert inputs.split(["index_close"]) == (("close",), ())
    with pytest.raises(DataError, match="another order"):
        inputs.split(["revenue_prior_ttm"])


def test_items_that_lakes_may_lack_are_those_of_every_provider():
    assert set(inputs.ITEMS) - {inputs.SHARES} <= set(table())


def test_a_panel_without_an_input_is_refused_with_what_is_near(panel):
    inputs.check(["sales_to_price"], panel)
    with pytest.raises(ConfigError, match="Factor asset_growth needs 'total_assets'") as caught:
        inputs.check(["asset_growth"], panel)
    assert caught.value.hint
    inputs.check(["asset_growth"], None)


def test_what_factors_of_the_house_need_is_known_to_every_provider():
    from workbench.schemas.names import parse

    known = {*inputs.BARS, *inputs.MADE_OF, *inputs.ITEMS}
    for name in registry.names():
        for need in registry.get(name).needs:
            assert need in known or parse(need).base in known, f"{name}: {need}"
