"""Codes, spells, ends and sectors of the invented companies."""

from __future__ import annotations

import re
from datetime import date, timedelta

import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import Request
from workbench.adapters.sample import Sample, SampleSpec
from workbench.adapters.sample.profiles import SECTORS, profile
from workbench.errors import ConfigError
from workbench.settings import REGIONS


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample("tiny")


def listing(sample: Sample, region: str) -> pl.DataFrame:
    return sample.fetch("tickers", Request(region)).frame


@pytest.mark.parametrize("region", REGIONS)
def test_codes_are_in_the_regions_form(sample: Sample, region: str) -> None:
    frame = listing(sample, region)
    assert frame["ticker"].n_unique() == 20
    assert all(markets.normalize_code(region, code) == code for code in frame["ticker"])
    assert set(frame["exchange"]) <= set(markets.get(region).mics)
    assert set(frame["currency"]) == {markets.get(region).currency} == {profile(region).currency}
    assert frame["name"].n_unique() == frame["issuer_id"].n_unique() == frame.height


def test_full_has_the_promised_numbers_and_enough_codes() -> None:
    from workbench.adapters.sample.companies import make_companies
    from workbench.adapters.sample.timeline import timeline

    spec = SampleSpec("full")
    codes = {}
    for region in REGIONS:
        companies = make_companies(spec, region, timeline(spec, region))
        codes[region] = len({company.code for company in companies})
        assert len({company.name for company in companies}) == len(companies)
    assert codes == {"KR": 2758, "US": 3000, "CN": 1500, "HK": 800, "JP": 700, "VN": 150}
    assert sum(codes.values()) == 8908


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_every_kind_of_end(sample: Sample, region: str) -> None:
    frame = listing(sample, region)
    ended = frame.filter(pl.col("delisted_date").is_not_null())
    assert {"bankruptcy", "audit_opinion"} & set(ended["delisting_reason"])
    bought = ended.filter(pl.col("delisting_reason").is_in(["acquired", "merged"]))
    assert bought.height >= 2
    assert set(bought["successor"]) <= set(frame.filter(pl.col("delisted_date").is_null())["ticker"])
    begin = sample.first_date(region)
    assert frame.filter(pl.col("listed_date") > begin).height >= 3
    assert (
        frame.filter(pl.col("delisted_date").is_null())["delisting_reason"].null_count() == frame.height - ended.height
    )


@pytest.mark.parametrize("region", REGIONS)
def test_a_code_is_used_again_by_another_company(sample: Sample, region: str) -> None:
    frame = listing(sample, region)
    code = frame.filter(pl.col("spell") == 2)["ticker"].item()
    first, second = frame.filter(pl.col("ticker") == code).sort("spell").to_dicts()
    assert first["delisted_date"] < second["listed_date"]
    assert first["issuer_id"] != second["issuer_id"]
    assert first["name"] != second["name"]
    fetched = sample.fetch("ohlcv", Request(region, (code,)))
    between = fetched.frame.filter(
        pl.col("date").is_between(first["delisted_date"], second["listed_date"], closed="left")
    )
    assert between.is_empty()
    gap = next(item for item in fetched.absent if item.start == first["delisted_date"])
    assert (gap.reason, gap.end) == ("delisted", second["listed_date"] - timedelta(days=1))
    assert fetched.frame["date"].max() == sample.last_date(region) or fetched.absent[-1].reason == "suspended"


@pytest.mark.parametrize("region", REGIONS)
def test_the_last_bar_is_before_the_delisting_and_holders_are_paid_that_day(sample: Sample, region: str) -> None:
    bars, paid = sample.fetch("ohlcv", Request(region)).frame, sample.fetch("actions", Request(region)).frame
    paid = paid.filter(pl.col("kind") == "delisting_proceeds")
    ended = listing(sample, region).filter(pl.col("delisted_date").is_not_null())
    assert paid.height == ended.height
    for row in ended.iter_rows(named=True):
        before = bars.filter((pl.col("ticker") == row["ticker"]) & (pl.col("date") < row["delisted_date"]))
        last = before.sort("date").tail(1).row(0, named=True)
        assert last["date"] == markets.previous_session(region, row["delisted_date"])
        value = paid.filter((pl.col("ticker") == row["ticker"]) & (pl.col("ex_date") == row["delisted_date"]))[
            "value"
        ].item()
        if row["delisting_reason"] in ("acquired", "merged"):
            assert 0.98 * last["close"] < value < 1.03 * last["close"]
        else:
            assert value < 0.31 * last["close"]
            assert last["close"] < 0.6 * before["close"][-45]


def test_what_comes_after_today_is_not_known() -> None:
    late, early = Sample("tiny"), Sample("tiny", today=date(2024, 7, 1))
    for region in ("KR", "US"):
        now, then = listing(late, region), listing(early, region)
        assert then["listed_date"].max() <= date(2024, 7, 1) < now["listed_date"].max()
        assert then.height < now.height
        kept = now.filter(pl.col("listed_date") <= date(2024, 7, 1))
        hidden = kept.filter(pl.col("delisted_date") > date(2024, 7, 1))["ticker"].to_list()
        assert hidden
        assert then.filter(pl.col("ticker").is_in(hidden))["delisted_date"].null_count() >= len(set(hidden))
        for table, column in (("actions", "ex_date"), ("fundamentals", "available_date"), ("shares", "available_date")):
            assert early.fetch(table, Request(region)).frame[column].max() <= date(2024, 7, 1)
        assert early.fetch("ohlcv", Request(region)).frame["date"].max() == early.last_date(region)


def test_a_code_is_unknown_until_its_listing(sample: Sample) -> None:
    late = listing(sample, "KR").filter((pl.col("listed_date") > sample.first_date("KR")) & (pl.col("spell") == 1))
    code, listed = late["ticker"][0], late["listed_date"][0]
    eve = Sample("tiny", today=listed - timedelta(days=1))
    assert [item.reason for item in eve.fetch("ohlcv", Request("KR", (code,))).absent] == ["not_covered"]
    assert eve.fetch("tickers", Request("KR", (code,))).absent[0].reason == "not_covered"
    there = Sample("tiny", today=listed).fetch("ohlcv", Request("KR", (code,)))
    assert there.frame["date"].to_list() == [listed]
    assert [item.reason for item in there.absent] == ["not_listed_yet"]


@pytest.mark.parametrize("region", REGIONS)
def test_sectors_are_gics_and_someone_changes(sample: Sample, region: str) -> None:
    frame = sample.fetch("attributes", Request(region)).frame
    sectors = frame.filter(pl.col("kind") == "sector")
    assert set(sectors["value"]) <= set(SECTORS)
    assert set(frame["kind"]) == {"sector", "industry", "board"}
    boards = frame.filter(pl.col("kind") == "board")["value"].unique()
    assert {markets.check_board(region, board) for board in boards} == set(boards)
    moved = sectors.join(sectors, on="ticker").filter(
        pl.col("valid_to") + timedelta(days=1) == pl.col("valid_from_right")
    )
    assert moved.height >= 1
    for row in moved.iter_rows(named=True):
        assert row["value"] != row["value_right"]
        assert not markets.is_session(region, row["valid_to"])


def test_absences_name_the_days_before_the_market_and_after_its_last_session(sample: Sample) -> None:
    frame = listing(sample, "US")
    old = frame.filter((pl.col("listed_date") < date(2010, 1, 1)) & pl.col("delisted_date").is_null())["ticker"][0]
    asked = Request("US", (old,), date(2020, 1, 1), date(2026, 1, 9))
    found = {item.reason: item for item in sample.fetch("ohlcv", asked).absent}
    assert found["not_covered"].end == sample.first_date("US") - timedelta(days=1)
    assert (found["unknown"].start, found["unknown"].end) == (date(2025, 12, 31), date(2026, 1, 9))
    gone = frame.filter(pl.col("delisted_date").is_not_null() & (pl.col("spell") == 1))
    gone = gone.filter(~pl.col("ticker").is_in(frame.filter(pl.col("spell") == 2)["ticker"].to_list()))["ticker"][0]
    after = sample.fetch("ohlcv", Request("US", (gone,), date(2025, 12, 29), date(2026, 1, 9))).absent
    assert [(item.reason, item.end) for item in after] == [("delisted", date(2026, 1, 9))]


def test_bad_requests_name_what_is_wrong(sample: Sample) -> None:
    with pytest.raises(ConfigError, match=r"no table 'memberships'.*tickers"):
        sample.fetch("memberships", Request("KR"))
    with pytest.raises(ConfigError, match="ends on 2025-01-01, before it starts on 2025-02-01"):
        sample.fetch("ohlcv", Request("KR", None, date(2025, 2, 1), date(2025, 1, 1)))
    with pytest.raises(ConfigError, match="KR, US, CN, HK, JP, VN"):
        sample.fetch("ohlcv", Request("DE"))
    with pytest.raises(
        ConfigError,
        match=re.escape("starts on 2022-12-30; it cannot be asked on 2022-01-03. Give a today from 2023-01-13 on"),
    ):
        Sample("tiny", today="2022-01-03")
    with pytest.raises(ConfigError, match="2025-06-30"):
        Sample("tiny", today="yesterday")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "huge"}, "tiny, demo, full"),
        ({"seed": -1}, "positive integer"),
        ({"years": 1}, "between 2 and 30"),
    ],
)
def test_a_spec_states_its_bounds(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SampleSpec(**options)
