"""Put a panel together: axes, bars, factors, items, rates and membership, each from the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import markets
from workbench.errors import ConfigError, DataError
from workbench.lake import (
    adjust,
    axes,
    bars,
    breaks,
    carried,
    caveats,
    issuers,
    items,
    levels,
    money,
    panel,
    rates,
    universe,
)
from workbench.schemas.names import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workbench.lake.stepped import Items
    from workbench.lake.store import Lake
    from workbench.lake.universe_rules import Universe

    Floats = NDArray[np.float64]

#: Read whatever is asked for: they decide whether a bar was traded.
_ALWAYS = ("open", "close", "volume")
#: Asked for like an item: the value of each column's company, of which see :mod:`workbench.lake.issuers`.
MARKET_CAP = "market_cap"


@dataclass(frozen=True)
class Asked:
    """The arguments of ``lake.panel``, checked.

    Attributes
    ----------
    regions : tuple of str
    start, end : date or None
        First and last date, both included; None means as far as the lake goes.
    fields, items : tuple of str
        Columns of the bars (:data:`workbench.lake.panel.FIELDS`); items of filings, which see
        :func:`workbench.lake.items.load`, and ``market_cap``.
    universe : None, str, Universe or sequence of str
        See :func:`workbench.lake.universe.choose`.
    adjust : str
        ``"none"``, ``"split"`` or ``"total"``.
    currency : str or None
        Convert prices, turnover and items in money into this currency. ``"local"`` leaves prices as they are
        and converts items into the currency of the column's price, at the last rate known at the close of t.
    warmup : int
        Sessions before ``start``, counted by each region's calendar.
    """

    regions: tuple[str, ...]
    start: date | None
    end: date | None
    fields: tuple[str, ...]
    items: tuple[str, ...]
    adjust: str
    universe: Universe | Sequence[str] | str | None = None
    currency: str | None = None
    warmup: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.fields if name not in panel.FIELDS]
        if unknown or not self.fields:
            raise ConfigError(
                f"A panel has no field {unknown[0]!r}." if unknown else "A panel needs at least one field.",
                hint=f"Use fields of {', '.join(panel.FIELDS)}; items of filings go into `items`.",
            )
        if self.adjust not in panel.ADJUST:
            raise ConfigError(f"adjust={self.adjust!r} is unknown.", hint=f"Use one of {', '.join(panel.ADJUST)}.")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ConfigError(f"start {self.start} is after end {self.end}.", hint="Swap them.")
        if self.warmup < 0:
            raise ConfigError(f"warmup={self.warmup} is negative.", hint="Give the number of sessions before start.")


def asked(
    regions: str | Sequence[str],
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    fields: Sequence[str] = ("open", "high", "low", "close", "volume"),
    items: Sequence[str] = (),
    adjust: str = "total",
    **rest: Any,
) -> Asked:
    """Arguments as a user writes them, made into :class:`Asked`."""
    names = [regions] if isinstance(regions, str) else list(regions)
    return Asked(
        regions=tuple(dict.fromkeys(markets.check_regions(names))),
        start=_day(start, "start"),
        end=_day(end, "end"),
        fields=tuple(fields),
        items=tuple(items),
        adjust=adjust,
        **rest,
    )


def _day(value: date | str | None, name: str) -> date | None:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ConfigError(f"{name}={value!r} is not a date.", hint="Write it as 2024-06-28.") from error


def build(lake: Lake, asked: Asked) -> panel.Panel:
    """The panel of what is asked.

    Raises
    ------
    DataError
        If the lake has no bars of a region or in the range, or does not know an item, a code, an index
        or a currency; the message names what it has.
    """
    if lake.pinned is None:
        # Every question below is answered from one moment, whatever is published meanwhile.
        lake = lake.at(lake.snapshot())
    every = axes.columns(lake, asked.regions)
    axis = axes.build(lake, asked.regions, every, asked.start, asked.end, asked.warmup)
    chosen, stays = universe.choose(lake, axis.columns, every, asked.universe)
    if not chosen:
        raise DataError(
            f"No ticker of the universe has a bar from {axis.dates[axis.start]} to {axis.dates[-1]}.",
            hint="Choose other dates, or leave `universe` out.",
        )
    axis = replace(axis, columns=tuple(chosen))
    notes = list(axis.notes)
    grids, more = bars.load(lake, axis, tuple(dict.fromkeys((*asked.fields, *_ALWAYS))))
    notes += more
    traded = np.isfinite(grids["close"]) & np.where(
        np.isnan(grids["volume"]), np.isfinite(grids["open"]), grids["volume"] > 0
    )
    own = [one.currency or markets.get(one.region).currency for one in axis.columns]
    happened = bars.events(lake, axis)
    exchange = _rates(lake, asked, own, happened)
    steps = bars.factors(axis.columns, _in_price(happened, own, exchange, notes), notes)
    split, total = adjust.dense(steps, axis.dates)
    earlier = carried.before(lake, axis, grids["close"], steps)
    broken = breaks.breaks(grids["close"] * total)
    notes += caveats.notes(lake, axis, asked.adjust, broken)
    member = universe.members(axis, stays)
    if universe.is_rule(asked.universe):
        member &= asked.universe.mask(lake, axis, stays)
    values, rate = _money(lake, asked, axis, own, exchange, notes)
    told = issuers.listings(lake, axis.columns, asked.regions)
    if MARKET_CAP in asked.items:
        price = issuers.listed_close(axis, grids["close"], split, earlier)
        worth = issuers.market_cap(lake, axis, every, price, notes)
        values = values.with_whole(**{MARKET_CAP: worth if rate is None else worth * rate})
    return panel.Panel(
        dates=axis.dates,
        tickers=tuple(one.label for one in axis.columns),
        bars={name: grids[name] for name in asked.fields},
        items=values,
        split_factor=split,
        total_factor=total,
        member=member,
        traded=traded,
        breaks=broken,
        adjust=asked.adjust,
        adjusted_kind=tuple(_delivered(one.stored, asked.adjust) for one in axis.columns),
        currency=_currency(asked, own),
        currencies=tuple(own),
        rate=rate,
        sectors_by_date=universe.sectors(lake, axis),
        delisting=universe.delistings(axis, happened),
        session_rows=axis.sessions,
        sources=tuple(sorted({source for region in asked.regions for source in lake.sources(region)})),
        notes=notes,
        start=axis.start,
        issuers=tuple(one.issuer for one in told),
        depositary_ratio=np.array([one.ratio for one in told]),
        index_levels=levels.load(lake, axis),
        earlier=earlier,
    )


def _currency(asked: Asked, own: Sequence[str]) -> str | None:
    """The currency of all prices, None where columns differ."""
    if asked.currency not in (None, money.LOCAL):
        return asked.currency
    return own[0] if len(set(own)) == 1 else None


def _delivered(stored: str, wanted: str) -> str:
    return max(stored, wanted, key=panel.ADJUST.index)


def _rates(lake: Lake, asked: Asked, own: Sequence[str], happened: Sequence[bars.Event]) -> rates.Rates | None:
    """Rates where something must be converted: the panel, or cash paid in another currency than the price."""
    foreign = {one.currency for one in happened if one.currency and one.currency != own[one.column]}
    return rates.Rates(lake) if asked.currency not in (None, money.LOCAL) or foreign else None


def _in_price(
    happened: Sequence[bars.Event], own: Sequence[str], exchange: rates.Rates | None, notes: list[str]
) -> list[bars.Event]:
    """Events with their cash in the currency of the price; what has no rate is left out and noted."""
    result = []
    for one in happened:
        if exchange is None or one.kind not in adjust.CASH or one.currency in (None, own[one.column]):
            result.append(one)
            continue
        factor = exchange.on_ex_date(str(one.currency), own[one.column], one.ex_date)
        if factor is None:
            notes.append(f"{one.ex_date} {one.kind} in {one.currency}: no rate to {own[one.column]}; not applied.")
        else:
            result.append(replace(one, value=one.value * factor))
    return result


def _money(
    lake: Lake, asked: Asked, axis: axes.Axes, own: Sequence[str], exchange: rates.Rates | None, notes: list[str]
) -> tuple[Items, Floats | None]:
    """Items of filings, and the rate of each price into the asked currency, (T, N); None without conversion."""
    names = [name for name in asked.items if name != MARKET_CAP]
    loaded = items.load(lake, axis, names) if names else {}
    for name, item in loaded.items():
        if parse(name).now not in loaded or not parse(name).back:
            item.note_made(name, notes)
            if name not in names:
                item.note_absent(name, axis, notes)
    if asked.currency is None:
        return money.as_filed(axis, loaded, own, notes), None
    if asked.currency == money.LOCAL:
        pairs = money.pairs(axis, loaded, own)
        table = money.local_rates(exchange or rates.Rates(lake), axis, pairs, notes) if pairs else {}
        return money.converted(axis, loaded, own, table), None
    target = [asked.currency] * len(own)
    prices = [(one.region, currency) for one, currency in zip(axis.columns, own, strict=True)]
    pairs = money.pairs(axis, loaded, target)
    known = rates.conversion(
        exchange or rates.Rates(lake), axis, [*prices, *(pair[:2] for pair in pairs)], asked.currency, notes
    )
    rate = np.column_stack([known[pair] for pair in prices])
    return money.converted(axis, loaded, target, {pair: known[pair[:2]] for pair in pairs}), rate
