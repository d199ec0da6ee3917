"""Local exchange codes: their normal form, and what a code says of its board."""

from __future__ import annotations

import re

from workbench.errors import DataError
from workbench.markets.record import get

#: Suffixes under which vendors write a code of the region.
_SUFFIXES = {
    "KR": ("KS", "KQ"),
    "US": (),
    "CN": ("SS", "SH", "SZ", "BJ"),
    "HK": ("HK",),
    "JP": ("T", "JP"),
    "VN": ("VN",),
}
#: Digits to which a purely numeric code is padded with zeros on the left.
_WIDTH = {"KR": 6, "CN": 6, "HK": 5}


def normalize_code(region: str, code: str | int) -> str:
    """The code as the workbench stores it.

    Upper case; Korean and Chinese codes of 6 and Hong Kong codes of 5 characters with their leading
    zeros; US class shares with a dot (``BRK.B``); vendors' suffixes and ``sh``/``sz``/``bj`` prefixes
    are dropped.

    Parameters
    ----------
    region : str
        Region the code belongs to.
    code : str or int
        As a source writes it; a number has lost its leading zeros and gets them back.

    Raises
    ------
    DataError
        When the result is not a code of the region.

    Examples
    --------
    >>> normalize_code("HK", "700.HK"), normalize_code("US", "BRK-B"), normalize_code("CN", "sh600519")
    ('00700', 'BRK.B', '600519')
    """
    market = get(region)
    text = str(code).strip().upper()
    if market.region == "US":
        text = re.sub(r"[-/_ ]", ".", text)
    text = _without_suffix(text, _SUFFIXES[market.region])
    if market.region == "CN":
        text = re.sub(r"^(?:SH|SZ|BJ)[.]?(?=[0-9])", "", text)
    if market.region == "HK" and text.isdigit():
        text = text.lstrip("0")
    if text.isdigit() and market.region in _WIDTH:
        text = text.zfill(_WIDTH[market.region])
    if not re.fullmatch(market.code_pattern, text):
        raise DataError(
            f"{code!r} is not a code of {market.region}: {text!r} does not match {market.code_pattern}.",
            hint=f"Check the region, or map the source's codes to {market.name} exchange codes.",
            region=market.region,
            code=code,
        )
    return text


def _without_suffix(text: str, suffixes: tuple[str, ...]) -> str:
    stem, dot, suffix = text.rpartition(".")
    return stem if dot and suffix in suffixes else text


def is_code(region: str, code: str) -> bool:
    """True where ``code`` already is in normal form."""
    return re.fullmatch(get(region).code_pattern, code) is not None


def board_of(region: str, code: str) -> str | None:
    """The board that the code itself names, None where codes do not tell.

    Only mainland China's codes do; special treatment (``ST``) is never part of a code.
    Source: symbols of the exchanges, code ranges of Shanghai, Shenzhen and Beijing.
    """
    if get(region).region != "CN":
        return None
    code = normalize_code("CN", code)
    if code.startswith(("688", "689")):
        return "STAR"
    if code.startswith(("300", "301", "302")):
        return "ChiNext"
    if code.startswith(("43", "83", "87", "88", "92")):
        return "Beijing"
    return "main"
