"""Universes by rule: members on a date, from spells, and from what was known before each review."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.lake import Lake, Universe
from workbench.lake.universe import choose
from workbench.studies import Strategy

START = date(2024, 1, 2)
CODES = ("000010", "000020", "000030")


@pytest.fixture
def three(desk: Any) -> Any:
    """Three companies of different size and turnover; the order of turnover changes in the middle of March."""
    days = markets.sessions("KR", START, date(2024, 5, 31))
    for number, code in enumerate(CODES):
        desk.listing(
            "KR", code, exchange="XKRX" if number else "XKOS", asset_type="stock", listed_date=date(2020, 1, 2)
        )
        closes = dict.fromkeys(days, 100.0 * (number + 1))
        early = {day: close for day, close in closes.items() if day < date(2024, 3, 15)}
        late = {day: close for day, close in closes.items() if day >= date(2024, 3, 15)}
        desk.bars("KR", code, early, volume=1000.0 * (3 - number))
        desk.bars("KR", code, late, volume=1000.0 * (number + 1) * 50)
        share = {"region": "KR", "ticker": code, "date": START, "available_date": START, "source": "desk"}
        desk.publish("shares", [share | {"shares_outstanding": 1e6 * (3 - number) ** 2}], "KR")
    return desk


def test_rules_of_the_listing_answer_on_a_date_without_any_bar(desk: Any) -> None:
    desk.listing("KR", "000010", exchange="XKRX", asset_type="stock", listed_date=date(2010, 1, 4))
    desk.listing(
        "KR",
        "000020",
        exchange="XKOS",
        asset_type="stock",
        listed_date=date(2010, 1, 4),
        delisted_date=date(2015, 6, 1),
    )
    desk.listing("KR", "000030", exchange="XKRX", asset_type="etf", listed_date=date(2012, 1, 2))
    stocks = Universe(asset_type=("stock",))
    assert stocks.members(desk.lake, "KR", "2009-12-30") == ()
    assert stocks.members(desk.lake, "KR", "2015-05-29") == ("000010", "000020")
    assert stocks.members(desk.lake, "KR", "2015-06-01") == ("000010",)
    assert Universe(exchange=("XKRX",)).members(desk.lake, "KR", "2013-01-02") == ("000010", "000030")
    assert Universe(codes=("KR:000030",)).members(desk.lake, "KR", "2013-01-02") == ("000030",)


def test_a_reused_code_is_two_spells_and_no_return_crosses_them(desk: Any) -> None:
    days = markets.sessions("KR", START, date(2024, 3, 29))
    desk.listing("KR", "000010", spell=1, asset_type="stock", listed_date=START, delisted_date=date(2024, 2, 1))
    desk.listing("KR", "000010", spell=2, asset_type="etf", listed_date=date(2024, 3, 4))
    desk.bars("KR", "000010", {day: 100.0 for day in days if day < date(2024, 2, 1)})
    desk.bars("KR", "000010", {day: 5.0 for day in days if day >= date(2024, 3, 4)})
    panel = desk.lake.panel("KR")
    assert panel.tickers == ("KR:000010", "KR:000010#2")
    assert not np.isfinite(panel["close"]).all(axis=1).any(), "the two companies are never in one column"
    returns = panel["close"][1:] / panel["close"][:-1]
    assert set(returns[np.isfinite(returns)].tolist()) == {1.0}
    assert desk.lake.panel("KR", universe=Universe(asset_type=("stock",))).tickers == ("KR:000010",)
    assert Universe(asset_type=("stock",)).members(desk.lake, "KR", "2024-03-05") == ()
    assert Universe(asset_type=("etf",)).members(desk.lake, "KR", "2024-03-05") == ("000010",)


def test_turnover_is_looked_at_on_the_last_session_before_the_month(three: Any) -> None:
    rule = Universe(most_traded=1, window=10)
    panel = three.lake.panel("KR", universe=rule)
    member = {str(day): panel.member[row].tolist() for row, day in enumerate(panel.dates)}
    assert member["2024-01-31"] == [False] * 3, "nothing was known before the first month"
    assert member["2024-02-01"] == [False, True, False], "2 x 2,000 is most"
    assert member["2024-03-29"] == [False, True, False], "the change of mid March counts from April on"
    assert member["2024-04-01"] == [False, False, True]
    assert rule.members(three.lake, "KR", "2024-03-31") == ("000020",)


def test_size_is_price_times_shares_known_then(three: Any) -> None:
    assert Universe(largest=2).members(three.lake, "KR", "2024-03-05") == ("000010", "000020")
    assert Universe(min_size=8.5e8).members(three.lake, "KR", "2024-03-05") == ("000010",)
    late = {"region": "KR", "ticker": "000030", "date": START, "available_date": date(2024, 3, 4), "source": "desk"}
    three.publish("shares", [late | {"shares_outstanding": 1e9}], "KR")
    assert Universe(largest=1).members(three.lake, "KR", "2024-03-05") == ("000010",), "known only after the review"
    assert Universe(largest=1).members(three.lake, "KR", "2024-04-05") == ("000030",)


def test_who_is_off_the_list_is_not_counted_among_the_largest(three: Any) -> None:
    three.listing("KR", "000010", asset_type="stock", listed_date=date(2020, 1, 2), delisted_date=date(2024, 2, 20))
    assert Universe(largest=1).members(three.lake, "KR", "2024-02-19") == ("000010",)
    assert Universe(largest=1).members(three.lake, "KR", "2024-03-05") == ("000020",)


@pytest.mark.parametrize(
    "rule", [Universe(most_traded=2, window=10), Universe(largest=1), Universe(min_turnover=150_000.0)]
)
def test_later_rows_and_other_windows_change_nothing(three: Any, rule: Universe) -> None:
    whole = three.lake.panel("KR", universe=rule)
    for first, last in (("2024-02-15", "2024-04-10"), ("2024-03-20", "2024-03-22"), ("2024-04-01", "2024-04-01")):
        part = three.lake.panel("KR", start=first, end=last, universe=rule)
        rows = np.isin(whole.dates, part.dates)
        np.testing.assert_array_equal(part.member, whole.member[rows])


def test_a_session_without_trade_counts_nothing(desk: Any) -> None:
    days = markets.sessions("KR", START, date(2024, 3, 29))
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0))
    desk.bars("KR", "000020", {day: 100.0 for number, day in enumerate(days) if number % 3 == 0}, volume=1e6)
    rule = Universe(min_turnover=1.0, window=10)
    assert desk.lake.panel("KR", start="2024-03-04", universe=rule).member[-1].tolist() == [True, False]


def test_sectors_as_dated(three: Any) -> None:
    row = {"region": "KR", "ticker": "000010", "kind": "sector", "source": "desk"}
    three.publish(
        "attributes",
        [
            row | {"valid_from": date(2020, 1, 1), "valid_to": date(2024, 2, 29), "value": "Energy"},
            row | {"valid_from": date(2024, 3, 1), "value": "Utilities"},
        ],
        "KR",
    )
    energy = Universe(sector=("Energy",))
    assert energy.members(three.lake, "KR", "2024-02-29") == ("000010",)
    assert energy.members(three.lake, "KR", "2024-03-04") == ()


def test_an_index_and_a_rule_together(three: Any) -> None:
    three.publish(
        "memberships",
        [{"index": "TOP", "ticker": code, "valid_from": START, "source": "desk"} for code in ("000020", "000030")],
    )
    assert Universe(index="TOP", largest=1).members(three.lake, "KR", "2024-03-05") == ("000020",), "of its members"
    assert Universe(index="TOP", exchange=("XKRX",)).members(three.lake, "KR", "2024-03-05") == ("000020", "000030")


def test_bad_rules_are_refused(three: Any, tiny_lake_folder: Any) -> None:
    with pytest.raises(ConfigError, match=r"min_size=-1\.0 must be positive"):
        Universe(min_size=-1.0)
    with pytest.raises(ConfigError, match="one number for the currencies"):
        Lake(tiny_lake_folder).panel(["KR", "US"], universe=Universe(min_turnover=1e6))
    with pytest.raises(DataError, match="not a date"):
        Universe().members(three.lake, "KR", "yesterday")
    both = Lake(tiny_lake_folder).panel(
        ["KR", "US"], universe=Universe(min_turnover={"KR": 1e9, "US": 1e6}), start="2025-06-02"
    )
    assert both.member.any()


def test_a_strategy_takes_rules_and_its_hash_knows_them() -> None:
    plain = Strategy.load("momentum_top20")
    ruled = plain.replace(universe={"asset_type": ["stock"], "largest": 100})
    assert isinstance(ruled.universe, Universe)
    assert str(ruled.universe) == "asset_type stock; largest 100; review monthly"
    assert len({plain.content_hash, ruled.content_hash, plain.replace(universe={"largest": 200}).content_hash}) == 3


def test_rules_pass_through_the_choice_of_columns(three: Any) -> None:
    from workbench.lake import axes

    every = axes.columns(three.lake, ["KR"])
    chosen, stays = choose(three.lake, every, every, Universe(exchange=("XKOS",)))
    assert [one.ticker for one in chosen] == ["000010"]
    assert stays == []
    assert (START + timedelta(days=1)) in markets.sessions("KR", START, date(2024, 1, 5))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            {"largest": -1},
            r"Universe: largest=-1: .*greater than or equal to 1\. The fields of a universe are exchange, ",
        ),
        ({"larges": 3}, r"no field 'larges' \(did you mean 'largest'\?\)\. The fields of a universe are .*largest"),
        ({"review": "daily"}, r"review='daily': .*'monthly' or 'quarterly'"),
        ({"asset_type": ("stok",)}, r"no kind 'stok' \(did you mean 'stock'\?\); use stock, preferred"),
        ({"min_size": {"XX": 1.0}}, "XX"),
    ],
)
def test_a_wrong_rule_is_told_by_field_value_and_bound(rule: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        Universe(**rule)
    assert "pydantic" not in str(caught.value)


def test_a_single_name_may_stand_alone() -> None:
    alone: Any = {"exchange": "XKRX", "asset_type": "stock", "sector": "Energy", "codes": "KR:000010"}
    assert Universe(**alone) == Universe(**{name: (value,) for name, value in alone.items()})


def test_members_of_a_day_that_is_not_known_yet_are_refused(three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_NOW", "2024-06-04T20:00:00+00:00")
    listed, large = Universe(asset_type=("stock",)), Universe(largest=1)
    assert listed.members(three.lake, "KR", "2024-06-05") == CODES, "it is the 5th in Seoul already"
    with pytest.raises(DataError, match="on=2024-06-06 lies in the future: it is 2024-06-05 in KR"):
        listed.members(three.lake, "KR", "2024-06-06")
    assert large.members(three.lake, "KR", "2024-06-02") == ("000010",), "the Sunday after the last bar"
    with pytest.raises(DataError, match="bars of KR in the lake end on 2024-05-31, before on=2024-06-03"):
        large.members(three.lake, "KR", "2024-06-03")
