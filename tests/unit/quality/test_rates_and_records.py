"""Exchange rates, rows for the quarantine, and rows that a table cannot take."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl

from workbench import quality
from workbench.schemas import TABLES

START = date(2010, 4, 1)


def rates(*values, currency="VND"):
    return pl.DataFrame(
        {
            "currency": currency,
            "date": [START + timedelta(days=n) for n in range(len(values))],
            "usd_per_unit": values,
        },
        schema_overrides={"usd_per_unit": pl.Float64},
    )


def test_a_bad_print_is_quarantined_and_the_next_fix_believed():
    checked = quality.check_fx(rates(5.2e-5, 5.3e-5, 5.3e-3, 5.3e-5, 5.2e-5))
    assert checked.quarantined.select("date", "reasons").rows() == [(START + timedelta(days=2), "fx_jump")]
    assert checked.good.height == 4


def test_a_devaluation_that_stays_is_believed_from_the_third_fix():
    checked = quality.check_fx(rates(*[1.0] * 5, 0.5, 0.51, 0.5, 0.5))
    assert checked.quarantined["date"].to_list() == [START + timedelta(days=5), START + timedelta(days=6)]


def test_the_first_rates_are_compared_with_what_is_known():
    known = rates(1.0)
    assert quality.check_fx(
        rates(2.0)[0:1].with_columns(date=START + timedelta(days=1)), previous=known
    ).good.is_empty()


def test_years_before_what_is_known_are_not_compared_with_it():
    known = rates(1.0).with_columns(date=START + timedelta(days=4_000))
    assert quality.check_fx(rates(2.0, 2.01, 2.0), previous=known).quarantined.is_empty()


def test_null_zero_and_contradicting_rates():
    frame = pl.concat([rates(1.0, None, 0.0, 1.0), rates(1.0, 1.0, 1.0, 1.01)[3:4], rates(1.0)])
    checked = quality.check_fx(frame)
    assert sorted(checked.quarantined["reasons"]) == [
        "duplicate_conflict",
        "duplicate_conflict",
        "missing_price",
        "non_positive",
    ]
    assert checked.repeated == 1
    assert checked.good.height + checked.quarantined.height + checked.repeated == frame.height


def test_records_hold_the_row_as_received():
    frame = pl.DataFrame({"ticker": ["A"], "date": [START], "close": [0.0], "reasons": ["non_positive"]})
    received = pl.DataFrame({"Code": ["a"], "Close": ["0,00"], "Open": [None]}, schema_overrides={"Open": pl.String})
    record = quality.quarantine_records(
        frame,
        table="ohlcv",
        region="KR",
        source="x",
        seen_at=datetime(2024, 1, 1, tzinfo=UTC),
        received=received,
    )
    assert record.schema == dict(TABLES["quarantine"].columns)
    assert json.loads(record["row"][0]) == {"Code": "a", "Close": "0,00", "Open": None}
    assert record["reasons"].to_list() == ["non_positive"]


def test_rows_that_a_table_cannot_take_are_split_off():
    row = {
        "region": "KR",
        "ticker": "A",
        "ex_date": START,
        "kind": "split",
        "value": 2.0,
        "currency": "KRW",
        "source": "x",
    }
    rows = [row, row, row | {"ticker": None}, row | {"kind": "dividend", "value": float("nan")}]
    rows += [row | {"ticker": "B"}, row | {"ticker": "B", "value": 3.0}]
    good, bad = quality.split_incomplete(pl.DataFrame(rows, schema=dict(TABLES["actions"].columns)), "actions")
    assert good["ticker"].to_list() == ["A"]
    assert sorted(bad["reasons"]) == ["duplicate_conflict"] * 2 + ["missing_value"] * 2
