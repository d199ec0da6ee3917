"""The tear sheet of one score: does it foretell returns, where, for how long, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from workbench.backtests.doubts import thin
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.research import forward, gathering, sections, verdict
from workbench.research.regional import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors import Score
    from workbench.lake.panel import Panel
    from workbench.research.regional import Regional

HORIZONS = (1, 5, 10, 21, 63)
#: Sessions of the verdict's holding period, where the horizons have it.
HOLDING = 21


@dataclass(frozen=True)
class Tearsheet:
    """What is known about one score; every frame begins with the column region.

    Attributes
    ----------
    factor : str
        Name of the score.
    regions : tuple of str
        Regions, each measured on its own sessions.
    start, end : str
        First and last date with an information coefficient, ISO.
    execution : str
        Price from which returns are counted: ``next_close``, ``next_open``, ``close``.
    holding : int
        Sessions of the verdict, the portfolio, the breakdown, the capacity and the exposure.
    verdict : polars.DataFrame
        A row a region: verdict (see :func:`workbench.research.verdict.verdict`), mean_ic, t (fixed-b), critical (at
        5 %), stars, periods, gross, cost, net, turnover (a year), most_names, sentence.
    ic : polars.DataFrame
        date, horizon (sessions), ic (rank correlation), pearson, names.
    summary : polars.DataFrame
        horizon, mean_ic, std_ic, icir (mean over standard deviation, not annualized), mean_pearson, t_fixed_b with
        critical and stars, t_non_overlapping, t_newey_west (lags = horizon - 1), periods: see
        :class:`workbench.research.inference.Inference`; positive_share, dates. The decay is read down the horizons.
    quantiles : polars.DataFrame
        horizon, quantile (1 the lowest scores), mean_return, mean_excess (over the mean of all names with a
        quantile), dates; fractions over the horizon.
    spread : polars.DataFrame
        date, horizon, spread (highest minus lowest quantile, fraction over the horizon).
    spreads : polars.DataFrame
        horizon, mean_spread with its t-statistics, hit_rate (dates above zero), ordered_steps, rank_correlation,
        monotonic_p (:class:`workbench.research.monotonicity.Monotonicity`), dates.
    turnover : polars.DataFrame
        lag (sessions), rank_autocorrelation, top_quantile_replaced, bottom_quantile_replaced (fractions).
    coverage : polars.DataFrame
        date, scored, members, coverage (fraction).
    long_short : polars.DataFrame
        date, gross, cost, net, turnover of the portfolio that holds the extreme quantiles for ``holding`` sessions.
    costs : polars.DataFrame
        holding, and a year: turnover, gross, commission, half_spread, tax, cost, net; round_trip_bps, break_even_bps.
    breakdown : polars.DataFrame
        by (sector, size, year), group, names (a date), mean_ic, t, critical, mean_spread, periods, dates.
    capacity : polars.DataFrame
        participation (share of a stock's daily traded value), money (of one side), currency.
    exposure : polars.DataFrame
        term, estimate, per_year, standard_error, t, r2, dates: of the gross long-short return.
    notes : tuple of str
        What the panel had to say, what is left out and why, and conventions.
    """

    factor: str
    regions: tuple[str, ...]
    start: str
    end: str
    execution: str
    holding: int
    verdict: pl.DataFrame
    ic: pl.DataFrame
    summary: pl.DataFrame
    quantiles: pl.DataFrame
    spread: pl.DataFrame
    spreads: pl.DataFrame
    turnover: pl.DataFrame
    coverage: pl.DataFrame
    long_short: pl.DataFrame
    costs: pl.DataFrame
    breakdown: pl.DataFrame
    capacity: pl.DataFrame
    exposure: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The verdict of all regions in one line."""
        return verdict.summed_up(list(self.verdict.select("region", "verdict").iter_rows()))

    @property
    def headline(self) -> dict[str, str | float | None]:
        """The figures that stand in the index of reports: the verdict, and IC and spread after costs of each region."""
        found: dict[str, str | float | None] = {"verdict": self.sentence}
        for region, ic, net in self.verdict.select("region", "mean_ic", "net").iter_rows():
            found[f"{region}_mean_ic"] = None if ic is None else round(ic, 4)
            found[f"{region}_net_return"] = net
        return found

    def _repr_html_(self) -> str:
        """The verdict as a table, for a notebook."""
        return self.verdict._repr_html_()

    def __repr__(self) -> str:
        found = [f"  {region}. {text}" for region, text in self.verdict.select("region", "sentence").iter_rows()]
        return "\n".join([f"Tearsheet({self.factor!r}, {self.start} to {self.end})", *found])


def tearsheet(
    score: Score,
    panel: Panel,
    horizons: Sequence[int] = HORIZONS,
    quantiles: int = 5,
    min_names: int = 10,
    *,
    execution: forward.Execution = "next_close",
    holding: int | None = None,
    size: NDArray[np.float64] | None = None,
    factor_returns: pl.DataFrame | None = None,
) -> Tearsheet:
    """Measure a score against the returns that followed it.

    Parameters
    ----------
    score : Score
        (T, N); NaN where there is none.
    panel : Panel
        Total-return closes that hold the score's dates and tickers; dates after the score's last one are
        used for returns only. Opens, volume or turnover, and sectors are used where the panel has them.
    horizons : sequence of int
        Sessions of each market.
    quantiles : int
        Groups of equal size, at least 2.
    min_names : int
        Fewest names with score and return for a date to count; quantiles need two names each as well.
    execution : {"next_close", "next_open", "close"}
        See :func:`workbench.research.forward_returns`. ``close`` measures as alphalens does: names count that
        have a return over every horizon, and dates on which equal scores span a whole quantile have none.
    holding : int, optional
        One of the horizons, for the verdict and the portfolio; by default 21 if it is one, else the longest.
    size : (T, N) array, optional
        What names are ordered by for their size, on the panel's rows and columns, known at the close of the
        row: market capitalization. By default the item ``market_cap`` of the panel, else the mean traded value.
    factor_returns : polars.DataFrame, optional
        date and one column a factor: see :func:`workbench.research.exposure.exposure`. With a column region each
        region is set against its own rows.

    Returns
    -------
    Tearsheet
        Frames by region; a region with too few names says so in its verdict and has no rows elsewhere.

    Raises
    ------
    ConfigError
        Horizons, quantiles or holding out of bounds, or tickers that the panel does not have.
    NotEnoughHistory
        No region has a date with enough names.

    Notes
    -----
    Timing: see :func:`workbench.research.forward.forward_returns`.

    Examples
    --------
    >>> sheet = wb.research.tearsheet(scores["momentum_12m_1m"], panel)  # doctest: +SKIP
    >>> sheet.verdict  # doctest: +SKIP
    """
    import polars as pl

    question = _question(tuple(horizons), quantiles, min_names, execution, holding)
    notes: list[str] = []
    regions = gathering.gather(score, panel, question, size, notes)
    parts: dict[str, list[pl.DataFrame]] = {}
    for region in regions:
        for name, frame in _measured(region, factor_returns).items():
            parts.setdefault(name, []).append(frame)
    frames = {name: pl.concat(found) for name, found in parts.items()}
    ic = frames["ic"]
    if ic.is_empty():
        shortest = question.horizons[0]
        reasons = "; ".join(f"{region.name}: {region.without(shortest)}" for region in regions)
        raise NotEnoughHistory(
            f"Nothing of {score.name} can be measured. {reasons}.",
            hint="Take a longer history or a larger sample, or lower min_names and say so; equal scores have no order.",
        )
    if factor_returns is not None and frames["exposure"].is_empty():
        notes.append(
            "Exposure is left out: fewer than 60 dates are common to the factor returns and the score, or the factors "
            "are linearly dependent."
        )
    first, last = ic["date"].min(), ic["date"].max()
    row = int(np.searchsorted(panel.dates, score.dates[0]))
    return Tearsheet(
        factor=score.name,
        regions=tuple(region.name for region in regions),
        start=str(first),
        end=str(last),
        execution=execution,
        holding=question.holding,
        # What casts doubt on the figures stands before how they are made.
        notes=(*panel.notes, *thin(panel, row), *notes, *gathering.conventions(question)),
        **frames,
    )


def _measured(region: Regional, factor_returns: pl.DataFrame | None) -> dict[str, pl.DataFrame]:
    """Every section of one region."""
    ic, summary = sections.of_information(region)
    bars, spread, spreads = sections.of_quantiles(region)
    portfolio = sections.of_portfolio(region)
    return {
        "verdict": sections.of_verdict(region),
        "ic": ic,
        "summary": summary,
        "quantiles": bars,
        "spread": spread,
        "spreads": spreads,
        "turnover": sections.of_turnover(region),
        "coverage": sections.of_coverage(region),
        "long_short": portfolio,
        "costs": sections.of_costs(region),
        "breakdown": sections.of_breakdown(region),
        "capacity": sections.of_capacity(region),
        "exposure": sections.of_exposure(region, portfolio, factor_returns),
    }


def _question(
    horizons: tuple[int, ...], quantiles: int, min_names: int, execution: forward.Execution, holding: int | None
) -> Question:
    counts = (*horizons, quantiles, min_names, *(() if holding is None else (holding,)))
    if not all(isinstance(count, int | np.integer) for count in counts):
        raise ConfigError(f"{counts} of horizons, quantiles, min_names and holding must be whole numbers.")
    if not horizons or min(horizons) < 1:
        raise ConfigError(f"horizons={horizons} must be whole sessions of at least 1.", hint="For example (1, 5, 21).")
    if quantiles < 2:
        raise ConfigError(f"quantiles={quantiles} must be at least 2.", hint="Five is usual.")
    if execution not in get_args(forward.Execution):
        raise ConfigError(
            f"execution={execution!r} is unknown.", hint=f"Use one of {', '.join(get_args(forward.Execution))}."
        )
    usual = HOLDING if HOLDING in horizons else max(horizons)
    chosen = usual if holding is None else holding
    if chosen not in horizons:
        raise ConfigError(f"holding={holding} is none of the horizons {horizons}.", hint="Add it to the horizons.")
    return Question(tuple(sorted(set(horizons))), quantiles, min_names, chosen, execution)
