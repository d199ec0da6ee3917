"""Failures on request: each is typed, counted and the same every time."""

from __future__ import annotations

import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.sample import Misbehaviour, Sample
from workbench.adapters.sample.dirt import KINDS
from workbench.errors import ConfigError, ShapeChanged, Throttled, Unreachable

ASK = Request("VN")


def outcomes(sample: Sample, calls: int, table: str = "ohlcv", request: Request = ASK) -> list[str]:
    found = []
    for _ in range(calls):
        try:
            sample.fetch(table, request)
            found.append("ok")
        except (Throttled, Unreachable, ShapeChanged) as error:
            found.append(error.code)
    return found


def misbehaving(**options: object) -> Sample:
    return Sample("tiny", misbehave=Misbehaviour(**options))


def test_throttling_and_time_outs_follow_the_count_of_calls() -> None:
    refused = "provider.throttled"
    assert outcomes(misbehaving(throttle_first=2), 4) == [refused, refused, "ok", "ok"]
    assert outcomes(misbehaving(throttle_every=3), 6) == ["ok", "ok", refused, "ok", "ok", refused]
    late = misbehaving(time_out_every=2)
    assert outcomes(late, 4) == ["ok", "provider.unreachable"] * 2
    assert late.calls["ohlcv"] == 4


def test_one_region_can_be_down() -> None:
    sample = misbehaving(down=frozenset({"US"}))
    assert outcomes(sample, 2, request=Request("US")) == ["provider.unreachable"] * 2
    assert outcomes(sample, 1) == ["ok"]


def test_a_row_cap_cuts_without_a_word() -> None:
    good, cut = Sample("tiny").fetch("ohlcv", ASK), misbehaving(truncate_rows=500).fetch("ohlcv", ASK)
    assert cut.frame.height == 500 < good.frame.height
    assert cut.absent == good.absent
    assert cut.frame.equals(good.frame.head(500))


@pytest.mark.parametrize("shape", ["renamed", "missing", "retyped"])
@pytest.mark.parametrize("table", ["ohlcv", "tickers", "attributes", "fundamentals", "fx"])
def test_a_changed_body_is_refused_with_the_columns_named(shape: str, table: str) -> None:
    sample = misbehaving(change_shape=shape, change_shape_after=1)
    assert outcomes(sample, 3, table) == ["ok", "provider.shape_changed", "provider.shape_changed"]
    with pytest.raises(ShapeChanged, match="another shape") as caught:
        sample.fetch("ohlcv", ASK)
    assert "open" in str(caught.value)


def test_dirty_rows_stand_where_planted_says_and_nowhere_else() -> None:
    clean, sample = Sample("tiny"), misbehaving(dirty=frozenset(KINDS))
    good, bad = clean.fetch("ohlcv", ASK).frame, sample.fetch("ohlcv", ASK).frame
    planted = sample.planted("VN")
    assert set(planted["kind"]) == set(KINDS)
    keys = ["ticker", "date"]
    rest = bad.join(planted, on=keys, how="anti").filter(pl.col("date").dt.weekday() < 6)
    assert rest.equals(good.join(planted, on=keys, how="anti"))

    def rows(kind: str) -> pl.DataFrame:
        return bad.join(planted.filter(pl.col("kind") == kind), on=keys)

    assert rows("high_below_low").height == 3
    assert rows("high_below_low").filter(pl.col("high") >= pl.col("low")).is_empty()
    assert rows("close_outside").filter(pl.col("close") <= pl.col("high")).is_empty()
    assert rows("zero_prices").filter((pl.col("close") != 0) | (pl.col("volume") == 0)).is_empty()
    assert rows("negative_price").filter(pl.col("low") >= 0).is_empty()
    both = rows("jump").join(good, on=keys, suffix="_good")
    assert (both["close"] == 3.0 * both["close_good"]).all()
    zeros = rows("market_of_zeros")
    assert zeros["date"].n_unique() == 1
    assert zeros.height == good.filter(pl.col("date") == zeros["date"][0]).height
    assert zeros.select(pl.sum_horizontal("open", "high", "low", "close", "volume").sum()).item() == 0
    assert rows("duplicate").height == 6
    assert rows("duplicate").unique().height == 3
    assert rows("conflict").unique().height == 6
    closed = bad.filter(pl.col("date").dt.weekday() == 6)
    assert closed.height == 3
    assert not any(markets.is_session("VN", day) for day in closed["date"])


def test_dirty_rows_do_not_depend_on_batches() -> None:
    sample = misbehaving(dirty=frozenset(KINDS))
    whole = sample.fetch("ohlcv", ASK).frame
    codes = whole["ticker"].unique().sort().to_list()
    parts = [sample.fetch("ohlcv", Request("VN", tuple(codes[n::3]))).frame for n in range(3)]
    key = ["ticker", "date", "close", "volume"]
    assert pl.concat(parts).sort(key).equals(whole.sort(key))


def test_other_tables_stay_clean() -> None:
    sample = misbehaving(dirty=frozenset(KINDS), truncate_rows=3)
    for table in ("tickers", "actions", "fundamentals", "fx", "shares"):
        assert sample.fetch(table, ASK).frame.equals(Sample("tiny").fetch(table, ASK).frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"throttle_every": -1}, "positive integer"),
        ({"truncate_rows": 0}, "positive integer"),
        ({"change_shape": "upside_down"}, "renamed, missing, retyped"),
        ({"dirty": frozenset({"mud"})}, "No kind of dirty row 'mud'.*high_below_low"),
    ],
)
def test_a_misbehaviour_states_its_choices(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Misbehaviour(**options)
