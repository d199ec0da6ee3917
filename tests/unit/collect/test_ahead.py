"""One batch is asked ahead, and no more; what took long to ask is published at once."""

from __future__ import annotations

import threading

import pytest
from fake_provider import SESSIONS, Fake, chains

from workbench import collect
from workbench.adapters.kis import Kis, service
from workbench.collect.ahead import ahead


def test_the_next_question_is_under_way_while_an_answer_is_used():
    begun = [threading.Event() for _ in range(4)]

    def ask(number):
        begun[number].set()
        return number * 10

    for number, answer in ahead(range(4), ask):
        assert answer == number * 10
        if number < 3:
            assert begun[number + 1].wait(10)
        if number < 2:
            assert not begun[number + 2].is_set(), "not more than one is asked ahead"


def test_errors_come_out_where_their_answer_would_and_no_thread_is_left():
    def ask(number):
        if number == 1:
            raise ValueError("one")
        return number

    before, seen = threading.active_count(), []
    with pytest.raises(ValueError, match="one"):
        seen.extend(number for number, _ in ahead(range(3), ask))
    assert threading.active_count() == before
    assert list(ahead([], ask)) == []


@pytest.mark.parametrize(("seconds", "commits"), [(0.0, 2), (1e9, 1)])
def test_bars_that_took_long_to_ask_are_published_batch_by_batch(lake, seconds, commits):
    pace = collect.Pace(publish_seconds=seconds)
    collect.collect(lake, "US", chains(Fake("one")), pace=pace)
    inserted = lake.versions("ohlcv")["inserted"].drop_nulls()
    assert inserted.to_list() == [4 * len(SESSIONS) // commits] * commits


def test_a_batch_at_the_pace_of_the_first_provider_is_published_at_once():
    pace = service.chosen(paper=False).rates[0]
    assert Kis.batch_size * pace.seconds / pace.calls > collect.Pace().publish_seconds
