"""One question for every dated rule of a market: what held on that day, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from workbench.errors import ConfigError
from workbench.markets import dated

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class Rule:
    """A rule as it held on a day.

    Attributes
    ----------
    value : float or None
        In the unit of the kind; None only where the market has no such limit.
    source : str
        Who says so; the parts of a sum are joined by ``"; "``.
    confirmed : bool
        False when any part is an assumption or its source was not read.
    valid_from : date
        First day on which this value holds.
    valid_to : date or None
        Last day on which it holds, None while it still does.
    """

    value: float | None
    source: str
    confirmed: bool
    valid_from: date
    valid_to: date | None


#: kind -> (table, columns that select its rows, column of the value)
_KINDS: dict[str, tuple[str, dict[str, str], str]] = {
    "lot": ("lots", {}, "value"),
    "minimum_order": ("lots", {}, "minimum"),
    "price_limit": ("price_limits", {}, "value"),
    "commission_bps": ("costs", {"kind": "commission_bps"}, "value"),
    "half_spread_bps": ("costs", {"kind": "half_spread_bps"}, "value"),
    "tax_buy_bps": ("taxes", {"side": "buy"}, "value"),
    "tax_sell_bps": ("taxes", {"side": "sell"}, "value"),
    "settlement_shares_days": ("settlement", {"kind": "settlement_shares_days"}, "value"),
    "settlement_cash_days": ("settlement", {"kind": "settlement_cash_days"}, "value"),
    "sell_lock_days": ("settlement", {"kind": "sell_lock_days"}, "value"),
}
KINDS = tuple(_KINDS)


def rule(kind: str, region: str, day: date, board: str | None = None) -> Rule:
    """The rule of one kind that held on a day.

    Parameters
    ----------
    kind : str
        ``lot`` (shares a step), ``minimum_order`` (shares), ``price_limit`` (fraction of the previous
        close, None without a limit), ``commission_bps`` and ``half_spread_bps`` (assumptions, basis
        points of the traded value, one way), ``tax_buy_bps`` and ``tax_sell_bps`` (taxes and exchange
        levies together), ``settlement_shares_days`` and ``settlement_cash_days`` (sessions after the
        trade until delivery can be used), ``sell_lock_days`` (sessions for which bought shares may not
        be sold).
    region : str
        One of the six regions.
    day : date
        Exchange-local trading day.
    board : str, optional
        Board of the share; the region's main board when left out.

    Returns
    -------
    Rule
        Value, source, confirmation and the days on which exactly this value holds.

    Raises
    ------
    ConfigError
        For an unknown kind, region or board, and for a limit that depends on the price.
    DataError
        For a day before the first known row.

    Examples
    --------
    >>> from datetime import date
    >>> rule("tax_sell_bps", "KR", date(2024, 6, 3)).value
    18.0
    """
    if kind not in _KINDS:
        raise ConfigError(f"{kind!r} is not a kind of rule.", hint=f"Use one of {', '.join(KINDS)}.", kind=kind)
    table, match, column = _KINDS[kind]
    found = dated.lookup(table, region, day, board, **match)
    if kind == "price_limit" and any(fact.fields["upper"] for fact in found):
        raise ConfigError(
            f"The price limit of {region} depends on the price.",
            hint="Use markets.price_limit(region, day, previous_close, board).",
            region=region,
        )
    return _sum(found, column, dated.next_change(table, region, day, board, **match))


def _sum(found: tuple[dated.Fact, ...], column: str, change: date | None) -> Rule:
    """The parts added up; the days are those on which no part ends and no further one begins."""
    values = [float(fact.fields[column]) for fact in found if fact.fields[column]]
    ends = [fact.valid_to for fact in found if fact.valid_to]
    if change is not None:
        ends.append(change - timedelta(days=1))
    return Rule(
        value=round(sum(values), 10) if values else None,
        source="; ".join(dict.fromkeys(fact.source for fact in found)),
        confirmed=all(fact.confirmed for fact in found),
        valid_from=max(fact.valid_from for fact in found),
        valid_to=min(ends, default=None),
    )


def lot_size(region: str, day: date, board: str | None = None) -> int:
    """Shares by which an order grows; see :func:`rule` for errors.

    Hong Kong sets a board lot for each share: a ticker's attribute ``lot`` in the lake comes before
    the region's assumption.
    """
    return int(rule("lot", region, day, board).value or 1)


def minimum_order(region: str, day: date, board: str | None = None) -> int:
    """Shares of the smallest order: STAR asks for 200, then single shares."""
    return int(rule("minimum_order", region, day, board).value or 1)
