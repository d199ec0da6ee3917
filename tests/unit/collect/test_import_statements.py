"""Files of statements: what each number covers, when it became known, and which value stood when."""

from datetime import date

import polars as pl
import pytest

from workbench import collect
from workbench.errors import ConfigError
from workbench.lake import Lake

COLUMNS = {"ticker": "t", "period_end": "end"}
BASE = {"file": "own.*", "table": "fundamentals", "region": "US", "source": "own", "columns": COLUMNS}
FILED = {"knowledge": {"column": "filed"}}


@pytest.fixture
def bring(lake, tmp_path):
    def import_rows(rows, again=None, **more):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame.write_parquet(folder / "own.parquet")
        done = collect.import_files(again or lake, BASE | more, folder)
        assert done.rows_in == frame.height == done.published + done.quarantined + done.superseded
        cells = done.cells
        assert cells["in"] == cells["published"] + cells["quarantined"] + cells["superseded"]
        assert cells["published"] == done.inserted + done.unchanged + done.revised
        return done

    return import_rows


def facts(lake, *columns, region="US"):
    rows = lake.read("fundamentals", region).sort("item", "period_end", "period", "available_date")
    return rows.select(*columns).rows()


def row(end, filed, ticker="AAA", **numbers):
    return {"t": ticker, "end": end, "filed": filed, **numbers}


def test_flows_by_form_and_by_item_and_instants(lake, bring):
    form = {"columns": COLUMNS | {"form": "form", "fiscal_quarter": "q"}, **FILED}
    rows = [
        row(date(2015, 6, 27), date(2015, 7, 22), form="10-Q", q="Q3", sales=5.0, cash_flow=30.0, assets=100.0),
        row(date(2015, 9, 26), date(2015, 10, 28), form="10-K", q="FY", sales=21.0, cash_flow=42.0, assets=110.0),
    ]
    items = {
        "revenue": {"column": "sales", "unit": 1000},
        "operating_cash_flow": {"column": "cash_flow", "flows": "year_to_date"},
        "total_assets": "assets",
    }
    bring(rows, **form, periods={"flows": {"10-Q": "quarter", "10-K": "year"}}, items=items)
    names = ("item", "period", "period_start", "period_end", "available_date", "value", "currency")
    assert facts(lake, *names) == [
        ("operating_cash_flow", "9M", date(2014, 9, 28), date(2015, 6, 27), date(2015, 7, 23), 30.0, "USD"),
        ("operating_cash_flow", "FY", date(2014, 9, 28), date(2015, 9, 26), date(2015, 10, 29), 42.0, "USD"),
        ("revenue", "Q", date(2015, 3, 29), date(2015, 6, 27), date(2015, 7, 23), 5_000.0, "USD"),
        ("revenue", "FY", date(2014, 9, 28), date(2015, 9, 26), date(2015, 10, 29), 21_000.0, "USD"),
        ("total_assets", "I", None, date(2015, 6, 27), date(2015, 7, 23), 100.0, "USD"),
        ("total_assets", "I", None, date(2015, 9, 26), date(2015, 10, 29), 110.0, "USD"),
    ]
    assert set(lake.read("fundamentals", "US")["filing_id"]) == {"10-Q 2015-07-22", "10-K 2015-10-28"}


def test_a_restatement_is_a_vintage_and_a_repetition_is_no_row(lake, bring):
    filed = [date(2015, 5, 4), date(2015, 8, 3), date(2015, 11, 2), date(2016, 2, 1)]
    values = [10.0, 12.0, 12.0, 10.0]
    rows = [row(date(2015, 3, 31), day, sales=value) for day, value in zip(filed, values, strict=True)]
    done = bring(rows, **FILED, items={"revenue": "sales"})
    assert done.by_reason.rows() == [("superseded", "repeated row", 1)]
    assert facts(lake, "available_date", "value", "vintage") == [
        (date(2015, 5, 5), 10.0, 1),
        (date(2015, 8, 4), 12.0, 2),
        (date(2016, 2, 2), 10.0, 3),
    ]


def test_a_repeated_import_and_a_continued_file_keep_the_vintages(lake, bring):
    first = [row(date(2015, 3, 31), date(2015, 5, 4), sales=10.0)]
    later = [row(date(2015, 3, 31), date(2015, 8, 3), sales=12.0)]
    bring(later, **FILED, items={"revenue": "sales"})
    bring(first + later, **FILED, items={"revenue": "sales"})
    versions = lake.tables()
    done = bring(first + later, **FILED, items={"revenue": "sales"})
    assert (done.inserted, done.unchanged, done.revised) == (0, 2, 0)
    assert lake.tables() == versions
    assert facts(lake, "value", "vintage") == [(10.0, 1), (12.0, 2)]


def test_two_values_of_one_day_are_not_believed_unless_a_column_orders_them(lake, bring):
    rows = [
        row(date(2015, 3, 31), date(2015, 5, 4), sales=10.0, assets=7.0, amend=False),
        row(date(2015, 3, 31), date(2015, 5, 4), sales=11.0, assets=7.0, amend=True),
    ]
    items = {"revenue": "sales", "total_assets": "assets"}
    done = bring(rows, **FILED, items=items)
    assert done.cells["quarantined: duplicate_conflict"] == 2
    assert facts(lake, "item") == [("total_assets",)]
    assert (done.published, done.quarantined) == (1, 1)
    other = Lake(lake.root.with_name("other"))
    bring(rows, again=other, **FILED, items=items, duplicates={"order_by": "amend", "keep": "last"})
    assert facts(other, "item", "value") == [("revenue", 11.0), ("total_assets", 7.0)]


def test_what_cannot_be_placed_or_dated_is_quarantined_with_its_reason(lake, bring):
    year = {"columns": COLUMNS | {"fiscal_year": "y"}, **FILED}
    end = date(2015, 3, 31)
    rows = [
        row(end, date(2015, 5, 4), y=2015, sales=1.0),
        row(end, date(2015, 3, 2), ticker="BBB", y=2015, sales=1.0),
        row(end, date(2015, 5, 4), ticker="CCC", y=2011, sales=1.0),
        row(end, None, ticker="DDD", y=2015, sales=1.0),
        row(end, date(2015, 5, 4), ticker=None, y=2015, sales=1.0),
        row(end, date(2015, 5, 4), ticker="EEE", y=2015, sales=None),
        row(end, date(2015, 5, 4), ticker="FFF", y=2015, sales=float("inf")),
    ]
    done = bring(rows, **year, items={"revenue": "sales"})
    assert sorted(done.by_reason.rows()) == [
        ("quarantined", "known_too_early", 1),
        ("quarantined", "missing_value", 2),
        ("quarantined", "unknown_knowledge", 1),
        ("quarantined", "unknown_period", 1),
        ("superseded", "no value", 1),
    ]
    assert facts(lake, "ticker") == [("AAA",)]
    held = lake.read("quarantine", "US")
    assert held.height == done.quarantined
    assert '"t":"BBB"' in held.filter(pl.col("ticker") == "BBB")["row"].item()


def test_an_assumed_lag_is_marked_and_depends_on_the_report(lake, bring):
    rows = [
        {"t": "005930", "end": date(2016, 12, 31), "sales": 9.0},
        {"t": "005930", "end": date(2017, 3, 31), "sales": 2.0},
    ]
    bring(rows, region="KR", knowledge={"lag_days": {"FY": 90, "default": 45}}, items={"revenue": "sales"})
    assert facts(lake, "period_end", "available_date", "filing_id", "currency", region="KR") == [
        (date(2016, 12, 31), date(2017, 4, 3), "assumed 90 days", "KRW"),
        (date(2017, 3, 31), date(2017, 5, 16), "assumed 45 days", "KRW"),
    ]


def test_a_fourth_quarter_made_as_a_remainder_is_what_it_really_covers(lake, bring):
    ends = [date(2015, 12, 31), date(2016, 3, 31), date(2016, 6, 30), date(2016, 9, 30), date(2016, 12, 31)]
    whole = [{"t": "AAA", "end": end, "sales": float(n)} for n, end in enumerate(ends)]
    late = [{"t": "BBB", "end": end, "sales": 1.0} for end in ends[3:]]
    done = bring(
        whole + late,
        knowledge={"lag_days": 60},
        periods={"flows": "quarter", "fourth_quarter": "remainder"},
        items={"revenue": "sales"},
    )
    assert facts(lake, "ticker", "period_end", "period") == [
        ("AAA", ends[0], "FY"),
        ("AAA", ends[1], "Q"),
        ("AAA", ends[2], "Q"),
        ("AAA", ends[3], "Q"),
        ("BBB", ends[3], "Q"),
        ("AAA", ends[4], "Q"),
    ]
    assert done.cells["quarantined: unknown_period"] == 1, "two quarters are missing: the number is no quarter"


def test_month_and_day_mean_the_first_such_day_after_the_end_if_the_law_allows_it(lake, bring):
    rows = [
        {"t": "600519", "end": date(2015, 12, 31), "md": "03-24", "eps": 12.34},
        {"t": "600519", "end": date(2015, 6, 30), "md": "08-28", "eps": 6.91},
        {"t": "600001", "end": date(2015, 6, 30), "md": "03-11", "eps": 1.0},
        {"t": "600002", "end": date(2015, 6, 30), "md": "--", "eps": 1.0},
    ]
    done = bring(
        rows,
        region="CN",
        knowledge={"month_day": "md", "within_days": {"6M": 62, "FY": 121}},
        periods={"flows": "year_to_date"},
        items={"eps_basic": "eps"},
    )
    assert facts(lake, "period", "available_date", "filing_id", region="CN") == [
        ("6M", date(2015, 8, 31), "inferred 2015-08-28"),
        ("FY", date(2016, 3, 25), "inferred 2016-03-24"),
    ]
    assert done.by_reason.rows() == [("quarantined", "unknown_knowledge", 2)]


def test_a_long_file_names_its_items_in_words(lake, tmp_path):
    text = "t,end,filed,tag,amount\n" + "".join(
        f"AAA,2015-03-31,2015-05-04,{tag},{amount}\n"
        for tag, amount in (("Sales", '"1,000"'), ("Assets", "7"), ("Colour", "3"), ("Profit", "x"), ("Income", "--"))
    )
    (tmp_path / "own.csv").write_text(text)
    spec = (
        BASE
        | FILED
        | {
            "columns": COLUMNS | {"item": "tag", "value": "amount"},
            "items": {"revenue": "Sales", "total_assets": "Assets", "net_income": ["Profit", "Income"]},
            "thousands": ",",
        }
    )
    done = collect.import_files(lake, spec, tmp_path)
    assert facts(lake, "item", "value") == [("revenue", 1000.0), ("total_assets", 7.0)]
    assert sorted(done.by_reason.rows()) == [
        ("quarantined", "missing_value", 2),
        ("superseded", "item not mapped", 1),
    ]


def test_a_word_that_is_no_number_is_quarantined_and_a_named_null_is_none(lake, tmp_path):
    (tmp_path / "own.csv").write_text(
        "t,end,filed,sales,assets\nAAA,2015-03-31,2015-05-04,--,7\nBBB,2015-03-31,2015-05-04,n/m,8\n"
    )
    spec = BASE | FILED | {"items": {"revenue": "sales", "total_assets": "assets"}, "nulls": ["--"]}
    done = collect.import_files(lake, spec, tmp_path)
    assert (done.published, done.cells["in"], done.cells["quarantined: missing_value"]) == (2, 3, 1)


def test_money_spent_is_stored_without_its_sign_and_shares_have_no_currency(lake, bring):
    rows = [row(date(2015, 3, 31), date(2015, 5, 4), capex=-5.0, diluted=90.0, backlog=3.0)]
    items = {
        "capital_expenditure": "capex",
        "shares_diluted": "diluted",
        "order_backlog": {"column": "backlog", "kind": "instant", "money": False},
    }
    bring(rows, **FILED, items=items)
    assert facts(lake, "item", "value", "currency") == [
        ("capital_expenditure", 5.0, "USD"),
        ("order_backlog", 3.0, None),
        ("shares_diluted", 90.0, None),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": {"revenues": "sales"}}, r"items\.revenues is not on the list of items, did you mean 'revenue'\?"),
        ({"items": {"revenue": {"column": "sales", "kind": "flow", "money": True}}}, "is on the list of items"),
        ({"items": {}}, "need items"),
        ({"items": {"revenue": {"colum": "sales"}}}, "did you mean 'column'"),
        ({"knowledge": None}, "need knowledge"),
        ({"knowledge": {"column": "filed", "lag_days": 45}}, "exactly one of"),
        ({"knowledge": {"lag_days": {"Q4": 90}}}, "Q4 is no report"),
        ({"columns": {"ticker": "t"}}, "the column period_end, or periods.infer"),
        ({"periods": {"flows": {"10-Q": "quarter"}}}, "flows by form needs the column form"),
        ({"periods": {"flow": "quarter"}}, "did you mean 'flows'"),
        ({"fix": {"marks": "start"}}, "fix belongs to fx, not to fundamentals"),
        ({"values": {"colour": {"a": "b"}}}, "colour is no column"),
    ],
)
def test_a_wrong_specification_says_what_is_wrong(tmp_path, lake, change, message):
    spec = BASE | FILED | {"items": {"revenue": "sales"}} | change
    with pytest.raises(ConfigError, match=message) as error:
        collect.import_files(lake, spec, tmp_path)
    assert "fundamentals_example.yaml" in error.value.hint


# Disclosures without a period -----------------------------------------------------------------------------------


def disclosures(ticker, closing, profits, marked=True, lag=40):
    """Quarterly cumulative profits of years that end in month ``closing``, disclosed ``lag`` days later."""
    rows = []
    for number, profit in enumerate(profits):
        months = 2021 * 12 + closing + 3 * (number + 1) - 1
        end = pl.Series([date(months // 12, months % 12 + 1, 1)]).dt.month_end()[0]
        last = number % 4 == 3
        rows.append({"t": ticker, "day": end, "p": profit, "b": 5.0 if last and marked else None})
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"b": pl.Float64})
    return frame.with_columns(day=pl.col("day").dt.offset_by(f"{lag}d"))


INFER = BASE | {
    "region": "JP",
    "columns": {"ticker": "t"},
    "knowledge": {"column": "day"},
    "periods": {"flows": "year_to_date", "infer": {"value": "net_income", "filled": ["b"]}},
    "items": {"net_income": "p"},
}
YEARS = [10.0, 22.0, 31.0, 45.0, 11.0, 25.0, 36.0, 50.0]


def infer(lake, tmp_path, *frames):
    pl.concat(frames).write_parquet(tmp_path / "own.parquet")
    return collect.import_files(lake, INFER, tmp_path)


@pytest.mark.parametrize("closing", [2, 3, 8, 12])
def test_the_rhythm_of_disclosures_tells_the_periods(lake, tmp_path, closing):
    infer(lake, tmp_path, disclosures("7203", closing, YEARS))
    found = lake.read("fundamentals", "JP").sort("available_date")
    assert found["period"].to_list() == ["Q", "6M", "9M", "FY"] * 2
    assert found["value"].to_list() == YEARS
    assert found.filter(pl.col("period") == "FY")["period_end"].dt.month().to_list() == [closing] * 2


def test_a_correction_repeats_its_own_period_and_a_late_row_has_none(lake, tmp_path):
    rows = disclosures("7203", 3, YEARS)
    again = rows[3:4].with_columns(day=pl.lit(date(2022, 8, 20)))
    late = rows[6:7].with_columns(day=pl.lit(date(2023, 1, 12)), p=pl.lit(35.0))
    done = infer(lake, tmp_path, rows, again, late)
    assert lake.read("fundamentals", "JP")["value"].sort().to_list() == sorted(YEARS)
    assert sorted(done.by_reason.rows()) == [("quarantined", "unknown_period", 1), ("superseded", "repeated row", 1)]


def test_a_company_whose_rows_leave_a_doubt_is_not_placed(lake, tmp_path):
    flat = disclosures("7203", 3, [5.0, -3.0, 4.0, -2.0, 3.0, -5.0, 2.0, -4.0], marked=False)
    few = disclosures("7204", 3, YEARS[:2])
    done = infer(lake, tmp_path, flat, few)
    assert done.by_reason.rows() == [("quarantined", "unknown_period", 10)]
