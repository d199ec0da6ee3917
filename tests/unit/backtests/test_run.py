"""The whole way from targets to money, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workbench import markets
from workbench.backtests import Costs, Targets, run
from workbench.errors import BacktestError, ConfigError

TWO = ("KR:A", "KR:B")


def targets(panel, rows, weights, tickers=None):
    return Targets(np.asarray(panel.dates)[list(rows)], tickers or panel.tickers, np.array(weights, dtype=float))


def test_a_decision_is_filled_at_the_next_close_not_at_its_own(make_panel):
    panel = make_panel([[100, 50], [110, 50], [121, 50]], TWO)
    done = run(targets(panel, [0], [[1.0, 0.0]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.equity["equity"].to_list() == pytest.approx([1000.0, 1000.0, 1100.0])
    assert done.fills["date"].to_list() == [panel.dates[1].item()]
    assert done.fills["quantity"].to_list() == pytest.approx([1000.0 / 110.0])


def test_costs_by_side_and_kind_by_hand(make_panel):
    panel = make_panel([[100, 50], [100, 50], [100, 50], [100, 50]], TWO)
    rates = Costs.flat(panel, commission_bps=10, half_spread_bps=5, tax_buy_bps=2, tax_sell_bps=20)
    done = run(targets(panel, [0, 2], [[1.0, 0.0], [0.0, 1.0]]), panel, rates, capital=1000.0)
    bought = 1000.0 / 1.0017
    after_sale = bought * (1 - 0.0035)
    second = after_sale / 1.0017
    assert done.equity["equity"].to_list() == pytest.approx([1000.0, bought, bought, second], rel=1e-12)
    assert done.fills["value"].to_list() == pytest.approx([bought, -bought, second])
    assert done.fills["side"].to_list() == ["buy", "sell", "buy"]
    assert done.fills["commission"].to_list() == pytest.approx([bought * 0.001, bought * 0.001, second * 0.001])
    assert done.fills["half_spread"].to_list() == pytest.approx([bought * 0.0005, bought * 0.0005, second * 0.0005])
    assert done.fills["tax"].to_list() == pytest.approx([bought * 0.0002, bought * 0.002, second * 0.0002])
    assert done.equity["cash"].to_list()[1:] == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_each_region_pays_its_own_rates_of_the_date(make_panel):
    panel = make_panel([[100, 100]] * 3, ("KR:A", "US:B"))
    zero = np.zeros((3, 2))
    commission = np.array([[1.0, 100.0], [2.0, 200.0], [3.0, 300.0]])
    rates = Costs(("KR", "US"), commission, zero, zero, zero)
    done = run(targets(panel, [0], [[0.4, 0.4]]), panel, rates, capital=1000.0)
    value = dict(zip(done.fills["ticker"], done.fills["value"], strict=True))
    cost = dict(zip(done.fills["ticker"], done.fills["commission"], strict=True))
    assert cost["KR:A"] == pytest.approx(value["KR:A"] * 2e-4)
    assert cost["US:B"] == pytest.approx(value["US:B"] * 200e-4)
    assert value["US:B"] == pytest.approx(0.4 * done.equity["equity"][1])


def test_weights_are_met_after_costs(make_panel):
    panel = make_panel([[100, 50], [100, 50], [120, 40], [130, 45]], TWO)
    rates = Costs.flat(panel, commission_bps=30, tax_sell_bps=20)
    done = run(targets(panel, [0, 1, 2], [[0.5, 0.5]] * 3), panel, rates)
    assert done.weights[1:] == pytest.approx(np.full((3, 2), 0.5), abs=1e-12)


def test_a_holiday_elsewhere_carries_the_price_and_waits_for_the_own_session(make_panel):
    nan = np.nan
    sessions = {"KR": np.array([True, False, True, True]), "US": np.array([True, True, True, True])}
    panel = make_panel([[100, 10], [nan, 10], [200, 10], [220, 10]], ("KR:A", "US:B"), session_rows=sessions)
    done = run(targets(panel, [0], [[0.5, 0.5]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.fills.select("date", "ticker").rows() == [
        (panel.dates[1].item(), "US:B"),
        (panel.dates[2].item(), "KR:A"),
    ]
    assert done.equity["equity"].to_list() == pytest.approx([1000.0, 1000.0, 1000.0, 1050.0])


def test_a_later_decision_replaces_an_order_that_waits(make_panel):
    traded = np.array([[True, True], [False, True], [False, True], [True, True]])
    panel = make_panel([[100, 10]] * 4, TWO, traded=traded)
    done = run(targets(panel, [0, 2], [[0.5, 0.5], [0.0, 1.0]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.fills["ticker"].to_list() == ["KR:B", "KR:B"]


def test_a_suspended_holding_is_never_financed_by_borrowing(make_panel):
    traded = np.array([[True, True], [True, True], [True, True], [False, True], [True, True]])
    panel = make_panel([[100, 10]] * 5, TWO, traded=traded)
    done = run(targets(panel, [0, 2], [[0.6, 0.4], [0.0, 1.0]]), panel, Costs.flat(panel, commission_bps=10))
    assert done.equity["cash"].min() > -1e-6
    assert any("scaled down" in note for note in done.notes)
    assert done.fills.filter(done.fills["side"] == "sell")["date"].to_list() == [panel.dates[4].item()]


@pytest.mark.parametrize(("proceeds", "end"), [(30.0, 650.0), (0.0, 500.0)])
def test_a_delisted_stock_pays_its_proceeds(make_panel, delisted, proceeds, end):
    nan = np.nan
    gone = delisted(2, 0, "2024-01-03", proceeds, "2024-01-05")
    member = np.array([[True, True]] * 3 + [[False, True]] * 2)
    panel = make_panel([[100, 10], [100, 10], [100, 10], [nan, 10], [nan, 10]], TWO, delisting=gone, member=member)
    done = run(targets(panel, [0], [[0.5, 0.5]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.equity["equity"].to_list() == pytest.approx([1000, 1000, 1000, 1000, end])
    assert done.fills["side"].to_list() == ["buy", "buy", "delisting"]
    assert done.equity["cash"][-1] == pytest.approx(end - 500.0)


def test_without_proceeds_a_delisted_stock_is_paid_at_its_last_price_after_90_days(make_panel, delisted):
    close = np.full((100, 2), 100.0)
    close[3:, 0] = np.nan
    late = delisted(2, 0, "2024-01-03", 0.0, "2024-05-01")
    panel = make_panel(close, TWO, delisting=late, member=np.isfinite(close))
    done = run(targets(panel, [0], [[0.5, 0.5]]), panel, Costs.flat(panel), capital=1000.0)
    paid = done.fills.filter(done.fills["side"] == "delisting")
    assert paid["date"].to_list()[0].isoformat() == "2024-04-02"
    assert done.equity["equity"][-1] == pytest.approx(1000.0)


def test_bars_that_end_without_a_delisting_keep_the_position(make_panel):
    panel = make_panel([[100, 10], [100, 10], [np.nan, 10]], TWO)
    done = run(targets(panel, [0], [[0.5, 0.5]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.equity["equity"].to_list() == pytest.approx([1000.0] * 3)
    assert done.weights[-1] == pytest.approx([0.5, 0.5])


def test_fills_are_in_shares_as_traded(make_panel):
    factor = np.array([[1.0], [2.0], [2.0]])
    panel = make_panel([[100], [50], [50]], ("KR:A",), total_factor=factor, split_factor=factor)
    done = run(targets(panel, [0], [[1.0]]), panel, Costs.flat(panel), capital=1000.0)
    assert done.fills.select("quantity", "price").rows() == [(pytest.approx(20.0), pytest.approx(50.0))]


def test_the_future_does_not_move_the_past(make_panel):
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (60, 2)), axis=0))
    panel = make_panel(close, TWO)
    decided = targets(panel, [5, 20, 40], [[0.3, 0.7], [0.6, 0.4], [0.5, 0.5]])
    whole = run(decided, panel, Costs.flat(panel, commission_bps=10))
    early = targets(panel, [5, 20], [[0.3, 0.7], [0.6, 0.4]])
    cut = run(early, panel.until(panel.dates[30]), Costs.flat(panel.until(panel.dates[30]), commission_bps=10))
    assert cut.equity["equity"].to_list() == whole.equity["equity"].to_list()[:26]


def test_bt_itself_agrees_where_there_are_no_costs(make_panel):
    bt = pytest.importorskip("bt")
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, (80, 2)), axis=0))
    panel = make_panel(close, TWO)
    decided = targets(panel, range(79), [[0.3, 0.7]] * 79)
    ours = run(decided, panel, Costs.flat(panel), capital=1e6).equity["equity"].to_numpy()
    frame = panel.to_pandas("close")
    algos = [bt.algos.RunAfterDays(1), bt.algos.WeighSpecified(**dict(zip(TWO, (0.3, 0.7), strict=True)))]
    theirs = bt.Backtest(bt.Strategy("s", [*algos, bt.algos.Rebalance()]), frame, integer_positions=False)
    theirs.run()
    values = theirs.strategy.values.to_numpy()[1:]
    assert ours[1:] / ours[1] == pytest.approx(values[1:] / values[1], rel=1e-9)


def test_errors_name_object_bound_and_next_action(make_panel):
    panel = make_panel([[100, 50]] * 3, TWO)
    decided = targets(panel, [0], [[1.0, 0.0]])
    with pytest.raises(ConfigError, match="no engine 'zip'"):
        run(decided, panel, Costs.flat(panel), engine="zip")
    with pytest.raises(BacktestError, match="dividends would be lost"):
        run(decided, make_panel([[1, 1]] * 3, TWO, adjust="none"), Costs.flat(panel))
    with pytest.raises(BacktestError, match="several currencies"):
        run(decided, make_panel([[1, 1]] * 3, TWO, currency=None), Costs.flat(panel))
    with pytest.raises(BacktestError, match="not in the panel"):
        run(targets(panel, [0], [[1.0, 0.0]], ("KR:A", "KR:Z")), panel, Costs.flat(panel))
    with pytest.raises(BacktestError, match="no rows of the panel"):
        run(Targets(np.array(["2030-01-01"], "datetime64[D]"), TWO, np.array([[1.0, 0.0]])), panel, Costs.flat(panel))
    with pytest.raises(BacktestError, match=r"sum to 1\.2"):
        targets(panel, [0], [[1.0, 0.2]])
    with pytest.raises(BacktestError, match="negative"):
        targets(panel, [0], [[1.0, -0.2]])
    with pytest.raises(BacktestError, match="capital=0"):
        run(decided, panel, Costs.flat(panel), capital=0)


def test_the_rates_of_the_markets_change_on_their_day(make_panel):
    days = np.arange(np.datetime64("2022-12-01"), np.datetime64("2023-02-01"))
    panel = make_panel(np.ones((len(days), 2)), ("KR:A", "US:B"), dates=days)
    rates = Costs.of_markets(panel)
    for row in (0, 20, 31, 61):
        for column, region in enumerate(rates.regions):
            told = markets.trading_costs(region, days[row].item())
            assert rates.tax_sell_bps[row, column] == told.tax_sell_bps
            assert rates.commission_bps[row, column] == told.commission_bps
    assert len(set(rates.tax_sell_bps[:, 0])) > 1


def test_a_ticker_with_two_columns_of_targets_is_refused(make_panel):
    panel = make_panel([[100, 50], [110, 50]], TWO)
    with pytest.raises(BacktestError, match="KR:A has more than one column"):
        targets(panel, [0], [[0.5, 0.5]], tickers=("KR:A", "KR:A"))


def test_several_regions_are_told_how_orders_are_sized(make_panel):
    for tickers, told in ((("KR:A", "US:B"), True), (TWO, False)):
        panel = make_panel([[100, 50], [110, 50]], tickers)
        notes = run(targets(panel, [0], [[0.5, 0.5]]), panel, Costs.flat(panel)).notes
        assert any("sized together" in note for note in notes) is told
