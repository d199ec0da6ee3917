"""Property: any sequence of publishes leaves what a dictionary would hold."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.lake import Lake

FIRST = date(2023, 12, 29)
MOMENT = datetime(2024, 1, 2, tzinfo=UTC)
cells = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 5)), st.sampled_from([1.0, 2.0, None]), max_size=8
)
spans = st.none() | st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda pair: (min(pair), max(pair)))
steps = st.lists(
    st.tuples(st.sampled_from(["KR", "US"]), cells, spans, st.sampled_from(["publish", "compact", "rollback"])),
    min_size=1,
    max_size=6,
)


def day(offset):
    return FIRST + timedelta(days=offset)


def frame(region, content):
    return pl.DataFrame(
        [(region, ticker, "D", day(offset), 1.0, volume) for (ticker, offset), volume in content.items()],
        schema={
            "region": pl.String,
            "ticker": pl.String,
            "timeframe": pl.String,
            "date": pl.Date,
            "close": pl.Float64,
            "volume": pl.Float64,
        },
        orient="row",
    ).with_columns(
        adjusted=pl.lit("none"), source=pl.lit("s"), collected_at=pl.lit(MOMENT).cast(pl.Datetime("us", "UTC"))
    )


def stored(lake, region):
    return {
        (row[0], (row[1] - FIRST).days): row[2]
        for row in lake.read("ohlcv", region).select("ticker", "date", "volume").iter_rows()
    }


@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_publishes_behave_like_a_dictionary(sequence):
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake", pinned=None)
        model = {"KR": {}, "US": {}}
        marks = [(lake.snapshot(), {"KR": {}, "US": {}})]
        revised = 0
        for region, content, span, action in sequence:
            if action == "compact":
                lake.compact()
            elif action == "rollback":
                target, past = marks[len(content) % len(marks)]
                lake.rollback(region, target)
                model[region] = dict(past[region])
                revised = lake.read("revisions").height
            else:
                old = model[region]
                inside = {key for key in old if span and span[0] <= key[1] <= span[1] and key not in content}
                changed = {key for key in content if key in old and old[key] != content[key]}
                done = lake.publish(
                    "ohlcv", frame(region, content), region, replace=span and (day(span[0]), day(span[1]))
                )
                assert done.inserted == len(content.keys() - old.keys())
                assert (done.revised, done.deleted) == (len(changed), len(inside))
                assert done.unchanged == len(content) - done.inserted - done.revised
                assert (done.publish_id is None) == (not (done.inserted or done.revised or done.deleted))
                model[region] = {key: value for key, value in (old | content).items() if key not in inside}
                revised += len(changed) + len(inside)
            assert {name: stored(lake, name) for name in model} == model
            assert lake.read("revisions").height == revised
            marks.append((lake.snapshot(), {name: dict(rows) for name, rows in model.items()}))
        for snapshot, past in marks[1:]:
            assert {name: stored(lake.at(snapshot), name) for name in past} == past
