"""Optimize a portfolio on a lake, and keep its holdings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from workbench import markets, portfolio
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.schemas import TABLES
from workbench.studies import composites, parameters, selection, trials
from workbench.studies.result import UNPROVEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from workbench.lake import Lake
    from workbench.lake.panel import Panel
    from workbench.portfolio import Allocation
    from workbench.studies.strategy import Strategy

#: Days before the decision in which its last session certainly lies: the longest holidays are shorter.
_REACH = timedelta(days=20)


def last_date(lake: Lake, regions: str | Sequence[str]) -> date:
    """The newest day on which every one of the regions has daily bars.

    Raises
    ------
    NotEnoughHistory
        A region has none.
    """
    asked = _regions(regions)
    query = "SELECT region, max(date) AS last FROM ohlcv WHERE timeframe = 'D' GROUP BY region"
    last: dict[str, date] = dict(lake.sql(query).select("region", "last").iter_rows())
    empty = [region for region in asked if region not in last]
    if empty:
        raise NotEnoughHistory(
            f"The lake has no prices of {', '.join(empty)}.", hint=f"Run wb collect {' '.join(empty)}."
        )
    return min(last[region] for region in asked)


def select(strategy: Strategy, lake: Lake, regions: str | Sequence[str], at: str | date) -> pl.DataFrame:
    """What a strategy would hold if it decided at the close of a day.

    Returns
    -------
    polars.DataFrame
        region, ticker (``KR:005930``), score, weight; best first within a region.

    Raises
    ------
    NotEnoughHistory
        No stock has a score then.
    """
    import polars as pl

    asked, view = _regions(regions), lake if lake.pinned else lake.at(lake.snapshot())
    day = _day(at)
    chosen, first = strategy.factor_set, day - _REACH
    panel = composites.load(chosen, view, asked, first, day, strategy.universe)
    scores = composites.scored(chosen, panel, first, day)
    parts = []
    for _, latest in scores.composite.latest().group_by("region", maintain_order=True):
        weights = selection.choose(latest["score"].to_numpy(), strategy.selection)
        if weights is not None:
            column = pl.Series("weight", weights / len(asked))
            parts.append(latest.with_columns(column).filter(pl.col("weight") > 0.0).sort("score", descending=True))
    if not parts:
        raise NotEnoughHistory(
            f"No stock of {' '.join(asked)} has a score of {strategy.name} at {day}.",
            hint=f"It needs {strategy.factor_set.lookback} sessions before and at least "
            f"{strategy.factor_set.fewest_names} names a region.",
        )
    return pl.concat(parts).select("region", "ticker", "score", "weight")


def allocate(
    objective: str,
    lake: Lake,
    regions: str | Sequence[str],
    at: str | date,
    *,
    tickers: Sequence[str] | None = None,
    lookback: int = 252,
    covariance: str = "ledoit_wolf",
    expected: Mapping[str, float] | None = None,
    constraints: Mapping[str, float] | None = None,
) -> Allocation:
    """Optimize a portfolio as of a day, and publish it to ``holdings``.

    Parameters
    ----------
    objective, tickers, lookback, covariance, expected, constraints
        See :func:`workbench.portfolio.optimize`.
    lake : Lake
        Read at one moment: the pinned one, or now.
    regions : str or sequence of str
        One region is optimized in its own currency, several in USD.
    at : date or ISO text
        The day of the decision: nothing after it is read.

    Returns
    -------
    Allocation
        A replay publishes no holdings.
    """
    asked, view = _regions(regions), lake if lake.pinned else lake.at(lake.snapshot())
    day = _day(at)
    panel = view.panel(
        asked,
        start=day - _REACH,
        end=day,
        fields=("close",),
        universe=list(tickers) if tickers is not None else None,
        adjust="total",
        currency=None if len(asked) == 1 else "USD",
        warmup=lookback + 1,
    )
    found = portfolio.optimize(
        objective,
        panel,
        at=day,
        tickers=tickers,
        lookback=lookback,
        covariance=covariance,
        expected=expected,
        constraints=constraints,
    )
    found = replace(found, notes=(UNPROVEN, *found.notes))
    if not trials.replaying():
        identity = trials.identity(view, objective, asked, day, tickers, lookback, covariance, expected, constraints)
        lake.live().publish("holdings", _holdings(identity, found, panel))
    return found


def _regions(regions: str | Sequence[str]) -> tuple[str, ...]:
    return markets.check_regions([regions] if isinstance(regions, str) else list(regions))


def _day(at: str | date) -> date:
    day = parameters.day(at, "at")
    if day is None:
        raise ConfigError("at is empty.", hint="Give the day of the decision, for example 2024-06-28.")
    return day


def _holdings(identity: str, found: Allocation, panel: Panel) -> pl.DataFrame:
    """Weights with the price of the day; how many shares that is depends on the money, which is not known here."""
    import polars as pl

    row = int(np.searchsorted(panel.dates, np.datetime64(found.at, "D")))
    unit = panel["close"] / panel.total_factor
    last = {ticker: _last(unit[: row + 1, panel.column(ticker)]) for ticker in found.weights["ticker"]}
    code = pl.col("ticker").str.split_exact(":", 1).struct.field("field_1")
    return (
        found.weights.with_columns(
            pl.lit(identity).alias("id"),
            pl.lit(found.at).alias("date"),
            pl.lit(None, dtype=pl.Float64).alias("shares"),
            pl.col("ticker").replace_strict(last, return_dtype=pl.Float64).alias("price"),
            pl.lit(panel.currency).alias("currency"),
        )
        .with_columns(code.str.split_exact("#", 1).struct.field("field_0").alias("ticker"))
        .select(list(TABLES["holdings"].columns))
    )


def _last(prices: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(prices[~np.isnan(prices)][-1])
