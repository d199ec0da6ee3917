"""What every provider must keep; a provider's test class inherits it and says how to make one.

class TestMine(AdapterContract):
    regions = ("US",)

    def make(self) -> Adapter:
        return Mine(...)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from local_server import LocalServer
from world import AFTER_THE_END, World, world

from workbench import journal, markets
from workbench.adapters.base import REASONS, Adapter, Fetched, Listing, Request
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unreachable
from workbench.schemas import TABLES


def weekend_before(day: date) -> tuple[date, date]:
    """Saturday and Sunday of the last weekend before ``day``."""
    sunday = day - timedelta(days=day.isoweekday())
    return sunday - timedelta(days=1), sunday


def rows_of(fetched: Fetched) -> pl.DataFrame:
    """The rows without the instant of collection, which may differ between two requests."""
    frame = fetched.frame
    return frame.drop("collected_at") if "collected_at" in frame.columns else frame


class AdapterContract:
    """Inherited by the test class of each provider."""

    #: Regions that are tested; keep them few where making data takes long.
    regions: tuple[str, ...] = ()
    #: A code that no listing of the provider has.
    unknown = "ZZZZZ9"
    #: Sessions before the last one that the tests look at.
    window = 120

    def make(self) -> Adapter:
        """A fresh adapter."""
        raise AssertionError("the inheriting class makes the adapter")

    @pytest.fixture
    def adapter(self) -> Adapter:
        return self.make()

    def offered(self, adapter: Adapter) -> list[tuple[str, str]]:
        return [
            (table, region) for table, where in adapter.offers.items() for region in self.regions if region in where
        ]

    def days(self, adapter: Adapter, region: str) -> tuple[date, date]:
        last = adapter.last_date(region)
        return last - timedelta(days=self.window), last

    def listings(self, region: str) -> Mapping[str, Listing]:
        """What the lake would know of the region's codes; providers that spell codes by exchange need it."""
        return {}

    def asked(
        self, region: str, tickers: tuple[str, ...] | None, start: date | None = None, end: date | None = None
    ) -> Request:
        return Request(region, tickers, start, end, self.listings(region))

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        """Codes to ask for; overridden where a provider has no listing."""
        listing = adapter.fetch("tickers", Request(region)).frame
        return tuple(listing["ticker"].unique().sort().head(adapter.batch_size).to_list())

    def requests(self, adapter: Adapter) -> list[tuple[str, Request]]:
        """One ordinary request a table and region."""
        asked = []
        for table, region in self.offered(adapter):
            start, end = self.days(adapter, region)
            tickers = None if table in ("tickers", "fx", "indexes") else self.codes(adapter, region)
            asked.append((table, self.asked(region, tickers, start, end)))
        return asked

    def test_has_a_name_and_offers_known_tables_of_known_regions(self, adapter: Adapter) -> None:
        assert adapter.name
        assert set(adapter.offers) <= set(TABLES)
        for where in adapter.offers.values():
            assert where
            assert markets.check_regions(sorted(where))
        assert self.offered(adapter), "the test class names no region the provider has"

    def test_last_date_is_a_session(self, adapter: Adapter) -> None:
        for region in {region for _, region in self.offered(adapter)}:
            assert markets.is_session(region, adapter.last_date(region))

    def test_rows_follow_the_schema_to_the_type(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            frame = adapter.fetch(table, request).frame
            assert dict(frame.schema) == dict(TABLES[table].columns), table

    def test_required_columns_are_never_null_and_keys_unique(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            frame, schema = adapter.fetch(table, request).frame, TABLES[table]
            needed = [*schema.key, *schema.required]
            assert frame.select(pl.col(needed).null_count()).sum_horizontal().sum() == 0, table
            assert frame.select(schema.key).is_duplicated().sum() == 0, table

    def test_rows_name_their_source_and_their_region(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            frame = adapter.fetch(table, request).frame
            assert set(frame["source"].unique()) <= {adapter.name}, table
            if "region" in frame.columns:
                assert set(frame["region"].unique()) <= {request.region}, table

    def test_rows_lie_within_the_days_that_were_asked(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            column = TABLES[table].date_column
            if column is None:
                continue
            frame = adapter.fetch(table, request).frame
            assert frame.filter(~pl.col(column).is_between(request.start, request.end)).is_empty(), table

    def test_bars_lie_on_sessions(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if table != "ohlcv":
                continue
            dates = adapter.fetch(table, request).frame["date"].unique().to_list()
            assert dates
            assert set(dates) <= set(markets.sessions(request.region, request.start, request.end))

    def test_numbers_are_finite(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            frame = adapter.fetch(table, request).frame
            reals = frame.select(pl.selectors.float())
            for name in reals.columns:
                assert reals[name].drop_nulls().is_finite().all(), (table, name)

    def test_absences_have_a_known_reason_and_lie_within_the_request(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            for absent in adapter.fetch(table, request).absent:
                assert absent.reason in REASONS
                assert request.start <= absent.start <= absent.end <= request.end

    def test_every_session_of_every_ticker_has_a_bar_or_a_reason(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if table != "ohlcv":
                continue
            fetched = adapter.fetch(table, request)
            have = set(fetched.frame.select("ticker", "date").iter_rows())
            sessions = markets.sessions(request.region, request.start, request.end)
            for code in request.tickers:
                gaps = [absent for absent in fetched.absent if absent.ticker == code]
                for day in sessions:
                    explained = [absent.reason for absent in gaps if absent.start <= day <= absent.end]
                    assert ((code, day) in have) + len(explained) == 1, (code, day, explained)

    def test_an_unknown_ticker_is_not_covered(self, adapter: Adapter) -> None:
        for table, region in self.offered(adapter):
            start, end = self.days(adapter, region)
            fetched = adapter.fetch(table, self.asked(region, (self.unknown,), start, end))
            assert fetched.frame.is_empty(), table
            assert [absent.reason for absent in fetched.absent] == ["not_covered"], table

    def test_batches_do_not_change_the_rows(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if request.tickers is None:
                continue
            whole = self.make().fetch(table, request)
            halves = (request.tickers[1::2], request.tickers[0::2])
            parts = [adapter.fetch(table, replace(request, tickers=half)) for half in halves]
            joined = pl.concat([rows_of(part) for part in parts]).sort(TABLES[table].key)
            assert joined.equals(rows_of(whole).sort(TABLES[table].key)), table
            assert {item for part in parts for item in part.absent} == set(whole.absent), table

    def test_bars_asked_day_by_day_are_the_same(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if table != "ohlcv":
                continue
            middle = request.start + (request.end - request.start) // 2
            spans = [(request.start, middle), (middle + timedelta(days=1), request.end)]
            parts = [rows_of(adapter.fetch(table, replace(request, start=first, end=last))) for first, last in spans]
            joined = pl.concat(parts).sort(TABLES[table].key)
            assert joined.equals(rows_of(self.make().fetch(table, request)).sort(TABLES[table].key))

    def test_a_weekend_is_a_holiday_not_silence(self, adapter: Adapter) -> None:
        for table, region in self.offered(adapter):
            if table != "ohlcv":
                continue
            codes = self.codes(adapter, region)[:3]
            fetched = adapter.fetch(table, self.asked(region, codes, *weekend_before(adapter.last_date(region))))
            assert fetched.frame.is_empty()
            assert {absent.ticker: absent.reason for absent in fetched.absent} == dict.fromkeys(codes, "holiday")


class HttpAdapterContract(AdapterContract):
    """Inherited by the test class of each provider that is asked over HTTP: the contract, and bad days.

    The server answers from the sample market in the provider's own form. Every fault below must end in the
    right error or in the right rows; none in an answer that looks complete and is not.
    """

    #: Variables of the keys; each holds a sentinel that must never be seen again.
    keys: tuple[str, ...] = ()
    #: Table that the bad days are tried on.
    table = "ohlcv"
    #: Part of the path of the calls that bring that table, so that faults spoil these.
    path = ""
    #: Faults that are this provider's way to turn an address away, so that asking again would be wrong.
    final: tuple[str, ...] = ()
    #: The rows of one bad day: few codes are enough.
    few = 2

    @pytest.fixture
    def world(self) -> World:
        return world("tiny")

    def serve(self, world: World) -> LocalServer:
        """The local server of the provider."""
        raise AssertionError("the inheriting class makes the server")

    def setup_method(self) -> None:
        self._server: LocalServer | None = None

    @pytest.fixture(autouse=True)
    def server(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, world: World) -> Iterator[LocalServer]:
        monkeypatch.setenv("WORKBENCH_NOW", AFTER_THE_END)
        monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
        for number, name in enumerate(self.keys):
            monkeypatch.setenv(name, self.sentinel(number))
        with self.serve(world) as server:
            monkeypatch.setenv(f"WORKBENCH_URL_{self.provider.upper()}", server.url)
            yield server

    @property
    def provider(self) -> str:
        """Name of the provider, as in ``WORKBENCH_URL_<NAME>``."""
        raise AssertionError("the inheriting class names the provider")

    @staticmethod
    def sentinel(number: int) -> str:
        """The value of the key of this number."""
        return f"SENTINEL{number}".ljust(40, "a")

    def one(self, adapter: Adapter) -> tuple[str, Request]:
        """The request that bad days are tried on."""
        region = self.regions[0]
        codes = self.codes(adapter, region)[: self.few]
        return self.table, self.asked(region, codes, *self.days(adapter, region))

    @pytest.mark.parametrize("kind", ["429", "500", "reset", "truncate", "html", "invalid_json"])
    def test_a_fault_that_passes_changes_nothing(self, adapter: Adapter, server: LocalServer, kind: str) -> None:
        if kind in self.final:
            pytest.skip(f"{self.provider} says by {kind} that it is to be left alone for long")
        table, request = self.one(adapter)
        healthy = self.make().fetch(table, request)
        server.fault(kind, first=1, path=self.path)
        again = self.make().fetch(table, request)
        assert server.faults[0].done == 1, "the fault was never met: set `path`"
        assert rows_of(again).equals(rows_of(healthy))
        assert again.absent == healthy.absent

    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("429", Throttled),
            ("500", Unreachable),
            ("reset", Unreachable),
            ("hang", Unreachable),
            ("drip", Unreachable),
            ("truncate", Unreachable),
            ("invalid_json", ShapeChanged),
            ("html", (ShapeChanged, Throttled)),
            ("empty", (ShapeChanged, Throttled)),
            ("renamed", ShapeChanged),
        ],
    )
    def test_a_fault_that_stays_is_the_right_error(
        self, adapter: Adapter, server: LocalServer, kind: str, error: type[ProviderError]
    ) -> None:
        table, request = self.one(adapter)
        server.fault(kind, share=1.0, path=self.path)
        fresh = self.make()
        with pytest.raises(error) as caught:
            fresh.fetch(table, request)
        assert caught.value.hint
        self.unseen(str(caught.value), repr(caught.value), repr(caught.value.context))

    def test_nobody_there_is_unreachable(self, monkeypatch: pytest.MonkeyPatch, adapter: Adapter) -> None:
        table, request = self.one(adapter)
        monkeypatch.setenv(f"WORKBENCH_URL_{self.provider.upper()}", "http://127.0.0.1:9")
        with pytest.raises(Unreachable) as caught:
            self.make().fetch(table, request)
        self.unseen(str(caught.value), repr(caught.value.__cause__), repr(caught.value.__context__))

    def test_keys_stay_out_of_the_log(self, adapter: Adapter, server: LocalServer, tmp_path: Path) -> None:
        table, request = self.one(adapter)
        server.fault("429", first=1, path=self.path)
        self.make().fetch(table, request)
        assert journal.read(), "throttling is noted in the log"
        for file in (tmp_path / "state").rglob("*.json*"):
            if "token" not in file.name:
                self.unseen(file.read_text())

    def test_the_probe_says_what_came_back(self, adapter: Adapter, server: LocalServer) -> None:
        before = len(server.calls)
        assert adapter.probe()
        assert 1 <= len(server.calls) - before <= 2
        assert adapter.limits()

    def unseen(self, *texts: str) -> None:
        for number in range(len(self.keys)):
            for text in texts:
                assert self.sentinel(number) not in text
