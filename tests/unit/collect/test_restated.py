"""What a restated close tells: splits, stock dividends, spin-offs and cash, on the day the price shows them."""

from datetime import date, timedelta

import polars as pl
import pytest

from workbench import collect, markets
from workbench.collect.restated import confirm, derive_actions

DAYS = markets.sessions("US", date(2015, 3, 2), date(2015, 12, 31))


def events(close, restated, day=DAYS[10], ticker="AAA"):
    rows = pl.DataFrame({"ticker": [ticker], "date": [day], "close": [close], "restated_close": [restated]})
    return derive_actions(rows, region="US", currency="USD", source="own", sessions=DAYS)


@pytest.mark.parametrize(
    ("close", "restated", "kind", "value"),
    [
        (128.71, 64.355, "split", 2.0),
        (707.610001, 101.087143, "split", 7.0),
        (53.27, 35.513333, "split", 1.5),
        (10.4, 31.2, "split", 1 / 3),
        (45.59, 47.738219, "split", 0.955),
        (95.23, 47.62, "split", 2.0),  # a close that was rounded to cents
        (39.799999, 34.608695, "split", 1.15),  # a stock dividend
        (96.349998, 95.830001, "dividend", 0.519997),
        (42.639999, 27.639999, "dividend", 15.0),  # a special dividend of a third
        (25.25, 25.0, "dividend", 0.25),  # also 1.01 for 1, and far more likely money
        (66.290001, 27.899832, "spin_off", 38.390169),  # 2.376, a factor of three decimals
        (1075.04996, 649.577015, "spin_off", 425.472945),
    ],
)
def test_how_an_event_is_quoted_tells_its_kind(close, restated, kind, value):
    (found,) = events(close, restated).to_dicts()
    assert (found["kind"], found["ex_date"]) == (kind, DAYS[11])
    assert found["value"] == pytest.approx(value, rel=1e-6)
    assert found["currency"] == (None if kind == "split" else "USD")


def bars(opens, start=10):
    days = DAYS[start : start + len(opens)]
    return pl.DataFrame({"ticker": "AAA", "date": days, "open": opens, "close": opens})


@pytest.mark.parametrize(
    ("opens", "ex", "doubtful"),
    [
        ([100.0, 50.0, 51.0], DAYS[11], 0),
        ([100.0, 101.0, 50.0, 51.0], DAYS[12], 0),  # restated a day early
        ([100.0, 101.0, 100.0, 102.0, 50.0], None, 1),
        ([100.0], DAYS[11], 0),  # nothing after it speaks against it
    ],
)
def test_a_large_event_must_be_seen_in_the_price(opens, ex, doubtful):
    actions, doubts = confirm(events(100.0, 50.0), bars(opens))
    assert doubts.height == doubtful
    assert actions["ex_date"].to_list() == ([ex] if ex else [])


def test_the_same_split_restated_on_two_days_is_one():
    both = pl.concat([events(100.0, 20.0), events(102.0, 20.4, day=DAYS[11])])
    actions, doubts = confirm(both, bars([100.0, 102.0, 20.5, 21.0]))
    assert (actions["ex_date"].to_list(), actions["value"].to_list(), doubts.height) == ([DAYS[12]], [5.0], 0)


COLUMNS = {name: name for name in ("ticker", "date", "open", "high", "low", "close", "volume")}
SPEC = {
    "file": "*.parquet",
    "region": "US",
    "source": "own",
    "columns": COLUMNS | {"restated_close": "adj"},
    "duplicates": {"order_by": "published", "keep": "first"},
    "derive_actions": "restated_close",
}


@pytest.fixture
def edited(tmp_path):
    """Bars of a ticker whose row of one day has a later edition: another volume, and half the close restated."""
    frame = pl.DataFrame({"ticker": "NKE", "date": DAYS[:60]}).with_columns(
        close=pl.when(pl.col("date") > DAYS[20]).then(50.0).otherwise(100.0), volume=pl.lit(10.0)
    )
    frame = frame.with_columns(pl.col("close").alias(name) for name in ("open", "high", "low", "adj")).with_columns(
        published=pl.col("date")
    )
    later = frame.filter(pl.col("date") == DAYS[20]).with_columns(
        published=pl.lit(DAYS[21]), volume=pl.lit(99.0), adj=pl.lit(50.0)
    )
    pl.concat([later, frame]).write_parquet(tmp_path / "p.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("keep", "volume", "reason"), [("first", 10.0, "later edition"), ("last", 99.0, "earlier edition")]
)
def test_every_later_edition_stands_in_the_revisions_whichever_is_published(lake, edited, keep, volume, reason):
    spec = SPEC | {"duplicates": {"order_by": "published", "keep": keep}}
    done = collect.import_files(lake, spec, edited)
    assert done.by_reason.rows() == [("superseded", reason, 1)]
    held = lake.read("ohlcv", "US").filter(pl.col("date") == DAYS[20])
    assert held["volume"].to_list() == [volume]
    found = lake.read("revisions", "US").sort("field")
    assert found.select("ticker", "date", "field", "old", "new", "table").rows() == [
        ("NKE", DAYS[20], "restated_close", "100.0", "50.0", "ohlcv"),
        ("NKE", DAYS[20], "volume", "10.0", "99.0", "ohlcv"),
    ]
    assert set(found["seen_at"].dt.date()) == {DAYS[21]}
    assert lake.read("actions", "US").select("ex_date", "kind", "value").rows() == [(DAYS[21], "split", 2.0)]
    versions = lake.tables()
    collect.import_files(lake, spec, edited)
    assert lake.tables() == versions, "an import that is repeated publishes nothing"


def test_an_action_that_no_price_shows_is_quarantined(lake, edited):
    frame = pl.read_parquet(edited / "p.parquet")
    prices = ("open", "high", "low", "close")
    frame.with_columns(pl.lit(100.0).alias(name) for name in prices).write_parquet(edited / "p.parquet")
    done = collect.import_files(lake, SPEC, edited)
    assert lake.read("actions", "US").is_empty()
    (held,) = lake.read("quarantine", "US").to_dicts()
    assert (held["table"], held["reasons"]) == ("actions", "unconfirmed_action")
    assert any("contradict" in note for note in done.notes)


@pytest.mark.parametrize(("as_", "day"), [("open", None), ("delisted", DAYS[59] + timedelta(days=30))])
def test_bars_that_end_are_a_delisting_only_if_the_rule_says_so(lake, edited, as_, day):
    frame = pl.read_parquet(edited / "p.parquet")
    goes_on = pl.DataFrame({"ticker": "AAA", "date": DAYS, "published": DAYS}).with_columns(volume=pl.lit(1.0))
    goes_on = goes_on.with_columns(pl.lit(7.0).alias(name) for name in ("open", "high", "low", "close", "adj"))
    pl.concat([frame, goes_on.select(frame.columns)]).write_parquet(edited / "p.parquet")
    spec = SPEC | {"ended": {"after_days": 30, "as": as_}}
    collect.import_files(lake, spec, edited)
    listed = lake.read("tickers", "US").filter(pl.col("ticker") == "NKE").row(0, named=True)
    assert (listed["delisted_date"], listed["delisting_reason"]) == (day, "ended")
    assert collect.unexplained(lake, "US").is_empty()
    resumed = frame.with_columns(date=pl.lit(DAYS[-1]), published=pl.lit(DAYS[-1])).head(1)
    pl.concat([frame, goes_on.select(frame.columns), resumed]).write_parquet(edited / "p.parquet")
    collect.import_files(lake, spec, edited)
    again = lake.read("tickers", "US").filter(pl.col("ticker") == "NKE").row(0, named=True)
    assert (again["delisted_date"], again["delisting_reason"]) == (None, None), "it had not ended after all"
