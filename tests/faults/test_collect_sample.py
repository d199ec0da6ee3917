"""Collection from a provider that misbehaves: throttled, timed out, cut short, in another shape, dirty."""

import polars as pl
import pytest

from workbench import collect
from workbench.adapters.sample import Misbehaviour, Sample
from workbench.lake import Lake

PRICES = ("open", "high", "low", "close")


class Small(Sample):
    """The tiny market in requests of four tickers, so that a collection has many."""

    batch_size = 4


def run(lake, region="KR", **faults):
    pace = collect.Pace(sleep=lambda seconds: None, publish_rows=1)
    adapter = Small("tiny", misbehave=Misbehaviour(**faults))
    done = collect.collect(lake, region, adapter, pace=pace)
    assert collect.unexplained(lake, region).is_empty()
    return done, adapter


def bars(lake, region="KR"):
    return lake.read("ohlcv", region).drop("collected_at")


def reasons(lake):
    return set(lake.read("gaps", "KR")["reason"])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("undisturbed") / "lake")
    run(lake)
    return lake


@pytest.mark.parametrize("faults", [{"throttle_first": 3}, {"throttle_every": 3}, {"time_out_every": 2}])
def test_failures_that_pass_leave_no_trace(tmp_path, undisturbed, faults):
    lake = Lake(tmp_path / "lake")
    done, _ = run(lake, **faults)
    assert bars(lake).equals(bars(undisturbed))
    assert reasons(lake) == reasons(undisturbed) <= {"suspended"}
    assert done.errors == {}


def test_a_provider_that_is_down_leaves_gaps_and_the_next_collection_fills_them(tmp_path, undisturbed):
    lake = Lake(tmp_path / "lake")
    collect.collect(lake, "KR", Small("tiny"), tables=["tickers"])
    done, _ = run(lake, down=frozenset({"KR"}))
    assert set(done.summary.filter(pl.col("table") == "ohlcv")["status"]) == {"incomplete"}
    assert bars(lake).is_empty()
    assert reasons(lake) <= {"unknown", "throttled"}
    before = lake.read("tickers", "KR")
    run(lake)
    assert bars(lake).equals(bars(undisturbed))
    assert lake.read("tickers", "KR").equals(before), "silence of a provider delists nobody"
    assert reasons(lake) == reasons(undisturbed)


def test_answers_cut_short_are_noticed_and_completed(tmp_path, undisturbed):
    lake = Lake(tmp_path / "lake")
    run(lake, truncate_rows=500)
    assert 0 < bars(lake).height < bars(undisturbed).height
    assert "unknown" in reasons(lake)
    run(lake)
    assert bars(lake).equals(bars(undisturbed))
    assert reasons(lake) == reasons(undisturbed)


@pytest.mark.parametrize("shape", ["renamed", "missing", "retyped"])
def test_another_shape_fails_the_table_with_a_clear_error(tmp_path, undisturbed, shape):
    lake = Lake(tmp_path / "lake")
    collect.collect(lake, "KR", Small("tiny"), tables=["tickers", "actions"])
    done, adapter = run(lake, change_shape=shape, change_shape_after=4)
    status = dict(done.summary.select("table", "status").rows())
    assert status["ohlcv"] == status["fundamentals"] == "failed"
    assert status["tickers"] == "up to date"
    assert "another shape" in done.errors["ohlcv"]
    assert adapter.calls["ohlcv"] == 1, "a changed shape is not asked again and again"
    run(lake)
    assert bars(lake).equals(bars(undisturbed))


@pytest.mark.parametrize("region", ["KR", "US"])
def test_every_dirty_row_is_quarantined_and_nothing_else(tmp_path, region):
    kinds = {
        "high_below_low": "high_below_low",
        "close_outside": "close_outside_range",
        "zero_prices": "non_positive",
        "negative_price": "non_positive",
        "jump": "spike",
        "conflict": "duplicate_conflict",
        "closed_day": "closed_day",
        "duplicate": None,
    }
    lake, clean = Lake(tmp_path / "lake"), Lake(tmp_path / "clean")
    run(clean, region)
    done, adapter = run(lake, region, dirty=frozenset(kinds))
    planted = adapter.planted(region)
    wanted = {
        (ticker, day, kinds[kind]) for ticker, day, kind in planted.rows() if kinds[kind] and kind != "closed_day"
    }
    rows = lake.read("quarantine", region)
    found = {(row["ticker"], row["date"], code) for row in rows.to_dicts() for code in row["reasons"].split(",")}
    assert wanted <= found
    closed = [row for row in rows.to_dicts() if "closed_day" in row["reasons"]]
    assert len(closed) == planted.filter(pl.col("kind") == "closed_day").height
    bad_days = {(ticker, day) for ticker, day, _ in wanted}
    assert {(row["ticker"], row["date"]) for row in rows.to_dicts() if row not in closed} == bad_days
    kept = bars(clean, region).filter(
        ~pl.struct("ticker", "date").is_in([{"ticker": t, "date": d} for t, d in bad_days])
    )
    assert bars(lake, region).equals(kept)
    assert done.errors == {}


def test_a_market_of_zeros_is_one_fault_of_the_source(tmp_path):
    class Whole(Sample):
        batch_size = 100

    lake = Lake(tmp_path / "lake")
    adapter = Whole("tiny", misbehave=Misbehaviour(dirty=frozenset({"market_of_zeros"})))
    collect.collect(lake, "KR", adapter)
    rows = lake.read("quarantine", "KR")
    assert rows.height == adapter.planted("KR").height > 10
    assert rows["date"].n_unique() == 1
    assert collect.unexplained(lake, "KR").is_empty()


def test_prices_corrected_later_arrive_as_revisions(tmp_path):
    market = Sample("tiny")
    sessions = lake_sessions(market)
    lake, direct = Lake(tmp_path / "lake"), Lake(tmp_path / "direct")
    pace = collect.Pace(refresh=40)
    # The sample corrects the bar of session -8 on session -3: it is asked before that, and after.
    for day in (sessions[-81], sessions[-41], sessions[-6], sessions[-1]):
        collect.collect(lake, "KR", Sample("tiny", today=day), pace=pace)
    collect.collect(direct, "KR", market)
    revised = lake.read("revisions", "KR").filter(pl.col("table") == "ohlcv")
    assert revised.height > 0
    assert bars(lake).equals(bars(direct))


def lake_sessions(market):
    from workbench import markets

    return markets.sessions("KR", market.first_date("KR"), market.last_date("KR"))
