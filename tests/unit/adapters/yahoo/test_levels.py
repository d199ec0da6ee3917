"""Splits applied and not, hundredths, and prices as traded."""

from __future__ import annotations

from datetime import date

import pytest
from yahoo_charts import chart, rows

from workbench.adapters.yahoo import levels
from workbench.adapters.yahoo.bars import as_traded, later_ratio, tidy

SPLIT_DAY = date(2024, 1, 11)
#: Ten days, then ten more, at one price.
FLAT = [100.0 + n % 3 for n in range(20)]
EVEN = [1000.0 + 10 * (n % 4) for n in range(20)]


def test_an_applied_split_is_undone_before_its_day_only() -> None:
    found = as_traded(chart(rows(FLAT, EVEN), [(SPLIT_DAY, 5.0)]))
    closes = [row["close"] for row in found.rows]
    assert closes == [tidy(5 * close) for close in FLAT[:10]] + FLAT[10:]
    assert [row["volume"] for row in found.rows] == [volume / 5 for volume in EVEN[:10]] + EVEN[10:]
    assert {row["adjusted"] for row in found.rows} == {"none"}


def test_several_splits_multiply() -> None:
    found = as_traded(chart(rows(FLAT, EVEN), [(date(2024, 1, 6), 2.0), (SPLIT_DAY, 3.0)]))
    assert [found.rows[n]["close"] for n in (0, 5, 10)] == [600.0, 306.0, 101.0]


@pytest.mark.parametrize("early", [0, 1, 3])
@pytest.mark.parametrize("ratio", [5.0, 3.0, 0.1])
def test_a_split_that_is_not_applied_is_found_by_its_jump(ratio, early) -> None:
    """The jump may stand some sessions before the day that Yahoo names."""
    jump = 10 - early
    closes = [close * ratio for close in FLAT[:jump]] + FLAT[jump:]
    volumes = [volume / ratio for volume in EVEN[:jump]] + EVEN[jump:]
    found = as_traded(chart(rows(closes, volumes), [(SPLIT_DAY, ratio)]))
    true = [tidy(close * ratio) for close in FLAT[:10]] + FLAT[10:]
    assert [row["close"] for row in found.rows] == pytest.approx(true)
    assert {row["adjusted"] for row in found.rows} == {"none"}


def test_a_small_split_needs_the_volume_to_agree() -> None:
    closes = [close * 2 for close in FLAT[:10]] + FLAT[10:]
    agreeing = [volume / 2 for volume in EVEN[:10]] + EVEN[10:]
    assert levels.judge(rows(closes, agreeing), SPLIT_DAY, 2.0) == levels.Split(SPLIT_DAY, 2.0, 10)
    assert levels.judge(rows(closes, EVEN), SPLIT_DAY, 2.0).sure is False


def test_prices_that_cannot_be_undone_say_so_in_every_row() -> None:
    closes = [close * 2 for close in FLAT[:10]] + FLAT[10:]
    found = as_traded(chart(rows(closes, EVEN), [(SPLIT_DAY, 2.0)]))
    assert [row["close"] for row in found.rows] == [tidy(close) for close in closes]
    assert {row["adjusted"] for row in found.rows} == {"split"}
    unknown = as_traded(chart(rows(FLAT, EVEN), [(SPLIT_DAY, float("nan"))]))
    assert {row["adjusted"] for row in unknown.rows} == {"split"}


def test_a_fall_of_a_third_on_a_split_day_is_no_split_of_five() -> None:
    closes = [close * 1.5 for close in FLAT[:10]] + FLAT[10:]
    assert levels.judge(rows(closes, EVEN), SPLIT_DAY, 5.0) == levels.Split(SPLIT_DAY, 5.0)


def test_a_split_before_all_rows_changes_nothing() -> None:
    assert levels.judge(rows(FLAT, EVEN), date(2023, 12, 1), 5.0) is None


def test_a_split_without_a_bar_after_it_waits() -> None:
    found = as_traded(chart(rows(FLAT, EVEN), [(date(2024, 1, 21), 2.0)]))
    assert found.rows == []
    assert "2024-01-21" in found.waiting


def test_a_hundredfold_stretch_between_right_prices_is_left_out() -> None:
    closes = [*FLAT[:8], *(100 * close for close in FLAT[8:11]), *FLAT[11:]]
    found = as_traded(chart(rows(closes, EVEN)))
    assert [day.day for day in found.left_out] == [9, 10, 11]
    assert [row["close"] for row in found.rows] == [*FLAT[:8], *FLAT[11:]]


def test_of_two_levels_the_newer_is_believed_once_it_lasts() -> None:
    lasting = [100 * close for close in FLAT[:14]] + FLAT[14:]
    assert levels.off_by_hundred(rows(lasting, EVEN)) == set(range(14))
    today = [*FLAT[:19], 100 * FLAT[19]]
    assert levels.off_by_hundred(rows(today, EVEN)) == {19}


def test_a_consolidation_of_a_hundred_that_nobody_lists_is_no_wrong_unit() -> None:
    closes = FLAT[:10] + [100 * close for close in FLAT[10:]]
    volumes = EVEN[:10] + [volume / 100 for volume in EVEN[10:]]
    assert levels.off_by_hundred(rows(closes, volumes)) == set()


def test_an_unlisted_split_needs_price_and_volume() -> None:
    closes = [close * 5 for close in FLAT[:10]] + FLAT[10:]
    volumes = [volume / 5 for volume in EVEN[:10]] + EVEN[10:]
    assert levels.unlisted_splits(rows(closes, volumes), ()) == [(SPLIT_DAY, 5.0)]
    assert levels.unlisted_splits(rows(closes, EVEN), ()) == []
    known = [levels.Split(SPLIT_DAY, 5.0, 10)]
    assert levels.unlisted_splits(rows(closes, volumes), known) == []


def test_a_day_without_a_trade_has_a_carried_close_only() -> None:
    from workbench.adapters.yahoo.chart import Row

    idle = Row(date(2024, 1, 21), 100.0, 100.0, 100.0, 100.0, 0.0)
    odd = Row(date(2024, 1, 22), 100.0, 103.0, 99.0, 101.0, 0.0)
    found = as_traded(chart((*rows(FLAT, EVEN), idle, odd))).rows[-2:]
    assert (found[0]["open"], found[0]["close"], found[0]["volume"]) == (None, 100.0, 0.0)
    assert (found[1]["open"], found[1]["volume"]) == (100.0, None)


def test_the_noise_of_32_bits_is_cut() -> None:
    assert tidy(1403.33337402344 * 3) == 4210.0
    assert tidy(491.399993896) == 491.4
    assert tidy(71_000.0) == 71_000.0


def test_later_splits_multiply_and_the_days_own_does_not() -> None:
    splits = [(date(2024, 1, 5), 2.0), (date(2024, 2, 5), 3.0)]
    assert [later_ratio(splits, date(2024, 1, day)) for day in (4, 5, 6)] == [6.0, 3.0, 3.0]
