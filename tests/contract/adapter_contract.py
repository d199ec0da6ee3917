"""What every provider must keep; a provider's test class inherits it and says how to make one.

class TestMine(AdapterContract):
    regions = ("US",)

    def make(self) -> Adapter:
        return Mine(...)
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from workbench import markets
from workbench.adapters.base import REASONS, Adapter, Fetched, Request
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

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        listing = adapter.fetch("tickers", Request(region)).frame
        return tuple(listing["ticker"].unique().sort().head(adapter.batch_size).to_list())

    def requests(self, adapter: Adapter) -> list[tuple[str, Request]]:
        """One ordinary request a table and region."""
        asked = []
        for table, region in self.offered(adapter):
            start, end = self.days(adapter, region)
            tickers = None if table in ("tickers", "fx", "indexes") else self.codes(adapter, region)
            asked.append((table, Request(region, tickers, start, end)))
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
            fetched = adapter.fetch(table, Request(region, (self.unknown,), start, end))
            assert fetched.frame.is_empty(), table
            assert [absent.reason for absent in fetched.absent] == ["not_covered"], table

    def test_batches_do_not_change_the_rows(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if request.tickers is None:
                continue
            whole = self.make().fetch(table, request)
            halves = (request.tickers[1::2], request.tickers[0::2])
            parts = [adapter.fetch(table, Request(request.region, half, request.start, request.end)) for half in halves]
            joined = pl.concat([rows_of(part) for part in parts]).sort(TABLES[table].key)
            assert joined.equals(rows_of(whole).sort(TABLES[table].key)), table
            assert {item for part in parts for item in part.absent} == set(whole.absent), table

    def test_bars_asked_day_by_day_are_the_same(self, adapter: Adapter) -> None:
        for table, request in self.requests(adapter):
            if table != "ohlcv":
                continue
            middle = request.start + (request.end - request.start) // 2
            spans = [(request.start, middle), (middle + timedelta(days=1), request.end)]
            parts = [rows_of(adapter.fetch(table, Request(request.region, request.tickers, *span))) for span in spans]
            joined = pl.concat(parts).sort(TABLES[table].key)
            assert joined.equals(rows_of(self.make().fetch(table, request)).sort(TABLES[table].key))

    def test_a_weekend_is_a_holiday_not_silence(self, adapter: Adapter) -> None:
        for table, region in self.offered(adapter):
            if table != "ohlcv":
                continue
            codes = self.codes(adapter, region)[:3]
            fetched = adapter.fetch(table, Request(region, codes, *weekend_before(adapter.last_date(region))))
            assert fetched.frame.is_empty()
            assert {absent.ticker: absent.reason for absent in fetched.absent} == dict.fromkeys(codes, "holiday")
