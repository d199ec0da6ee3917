"""Which tickers are asked for, how often, and what one region asks for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import polars as pl
import pytest
from fake_provider import CODES, SESSIONS, Fake, chains

from workbench import collect, settings
from workbench.collect import Chain, Chains
from workbench.collect.order import load_order

KINDS = dict(zip(CODES, ("stock", "warrant", "adr", "warrant"), strict=True))
WANTED = ("stock", "adr")


def provider(*tables: str, today: date = SESSIONS[-1]) -> Fake:
    made = Fake("one", today=today, tables=("tickers", "ohlcv", *tables))
    made.whole = frozenset({"tickers", "fx"})
    made.types = dict(KINDS)
    return made


def tickers_asked(one: Fake, table: str) -> set[str]:
    return {code for request in one.asked(table) for code in request.tickers}


def order_of(monkeypatch, folder, asset_types: str) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(folder))
    (folder / "params" / "collection").mkdir(parents=True, exist_ok=True)
    (folder / "params" / "collection" / "us.yaml").write_text(f"asset_types: [{asset_types}]\n")


def test_kinds_that_the_order_leaves_out_are_listed_and_not_asked_by_ticker(lake, tmp_path, monkeypatch):
    one = provider("shares", "fundamentals", "actions", "attributes")
    done = collect.collect(lake, "US", chains(one, asset_types=WANTED))
    assert set(lake.read("tickers", "US")["ticker"]) == set(CODES)
    for table in ("shares", "fundamentals", "actions", "attributes", "ohlcv"):
        assert tickers_asked(one, table) == {"AAA", "CCC"}, table
    assert "Listed, and not asked by ticker: 2 warrant (asset_types of the region's order)." in done.notes
    order_of(monkeypatch, tmp_path, "stock, adr")
    assert collect.unexplained(lake, "US").is_empty()
    order_of(monkeypatch, tmp_path, "")
    assert set(collect.unexplained(lake, "US")["ticker"]) == {"BBB", "DDD"}, "all kinds are wanted now"


def test_a_kind_that_is_wanted_later_is_asked_from_the_beginning(lake):
    one = provider("shares")
    collect.collect(lake, "US", chains(one, asset_types=WANTED))
    one.calls = []
    collect.collect(lake, "US", chains(one))
    assert tickers_asked(one, "shares") == tickers_asked(one, "ohlcv") == {"BBB", "DDD"}
    assert {request.start for request in one.asked("ohlcv")} == {SESSIONS[0]}
    assert collect.unexplained(lake, "US").is_empty()


def test_holes_in_a_kind_that_was_collected_once_stay_named(lake, tmp_path, monkeypatch):
    one = provider(today=SESSIONS[-2])
    collect.collect(lake, "US", chains(one))
    one.today = SESSIONS[-1]
    collect.collect(lake, "US", chains(one, asset_types=WANTED))
    order_of(monkeypatch, tmp_path, "stock, adr")
    assert set(collect.unexplained(lake, "US").rows()) == {("BBB", SESSIONS[-1]), ("DDD", SESSIONS[-1])}


def test_a_ticker_whose_kind_nobody_says_is_asked(lake):
    one = provider()
    one.types = {"AAA": "warrant"}
    collect.collect(lake, "US", chains(one, asset_types=("stock",)))
    assert tickers_asked(one, "ohlcv") == {"BBB", "CCC", "DDD"}


@pytest.mark.parametrize("region", settings.REGIONS)
def test_the_orders_leave_out_what_is_no_share_of_a_company(region):
    order = load_order(region)
    assert {"stock", "preferred", "adr", "reit", "spac"} <= set(order.asset_types)
    assert not {"warrant", "unit", "right", "etn", "note"} & set(order.asset_types)
    days = {table: section.every_days for table, section in order.tables().items()}
    assert (days["fundamentals"], days["shares"], days["attributes"]) == (7, 7, 30)
    assert {days["tickers"], days["ohlcv"], days["actions"]} == {1}


def test_a_table_of_a_call_a_ticker_is_asked_again_after_the_days_of_its_order(lake):
    one = provider("shares", today=date(2024, 3, 1))
    for day, calls in ((0, 2), (6, 2), (7, 4), (13, 4), (20, 6)):
        one.today = date(2024, 3, 1) + timedelta(days=day)
        collect.collect(lake, "US", chains(one, every_days={"shares": 7, "tickers": 7}))
        assert len(one.asked("shares")) == calls, day
    assert len(one.asked("tickers")) == 5, "what is asked for all at once is asked each day"


def test_a_ticker_that_is_new_does_not_wait(lake):
    one = provider("shares")
    one.today, one.codes = SESSIONS[-2], CODES[:2]
    collect.collect(lake, "US", chains(one, every_days={"shares": 30}))
    one.today, one.codes, one.calls = SESSIONS[-1], CODES, []
    collect.collect(lake, "US", chains(one, every_days={"shares": 30}))
    assert tickers_asked(one, "shares") == {"CCC", "DDD"}


class Bank(Fake):
    """Rates that do not depend on the region that asks; the last session differs by region."""

    def __init__(self) -> None:
        super().__init__("bank", tables=("fx",))
        self.last = {"US": SESSIONS[-2], "KR": SESSIONS[-1]}
        self.whole = frozenset({"fx"})
        instant = datetime(2024, 4, 29, tzinfo=UTC)
        self.rates = [{"currency": "KRW", "date": date(2024, 4, 29), "usd_per_unit": 1 / 1300, "fixed_at": instant}]

    @property
    def offers(self) -> dict[str, frozenset[str]]:
        return {"fx": frozenset(self.last)}

    def last_date(self, region: str) -> date:
        return self.last[region]

    def fetch(self, table, request):
        self.rows["fx"] = [row | {"source": self.name} for row in self.rates]
        return super().fetch(table, request)


def bank_chains(bank: Fake, region: str) -> Chains:
    return Chains(region, {"fx": Chain("fx", (bank,))})


@pytest.mark.parametrize("regions", [("US", "KR"), ("KR", "US")])
def test_rates_are_asked_once_for_all_regions(lake, regions):
    bank = Bank()
    for region in regions:
        done = collect.collect(lake, region, bank_chains(bank, region))
        assert done.errors == {}
    assert len(bank.calls) == 1
    assert lake.read("fx").height == 1


def test_rates_are_asked_once_by_regions_that_collect_at_the_same_time(lake):
    bank, together = Bank(), Barrier(2)

    def one(region: str) -> None:
        together.wait()
        collect.collect(lake, region, bank_chains(bank, region))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ("US", "KR")))
    assert len(bank.calls) == 1
    assert lake.read("coverage").filter(pl.col("table") == "fx").height == 1
