"""What an instrument of an overseas master file is: share, unit, warrant, preferred share, note, fund, …

The file's own type knows stocks and exchange-traded products only, and files units, warrants, rights, preferred
shares and notes of the United States under stocks. What tells them is the English name (cut at 64 characters), the
Korean name, and the symbol: after a slash in New York, the fifth letter on Nasdaq.
"""

from __future__ import annotations

import polars as pl

#: Words of the broker's Korean names that say the kind, where the English name is cut short.
_KOREAN = {"unit": "유닛", "warrant": "워런트", "right": "라이츠$|신주인수권", "preferred": "우선주"}

_UNIT = r"\bUNITS?\b|\bUTS? 1"
#: Units that are a share in a partnership or trust, not a bundle of share and warrant.
_PARTNERSHIP = r"\b(BEN(EFICIAL)?|BNF|LTD PART\w*|LTD PTN\w*|PARTNERSHIP|REPSTG|REPR?|COM UNITS?|ROYALTY|MLP|L ?P)\b"
_BUNDLE = r"&|\bW(ARRAN)?TS?\b|\bR(IGH)?TS?\b|\bCONSISTING\b|TANGIBLE EQUITY"
_WARRANT = r"\bC/WTS?\b|\bWTS?\b|\bWARRANTS?\b|\bWRTS?\b"
_RIGHT = r"\bRIGHTS?\b|\bRTS\b"
#: Not a company that is called ADS: the word stands before a ratio or at the end.
_ADR = (
    r"\bADRS?\b|\bSPONS?(ORED)?\b|\bSPN AD[SR]\b|.\bADSS? (CL [A-Z] |[A-Z]-\d )?(EACH|EA|ECH|REP)|. ADSS?$"
    r"|DEPOSITARY RECEIPT"
)
_PREFERRED = (
    r"\bPFD\b|\bPF\b|\bPRF\b|\bPREFS?\b|.\bPREFE\w*|\bPREFD\b|\bPRFD\b|\bDEP(OSITARY)? SHS?\b|\bDEP(OSITARY)? RE?PS?\b"
    r"|\bN(ON)?[- ]?CU?M\w*|\bCUM(UL\w*)? (RED|PERP?|PRE|PREF|PFD|TERM|CONV?|SER|STK)\w*"
    r"|\bPERP(ETUAL|TUAL|TUL)?\b|\bMAN(D|DATORY)? CONV?\b"
)
_NOTE = (
    r"\bNOTES?\b|\bNTS\b|\bS(ENIO)?R NT\b|\bSUB NT\b|\bSRN\b|\bMTN\b|\bDEBENTURE?S?\b|\bDEBS?\b"
    r"|\bSUBORDINATED\b|\bBONDS?\b.*\b(DUE|20[2-9]\d)\b"
)
_CLASS = r"\b(CL|CLASS|COM|COMMON|ORD|VTG?|VOTING)\b"
_COUPON = r"\d%"
_REIT = r"\bREITS?\b|\bJ-?REITS?\b|REAL ESTATE INV(ESTMENT)? TR"
_SPAC = (
    r"\bACQUISIT\w* (?:\w+ )?(?:\w+ )?(?:CORP?\w*|COR|CO|LTD|LT|LIMITED|INC|GROUP|HOLDINGS?)\b"
    r"|\bACQUISIT\w*$|\bACQ\b|\bSPAC\b"
)

#: Exchange-traded products by the file's code, where the name says nothing better.
_PRODUCTS = {"001": "etf", "002": "etn", "003": "etp", "004": "fund", "005": "etp", "006": "etp", "000": "etp"}


def asset_types(rows: pl.DataFrame, region: str) -> pl.DataFrame:
    """The rows with ``asset_type`` and ``share_class``.

    Parameters
    ----------
    rows : polars.DataFrame
        Columns symbol, english, korean, stis, etyp, isdr, icod, lot, as text.
    region : str
        US, CN, HK, JP or VN.

    Returns
    -------
    polars.DataFrame
        ``asset_type`` as in the table ``tickers``; ``share_class`` a letter, ``preferred`` or ``common``.
    """
    others = {"CN": _china, "HK": _hong_kong, "JP": _tokyo, "VN": _vietnam}
    stock = _united_states(rows) if region == "US" else others[region]()
    kind = (
        pl.when(pl.col("stis") == "1")
        .then(pl.lit("index"))
        .when(pl.col("stis") == "4")
        .then(pl.lit("warrant"))
        .when(pl.col("stis") == "3")
        .then(_product(region))
        .when(pl.col("stis") == "2")
        .then(stock)
        .otherwise(pl.lit("other"))
    )
    rows = rows.with_columns(asset_type=kind)
    return rows.with_columns(share_class=_share_class(region))


def _has(pattern: str, column: str = "english") -> pl.Expr:
    return pl.col(column).str.contains(pattern)


def _product(region: str) -> pl.Expr:
    """A row of type 3; the name is asked where the code does not decide."""
    listed = pl.lit("etf") if region in ("CN", "JP", "VN") else pl.lit("etp")
    unspecified = (
        pl.when(_has(r"\bETFS?\b|EXCHANGE TRADED")).then(pl.lit("etf")).when(_has(r"\bFUNDS?\b|\bTRUST\b")).then(listed)
    )
    closed = region == "VN"
    return (
        pl.when(_has(r"\bETNS?\b"))
        .then(pl.lit("etn"))
        # In Tokyo trusts are filed under stocks, and a product with the word is a fund of them.
        .when(pl.lit(region != "JP") & _has(_REIT) & pl.col("etyp").is_in(["004", "000"]) & ~_has(r"\bETFS?\b"))
        .then(pl.lit("reit"))
        .when(pl.lit(closed) & _has("^FUC", "symbol"))
        .then(pl.lit("fund"))
        .when(pl.col("etyp").is_in(["005", "006"]) & _has(r"\bETFS?\b"))
        .then(pl.lit("etf"))
        .when(pl.col("etyp") == "000")
        .then(unspecified.otherwise(listed))
        .otherwise(pl.col("etyp").replace_strict(_PRODUCTS, default="etp"))
    )


def _united_states(rows: pl.DataFrame) -> pl.Expr:
    """A row of type 2; the order of the questions matters.

    A warrant on depositary shares is a warrant, a unit that holds warrants a unit, a depositary receipt of a
    preferred share a depositary receipt, and a note with a coupon no preferred share.
    """
    siblings = _siblings(rows)
    suffix = pl.col("symbol").str.extract(r"/(\w*)$", 1)
    partnership = _has(_UNIT) & _has(_PARTNERSHIP) & ~_has(_BUNDLE)
    named = (_has(_UNIT) & ~partnership) | _has(_KOREAN["unit"] + "$", "korean")
    unit = named & ~_has(r"\bPFD\b|\bPRF\b|\bPREF")
    return (
        pl.when(unit | suffix.is_in(["UN", "U"]))
        .then(pl.lit("unit"))
        .when(
            _has(_WARRANT)
            | (suffix.str.contains("^W[ST]?[A-Z]?$") & (suffix != "WI"))
            | _has(_KOREAN["warrant"], "korean")
        )
        .then(pl.lit("warrant"))
        .when(((_has(_RIGHT) | _has(_KOREAN["right"], "korean")) & siblings["R"]) | suffix.is_in(["RT", "RTS"]))
        .then(pl.lit("right"))
        .when(_has(_ADR) | (pl.col("isdr") == "Y"))
        .then(pl.lit("adr"))
        .when(_has(_NOTE))
        .then(pl.lit("note"))
        .when(_has(_PREFERRED) | (suffix == "") | _has(_KOREAN["preferred"], "korean") | _has(_COUPON))
        .then(pl.lit("preferred"))
        .when(_has(r"\(ADR\)", "korean"))
        .then(pl.lit("adr"))
        # Classes of ordinary shares are A and B, or say so; any other letter is a series of preferred shares.
        .when(suffix.str.contains("^[C-Z]$") & ~_has(_CLASS))
        .then(pl.lit("preferred"))
        .when(suffix.str.len_chars() > 1)
        .then(pl.lit("other"))
        .when(siblings["U"])
        .then(pl.lit("unit"))
        .when(siblings["W"])
        .then(pl.lit("warrant"))
        .when(siblings["R"])
        .then(pl.lit("right"))
        .when(siblings["Z"])
        .then(pl.lit("other"))
        .when(_has(_SPAC) | siblings["base"])
        .then(pl.lit("spac"))
        .when(_has(_REIT) | ((pl.col("icod") == "630") & _has(r"\bTR(UST)?\b")))
        .then(pl.lit("reit"))
        .otherwise(pl.lit("stock"))
    )


def _siblings(rows: pl.DataFrame) -> dict[str, pl.Expr]:
    """Whether a five-letter symbol is another's with one letter more, by that letter; and whether it is a base.

    The names must begin alike: ``CORZZ`` belongs to ``CORZ`` (the same company), ``GOOGL`` ends in no such letter.
    ``base`` is the share of which a bundle of share and warrants or rights is listed too.
    """
    shares = rows.filter(pl.col("stis") == "2")
    starts = dict(zip(shares["symbol"], shares["english"].str.slice(0, 10), strict=True))
    found: dict[str, list[str]] = {letter: [] for letter in "UWRZ"}
    for symbol, start in starts.items():
        if len(symbol) == 5 and symbol[4] in found and starts.get(symbol[:4]) == start:
            found[symbol[4]].append(symbol)
    bundles = shares.filter(_has(_UNIT) & _has(_BUNDLE) & ~_has("TANGIBLE EQUITY"))["symbol"].to_list()
    bases = [symbol.partition("/")[0] if "/" in symbol else symbol[:-1] for symbol in bundles]
    alike = [base for base, bundle in zip(bases, bundles, strict=True) if starts.get(base, "?") == starts.get(bundle)]
    return {letter: pl.col("symbol").is_in(symbols) for letter, symbols in (found | {"base": alike}).items()}


def _china() -> pl.Expr:
    """By the code: A and B shares, depositary receipts of Shanghai; anything else under stocks is a fund."""
    return (
        pl.when(_has("^689", "symbol"))
        .then(pl.lit("adr"))
        .when(_has("^(60[0135]|688|00[0-3]|30[0-2]|900|200)", "symbol"))
        .then(pl.lit("stock"))
        .otherwise(pl.lit("fund"))
    )


def _hong_kong() -> pl.Expr:
    """A yuan counter (8xxxx) is the same share as its Hong Kong dollar counter and no stock of its own."""
    return (
        pl.when(_has("^8[0-9]{4}$", "symbol"))
        .then(pl.lit("other"))
        .when(_has(r"\bPREFS?\b|\bPFD\b| PREF"))
        .then(pl.lit("preferred"))
        .when(_has(_REIT))
        .then(pl.lit("reit"))
        .when(_has(r"\bWTS?\b|\bRTS\b"))
        .then(pl.lit("warrant"))
        .otherwise(pl.lit("stock"))
    )


def _tokyo() -> pl.Expr:
    """Ordinary shares trade in hundreds since 2018-10; what trades one by one under stocks is a trust."""
    single = pl.col("lot") == "1"
    return (
        pl.when(_has(r"\bPREF\b|PREFERRED|PREFERENCE") | _has("^[0-9A-Z]{5}$", "symbol"))
        .then(pl.lit("preferred"))
        .when(_has(r"\bINFRASTRUCTURE (FUND|INV)") & ~_has("INDUSTRIAL") & single)
        .then(pl.lit("fund"))
        .when(_has(_REIT) | single)
        .then(pl.lit("reit"))
        .otherwise(pl.lit("stock"))
    )


def _vietnam() -> pl.Expr:
    return pl.when(_has("^[A-Z][A-Z0-9]{2}$", "symbol")).then(pl.lit("stock")).otherwise(pl.lit("other"))


def _share_class(region: str) -> pl.Expr:
    share = pl.col("asset_type").is_in(["stock", "reit", "spac"])
    letter = pl.col("symbol").str.extract(r"/([A-Z])$", 1)
    if region == "CN":
        b_share = _has("^(900|200)", "symbol")
        letter = pl.when(b_share).then(pl.lit("B")).otherwise(pl.lit("A"))
    if region == "HK":
        yuan = (pl.col("asset_type") == "other") & _has("^8[0-9]{4}$", "symbol")
        return (
            pl.when(yuan)
            .then(pl.lit("CNY counter"))
            .when(share)
            .then(pl.lit("common"))
            .otherwise(pl.when(pl.col("asset_type") == "preferred").then(pl.lit("preferred")))
        )
    return (
        pl.when(share)
        .then(letter.fill_null("common"))
        .when(pl.col("asset_type") == "preferred")
        .then(pl.lit("preferred"))
    )
