"""Share counts and valuation ratios: what the service knows of today only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from workbench import markets
from workbench.adapters.kis.client import NoSuchInstrument
from workbench.adapters.kis.pages import number
from workbench.errors import CalendarRange, ShapeChanged
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from workbench.adapters.kis.client import KisClient
    from workbench.adapters.kis.masters import Instrument

_QUOTE = ("domestic-stock/v1/quotations/inquire-price", "FHKST01010100")
_DETAIL = ("overseas-price/v1/quotations/price-detail", "HHDFS76200200")
#: Item to field and its unit; ratios have no currency. Korea gives market values in units of 100 million won.
_KOREA = {"per": "per", "pbr": "pbr", "eps": "eps", "bps": "bps", "market_cap": "hts_avls"}
_OVERSEAS = {"per": "perx", "pbr": "pbrx", "eps": "epsx", "bps": "bpsx", "market_cap": "tomv"}
RATIOS = ("per", "pbr")


@dataclass(frozen=True)
class Detail:
    """What the service says of one share today.

    Attributes
    ----------
    shares : float or None
        Listed shares.
    items : dict of str to float
        Valuation by item; what is 0 or empty is left out, since that is how the service writes "unknown".
    currency : str
        Of prices and per-share items.
    """

    shares: float | None
    items: dict[str, float]
    currency: str


def detail(client: KisClient, instrument: Instrument, currency: str) -> Detail | None:
    """One call; None where the service does not know the code.

    Raises
    ------
    NotOffered
        Overseas, by the paper service.
    ProviderError
        As :meth:`KisClient.get`.
    """
    domestic = instrument.excd == "J"
    try:
        if domestic:
            params = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": instrument.symbol}
            body = client.get(*_QUOTE, params)
        else:
            body = client.get(*_DETAIL, {"AUTH": "", "EXCD": instrument.excd, "SYMB": instrument.symbol})
    except NoSuchInstrument:
        return None
    said = _output(body)
    price, shares = ("stck_prpr", "lstn_stcn") if domestic else ("last", "shar")
    if not any(str(value).strip() for value in said.values()):
        return None
    missing = [name for name in (price, shares) if name not in said]
    if missing:
        raise _changed(instrument.symbol, f"a detail without {', '.join(missing)}")
    values = {item: _value(said, name) for item, name in (_KOREA if domestic else _OVERSEAS).items()}
    if domestic and values["market_cap"]:
        values["market_cap"] *= 1e8
    items = {item: value for item, value in values.items() if value}
    count = _value(said, shares)
    if not items and not count and not _value(said, price):
        return None
    return Detail(count or None, items, "KRW" if domestic else str(said.get("curr", "")).strip() or currency)


def _value(said: Mapping[str, Any], name: str) -> float:
    try:
        return number(said.get(name, "")) or 0.0
    except ValueError as error:
        raise _changed(name, f"{said[name]!r}, which is no number") from error


def _output(body: Mapping[str, Any]) -> Mapping[str, Any]:
    found = body.get("output", {})
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, dict) else {}


def available(region: str, instant: datetime) -> date | None:
    """The first session that opens after an instant: what was learnt then can be used from there on."""
    day = instant.astimezone(ZoneInfo(markets.get(region).timezone)).date()
    try:
        session = day if markets.is_session(region, day) else markets.next_session(region, day)
        return session if markets.open_time(region, session) > instant else markets.next_session(region, session)
    except CalendarRange:
        return None


def shares(region: str, day: date, since: date | None, counts: Mapping[str, float]) -> pl.DataFrame:
    """Rows of ``shares``: the counts of a day, that can be used from ``since`` on (no rows where it is None)."""
    rows = [(region, ticker, day, since, count, "listed", "kis") for ticker, count in counts.items() if since]
    return pl.DataFrame(rows, schema=dict(TABLES["shares"].columns), orient="row").sort("ticker")


def valuation(region: str, day: date, since: date | None, details: Mapping[str, Detail]) -> pl.DataFrame:
    """Rows of ``fundamentals``: valuation as an instant of a day, that can be used from ``since`` on."""
    rows = [
        {
            "region": region,
            "ticker": ticker,
            "period_end": day,
            "period": "I",
            "item": item,
            "available_date": since,
            "filing_id": f"kis-{day}",
            "value": value,
            "currency": None if item in RATIOS else said.currency,
            "vintage": 1,
            "source": "kis",
        }
        for ticker, said in details.items()
        for item, value in said.items.items()
        if since
    ]
    return pl.DataFrame(rows, schema=dict(TABLES["fundamentals"].columns)).sort("ticker", "item")


def _changed(about: str, what: str) -> ShapeChanged:
    return ShapeChanged(
        f"kis answered for {about} with {what}.",
        hint="Look at the broker's notices; if its format changed, the adapter must be adapted.",
        provider="kis",
    )
