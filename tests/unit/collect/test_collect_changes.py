"""What later answers do to earlier ones: gaps shrink, explained jumps return, broken answers are told."""

from datetime import date

import polars as pl
import pytest

from workbench import collect, markets
from workbench.errors import ShapeChanged

START, END = date(2024, 1, 2), date(2024, 4, 30)
SESSIONS = markets.sessions("KR", START, END)


def reasons(lake):
    return lake.read("gaps", "KR").select("ticker", "start", "end", "reason").rows()


def status(done, table):
    return done.summary.filter(pl.col("table") == table)["status"].item()


def changed(ticker, since, until, **new):
    """A provider's change of some bars: new values or expressions by column."""

    def change(frame):
        there = (pl.col("ticker") == ticker) & pl.col("date").is_between(since, until)
        return frame.with_columns(
            pl.when(there).then(value).otherwise(pl.col(name)).alias(name) for name, value in new.items()
        )

    return change


def test_the_days_between_two_collections_are_collected_too(lake, run, toy):
    run(toy, start="2024-02-01", end="2024-02-08")
    run(toy, start="2024-03-04", end="2024-03-08")
    run(toy, start="2024-01-02", end="2024-01-10")
    days = lake.read("ohlcv", "KR", tickers=["000010"])["date"].to_list()
    assert days == markets.sessions("KR", START, date(2024, 3, 8))


def test_a_narrower_collection_keeps_the_rest_of_a_gap(lake, run, toy):
    toy.spells["000010"].skip = set(SESSIONS[5:20])
    run(toy, end=SESSIONS[30])
    before = reasons(lake)
    run(toy, start=SESSIONS[12], end=SESSIONS[30])
    assert reasons(lake) == before == [("000010", SESSIONS[5], SESSIONS[19], "unknown")]
    toy.spells["000010"].skip = set(SESSIONS[5:10])
    run(toy, end=SESSIONS[30])
    assert reasons(lake) == [("000010", SESSIONS[5], SESSIONS[9], "unknown")]


@pytest.mark.parametrize("sessions_later", [3, 30])
def test_a_jump_is_asked_again_when_the_action_that_explains_it_arrives(lake, run, toy, sessions_later):
    day, half = SESSIONS[20], {name: pl.col(name) / 2 for name in ("open", "high", "low", "close")}
    toy.change, toy.today = changed("000010", day, END, **half), SESSIONS[24]
    run(toy)
    assert reasons(lake) == [("000010", day, day, "quarantined")]
    toy.today = SESSIONS[24 + sessions_later]
    toy.actions = [{"ticker": "000010", "ex_date": day, "value": 2.0}]
    run(toy)
    assert reasons(lake) == []
    assert lake.read("ohlcv", "KR", day, day, tickers=["000010"]).height == 1
    assert lake.read("quarantine", "KR")["reasons"].to_list() == ["jump"]
    toy.calls = []
    run(toy)
    assert toy.calls == []


@pytest.mark.parametrize("sessions_later", [3, 45])
def test_prices_of_another_unit_stay_out_however_long_they_last(lake, run, toy, sessions_later):
    day, cents = SESSIONS[20], {name: pl.col(name) * 100 for name in ("open", "high", "low", "close")}
    toy.change, toy.today = changed("000010", day, END, **cents), SESSIONS[24]
    run(toy)
    toy.today = SESSIONS[24 + sessions_later]
    run(toy)
    assert lake.read("ohlcv", "KR", tickers=["000010"])["date"].max() == SESSIONS[19]
    assert {reason for *_, reason in reasons(lake)} == {"quarantined"}
    assert collect.unexplained(lake, "KR").is_empty()
    toy.actions, toy.today = [{"ticker": "000010", "ex_date": day, "value": 0.01}], SESSIONS[25 + sessions_later]
    run(toy)
    assert reasons(lake) == [], "an action that arrives explains them"
    assert lake.read("ohlcv", "KR", tickers=["000010"])["date"].max() == toy.today


def test_an_action_of_another_time_explains_no_jump(lake, run, toy):
    day, half = SESSIONS[20], {name: pl.col(name) / 2 for name in ("open", "high", "low", "close")}
    toy.change, toy.today = changed("000010", day, END, **half), SESSIONS[24]
    run(toy)
    toy.actions = [{"ticker": "000010", "ex_date": SESSIONS[19], "value": 2.0}]
    toy.today = END
    run(toy)
    assert reasons(lake) == [("000010", day, day, "quarantined")]
    toy.calls = []
    run(toy)
    assert toy.calls == []


def test_a_bad_bar_that_the_provider_corrects_leaves_no_gap(lake, run, toy):
    day = SESSIONS[20]
    toy.change, toy.today = changed("000010", day, day, high=pl.lit(1.0)), SESSIONS[22]
    run(toy)
    assert reasons(lake) == [("000010", day, day, "quarantined")]
    toy.change, toy.today = (lambda frame: frame), SESSIONS[25]
    run(toy)
    assert reasons(lake) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda frame: frame.drop("volume"), "volume is missing"),
        (lambda frame: frame.with_columns(pl.col("close").cast(pl.String)), "close is String"),
        (lambda frame: frame.with_columns(region=pl.lit("US")), "not of KR"),
    ],
)
def test_an_answer_in_another_shape_ends_the_table_and_not_the_collection(lake, run, toy, change, fault):
    toy.change = change
    done = run(toy)
    assert status(done, "ohlcv") == "failed"
    assert fault in done.errors["ohlcv"]
    assert lake.read("ohlcv").is_empty()
    assert {reason for *_, reason in reasons(lake)} == {"unknown"}
    assert len(toy.asked("ohlcv")) == 1


def test_a_fatal_error_of_the_first_provider_leaves_all_to_the_second(lake, run, make_toy):
    first, second = make_toy(name="first"), make_toy(name="second")
    first.errors = [ShapeChanged("first: other columns.")]
    done = run(first, second)
    assert "first: other columns." in done.errors["ohlcv"]
    assert len(first.asked("ohlcv")) == 1
    assert lake.sources() == ("second",)
    assert reasons(lake) == []


@pytest.mark.parametrize(("column", "kind"), [("ticker", pl.String), ("date", pl.Date)])
def test_rows_without_what_a_row_needs_are_quarantined(lake, run, toy, column, kind):
    broken = pl.lit(None, dtype=kind).alias(column)
    toy.change = lambda frame: pl.concat([frame, frame.head(1).with_columns(broken, volume=pl.lit(7.0))])
    run(toy)
    found = lake.read("quarantine", "KR")
    assert set(found["reasons"]) == {"missing_value"}
    assert found["row"].str.contains('"volume":7.0').all()


@pytest.mark.parametrize(("column", "value"), [("timeframe", "W"), ("adjusted", "Split")])
def test_bars_with_a_word_that_the_lake_does_not_know_are_quarantined(lake, run, toy, column, value):
    toy.change = changed("000010", SESSIONS[5], SESSIONS[5], **{column: pl.lit(value)})
    run(toy)
    assert lake.read("quarantine", "KR").select("date", "reasons").rows() == [(SESSIONS[5], "unknown_value")]
    assert reasons(lake) == [("000010", SESSIONS[5], SESSIONS[5], "quarantined")]


def test_an_action_of_an_unknown_kind_is_quarantined_and_the_others_arrive(lake, run, toy):
    toy.actions = [
        {"ticker": "000010", "ex_date": SESSIONS[5], "value": 2.0},
        {"ticker": "000010", "ex_date": SESSIONS[7], "value": 2.0, "kind": "splitt"},
    ]
    run(toy)
    assert lake.read("actions", "KR")["ex_date"].to_list() == [SESSIONS[5]]
    assert lake.read("quarantine", "KR").select("table", "date", "reasons").rows() == [
        ("actions", SESSIONS[7], "unknown_value")
    ]
