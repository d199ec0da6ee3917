"""The lake as it might have been: what was known stays as it is, everything later is altered, nothing is written."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.errors import ConfigError, LakeError
from workbench.lake import Lake
from workbench.lake.altering import DAY, INPUTS
from workbench.lake.whatif import Alteration, Held, close_of
from workbench.schemas import TABLES

MOMENT = close_of("KR", date(2024, 9, 10))
ITEMS = ("net_income_ttm", "total_equity", "shares_outstanding")
LATER = ("cut off", "scrambled", "revised")
#: What a panel shows of each input that is scrambled.
SEEN = {
    "ohlcv.open/high/low/close": "close",
    "ohlcv.volume/turnover": "volume",
    "fundamentals.value": "net_income_ttm",
    "shares.shares_outstanding": "shares_outstanding",
    "actions.split": "split_factor",
    "actions.dividend": "total_factor",
    "tickers.listed_date": "member",
    "tickers.delisted_date": "member",
    "attributes.value": "sectors",
    "memberships.valid_from/valid_to": "member",
    "fx.usd_per_unit": "close",
}


@pytest.fixture(scope="module")
def folder(tiny_lake_folder, tmp_path_factory):
    """The tiny lake with an index, and with late ends and late splits of Korean shares."""
    lake = Lake(tiny_lake_folder).clone(tmp_path_factory.mktemp("whatif") / "lake")
    lake = Lake(lake.root)
    codes = lake.sql("SELECT DISTINCT ticker FROM ohlcv WHERE region = 'KR' ORDER BY 1")["ticker"].to_list()
    later = MOMENT.day + timedelta(days=30)
    stays = {"index": "TINY", "ticker": [f"KR:{code}" for code in codes[:12]], "valid_from": date(2020, 1, 2)}
    stays = pl.DataFrame(stays).with_columns(
        valid_from=pl.when(pl.int_range(pl.len()) < 9).then("valid_from").otherwise(pl.lit(later)),
        valid_to=pl.lit(None, dtype=pl.Date),
        source=pl.lit("test"),
    )
    lake.publish("memberships", stays)
    split = {"region": "KR", "ticker": codes, "ex_date": later, "kind": "split", "value": 2.0, "source": "test"}
    lake.publish("actions", pl.DataFrame(split).with_columns(currency=pl.lit(None, dtype=pl.String)), region="KR")
    listings = lake.read("tickers", "KR").with_columns(
        delisted_date=pl.when(pl.col("ticker").is_in(codes[1:6])).then(pl.lit(later)).otherwise("delisted_date"),
    )
    lake.publish("tickers", listings, region="KR")
    sectors = lake.read("attributes", "KR").filter(pl.col("kind") == "sector").unique("ticker", maintain_order=True)
    lake.publish("attributes", sectors.with_columns(valid_from=pl.lit(later), valid_to=pl.lit(None)), region="KR")
    return lake.root


@pytest.fixture
def lake(folder):
    return Lake(folder)


def panel(lake, **asked):
    asked = {"start": "2024-06-03", "end": "2025-12-30", "items": ITEMS, "currency": "USD"} | asked
    return lake.panel(asked.pop("regions", "KR"), **asked)


def shown(found, name):
    """An array of a panel by date and column label, NaN where there is none."""
    if name == "sectors":
        return np.array([found.sector_at(row) for row in range(len(found.dates))], dtype=object)
    return np.asarray(getattr(found, name) if hasattr(found, name) else found[name])


def moved(one, other, name):
    """First date on which two panels differ, None where they agree on all common dates."""
    rows = np.isin(one.dates, other.dates)
    both = [label for label in one.tickers if label in other.tickers]
    first, second = (shown(each, name)[:, [each.tickers.index(label) for label in both]] for each in (one, other))
    first = first[rows]
    same = (first == second) | ((first != first) & (second != second))
    at = np.flatnonzero(~same.all(axis=1))
    return one.dates[rows][at[0]].item() if len(at) else None


def test_another_region_is_known_only_if_it_closes_earlier():
    assert MOMENT.known == {
        "KR": date(2024, 9, 10), "JP": date(2024, 9, 10),  # Tokyo closed half an hour earlier then
        "US": date(2024, 9, 9), "CN": date(2024, 9, 9), "HK": date(2024, 9, 9), "VN": date(2024, 9, 9),
    }  # fmt: skip
    assert set(close_of("US", date(2024, 9, 10)).known.values()) == {date(2024, 9, 10)}
    same_minute = close_of("KR", date(2025, 9, 10)).known["JP"]
    assert same_minute == date(2025, 9, 9)


@pytest.mark.parametrize("kind", LATER)
@pytest.mark.parametrize("table", sorted(set(INPUTS.values())))
def test_known_rows_stay_and_later_ones_are_altered(lake, kind, table):
    other = lake.what_if(Alteration(kind, MOMENT))
    before, after = lake.read(table), other.read(table)
    if table == "fx":
        instant = MOMENT.instant
        assert after.filter(pl.col("fixed_at") < instant).equals(before.filter(pl.col("fixed_at") < instant))
    else:
        known = pl.col(DAY[table]) <= MOMENT.day - timedelta(days=1)
        ends = [
            name for name in ("valid_to", "delisted_date", "delisting_reason", "successor") if name in before.columns
        ]
        kept = [frame.filter(known).drop(ends) for frame in (before, after)]
        assert kept[0].height > 0
        assert kept[1].equals(kept[0])
    if not (kind == "revised" and table in ("ohlcv", "fx", "indexes")):
        assert not after.equals(before), "nothing was altered"


@pytest.mark.parametrize("kind", LATER)
@pytest.mark.parametrize("regions", ["KR", ("KR", "US")])
def test_no_panel_moves_at_or_before_the_moment(lake, kind, regions):
    honest, other = panel(lake, regions=regions), panel(lake.what_if(Alteration(kind, MOMENT)), regions=regions)
    names = ("close", "volume", *ITEMS, "split_factor", "total_factor", "member", "traded", "breaks", "sectors")
    first = {name: moved(honest, other, name) for name in names}
    assert all(day is None or day > min(MOMENT.known[region] for region in ("KR", "US")) for day in first.values()), (
        first
    )
    if regions == "KR":
        assert all(day is None or day > MOMENT.day for day in first.values()), first


@pytest.mark.parametrize("name", sorted(SEEN))
def test_a_panel_reacts_to_every_input(lake, name):
    universe = "TINY" if name.startswith("memberships") else None
    other = lake.what_if(Alteration("scrambled", MOMENT, only=(name,)))
    first = moved(panel(lake, universe=universe), panel(other, universe=universe), SEEN[name])
    assert first is not None
    assert first > MOMENT.day


@pytest.mark.parametrize("name", ["ohlcv.open/high/low/close", "fundamentals.value", "shares.shares_outstanding"])
def test_the_past_can_be_altered_instead(lake, name):
    first = moved(panel(lake), panel(lake.what_if(Alteration("past", MOMENT, only=(name,)))), SEEN[name])
    assert first is not None
    assert first <= MOMENT.day


def test_universes_by_rule_and_indexes_react(lake):
    from workbench.lake import Universe

    for universe in ("TINY", Universe(largest=5), Universe(most_traded=5), Universe(sector=("Energy", "Materials"))):
        first = moved(
            panel(lake, universe=universe),
            panel(lake.what_if(Alteration("scrambled", MOMENT)), universe=universe),
            "member",
        )
        assert first is None or first > MOMENT.day, universe
    other = lake.what_if(Alteration("past", MOMENT, only=("shares.shares_outstanding",)))
    assert moved(panel(lake, universe=Universe(largest=5)), panel(other, universe=Universe(largest=5)), "member")


def test_what_comes_later_on_the_same_date_is_altered_alone(lake):
    other = lake.what_if(Alteration("shifted", MOMENT))
    before, after = lake.read("ohlcv"), other.read("ohlcv")
    changed = before.join(after, on=["region", "ticker", "date"], how="anti", nulls_equal=True)
    values = before.join(after, on=["region", "ticker", "date"]).filter(pl.col("close") != pl.col("close_right"))
    touched = pl.concat([changed.select("region", "date"), values.select("region", "date")]).unique()
    assert set(touched["date"]) == {MOMENT.day}
    assert "KR" not in touched["region"]
    assert "US" in touched["region"]


def test_one_item_can_be_altered_alone(lake):
    other = lake.what_if(Alteration("revised", MOMENT, only=("fundamentals.net_income",)))
    honest, altered = panel(lake), panel(other)
    assert moved(honest, altered, "net_income_ttm") > MOMENT.day
    assert moved(honest, altered, "total_equity") is None
    with pytest.raises(ConfigError, match="no input 'closes'"):
        Alteration("cut off", MOMENT, only=("closes",))


def test_codes_are_kept_and_gaps_are_made(lake):
    codes = tuple(sorted(lake.read("ohlcv", "KR")["ticker"].unique()))
    day = MOMENT.day
    other = lake.what_if(Alteration(keep={"KR": codes[:10]}, gaps=(day,)))
    assert set(other.read("tickers", "KR")["ticker"]) <= set(codes[:10])
    assert other.read("tickers", "US").equals(lake.read("tickers", "US"))
    gone = lake.read("ohlcv", start=day, end=day).height - other.read("ohlcv", start=day, end=day).height
    assert gone > 10
    assert other.read("ohlcv", "KR", start=day + timedelta(days=1)).height == (
        lake.read("ohlcv", "KR", start=day + timedelta(days=1), tickers=codes[:10]).height
    )


@pytest.mark.parametrize("kind", ["as it is", *LATER, "shifted", "past"])
def test_tables_in_memory_give_the_same_worlds(lake, kind):
    codes = tuple(sorted(lake.read("ohlcv", "KR")["ticker"].unique()))[:10]
    chosen = {"keep": {"KR": codes}, "gaps": (MOMENT.day,)}
    held = Held(lake.what_if(Alteration(**chosen)))
    from_files = lake.what_if(Alteration(kind, MOMENT, 3, **chosen))
    first, second = (lake.what_if(Alteration(kind, MOMENT, 3), held) for _ in range(2))
    for table in sorted(set(INPUTS.values())):
        assert first.read(table).equals(from_files.read(table)), table
    one, other, again = panel(from_files), panel(first), panel(second)
    for name in ("close", "volume", *ITEMS, "member", "sectors"):
        assert moved(one, other, name) is None, name
        assert moved(other, again, name) is None, name
    assert lake.what_if(Alteration()).read("technicals").equals(first.read("technicals"))


def test_it_is_the_same_each_time_and_another_with_another_seed(lake):
    first, again, other = (
        lake.what_if(Alteration("scrambled", MOMENT, seed)).read("ohlcv", "KR", columns=("ticker", "date", "close"))
        for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_reading_and_sql_show_the_same_lake(lake):
    other = lake.what_if(Alteration("revised", MOMENT))
    for table in ("actions", "tickers", "fundamentals"):
        keys = TABLES[table].key
        assert other.sql(f"SELECT * FROM {table}").select(keys).sort(keys).equals(other.read(table).select(keys))
    assert other.sources("KR") == lake.sources("KR")


def test_stored_results_are_no_inputs(folder, tmp_path):
    lake = Lake(Lake(folder).clone(tmp_path / "lake").root)
    row = {"region": "KR", "ticker": "000010", "date": MOMENT.day - timedelta(days=9)}
    schema = {**TABLES["technicals"].columns}
    lake.publish("technicals", pl.DataFrame([row], schema=schema), region="KR")
    assert lake.read("technicals").height == 1
    other = lake.what_if(Alteration())
    assert other.read("technicals").is_empty()
    assert other.sql("SELECT * FROM technicals").is_empty()


@pytest.mark.parametrize(
    "way",
    [
        lambda lake: lake.live(),
        lambda lake: lake.at("2030-01-01"),
        lambda lake: lake.files("ohlcv"),
        lambda lake: lake.delta("ohlcv"),
        lambda lake: lake.clone(lake.root.parent / "copy"),
        lambda lake: lake.publish("trials", TABLES["trials"].empty()),
        lambda lake: lake.compact(),
    ],
)
def test_there_is_no_way_round_it(lake, way):
    with pytest.raises(LakeError):
        way(lake.what_if(Alteration("cut off", MOMENT)))


def test_a_moment_is_needed_and_must_be_a_session():
    with pytest.raises(ConfigError, match="needs a moment"):
        Alteration("cut off")
    with pytest.raises(ConfigError, match="cannot be altered by 'deleted'"):
        Alteration("deleted", MOMENT)
    with pytest.raises(ConfigError, match="no session of KR"):
        close_of("KR", date(2024, 9, 8))
