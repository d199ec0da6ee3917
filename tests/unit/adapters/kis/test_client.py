"""Each code of the service ends in what its table says; the token and the pace heal by themselves."""

from __future__ import annotations

from datetime import date

import pytest
from kis_server import DETAIL, DOMESTIC, OVERSEAS
from local_server import Answer

from workbench import journal
from workbench.adapters.base import Listing, Request
from workbench.adapters.kis.client import NoSuchInstrument, NotOffered
from workbench.adapters.kis.codes import CODES, action_of
from workbench.errors import ConfigError, ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

PARAMS = {"AUTH": "", "EXCD": "NAS", "SYMB": "DAAB", "GUBN": "0", "BYMD": "20251230", "MODP": "0"}
CALL = ("overseas-price/v1/quotations/dailyprice", "HHDFS76240000", PARAMS)
DAYS = (date(2025, 11, 3), date(2025, 12, 30))
#: Action to the error that is left in the end, and calls made for it.
ENDS = {
    "throttled": (Throttled, 4),
    "retry_once": (Unreachable, 2),
    "token": (Unauthorised, 2),
    "wait": (Throttled, 4),
    "unauthorised": (Unauthorised, 1),
    "not_offered": (NotOffered, 1),
    "absent": (NoSuchInstrument, 1),
    "bug": (ProviderError, 1),
    "refused": (ProviderError, 1),
}


def calls_of(server, path: str = OVERSEAS) -> int:
    return sum(call.path == path for call in server.calls)


@pytest.mark.parametrize("status", [200, 500, 403])
@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_ends_as_its_table_says_whatever_the_status(server, make, code: str, status: int) -> None:
    server.refusal = (code, "거절되었습니다", status)
    error, calls = ENDS[CODES[code][0]]
    with pytest.raises(error) as caught:
        make().client.get(*CALL)
    assert type(caught.value) is error
    assert calls_of(server) == calls
    assert code in caught.value.message
    assert "거절되었습니다" in caught.value.message
    assert caught.value.hint


def test_an_unknown_code_is_a_refusal_with_the_brokers_words(server, make) -> None:
    server.refusal = ("XYZ12345", "알 수 없는 오류", 200)
    with pytest.raises(ProviderError, match=r"XYZ12345 '알 수 없는 오류'") as caught:
        make().client.get(*CALL)
    assert caught.value.context["msg_cd"] == "XYZ12345"
    assert caught.value.context["msg1"] == "알 수 없는 오류"


def test_an_input_error_that_says_time_limit_is_a_closed_service() -> None:
    assert action_of("OPSQ2001", "ERROR INPUT FIELD NOT FOUND [X]") == "bug"
    assert action_of("OPSQ2002", "TIME LIMIT 초과") == "throttled"


def test_a_temporary_error_passes(server, make) -> None:
    client = make().client
    client.token()
    answers = iter([("EGW00002", "서버 에러", 500), None])

    def refused(call):
        server.refusal = next(answers, None)
        return type(server)._refused(server, call)

    server._refused = refused
    assert client.get(*CALL)["rt_cd"] == "0"
    assert "kis.retried" in [line["event"] for line in journal.read()]


@pytest.mark.parametrize("code", ["EGW00121", "EGW00122", "EGW00123"])
def test_a_token_that_is_taken_back_in_mid_run_costs_one_issue_and_one_call(server, make, code: str) -> None:
    kis = make()
    tickers = tuple(kis.masters.instruments("US"))[:6]
    before = kis.fetch("ohlcv", Request("US", tickers, *DAYS)).frame
    server.expire()
    after = kis.fetch("ohlcv", Request("US", tickers, *DAYS)).frame
    assert after.drop("collected_at").equals(before.drop("collected_at"))
    assert len(server.issued) == 2, "twelve threads met the refusal, one asked"


def test_a_token_asked_too_soon_is_waited_for(serve, make, slept) -> None:
    server = serve(minute=1e9)
    server.issued.append(-1e9)
    assert make().client.token()
    server.issued.append(server.issued[-1] + 1e8)
    kis = make()
    refused = kis.client.token()
    with pytest.raises(Throttled) as caught:
        kis.client._tokens.get(refused=refused)
    assert caught.value.context["retry_after"] == 60.0
    assert slept.count(60.0) >= 3


def test_bad_keys_say_so_in_the_other_envelope(server, make) -> None:
    server._token = lambda call: Answer({"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey"}, 403)
    with pytest.raises(Unauthorised, match="EGW00103") as caught:
        make().client.token()
    assert "KIS_APP_KEY" in caught.value.hint


@pytest.mark.parametrize("status", [200, 500, 403])
def test_a_gateway_that_cannot_issue_a_token_is_unreachable(server, make, status: int) -> None:
    server._token = lambda call: Answer({"error_code": "EGW00002", "error_description": "서버 에러"}, status)
    with pytest.raises(Unreachable, match="EGW00002"):
        make().client.token()
    assert calls_of(server, "/oauth2/tokenP") == 1


def test_a_key_that_the_broker_repeats_is_not_kept_in_the_error(server, make) -> None:
    key = make().client._key.reveal()
    server.refusal = ("EGW00103", f"유효하지 않은 AppKey {key}", 200)
    with pytest.raises(Unauthorised) as caught:
        make().client.get(*CALL)
    assert key not in str(caught.value.context)


def test_missing_keys_are_named(server, make, monkeypatch) -> None:
    monkeypatch.delenv("KIS_APP_SECRET")
    kis = make()
    assert kis.fetch("tickers", Request("US")).frame.height, "listings need no key"
    with pytest.raises(ConfigError, match="KIS_APP_SECRET"):
        kis.fetch("ohlcv", Request("US", ("DAAB",), *DAYS))


def test_the_headers_of_a_call(server, make) -> None:
    make().client.get(*CALL)
    call = server.calls[-1]
    assert call.headers["tr_id"] == "HHDFS76240000"
    assert call.headers["custtype"] == "P"
    assert call.headers["authorization"].startswith("Bearer TOKEN1")
    assert call.query == PARAMS, "a key with an empty value is sent"


def test_a_rate_refusal_slows_down_and_is_noted(server, make) -> None:
    kis = make()
    server.fault("429", first=2, path=OVERSEAS)
    assert kis.client.get(*CALL)["rt_cd"] == "0"
    assert kis.client.limiter.pace() < 1.0
    assert "at" in kis.limits()
    assert [line["event"] for line in journal.read()].count("provider.throttled") == 2


def test_the_first_failure_stops_the_other_codes_of_a_batch(server, make) -> None:
    kis = make()
    tickers = tuple(kis.masters.instruments("US"))
    server.refusal = ("EGW00206", "권한 없음", 403)
    with pytest.raises(Unauthorised):
        kis.fetch("ohlcv", Request("US", tickers, *DAYS))
    assert calls_of(server) <= 12, "one a thread at most"


def test_a_success_without_its_code_has_changed_shape(server, make) -> None:
    server._dispatch = lambda call: Answer({"output1": {}, "output2": []})
    with pytest.raises(ShapeChanged, match="no rt_cd"):
        make().client.get(*CALL)


def test_paper_has_its_own_host_rate_and_gaps(serve, make, monkeypatch) -> None:
    serve(paper=True)
    monkeypatch.setenv("KIS_PAPER", "1")
    kis = make()
    assert kis.limits() == "1 calls in 1 s and 60 calls in 60 s per key (paper service)"
    tickers = tuple(kis.masters.instruments("US"))[:2]
    for table in ("shares", "fundamentals"):
        fetched = kis.fetch(table, Request("US", tickers, *DAYS))
        assert fetched.frame.is_empty()
        assert [(gap.reason, gap.detail) for gap in fetched.absent] == [
            ("not_covered", "not offered by the paper service")
        ] * 2
    with pytest.raises(NotOffered):
        kis.holidays()
    assert kis.fetch("fundamentals", Request("KR", ("005930",), *DAYS)).frame.height, "Korean quotes are offered"


def test_a_mistyped_switch_is_an_error_not_the_real_service(make, monkeypatch) -> None:
    monkeypatch.setenv("KIS_PAPER", "ja")
    with pytest.raises(ConfigError, match="KIS_PAPER"):
        make()


def test_the_server_refuses_what_the_service_refuses(server, make) -> None:
    client = make().client
    with pytest.raises(ProviderError, match="OPSQ0002"):
        client.get(CALL[0], "FHKST03010100", PARAMS)
    with pytest.raises(ProviderError, match="OPSQ2001"):
        client.get(CALL[0], CALL[1], {name: value for name, value in PARAMS.items() if name != "AUTH"})


def test_no_key_no_token_in_anything_that_is_shown(server, make, environment) -> None:
    kis = make()
    server.fault("500", share=1.0, path="/uapi")
    shown = []
    for region, ticker, exchange in (("US", "DAAB", "XNAS"), ("KR", "005660", "XKRX")):
        with pytest.raises(Unreachable) as caught:
            kis.fetch("ohlcv", Request(region, (ticker,), *DAYS, {ticker: Listing(exchange=exchange)}))
        shown += [str(caught.value), repr(caught.value.context), repr(caught.getrepr(style="short"))]
    shown += [path.read_text() for path in (environment / "log").glob("*")]
    for text in shown:
        assert "SENTINEL" not in text
        assert "TOKEN1t" not in text


@pytest.mark.parametrize("path", [DOMESTIC, DETAIL])
def test_the_paths_are_those_of_the_service(path: str) -> None:
    assert path.startswith("/uapi/")


def test_one_code_that_fails_does_not_take_the_others_with_it(server, make) -> None:
    kis = make()
    tickers = tuple(kis.masters.instruments("US"))[:8]
    plain = server._overseas

    def odd_for_one(asked):
        answer = plain(asked)
        return Answer(answer.body | {"output2": [{"xymd": "never"}]}) if asked["SYMB"] == tickers[3] else answer

    server._overseas = odd_for_one
    fetched = kis.fetch("ohlcv", Request("US", tickers, *DAYS))
    assert set(fetched.frame["ticker"]) == set(tickers) - {tickers[3]}
    failed = [gap for gap in fetched.absent if gap.ticker == tickers[3]]
    assert [(gap.start, gap.end, gap.reason) for gap in failed] == [(*DAYS, "unknown")]


def test_throttling_in_mid_run_leaves_what_was_answered_and_says_what_was_not(server, make) -> None:
    kis = make()
    tickers = tuple(kis.masters.instruments("US"))
    kis.client.token()
    plain, served = type(server)._refused, []

    def closes_after_five(call):
        served.append(call)
        if len(served) > 5:
            return server.throttled(call)
        return plain(server, call)

    server._refused = closes_after_five
    fetched = kis.fetch("ohlcv", Request("US", tickers, *DAYS))
    answered = set(fetched.frame["ticker"])
    missing = {gap.ticker: gap.reason for gap in fetched.absent if (gap.start, gap.end) == DAYS}
    assert 1 <= len(answered) <= 5
    assert missing == dict.fromkeys(set(tickers) - answered, "throttled")
