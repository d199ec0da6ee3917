"""The long-short portfolio, its costs and its capacity, on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.research import capacity, costs
from workbench.research.costs import Rates
from workbench.research.forward import fills
from workbench.research.longshort import long_short
from workbench.research.quantiles import returns_by_bucket

NAMES = ("KR:A", "KR:B")


def flat_rates(rows, buy, sell):
    nothing = np.zeros(rows)
    return Rates(nothing + buy, nothing, nothing, nothing + sell - buy)


def test_returns_begin_one_session_after_the_trade(make_panel):
    """A score of row 0 is traded at the close of row 1: the move from 1 to 2 is the first one earned."""
    close = np.array([[10.0, 10.0], [20.0, 10.0], [22.0, 10.0], [22.0, 5.0]])
    done = fills(make_panel(close, NAMES))
    buckets = np.array([[2, 1]] * 4)
    found = long_short(buckets, 2, done, 1)
    assert np.isnan(found.gross[:2]).all()
    assert found.gross[2] == pytest.approx(0.10)
    assert found.gross[3] == pytest.approx(0.50)
    assert found.bought.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert found.sold.tolist() == [0.0, 1.0, 0.0, 0.0]


def test_at_the_open_the_day_counts_from_the_open(make_panel):
    close = np.array([[10.0, 10.0], [12.0, 10.0], [12.0, 10.0]])
    opens = np.array([[10.0, 10.0], [11.0, 10.0], [15.0, 10.0]])
    done = fills(make_panel(close, NAMES, bars={"open": opens}), "next_open")
    found = long_short(np.array([[2, 1]] * 3), 2, done, 1)
    assert found.gross[1] == pytest.approx(12.0 / 11.0 - 1.0)
    # what was bought at 11 leaves at the open of 15, and what is bought there falls to 12
    assert found.gross[2] == pytest.approx((15.0 - 12.0) / 11.0 + (12.0 / 15.0 - 1.0))


def test_a_longer_holding_trades_a_part_each_session(make_panel):
    """The sides change places on row 2: held for two sessions, half of the money moves, then the other half."""
    done = fills(make_panel(np.full((6, 2), 10.0), NAMES))
    buckets = np.array([[2, 1], [2, 1], [1, 2], [1, 2], [1, 2], [1, 2]])
    one, two = (long_short(buckets, 2, done, holding) for holding in (1, 2))
    assert one.bought.tolist() == [0.0, 1.0, 0.0, 2.0, 0.0, 0.0]
    assert two.bought.tolist() == [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    assert two.turnover.sum() == pytest.approx(one.turnover.sum())


def test_costs_of_a_year_by_hand(make_panel):
    done = fills(make_panel(np.full((6, 2), 10.0), NAMES))
    buckets = np.array([[2, 1], [2, 1], [1, 2], [1, 2], [1, 2], [1, 2]])
    found = long_short(buckets, 2, done, 1)
    year = costs.by_year(found, flat_rates(6, 0.001, 0.003))
    sessions = 4  # rows 2 to 5 have a return; the change of sides on row 3 buys 2 and sells 2
    assert year["turnover"] == pytest.approx(4.0 * 252 / sessions)
    assert year["cost"] == pytest.approx((2.0 * 0.001 + 2.0 * 0.003) * 252 / sessions)
    assert year["net"] == pytest.approx(-year["cost"])
    assert year["round_trip_bps"] == pytest.approx(40.0)
    assert year["commission"] + year["half_spread"] + year["tax"] == pytest.approx(year["cost"])


def test_without_rates_costs_are_missing_and_the_spread_is_not(make_panel):
    done = fills(make_panel(np.full((6, 2), 10.0), NAMES))
    year = costs.by_year(long_short(np.array([[2, 1]] * 6), 2, done, 1), None)
    assert year["gross"] == 0.0
    assert np.isnan(year["net"])
    assert set(year) == set(costs.KEYS)


def test_names_that_do_not_trade_are_not_bought(make_panel):
    close = np.full((5, 3), 10.0)
    traded = np.ones(close.shape, dtype=bool)
    traded[1, 0] = False
    done = fills(make_panel(close, ("KR:A", "KR:B", "KR:C"), traded=traded))
    found = long_short(np.array([[2, 2, 1]] * 5), 2, done, 1)
    assert found.top[0].tolist() == [0.0, 1.0, 0.0]
    assert found.top[1].tolist() == [0.5, 0.5, 0.0]


def test_a_break_of_the_price_is_earned_by_nobody(make_panel):
    close = np.array([[10.0, 10.0], [10.0, 10.0], [100.0, 10.0], [110.0, 10.0]])
    found = long_short(np.array([[2, 1]] * 4), 2, fills(make_panel(close, NAMES)), 1)
    assert found.gross[2:] == pytest.approx([0.0, 0.1])


def test_what_is_held_is_not_put_back_to_equal_weights(make_panel):
    """A bounces between 10 and 20 and ends where it began: held for four sessions it earns nothing."""
    close = np.array([[10.0, 10.0], [10.0, 10.0], [20.0, 10.0], [10.0, 10.0], [20.0, 10.0], [10.0, 10.0]])
    buckets = np.array([[2, 1]] + [[0, 0]] * 5)
    found = long_short(buckets, 2, fills(make_panel(close, NAMES)), 4)
    assert found.gross[2:] == pytest.approx([1.0, -1.0, 1.0, -1.0])


def test_gains_add_up_to_the_spread_of_the_holding_period(make_panel):
    rng = np.random.default_rng(8)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (40, 10)), axis=0))
    done = fills(make_panel(close, tuple(f"KR:{number}" for number in range(10))))
    buckets = np.zeros(close.shape, dtype=np.int64)
    buckets[5:15] = rng.integers(1, 3, (10, 10))
    spread = returns_by_bucket(buckets, done.gains(6), 2)
    together = long_short(buckets, 2, done, 6).gross
    # ten pairs of portfolios, each on its own: their gains are summed by sixths once six are open
    alone = [long_short(np.where(np.arange(40)[:, None] == row, buckets, 0), 2, done, 6).gross for row in range(5, 15)]
    assert np.nansum(alone) == pytest.approx(np.nansum(spread[:, 1] - spread[:, 0]))
    assert together[12] == pytest.approx(np.nansum([one[12] for one in alone]) / 6.0)


@pytest.mark.parametrize("execution", ["next_close", "next_open"])
def test_after_the_last_position_there_is_no_return(make_panel, execution):
    """Prices that go on after the scores do not thin out what a year earned."""
    close = np.column_stack([10.0 * 1.01 ** np.arange(30.0), np.full(30, 10.0)])
    panel = make_panel(close, NAMES, bars={"open": close})
    buckets = np.zeros((30, 2), dtype=np.int64)
    buckets[:8] = [2, 1]
    done = fills(panel, execution)
    long, short = (long_short(buckets[:rows], 2, done.cut(np.ix_(np.arange(rows), [0, 1])), 3) for rows in (30, 12))
    assert np.flatnonzero(~np.isnan(long.gross))[-1] == 11  # the last pair is bought on row 8 and sold on row 11
    assert long.gross[:12] == pytest.approx(short.gross, nan_ok=True)
    assert costs.by_year(long, flat_rates(30, 0.001, 0.003)) == costs.by_year(short, flat_rates(12, 0.001, 0.003))


def test_capacity_is_what_the_thinnest_tenth_can_carry():
    """Ten equal trades: nine in stocks with 1,000 a day, one with 100; a tenth of the trades may wait."""
    trades = np.full((1, 10), 0.1)
    adv = np.full((1, 10), 1000.0)
    adv[0, 0] = 100.0
    assert capacity.capacity(trades, adv, 0.05) == pytest.approx(0.05 * 100.0 / 0.1)
    assert capacity.capacity(trades, adv, 0.05, within=0.85) == pytest.approx(0.05 * 1000.0 / 0.1)
    assert np.isnan(capacity.capacity(np.zeros((1, 10)), adv, 0.05))


def test_traded_value_counts_halts_as_zero_and_prefers_what_is_reported(make_panel):
    close = np.array([[np.nan], [10.0], [10.0], [10.0]])
    bars = {
        "volume": np.array([[np.nan], [5.0], [0.0], [7.0]]),
        "turnover": np.array([[np.nan], [60.0], [0.0], [np.nan]]),
    }
    traded = np.array([[False], [True], [False], [True]])
    money = capacity.dollar_volume(make_panel(close, ("KR:A",), bars=bars, traded=traded))[:, 0]
    assert np.isnan(money[0])
    assert money[1:].tolist() == [60.0, 0.0, 70.0]
    assert capacity.average(money[:, None], 3)[3, 0] == pytest.approx(130.0 / 3.0)
    assert np.isnan(capacity.average(money[:, None], 3)[2, 0])
    assert capacity.dollar_volume(make_panel(close, ("KR:A",))) is None
