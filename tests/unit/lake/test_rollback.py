"""Rollback: one region returns to a moment, everything else stays."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from workbench.errors import ConfigError
from workbench.lake import Lake, rollback


def bars(close, region="KR", tickers=("A", "B"), year=2024):
    count = len(tickers)
    return pl.DataFrame(
        {
            "region": [region] * count,
            "ticker": list(tickers),
            "timeframe": ["D"] * count,
            "date": [date(year, 1, 2)] * count,
            "close": [close + number for number in range(count)],
            "adjusted": ["none"] * count,
            "source": ["one"] * count,
            "collected_at": [datetime(2024, 1, 2, tzinfo=UTC)] * count,
        }
    )


def gap(region="KR", end=date(2024, 1, 3)):
    return pl.DataFrame(
        {"region": [region], "ticker": ["A"], "start": [date(2024, 1, 2)], "end": [end], "reason": ["unknown"]}
    )


def tickers(region="KR"):
    return pl.DataFrame({"region": [region], "ticker": ["A"], "spell": [1], "currency": ["KRW"], "source": ["one"]})


def state(lake, region=None):
    return {name: lake.read(name, region) for name in ("ohlcv", "tickers", "revisions", "gaps", "quarantine")}


def same(one, other):
    return all(one[name].equals(other[name]) for name in one)


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake", pinned=None)
    for region in ("KR", "US"):
        lake.publish("ohlcv", bars(1.0, region), region, gaps=gap(region))
        lake.publish("ohlcv", bars(2.0, region, ("A",)), region)
    return lake


def change(lake):
    """Everything a bad day can do to both regions."""
    for region in ("KR", "US"):
        lake.publish("ohlcv", bars(50.0, region, ("A", "C"), 2025), region)
        lake.publish("ohlcv", bars(60.0, region), region, gaps=gap(region, date(2024, 1, 9)))
        lake.publish("tickers", tickers(region), region)


def test_one_region_returns_in_all_its_tables_and_the_others_stay(lake):
    target, kr, others = lake.snapshot(), state(lake, "KR"), lake.versions().height
    change(lake)
    us = state(lake, "US")
    done = lake.rollback("KR", target)
    assert same(state(lake, "KR"), kr)
    assert same(state(lake, "US"), us)
    assert (done["ohlcv"].inserted, done["ohlcv"].revised, done["ohlcv"].deleted) == (0, 2, 2)
    assert done["tickers"].deleted == 1
    assert lake.versions().height > others
    assert lake.versions("ohlcv")["operation"][0] == "rollback"
    assert not rollback.interrupted(lake.root, "KR")


def test_a_second_rollback_has_nothing_to_do(lake):
    target = lake.snapshot()
    change(lake)
    lake.rollback("KR", target)
    before = lake.tables()
    assert {one.publish_id for one in lake.rollback("KR", target).values()} == {None}
    assert lake.tables() == before


def test_a_rollback_can_be_rolled_back(lake):
    target = lake.snapshot()
    change(lake)
    full, later = state(lake), lake.snapshot()
    lake.rollback("KR", target)
    lake.rollback("KR", dict(later.versions))
    assert same(state(lake), full)


def test_publishing_goes_on_after_a_rollback(lake):
    target, kr = lake.snapshot(), state(lake, "KR")
    change(lake)
    after = state(lake, "KR")
    lake.rollback("KR", target)
    change(lake)
    again = state(lake, "KR")
    assert again["ohlcv"].equals(after["ohlcv"])
    assert (
        again["gaps"]
        .drop("first_seen", "last_seen", "publish_id")
        .equals(after["gaps"].drop("first_seen", "last_seen", "publish_id"))
    )
    assert again["revisions"].height == after["revisions"].height > kr["revisions"].height


def test_tables_without_regions_stay(lake):
    target = lake.snapshot()
    rate = {"currency": ["KRW"], "date": [date(2024, 1, 2)], "source": ["s"]}
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    lake.publish("fx", pl.DataFrame({**rate, "usd_per_unit": [0.001], "fixed_at": [moment]}))
    assert "fx" not in lake.rollback("KR", target)
    assert lake.read("fx").height == 1


def test_a_rollback_that_died_is_finished_by_the_next_publish(lake, monkeypatch):
    target, kr = lake.snapshot(), state(lake, "KR")
    change(lake)
    original = rollback._restore

    def die(root, table, region, to):
        if table.name == "ohlcv":
            raise KeyboardInterrupt
        return original(root, table, region, to)

    with monkeypatch.context() as patch:
        patch.setattr(rollback, "_restore", die)
        with pytest.raises(KeyboardInterrupt):
            lake.rollback("KR", target)
    assert rollback.interrupted(lake.root, "KR")
    lake.publish("ohlcv", bars(1.0).clear(), "KR")
    assert not rollback.interrupted(lake.root, "KR")
    assert same(state(lake, "KR"), kr)


def test_rows_that_were_hidden_at_the_snapshot_do_not_come_back(lake):
    from workbench.lake import sidewrite

    lost = gap().with_columns(
        first_seen=pl.lit(datetime(2024, 1, 2, tzinfo=UTC)), last_seen=pl.lit(datetime(2024, 1, 2, tzinfo=UTC))
    )
    sidewrite.append(lake.root, "gaps", "KR", lost.with_columns(ticker=pl.lit("LOST")), "ohlcv/KR/000000003")
    target = lake.snapshot()
    change(lake)
    lake.rollback("KR", target)
    assert "LOST" not in lake.read("gaps")["ticker"]


def test_an_unknown_region_is_refused(lake):
    with pytest.raises(ConfigError, match="no region 'XX'"):
        lake.rollback("XX", lake.snapshot())
