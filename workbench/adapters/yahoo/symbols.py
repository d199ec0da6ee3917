"""How Yahoo spells a code, an index and a currency.

There is no list of all symbols: a code is spelled by the exchange that the lake's listing names. Where the
exchange is unknown the rule is stated below and tried in its order; what was chosen is noted in the log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: MIC -> suffix. KONEX and Nextrade have none.
SUFFIX = {
    "XKRX": "KS",
    "XKOS": "KQ",
    "XSHG": "SS",
    "XSHE": "SZ",
    "BJSE": "BJ",
    "XHKG": "HK",
    "XTKS": "T",
    "XSTC": "VN",
    "HSTC": "VN",
    "XHNX": "VN",
}
#: What ``meta.exchangeName`` says of a suffix that could be taken for another one.
EXCHANGE_NAME = {"KS": "KSC", "KQ": "KOE", "SS": "SHH", "SZ": "SHZ"}

#: Suffixes of a code whose exchange nobody knows, in the order in which they are tried.
_UNKNOWN = {"KR": ("KS", "KQ"), "HK": ("HK",), "JP": ("T",), "VN": ("VN",)}
#: First character of a Chinese code -> suffix (numbering plans of the three exchanges).
_CHINESE = {"6": "SS", "9": "SS", "0": "SZ", "2": "SZ", "3": "SZ", "4": "BJ", "8": "BJ"}
#: A preferred share as US sources write it, with a small letter.
_PREFERRED = re.compile(r"([A-Z]+)p([A-Z]?)")
#: What stands behind the dot for other lines of a US company -> behind Yahoo's dash.
_LINES = {"U": "UN", "WS": "WT", "RT": "RI"}


@dataclass(frozen=True)
class Index:
    """An index as the lake names it, and as Yahoo does."""

    name: str
    symbol: str
    region: str
    currency: str


INDEXES = (
    Index("KOSPI", "^KS11", "KR", "KRW"),
    Index("KOSDAQ", "^KQ11", "KR", "KRW"),
    Index("KOSPI200", "^KS200", "KR", "KRW"),
    Index("SP500", "^GSPC", "US", "USD"),
    Index("NASDAQ", "^IXIC", "US", "USD"),
    Index("DOW", "^DJI", "US", "USD"),
    Index("RUSSELL2000", "^RUT", "US", "USD"),
    Index("CSI300", "000300.SS", "CN", "CNY"),
    Index("SSE", "000001.SS", "CN", "CNY"),
    Index("SZSE", "399001.SZ", "CN", "CNY"),
    Index("HSI", "^HSI", "HK", "HKD"),
    Index("HSCEI", "^HSCE", "HK", "HKD"),
    Index("NIKKEI225", "^N225", "JP", "JPY"),
    Index("VNINDEX", "^VNINDEX.VN", "VN", "VND"),
)


def candidates(region: str, ticker: str, exchange: str | None) -> tuple[str, ...]:
    """Symbols under which Yahoo may know a code, the likeliest first; none where it has no such exchange.

    Parameters
    ----------
    region : str
        One of the six regions.
    ticker : str
        Local exchange code in normal form.
    exchange : str or None
        MIC. None follows the stated rule: Korea ``.KS`` then ``.KQ``, China by the first digit of the code,
        the others have one suffix.

    Examples
    --------
    >>> candidates("HK", "00700", "XHKG"), candidates("US", "BRK.B", None), candidates("KR", "247540", None)
    (('0700.HK',), ('BRK-B',), ('247540.KS', '247540.KQ'))
    """
    if region == "US":
        return (_american(ticker),)
    if exchange:
        suffixes: tuple[str, ...] = (SUFFIX[exchange],) if exchange in SUFFIX else ()
    elif region == "CN":
        # Beijing's new codes begin with 92, Shanghai's B shares with 900.
        suffixes = ("BJ",) if ticker.startswith("92") else tuple(_CHINESE.get(ticker[:1], "").split())
    else:
        suffixes = _UNKNOWN[region]
    return tuple(f"{_stem(region, ticker)}.{suffix}" for suffix in suffixes)


def currency_symbol(currency: str) -> str:
    """The rate in units of the currency a dollar, such as ``KRW=X``."""
    return f"{currency}=X"


def indexes(region: str, names: tuple[str, ...] | None) -> tuple[list[Index], list[str]]:
    """The region's indexes of these names (all for None), and the names that are none of them."""
    mine = {index.name: index for index in INDEXES if index.region == region}
    asked = tuple(mine) if names is None else tuple(dict.fromkeys(names))
    return [mine[name] for name in asked if name in mine], [name for name in asked if name not in mine]


def fits(symbol: str, exchange_name: str | None) -> bool:
    """False where the answer is of another exchange than the symbol's suffix says."""
    expected = EXCHANGE_NAME.get(symbol.rpartition(".")[2]) if "." in symbol else None
    return expected is None or exchange_name is None or exchange_name == expected


def _american(ticker: str) -> str:
    """Classes, preferred shares, units, warrants and rights stand behind a dash: ``BAC-PB`` for ``BACpB``."""
    if preferred := _PREFERRED.fullmatch(ticker):
        return f"{preferred[1]}-P{preferred[2]}"
    stem, _, line = ticker.replace("/", ".").partition(".")
    return f"{stem}-{_LINES.get(line, line.replace('.', '-'))}" if line else stem


def _stem(region: str, ticker: str) -> str:
    """Hong Kong codes have four digits at Yahoo, five where they need them."""
    return ticker.lstrip("0").zfill(4) if region == "HK" and ticker.isdigit() else ticker
