"""Yahoo keeps the contract of providers, over a local server that adjusts prices as Yahoo does."""

from __future__ import annotations

import polars as pl
import pytest
from adapter_contract import HttpAdapterContract, rows_of
from world import World
from yahoo_server import YahooServer

from workbench import journal, markets
from workbench.adapters.base import Adapter, Listing
from workbench.adapters.net import Patience
from workbench.adapters.yahoo import Yahoo
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable
from workbench.settings import REGIONS

QUICK = Patience(connect=1.0, read=0.7, deadline=1.5, sleep=lambda _: None)
PRICES = ("open", "high", "low", "close")


class YahooContract(HttpAdapterContract):
    provider = "yahoo"
    path = "/v8/finance/chart"
    backend = "curl"
    #: Codes a region; the sample market's splits are among them.
    many = 6

    def serve(self, world: World) -> YahooServer:
        return YahooServer(world)

    def make(self) -> Adapter:
        return Yahoo(patience=QUICK, backend=self.backend)

    @pytest.fixture
    def adapter(self, server: YahooServer) -> Adapter:
        return self.make()

    def listings(self, region: str) -> dict[str, Listing]:
        from world import world

        return world("tiny").listings(region)

    def codes(self, adapter: Adapter, region: str) -> tuple[str, ...]:
        from world import world

        split = world("tiny").rows("actions", region).filter(pl.col("kind") == "split")["ticker"].unique().sort()
        alive = [code for code in world("tiny").codes(region) if self.listings(region)[code].delisted is None]
        return tuple(sorted({*split.head(2), *alive[: self.many - 2]}))


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
            assert (both["volume"] - both["volume_true"]).abs().max() <= 1
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
        server.skew = -8 * 3600.0 - 86_400.0
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
        from workbench.adapters.base import Request

        listings = world.listings("KR")
        code = next(code for code, one in listings.items() if one.exchange == "XKOS" and one.delisted is None)
        start, end = self.days(adapter, "KR")
        known = adapter.fetch("ohlcv", self.asked("KR", (code,), start, end))
        guessed = self.make().fetch("ohlcv", Request("KR", (code,), start, end))
        assert rows_of(guessed).equals(rows_of(known))
        noted = [line for line in journal.read() if line["event"] == "yahoo.symbol_chosen"]
        assert noted[-1]["symbol"] == f"{code}.KQ"

    def test_another_currency_than_the_listings_is_another_line(self, adapter: Adapter) -> None:
        from workbench.adapters.base import Request

        start, end = self.days(adapter, "HK")
        code = self.codes(adapter, "HK")[0]
        asked = Request("HK", (code,), start, end, {code: Listing("XHKG", currency="CNY")})
        found = adapter.fetch("ohlcv", asked)
        assert found.frame.is_empty()
        assert [(gap.reason, gap.start, gap.end) for gap in found.absent] == [("not_covered", start, end)]
        assert "HKD" in found.absent[0].detail


class TestYahooBadPrices(YahooContract):
    """Prices that are wrong in Yahoo's own ways; the contract holds for them as well."""

    regions = ("JP",)

    def asks(self, adapter: Adapter, world: World) -> tuple[str, object]:
        code = next(iter(world.rows("actions", "JP").filter(pl.col("kind") == "split")["ticker"]))
        start, end = world.rows("ohlcv", "JP")["date"].min(), world.last("JP")
        return code, self.asked("JP", (code,), start, end)

    def test_a_price_wrong_by_a_hundred_is_left_out(self, server: YahooServer, world: World) -> None:
        adapter = self.make()
        _, request = self.asks(adapter, world)
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

    def test_a_split_that_is_listed_and_not_applied_is_not_undone(self, server: YahooServer, world: World) -> None:
        adapter = self.make()
        _, request = self.asks(adapter, world)
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

    def test_a_split_that_nobody_announced_is_noted(self, server: YahooServer, world: World) -> None:
        adapter = self.make()
        code, request = self.asks(adapter, world)
        healthy = rows_of(adapter.fetch("ohlcv", request))

        def spoil(_: str, result: dict) -> None:
            self_rows = dict(zip(healthy["date"], healthy.select(*PRICES, "volume").rows(), strict=True))
            quote = result["indicators"]["quote"][0]
            for place, row in enumerate(self_rows.values()):
                for name, value in zip((*PRICES, "volume"), row, strict=True):
                    quote[name][place] = value
            result.pop("events")

        server.spoil = spoil
        found = rows_of(adapter.fetch("ohlcv", request))
        assert found["close"].equals(healthy["close"]), "prices that nobody adjusted are raw"
        noted = [line for line in journal.read() if line["event"] == "yahoo.split_suspected"]
        truth = world.rows("actions", "JP").filter(pl.col("ticker") == code, pl.col("kind") == "split")
        assert {(line["day"], line["ratio"]) for line in noted} == {
            (str(day), value) for day, value in truth.select("ex_date", "value").rows()
        }
        assert all(code in line["action"] for line in noted)

    def test_a_split_of_today_waits_for_its_first_bar(self, server: YahooServer, world: World) -> None:
        adapter = self.make()
        _, request = self.asks(adapter, world)

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


class TestYahooWithPlainRequests(YahooContract):
    """The fallback where curl_cffi is not installed."""

    regions = ("HK", "US")
    backend = "requests"
    many = 4


class TestRefusals(YahooContract):
    """What Yahoo says in its own words."""

    regions = ("US",)
    many = 3

    def test_a_refused_crumb_is_fetched_again_and_then_unauthorised(self, server: YahooServer) -> None:
        code = self.codes(self.make(), "US")[0]
        refused = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
        from local_server import Answer

        server.bodies[f"/v10/finance/quoteSummary/{code}"] = Answer(refused, 401)
        with pytest.raises(Unauthorised):
            self.make().fetch("attributes", self.asked("US", (code,)))
        assert len([call for call in server.calls if "quoteSummary" in call.path]) == 2

    def test_maintenance_is_unreachable(self, server: YahooServer) -> None:
        from local_server import Answer

        code = self.codes(self.make(), "US")[0]
        server.bodies[f"/v8/finance/chart/{code}"] = Answer("<html>Will be right back...</html>")
        with pytest.raises(Unreachable):
            self.make().fetch("ohlcv", self.asked("US", (code,), *self.days(self.make(), "US")))

    def test_a_wrong_request_is_no_absence(self, server: YahooServer) -> None:
        from local_server import Answer

        code = self.codes(self.make(), "US")[0]
        error = {"chart": {"result": None, "error": {"code": "Unprocessable Entity", "description": "range"}}}
        server.bodies[f"/v8/finance/chart/{code}"] = Answer(error, 422)
        with pytest.raises(ProviderError) as caught:
            self.make().fetch("ohlcv", self.asked("US", (code,), *self.days(self.make(), "US")))
        assert not isinstance(caught.value, (Throttled, Unreachable, ShapeChanged))

    def test_bars_need_no_crumb_and_profiles_fetch_one(self, server: YahooServer) -> None:
        adapter, code = self.make(), self.codes(self.make(), "US")[0]
        adapter.fetch("ohlcv", self.asked("US", (code,), *self.days(adapter, "US")))
        assert {call.path for call in server.calls} == {f"/v8/finance/chart/{code}"}
        adapter.fetch("attributes", self.asked("US", (code,)))
        assert [call.path for call in server.calls[1:]] == [
            "/",
            "/v1/test/getcrumb",
            f"/v10/finance/quoteSummary/{code}",
        ]
