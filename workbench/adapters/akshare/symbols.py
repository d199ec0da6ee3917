"""How Eastmoney spells a share: market digit and code; and what code and name say of it."""

from __future__ import annotations

import re
import unicodedata

from workbench import markets

#: Marks that stand before a name: first days of trading (N, C), the day without dividend or rights (XD, XR, DR),
#: and shares whose reform of 2005 is not done (S).
_DAY_MARKS = re.compile(r"^(?:XD|XR|DR|[NC](?=[㐀-鿿]))")
_TREATMENT = re.compile(r"^S?(\*?ST)")
_UNREFORMED = re.compile(r"^S(?=[㐀-鿿])")
_DELISTING = re.compile(r"^退市|退$")
_SUFFIXES = {"XSHG": "SH", "XSHE": "SZ", "BJSE": "BJ"}
_SECOND_COUNTERS = {"8": "CNY", "9": "USD"}


def secid(region: str, ticker: str) -> str:
    """``1.600519``, ``0.000001`` or ``116.00700``: 1 is Shanghai, 0 Shenzhen and Beijing, 116 Hong Kong."""
    if region == "HK":
        return f"116.{ticker}"
    return f"{1 if mic(ticker) == 'XSHG' else 0}.{ticker}"


def mic(ticker: str, market: int | str | None = None) -> str:
    """The exchange of a mainland code.

    Parameters
    ----------
    ticker : str
        Six digits.
    market : int or str, optional
        The digit in the list of shares, 1 for Shanghai; it goes before the ranges of codes.
    """
    if str(market) in ("1", "1.0") or (market is None and ticker.startswith(("60", "68", "900"))):
        return "XSHG"
    return "BJSE" if markets.board_of("CN", ticker) == "Beijing" else "XSHE"


def security_code(ticker: str) -> str:
    """``600519.SH``: as in the reports of the data centre."""
    return f"{ticker}.{_SUFFIXES[mic(ticker)]}"


def library_digit(ticker: str) -> str:
    """The market digit that the library takes for a mainland code."""
    return "1" if ticker.startswith("6") else "0"


def currency(region: str, ticker: str) -> str:
    """Of the prices; B shares and the second counters of Hong Kong have their own."""
    if region == "HK":
        return _SECOND_COUNTERS.get(ticker[0], "HKD")
    return "USD" if ticker.startswith("900") else "HKD" if ticker.startswith("200") else "CNY"


def plain_name(name: str) -> tuple[str, str]:
    """The name without marks, and its special treatment.

    Returns
    -------
    (str, str)
        The treatment is ``ST``, ``*ST``, ``delisting`` or ``none``. On a day with a mark the exchange cuts
        the name to four characters; what it cut stays cut.

    Examples
    --------
    >>> plain_name("XD*ST 示例"), plain_name("万  科Ａ")
    (('示例', '*ST'), ('万科A', 'none'))
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    text = _DAY_MARKS.sub("", text)
    if found := _TREATMENT.match(text):
        return text[found.end() :], found[1]
    if _DELISTING.search(text):
        return _DELISTING.sub("", text), "delisting"
    return _UNREFORMED.sub("", text), "none"


def asset_type(name: str) -> str:
    """What a line of the Hong Kong list is, as far as its name tells: most are shares."""
    upper = name.upper()
    if "ETF" in upper or "安硕" in upper:
        return "etf"
    if re.search(r"REIT|房产基金|房托|产业信托", upper):
        return "reit"
    return "stock"
