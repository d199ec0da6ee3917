"""One page of daily prices from either of the two calls, Korean and overseas, in one form.

The calls differ in every name, and their flags for adjusted prices are opposite: ``FID_ORG_ADJ_PRC`` is 0 for
adjusted and 1 for raw, ``MODP`` is 0 for raw and 1 for adjusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.adapters.kis.client import KisClient
    from workbench.adapters.kis.masters import Instrument

Period = Literal["D", "M"]
#: Rows of a full page.
FULL = 100

_DOMESTIC = ("domestic-stock/v1/quotations/inquire-daily-itemchartprice", "FHKST03010100")
_OVERSEAS = ("overseas-price/v1/quotations/dailyprice", "HHDFS76240000")
#: Fields of a row in one order: date, open, high, low, close, volume, turnover.
_DOMESTIC_FIELDS = ("stck_bsop_date", "stck_oprc", "stck_hgpr", "stck_lwpr", "stck_clpr", "acml_vol", "acml_tr_pbmn")
_OVERSEAS_FIELDS = ("xymd", "open", "high", "low", "clos", "tvol", "tamt")
_NEEDED = 6


@dataclass(frozen=True)
class Row:
    """One bar as it was sent; numbers are text.

    Attributes
    ----------
    day : date
        Exchange-local.
    values : tuple of str
        Open, high, low, close, volume, turnover.
    ex_code : str
        ``flng_cls_code`` of Korea: what the share went ex that day, ``00`` for nothing.
    """

    day: date
    values: tuple[str, ...]
    ex_code: str = ""

    @property
    def close(self) -> float:
        """The close, 0 where there is none."""
        return number(self.values[3]) or 0.0


@dataclass(frozen=True)
class Page:
    """One answer.

    Attributes
    ----------
    rows : tuple of Row
        Newest first, whatever the order of the answer.
    known : bool
        False where the answer says that the symbol is unknown; overseas an empty answer does not tell.
    """

    rows: tuple[Row, ...]
    known: bool


def ask(
    client: KisClient,
    instrument: Instrument,
    start: date,
    end: date,
    *,
    adjusted: bool = False,
    period: Period = "D",
) -> Page:
    """At most 100 bars that end on or before ``end``.

    Parameters
    ----------
    client : KisClient
        With a key.
    instrument : Instrument
        As KIS spells it.
    start, end : date
        Both included; overseas the start is not part of the call, and older rows come too.
    adjusted : bool
        Prices adjusted to today's shares instead of prices as traded.
    period : str
        ``D`` or ``M``; a month's close is that of its last day.

    Raises
    ------
    ProviderError
        As :meth:`KisClient.get`; ShapeChanged where a field is missing or is no number.
    """
    if instrument.excd == "J":
        return _domestic(client, instrument, start, end, adjusted, period)
    return _overseas(client, instrument, end, adjusted, period)


def number(text: object) -> float | None:
    """A number as KIS writes it: padded with blanks or zeros, with a sign, or empty.

    Raises
    ------
    ValueError
        If it is something else.
    """
    plain = str(text).strip()
    return float(plain) if plain else None


def _domestic(
    client: KisClient, instrument: Instrument, start: date, end: date, adjusted: bool, period: Period
) -> Page:
    params = {
        "FID_COND_MRKT_DIV_CODE": "J",
        "FID_INPUT_ISCD": instrument.symbol,
        "FID_INPUT_DATE_1": f"{start:%Y%m%d}",
        "FID_INPUT_DATE_2": f"{end:%Y%m%d}",
        "FID_PERIOD_DIV_CODE": period,
        "FID_ORG_ADJ_PRC": "0" if adjusted else "1",
    }
    body = client.get(*_DOMESTIC, params)
    head = _head(body, instrument)
    rows = _rows(body, "output2", _DOMESTIC_FIELDS, instrument, "flng_cls_code")
    # An unknown code is a success whose price is 0 and whose rows are empty objects.
    return Page(rows, known=bool(rows) or bool(number(head.get("stck_prpr", ""))))


def _overseas(client: KisClient, instrument: Instrument, end: date, adjusted: bool, period: Period) -> Page:
    params = {
        "AUTH": "",
        "EXCD": instrument.excd,
        "SYMB": instrument.symbol,
        "GUBN": {"D": "0", "M": "2"}[period],
        "BYMD": f"{end:%Y%m%d}",
        "MODP": "1" if adjusted else "0",
    }
    body = client.get(*_OVERSEAS, params)
    head = _head(body, instrument)
    named = str(head.get("rsym", "")).strip()
    if named and not _letters(named).endswith(_letters(instrument.symbol)):
        raise _changed(instrument, f"the prices of {named}")
    # `zdiv` says how many digits follow the point of the texts; nothing is scaled by it. `nrec` counts the rows,
    # or is empty, or exceeds what is there: blank rows are told by their blank day.
    rows = _rows(body, "output2", _OVERSEAS_FIELDS, instrument)
    return Page(rows, known=bool(rows))


def _letters(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _head(body: Mapping[str, Any], instrument: Instrument) -> Mapping[str, Any]:
    """``output1``, which may be missing in an empty success."""
    found = body.get("output1") or {}
    if isinstance(found, list):
        found = found[0] if found else {}
    if not isinstance(found, dict):
        raise _changed(instrument, f"an output1 that is {type(found).__name__}")
    return found


def _rows(
    body: Mapping[str, Any], name: str, fields: tuple[str, ...], instrument: Instrument, extra: str = ""
) -> tuple[Row, ...]:
    found = body.get(name) or []
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise _changed(instrument, f"an {name} that is {type(found).__name__}")
    rows = [row for item in found if (row := _row(item, fields, instrument, extra)) is not None]
    return tuple(sorted(rows, key=lambda row: row.day, reverse=True))


def _row(item: Any, fields: tuple[str, ...], instrument: Instrument, extra: str) -> Row | None:
    """A row, None for one that is blank; a row that has values but lacks a field is another shape."""
    if not isinstance(item, dict):
        raise _changed(instrument, f"a row that is {type(item).__name__}")
    item = {key: "" if value is None else str(value).strip() for key, value in item.items()}
    if not any(item.values()):
        return None
    missing = [name for name in fields[:_NEEDED] if name not in item]
    if missing:
        raise _changed(instrument, f"rows without {', '.join(missing)}")
    day = item[fields[0]]
    if not day.strip("0"):
        return None
    try:
        values = tuple(item.get(name, "") for name in fields[1:])
        for value in values:
            number(value)
        return Row(date(int(day[:4]), int(day[4:6]), int(day[6:])), values, item.get(extra, ""))
    except ValueError as error:
        raise _changed(instrument, f"a row that does not read: {error}") from error


def _changed(instrument: Instrument, what: str) -> ShapeChanged:
    return ShapeChanged(
        f"kis answered for {instrument.symbol} with {what}.",
        hint="Look at the broker's notices; if its format changed, the adapter must be adapted.",
        provider="kis",
    )
