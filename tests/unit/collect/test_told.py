"""What a collection tells a person: that nobody answered, that an answer lacks rows, that a request cannot work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from fake_provider import CODES, SESSIONS, Fake, chains

from workbench import collect
from workbench.adapters.base import Absent
from workbench.errors import ConfigError, ProviderError, Throttled, Unreachable

DAY = SESSIONS[-1]


class Partial(Fake):
    """A list of which a part may have failed."""

    notes: tuple[str, ...] = ()
    lacking = False

    def fetch(self, table, request):
        answer = super().fetch(table, request)
        return replace(answer, notes=self.notes, lacking=self.lacking) if table == "tickers" else answer


def down(name: str) -> Fake:
    one = Fake(name, tables=("tickers", "fx", "ohlcv"))
    one.errors = {table: [Unreachable(f"{name} does not answer.")] * 99 for table in one.tables}
    return one


def status(done, table: str) -> str:
    return dict(done.summary.select("table", "status").rows())[table]


def test_a_collection_that_nobody_answered_is_a_failure(lake):
    one, two = down("one"), down("two")
    for _ in range(2):  # asked in vain, and then put aside
        done = collect.collect(lake, "US", chains(one, two))
        assert set(done.summary["status"]) <= {"incomplete", "up to date"}
        with pytest.raises(ProviderError, match=r"Nobody answered for US.*one.*does not answer.*two") as caught:
            done.raise_for_failures()
        assert "wb doctor" in caught.value.hint
        for caller in (one, two):
            caller.calls = []
    assert done.providers["answered"].sum() == 0


def test_one_answer_is_no_failure_and_neither_is_nothing_to_ask(lake):
    one, two = down("one"), Fake("two")
    collect.collect(lake, "US", chains(one, two)).raise_for_failures()
    again = collect.collect(lake, "US", two)
    assert set(again.summary["status"]) == {"up to date"}
    again.raise_for_failures()


def test_the_note_of_who_is_put_aside_says_until_when(lake):
    one = Fake("one")
    one.errors["tickers"] = [Throttled("one asks for fewer calls.")]
    done = collect.collect(lake, "US", chains(one, Fake("two")))
    notes = dict(done.providers.select("provider", "note").rows())
    assert notes["one"].startswith("one is put aside until ")
    assert "one asks for fewer calls." in notes["one"]


def test_a_list_of_which_a_part_failed_is_incomplete_and_asked_again(lake):
    one = Partial("one")
    one.notes, one.lacking = ("Companies that left may be missing.",), True
    done = collect.collect(lake, "US", chains(one))
    assert status(done, "tickers") == "incomplete"
    assert done.errors["tickers"] == "one: Companies that left may be missing."
    assert "one: Companies that left may be missing." in done.notes
    assert lake.read("tickers", "US").height == len(CODES)
    done.raise_for_failures()
    one.notes, one.lacking, one.calls = (), False, []
    again = collect.collect(lake, "US", chains(one))
    assert len(one.asked("tickers")) == 1, "on the same day"
    assert (status(again, "tickers"), again.notes) == ("collected", ())
    assert status(collect.collect(lake, "US", chains(one)), "tickers") == "up to date"


def test_a_note_alone_leaves_a_table_collected(lake):
    one = Partial("one")
    one.notes = ("Names are shortened.",)
    done = collect.collect(lake, "US", chains(one))
    assert (status(done, "tickers"), done.errors) == ("collected", {})
    assert done.notes == ("one: Names are shortened.",)


def test_codes_leave_a_list_that_lacks_a_part_on_the_second_day_and_not_before(lake):
    one = Partial("one", today=SESSIONS[-3])
    one.notes, one.lacking = ("A part failed.",), True
    one.change = lambda frame: frame.filter((pl.col("ticker") != "DDD") | (pl.col("date") <= SESSIONS[-3]))

    def gone() -> list[str]:
        collect.collect(lake, "US", chains(one))
        return lake.read("tickers", "US").drop_nulls("delisted_date")["ticker"].to_list()

    assert gone() == []
    one.codes, one.today = CODES[:3], SESSIONS[-2]
    assert gone() == []
    assert gone() == [], "twice on one day is once"
    one.today = SESSIONS[-1]
    assert gone() == ["DDD"]


def test_sessions_that_are_asked_again_are_counted(lake):
    one = Fake("one")
    one.absent = (
        Absent("AAA", SESSIONS[-3], DAY, "unknown", "garbled"),
        Absent("BBB", SESSIONS[-5], DAY, "suspended", "halted"),
    )
    one.change = lambda frame: frame.filter(
        ~((pl.col("ticker") == "AAA") & (pl.col("date") >= SESSIONS[-3]))
        & ~((pl.col("ticker") == "BBB") & (pl.col("date") >= SESSIONS[-5]))
    )
    assert collect.to_ask_again(lake, "US") == 0
    collect.collect(lake, "US", chains(one))
    assert collect.to_ask_again(lake, "US") == 3
    one.absent, one.change = (), lambda frame: frame
    collect.collect(lake, "US", chains(one))
    assert collect.to_ask_again(lake, "US") == 0


def test_a_provider_that_has_nothing_of_the_region_is_refused(lake):
    with pytest.raises(ConfigError, match=r"one has nothing of KR.*tickers of US; ohlcv of US"):
        collect.collect(lake, "KR", Fake("one"))
    with pytest.raises(ConfigError, match=r"polygon has nothing of KR.*of US"):
        collect.collect(lake, "KR", "polygon")
    with pytest.raises(ConfigError, match=r"Nobody is named for shares of US.*tickers, ohlcv"):
        collect.collect(lake, "US", Fake("one"), tables=["shares"])


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (DAY + timedelta(days=1), None, f"start=2024-05-01 is after {DAY}, the last completed session of US at one"),
        (date(2024, 3, 4), date(2024, 3, 1), "start=2024-03-04 is after end=2024-03-01"),
        ("2024-03-04", "2024-03-01", "start=2024-03-04 is after end=2024-03-01"),
    ],
)
def test_days_on_which_there_is_nothing_are_refused(lake, start, end, said):
    one = Fake("one")
    with pytest.raises(ConfigError, match=said):
        collect.collect(lake, "US", chains(one), start=start, end=end)
    assert one.calls == []
    assert collect.collect(lake, "US", chains(one), start=DAY).errors == {}, "the last day itself is fine"
