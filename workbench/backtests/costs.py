"""What trading costs: commission, half the spread and transaction tax, by region, side and date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench import markets
from workbench.errors import BacktestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel

KINDS = ("commission", "half_spread", "tax")
BPS = 1e-4


@dataclass(frozen=True, eq=False)
class Costs:
    """Proportional costs of a trade, in basis points of its value.

    Attributes
    ----------
    regions : tuple of str
        The second axis of the arrays.
    commission_bps, half_spread_bps, tax_buy_bps, tax_sell_bps : (T, R) arrays
        On each row of the panel the rates of that date; never NaN.
    sources : tuple of str
        Where the rates come from.
    """

    regions: tuple[str, ...]
    commission_bps: NDArray[np.float64]
    half_spread_bps: NDArray[np.float64]
    tax_buy_bps: NDArray[np.float64]
    tax_sell_bps: NDArray[np.float64]
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("commission_bps", "half_spread_bps", "tax_buy_bps", "tax_sell_bps"):
            rates = getattr(self, name)
            if rates.ndim != 2 or rates.shape[1] != len(self.regions):
                raise BacktestError(f"{name} of shape {rates.shape} does not have one column a region.")
            if not np.isfinite(rates).all() or (rates < 0.0).any() or (rates >= 10_000.0).any():
                raise BacktestError(
                    f"{name} must lie between 0 and 10000 basis points.", hint="Look at the rate tables."
                )

    @classmethod
    def flat(
        cls,
        panel: Panel,
        *,
        commission_bps: float = 0.0,
        half_spread_bps: float = 0.0,
        tax_buy_bps: float = 0.0,
        tax_sell_bps: float = 0.0,
    ) -> Costs:
        """The same rates for every region and date of a panel."""
        regions = tuple(dict.fromkeys(panel.regions))
        shape = (len(panel.dates), len(regions))
        rates = [np.full(shape, rate) for rate in (commission_bps, half_spread_bps, tax_buy_bps, tax_sell_bps)]
        return cls(regions, rates[0], rates[1], rates[2], rates[3], ("flat rates given by the caller",))

    @classmethod
    def of_markets(cls, panel: Panel, first: int = 0) -> Costs:
        """The dated rates of each region's main board, read from the row ``first`` on.

        Rows before it get the rates of ``first``: no engine trades there.

        Raises
        ------
        DataError
            A region's table starts after the date of that row.
        """
        regions = tuple(dict.fromkeys(panel.regions))
        days = np.asarray(panel.dates)
        sources: dict[str, None] = {}
        arrays = {
            kind: np.column_stack([_dated(kind, region, days, first, sources) for region in regions])
            for kind in ("commission_bps", "half_spread_bps", "tax_buy_bps", "tax_sell_bps")
        }
        return cls(regions, **arrays, sources=tuple(sources))

    def since(self, row: int) -> Costs:
        """The same rates from a row on."""
        return replace(
            self,
            commission_bps=self.commission_bps[row:],
            half_spread_bps=self.half_spread_bps[row:],
            tax_buy_bps=self.tax_buy_bps[row:],
            tax_sell_bps=self.tax_sell_bps[row:],
        )

    def rates(self, row: int, column_region: NDArray[np.intp]) -> Rates:
        """Rates of one date, spread over the columns of a panel.

        Parameters
        ----------
        row : int
            Row of the panel.
        column_region : (N,) int
            Position of each column's region in ``regions``.
        """
        return Rates(
            self.commission_bps[row, column_region] * BPS,
            self.half_spread_bps[row, column_region] * BPS,
            self.tax_buy_bps[row, column_region] * BPS,
            self.tax_sell_bps[row, column_region] * BPS,
        )


@dataclass(frozen=True, eq=False)
class Rates:
    """Costs of one date as fractions of the traded value, each (N,)."""

    commission: NDArray[np.float64]
    half_spread: NDArray[np.float64]
    tax_buy: NDArray[np.float64]
    tax_sell: NDArray[np.float64]

    @property
    def buy(self) -> NDArray[np.float64]:
        """All kinds together on the buying side."""
        return self.commission + self.half_spread + self.tax_buy

    @property
    def sell(self) -> NDArray[np.float64]:
        """All kinds together on the selling side."""
        return self.commission + self.half_spread + self.tax_sell

    def by_kind(self, trade: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Cost of signed trade values, by kind, in their currency."""
        size = np.abs(trade)
        return {
            "commission": size * self.commission,
            "half_spread": size * self.half_spread,
            "tax": size * np.where(trade > 0.0, self.tax_buy, self.tax_sell),
        }


def _dated(
    kind: str, region: str, days: NDArray[np.datetime64], first: int, sources: dict[str, None]
) -> NDArray[np.float64]:
    """One kind of rate on each day: each rule is asked for once and holds to its last day."""
    rates = np.zeros(len(days))
    row = first
    while row < len(days):
        rule = markets.rule(kind, region, days[row].item())
        until = len(days)
        if rule.valid_to is not None:
            until = int(np.searchsorted(days, np.datetime64(rule.valid_to, "D"), side="right"))
        rates[row:until] = float(rule.value or 0.0)
        sources[f"{region} {kind}: {rule.source}"] = None
        row = max(until, row + 1)
    rates[:first] = rates[first] if first < len(days) else 0.0
    return rates
