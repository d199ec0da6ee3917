"""A ticker changes its provider only where both agree; nothing wrong of a fallback enters the lake."""

from __future__ import annotations

import polars as pl
import pytest
from fake_provider import SESSIONS, Fake, chains, times

from workbench import collect, journal, quality
from workbench.adapters.base import Absent
from workbench.collect.cooldown import Cooldowns
from workbench.errors import Throttled

DAY = SESSIONS[-1]


@pytest.fixture
def first() -> Fake:
    return Fake("first", today=SESSIONS[-4])


@pytest.fixture
def second() -> Fake:
    return Fake("second", today=DAY, tables=("ohlcv",))


def run(lake, *providers, **more):
    done = collect.collect(lake, "US", chains(*providers, **more))
    assert collect.unexplained(lake, "US").is_empty()
    assert collect.contradicted(lake, "US").is_empty()
    return done


def sources(lake, since=SESSIONS[-3]):
    return set(lake.read("ohlcv", "US", since)["source"])


def gaps(lake):
    return lake.read("gaps", "US").select("ticker", "reason", "detail").unique().sort("ticker").rows()


def fail_first(lake, first, second):
    """A collection by the first provider, then one in which it is throttled."""
    second.today = first.today
    run(lake, first, second)
    first.today = second.today = DAY
    first.errors["ohlcv"] = [Throttled("first asks for fewer calls.")]
    return run(lake, first, second)


def test_a_throttled_provider_is_followed_by_one_that_agrees(lake, first, second):
    done = fail_first(lake, first, second)
    assert sources(lake) == {"second"}
    assert set(lake.read("ohlcv", "US", end=SESSIONS[-4])["source"]) == {"first"}, "what both have stays as it was"
    assert gaps(lake) == []
    asked = second.asked()
    assert [one.tickers for one in asked] == [("AAA", "BBB"), ("CCC", "DDD")]
    assert all(one.start < SESSIONS[-4 - 10] and one.end == DAY for one in asked)
    assert len(first.asked()) == 3, "once it is put aside it is not asked for the second batch"
    by_name = {row["provider"]: row for row in done.providers.to_dicts()}
    assert by_name["first"]["status"] == "put aside"
    assert "first is put aside until" in by_name["first"]["note"]
    assert (by_name["second"]["status"], by_name["second"]["rows"] > 0) == ("asked", True)
    assert [line["reason"] for line in journal.read() if line["event"] == "collect.put_aside"] == ["throttled"]
    (row,) = quality.health(lake, "US").agreement.to_dicts()
    assert (row["provider_a"], row["provider_b"], row["differing"], row["share"]) == ("first", "second", 0, 0.0)
    assert row["rows"] >= 4 * 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (times(1.02), r"differ on \d+ of \d+ closes, by up to 2.00%"),
        (times(100.0), "by up to 9900.00%"),
        (times(0.5), "by up to 50.00%"),
        (lambda frame: frame.with_columns(volume=pl.col("volume") / 100), "volumes in different units"),
        (times(0.5, since=SESSIONS[-3]), "and no action explains it"),
        (times(100.0, since=SESSIONS[-2]), "and no action explains it"),
    ],
    ids=["2 percent", "hundredfold", "old split", "lots", "unannounced split", "hundredfold new bars"],
)
def test_a_fallback_that_differs_brings_nothing(lake, first, second, change, said):
    second.change = change
    done = fail_first(lake, first, second)
    assert sources(lake) == set()
    found = gaps(lake)
    assert {row[1] for row in found} == {"unknown"}
    assert len(found) == 4
    assert all("second" in row[2] and "first" in row[2] for row in found)
    assert pl.Series([row[2] for row in found]).str.contains(said).all()
    assert any("disagree on 4 tickers" in note for note in done.notes)
    (line,) = [line for line in journal.read() if line["event"] == "collect.disagreement"]
    assert line["level"] == "warning"
    assert line["action"]
    assert done.summary.filter(pl.col("table") == "ohlcv")["status"].item() == "incomplete"
    # The first one is well again, and what it says stands.
    Cooldowns().clear()
    run(lake, first, second)
    assert sources(lake) == {"first"}
    assert gaps(lake) == []


def test_single_bad_prints_in_the_overlap_do_not_hide_agreement(lake, first, second):
    second.change = times(100.0, since=SESSIONS[-8], until=SESSIONS[-8])
    fail_first(lake, first, second)
    assert sources(lake) == {"second"}
    assert lake.read("ohlcv", "US", SESSIONS[-8], SESSIONS[-8])["close"].max() < 100
    differing = lake.read("agreement", "US").filter(pl.col("differing") > 0)
    assert differing.select("date", "differing").rows() == [(SESSIONS[-8], 4)]
    assert differing["largest_difference"].item() == pytest.approx(99.0)


def test_another_kind_of_adjustment_is_never_mixed_in(lake, first, second):
    second.kind = "split"
    fail_first(lake, first, second)
    assert set(lake.read("ohlcv", "US")["adjusted"]) == {"none"}
    assert {row[1] for row in gaps(lake)} == {"throttled"}, "the days are asked again of the provider that fits"


def test_too_few_sessions_in_common_are_no_proof(lake, first, second):
    first.today = SESSIONS[2]
    fail_first(lake, first, second)
    assert sources(lake, SESSIONS[3]) == set()
    assert {row[1] for row in gaps(lake)} == {"throttled"}


def test_a_split_that_was_announced_is_no_disagreement(lake, first, second):
    second.tables = ("ohlcv", "actions")
    second.change = times(0.5, since=SESSIONS[-2])
    second.rows["actions"] = [
        {"ticker": code, "ex_date": SESSIONS[-2], "kind": "split", "value": 2.0} for code in first.codes
    ]
    fail_first(lake, first, second)
    assert sources(lake) == {"second"}
    assert gaps(lake) == []


def test_the_first_provider_is_believed_again_only_where_it_agrees(lake, first, second):
    first.today = second.today = SESSIONS[-9]
    run(lake, first, second)
    first.errors["ohlcv"] = [Throttled("first asks for fewer calls.")]
    first.today = second.today = SESSIONS[-7]
    run(lake, first, second)
    assert sources(lake, SESSIONS[-8]) == {"second"}
    Cooldowns().clear()
    first.change = times(1.5, ticker="AAA")
    first.today = second.today = SESSIONS[-3]
    done = run(lake, first, second)
    newest = lake.read("ohlcv", "US", SESSIONS[-6], SESSIONS[-3]).select("ticker", "source").unique().rows()
    assert dict(newest) == {"AAA": "second", "BBB": "first", "CCC": "first", "DDD": "first"}
    assert gaps(lake) == [], "where they differ the one that stands goes on"
    assert any("first and second disagree on 1 tickers (AAA)" in note for note in done.notes)


def test_what_a_provider_leaves_for_its_pace_goes_to_the_next(lake, first, second):
    second.today = first.today
    run(lake, first, second)
    first.today = second.today = DAY
    first.change = lambda frame: frame.filter((pl.col("ticker") == "AAA") | (pl.col("date") < SESSIONS[-3]))
    first.absent = tuple(Absent(code, SESSIONS[-3], DAY, "throttled", "out of calls") for code in ("BBB",))
    done = run(lake, first, second)
    newest = dict(lake.read("ohlcv", "US", DAY).select("ticker", "source").rows())
    assert newest == {"AAA": "first", "BBB": "second", "CCC": "second", "DDD": "second"}
    (row,) = collect.put_aside().to_dicts()
    assert (row["provider"], row["reason"]) == ("first", "throttled")
    assert "out of calls" in row["said"]
    assert done.summary.filter(pl.col("table") == "ohlcv")["status"].item() == "collected"


def test_tickers_without_any_bar_are_free(lake, first, second):
    first.today = DAY
    first.errors["ohlcv"] = [Throttled("first asks for fewer calls.")]
    run(lake, first, second)
    assert lake.sources() == ("second",)
    assert gaps(lake) == []


def test_a_third_provider_is_asked_where_the_second_disagrees(lake, first, second):
    second.change = times(3.0)
    third = Fake("third", tables=("ohlcv",))
    second.today = third.today = first.today
    run(lake, first, second, third)
    first.today = second.today = third.today = DAY
    first.errors["ohlcv"] = [Throttled("first asks for fewer calls.")]
    run(lake, first, second, third)
    assert sources(lake) == {"third"}
    assert gaps(lake) == []


@pytest.mark.parametrize(("factor", "filled"), [(1.0, True), (2.0, False)])
def test_an_old_hole_is_filled_by_one_that_agrees_on_both_sides(lake, first, second, factor, filled):
    first.today = DAY
    hole = SESSIONS[20:23]
    first.change = lambda frame: frame.filter(~pl.col("date").is_in(hole) | (pl.col("ticker") != "BBB"))
    first.absent = (Absent("BBB", hole[0], hole[-1], "not_covered"),)
    second.change = times(factor)
    run(lake, first, second)
    there = lake.read("ohlcv", "US", hole[0], hole[-1], tickers=["BBB"])
    assert there.height == (len(hole) if filled else 0)
    (request,) = second.asked()
    assert request.tickers == ("BBB",)
    assert request.start < hole[0]
    assert hole[-1] < request.end < DAY
    if not filled:
        ((ticker, reason, detail),) = gaps(lake)
        assert (ticker, reason) == ("BBB", "unknown")
        assert "second and first differ" in detail


def test_an_up_to_date_collection_asks_nobody_and_a_new_session_is_asked_alone(lake, first, second):
    fail_first(lake, first, second)
    before = lake.tables()
    for one in (first, second):
        one.calls = []
    done = run(lake, first, second)
    assert done.calls == 0
    assert first.calls == second.calls == []
    assert lake.tables() == before
    assert set(done.summary["status"]) == {"up to date"}


def test_what_is_known_of_the_listing_goes_with_every_request(lake, first, second):
    fail_first(lake, first, second)
    for request in (*first.asked(), *second.asked()):
        for ticker in request.tickers:
            known = request.listing(ticker)
            assert (known.name, known.currency, known.listed) == (f"{ticker} Inc.", "USD", SESSIONS[0])
    assert first.asked("tickers")[0].listings == {}
