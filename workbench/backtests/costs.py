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
    def of_markets(cls, panel: Panel) -> Costs:
        """The dated rates of each region's tables."""
        regions = tuple(dict.fromkeys(panel.regions))
        days = [day.item() for day in np.asarray(panel.dates)]
        table = [[markets.trading_costs(region, day) for region in regions] for day in days]
        sources = dict.fromkeys(source for rates in (table[0], table[-1]) for rate in rates for source in rate.sources)

        def column(name: str) -> NDArray[np.float64]:
            return np.array([[float(getattr(rate, name)) for rate in rates] for rates in table])

        return cls(
            regions,
            column("commission_bps"),
            column("half_spread_bps"),
            column("tax_buy_bps"),
            column("tax_sell_bps"),
            tuple(sources),
        )

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
