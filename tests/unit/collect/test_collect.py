"""Collection asks for what is missing and for nothing else, and explains what it did not get."""

from datetime import date

import polars as pl
import pytest

from workbench import collect, markets
from workbench.adapters.base import Absent
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

START, END = date(2024, 1, 2), date(2024, 4, 30)
SESSIONS = markets.sessions("KR", START, END)


def reasons(lake):
    gaps = lake.read("gaps", "KR")
    return gaps.select("ticker", "start", "end", "reason").rows()


def status(done, table):
    return done.summary.filter(pl.col("table") == table)["status"].item()


def test_a_first_collection_gets_everything_in_batches_of_one_range(lake, run, toy):
    done = run(toy)
    bars = lake.read("ohlcv", "KR")
    assert bars.height == 3 * len(SESSIONS) + sum(day <= date(2024, 3, 8) for day in SESSIONS)
    assert [request.tickers for request in toy.asked("ohlcv")] == [("000010", "000020"), ("000030", "000040")]
    assert {(request.start, request.end) for request in toy.asked("ohlcv")} == {(START, END)}
    assert status(done, "ohlcv") == "collected"
    assert done.summary.filter(pl.col("table") == "ohlcv")["inserted"].item() == bars.height


def test_an_up_to_date_collection_fetches_and_publishes_nothing(lake, run, toy):
    run(toy)
    before, toy.calls = lake.tables(), []
    done = run(toy)
    assert toy.calls == []
    assert lake.tables() == before
    assert set(done.summary["status"]) == {"up to date"}


def test_new_sessions_are_asked_with_the_ones_before_so_that_corrections_arrive(lake, run, toy):
    toy.today = SESSIONS[-6]
    run(toy)
    toy.today, toy.calls = END, []
    toy.change = lambda frame: frame.with_columns(
        close=pl.when(pl.col("date") == SESSIONS[-8]).then(pl.col("close") + 1).otherwise(pl.col("close"))
    )
    done = run(toy)
    assert {(request.start, request.end) for request in toy.asked("ohlcv")} == {(SESSIONS[-15], END)}
    assert {code for request in toy.asked("ohlcv") for code in request.tickers} == {"000010", "000020", "000030"}
    row = done.summary.row(by_predicate=pl.col("table") == "ohlcv", named=True)
    assert (row["inserted"], row["revised"]) == (15, 3)
    assert lake.read("revisions", "KR")["date"].unique().to_list() == [SESSIONS[-8]]


def test_a_reason_of_the_provider_is_kept_and_not_asked_again(lake, run, toy):
    hole = set(SESSIONS[10:13])
    toy.spells["000010"].skip = hole
    toy.absent = (Absent("000010", min(hole), max(hole), "suspended", "halted"),)
    run(toy)
    assert reasons(lake) == [("000010", SESSIONS[10], SESSIONS[12], "suspended")]
    toy.calls = []
    run(toy)
    assert toy.calls == []


def test_a_truncated_answer_is_noticed_and_asked_again(lake, run, toy):
    toy.change = lambda frame: frame.filter(pl.col("date") < SESSIONS[20])
    done = run(toy)
    assert {row[1:] for row in reasons(lake)} == {
        (SESSIONS[20], END, "unknown"),
        (SESSIONS[20], date(2024, 3, 8), "unknown"),
    }
    assert status(done, "ohlcv") == "incomplete"
    toy.change, toy.calls = lambda frame: frame, []
    run(toy)
    assert reasons(lake) == []
    assert {request.start for request in toy.asked("ohlcv")} == {SESSIONS[10]}
    assert lake.read("tickers", "KR")["delisted_date"].drop_nulls().to_list() == [date(2024, 3, 11)]


def test_a_throttled_provider_is_asked_again_and_then_left(lake, run, toy):
    toy.errors = [Throttled("slow down")] * 2
    run(toy)
    assert len(toy.asked("ohlcv")) == 4  # two refusals, then the two batches
    assert reasons(lake) == []


def test_what_stays_throttled_is_a_gap_for_the_next_time(lake, run, toy):
    toy.errors = [Throttled("slow down")] * 4
    done = run(toy)
    assert {row[0]: row[3] for row in reasons(lake)} == {"000010": "throttled", "000020": "throttled"}
    assert lake.read("tickers", "KR").filter(pl.col("ticker") == "000010")["delisted_date"].item() is None
    assert status(done, "ohlcv") == "incomplete"
    toy.calls = []
    run(toy)
    assert [request.tickers for request in toy.asked("ohlcv")] == [("000010", "000020")]
    assert reasons(lake) == []


def test_waits_grow_and_a_failing_provider_is_left_alone(lake, toy):
    slept = []
    toy.errors = [Unreachable("no answer")] * 100
    pace = collect.Pace(sleep=slept.append, attempts=3, first_wait=2.0, longest_wait=3.0, give_up_after=1)
    collect.collect(lake, "KR", toy, pace=pace)
    assert slept == [2.0, 3.0]
    assert {row[3] for row in reasons(lake)} == {"unknown", "throttled"}
    assert collect.unexplained(lake, "KR").is_empty()


@pytest.mark.parametrize("error", [ShapeChanged("columns moved"), Unauthorised("wrong key")])
def test_what_no_waiting_cures_stops_the_table_and_no_other(lake, run, toy, error):
    toy.errors = [None, error]
    toy.tables.add("tickers")
    done = run(toy)
    assert status(done, "ohlcv") == "failed"
    with pytest.raises(ProviderError, match=r"tables of KR failed: .*ohlcv: "):
        done.raise_for_failures()
    assert error.message in done.errors["ohlcv"]
    assert status(done, "tickers") == status(done, "actions") == "collected"
    assert lake.read("ohlcv", "KR")["ticker"].unique().sort().to_list() == ["000010", "000020"]
    assert {row[3] for row in reasons(lake)} == {"unknown"}


def test_a_second_provider_fills_what_the_first_does_not_cover(lake, run, toy, make_toy):
    hole = set(SESSIONS[5:8])
    toy.spells["000010"].skip = hole
    toy.absent = (Absent("000010", min(hole), max(hole), "not_covered"),)
    second = make_toy(name="second")
    run(toy, second)
    filled = lake.read("ohlcv", "KR").filter(pl.col("source") == "second")
    assert filled.select("ticker", "date").rows() == [("000010", day) for day in sorted(hole)]
    assert [request.tickers for request in second.asked("ohlcv")] == [("000010",)]
    assert reasons(lake) == []


def test_a_reason_worth_asking_again_outlives_one_that_is_not(lake, run, toy, make_toy):
    second = make_toy(name="second")
    second.change = lambda frame: frame.clear()
    second.absent = tuple(Absent(code, START, END, "not_covered") for code in toy.spells)
    toy.errors = [Throttled("slow down")] * 100
    run(toy, second)
    assert {row[3] for row in reasons(lake)} == {"throttled"}


def test_faulty_rows_are_quarantined_and_explain_their_gap(lake, run, toy):
    bad = (pl.col("ticker") == "000020") & (pl.col("date") == SESSIONS[30])
    toy.change = lambda frame: frame.with_columns(high=pl.when(bad).then(1.0).otherwise(pl.col("high")))
    done = run(toy)
    assert reasons(lake) == [("000020", SESSIONS[30], SESSIONS[30], "quarantined")]
    (row,) = lake.read("quarantine", "KR").to_dicts()
    assert row["reasons"].startswith("high_below_low")
    assert '"high":1.0' in row["row"]
    assert done.summary["quarantined"].sum() == 1
    toy.calls = []
    run(toy)
    assert toy.calls == []


def test_zeros_with_a_carried_close_become_a_suspension_and_a_gap(lake, run, toy):
    halt = (pl.col("ticker") == "000030") & pl.col("date").is_between(SESSIONS[3], SESSIONS[5])
    toy.change = lambda frame: frame.with_columns(
        [pl.when(halt).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("open", "high", "low", "volume")]
    )
    run(toy)
    assert reasons(lake) == [("000030", SESSIONS[3], SESSIONS[5], "suspended")]
    bar = lake.read("ohlcv", "KR", SESSIONS[3], SESSIONS[3], tickers=["000030"]).to_dicts()[0]
    assert (bar["open"], bar["volume"]) == (None, 0.0)
    assert bar["close"] is not None


def test_an_action_is_known_before_the_bars_that_it_explains(lake, run, toy):
    toy.actions = [{"ticker": "000010", "ex_date": SESSIONS[40], "value": 5.0}]
    split = (pl.col("ticker") == "000010") & (pl.col("date") >= SESSIONS[40])
    prices = ("open", "high", "low", "close")
    toy.change = lambda frame: frame.with_columns(
        pl.when(split).then(pl.col(name) / 5).otherwise(pl.col(name)).alias(name) for name in prices
    )
    run(toy)
    assert reasons(lake) == []
    toy.actions = []


def test_an_interrupted_collection_goes_on_where_it_stopped(lake, toy):
    class Interrupted(Exception):
        pass

    def stop(stage, done, total):
        if stage.endswith("ohlcv") and done == 1:
            raise Interrupted

    pace = collect.Pace(publish_rows=1)
    with pytest.raises(Interrupted):
        collect.collect(lake, "KR", toy, progress=stop, pace=pace)
    landed = lake.read("ohlcv", "KR").height
    assert landed == 2 * len(SESSIONS)
    toy.calls = []
    collect.collect(lake, "KR", toy, pace=pace)
    assert [name for name, _ in toy.calls] == ["ohlcv"]
    assert [request.tickers for request in toy.asked("ohlcv")] == [("000030", "000040")]
    assert collect.unexplained(lake, "KR").is_empty()


def test_a_narrower_range_and_fewer_tables(lake, run, toy):
    run(toy, start="2024-02-01", end=date(2024, 2, 29), tables=["tickers", "ohlcv"])
    bars = lake.read("ohlcv", "KR")
    assert (bars["date"].min(), bars["date"].max()) == (date(2024, 2, 1), date(2024, 2, 29))
    assert toy.asked("actions") == []
    run(toy)
    assert lake.read("ohlcv", "KR")["date"].min() == START


def test_sample_and_real_prices_never_share_a_lake(lake, toy, make_toy):
    collect.collect(lake, "KR", toy)
    with pytest.raises(ConfigError, match=r"never share a lake.*WORKBENCH_LAKE"):
        collect.collect(lake, "KR", make_toy(name="sample"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"region": "XX"}, "XX"),
        ({"region": "KR", "tables": ["prices"]}, "prices.*tickers"),
        ({"region": "KR", "start": "last year"}, "start='last year'.*2024-01-31"),
        ({"region": "KR", "provider": []}, "No provider"),
    ],
)
def test_what_cannot_be_collected_is_an_error_with_the_next_action(lake, toy, arguments, message):
    given = {"provider": toy} | arguments
    with pytest.raises(ConfigError, match=message):
        collect.collect(lake, **given)
