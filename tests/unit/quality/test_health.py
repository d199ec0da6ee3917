"""The health of a lake: counts and examples by reason, and charts of them."""

from datetime import date

import polars as pl
import pytest

from workbench import collect, quality
from workbench.adapters.sample import Misbehaviour, Sample
from workbench.lake import Lake
from workbench.reports import health as charts


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("health") / "lake")
    dirty = Misbehaviour(dirty=frozenset({"high_below_low", "zero_prices"}))
    collect.collect(lake, "KR", Sample("tiny", misbehave=dirty), tables=["tickers", "actions", "ohlcv"])
    return lake


def test_counts_and_examples_by_reason(lake):
    found = quality.health(lake, "KR")
    bars = lake.read("ohlcv", "KR")
    assert found.coverage["bars"].sum() == bars.height
    assert found.coverage["suspended"].sum() == bars.filter(pl.col("open").is_null()).height
    counts = dict(found.quarantine.select("reason", "rows").rows())
    assert counts["non_positive"] == counts["high_below_low"] == 3
    assert set(found.gaps["reason"]) == {"quarantined", "suspended"}
    assert found.examples.filter(pl.col("reason") == "non_positive").height == 3
    assert found.revisions.is_empty()


def test_an_empty_lake_has_nothing_to_report(tmp_path):
    found = quality.health(Lake(tmp_path / "none"), "US")
    assert all(frame.is_empty() for frame in found.frames().values())


def test_rows_without_a_date_have_no_first_day(tmp_path):
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    written = [*(day.isoformat() for day in days), "soon"]
    pl.DataFrame({"code": "005930", "day": written, "close": "1000"}).write_csv(tmp_path / "own.csv")
    columns = {"ticker": "code", "date": "day", "close": "close"}
    lake = Lake(tmp_path / "lake")
    spec = {"file": "own.csv", "region": "KR", "source": "own", "columns": columns}
    collect.import_files(lake, spec, tmp_path)
    found = quality.health(lake, "KR")
    assert found.quarantine.rows() == [("missing_value", 1, 1, None, None)]
    assert found.examples["date"].to_list() == [None]
    assert quality.way_in(lake, "US") == "wb import SPEC.yaml --root FOLDER, with region: US in the specification"


def test_examples_reach_every_region_and_can_be_wrapped():
    rows = [
        {"region": region, "reason": reason, "ticker": "A", "date": None, "row": '{"close":1.0,"name":"삼성"}'}
        for region in ("KR", "VN")
        for reason in ("jump", "spike")
        for _ in range(5)
    ]
    shown = charts.examples(pl.DataFrame(rows), each=2)
    assert shown.group_by("region", "reason").len()["len"].to_list() == [2, 2, 2, 2]
    assert shown["row"].unique().to_list() == ['{"close": 1.0, "name": "삼성"}']
    assert charts.examples(pl.DataFrame(rows).clear()).is_empty()


def test_a_gap_that_was_filled_is_not_counted(tmp_path):
    lake = Lake(tmp_path / "lake")
    collect.collect(
        lake, "KR", Sample("tiny", misbehave=Misbehaviour(truncate_rows=2_000)), tables=["tickers", "ohlcv"]
    )
    assert "unknown" in set(quality.health(lake, "KR").gaps["reason"])
    collect.collect(lake, "KR", Sample("tiny"), tables=["tickers", "ohlcv"])
    assert set(quality.health(lake, "KR").gaps["reason"]) <= {"suspended", "quarantined"}


def test_every_finding_has_a_chart_with_a_title_and_units(lake):
    frames = charts.combined({"KR": quality.health(lake, "KR")})
    assert frames["coverage"].columns[0] == "region"
    assert charts.totals(frames["coverage"])["bars"].item() == frames["coverage"]["bars"].sum()
    month = pl.DataFrame({"month": [date(2024, 1, 1)], "tickers": [3], "suspended": [1]})
    figures = [
        charts.coverage_by_year(frames["coverage"]),
        charts.by_reason(frames["gaps"], count="gaps", title="Gaps"),
        charts.by_reason(frames["quarantine"], count="rows", title="Quarantine"),
        charts.revisions_by_year(frames["revisions"]),
        charts.coverage_by_month(month, "KR"),
    ]
    assert all(figure.layout.title.text for figure in figures)
    assert figures[0].data[0].marker.color == "#0072B2"
    assert figures[3].layout.annotations[0].text == "none"
    assert figures[3].layout.xaxis.visible is figures[3].layout.yaxis.visible is False
    assert figures[4].layout.title.text.endswith("2024-01 to 2024-01</sup>")
