"""From an engine's ledger to the frames a reader sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.costs import KINDS

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.backtests.engines import Job, Ledger


@dataclass(frozen=True, eq=False)
class BacktestRun:
    """What an engine gives back.

    Attributes
    ----------
    equity : polars.DataFrame
        date, equity, cash, turnover (traded value over the value before trading, both sides, fraction),
        and one column a kind of cost: commission, half_spread, tax (panel currency, that day).
        The first row is the first decision's date, before any trade.
    weights : (T, N) array
        Weights after the trades of the date; 0 where nothing is held.
    fills : polars.DataFrame
        date, region, ticker, side (buy, sell, delisting), quantity (shares as traded, fractional), price
        (one share as traded, panel currency), value (signed), commission, half_spread, tax, currency.
    dates : (T,) datetime64[D]
        Dates of the rows.
    tickers : tuple of str
        Columns of ``weights``.
    currency : str
        Of all money.
    engine : str
        Name of the engine.
    notes : tuple of str
        What a reader must know.
    """

    equity: pl.DataFrame
    weights: NDArray[np.float64]
    fills: pl.DataFrame
    dates: NDArray[np.datetime64]
    tickers: tuple[str, ...]
    currency: str
    engine: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        span = f"{self.dates[0]} to {self.dates[-1]}"
        end = f"{self.equity['equity'][-1]:,.0f} {self.currency}"
        return f"BacktestRun({span}, {len(self.tickers)} tickers, {self.fills.height} fills, {end} at the end)"


def assemble(job: Job, ledger: Ledger, currency: str, engine: str, notes: tuple[str, ...]) -> BacktestRun:
    """Frames and weights of a simulated job."""
    fills = _fills(job, ledger, currency)
    held = np.where(ledger.positions != 0.0, ledger.positions * np.nan_to_num(job.prices.value), 0.0)
    weights = held / ledger.equity[:, None]
    weights.setflags(write=False)
    return BacktestRun(
        _equity(job, ledger, fills), weights, fills, job.dates, job.tickers, currency, engine, (*notes, *ledger.notes)
    )


def _fills(job: Job, ledger: Ledger, currency: str) -> pl.DataFrame:
    import polars as pl

    rows = [_fill(job, *trade) for trade in ledger.trades]
    schema = {
        "date": pl.Date,
        "region": pl.String,
        "ticker": pl.String,
        "side": pl.String,
        "quantity": pl.Float64,
        "price": pl.Float64,
        "value": pl.Float64,
        **dict.fromkeys(KINDS, pl.Float64),
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(currency=pl.lit(currency))
    return frame.sort("date", "ticker")


def _fill(job: Job, row: int, column: int, value: float, kind: str) -> tuple[object, ...]:
    """One trade as a row: money split by kind of cost; a payout at delisting costs nothing."""
    ticker, unit = job.tickers[column], float(job.prices.unit[row, column])
    side = kind if kind == "delisting" else ("buy" if value > 0.0 else "sell")
    costs = [0.0] * len(KINDS)
    if kind == "order":
        rates = job.costs.rates(row, job.column_region[column : column + 1])
        costs = [float(amount[0]) for amount in rates.by_kind(np.array([value])).values()]
    quantity = value / unit if unit > 0.0 else 0.0
    return (job.dates[row].item(), ticker.split(":", 1)[0], ticker, side, quantity, unit, value, *costs)


def _equity(job: Job, ledger: Ledger, fills: pl.DataFrame) -> pl.DataFrame:
    """Value, cash, turnover and costs of each row."""
    import polars as pl

    frame = pl.DataFrame({"date": job.dates, "equity": ledger.equity, "cash": ledger.cash})
    traded = pl.col("value").abs().filter(pl.col("side") != "delisting").sum()
    daily = fills.group_by("date").agg(traded.alias("traded"), *(pl.col(kind).sum() for kind in KINDS))
    frame = frame.join(daily, on="date", how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("traded", *KINDS).fill_null(0.0))
    before = pl.col("equity") + pl.sum_horizontal(KINDS)
    return frame.select("date", "equity", "cash", (pl.col("traded") / before).alias("turnover"), *KINDS)
