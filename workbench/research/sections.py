"""The sections of a tear sheet, each a frame of one region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.research import breakdown, capacity, costs, exposure, information, quantiles, verdict
from workbench.research.inference import infer
from workbench.research.monotonicity import monotonicity

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.research.inference import Inference
    from workbench.research.regional import Regional

    Array = NDArray[np.float64]

#: Sessions over which capacity is measured: what can be traded now, not years ago.
RECENT = 252
#: Of the bootstrap behind the test of monotonicity: the same score has the same p-value.
SEED = 0


def of_information(region: Regional) -> tuple[pl.DataFrame, pl.DataFrame]:
    """IC by date and horizon, and its summary."""
    import polars as pl

    asked, daily, rows = region.question, [], []
    for horizon in asked.horizons:
        ic, names = region.ic[horizon]
        pearson, _ = information.pearson_ic(region.seen, region.forward[horizon], asked.min_names)
        daily.append(
            region.dated(~np.isnan(ic), ic=ic, pearson=pearson, names=names).with_columns(horizon=pl.lit(horizon))
        )
        found = infer(ic, horizon)
        if found.observations:
            share = float((ic[~np.isnan(ic)] > 0.0).mean())
            icir = found.mean / found.std if found.std > 0.0 else np.nan
            linear = float(np.nanmean(pearson)) if (~np.isnan(pearson)).any() else np.nan
            rows.append((horizon, found.mean, found.std, icir, linear, *_sure(found), share, found.observations))
    floats = dict.fromkeys(("mean_ic", "std_ic", "icir", "mean_pearson"), pl.Float64)
    summary = region.frame(rows, horizon=pl.Int64, **floats, **_sure_kinds(), positive_share=pl.Float64, dates=pl.Int64)
    columns = ("region", "date", "horizon", "ic", "pearson", "names")
    return pl.concat(daily).with_columns(pl.col("horizon").cast(pl.Int64), pl.col("pearson").fill_nan(None)).select(
        columns
    ), summary


def of_quantiles(region: Regional) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Mean returns by quantile, the spread by date, and what is known of the spread."""
    import polars as pl

    asked, means, daily, rows = region.question, [], [], []
    for horizon in asked.horizons:
        forward = region.forward[horizon]
        earned = quantiles.returns_by_bucket(region.buckets, forward, asked.quantiles)
        excess = earned - quantiles.market_return(region.buckets, forward)[:, None]
        for number in range(asked.quantiles):
            dates = int((~np.isnan(earned[:, number])).sum())
            means.append((horizon, number + 1, _mean(earned[:, number]), _mean(excess[:, number]), dates))
        spread = earned[:, -1] - earned[:, 0]
        there = ~np.isnan(spread)
        daily.append(region.dated(there, spread=spread).with_columns(horizon=pl.lit(horizon, pl.Int64)))
        if there.any():
            found = infer(spread, horizon)
            rising = monotonicity(earned, max(10, horizon), np.random.default_rng(SEED))
            hit = float((spread[there] > 0.0).mean())
            steps = (rising.ordered_steps, rising.rank_correlation, rising.p_value)
            rows.append((horizon, found.mean, *_sure(found), hit, *steps, found.observations))
    bars = region.frame(
        means,
        horizon=pl.Int64,
        quantile=pl.Int64,
        mean_return=pl.Float64,
        mean_excess=pl.Float64,
        dates=pl.Int64,
    )
    rest = dict.fromkeys(("hit_rate", "ordered_steps", "rank_correlation", "monotonic_p"), pl.Float64)
    known = region.frame(rows, horizon=pl.Int64, mean_spread=pl.Float64, **_sure_kinds(), **rest, dates=pl.Int64)
    return bars, pl.concat(daily).select("region", "date", "horizon", "spread"), known


def of_turnover(region: Regional) -> pl.DataFrame:
    """How fast the order changes."""
    import polars as pl

    asked = region.question
    rows = [
        (
            lag,
            information.rank_autocorrelation(region.seen, lag, asked.min_names),
            quantiles.replaced_share(region.buckets, asked.quantiles, lag),
            quantiles.replaced_share(region.buckets, 1, lag),
        )
        for lag in asked.horizons
    ]
    names = ("rank_autocorrelation", "top_quantile_replaced", "bottom_quantile_replaced")
    return region.frame(rows, lag=pl.Int64, **dict.fromkeys(names, pl.Float64))


def of_coverage(region: Regional) -> pl.DataFrame:
    """Scored names over listed ones."""
    import polars as pl

    scored, members = (~np.isnan(region.score)).sum(axis=1), region.member.sum(axis=1)
    share = pl.when(pl.col("members") > 0).then(pl.col("scored") / pl.col("members"))
    return region.dated(region.asked, scored=scored, members=members).with_columns(coverage=share)


def of_portfolio(region: Regional) -> pl.DataFrame:
    """The long-short portfolio by session: gross, cost, net, turnover."""
    portfolio, rates = region.portfolio, region.rates
    nothing = np.full(len(region.days), np.nan)
    cost = nothing if rates is None else portfolio.cost(rates.buy, rates.sell)
    there = ~np.isnan(portfolio.gross)
    columns = {"gross": portfolio.gross, "cost": cost, "net": portfolio.gross - cost, "turnover": portfolio.turnover}
    return _without_nan(region.dated(there, **columns))


def of_costs(region: Regional) -> pl.DataFrame:
    """What trading costs by holding period, a year."""
    import polars as pl

    rows: list[tuple[object, ...]] = []
    for horizon in region.question.horizons:
        held = region.portfolio if horizon == region.question.holding else region.held(horizon)
        year = costs.by_year(held, region.rates)
        rows.append((horizon, *(year[key] for key in costs.KEYS)))
    return region.frame(rows, holding=pl.Int64, **dict.fromkeys(costs.KEYS, pl.Float64))


def of_breakdown(region: Regional) -> pl.DataFrame:
    """IC and spread within sectors, thirds by size, and years, over the holding period."""
    import polars as pl

    holding = region.question.holding
    forward = region.forward[holding]
    groups: list[tuple[str, NDArray[np.int64], tuple[str, ...]]] = []
    if region.sectors is not None:
        groups.append(("sector", *region.sectors))
    if region.size is not None:
        groups.append(("size", breakdown.size_terciles(region.size, ~np.isnan(region.seen)), breakdown.SIZES))
    rows: list[tuple[object, ...]] = []
    for kind, codes, names in groups:
        for name, ic, spread, count in breakdown.by_group(region.seen, forward, codes, names):
            if (~np.isnan(ic)).any():
                rows.append((kind, name, count, *_group(ic, spread, holding)))
    ic, names_seen = region.ic[holding]
    earned = quantiles.returns_by_bucket(region.buckets, forward, region.question.quantiles)
    years = region.days.astype("datetime64[Y]").astype(int) + 1970
    for year in np.unique(years[~np.isnan(ic)]):
        inside = years == year
        own, spread = (np.where(inside, values, np.nan) for values in (ic, earned[:, -1] - earned[:, 0]))
        count = float(names_seen[inside & ~np.isnan(ic)].mean())
        rows.append(("year", str(year), count, *_group(own, spread, holding)))
    kinds = dict.fromkeys(("names", "mean_ic", "t", "critical"), pl.Float64)
    return region.frame(
        rows, by=pl.String, group=pl.String, **kinds, mean_spread=pl.Float64, periods=pl.Int64, dates=pl.Int64
    )


def of_capacity(region: Regional) -> pl.DataFrame:
    """Money at which trades reach a share of traded value, over the last 252 sessions with a score."""
    import polars as pl

    rows: list[tuple[object, ...]] = []
    if region.adv is not None and region.asked.any():
        last = int(np.flatnonzero(region.asked)[-1]) + 1
        recent = slice(max(0, last - RECENT), last)
        trades, adv = region.portfolio.trades[recent], region.adv[recent]
        rows = [(share, capacity.capacity(trades, adv, share)) for share in capacity.PARTICIPATION]
    found = region.frame(rows, participation=pl.Float64, money=pl.Float64)
    return found.with_columns(currency=pl.lit(region.currency))


def of_exposure(region: Regional, portfolio: pl.DataFrame, factors: pl.DataFrame | None) -> pl.DataFrame:
    """Slopes of the long-short return on given factor returns."""
    import polars as pl

    given = factors if factors is not None else pl.DataFrame(schema={"date": pl.Date, "none": pl.Float64})
    if "region" in given.columns:
        given = given.filter(pl.col("region") == region.name).drop("region")
    found = exposure.exposure(portfolio.select("date", "gross"), given)
    return found.select(pl.lit(region.name).alias("region"), pl.all())


def of_verdict(region: Regional) -> pl.DataFrame:
    """The verdict, and the figures it rests on."""
    import polars as pl

    ic, asked = region.headline, region.question
    year = costs.by_year(region.portfolio, region.rates)
    names = int((~np.isnan(region.seen[region.asked])).sum(axis=1).max(initial=0))
    word = verdict.verdict(ic, year["gross"], year["net"], enough=names >= asked.min_names)
    text = verdict.sentence(word, ic, year, asked.holding, region.without(asked.holding))
    row = (word, ic.mean, ic.t_fixed_b, ic.critical, ic.stars, ic.periods, year["gross"], year["cost"], year["net"])
    kinds = dict.fromkeys(("mean_ic", "t", "critical"), pl.Float64)
    yearly = dict.fromkeys(("gross", "cost", "net", "turnover"), pl.Float64)
    return region.frame(
        [(*row, year["turnover"], names, text)],
        verdict=pl.String,
        **kinds,
        stars=pl.String,
        periods=pl.Int64,
        **yearly,
        most_names=pl.Int64,
        sentence=pl.String,
    )


def _group(ic: Array, spread: Array, horizon: int) -> tuple[float, float, float, float, int, int]:
    found = infer(ic, horizon)
    return found.mean, found.t_fixed_b, found.critical, _mean(spread), found.periods, found.observations


def _sure(found: Inference) -> tuple[object, ...]:
    return (
        found.t_fixed_b,
        found.critical,
        found.stars,
        found.t_non_overlapping,
        found.t_newey_west,
        found.periods,
    )


def _sure_kinds() -> dict[str, type[pl.DataType]]:
    import polars as pl

    floats = {"t_non_overlapping": pl.Float64, "t_newey_west": pl.Float64}
    return {"t_fixed_b": pl.Float64, "critical": pl.Float64, "stars": pl.String, **floats, "periods": pl.Int64}


def _mean(values: Array) -> float:
    seen = values[~np.isnan(values)]
    return float(seen.mean()) if len(seen) else float("nan")


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))
