"""No gap says that a bar is missing which stands in the lake, whatever came first."""

from datetime import date

import polars as pl
import pytest

from workbench import collect, markets
from workbench.adapters.base import Absent

HEADER = "Code,Date,Open,High,Low,Close,Vol\n"
COLUMNS = {"ticker": "Code", "date": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close"}
SPEC = {"file": "own.csv", "region": "KR", "source": "own", "columns": COLUMNS | {"volume": "Vol"}}
DAYS = markets.sessions("KR", date(2024, 1, 2), date(2024, 1, 31))


def line(day, close="1,000", low=990, code="005930"):
    return f'{code},{day},1000,1010,{low},"{close}",10\n'


GOOD = HEADER + "".join(line(day) for day in DAYS)


@pytest.fixture
def bring(lake, tmp_path):
    def import_text(text, **more):
        (tmp_path / "own.csv").write_text(text)
        done = collect.import_files(lake, SPEC | {"thousands": ","} | more, tmp_path)
        assert collect.unexplained(lake, "KR").is_empty()
        assert collect.contradicted(lake, "KR").is_empty()
        return done

    return import_text


def reasons(lake):
    return lake.read("gaps", "KR").select("start", "end", "reason").rows()


def test_a_corrected_specification_closes_the_gaps_of_the_wrong_one(lake, bring):
    assert bring(GOOD, thousands="").published == 0
    assert reasons(lake) == [(DAYS[0], DAYS[-1], "quarantined")]
    assert bring(GOOD).inserted == len(DAYS)
    assert reasons(lake) == []


def test_a_faulty_file_opens_no_gap_where_a_bar_stands(lake, bring):
    bring(GOOD)
    before = lake.read("ohlcv", "KR")
    faulty = HEADER + line(DAYS[3], low=1005) + line(DAYS[4], close="x") + line(DAYS[5], low=1005, code="000660")
    bring(faulty)
    assert lake.read("ohlcv", "KR").equals(before)
    assert lake.read("quarantine", "KR").height == 3
    gaps = lake.read("gaps", "KR").select("ticker", "start", "end", "reason").rows()
    assert gaps == [
        ("000660", DAYS[5], DAYS[5], "quarantined"),
        ("000660", DAYS[6], DAYS[-1], "not_covered"),
    ]


def test_a_bar_inside_a_stretch_splits_it(lake, bring):
    bring(HEADER + line(DAYS[0]) + line(DAYS[9]))
    bring(HEADER + line(DAYS[4]))
    assert reasons(lake) == [(DAYS[1], DAYS[3], "not_covered"), (DAYS[5], DAYS[8], "not_covered")]


def test_false_gaps_of_an_older_import_are_closed_by_the_next(lake, bring):
    bring(GOOD)
    false = {"region": "KR", "ticker": "005930", "start": DAYS[2], "end": DAYS[3], "reason": "quarantined"}
    seen = lake.read("ohlcv", "KR")["collected_at"][0]
    row = pl.DataFrame([false | {"provider": "own", "detail": "jump", "first_seen": seen, "last_seen": seen}])
    lake.publish("gaps", row, region="KR")
    assert collect.contradicted(lake, "KR")["date"].to_list() == DAYS[2:4]
    bring(HEADER + line(DAYS[-1]))
    assert reasons(lake) == []


def test_a_halt_keeps_its_stretch_beside_its_carried_close(lake, bring):
    halted = f"005930,{DAYS[1]},0,0,0,1000,0\n"
    bring(HEADER + line(DAYS[0]) + halted + line(DAYS[2]))
    bring(HEADER + line(DAYS[1], close="x"))
    assert reasons(lake) == [(DAYS[1], DAYS[1], "suspended")]


def test_a_halt_that_a_provider_gives_later_takes_the_place_of_its_gap(lake, toy, run):
    days = markets.sessions("KR", date(2024, 1, 2), date(2024, 4, 30))
    lost, toy.today = days[-4], days[-2]
    toy.spells["000010"].skip = {lost}
    toy.absent = (Absent("000010", lost, lost, "not_covered", "none"),)
    run(toy)
    toy.spells["000010"].skip, toy.absent, toy.today = set(), (), days[-1]
    halted = (pl.col("ticker") == "000010") & (pl.col("date") == lost)
    blank = [
        pl.when(halted).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("open", "high", "low", "volume")
    ]
    toy.change = lambda frame: frame.with_columns(blank)
    run(toy)
    assert reasons(lake) == [(lost, lost, "suspended")]
