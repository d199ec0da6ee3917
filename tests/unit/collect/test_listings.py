"""Listings: who left the list, who came back as somebody else, and what several providers make of one code."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from fake_provider import SESSIONS, Fake, chains

from workbench import collect, markets
from workbench.collect import spells
from workbench.errors import Throttled
from workbench.schemas import TABLES

MANY = tuple(f"T{n:02d}" for n in range(40))


def on(provider, day, *codes):
    provider.today, provider.codes = day, codes or provider.codes
    return provider


@pytest.fixture
def one() -> Fake:
    provider = Fake("one", tables=("tickers",))
    provider.codes = MANY
    return provider


def run(lake, *providers, tables=None):
    return collect.collect(lake, "US", chains(*providers, combine=("tickers",)), tables=tables)


def ended(lake):
    rows = lake.read("tickers", "US").filter(pl.col("delisted_date").is_not_null())
    return rows.select("ticker", "delisted_date", "delisting_reason").rows()


def test_what_is_missing_on_two_days_has_left_the_list(lake, one):
    run(lake, on(one, SESSIONS[10]))
    run(lake, on(one, SESSIONS[11], *MANY[1:]))
    assert ended(lake) == [], "once is no proof"
    run(lake, one)
    assert ended(lake) == [], "nor is the same day again"
    done = run(lake, on(one, SESSIONS[12]))
    assert ended(lake) == [("T00", SESSIONS[11], "left the list of one")]
    assert any("1 tickers left the list: T00" in note for note in done.notes)
    before = lake.tables()["tickers"]
    run(lake, on(one, SESSIONS[13]))
    assert lake.tables()["tickers"] == before


def test_a_listing_is_asked_once_a_session(lake, one):
    for day in (SESSIONS[10], SESSIONS[10], SESSIONS[11]):
        run(lake, on(one, day))
    assert len(one.asked("tickers")) == 2


def test_who_is_seen_again_in_between_starts_anew(lake, one):
    run(lake, on(one, SESSIONS[10]))
    for day, codes in ((11, MANY[1:]), (12, MANY), (13, MANY[1:])):
        run(lake, on(one, SESSIONS[day], *codes))
    assert ended(lake) == []
    run(lake, on(one, SESSIONS[14]))
    assert ended(lake) == [("T00", SESSIONS[13], "left the list of one")]


def test_a_list_that_lacks_many_at_once_is_not_believed(lake, one):
    run(lake, on(one, SESSIONS[10]))
    for day in (11, 12, 13):
        done = run(lake, on(one, SESSIONS[day], *MANY[3:]))
        assert any("lacks 3 of 40 tickers at once" in note for note in done.notes)
    assert ended(lake) == []
    for day in (14, 15):
        run(lake, on(one, SESSIONS[day], *MANY[2:]))
    assert [row[0] for row in ended(lake)] == ["T00", "T01"]


def test_an_empty_list_and_a_throttled_provider_delist_nobody(lake, one):
    other = Fake("other", tables=("tickers",))
    other.codes = MANY[:20]
    run(lake, on(one, SESSIONS[10]), on(other, SESSIONS[10]))
    for day in (11, 12, 13):
        one.errors["tickers"] = [Throttled("slow down")]
        collect.cooldown.Cooldowns().clear()
        done = run(lake, on(one, SESSIONS[day]), on(other, SESSIONS[day]))
        assert dict(done.summary.select("table", "status").rows())["tickers"] == "incomplete"
    collect.cooldown.Cooldowns().clear()
    for day in (14, 15, 16):
        one.rows["tickers"] = []
        run(lake, on(one, SESSIONS[day]), on(other, SESSIONS[day]))
    assert ended(lake) == []
    assert lake.read("tickers", "US").height == 40


def test_a_code_with_newer_bars_stays_listed(lake, one):
    bars = Fake("bars", tables=("ohlcv",))
    run(lake, on(one, SESSIONS[10]))
    run(lake, on(one, SESSIONS[11], *MANY[1:]))
    run(lake, on(bars, SESSIONS[11]), on(one, SESSIONS[11]), tables=["ohlcv"])
    run(lake, on(one, SESSIONS[12]), tables=["tickers"])
    assert ended(lake) == []


def test_who_still_stands_with_another_provider_is_listed(lake, one):
    other = Fake("other", tables=("tickers",))
    other.codes = MANY
    run(lake, on(one, SESSIONS[10]), on(other, SESSIONS[10]))
    for day in (11, 12, 13):
        run(lake, on(one, SESSIONS[day], *MANY[1:]), on(other, SESSIONS[day]))
    assert ended(lake) == []
    assert set(lake.read("tickers", "US")["source"]) == {"one"}, "what stands stays the first provider's"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Another Works Ltd", [(1, "T00 Inc.", SESSIONS[11]), (2, "Another Works Ltd", None)]),
        ("T00, Incorporated", [(1, "T00, Incorporated", None)]),
    ],
)
def test_a_code_that_comes_back(lake, one, name, expected):
    run(lake, on(one, SESSIONS[10]))
    for day in (11, 12):
        run(lake, on(one, SESSIONS[day], *MANY[1:]))
    one.names["T00"] = name
    one.change = one.change
    run(lake, on(one, SESSIONS[20], *MANY))
    rows = lake.read("tickers", "US", tickers=["T00"]).select("spell", "name", "delisted_date").rows()
    assert rows == expected


# Rows of several providers ------------------------------------------------------------------------

DAY = date(2024, 4, 30)


def listing(source, *rows):
    base = {"region": "US", "spell": 1, "currency": "USD", "source": source}
    return pl.DataFrame([base | row for row in rows], schema=dict(TABLES["tickers"].columns))


def merged(*frames):
    found = spells.together(frames, DAY)
    return found.select("ticker", "spell", "name", "issuer_id", "listed_date", "delisted_date", "source").rows()


def test_the_first_providers_values_stand_and_later_ones_fill_and_add():
    kis = listing("kis", {"ticker": "AAPL", "name": "애플"}, {"ticker": "ONLY", "name": "Only"})
    polygon = listing(
        "polygon",
        {"ticker": "AAPL", "name": "Apple Inc.", "issuer_id": "0000320193", "listed_date": date(1980, 12, 12)},
        {"ticker": "GONE", "name": "Gone Corp", "delisted_date": date(2015, 3, 2)},
    )
    assert merged(kis, polygon) == [
        ("AAPL", 1, "애플", "0000320193", date(1980, 12, 12), None, "kis"),
        ("GONE", 1, "Gone Corp", None, None, date(2015, 3, 2), "polygon"),
        ("ONLY", 1, "Only", None, None, None, "kis"),
    ]


def test_an_earlier_company_of_a_code_is_a_spell_of_its_own_whatever_numbers_the_providers_give():
    kis = listing("kis", {"ticker": "META", "name": "메타 플랫폼스"})
    polygon = listing(
        "polygon",
        {"ticker": "META", "name": "Meta Platforms", "issuer_id": "0001326801"},
        {"ticker": "META", "spell": 2, "name": "Metamaterial", "issuer_id": "9", "delisted_date": date(2015, 6, 1)},
    )
    assert merged(kis, polygon) == [
        ("META", 1, "Metamaterial", "9", None, date(2015, 6, 1), "polygon"),
        ("META", 2, "메타 플랫폼스", "0001326801", date(2015, 6, 1), None, "kis"),
    ]


def test_a_list_that_lags_behind_a_delisting_makes_no_second_company():
    kis = listing("kis", {"ticker": "LATE", "name": "늦은 회사"})
    polygon = listing("polygon", {"ticker": "LATE", "name": "Late Co", "delisted_date": DAY - timedelta(days=3)})
    assert merged(kis, polygon) == [("LATE", 1, "늦은 회사", None, None, None, "kis")]
    # Once the first list drops it, the other's day stands.
    held = spells.together([kis], DAY)
    now = spells.against(held, polygon, {"kis": 0, "polygon": 1}, {"LATE": DAY - timedelta(days=4)}, DAY)
    assert now.select("spell", "name", "delisted_date").rows() == [(1, "늦은 회사", DAY - timedelta(days=3))]


def test_a_list_that_still_names_a_company_gone_for_long_makes_no_second_spell_of_it():
    kis = listing("kis", {"ticker": "GONE", "name": "Gone Corp"})
    closed = {"ticker": "GONE", "name": "GONE CORPORATION", "delisted_date": date(2023, 3, 2)}
    polygon = listing("polygon", closed)
    assert merged(kis, polygon) == [("GONE", 1, "Gone Corp", None, None, date(2023, 3, 2), "kis")]
    # Where the other provider lists the code as well, what ended is an earlier stay.
    both = listing("polygon", closed, {"ticker": "GONE", "spell": 2, "name": "Gone Corp"})
    assert [row[1:3] + row[5:6] for row in merged(kis, both)] == [
        (1, "GONE CORPORATION", date(2023, 3, 2)),
        (2, "Gone Corp", None),
    ]


def against(held, offered, bars):
    found = spells.against(held, offered, {"kis": 0}, bars, DAY)
    return found.select("spell", "issuer_id", "listed_date", "delisted_date").rows()


def test_another_issuer_that_begins_after_the_last_bar_is_another_company():
    held = listing("kis", {"ticker": "X", "issuer_id": "1", "listed_date": date(2000, 1, 3)})
    offered = listing("kis", {"ticker": "X", "issuer_id": "2", "listed_date": date(2024, 3, 1)})
    end = markets.next_session("US", date(2023, 5, 5))
    assert against(held, offered, {"X": date(2023, 5, 5)}) == [
        (1, "1", date(2000, 1, 3), end),
        (2, "2", date(2024, 3, 1), None),
    ]
    # One that goes on trading has only got a new holding.
    assert against(held, offered, {"X": DAY}) == [(1, "2", date(2024, 3, 1), None)]


def test_a_spell_that_the_lake_numbers_second_keeps_its_number():
    held = listing(
        "kis",
        {"ticker": "X", "name": "Old", "delisted_date": date(2010, 1, 4)},
        {"ticker": "X", "spell": 2, "name": "New", "listed_date": date(2012, 1, 3)},
    )
    offered = listing("kis", {"ticker": "X", "name": "New", "issuer_id": "7"})
    assert against(held, offered, {"X": DAY}) == [
        (1, None, None, date(2010, 1, 4)),
        (2, "7", date(2012, 1, 3), None),
    ]


@pytest.mark.parametrize("name", ["Apple Inc.", "APPLE INC", "Apple Inc. Common Stock", "The Apple Company"])
def test_names_are_compared_without_their_forms(name):
    assert spells.plain_name(name) == "apple"
