"""What a trade costs: taxes and levies as dated rules, commission and spread as stated assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.markets.record import check_board, get
from workbench.markets.rules import rule

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class TradingCosts:
    """One-way costs of a trade on a day, in basis points of its value.

    Attributes
    ----------
    commission_bps, half_spread_bps : float
        Assumptions of the workbench, to be replaced by a user's own.
    tax_buy_bps, tax_sell_bps : float
        Taxes and exchange levies of each side.
    sources : tuple of str
        Who says so, in the order of the fields above.
    confirmed : bool
        True only when every part is confirmed; never while commission and spread are assumptions.
    """

    commission_bps: float
    tax_buy_bps: float
    tax_sell_bps: float
    half_spread_bps: float
    sources: tuple[str, ...]
    confirmed: bool = False

    @property
    def buy_bps(self) -> float:
        """Everything a buyer pays."""
        return self.commission_bps + self.tax_buy_bps + self.half_spread_bps

    @property
    def sell_bps(self) -> float:
        """Everything a seller pays."""
        return self.commission_bps + self.tax_sell_bps + self.half_spread_bps


def trading_costs(region: str, day: date, board: str | None = None) -> TradingCosts:
    """The costs that held on a day; see :func:`workbench.markets.rule` for errors.

    Parameters
    ----------
    region : str
        One of the six regions.
    day : date
        Exchange-local trading day.
    board : str, optional
        The region's main board when left out.
    """
    region, board = get(region).region, check_board(region, board)
    kinds = ("commission_bps", "half_spread_bps", "tax_buy_bps", "tax_sell_bps")
    commission, spread, buy, sell = (rule(kind, region, day, board) for kind in kinds)
    return TradingCosts(
        commission_bps=commission.value or 0.0,
        tax_buy_bps=buy.value or 0.0,
        tax_sell_bps=sell.value or 0.0,
        half_spread_bps=spread.value or 0.0,
        sources=tuple(dict.fromkeys(part.source for part in (commission, spread, buy, sell))),
        confirmed=all(part.confirmed for part in (commission, spread, buy, sell)),
    )
