"""Every row of the dated tables is usable: a source, days in order, no two answers for one question."""

from datetime import date
from itertools import pairwise

import pytest

from workbench.markets import dated
from workbench.markets.record import get
from workbench.settings import REGIONS

DATED = ("lots", "ticks", "price_limits", "costs", "taxes", "settlement")
#: Columns that tell apart rows which may hold at the same time.
DISTINCT = {
    "ticks": ("upper",),
    "price_limits": ("upper",),
    "costs": ("kind",),
    "taxes": ("side", "component"),
    "settlement": ("kind",),
}


@pytest.mark.parametrize("table", DATED)
def test_rows_name_a_region_a_board_and_a_source(table: str) -> None:
    for row in dated.read(table):
        market = get(row["region"])
        assert row["board"] in ("", *market.boards), row
        assert len(row["source"]) > 15, row
        assert row["confirmed"] in {"yes", "no"}, row
        assert date.fromisoformat(row["valid_from"]) <= date.fromisoformat(row["valid_to"] or "9999-12-31"), row


@pytest.mark.parametrize("table", DATED)
def test_no_two_rows_answer_the_same_question(table: str) -> None:
    groups: dict[tuple[str, ...], list[dated.Fact]] = {}
    for fact in dated.facts(table):
        key = (fact.region, fact.board, *(fact.fields[column] for column in DISTINCT.get(table, ())))
        groups.setdefault(key, []).append(fact)
    for key, rows in groups.items():
        rows.sort(key=lambda fact: fact.valid_from)
        for earlier, later in pairwise(rows):
            assert earlier.valid_to is not None, (key, earlier)
            assert earlier.valid_to < later.valid_from, (key, earlier, later)


@pytest.mark.parametrize("table", ["ticks", "price_limits"])
def test_price_bands_reach_to_infinity_on_every_day_of_a_change(table: str) -> None:
    for region in REGIONS:
        for board in get(region).boards:
            starts = {fact.valid_from for fact in dated.facts(table) if fact.region == region}
            for day in starts:
                try:
                    found = dated.lookup(table, region, day, board)
                except dated.DataError:
                    continue
                uppers = [fact.fields["upper"] for fact in found]
                assert uppers.count("") == 1, (region, board, day)
                assert len(set(uppers)) == len(uppers), (region, board, day)


def test_an_assumption_is_never_called_confirmed() -> None:
    rows = [fact for table in DATED for fact in dated.facts(table)]
    doubtful = [fact for fact in rows if fact.source.startswith(("assumption", "general knowledge"))]
    assert doubtful
    assert not any(fact.confirmed for fact in doubtful)


@pytest.mark.parametrize("table", ["calendar_corrections", "vietnam_closed"])
def test_calendar_rows_name_a_weekday_and_a_source(table: str) -> None:
    for row in dated.read(table):
        assert date.fromisoformat(row["date"]).weekday() < 5, row
        assert len(row["source"]) > 15, row
        assert row["confirmed"] in {"yes", "no"}, row
