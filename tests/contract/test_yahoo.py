"""Yahoo keeps the contract of providers, over a local server that adjusts prices as Yahoo does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from adapter_contract import HttpAdapterContract, rows_of
from local_server import Answer, Call
from world import AFTER_THE_END, World, world
from yahoo_server import YahooServer

from workbench import journal, markets
from workbench.adapters.base import Adapter, Fetched, Listing, Request
from workbench.adapters.net import Patience
from workbench.adapters.yahoo import Yahoo
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable
from workbench.settings import REGIONS

QUICK = Patience(connect=1.0, read=1.5, deadline=2.0, sleep=lambda _: None)
PRICES = ("open", "high", "low", "close")


def codes_of(region: str, many: int = 6) -> tuple[str, ...]:
    """Codes of the region that are listed, some with splits among them."""
    here = world("tiny")
    split = here.rows("actions", region).filter(pl.col("kind") == "split")["ticker"].unique().sort()
    alive = [code for code in here.codes(region) if here.listings(region)[code].delisted is None]
    return tuple(sorted({*split.head(2), *alive[: many - 2]}))


class YahooContract(HttpAdapterContract):
    provider = "yahoo"
    path = "/v8/finance/chart"
    backend = "curl"
    many = 6

    def serve(self, world: World) -> YahooServer:
        return YahooServer(world)

    def make(self) -> Adapter:
        return Yahoo(patience=QUICK, backend=self.backend)

    @pytest.fixture
    def adapter(self, server: YahooServer) -> Adapter:
        return self.make()

    def listings(self, region: str) -> dict[str, Listing]:
        return world("tiny").listings(region)

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        return codes_of(region, self.many)


class TestYahoo(YahooContract):
    regions = REGIONS

    def test_bars_are_the_raw_ones_of_the_world(self, adapter: Adapter, world: World) -> None:
        for region in REGIONS:
            codes = self.codes(adapter, region)
            start, end = markets.next_session(region, world.rows("ohlcv", region)["date"].min()), world.last(region)
            found = adapter.fetch("ohlcv", self.asked(region, codes, start, end)).frame
            traded = pl.col("volume") > 0
            truth = world.rows("ohlcv", region).filter(pl.col("ticker").is_in(codes), pl.col("date") >= start)
            both = found.filter(traded).join(truth.filter(traded), on=["ticker", "date"], suffix="_true", how="full")
            assert both.null_count().select(*PRICES, "close_true").sum_horizontal().item() == 0
            for name in PRICES:
                assert (both[name] / both[f"{name}_true"] - 1).abs().max() < 1e-6
            # What a consolidation rounded away when it was adjusted does not come back.
            assert (both["volume"] - both["volume_true"]).abs().max() <= 5
            assert set(found["adjusted"]) == {"none"}
            splits = world.rows("actions", region).filter(pl.col("ticker").is_in(codes), pl.col("kind") == "split")
            assert len(splits) >= 2, "without a split nothing is shown"

    def test_actions_are_those_of_the_world(self, adapter: Adapter, world: World) -> None:
        for region in REGIONS:
            codes = self.codes(adapter, region)
            start, end = world.rows("ohlcv", region)["date"].min(), world.last(region)
            found = adapter.fetch("actions", self.asked(region, codes, start, end)).frame
            kinds = pl.col("kind").is_in(["split", "dividend"])
            truth = world.rows("actions", region).filter(
                pl.col("ticker").is_in(codes), kinds, pl.col("ex_date").is_between(start, end)
            )
            both = truth.join(found, on=["ticker", "ex_date", "kind"], how="full", suffix="_found")
            assert both["value"].null_count() + both["value_found"].null_count() == 0
            assert (both["value_found"] / both["value"] - 1).abs().max() < 1e-5
            assert both["currency_found"].equals(both["currency"].alias("currency_found"), null_equal=True)

    def test_a_days_session_that_is_not_over_is_left_out(
        self, adapter: Adapter, monkeypatch: pytest.MonkeyPatch, world: World
    ) -> None:
        day = world.last("HK")
        monkeypatch.setenv("WORKBENCH_NOW", f"{day}T03:00:00+00:00")
        code = self.codes(adapter, "HK")[0]
        found = self.make().fetch("ohlcv", self.asked("HK", (code,), day, day))
        assert found.frame.is_empty()
        assert [(gap.reason, gap.detail) for gap in found.absent] == [("unknown", "the session is not over")]

    def test_by_the_providers_clock_where_ours_is_wrong(self, server: YahooServer, world: World) -> None:
        server.skew = -10 * 3600.0
        adapter = self.make()
        adapter.probe()
        assert adapter.last_date("US") < world.last("US")
        assert any(line["event"] == "clock.skewed" for line in journal.read())

    def test_rates_are_dollars_for_one_unit_and_known_when_their_day_is_over(
        self, adapter: Adapter, world: World
    ) -> None:
        start, end = self.days(adapter, "US")
        found = adapter.fetch("fx", self.asked("US", None, start, end)).frame
        truth = world.rows("fx", "US").filter(pl.col("date").is_between(start, end))
        both = found.join(truth, on=["currency", "date"], suffix="_true")
        assert len(both) == len(found) > 300
        assert set(found["currency"]) == {"KRW", "CNY", "HKD", "JPY", "VND"}
        assert (both["usd_per_unit"] / both["usd_per_unit_true"] - 1).abs().max() < 1e-6
        assert (found["fixed_at"].dt.replace_time_zone(None) > found["date"].cast(pl.Datetime("us"))).all()
        assert (found["fixed_at"] <= adapter.now()).all()

    def test_a_throttled_batch_keeps_what_it_has(self, server: YahooServer, adapter: Adapter) -> None:
        codes = self.codes(adapter, "JP")
        request = self.asked("JP", codes, *self.days(adapter, "JP"))
        server.fault("429", share=1.0, path=f"/{codes[2]}.T")
        found = self.make().fetch("ohlcv", request)
        assert set(found.frame["ticker"]) == set(codes[:2])
        late = {gap.ticker: gap.reason for gap in found.absent if gap.ticker in codes[2:]}
        assert late == dict.fromkeys(codes[2:], "throttled")

    def test_one_odd_body_is_that_tickers_affair(self, server: YahooServer, adapter: Adapter) -> None:
        codes = self.codes(adapter, "JP")
        server.fault("renamed", share=1.0, path=f"/{codes[0]}.T")
        found = self.make().fetch("ohlcv", self.asked("JP", codes, *self.days(adapter, "JP")))
        assert set(found.frame["ticker"]) == set(codes[1:])
        assert [gap.reason for gap in found.absent if gap.ticker == codes[0]] == ["unknown"]

    def test_an_unknown_exchange_is_tried_by_the_rule_and_noted(self, adapter: Adapter, world: World) -> None:
        listings = world.listings("KR")
        code = next(code for code, one in listings.items() if one.exchange == "XKOS" and one.delisted is None)
        start, end = self.days(adapter, "KR")
        known = adapter.fetch("ohlcv", self.asked("KR", (code,), start, end))
        guessed = self.make().fetch("ohlcv", Request("KR", (code,), start, end))
        assert rows_of(guessed).equals(rows_of(known))
        noted = [line for line in journal.read() if line["event"] == "yahoo.symbol_chosen"]
        assert noted[-1]["symbol"] == f"{code}.KQ"

    def test_another_currency_than_the_listings_is_another_line(self, adapter: Adapter) -> None:
        start, end = self.days(adapter, "HK")
        code = self.codes(adapter, "HK")[0]
        asked = Request("HK", (code,), start, end, {code: Listing("XHKG", currency="CNY")})
        found = adapter.fetch("ohlcv", asked)
        assert found.frame.is_empty()
        assert [(gap.reason, gap.start, gap.end) for gap in found.absent] == [("not_covered", start, end)]
        assert "HKD" in found.absent[0].detail


class TestYahooWithPlainRequests(YahooContract):
    """The fallback where curl_cffi is not installed."""

    regions = ("HK", "US")
    backend = "requests"
    many = 4


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[YahooServer]:
    monkeypatch.setenv("WORKBENCH_NOW", AFTER_THE_END)
    monkeypatch.setenv("WORKBENCH_STATE", str(tmp_path / "state"))
    with YahooServer(world("tiny")) as running:
        monkeypatch.setenv("WORKBENCH_URL_YAHOO", running.url)
        yield running


def split_in_japan() -> tuple[str, Request]:
    """A code with a split, and all its days."""
    here = world("tiny")
    code = here.rows("actions", "JP").filter(pl.col("kind") == "split")["ticker"][0]
    days = here.rows("ohlcv", "JP")["date"].min(), here.last("JP")
    return code, Request("JP", (code,), *days, here.listings("JP"))


def ask(table: str, code: str, adapter: Adapter | None = None) -> Fetched:
    """Some weeks of a code of the US."""
    last = world("tiny").last("US")
    request = Request("US", (code,), last - timedelta(days=40), last, world("tiny").listings("US"))
    return (adapter or Yahoo(patience=QUICK)).fetch(table, request)


def test_a_price_wrong_by_a_hundred_is_left_out(server: YahooServer) -> None:
    adapter = Yahoo(patience=QUICK)
    _, request = split_in_japan()
    healthy = adapter.fetch("ohlcv", request)

    def spoil(_: str, result: dict) -> None:
        for name in PRICES:
            result["indicators"]["quote"][0][name][100:103] = [
                100 * value for value in result["indicators"]["quote"][0][name][100:103]
            ]

    server.spoil = spoil
    found = adapter.fetch("ohlcv", request)
    wrong = [gap for gap in found.absent if gap.reason == "quarantined"]
    assert len(wrong) == 1
    assert len(markets.sessions("JP", wrong[0].start, wrong[0].end)) == 3
    rest = healthy.frame.filter(~pl.col("date").is_between(wrong[0].start, wrong[0].end))
    assert rows_of(found).equals(rest.drop("collected_at"))


def test_a_split_that_is_listed_and_not_applied_is_not_undone(server: YahooServer) -> None:
    adapter = Yahoo(patience=QUICK)
    _, request = split_in_japan()
    healthy = rows_of(adapter.fetch("ohlcv", request))

    def spoil(_: str, result: dict) -> None:
        when, split = max((one["date"], one) for one in result["events"]["splits"].values())
        ratio = split["numerator"] / split["denominator"]
        quote, stamps = result["indicators"]["quote"][0], result["timestamp"]
        for place, stamp in enumerate(stamps):
            if stamp < when:
                for name in PRICES:
                    quote[name][place] *= ratio
                quote["volume"][place] /= ratio

    server.spoil = spoil
    found = rows_of(adapter.fetch("ohlcv", request))
    assert (found["close"] / healthy["close"] - 1).abs().max() < 1e-6
    assert (found["volume"] - healthy["volume"]).abs().max() <= 1
    assert set(found["adjusted"]) == {"none"}


def test_a_split_that_nobody_announced_is_noted(server: YahooServer) -> None:
    adapter = Yahoo(patience=QUICK)
    code, request = split_in_japan()
    healthy = rows_of(adapter.fetch("ohlcv", request))

    def spoil(_: str, result: dict) -> None:
        true_rows = dict(zip(healthy["date"], healthy.select(*PRICES, "volume").rows(), strict=True))
        quote = result["indicators"]["quote"][0]
        for place, row in enumerate(true_rows.values()):
            for name, value in zip((*PRICES, "volume"), row, strict=True):
                quote[name][place] = value
        result.pop("events")

    server.spoil = spoil
    found = rows_of(adapter.fetch("ohlcv", request))
    assert found["close"].equals(healthy["close"]), "prices that nobody adjusted are raw"
    noted = [line for line in journal.read() if line["event"] == "yahoo.split_suspected"]
    truth = world("tiny").rows("actions", "JP").filter(pl.col("ticker") == code, pl.col("kind") == "split")
    assert {(line["day"], line["ratio"]) for line in noted} == {
        (str(day), value) for day, value in truth.select("ex_date", "value").rows()
    }
    assert all(code in line["action"] for line in noted)


def test_a_split_of_today_waits_for_its_first_bar(server: YahooServer) -> None:
    adapter = Yahoo(patience=QUICK)
    _, request = split_in_japan()

    def spoil(_: str, result: dict) -> None:
        when = result["timestamp"][-1] + 3600
        result.setdefault("events", {}).setdefault("splits", {})[str(when + 86_400)] = {
            "date": when + 86_400,
            "numerator": 3,
            "denominator": 1,
            "splitRatio": "3:1",
        }

    server.spoil = spoil
    found = adapter.fetch("ohlcv", request)
    assert found.frame.is_empty()
    assert "unknown" in {gap.reason for gap in found.absent}
    assert not {"delisted", "not_covered"} & {gap.reason for gap in found.absent}


def test_a_refused_crumb_is_fetched_again_and_then_unauthorised(server: YahooServer) -> None:
    code = codes_of("US")[0]
    refused = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
    server.bodies[f"/v10/finance/quoteSummary/{code}"] = Answer(refused, 401)
    with pytest.raises(Unauthorised):
        ask("attributes", code)
    assert len([call for call in server.calls if "quoteSummary" in call.path]) == 2


def test_maintenance_is_unreachable(server: YahooServer) -> None:
    code = codes_of("US")[0]
    server.bodies[f"/v8/finance/chart/{code}"] = Answer("<html>Will be right back...</html>")
    with pytest.raises(Unreachable):
        ask("ohlcv", code)


def test_a_wrong_request_is_no_absence(server: YahooServer) -> None:
    code = codes_of("US")[0]
    error = {"chart": {"result": None, "error": {"code": "Unprocessable Entity", "description": "range"}}}
    server.bodies[f"/v8/finance/chart/{code}"] = Answer(error, 422)
    with pytest.raises(ProviderError) as caught:
        ask("ohlcv", code)
    assert not isinstance(caught.value, (Throttled, Unreachable, ShapeChanged))


def test_bars_need_no_crumb_and_profiles_fetch_one(server: YahooServer) -> None:
    adapter, code = Yahoo(patience=QUICK), codes_of("US")[0]
    ask("ohlcv", code, adapter)
    assert {call.path for call in server.calls} == {f"/v8/finance/chart/{code}"}
    ask("attributes", code, adapter)
    paths = [call.path for call in server.calls[1:]]
    assert paths.count("/v1/test/getcrumb") == 1
    assert paths[-1] == f"/v10/finance/quoteSummary/{code}"
    before = len(server.calls)
    ask("attributes", code, adapter)
    assert len(server.calls) == before + 1, "the crumb is at hand"


def test_codes_that_nobody_names_are_an_error_not_an_empty_table() -> None:
    with pytest.raises(ConfigError):
        Yahoo(patience=QUICK).fetch("attributes", Request("US"))


@pytest.mark.parametrize("backend", ["curl", "requests"])
def test_yfinance_itself_takes_the_session_and_reads_the_same_rows(server: YahooServer, backend: str) -> None:
    """The frames of yfinance are not used; what they hold of a healthy answer must be what is read here."""
    import warnings

    import yfinance
    from yfinance.data import YfData

    from workbench.adapters.yahoo import chart
    from workbench.adapters.yahoo.service import Service
    from workbench.adapters.yahoo.session import Terms, open_session

    service, (code, request) = Service(QUICK, backend), split_in_japan()
    service.get("/v8/finance/chart/^GSPC", {"period1": 0, "period2": 1, "interval": "1d"})
    session = open_session(Terms(service.limiter, QUICK, service.judge), backend)
    before = len(server.calls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        days = {"start": request.start.isoformat(), "end": (request.end + timedelta(days=1)).isoformat()}
        server.bodies[f"/v8/finance/chart/{code}.T"] = lambda call: server.chart(f"{code}.T", with_range(call))
        frame = yfinance.Ticker(f"{code}.T", session=session).history(**days, auto_adjust=False)
        YfData._instances.clear()
    assert len(server.calls) > before, "its calls arrive here"
    asked = {"interval": "1d", "events": "div,splits", "period1": 0, "period2": 2**31}
    read = chart.read(code, service.get(f"/v8/finance/chart/{code}.T", asked))
    assert [row.day for row in read.rows] == [stamp.date() for stamp in frame.index]
    assert [row.close for row in read.rows] == pytest.approx(frame["Close"].to_list())
    assert sum(1 for value in frame["Stock Splits"] if value) == len(read.splits) > 0


def with_range(call: Call) -> Call:
    """The library's first call asks for a range of one day, to learn the time zone."""
    return replace(call, query={"period1": "0", "period2": str(2**31), "interval": "1d", **call.query})
