"""Every check finds its fault, leaves its neighbours alone, and drops nothing."""

from datetime import date, timedelta

import polars as pl
import pytest

from workbench import quality

MONDAY = date(2024, 3, 4)
SESSIONS = [MONDAY + timedelta(days=n) for n in range(40) if (MONDAY + timedelta(days=n)).weekday() < 5]


def bars(*closes, ticker="A", start=0, volume=100.0):
    """Quiet bars with the given closes on consecutive sessions."""
    return pl.DataFrame(
        {
            "ticker": ticker,
            "date": SESSIONS[start : start + len(closes)],
            "open": closes,
            "high": [close * 1.01 for close in closes],
            "low": [close * 0.99 for close in closes],
            "close": closes,
            "volume": volume,
            "source": "test",
        },
        schema_overrides=dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    )


def check(frame, region="KR", **more):
    checked = quality.check_bars(frame, region=region, sessions=SESSIONS, **more)
    assert checked.good.height + checked.quarantined.height + checked.repeated == frame.height
    assert checked.good.columns == frame.columns
    return checked


def found(checked):
    return dict(checked.quarantined.select("date", "reasons").rows())


def change(frame, row, **values):
    for name, value in values.items():
        column = pl.Series(name, [value if n == row else old for n, old in enumerate(frame[name])], frame[name].dtype)
        frame = frame.with_columns(column)
    return frame


def test_quiet_bars_are_all_good():
    frame = bars(100, 101, 99, 100)
    checked = check(frame)
    assert checked.good.equals(frame)
    assert checked.quarantined.is_empty()


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"close": None}, "missing_price"),
        ({"close": float("nan")}, "missing_price"),
        ({"high": float("inf")}, "missing_price"),
        ({"high": None}, "missing_price"),
        ({"open": 0.0, "high": 0.0, "low": 0.0, "close": 0.0, "volume": 0.0}, "non_positive"),
        ({"low": -1.0}, "non_positive"),
        ({"volume": -5.0}, "negative_volume"),
        ({"high": 98.0, "low": 102.0}, "high_below_low"),
        ({"close": 101.2, "high": 101.0}, "close_outside_range"),
        ({"open": 98.0, "low": 99.0}, "open_outside_range"),
        ({"open": 20.0, "high": 21.0, "low": 19.0}, "close_outside_range,scale_mismatch"),
        ({"open": 0.0, "high": 0.0, "low": 0.0}, "non_positive"),  # zeros, but with a volume: no halt
    ],
)
def test_a_faulty_row_is_quarantined_with_its_reason(values, reasons):
    frame = change(bars(100, 100, 100, 100), 1, **values)
    checked = check(frame)
    assert found(checked) == {SESSIONS[1]: reasons}
    kept = checked.quarantined.drop("reasons")
    assert kept.equals(frame[1:2].cast(dict(kept.schema)), null_equal=True)


def test_rounding_of_adjusted_prices_is_no_fault():
    assert check(change(bars(100, 100), 1, close=101.0 * (1 + 5e-7))).quarantined.is_empty()
    assert not check(change(bars(100, 100), 1, close=101.0 * (1 + 5e-6))).quarantined.is_empty()


@pytest.mark.parametrize("empty", [0.0, None])
def test_a_halt_with_a_carried_close_becomes_a_suspension(empty):
    frame = change(bars(100, 100, 100), 1, open=empty, high=empty, low=empty, volume=0.0)
    checked = check(frame)
    assert checked.quarantined.is_empty()
    (halt,) = checked.suspended.to_dicts()
    assert (halt["open"], halt["high"], halt["low"], halt["close"], halt["volume"]) == (None, None, None, 100.0, 0.0)
    assert checked.good.height == 3


def test_a_flat_day_without_a_trade_stays_as_it_is():
    frame = change(bars(100, 100), 1, high=100.0, low=100.0, volume=0.0)
    checked = check(frame, region="VN")
    assert checked.good.equals(frame)
    assert checked.suspended.is_empty()


def test_a_close_without_a_range_is_good():
    frame = bars(100, 101).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low"))
    assert check(frame).quarantined.is_empty()


def test_a_bar_on_a_closed_day_is_quarantined():
    frame = bars(100, 100).with_columns(date=pl.Series([SESSIONS[4], SESSIONS[4] + timedelta(days=1)]))
    assert found(check(frame)) == {date(2024, 3, 9): "closed_day"}


def test_a_market_of_zeros_is_told_from_a_single_row_of_zeros():
    zeros = dict.fromkeys(("open", "high", "low", "close", "volume"), 0.0)
    market = [bars(100, 100, ticker=f"T{n:02d}") for n in range(60)]
    faulty = [change(frame, 1, **zeros) if n < 25 else frame for n, frame in enumerate(market)]
    checked = check(pl.concat(faulty))
    assert checked.quarantined["reasons"].unique().to_list() == ["non_positive,zero_market"]
    assert checked.quarantined.height == 25
    few = [change(frame, 1, **zeros) if n < 3 else frame for n, frame in enumerate(market)]
    assert check(pl.concat(few)).quarantined["reasons"].unique().to_list() == ["non_positive"]


def test_identical_repetitions_are_kept_once_and_contradictions_not_at_all():
    frame = bars(100, 101)
    again = check(pl.concat([frame, frame]))
    assert (again.good.height, again.repeated) == (2, 2)
    other = change(frame, 1, close=100.5)
    assert found(check(pl.concat([frame, other[1:2]]))) == {SESSIONS[1]: "duplicate_conflict"}


def test_a_spike_is_told_from_a_change_of_level():
    spike = check(bars(100, 101, 300, 101, 100))
    assert found(spike) == {SESSIONS[2]: "spike"}
    two_days = check(bars(100, 101, 300, 310, 101, 100))
    assert found(two_days) == {SESSIONS[2]: "spike", SESSIONS[3]: "spike"}
    level = check(bars(100, 101, 300, 301, 299, 302))
    assert found(level) == {SESSIONS[2]: "jump"}


@pytest.mark.parametrize(
    ("region", "ratio", "quarantined"),
    [("KR", 1.34, 0), ("KR", 1.36, 1), ("KR", 0.66, 0), ("KR", 0.64, 1), ("CN", 1.36, 1), ("VN", 1.44, 0)]
    + [("VN", 1.46, 1)]
    + [(region, 4.9, 0) for region in ("US", "HK", "JP")]
    + [(region, 5.1, 1) for region in ("US", "HK", "JP")],
)
def test_the_bound_of_a_lasting_move_is_the_regions(region, ratio, quarantined):
    checked = check(bars(100, 100, 100 * ratio, 100 * ratio, 100 * ratio, 100 * ratio), region=region)
    assert checked.quarantined.height == quarantined


def test_every_bar_on_another_scale_is_quarantined_until_it_is_back_or_explained():
    shifted = (10_000, 10_100, 9_900, 10_200, 10_300)
    frame = bars(100, 101, *shifted)
    assert found(check(frame)) == dict.fromkeys(SESSIONS[2:7], "scale_shift")
    assert found(check(bars(100, 101, *shifted, 102, 103))) == dict.fromkeys(SESSIONS[2:7], "scale_shift")
    assert found(check(bars(10_000, 10_100, 100, 101, 102, 103))) == dict.fromkeys(SESSIONS[2:6], "scale_shift")
    later = pl.DataFrame({"ticker": ["A"], "ex_date": [SESSIONS[4]]})
    assert found(check(frame, actions=later)) == dict.fromkeys(SESSIONS[2:4], "scale_shift")
    explained = later.with_columns(ex_date=pl.lit(SESSIONS[2]))
    assert check(frame, actions=explained).quarantined.is_empty()


def test_a_scale_is_compared_with_the_last_believed_bar_however_old_it_is():
    before = pl.DataFrame({"ticker": ["A"], "date": [SESSIONS[0]], "open": [100.0], "close": [100.0]})
    frame = bars(10_000, 10_100, 10_050, 10_000, start=25)
    assert found(check(frame, previous=before)) == dict.fromkeys(SESSIONS[25:29], "scale_shift")
    halted = before.with_columns(open=pl.lit(None, pl.Float64))
    assert check(frame, previous=halted).quarantined.is_empty()


def test_an_action_explains_a_jump():
    frame = bars(100, 100, 20, 20, 20, 20)
    split = pl.DataFrame({"ticker": ["A"], "ex_date": [SESSIONS[2]]})
    assert check(frame, actions=split).quarantined.is_empty()
    other_day = split.with_columns(ex_date=pl.lit(SESSIONS[4]))
    assert check(frame, actions=other_day).quarantined.height == 1
    other_ticker = split.with_columns(ticker=pl.lit("B"))
    assert check(frame, actions=other_ticker).quarantined.height == 1


def test_resumption_listing_and_a_long_absence_are_not_judged():
    halted = change(bars(100, 100, 300, 300), 1, open=None, high=None, low=None, volume=0.0)
    assert check(halted).quarantined.is_empty()
    listing = pl.DataFrame({"ticker": ["A"], "listed_date": [SESSIONS[0]]})
    assert check(bars(100, 300, 300), listed=listing).quarantined.is_empty()
    absent = pl.concat([bars(100, 100), bars(300, 300, start=15)])
    assert check(absent).quarantined.is_empty()


def test_the_first_bar_is_compared_with_the_last_believed_one():
    before = pl.DataFrame({"ticker": ["A"], "date": [SESSIONS[0]], "open": [100.0], "close": [100.0]})
    frame = bars(300, 301, 300, 299, start=1)
    assert found(check(frame, previous=before)) == {SESSIONS[1]: "jump"}
    halted = before.with_columns(open=pl.lit(None, pl.Float64))
    assert check(frame, previous=halted).quarantined.is_empty()


def test_a_ticker_keeps_one_kind_of_adjustment():
    before = pl.DataFrame({"ticker": "A", "date": SESSIONS[0], "open": 100.0, "close": 100.0, "adjusted": ["none"]})
    frame = bars(100, 100, start=1).with_columns(adjusted=pl.lit("split"))
    assert set(found(check(frame, previous=before)).values()) == {"mixed_adjustment"}


def test_an_empty_frame_is_fine():
    assert check(bars(100).clear()).good.is_empty()


def test_every_code_stands_in_the_catalogue():
    table = quality.catalogue()
    assert table["code"].is_unique().all()
    assert set(table["code"]) == quality.CODES
    assert (table["meaning"].str.len_chars() > 10).all()
