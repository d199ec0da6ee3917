"""The tear sheet of one score: does it foretell returns, for how long, and at what turnover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backtests.doubts import thin
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.research import inference, information, quantiles
from workbench.research.forward import forward_returns

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors import Score
    from workbench.lake.panel import Panel


@dataclass(frozen=True)
class Tearsheet:
    """What is known about one score.

    Attributes
    ----------
    factor : str
        Name of the score.
    regions : tuple of str
        Regions, each measured on its own sessions.
    start, end : str
        First and last date with an information coefficient, ISO.
    ic : polars.DataFrame
        region, date, horizon (sessions), ic (rank correlation), names.
    summary : polars.DataFrame
        region, horizon, mean_ic, std_ic, icir (mean over standard deviation, not annualized),
        t_newey_west (lags = horizon - 1), positive_share, dates: the decay is read down the horizons.
    quantiles : polars.DataFrame
        region, horizon, quantile (1 the lowest scores), mean_return (fraction over the horizon), dates.
    spread : polars.DataFrame
        region, date, horizon, spread (highest minus lowest quantile, fraction over the horizon).
    turnover : polars.DataFrame
        region, lag (sessions), rank_autocorrelation, top_quantile_replaced (fraction).
    coverage : polars.DataFrame
        region, date, scored, members, coverage (fraction).
    notes : tuple of str
        Conventions, and what the panel had to say.
    """

    factor: str
    regions: tuple[str, ...]
    start: str
    end: str
    ic: pl.DataFrame
    summary: pl.DataFrame
    quantiles: pl.DataFrame
    spread: pl.DataFrame
    turnover: pl.DataFrame
    coverage: pl.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        rows = self.summary.select("region", "horizon", "mean_ic", "t_newey_west").iter_rows()
        found = [f"  {region}, {horizon} sessions: mean IC {ic:.3f}, t {t:.1f}" for region, horizon, ic, t in rows]
        return "\n".join([f"Tearsheet({self.factor!r}, {self.start} to {self.end})", *found])


NOTE = "Decided at the close of a session, entered at the next session's close, total returns, horizons in sessions."


def tearsheet(
    score: Score, panel: Panel, horizons: tuple[int, ...] = (1, 5, 21), quantiles: int = 5, min_names: int = 10
) -> Tearsheet:
    """Measure a score against the returns that followed it.

    Parameters
    ----------
    score : Score
        (T, N); NaN where there is none.
    panel : Panel
        Total-return closes that hold the score's dates and tickers; dates after the score's last one are
        used for returns only.
    horizons : tuple of int
        Sessions of each market.
    quantiles : int
        Groups of equal size, at least 2.
    min_names : int
        Fewest names with score and return for a date to count; quantiles need two names each as well.

    Returns
    -------
    Tearsheet
        Frames by region; a region without a usable date has no rows.

    Raises
    ------
    ConfigError
        Horizons or quantiles out of bounds, or tickers that the panel does not have.
    NotEnoughHistory
        No region has a date with enough names.

    Notes
    -----
    Timing: see :func:`workbench.research.forward.forward_returns`.
    """
    _check(horizons, quantiles)
    score, rows, columns = _aligned(score, panel)
    parts: dict[str, list[pl.DataFrame]] = {key: [] for key in ("ic", "summary", "quantiles", "spread")}
    for horizon in horizons:
        forward = forward_returns(panel, horizon)[np.ix_(rows, columns)]
        for region in score.labels.region_names():
            measured = _measure(score, forward, region, horizon, quantiles, min_names)
            for key, frame in measured.items():
                parts[key].append(frame)
    frames = {key: _stack(value) for key, value in parts.items()}
    if frames["ic"].is_empty():
        raise NotEnoughHistory(
            f"No date of {score.name} has {min_names} names with a score and a return over {min(horizons)} sessions.",
            hint="Take a longer history or a larger sample, or lower min_names and say so.",
        )
    first, last = frames["ic"]["date"].min(), frames["ic"]["date"].max()
    return Tearsheet(
        factor=score.name,
        regions=score.labels.region_names(),
        start=str(first),
        end=str(last),
        turnover=_stack(
            [_turnover(score, region, horizons, quantiles, min_names) for region in score.labels.region_names()]
        ),
        coverage=_stack([_coverage(score, panel, rows, columns, region) for region in score.labels.region_names()]),
        notes=(NOTE, *panel.notes, *thin(panel, int(rows[0]))),
        **frames,
    )


def _check(horizons: tuple[int, ...], quantiles: int) -> None:
    if not horizons or min(horizons) < 1:
        raise ConfigError(f"horizons={horizons} must be whole sessions of at least 1.", hint="For example (1, 5, 21).")
    if quantiles < 2:
        raise ConfigError(f"quantiles={quantiles} must be at least 2.", hint="Five is usual.")


def _aligned(score: Score, panel: Panel) -> tuple[Score, NDArray[np.intp], NDArray[np.intp]]:
    """The score without columns that are never scored, and where its labels stand in the panel."""
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    kept = np.flatnonzero((~np.isnan(score.values)).any(axis=0) | np.isin(score.tickers, panel.tickers))
    missing = [score.tickers[column] for column in kept if score.tickers[column] not in place]
    days = np.asarray(panel.dates)
    if missing or not np.isin(score.dates, days).all():
        raise ConfigError(
            f"The panel does not hold the score's labels: {len(missing)} tickers are missing (first: {missing[:3]}).",
            hint="Take the panel of the same regions with dates at least as long as the score's.",
        )
    columns = np.array([place[score.tickers[column]] for column in kept], dtype=np.intp)
    return score.only(kept), np.searchsorted(days, score.dates), columns


def _measure(
    score: Score, forward: NDArray[np.float64], region: str, horizon: int, count: int, min_names: int
) -> dict[str, pl.DataFrame]:
    """Frames of one region and horizon."""
    import polars as pl

    cell = np.ix_(score.labels.sessions[region], score.labels.columns(region))
    values, later = score.values[cell], forward[cell]
    days = score.dates[score.labels.sessions[region]]
    ic, names = information.rank_ic(values, later, min_names)
    seen = ~np.isnan(ic)
    buckets = quantiles.bucket(values, count, max(min_names, 2 * count))
    earned = quantiles.returns_by_bucket(buckets, later, count)
    spread = earned[:, -1] - earned[:, 0]
    both = ~np.isnan(spread)
    label = {"region": pl.lit(region), "horizon": pl.lit(horizon)}
    ic_frame = pl.DataFrame({"date": days[seen], "ic": ic[seen], "names": names[seen]})
    spread_frame = pl.DataFrame({"date": days[both], "spread": spread[both]})
    rows = [
        (number + 1, _mean(earned[:, number]), int((~np.isnan(earned[:, number])).sum())) for number in range(count)
    ]
    bars = pl.DataFrame(rows, schema={"quantile": pl.Int64, "mean_return": pl.Float64, "dates": pl.Int64}, orient="row")
    return {
        "ic": ic_frame.with_columns(**label).select("region", "date", "horizon", "ic", "names"),
        "summary": _summary(ic[seen], horizon).with_columns(**label) if seen.any() else pl.DataFrame(),
        "quantiles": bars.with_columns(**label).select("region", "horizon", "quantile", "mean_return", "dates"),
        "spread": spread_frame.with_columns(**label).select("region", "date", "horizon", "spread"),
    }


def _summary(ic: NDArray[np.float64], horizon: int) -> pl.DataFrame:
    import polars as pl

    deviation = float(ic.std(ddof=1)) if len(ic) > 1 else float("nan")
    return pl.DataFrame(
        {
            "region": [""],
            "horizon": [horizon],
            "mean_ic": [float(ic.mean())],
            "std_ic": [deviation],
            "icir": [float(ic.mean()) / deviation if deviation > 0.0 else float("nan")],
            "t_newey_west": [inference.newey_west_t(ic, horizon - 1)],
            "positive_share": [float((ic > 0.0).mean())],
            "dates": [len(ic)],
        }
    )


def _turnover(score: Score, region: str, horizons: tuple[int, ...], count: int, min_names: int) -> pl.DataFrame:
    import polars as pl

    values = score.values[np.ix_(score.labels.sessions[region], score.labels.columns(region))]
    buckets = quantiles.bucket(values, count, max(min_names, 2 * count))
    return pl.DataFrame(
        {
            "region": [region] * len(horizons),
            "lag": list(horizons),
            "rank_autocorrelation": [information.rank_autocorrelation(values, lag, min_names) for lag in horizons],
            "top_quantile_replaced": [quantiles.replaced_share(buckets, count, lag) for lag in horizons],
        }
    )


def _coverage(
    score: Score, panel: Panel, rows: NDArray[np.intp], columns: NDArray[np.intp], region: str
) -> pl.DataFrame:
    import polars as pl

    cell = np.ix_(score.labels.sessions[region], score.labels.columns(region))
    scored = (~np.isnan(score.values[cell])).sum(axis=1)
    members = np.asarray(panel.member, dtype=bool)[np.ix_(rows, columns)][cell].sum(axis=1)
    days = score.dates[score.labels.sessions[region]]
    frame = pl.DataFrame({"date": days, "scored": scored, "members": members}).with_columns(region=pl.lit(region))
    share = pl.when(pl.col("members") > 0).then(pl.col("scored") / pl.col("members"))
    return frame.select("region", "date", "scored", "members", coverage=share)


def _mean(values: NDArray[np.float64]) -> float:
    seen = values[~np.isnan(values)]
    return float(seen.mean()) if len(seen) else float("nan")


def _stack(frames: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    filled = [frame for frame in frames if frame.width]
    return pl.concat(filled) if filled else pl.DataFrame()
