"""What a study found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from workbench.backtests import Targets
    from workbench.studies.proof import Certificate
    from workbench.studies.strategy import Strategy

#: Stands on every page whose numbers no leak prover has examined.
UNPROVEN = "Unproven: the leak prover has not examined this strategy or score."

#: What each statistic means, in one line for the tables.
CONVENTIONS = {
    "total_return": "end over start minus 1",
    "cagr": "calendar years of 365.25 days",
    "volatility": "daily standard deviation times sqrt(252)",
    "sharpe": "risk-free rate 0, times sqrt(252)",
    "sortino": "mean over root mean squared loss, times sqrt(252)",
    "max_drawdown": "deepest fall below the highest value so far",
    "calmar": "cagr over the deepest drawdown",
    "positive_months": "share of calendar months with a gain",
    "turnover_per_year": "one-sided: half of buys plus sells over the value",
    "cost_per_year": "all costs over the mean value",
    "years": "calendar years of 365.25 days",
}


@dataclass(frozen=True, eq=False)
class Result:
    """One evaluated strategy.

    Attributes
    ----------
    id : str
        Hash of strategy, parameters, dates, engine and input versions.
    strategy : Strategy
        What was evaluated.
    regions : tuple of str
        Where.
    currency : str
        Of all money.
    engine : str
        Who simulated it.
    equity : polars.DataFrame
        date, equity, benchmark (every member at equal weight on the same dates, no costs), drawdown,
        benchmark_drawdown (fractions, 0 or negative), cash, turnover (both sides), commission,
        half_spread, tax.
    stats, benchmark_stats : mapping of str to float
        See ``CONVENTIONS``; NaN where not defined.
    fills : polars.DataFrame
        One row a trade.
    waterfall : polars.DataFrame
        Annual growth from gross to net by kind of cost.
    targets : Targets
        What was decided.
    holdings : polars.DataFrame
        region, ticker, weight on the last date, largest first.
    trials : int
        How many times this hypothesis has been tried, this time included.
    proven : bool
        True where the leak prover has examined the strategy.
    notes : tuple of str
        What a reader must know.
    certificate : Certificate or None
        Of the leak prover; None where there was too little to prove anything with.
    """

    id: str
    strategy: Strategy
    regions: tuple[str, ...]
    currency: str
    engine: str
    equity: pl.DataFrame
    stats: Mapping[str, float]
    benchmark_stats: Mapping[str, float]
    fills: pl.DataFrame
    waterfall: pl.DataFrame
    targets: Targets
    holdings: pl.DataFrame
    trials: int
    proven: bool
    notes: tuple[str, ...]
    certificate: Certificate | None = None

    def __repr__(self) -> str:
        days, own, passive = self.equity["date"], self.stats, self.benchmark_stats
        state = "proven" if self.proven else "unproven"
        return (
            f"Result({self.name}, {days[0]} to {days[-1]}, {self.currency}, trial {self.trials}, {state})\n"
            f"  growth {own['cagr']:.1%} a year after costs, volatility {own['volatility']:.1%}, Sharpe "
            f"{own['sharpe']:.2f}, deepest fall {own['max_drawdown']:.1%}\n"
            f"  benchmark {passive['cagr']:.1%} a year, {self.fills.height} fills, {self.holdings.height} holdings"
        )

    @property
    def name(self) -> str:
        """The strategy's name and where it was evaluated, for titles."""
        return f"{self.strategy.name}, {' '.join(self.regions)}"

    @property
    def statistics(self) -> pl.DataFrame:
        """Statistic, strategy, benchmark and convention, one row each."""
        import polars as pl

        return pl.DataFrame(
            {
                "statistic": list(self.stats),
                "strategy": list(self.stats.values()),
                "benchmark": [self.benchmark_stats.get(name) for name in self.stats],
                "convention": [CONVENTIONS[name] for name in self.stats],
            }
        )
