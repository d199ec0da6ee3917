"""From the industry that a source names to the eleven sectors of GICS, on a day.

GICS itself is assigned company by company and sold; what stands in ``tables/sectors.csv`` is the sector to
which the main business of an industry's listed companies belongs. A conglomerate, or a company that its
source files under a collective code, may thus stand elsewhere than in the index providers' lists.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from workbench.errors import ConfigError
from workbench.markets import dated

if TYPE_CHECKING:
    import polars as pl

#: Names of the sectors since 2018-10-01. Until then Communication Services was Telecommunication Services,
#: and until 2016-08-31 there was no Real Estate.
GICS = (
    "Energy",
    "Materials",
    "Industrials",
    "Consumer Discretionary",
    "Consumer Staples",
    "Health Care",
    "Financials",
    "Information Technology",
    "Communication Services",
    "Utilities",
    "Real Estate",
)
#: System -> the digits to which a number is padded, and the system whose names hold as well.
_SYSTEMS = {
    "gics": (2, ""),
    "sic": (4, ""),
    "ksic": (0, "krx"),
    "krx": (4, "ksic"),
    "csrc": (0, "eastmoney"),
    "eastmoney": (0, "csrc"),
    "tse33": (4, ""),
    "hsics": (2, ""),
    "yahoo": (0, ""),
}
_ALIASES = {"hkex": "hsics", "kis": "krx", "shenwan": "eastmoney"}
_RANGE = ".."
#: A code with the name behind it, as in ``C39 计算机`` and, without the space, ``C39计算机``.
_CODE_AND_NAME = re.compile(r"([a-z]?[0-9]+)\s*(\D.*)")
#: The level that stands behind a Chinese name, as in ``证券Ⅱ``.
_LEVEL = re.compile(r"(?<=[\u4e00-\u9fff])i{1,3}$")


@dataclass(frozen=True)
class _Span:
    """One row: the sector from a first to a last day, both included."""

    gics: str
    since: date
    until: date


def systems() -> tuple[str, ...]:
    """Names of the classifications that are known."""
    return tuple(_SYSTEMS)


def gics(system: str, code: str | int, on: date | None = None) -> str | None:
    """The sector of an industry.

    Parameters
    ----------
    system : str
        One of :func:`systems`: ``sic`` (US), ``ksic`` and ``krx`` (Korea), ``csrc`` and ``eastmoney``
        (China), ``tse33`` (Japan), ``hsics`` (Hong Kong), ``yahoo``, ``gics``; case and dashes do not matter.
    code : str or int
        Code of the industry, or its name as the source writes it, in English or in the local language. The
        codes of ``ksic``, ``csrc``, ``hsics`` and ``gics`` may be longer than those of the table: the
        longest that they begin with holds. Write codes as text; a number has lost its leading zeros.
    on : date, optional
        The day on which the sector held; by default as of today's structure.

    Returns
    -------
    str or None
        A sector, by its name on that day; None for an industry that is unknown or has no sector
        (public administration, and ``manufacturing`` without saying what).

    Raises
    ------
    ConfigError
        When the system is unknown.

    Examples
    --------
    >>> from datetime import date
    >>> gics("sic", 3571), gics("krx", "전기전자"), gics("sic", "6798", on=date(2015, 1, 5))
    ('Information Technology', 'Information Technology', 'Financials')
    """
    return _gics(_system(system), _text(code), on)


def gics_series(system: str, codes: pl.Series, on: date | None = None) -> pl.Series:
    """The sectors of a column of industries.

    Parameters
    ----------
    system : str
        As in :func:`gics`.
    codes : polars.Series of str or int, shape (N,)
        Null where the industry is unknown.
    on : date, optional
        As in :func:`gics`.

    Returns
    -------
    polars.Series of str, shape (N,)
        Null where :func:`gics` gives None.
    """
    import polars as pl

    name = _system(system)
    found = {code: _gics(name, _text(code), on) for code in codes.unique().drop_nulls().to_list()}
    return pl.Series(codes.name, [found.get(code) for code in codes.to_list()], dtype=pl.String)


def _system(system: str) -> str:
    name = re.sub(r"[-_ ]", "", str(system)).casefold()
    name = _ALIASES.get(name, name)
    if name not in _SYSTEMS:
        raise ConfigError(
            f"{system!r} is not a classification of industries.", hint=f"Use one of {', '.join(_SYSTEMS)}."
        )
    return name


@lru_cache(maxsize=65_536)
def _gics(system: str, text: str, on: date | None) -> str | None:
    spans = _by_code(system, text)
    if spans is None:
        head, _, rest = text.partition(" ")
        if glued := _CODE_AND_NAME.fullmatch(text):
            head, rest = glued[1], glued[2]
        spans = _by_name(system, text) or _by_name(system, rest) or (_by_code(system, head) if rest else None)
    return next((span.gics or None for span in spans or () if span.since <= (on or date.max) <= span.until), None)


def _by_code(system: str, text: str) -> tuple[_Span, ...] | None:
    """The rows of a code: its own, those of its range, or those of the longest code that it begins with."""
    width, _ = _SYSTEMS[system]
    if not re.fullmatch(r"[a-z]?[0-9]*", text) or not text:
        return None
    codes, ranges = _codes(system)
    code = text.zfill(width) if text.isdigit() else text
    if system == "ksic" and len(code) > 1:
        code = code.lstrip("abcdefghijklmnopqrstu")
    if code in codes:
        return codes[code]
    for first, last, spans in ranges:
        if first <= code <= last and len(code) == len(first):
            return spans
    if system not in ("ksic", "csrc", "hsics", "gics"):
        return None
    return next((codes[code[:size]] for size in range(len(code) - 1, 0, -1) if code[:size] in codes), None)


def _by_name(system: str, text: str) -> tuple[_Span, ...] | None:
    name, (_, other) = _plain(text), _SYSTEMS[system]
    found = _names(system).get(name)
    return found or (_names(other).get(name) if other else None)


@cache
def _codes(system: str) -> tuple[dict[str, tuple[_Span, ...]], tuple[tuple[str, str, tuple[_Span, ...]], ...]]:
    """Rows by single code, and by range of codes."""
    rows: dict[str, tuple[_Span, ...]] = {}
    for row in _rows(system):
        if row["code"]:
            code = row["code"].casefold()
            rows[code] = (*rows.get(code, ()), _span(row))
    singles = {code: spans for code, spans in rows.items() if _RANGE not in code}
    pairs = ((code.partition(_RANGE), spans) for code, spans in rows.items() if _RANGE in code)
    return singles, tuple((first, last, spans) for (first, _, last), spans in pairs)


@cache
def _names(system: str) -> dict[str, tuple[_Span, ...]]:
    """Rows by each of the names; a name of several codes is that of the first."""
    rows: dict[str, tuple[_Span, ...]] = {}
    owner: dict[str, str] = {}
    for row in _rows(system):
        for name in map(_plain, row["name"].split("|")):
            if owner.setdefault(name, row["code"]) == row["code"]:
                rows[name] = (*rows.get(name, ()), _span(row))
    return rows


@cache
def _rows(system: str) -> tuple[dict[str, str], ...]:
    return tuple(row for row in dated.read("sectors") if row["system"] == system)


def _span(row: dict[str, str]) -> _Span:
    since, until = row["valid_from"], row["valid_to"]
    return _Span(
        row["gics"],
        date.fromisoformat(since) if since else date.min,
        date.fromisoformat(until) if until else date.max,
    )


def _text(code: str | float) -> str:
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    return unicodedata.normalize("NFKC", str(code)).strip().casefold()


def _plain(name: str) -> str:
    """A name without what sources write in different ways: width of characters, spaces, marks, a level."""
    return _LEVEL.sub("", re.sub(r"[\s,、，·ㆍ･・/&;.\-]|\band\b", "", _text(name)))
