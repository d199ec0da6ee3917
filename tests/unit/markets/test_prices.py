"""Ticks, rounding to them, and daily price limits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import markets
from workbench.errors import DataError
from workbench.settings import REGIONS

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("price", "before", "after"),
    # KRX table of 2023-01-25 and the KOSPI table before it (https://kr.investing.com/news/economy/article-871878).
    [
        (999, 1, 1),
        (1_000, 5, 1),
        (2_000, 5, 5),
        (10_000, 50, 10),
        (20_000, 50, 50),
        (100_000, 500, 100),
        (199_900, 500, 100),
        (200_000, 500, 500),
        (500_000, 1_000, 1_000),
    ],
)
def test_korean_ticks_before_and_after_the_reform(price: float, before: float, after: float) -> None:
    assert markets.tick_size("KR", price, date(2023, 1, 20), "KOSPI") == before
    assert markets.tick_size("KR", price, date(2023, 1, 25), "KOSPI") == after


def test_kosdaq_had_a_tick_of_100_above_50000_before_the_reform() -> None:
    assert markets.tick_size("KR", 600_000, date(2023, 1, 20), "KOSDAQ") == 100
    assert markets.tick_size("KR", 600_000, date(2023, 1, 25), "KOSDAQ") == 1000


@pytest.mark.parametrize(
    ("price", "before", "after"),
    # Hong Kong: an upper bound belongs to its band; phase 1 changed the bands from 10 to 50 HKD.
    [
        (0.25, 0.001, 0.001),
        (0.255, 0.005, 0.005),
        (10.0, 0.01, 0.01),
        (10.02, 0.02, 0.01),
        (20.0, 0.02, 0.01),
        (20.05, 0.05, 0.02),
        (50.0, 0.05, 0.02),
        (50.05, 0.05, 0.05),
        (9_000.0, 5.0, 5.0),
    ],
)
def test_hong_kong_spreads_before_and_after_phase_1(price: float, before: float, after: float) -> None:
    assert markets.tick_size("HK", price, date(2025, 8, 1)) == before
    assert markets.tick_size("HK", price, date(2025, 8, 4)) == after


@pytest.mark.parametrize(
    ("price", "ordinary", "fine"),
    # https://naito-sec.co.jp/japan/rule/nehaba_yobine.html
    [(1_000, 1, 0.1), (3_000, 1, 0.5), (3_001, 5, 1), (10_000, 10, 1), (30_000, 10, 5), (60_000_000, 100_000, 10_000)],
)
def test_tokyo_has_a_finer_table_for_the_topix_500(price: float, ordinary: float, fine: float) -> None:
    assert markets.tick_size("JP", price, TODAY) == ordinary
    assert markets.tick_size("JP", price, TODAY, "TOPIX500") == fine
    assert markets.tick_size("JP", price, date(2023, 6, 2), "TOPIX500") == ordinary


def test_ticks_of_the_other_markets() -> None:
    assert markets.tick_size("US", 0.5, TODAY) == 0.0001
    assert markets.tick_size("US", 1.0, TODAY) == 0.01
    assert markets.tick_size("CN", 1_500.0, TODAY) == 0.01
    hose = [markets.tick_size("VN", price, TODAY) for price in (9_990, 10_000, 49_950, 50_000)]
    assert hose == [10, 50, 50, 100]
    assert markets.tick_size("VN", 9_900, TODAY, "HNX") == 100


def test_rounding_down_up_and_to_the_nearest() -> None:
    assert markets.round_to_tick("KR", 71_349, TODAY) == 71_300
    assert markets.round_to_tick("KR", 71_350, TODAY) == 71_400
    assert markets.round_to_tick("KR", 71_301, TODAY, side="up") == 71_400
    assert markets.round_to_tick("JP", 0.3 * 3, TODAY, "TOPIX500", side="down") == 0.9
    assert markets.round_to_tick("US", 0.00004, TODAY, side="down") == 0.0


@given(
    region=st.sampled_from(REGIONS),
    price=st.floats(min_value=0.5, max_value=900_000),
    side=st.sampled_from(["nearest", "down", "up"]),
)
def test_a_rounded_price_is_on_the_grid_and_within_a_tick(region: str, price: float, side: str) -> None:
    tick = markets.tick_size(region, price, TODAY)
    rounded = markets.round_to_tick(region, price, TODAY, side=side)
    assert abs(rounded - price) <= tick + 1e-6
    assert rounded / tick == pytest.approx(round(rounded / tick), abs=1e-6)
    if rounded > 0:
        assert markets.round_to_tick(region, rounded, TODAY, side=side) == rounded


@pytest.mark.parametrize(
    ("region", "board", "close", "limits"),
    [
        # Korea cuts the width of 30 % to the tick: 21,390 becomes 21,300.
        ("KR", None, 71_300, (50_000, 92_600)),
        ("CN", "main", 3.33, (3.00, 3.66)),
        ("CN", "ST", 3.33, (3.16, 3.50)),
        ("CN", "STAR", 50.0, (40.0, 60.0)),
        ("CN", "ChiNext", 50.0, (40.0, 60.0)),
        ("CN", "Beijing", 10.0, (7.0, 13.0)),
        ("VN", "HOSE", 67_600, (62_900, 72_300)),
        ("VN", "HNX", 20_000, (18_000, 22_000)),
        ("VN", "UPCoM", 20_000, (17_000, 23_000)),
        # Base prices and limits of three issues in https://www.jpx.co.jp/english/news/1030/20250228-01.html.
        ("JP", None, 3_310, (2_610, 4_010)),
        ("JP", None, 617, (517, 717)),
        ("JP", None, 7_870, (6_370, 9_370)),
        ("JP", None, 20, (1, 50)),
        ("US", None, 100.0, None),
        ("HK", None, 100.0, None),
    ],
)
def test_daily_limits(region: str, board: str | None, close: float, limits: tuple[float, float] | None) -> None:
    assert markets.price_limit(region, TODAY, close, board) == limits


def test_limits_follow_their_history() -> None:
    assert markets.price_limit("KR", date(2015, 6, 12), 10_000) == (8_500, 11_500)
    assert markets.price_limit("KR", date(2015, 6, 15), 10_000) == (7_000, 13_000)
    assert markets.price_limit("CN", date(2020, 8, 21), 10.0, "ChiNext") == (9.0, 11.0)
    assert markets.price_limit("CN", date(2020, 8, 24), 10.0, "ChiNext") == (8.0, 12.0)
    assert markets.price_limit("VN", date(2015, 6, 30), 10_000, "UPCoM") == (9_000, 11_000)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_not_a_price_is_an_error(price: float) -> None:
    with pytest.raises(DataError, match="is not a price"):
        markets.tick_size("KR", price, TODAY)
    with pytest.raises(DataError, match="is not a price"):
        markets.price_limit("US", TODAY, price)


def test_no_tick_is_guessed_before_the_first_table() -> None:
    with pytest.raises(DataError, match="the table starts on 2006-07-24"):
        markets.tick_size("HK", 10.0, date(2005, 1, 3))
