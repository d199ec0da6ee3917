"""A batch keeps what was answered, and knows when the fault is not the ticker's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from workbench.adapters.base import Absent
from workbench.adapters.net.batch import Batch, NotCovered
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable

DAYS = (date(2024, 1, 2), date(2024, 1, 31))
ODD, GONE = ShapeChanged("odd", hint="look"), Unreachable("gone", hint="later")


def fails(error: Exception) -> Callable[[], str]:
    def call() -> str:
        raise error

    return call


def ask_all(batch: Batch, **calls: Callable[[], str]) -> list[str]:
    """The tickers that were asked."""
    asked = []
    for ticker, call in calls.items():
        if not batch.stopped:
            batch.ask(ticker, call)
            asked.append(ticker)
    return asked


def test_what_came_before_a_refusal_is_kept() -> None:
    batch = Batch("some", *DAYS)
    refusal = Throttled("slow down", hint="wait", retry_after=60.0)
    assert batch.ask("A", lambda: "rows of A") == "rows of A"
    assert ask_all(batch, B=fails(refusal), C=lambda: "never") == ["B"]
    found = batch.absent(["A", "B", "C"])
    assert [(gap.ticker, gap.reason) for gap in found] == [("B", "throttled"), ("C", "throttled")]


def test_one_bad_ticker_of_twenty_does_not_spoil_the_others() -> None:
    for error in (ODD, GONE, ProviderError("refused", hint="look")):
        batch = Batch("some", *DAYS)
        calls = {f"T{n}": (fails(error) if n == 0 else lambda: "rows") for n in range(20)}
        assert len(ask_all(batch, **calls)) == 20
        assert batch.absent(list(calls)) == [Absent("T0", *DAYS, "unknown", error.message)]


@pytest.mark.parametrize(("error", "calls"), [(ODD, 3), (GONE, 2)])
def test_failures_in_a_row_stop_it(error: ProviderError, calls: int) -> None:
    batch = Batch("some", *DAYS)
    tickers = {f"T{n}": fails(error) for n in range(20)}
    assert len(ask_all(batch, **tickers)) == calls
    with pytest.raises(type(error)):
        batch.absent(list(tickers))


def test_after_an_answer_the_count_begins_anew() -> None:
    batch = Batch("some", *DAYS)
    calls = {"A": fails(GONE), "B": lambda: "rows", "C": fails(GONE), "D": fails(GONE), "E": lambda: "rows"}
    assert ask_all(batch, **calls) == ["A", "B", "C", "D"]
    assert [(gap.ticker, gap.reason) for gap in batch.absent(list(calls))] == [(ticker, "unknown") for ticker in "ACDE"]


def test_a_ticker_that_is_not_known_is_an_answer() -> None:
    batch = Batch("some", *DAYS)
    assert batch.ask("A", fails(NotCovered("no such symbol"))) is None
    assert batch.absent(["A"]) == [Absent("A", *DAYS, "not_covered", "no such symbol")]
