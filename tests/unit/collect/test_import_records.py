"""Files of share counts, actions, index levels, memberships, attributes and lists of tickers."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from workbench import collect, markets
from workbench.errors import ConfigError
from workbench.lake import Lake

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    monkeypatch.setenv("WORKBENCH_NOW", NOW.isoformat())


@pytest.fixture
def bring(lake, tmp_path):
    def import_rows(table, rows, again=None, **more):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame.write_parquet(folder / "own.parquet")
        region = {} if table in ("indexes", "fx") else {"region": "US"}
        spec = {"file": "own.parquet", "table": table, "source": "own", **region} | more
        done = collect.import_files(again or lake, spec, folder)
        assert done.rows_in == frame.height == done.published + done.quarantined + done.superseded
        return done

    return import_rows


def same(*names):
    return {name: name for name in names}


def test_share_counts_are_kept_where_they_change_and_known_the_next_session(lake, bring):
    days = markets.sessions("US", date(2015, 3, 2), date(2015, 3, 10))
    counts = [100.0, 100.0, 120.0, 120.0, 120.0, -1.0, 120.0]
    rows = [{"ticker": "AAA", "date": day, "n": count} for day, count in zip(days, counts, strict=True)]
    spec = {"columns": {"ticker": "ticker", "date": "date", "shares_outstanding": "n"}, "knowledge": {"column": "date"}}
    done = bring("shares", rows, **spec)
    assert sorted(done.by_reason.rows()) == [("quarantined", "non_positive", 1), ("superseded", "unchanged", 4)]
    kept = lake.read("shares", "US").select("date", "available_date", "shares_outstanding", "basis").rows()
    assert kept == [(days[0], days[1], 100.0, "outstanding"), (days[2], days[3], 120.0, "outstanding")]
    again = bring("shares", rows, **spec)
    assert (again.published, again.inserted, again.unchanged) == (2, 0, 2)
    bring("shares", [{"ticker": "AAA", "date": date(2015, 3, 20), "n": 120.0}], **spec)
    assert lake.read("shares", "US").height == 2, "the next file continues this one"


COUNTS = same("ticker", "date") | {"shares_outstanding": "n"}


def test_a_count_that_was_known_before_its_day_is_not_believed(lake, bring):
    known = [date(2015, 5, 4), date(2015, 1, 5), None, date(2015, 9, 1)]
    rows = [
        {"ticker": code, "date": date(2015, 3, 31), "n": 9.0, "k": day} for code, day in zip("ABCD", known, strict=True)
    ]
    done = bring("shares", rows, columns=COUNTS, knowledge={"column": "k", "within_days": 60})
    assert lake.read("shares", "US").select("ticker", "available_date").rows() == [("A", date(2015, 5, 5))]
    assert sorted(row[1:] for row in done.by_reason.rows()) == [("known_too_early", 1), ("unknown_knowledge", 2)]


@pytest.mark.parametrize(
    "rule", [{"month_day": "k"}, {"lag_days": {"FY": 90}}, {"lag_days": 45, "within_days": {"Q": 9}}]
)
def test_a_rule_that_says_nothing_of_a_count_is_refused(bring, rule):
    rows = [{"ticker": "A", "date": date(2015, 3, 31), "n": 9.0, "k": "05-04"}]
    with pytest.raises(ConfigError, match="shares belong to no report"):
        bring("shares", rows, columns=COUNTS, knowledge=rule)


@pytest.mark.parametrize("rule", [{"column": "k"}, {"lag_days": 5}, {"as_of": date(2015, 1, 2), "within_days": 3}])
def test_a_list_is_known_on_one_day(bring, rule):
    rows = [{"ticker": "A", "k": date(2015, 3, 31)}]
    with pytest.raises(ConfigError, match="knowledge of tickers is as_of alone"):
        bring("tickers", rows, columns=same("ticker"), knowledge=rule)


def test_a_stay_on_the_list_that_ends_before_it_begins_is_quarantined(lake, bring):
    first, last = date(2015, 3, 2), date(2015, 6, 1)
    rows = [
        {"ticker": "A", "l": last, "d": first},
        {"ticker": "B", "l": first, "d": last},
        {"ticker": "C", "l": first, "d": None},
    ]
    done = bring("tickers", rows, columns={"ticker": "ticker", "listed_date": "l", "delisted_date": "d"})
    assert done.by_reason.rows() == [("quarantined", "unknown_period", 1)]
    assert lake.read("tickers", "US")["ticker"].to_list() == ["B", "C"]


def test_actions_in_the_words_of_the_file(lake, bring):
    rows = [
        {"ticker": "NKE", "ex": date(2015, 12, 24), "what": "Split", "v": 2.0},
        {"ticker": "AAPL", "ex": date(2016, 2, 4), "what": "Cash", "v": 0.52},
        {"ticker": "AAPL", "ex": date(2016, 2, 4), "what": "Cash", "v": 0.52},
        {"ticker": "MSFT", "ex": date(2016, 2, 16), "what": "Gift", "v": 1.0},
        {"ticker": "IBM", "ex": date(2016, 2, 8), "what": "Cash", "v": 0.0},
    ]
    columns = {"ticker": "ticker", "ex_date": "ex", "kind": "what", "value": "v"}
    done = bring("actions", rows, columns=columns, values={"kind": {"Split": "split", "Cash": "dividend"}})
    assert sorted(done.by_reason.rows()) == [
        ("quarantined", "non_positive", 1),
        ("quarantined", "unknown_value", 1),
        ("superseded", "repeated row", 1),
    ]
    found = lake.read("actions", "US").select("ticker", "kind", "value", "currency").rows()
    assert found == [("AAPL", "dividend", 0.52, "USD"), ("NKE", "split", 2.0, None)]


def test_index_levels_with_repeated_empty_and_contradicting_days(lake, bring):
    days = [date(1970, 1, 2), date(1970, 1, 5), date(1970, 1, 5), date(1970, 1, 6), date(1970, 1, 7), date(1970, 1, 7)]
    rows = [
        {"index": "SP500", "date": day, "level": level}
        for day, level in zip(days, [93.0, 93.5, 93.5, None, 92.0, 92.9], strict=True)
    ]
    rows += [
        {"index": "SP500", "date": date(2027, 1, 4), "level": 1.0},
        {"index": "SP500", "date": date(1970, 1, 8), "level": 0.0},
    ]
    done = bring("indexes", rows, columns=same("index", "date", "level"), currencies={"SP500": "USD"})
    assert sorted(done.by_reason.rows()) == [
        ("quarantined", "closed_day", 1),
        ("quarantined", "duplicate_conflict", 2),
        ("quarantined", "missing_value", 1),
        ("quarantined", "non_positive", 1),
        ("superseded", "repeated row", 1),
    ]
    assert lake.read("indexes").select("date", "level", "currency").rows() == [
        (days[0], 93.0, "USD"),
        (days[1], 93.5, "USD"),
    ]
    assert lake.read("quarantine", "US")["ticker"].unique().to_list() == ["SP500"]


def test_members_of_an_index_and_what_the_end_of_a_stay_means(lake, bring):
    rows = [
        {"ticker": "FB", "a": date(2013, 12, 23), "b": date(2022, 6, 9)},
        {"ticker": "META", "a": date(2022, 6, 9), "b": None},
        {"ticker": "OLD", "a": date(2022, 6, 9), "b": date(2022, 6, 9)},
    ]
    columns = {"ticker": "ticker", "valid_from": "a", "valid_to": "b"}
    done = bring("memberships", rows, columns=columns, constants={"index": "SP500"}, end_is="first_day_out")
    assert done.by_reason.rows() == [("quarantined", "unknown_period", 1)]
    found = lake.read("memberships").select("index", "ticker", "valid_to").rows()
    assert found == [("SP500", "US:FB", date(2022, 6, 8)), ("SP500", "US:META", None)]


def test_a_current_sector_is_known_from_today_and_a_change_ends_it(lake, bring, monkeypatch):
    spec = {"columns": same("ticker"), "attributes": {"sector": "s", "industry": "i"}}
    rows = [
        {"ticker": "AAA", "s": "Energy", "i": "Oil"},
        {"ticker": "BBB", "s": "Colour", "i": None},
        {"ticker": "CCC", "s": None, "i": None},
    ]
    done = bring("attributes", rows, **spec)
    assert sorted(done.by_reason.rows()) == [("quarantined", "unknown_value", 1), ("superseded", "no value", 1)]
    monkeypatch.setenv("WORKBENCH_NOW", "2026-03-02T09:00:00+00:00")
    versions = lake.tables()
    bring("attributes", rows, **spec)
    assert lake.tables()["attributes"] == versions["attributes"], "what goes on is no new value"
    bring("attributes", [{"ticker": "AAA", "s": "Materials", "i": "Oil"}], **spec)
    found = (
        lake.read("attributes", "US")
        .sort("kind", "valid_from")
        .select("kind", "value", "valid_from", "valid_to")
        .rows()
    )
    assert found == [
        ("industry", "Oil", NOW.date(), None),
        ("sector", "Energy", NOW.date(), date(2026, 3, 1)),
        ("sector", "Materials", date(2026, 3, 2), None),
    ]


SEEN = same("ticker", "name", "first_seen", "last_seen")
FIRST, LAST = date(2015, 4, 1), date(2017, 3, 3)


def seen(ticker, name, first=FIRST, last=LAST):
    return {"ticker": ticker, "name": name, "first_seen": first, "last_seen": last}


def listing(lake, *names):
    return lake.read("tickers", "US").sort("ticker", "spell").select(*names).rows()


def test_a_reused_code_is_two_spells_and_a_new_name_is_none(lake, bring):
    rows = [
        seen("ACN", "Accenture plc.", last=date(2016, 3, 1)),
        seen("ACN", "Accenture plc", first=date(2016, 3, 2)),
        seen("BLVD", "First Acquisition", last=date(2015, 7, 3)),
        seen("BLVD", "Second Acquisition", first=date(2015, 12, 1)),
        seen("GAP", "Same Company", last=date(2015, 7, 3)),
        seen("GAP", "Same Company", first=date(2015, 12, 1)),
    ]
    done = bring("tickers", rows, columns=SEEN, spells={"gap_days": 62}, ended={"after_days": 45})
    assert done.by_reason.rows() == [("superseded", "earlier name", 2)]
    assert listing(lake, "ticker", "spell", "name", "listed_date", "delisted_date", "delisting_reason") == [
        ("ACN", 1, "Accenture plc", None, None, None),
        ("BLVD", 1, "First Acquisition", None, date(2015, 8, 17), "ended"),
        ("BLVD", 2, "Second Acquisition", date(2015, 12, 1), None, None),
        ("GAP", 1, "Same Company", None, None, None),
    ]


@pytest.mark.parametrize(("as_", "day"), [("open", None), ("delisted", date(2016, 3, 17))])
def test_leaving_a_list_is_a_delisting_only_if_the_rule_says_so(lake, bring, as_, day):
    rows = [seen("AAA", "Stays"), seen("BBB", "Leaves", first=date(2015, 6, 1), last=date(2016, 2, 1))]
    bring("tickers", rows, columns=SEEN, ended={"after_days": 45, "as": as_})
    found = listing(lake, "ticker", "listed_date", "delisted_date", "delisting_reason")
    assert found == [("AAA", None, None, None), ("BBB", date(2015, 6, 1), day, "ended")]


def test_a_list_brings_attributes_members_and_share_counts_of_its_day(lake, bring):
    rows = [
        {"ticker": "AAA", "industry": "Software", "top": True, "n": 10.0},
        {"ticker": "1-2", "industry": "Index", "top": False, "n": None},
    ]
    spec = {
        "columns": same("ticker"),
        "attributes": {"industry": "industry"},
        "industries": "yahoo",
        "members_of": {"TOP": "top"},
        "shares": "n",
        "ticker": {"strict": True},
        "knowledge": {"as_of": date(2024, 6, 28)},
    }
    done = bring("tickers", rows, **spec)
    assert done.by_reason.rows() == [("quarantined", "unknown_code", 1)]
    assert done.tables == {"tickers": 1, "attributes": done.tables["attributes"], "memberships": 1, "shares": 1}
    assert set(lake.read("attributes", "US")["valid_from"]) == {date(2024, 6, 28)}
    assert lake.read("shares", "US").select("date", "available_date").rows() == [(date(2024, 6, 28), date(2024, 7, 1))]
    members = {"members_of": {"TOP": "top"}, "knowledge": {"as_of": date(2024, 9, 30)}, "columns": same("ticker")}
    bring("tickers", [{"ticker": "BBB", "top": True}, {"ticker": "AAA", "top": False}], **members)
    assert lake.read("memberships").select("ticker", "valid_from", "valid_to").rows() == [
        ("US:AAA", date(2024, 6, 28), date(2024, 9, 29)),
        ("US:BBB", date(2024, 9, 30), None),
    ]


def test_a_list_explains_the_sessions_of_tickers_without_bars_and_moves_no_listing(lake, tmp_path, bring):
    days = markets.sessions("US", date(2015, 3, 20), date(2015, 6, 30))
    bars = pl.DataFrame({"ticker": "AAA", "date": days}).with_columns(close=pl.lit(10.0))
    (tmp_path / "bars").mkdir()
    bars.write_parquet(tmp_path / "bars" / "p.parquet")
    prices = {"file": "p.parquet", "region": "US", "source": "own", "columns": same("ticker", "date", "close")}
    collect.import_files(lake, prices | {"asset_type": "adr"}, tmp_path / "bars")
    rows = [seen("AAA", "A", first=date(2015, 5, 1)), seen("BBB", "B", first=date(2015, 5, 1)), seen("CCC", "C")]
    bring("tickers", rows, columns=SEEN, asset_type="stock")
    assert listing(lake, "ticker", "listed_date", "asset_type") == [
        ("AAA", days[0], "adr"),
        ("BBB", date(2015, 5, 1), "stock"),
        ("CCC", None, "stock"),
    ]
    assert collect.unexplained(lake, "US").is_empty()
    assert set(lake.read("gaps", "US")["ticker"]) == {"BBB", "CCC"}


def test_averages_of_months_are_known_at_their_end_and_yield_to_daily_rates(lake, bring):
    columns = same("pair", "date", "close")
    daily = [{"pair": "USDKRW", "date": date(2015, 2, day), "close": 1100.0} for day in (2, 3, 27)]
    bring("fx", daily, columns=columns, source="daily")
    months = [{"pair": "South Korea", "date": date(2015, month, 1), "close": 1100.0} for month in (1, 2, 3)]
    spec = {"columns": columns, "values": {"pair": {"South Korea": "KRW"}}, "fix": {"covers": "month"}}
    bring("fx", months, again=Lake(lake.root.with_name("alone")), **spec)
    alone = Lake(lake.root.with_name("alone")).read("fx")
    assert alone.select("date", "fixed_at").rows()[0] == (date(2015, 1, 31), datetime(2015, 2, 1, tzinfo=UTC))
    bring(
        "fx", [*daily, {"pair": "USDKRW", "date": date(2015, 3, 2), "close": 1100.0}], columns=columns, source="daily"
    )
    done = bring("fx", months, **spec, yield_to=["daily"])
    assert done.by_reason.rows() == [("superseded", "a better source has these days", 1)]
    assert lake.read("fx").filter(pl.col("source") == "own")["date"].to_list() == [date(2015, 1, 31), date(2015, 3, 31)]


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("shares", {"columns": {"ticker": "t", "date": "d", "shares_outstanding": "n"}}, "shares need knowledge"),
        ("attributes", {"columns": {"ticker": "t"}}, "must map a kind"),
        ("tickers", {"columns": {"ticker": "t"}, "spells": {"gap_days": 5}}, "spells needs the columns"),
        ("tickers", {"columns": {"ticker": "t"}, "industries": "sic"}, "needs the kind industry"),
        ("indexes", {"columns": {"index": "i", "date": "d", "level": "l"}, "region": "US"}, "leave region out"),
        ("memberships", {"columns": {"ticker": "t", "valid_from": "a"}}, "missing: index"),
        ("actions", {"columns": {"ticker": "t", "ex_date": "d", "kind": "k"}}, "missing: value"),
        ("tickers", {"columns": {"ticker": "t"}, "ended": {"as": "gone"}}, "ended.as"),
    ],
)
def test_a_wrong_specification_names_the_example_to_compare_with(bring, table, change, message):
    with pytest.raises(ConfigError, match=message) as error:
        bring(table, [{"t": "AAA"}], **change)
    assert "listings_example.yaml" in error.value.hint
