"""KIS Open API on this machine: the sample market in the service's own words, bytes and codes.

One server answers for the service and for the host of the master files. It checks tokens and headers as the
service does, keeps to 100 rows a page, and has its quirks: opposite flags for adjusted prices, empty successes in
several forms, Korea's empty objects for an unknown code, units and warrants among the stocks of a master file.
"""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from local_server import Answer, Call, LocalServer
from world import World

from workbench import settings
from workbench.adapters.kis.exchanges import EXCHANGES, Exchange, symbol_of, ticker_of
from workbench.adapters.kis.master_korea import LAYOUTS

DOMESTIC = "/uapi/domestic-stock/v1/quotations/inquire-daily-itemchartprice"
OVERSEAS = "/uapi/overseas-price/v1/quotations/dailyprice"
QUOTE = "/uapi/domestic-stock/v1/quotations/inquire-price"
DETAIL = "/uapi/overseas-price/v1/quotations/price-detail"
HOLIDAYS = "/uapi/domestic-stock/v1/quotations/chk-holiday"
IDS = {
    DOMESTIC: "FHKST03010100",
    OVERSEAS: "HHDFS76240000",
    QUOTE: "FHKST01010100",
    DETAIL: "HHDFS76200200",
    HOLIDAYS: "CTCA0903R",
}
NEEDED = {
    DOMESTIC: (
        "FID_COND_MRKT_DIV_CODE",
        "FID_INPUT_ISCD",
        "FID_INPUT_DATE_1",
        "FID_INPUT_DATE_2",
        "FID_PERIOD_DIV_CODE",
        "FID_ORG_ADJ_PRC",
    ),
    OVERSEAS: ("AUTH", "EXCD", "SYMB", "GUBN", "BYMD", "MODP"),
    QUOTE: ("FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD"),
    DETAIL: ("AUTH", "EXCD", "SYMB"),
    HOLIDAYS: ("BASS_DT", "CTX_AREA_NK", "CTX_AREA_FK"),
}
ONLY_REAL = (DETAIL, HOLIDAYS)
DECIMALS = {"KR": 0, "US": 4, "CN": 3, "HK": 3, "JP": 1, "VN": 0}
#: Listed where the world has nothing at an exchange: its file is never empty.
FILLER = {"KR": "0000D0", "US": "ZZFND", "CN": "510999", "HK": "02899", "JP": "1399", "VN": "FUEZZZ50"}
UNIT = "ZZQ.UN"
KOREA = ZoneInfo("Asia/Seoul")


def failure(code: str, text: str, status: int = 500) -> Answer:
    """The envelope of a refused call."""
    return Answer({"rt_cd": "1", "msg_cd": code, "msg1": f"{text:<40}"}, status)


def success(**outputs: Any) -> Answer:
    return Answer(outputs | {"rt_cd": "0", "msg_cd": "MCA00000", "msg1": "정상처리 되었습니다."})


class KisServer(LocalServer):
    """Answers from a world.

    Parameters
    ----------
    world : World
        What is known.
    limit : (int, float) or None
        Calls in any so many seconds, tokens and files apart.
    paper : bool
        The paper service.
    lifetime : float
        Seconds a token lives.
    minute : float
        Seconds between two issues of a token to one key.
    keys : (str, str) or None
        Key and secret, the only ones that are accepted; None: any.
    """

    def __init__(
        self,
        world: World,
        *,
        latency: float = 0.0,
        limit: tuple[int, float] | None = None,
        paper: bool = False,
        lifetime: float = 86_400.0,
        minute: float = 0.0,
        keys: tuple[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(latency=latency, limit=limit, **options)
        self.world, self.paper, self.lifetime, self.minute = world, paper, lifetime, minute
        self.keys = keys
        #: Tokens in force, with the key each belongs to.
        self.tokens: dict[str, str] = {}
        self.issued: list[float] = []
        #: A running session's bar, by region: the newest row of each code.
        self.running: dict[str, date] = {}
        #: A code answered instead of what is asked, until taken away.
        self.refusal: tuple[str, str, int] | None = None
        self._issue_lock = threading.Lock()

    def limited(self, call: Call) -> bool:
        return call.path in IDS

    def throttled(self, call: Call) -> Answer:
        return failure("EGW00201", "초당 거래건수를 초과하였습니다.")

    def expire(self) -> None:
        """Take back all tokens, as the service does in the middle of a run."""
        self.tokens.clear()

    def faulty(self, kind: str, call: Call) -> Answer:
        if kind != "renamed":
            return super().faulty(kind, call)
        body = self.answer(call).body
        for row in body.get("output2", []):
            row["close"] = row.pop("clos", None) or row.pop("stck_clpr", None)
        return Answer(body)

    def answer(self, call: Call) -> Answer:
        if call.path.endswith(".zip"):
            return self._file(call.path.rpartition("/")[2])
        if call.path == "/oauth2/tokenP":
            return self._token(call)
        if call.path not in IDS:
            return failure("OPSQ0002", "없는 서비스 코드 입니다.", 500)
        return self._refused(call) or self._dispatch(call)

    # Tokens.

    def _token(self, call: Call) -> Answer:
        body = call.json()
        if body.get("grant_type") != "client_credentials" or not body.get("appkey"):
            return Answer({"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."}, 403)
        if self.keys and body["appkey"] != self.keys[0]:
            return Answer({"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey입니다."}, 403)
        if self.keys and body.get("appsecret") != self.keys[1]:
            return Answer({"error_code": "EGW00105", "error_description": "유효하지 않은 AppSecret입니다."}, 403)
        with self._issue_lock:
            now = time.monotonic()
            if self.issued and now - self.issued[-1] < self.minute:
                text = "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)"
                return Answer({"error_code": "EGW00133", "error_description": text}, 403)
            self.issued.append(now)
            value = f"TOKEN{len(self.issued)}".ljust(200, "t")
            self.tokens[value] = body["appkey"]
        expires = settings.now() + timedelta(seconds=self.skew + self.lifetime)
        return Answer(
            {
                "access_token": value,
                "access_token_token_expired": f"{expires.astimezone(KOREA):%Y-%m-%d %H:%M:%S}",
                "token_type": "Bearer",
                "expires_in": int(self.lifetime),
            }
        )

    def _refused(self, call: Call) -> Answer | None:
        if self.refusal:
            return failure(*self.refusal)
        bearer, _, value = call.headers.get("authorization", "").partition(" ")
        if bearer != "Bearer":
            return failure("EGW00205", "credentials_type이 유효하지 않습니다.(Bearer)")
        if self.tokens.get(value) != call.headers.get("appkey"):
            return failure("EGW00123", "기간이 만료된 token 입니다.")
        if not call.headers.get("appsecret") or call.headers.get("custtype") != "P":
            return failure("EGW00208", "고객유형이 유효하지 않습니다.")
        if call.headers.get("tr_id") != IDS[call.path]:
            return failure("OPSQ0002", "없는 서비스 코드 입니다.")
        if self.paper and call.path in ONLY_REAL:
            return failure("EGW02006", "모의투자 TR 이 아닙니다.")
        missing = [name for name in NEEDED[call.path] if name not in call.query]
        if missing:
            return failure("OPSQ2001", f"ERROR INPUT FIELD NOT FOUND [{missing[0]}]", 200)
        return None

    def _dispatch(self, call: Call) -> Answer:
        asked = call.query
        if call.path == DOMESTIC:
            return self._domestic(asked)
        if call.path == OVERSEAS:
            return self._overseas(asked)
        if call.path == QUOTE:
            return self._quote(asked)
        return self._detail(asked) if call.path == DETAIL else self._holidays(asked)

    # Prices.

    def _domestic(self, asked: dict[str, str]) -> Answer:
        code = ticker_of("KR", asked["FID_INPUT_ISCD"])
        first, last = _day(asked["FID_INPUT_DATE_1"]), _day(asked["FID_INPUT_DATE_2"])
        if code not in self._codes("KR"):
            return success(output1={"stck_prpr": "0", "stck_shrn_iscd": "", "hts_kor_isnm": ""}, output2=[{}])
        adjusted = asked["FID_ORG_ADJ_PRC"] == "0"
        bars = [bar for bar in self._series("KR", code, asked["FID_PERIOD_DIV_CODE"]) if first <= bar[0] <= last]
        rows = [self._domestic_row("KR", code, bar, adjusted) for bar in reversed(bars[-100:])]
        newest = self._series("KR", code, "D")[-1]
        return success(output1={"stck_prpr": f"{newest[4]:.0f}", "stck_shrn_iscd": code}, output2=rows)

    def _domestic_row(self, region: str, code: str, bar: Sequence[Any], adjusted: bool) -> dict[str, str]:
        day, open_, high, low, close, volume, turnover = bar
        factor = self._factor(region, code, day) if adjusted else 1.0
        prices = [f"{round(price * factor):d}" for price in (close, open_, high, low)]
        names = ("stck_clpr", "stck_oprc", "stck_hgpr", "stck_lwpr")
        return {
            "stck_bsop_date": f"{day:%Y%m%d}",
            **dict(zip(names, prices, strict=True)),
            "acml_vol": f"{volume:.0f}",
            "acml_tr_pbmn": f"{turnover:.0f}",
            "flng_cls_code": "00",
            "prtt_rate": "0.00",
            "mod_yn": "N" if volume else "Y",
            "prdy_vrss_sign": "3",
            "prdy_vrss": "0",
            "revl_issu_reas": "",
        }

    def _overseas(self, asked: dict[str, str]) -> Answer:
        exchange = next((one for one in EXCHANGES if one.code == asked["EXCD"]), None)
        code = ticker_of(exchange.region, asked["SYMB"]) if exchange else ""
        listed = self._listed(exchange) if exchange else {}
        if exchange is None or code not in listed:
            return self._empty(asked["SYMB"])
        last = _day(asked["BYMD"]) if asked["BYMD"] else date.max
        period = {"0": "D", "2": "M"}[asked["GUBN"]]
        bars = [bar for bar in self._series(exchange.region, code, period) if bar[0] <= last]
        if not bars:
            return self._empty(asked["SYMB"])
        rows = [self._overseas_row(exchange.region, code, bar, asked["MODP"] == "1") for bar in reversed(bars[-100:])]
        head = {
            "rsym": f"D{asked['EXCD']}{asked['SYMB']}",
            "zdiv": str(DECIMALS[exchange.region]),
            "nrec": str(len(rows)),
        }
        return success(output1=head, output2=rows)

    def _empty(self, symbol: str) -> Answer:
        """An empty success, in one of its three forms."""
        form = len(symbol) % 3
        if form == 0:
            return success(output1={"rsym": "", "zdiv": "", "nrec": ""}, output2=[])
        return success() if form == 1 else success(output1={"rsym": "", "zdiv": "", "nrec": "0"}, output2=[{}])

    def _overseas_row(self, region: str, code: str, bar: Sequence[Any], adjusted: bool) -> dict[str, str]:
        day, open_, high, low, close, volume, turnover = bar
        factor = self._factor(region, code, day) if adjusted else 1.0
        decimals = DECIMALS[region]
        row = {
            "xymd": f"{day:%Y%m%d}",
            "clos": f"{close * factor:.{decimals}f}",
            "sign": "3",
            "diff": f"{0:.{decimals}f}",
            "rate": " 0.00",
            "open": f"{open_ * factor:.{decimals}f}",
            "high": f"{high * factor:.{decimals}f}",
            "low": f"{low * factor:.{decimals}f}",
            "tvol": f"{volume:.0f}",
            "tamt": f"{turnover:.0f}",
        }
        # Bids and asks are absent on days without volume.
        return row | ({"pbid": row["clos"], "vbid": "100", "pask": row["clos"], "vask": "100"} if volume else {})

    def _series(self, region: str, code: str, period: str) -> list[tuple[Any, ...]]:
        """Bars of a code, oldest first; a month's close is its last day's, and its date too."""
        bars = self._bars.setdefault((region, code), self._rows(region, code))
        if region in self.running and bars and bars[-1][0] < self.running[region]:
            bars = [*bars, (self.running[region], *bars[-1][1:])]
        if period == "D":
            return bars
        months: dict[tuple[int, int], tuple[Any, ...]] = {}
        for bar in bars:
            months[(bar[0].year, bar[0].month)] = bar
        return list(months.values())

    @cached_property
    def _bars(self) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
        return {}

    def _rows(self, region: str, code: str) -> list[tuple[Any, ...]]:
        names = ("date", "open", "high", "low", "close", "volume", "turnover")
        code = self._pattern(region) if code in (UNIT, FILLER[region]) else code
        return self.world.of("ohlcv", region, code).sort("date").select(names).fill_null(0.0).rows()

    def _factor(self, region: str, code: str, day: date) -> float:
        """What adjusted prices of a day are raw prices times: splits after it."""
        factor = 1.0
        for ex_date, value in self._splits(region).get(code, []):
            factor /= value if ex_date > day else 1.0
        return factor

    def _splits(self, region: str) -> dict[str, list[tuple[date, float]]]:
        if region not in self._split_rows:
            found: dict[str, list[tuple[date, float]]] = defaultdict(list)
            actions = self.world.rows("actions", region)
            for code, ex_date, kind, value in actions.select("ticker", "ex_date", "kind", "value").iter_rows():
                if kind == "split":
                    found[code].append((ex_date, value))
            self._split_rows[region] = found
        return self._split_rows[region]

    @cached_property
    def _split_rows(self) -> dict[str, dict[str, list[tuple[date, float]]]]:
        return {}

    # Reference data.

    def _quote(self, asked: dict[str, str]) -> Answer:
        code = ticker_of("KR", asked["FID_INPUT_ISCD"])
        if code == "005930":
            # Answered without the world, which takes a while to make: it is what a probe asks.
            return success(output={"stck_prpr": "69800", "lstn_stcn": "5919637922", "per": "11.20", "eps": "6232.00"})
        if code not in self._codes("KR"):
            return success(output={"stck_prpr": "0", "lstn_stcn": "0", "per": "0.00", "eps": "0.00"})
        close, shares = self._series("KR", code, "D")[-1][4], self._shares("KR", code)
        return success(
            output={
                "stck_prpr": f"{close:.0f}",
                "lstn_stcn": f"{shares:.0f}",
                "hts_avls": f"{close * shares / 1e8:.0f}",
                "per": "12.50",
                "pbr": "0.00",
                "eps": f"{close / 12.5:.2f}",
                "bps": "-250.00",
            }
        )

    def _detail(self, asked: dict[str, str]) -> Answer:
        exchange = next((one for one in EXCHANGES if one.code == asked["EXCD"]), None)
        code = ticker_of(exchange.region, asked["SYMB"]) if exchange else ""
        if exchange is None or code not in self._listed(exchange):
            return success(output={"rsym": "", "last": "", "shar": "", "perx": "", "curr": ""})
        close, shares = self._series(exchange.region, code, "D")[-1][4], self._shares(exchange.region, code)
        return success(
            output={
                "rsym": f"D{asked['EXCD']}{asked['SYMB']}",
                "curr": self._listed(exchange)[code]["currency"],
                "vnit": "1",
                "last": f"{close:.4f}",
                "shar": f"{shares:.0f}",
                "tomv": f"{close * shares:.0f}",
                "perx": "20.00",
                "pbrx": "3.10",
                "epsx": f"{close / 20:.2f}",
                "bpsx": "",
            }
        )

    def _shares(self, region: str, code: str) -> float:
        code = self._pattern(region) if code in (UNIT, FILLER[region]) else code
        return float(self.world.of("shares", region, code)["shares_outstanding"][-1])

    def _holidays(self, asked: dict[str, str]) -> Answer:
        from workbench import markets

        first = _day(asked["BASS_DT"])
        days = [first + timedelta(days=number) for number in range(24)]
        flags = [("Y" if markets.is_session("KR", day) else "N", "Y" if day.isoweekday() < 7 else "N") for day in days]
        rows = [
            {
                "bass_dt": f"{day:%Y%m%d}",
                "bzdy_yn": is_open,
                "tr_day_yn": six,
                "opnd_yn": is_open,
                "sttl_day_yn": is_open,
            }
            for day, (is_open, six) in zip(days, flags, strict=True)
        ]
        return success(output=rows, ctx_area_nk=f"{days[-1]:%Y%m%d}".ljust(20), ctx_area_fk=f"{first:%Y%m%d}".ljust(20))

    # Master files.

    def _file(self, name: str) -> Answer:
        exchange = next((one for one in EXCHANGES if f"{one.master}.zip" == name), None)
        if exchange is None:
            return Answer("not here", 404)
        member = exchange.master if exchange.domestic else exchange.master.upper()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            lines = self._korean(exchange) if exchange.domestic else self._tabbed(exchange)
            archive.writestr(member, b"".join(line + b"\n" for line in lines))
        return Answer(packed.getvalue(), 200, {"Content-Type": "application/zip"})

    def _korean(self, exchange: Exchange) -> list[bytes]:
        return [
            korean_line(
                exchange.master,
                code,
                row["name"],
                group="EF" if code in FILLER.values() else "ST",
                listed=f"{row['listed_date']:%Y%m%d}",
                shares=f"{self._shares('KR', code) / 1000:.0f}",
            )
            for code, row in self._listed(exchange, today=True).items()
        ]

    def _tabbed(self, exchange: Exchange) -> list[bytes]:
        lots = {"CN": "100", "HK": "500", "JP": "100", "VN": "100", "US": "1"}
        lines = []
        for code, row in self._listed(exchange, today=True).items():
            fund = {"stis": "3", "etyp": "001"} if code in FILLER.values() else {}
            symbol, lot = symbol_of(exchange.region, code), lots[exchange.region]
            lines.append(overseas_line(exchange, symbol, row["name"], lot=lot, **fund))
        return lines

    def _listed(self, exchange: Exchange, *, today: bool = False) -> dict[str, dict[str, Any]]:
        """Rows of the world's listing on an exchange; today's only, or also those that were delisted."""
        rows = self._by_exchange.setdefault(exchange.region, self._listing(exchange.region))
        mics = (exchange.mic, *exchange.also)
        chosen = {code: row for code, row in rows.items() if row["exchange"] in mics}
        return {code: row for code, row in chosen.items() if not today or row["delisted_date"] is None}

    @cached_property
    def _by_exchange(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {}

    def _listing(self, region: str) -> dict[str, dict[str, Any]]:
        """The world's codes, a bundle of share and warrant in New York, and a fund where an exchange has no code."""
        newest = self.world.rows("tickers", region).sort("spell").unique("ticker", keep="last", maintain_order=True)
        rows = {row["ticker"]: row for row in newest.iter_rows(named=True)}
        pattern = rows[self._pattern(region)]
        here = {row["exchange"] for row in rows.values() if row["delisted_date"] is None}
        for exchange in EXCHANGES:
            if exchange.region == region and not here & {exchange.mic, *exchange.also}:
                code = FILLER[region]
                rows[code] = pattern | {"ticker": code, "name": "SOME FUND ETF", "exchange": exchange.mic}
        if region == "US":
            name = "ZZQ ACQUISITION CORP UNIT 1 CL A & 1/2 WT EXP"
            rows[UNIT] = pattern | {"ticker": UNIT, "name": name, "exchange": "XNYS"}
        return rows

    def _pattern(self, region: str) -> str:
        """The code whose prices those that the world does not know have too: listed, and never split."""
        rows = self.world.rows("tickers", region).filter(pl.col("delisted_date").is_null())
        split = set(self._splits(region))
        return next(code for code in rows["ticker"].sort() if code not in split)

    def _codes(self, region: str) -> dict[str, dict[str, Any]]:
        return self._by_exchange.setdefault(region, self._listing(region))


def overseas_line(exchange: Exchange, symbol: str, name: str, **fields: str) -> bytes:
    """A line of a ``.COD`` file; further columns by name, as in the broker's layout."""
    values = {
        "ncod": exchange.region,
        "exid": "0",
        "excd": exchange.code,
        "exnm": "거래소",
        "symb": symbol,
        "rsym": exchange.code + symbol,
        "knam": fields.pop("korean", name),
        "enam": name[:64],
        "stis": "2",
        "curr": {"US": "USD", "CN": "CNY", "HK": "HKD", "JP": "JPY", "VN": "VND"}[exchange.region],
        "zdiv": str(DECIMALS[exchange.region]),
        "ztyp": "",
        "base": "10.0000",
        "bnit": fields.get("lot", "1"),
        "anit": fields.pop("lot", "1"),
        "mstm": "930",
        "metm": "1600",
        "isdr": "N",
        "drcd": "",
        "icod": "000",
        "sjong": "0",
        "ttyp": "0",
        "etyp": "   ",
        "ttyp_sb": "   ",
    }
    assert set(fields) <= set(values), fields
    return "\t".join((values | fields).values()).encode("cp949")


def korean_line(file: str, code: str, name: str, **fields: str) -> bytes:
    """A line of a ``.mst`` file; fields of the tail by name, numbers padded with zeros as the broker does."""
    layout = LAYOUTS[file]
    line = bytearray(b" " * layout.length)
    line[:9] = code.encode().ljust(9)
    line[9:21] = f"KR7{code}003".encode()[:12].ljust(12)
    # Cut by bytes: half a character at the end would be no name.
    shown = name.encode("cp949")[:40].decode("cp949", "ignore").encode("cp949")
    line[21:61] = shown.ljust(40)
    flags = dict.fromkeys(("halted", "liquidation", "administrative", "spac", "unfaithful", "caution"), "N")
    usual = {"group": "ST", "lot": "1", "warning": "00", "preferred": "0", "listed": "20000101", "shares": "1000"}
    sectors = {"large": "0000", "middle": "0000", "small": "0000"}
    for field, text in (flags | usual | sectors | fields).items():
        if field not in layout.fields:
            continue
        place = layout.fields[field]
        width = place.stop - place.start
        line[place] = (text.zfill(width) if text.isdigit() else text.ljust(width)).encode("ascii")
    return bytes(line)


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
