"""The panel: shape, adjustment, spells, membership, items, currency, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from workbench import markets
from workbench.errors import DataError
from workbench.lake import axes
from workbench.lake.panel import Panel


def test_shape_labels_and_missing_values(two: Any, days: list[date]) -> None:
    panel = two.lake.panel("KR")
    assert panel.shape == (6, 2)
    assert panel.tickers == ("KR:000010", "KR:000020")
    assert panel.regions == ("KR", "KR")
    assert panel.dates.tolist() == days
    assert panel["close"][:, 0].tolist() == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]
    assert np.isnan(panel["close"][:2, 1]).all()
    assert panel.sources == ("desk",)
    assert panel.currency == "KRW"
    assert panel.sessions("KR").all()


def test_arrays_are_read_only(two: Any) -> None:
    panel = two.lake.panel("KR")
    for array in (panel["close"], panel.raw("close"), panel.member, panel.traded, panel.total_factor, panel.dates):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_prices_times_factor_and_volume_inversely(two: Any, days: list[date]) -> None:
    two.action("KR", "000010", days[2], "split", 2.0)
    two.action("KR", "000010", days[4], "dividend", 3.0, "KRW")
    total, split, none = (two.lake.panel("KR", adjust=kind) for kind in ("total", "split", "none"))
    raw = np.array([100.0, 101.0, 102.0, 103.0, 104.0, 105.0])
    shares = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    cash = np.array([1.0] * 4 + [103.0 / 100.0] * 2)
    assert none["close"][:, 0].tolist() == raw.tolist()
    assert split["close"][:, 0].tolist() == (raw * shares).tolist()
    assert total["close"][:, 0].tolist() == (raw * (shares * cash)).tolist()
    assert total["volume"][:, 0].tolist() == (1000.0 / shares).tolist()
    assert none["volume"][:, 0].tolist() == [1000.0] * 6
    assert total.raw("close")[:, 0].tolist() == raw.tolist()
    assert total.adjusted_kind == ("total", "total")


def test_the_window_changes_no_value(two: Any, days: list[date]) -> None:
    two.action("KR", "000010", days[1], "split", 3.0)
    two.action("KR", "000010", days[2], "dividend", 7.0)
    whole = two.lake.panel("KR")
    part = two.lake.panel("KR", start=days[3], end=days[4])
    assert part.dates.tolist() == days[3:5]
    for name in ("close", "volume"):
        np.testing.assert_array_equal(part[name], whole[name][3:5])


def test_warmup_adds_sessions_before_the_start(two: Any, days: list[date]) -> None:
    panel = two.lake.panel("KR", start=days[3], warmup=2)
    assert (panel.dates.tolist(), panel.start) == (days[1:], 2)
    assert two.lake.panel("KR", start=days[1], warmup=50).start == 1


def test_until_shares_the_arrays_and_forgets_what_followed(two: Any, days: list[date]) -> None:
    two.listing("KR", "000010", listed_date=days[0])
    two.listing("KR", "000020", listed_date=days[2], delisted_date=days[4], delisting_reason="merged")
    two.action("KR", "000020", days[4], "delisting_proceeds", 48.0, "KRW")
    panel = two.lake.panel("KR")
    assert panel.delisting.date[1] == np.datetime64(days[4] - timedelta(days=1))
    assert panel.member[:, 1].tolist() == [False, False, True, True, False, False]
    assert (panel.delisting.proceeds[1], panel.delisting.reason[1]) == (48.0, "merged")
    earlier = panel.until(days[3])
    assert earlier.dates.tolist() == days[:4]
    assert np.shares_memory(earlier.raw("close"), panel.raw("close"))
    assert np.isnat(earlier.delisting.date).all()
    assert np.isnan(earlier.delisting.proceeds).all()
    assert earlier.delisting.reason == (None, None)
    with pytest.raises(DataError, match="starts on"):
        panel.until("2020-01-01")


def test_suspended_days_carry_a_close_and_are_not_traded(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", {days[0]: 10.0, days[2]: 11.0})
    desk.bars("KR", "000010", {days[1]: 10.0}, open=None, high=None, low=None, volume=0.0)
    panel = desk.lake.panel("KR")
    assert panel["close"][:, 0].tolist() == [10.0, 10.0, 11.0]
    assert panel.traded[:, 0].tolist() == [True, False, True]
    assert np.isnan(panel["high"][1, 0])


def test_a_bar_without_any_volume_column_counts_as_traded(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", {days[0]: 10.0}, volume=None)
    assert desk.lake.panel("KR").traded.all()


def test_a_reused_code_has_a_column_a_spell(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", dict(zip(days, [10.0, 11.0, 12.0, 500.0, 250.0, 251.0], strict=True)))
    desk.listing("KR", "000010", 1, listed_date=days[0], delisted_date=days[3])
    desk.listing("KR", "000010", 2, listed_date=days[3])
    desk.action("KR", "000010", days[1], "dividend", 1.0)
    desk.action("KR", "000010", days[4], "split", 2.0)
    panel = desk.lake.panel("KR", universe=["000010"])
    assert panel.tickers == ("KR:000010", "KR:000010#2")
    assert np.isfinite(panel["close"]).tolist() == [[True, False]] * 3 + [[False, True]] * 3
    assert panel.split_factor[:, 0].tolist() == [1.0] * 6
    assert panel.split_factor[:, 1].tolist() == [1.0] * 4 + [2.0] * 2
    assert panel["close"][3:, 1].tolist() == [500.0, 500.0, 502.0]
    assert panel.member.tolist() == [[True, False]] * 3 + [[False, True]] * 3
    assert desk.lake.panel("KR", universe=["KR:000010#2"]).tickers == ("KR:000010#2",)


def test_a_weaker_or_other_kind_is_delivered_and_noted(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", dict.fromkeys(days, 10.0), adjusted="total")
    desk.bars("KR", "000020", dict.fromkeys(days, 10.0), adjusted="split")
    for code in ("000010", "000020"):
        desk.action("KR", code, days[2], "split", 2.0)
        desk.action("KR", code, days[3], "dividend", 1.0)
    panel = desk.lake.panel("KR", adjust="split")
    assert panel.adjusted_kind == ("total", "split")
    assert (panel["close"] == 10.0).all()
    total = desk.lake.panel("KR", adjust="total")
    assert total["close"][-1].tolist() == [10.0, 10.0 * (10.0 / 9.0)]
    assert any("1 tickers are stored adjusted (total)" in note and "KR:000010" in note for note in panel.notes)


def test_bars_of_another_kind_are_never_spliced(desk: Any, days: list[date]) -> None:
    desk.bars("KR", "000010", dict.fromkeys(days[:3], 100.0))
    desk.bars("KR", "000010", dict.fromkeys(days[3:], 50.0), adjusted="split")
    panel = desk.lake.panel("KR")
    assert np.isfinite(panel["close"][:, 0]).tolist() == [True] * 3 + [False] * 3
    assert any("more than one kind" in note for note in panel.notes)
    assert desk.lake.sql("SELECT count(*) AS n FROM ohlcv_adjusted").item() == 3


def test_a_dividend_above_the_close_is_noted_and_not_applied(two: Any, days: list[date]) -> None:
    two.action("KR", "000010", days[2], "dividend", 101.0)
    panel = two.lake.panel("KR")
    assert (panel.total_factor == 1.0).all()
    assert any("KR:000010 2024-03-06 dividend of 101" in note for note in panel.notes)


def test_bars_on_closed_days_are_left_out_and_noted(two: Any) -> None:
    two.bars("KR", "000020", {date(2024, 3, 9): 51.0})
    panel = two.lake.panel("KR")
    assert date(2024, 3, 9) not in panel.dates.tolist()
    assert any("1 bars on days that are no session" in note for note in panel.notes)


def test_two_markets_share_a_union_of_dates(desk: Any) -> None:
    # 2024-05-06 is a holiday in Seoul, 2024-05-27 one in New York.
    korea, states = (markets.sessions(region, date(2024, 5, 2), date(2024, 5, 31)) for region in ("KR", "US"))
    desk.bars("KR", "005930", dict.fromkeys(korea, 80_000.0))
    desk.bars("US", "AAPL", dict.fromkeys(states, 180.0))
    panel = desk.lake.panel(["KR", "US"])
    assert panel.dates.tolist() == sorted({*korea, *states})
    assert panel.tickers == ("KR:005930", "US:AAPL")
    assert panel.dates[panel.sessions("KR")].tolist() == korea
    np.testing.assert_array_equal(np.isfinite(panel["close"]).T, [panel.sessions("KR"), panel.sessions("US")])
    assert panel.currency is None
    assert panel.currencies == ("KRW", "USD")


def test_index_universe_masks_by_membership(two: Any, days: list[date]) -> None:
    rows = [
        {"index": "KOSPI", "ticker": "KR:000010", "valid_from": days[1], "valid_to": days[3]},
        {"index": "KOSPI", "ticker": "KR:000010", "valid_from": days[5]},
    ]
    two.publish("memberships", [{**row, "source": "desk"} for row in rows])
    panel = two.lake.panel("KR", universe="KOSPI")
    assert panel.tickers == ("KR:000010",)
    assert panel.member[:, 0].tolist() == [False, True, True, True, False, True]


def test_tickers_outside_the_listing_table_are_included_and_noted(two: Any, days: list[date]) -> None:
    panel = two.lake.panel("KR")
    assert panel.member[:, 1].tolist() == [False, False, True, True, True, True]
    assert any("2 tickers are not in `tickers`" in note for note in panel.notes)


def test_sectors_by_date(two: Any, days: list[date]) -> None:
    rows = [
        {"ticker": "000010", "valid_from": days[0], "valid_to": days[2], "value": "Energy"},
        {"ticker": "000010", "valid_from": days[3], "value": "Materials"},
    ]
    full = [{"region": "KR", "kind": "sector", "source": "desk", **row} for row in rows]
    two.publish("attributes", full, "KR")
    panel = two.lake.panel("KR")
    assert panel.sectors == ("Materials", None)
    assert panel.sector_at(2) == ("Energy", None)
    assert panel.until(days[1]).sectors == ("Energy", None)


def test_long_frame_and_pandas(two: Any, days: list[date]) -> None:
    panel = two.lake.panel("KR", fields=("close",))
    frame = panel.to_polars()
    assert frame.columns == ["date", "region", "ticker", "close"]
    assert frame.height == 10
    assert frame.row(0) == (days[0], "KR", "KR:000010", 100.0)
    wide = panel.to_pandas("close")
    assert wide.shape == (6, 2)
    assert wide["KR:000010"].iloc[-1] == 105.0


def test_only_the_asked_fields_are_held(two: Any) -> None:
    panel = two.lake.panel("KR", fields=("close",))
    assert panel.fields == ("close",)
    with pytest.raises(DataError, match="no field 'open'"):
        panel["open"]


def test_an_end_beyond_the_data_is_noted(two: Any, days: list[date]) -> None:
    panel = two.lake.panel("KR", end="2024-12-30")
    assert panel.dates[-1] == np.datetime64(days[-1])
    assert any("asked to 2024-12-30" in note for note in panel.notes)


def test_a_panel_can_be_made_from_arrays() -> None:
    dates = np.array(["2024-03-04", "2024-03-05"], "datetime64[D]")
    close = np.array([[1.0, np.nan], [2.0, 3.0]])
    panel = Panel(dates, ("KR:000010", "US:AAPL"), {"close": close})
    np.testing.assert_array_equal(panel["close"], close)
    assert panel.traded.tolist() == [[True, False], [True, True]]
    assert panel.member.all()
    assert panel.sessions("US").all()
    with pytest.raises(DataError, match="cannot hold"):
        Panel(dates, ("KR:000010",), {"close": close})


def test_a_panel_shows_one_moment(two: Any, days: list[date], monkeypatch: pytest.MonkeyPatch) -> None:
    original = axes.columns

    def publish_meanwhile(*given: Any) -> Any:
        found = original(*given)
        two.bars("KR", "000010", {days[0]: 77.0})
        two.action("KR", "000010", days[2], "split", 2.0)
        return found

    monkeypatch.setattr(axes, "columns", publish_meanwhile)
    panel = two.lake.panel("KR")
    assert panel["close"][0, 0] == 100.0
    assert (panel.split_factor == 1.0).all()
    assert two.lake.panel("KR")["close"][0, 0] == 77.0
