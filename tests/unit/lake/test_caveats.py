"""Breaks of a price, and the sentences that tell a reader what the data lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from workbench.lake.breaks import breaks

START = date(2023, 1, 2)


def test_a_break_is_a_factor_of_five_from_the_bar_before() -> None:
    nan = np.nan
    close = np.array([[1.0, 1.0, 5.0, nan], [4.9, nan, 1.1, nan], [4.9, 5.1, 0.9, 1.0], [0.9, 5.1, 4.4, 9.0]])
    found = breaks(close)
    assert [tuple(place) for place in np.argwhere(found).tolist()] == [(2, 1), (3, 0), (3, 3)]


def test_a_split_in_the_lake_is_no_break_and_one_that_is_missing_is(desk: Any) -> None:
    days = desk.days("KR", START, 6)
    for ticker in ("000010", "000020"):
        desk.bars("KR", ticker, dict(zip(days, [1000.0, 1000.0, 100.0, 101.0, 102.0, 103.0], strict=True)))
    desk.action("KR", "000010", days[2], "split", 10.0)
    panel = desk.lake.panel("KR")
    assert [tuple(place) for place in np.argwhere(panel.breaks).tolist()] == [(2, 1)]
    assert not panel.until(days[1]).breaks.any()
    assert any("no action explains: 1." in note and "KR:000020" in note for note in panel.notes)
    assert not desk.lake.panel("KR", universe=["000010"]).breaks.any()


@pytest.fixture
def many(desk: Any) -> Any:
    """100 Korean tickers on the first session of each month of 14 months."""
    from workbench import markets

    months = [date(2023 + number // 12, number % 12 + 1, 1) for number in range(14)]
    days = [markets.next_session("KR", day) for day in months]
    rows = {f"{number:06d}": dict.fromkeys(days, 100.0) for number in range(100)}
    for ticker, closes in rows.items():
        desk.bars("KR", ticker, closes)
    return desk, days


def test_a_market_of_survivors_without_dividends_says_so(many: Any) -> None:
    desk, days = many
    notes = desk.lake.panel("KR").notes
    assert any("not one of 100 tickers ends" in note for note in notes)
    assert any("no dividends" in note for note in notes)
    assert not any("no dividends" in note for note in desk.lake.panel("KR", adjust="split").notes)
    desk.action("KR", "000001", days[3], "dividend", 1.0, "KRW")
    assert not any("no dividends" in note for note in desk.lake.panel("KR").notes)


def test_bars_that_stop_without_a_delisting_are_counted(many: Any) -> None:
    desk, days = many
    desk.bars("KR", "999999", dict.fromkeys(days[:9], 100.0))
    notes = desk.lake.panel("KR").notes
    assert any("the bars of 1 tickers end" in note and "KR:999999" in note for note in notes)
    assert not any("not one of" in note for note in notes)
    assert not any("the bars of" in note for note in desk.lake.panel("KR", end=days[9]).notes)
    desk.listing("KR", "999999", listed_date=days[0], delisted_date=days[10])
    assert not any("the bars of" in note for note in desk.lake.panel("KR").notes)


def test_split_adjusted_prices_without_dividends_are_not_called_total(desk: Any) -> None:
    days = desk.days("KR", START, 4)
    desk.bars("KR", "000010", dict.fromkeys(days, 100.0), adjusted="split")
    assert any("delivered 'split'" in note for note in desk.lake.panel("KR").notes)
    desk.action("KR", "000010", days[2], "dividend", 1.0, "KRW")
    assert any("delivered 'total'" in note for note in desk.lake.panel("KR").notes)
