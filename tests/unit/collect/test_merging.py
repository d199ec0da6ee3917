"""Answers of several providers to one question: actions, attributes and share counts put together."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from fake_provider import SESSIONS, Fake, chains

from workbench import collect, journal
from workbench.adapters.base import Absent
from workbench.collect import merging
from workbench.errors import ShapeChanged, Throttled
from workbench.schemas import TABLES

RANKS = {"kis": 0, "polygon": 1, "yahoo": 2}
D = date(2024, 6, 10)


def table(name, source, *rows):
    base = {"region": "US", "ticker": "X", "source": source}
    return pl.DataFrame([base | row for row in rows], schema=dict(TABLES[name].columns))


def split(source, day, value=10.0, **more):
    return table("actions", source, {"ex_date": day, "kind": "split", "value": value, **more})


def cash(source, day, value, currency="USD"):
    return table("actions", source, {"ex_date": day, "kind": "dividend", "value": value, "currency": currency})


NONE = TABLES["actions"].empty()


def stands(frames, held=NONE):
    found = merging.actions(frames, held, RANKS)
    return found.frame.sort("ex_date", "kind").select("source", "ex_date", "value").rows(), found.disputed


@pytest.mark.parametrize("days", [0, 1, 5])
@pytest.mark.parametrize("value", [10.0, 10.15])
def test_one_action_on_neighbouring_dates_stands_once_as_the_first_says(days, value):
    rows, disputed = stands([split("polygon", date(2024, 6, 10 + days), value), split("kis", D)])
    assert rows == [("kis", D, 10.0)]
    assert disputed.is_empty()


def test_a_date_farther_away_is_another_action():
    rows, _ = stands([split("kis", D), split("polygon", date(2024, 6, 16))])
    assert [row[0] for row in rows] == ["kis", "polygon"]


def test_another_value_is_reported_and_both_stand_where_the_dates_differ():
    rows, disputed = stands([split("kis", D), split("polygon", date(2024, 6, 12), 20.0)])
    assert [row[:2] for row in rows] == [("kis", D), ("polygon", date(2024, 6, 12))]
    (row,) = disputed.to_dicts()
    assert (row["value"], row["source"], row["other_value"], row["other_source"]) == (20.0, "polygon", 10.0, "kis")
    rows, disputed = stands([split("kis", D), split("polygon", D, 20.0)])
    assert rows == [("kis", D, 10.0)]
    assert disputed.height == 1


def test_a_special_dividend_beside_the_regular_one_is_no_dispute():
    both = [(D, 0.25), (date(2024, 6, 12), 3.0)]
    polygon, yahoo = (pl.concat([cash(source, day, value) for day, value in both]) for source in ("polygon", "yahoo"))
    rows, disputed = stands([polygon, yahoo])
    assert rows == [("polygon", D, 0.25), ("polygon", date(2024, 6, 12), 3.0)]
    assert disputed.is_empty()


def test_amounts_in_other_currencies_are_not_compared():
    rows, disputed = stands([cash("kis", D, 1.0), cash("yahoo", date(2024, 6, 11), 0.9, "EUR")])
    assert len(rows) == 2
    assert disputed.is_empty()


def test_what_the_lake_holds_of_another_provider_is_not_added_again():
    held = split("yahoo", date(2024, 6, 11))
    assert stands([split("kis", D)], held)[0] == []
    assert stands([split("kis", date(2024, 6, 11), 10.1)], held)[0] == [("kis", date(2024, 6, 11), 10.1)]
    held = cash("kis", D, 1.0, None)
    assert stands([cash("yahoo", D, 4.0)], held)[0] == [("kis", D, 1.0)], "only what is null there is filled"


def test_nulls_are_filled_and_the_earlier_value_stands():
    kis, polygon = cash("kis", D, 1.0, None), cash("polygon", D, 1.01)
    assert merging.ranked([kis, polygon], "actions", RANKS).select("value", "currency", "source").rows() == [
        (1.0, "USD", "kis")
    ]


def sector(source, value, day=D, kind="sector", **more):
    return table("attributes", source, {"kind": kind, "value": value, "valid_from": day, **more})


EMPTY = TABLES["attributes"].empty()


def test_of_a_kind_one_provider_stands_and_other_kinds_are_added():
    found = merging.attributes(
        [sector("kis", "Energy"), sector("yahoo", "Materials"), sector("yahoo", "Steel", kind="industry")], EMPTY, RANKS
    )
    assert sorted(found.select("kind", "value", "source").rows()) == [
        ("industry", "Steel", "yahoo"),
        ("sector", "Energy", "kis"),
    ]


def test_a_value_that_stands_makes_no_row_of_each_day_and_its_provider_keeps_its_place():
    held = sector("kis", "Energy", date(2024, 1, 2))
    assert merging.attributes([sector("kis", "Energy")], held, RANKS).is_empty()
    assert merging.attributes([sector("kis", "Utilities")], held, RANKS)["value"].to_list() == ["Utilities"]
    assert merging.attributes([sector("yahoo", "Materials")], held, RANKS).is_empty()
    imported = sector("own", "Energy", date(2024, 1, 2))
    assert merging.attributes([sector("yahoo", "Materials")], imported, RANKS)["value"].to_list() == ["Materials"]


# In a collection ----------------------------------------------------------------------------------


def providers(*names, extra="actions"):
    return [Fake(name, tables=("tickers", extra) if n == 0 else (extra,)) for n, name in enumerate(names)]


def actions_of(lake):
    return lake.read("actions", "US").select("ticker", "ex_date", "value", "source").rows()


def test_each_provider_is_asked_for_actions_and_disputes_are_told(lake):
    one, two = providers("one", "two")
    one.rows["actions"] = [{"ticker": "AAA", "ex_date": SESSIONS[5], "kind": "split", "value": 2.0}]
    two.rows["actions"] = [
        {"ticker": "AAA", "ex_date": SESSIONS[6], "kind": "split", "value": 2.0},
        {"ticker": "BBB", "ex_date": SESSIONS[6], "kind": "dividend", "value": 0.5, "currency": "USD"},
    ]
    done = collect.collect(lake, "US", chains(one, two, combine=("actions",)))
    assert actions_of(lake) == [("AAA", SESSIONS[5], 2.0, "one"), ("BBB", SESSIONS[6], 0.5, "two")]
    assert done.errors == {}
    one.rows["actions"] += [
        {"ticker": "BBB", "ex_date": SESSIONS[6], "kind": "dividend", "value": 0.9, "currency": "USD"}
    ]
    one.today = two.today = date(2024, 5, 1)
    done = collect.collect(lake, "US", chains(one, two, combine=("actions",)))
    assert f"BBB, dividend: one says 0.9 on {SESSIONS[6]} and two says 0.5 on {SESSIONS[6]}." in done.notes
    assert actions_of(lake)[1] == ("BBB", SESSIONS[6], 0.9, "one")
    assert [line["level"] for line in journal.read() if line["event"] == "collect.actions_differ"] == ["warning"]
    calls = [len(provider.calls) for provider in (one, two)]
    collect.collect(lake, "US", chains(one, two, combine=("actions",)))
    assert [len(provider.calls) for provider in (one, two)] == calls


def test_a_provider_that_comes_later_is_asked_for_all_and_the_other_for_nothing(lake):
    one, two = providers("one", "two")
    two.errors["actions"] = [Throttled("slow down")]
    done = collect.collect(lake, "US", chains(one, two, combine=("actions",)))
    assert dict(done.summary.select("table", "status").rows())["actions"] == "incomplete"
    asked = len(one.asked("actions"))
    collect.cooldown.Cooldowns().clear()
    done = collect.collect(lake, "US", chains(one, two, combine=("actions",)))
    assert len(one.asked("actions")) == asked
    assert {code for request in two.asked("actions")[1:] for code in request.tickers} == set(one.codes)
    assert done.errors == {}


def shares_of(lake):
    return dict(lake.read("shares", "US").select("ticker", "source").rows())


def test_of_the_first_kind_the_next_is_asked_for_what_the_first_has_not(lake):
    one, two = providers("one", "two", extra="shares")
    count = {"date": SESSIONS[5], "available_date": SESSIONS[6], "shares_outstanding": 100.0}
    one.rows["shares"] = [count | {"ticker": code} for code in ("AAA", "BBB")]
    two.rows["shares"] = [count | {"ticker": code} for code in ("AAA", "CCC")]
    one.absent = (Absent("CCC", SESSIONS[0], SESSIONS[-1], "not_covered"),)
    collect.collect(lake, "US", chains(one, two))
    assert shares_of(lake) == {"AAA": "one", "BBB": "one", "CCC": "two"}
    assert [request.tickers for request in two.asked("shares")] == [("CCC",)]
    calls = len(one.calls) + len(two.calls)
    collect.collect(lake, "US", chains(one, two))
    assert len(one.calls) + len(two.calls) == calls


def test_what_passes_is_asked_again_and_what_was_answered_by_the_next_comes_from_the_first_once_it_is_back(lake):
    one, two = providers("one", "two", extra="shares")
    count = {"date": SESSIONS[5], "available_date": SESSIONS[6], "shares_outstanding": 100.0}
    two.rows["shares"] = [count | {"ticker": code} for code in one.codes]
    one.errors["shares"] = [Throttled("slow down")]
    done = collect.collect(lake, "US", chains(one, two))
    assert set(shares_of(lake).values()) == {"two"}
    assert dict(done.summary.select("table", "status").rows())["shares"] == "collected"
    calls = len(one.calls) + len(two.calls)
    collect.collect(lake, "US", chains(one, two))
    assert len(one.calls) + len(two.calls) == calls, "while it is put aside nobody is asked again"
    collect.cooldown.Cooldowns().clear()
    collect.collect(lake, "US", chains(one, two))
    assert {code for request in one.asked("shares")[1:] for code in request.tickers} == set(one.codes)


def test_a_ticker_that_was_throttled_is_due_again(lake):
    one, _ = providers("one", "two", extra="shares")
    one.absent = (Absent("AAA", SESSIONS[0], SESSIONS[-1], "throttled"),)
    done = collect.collect(lake, "US", chains(one))
    assert dict(done.summary.select("table", "status").rows())["shares"] == "incomplete"
    assert [request.tickers for request in one.asked("shares")] == [("AAA", "BBB")], "a partial answer says enough"
    one.absent, one.calls = (), []
    collect.cooldown.Cooldowns().clear()
    collect.collect(lake, "US", chains(one))
    assert {code for request in one.asked("shares") for code in request.tickers} == {"AAA", "CCC", "DDD"}


def test_a_table_of_which_nobody_answers_fails_and_the_next_run_does_not_ask_in_vain(lake):
    one, two = providers("one", "two", extra="shares")
    for provider in (one, two):
        provider.errors["shares"] = [ShapeChanged(f"{provider.name}: columns moved.")]
    done = collect.collect(lake, "US", chains(one, two))
    assert dict(done.summary.select("table", "status").rows())["shares"] == "failed"
    assert "two: columns moved." in done.errors["shares"]
    assert set(done.providers["status"]) == {"put aside"}


def test_a_table_that_is_incomplete_says_why(lake):
    one = Fake("one", tables=("tickers", "shares", "ohlcv"))
    one.absent = (Absent("AAA", SESSIONS[0], SESSIONS[-1], "unknown", "garbled"),)
    one.change = lambda frame: frame.filter(pl.col("ticker") != "AAA")
    done = collect.collect(lake, "US", chains(one))
    assert done.errors["shares"] == "Some tickers are asked again by the next collection (one: garbled)."
    assert (
        done.errors["ohlcv"]
        == f"{len(SESSIONS)} sessions without a bar or a final reason are asked again: see the gaps."
    )
    done.raise_for_failures()
