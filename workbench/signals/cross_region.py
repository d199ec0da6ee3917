"""How regions move together, and which of them is strong.

Markets of different time zones close hours apart: on one date, Seoul has not seen what New York does with the same
news. The correlation of returns of the same date is therefore too low; a day's news shared by a fraction f of the
day gives (1 - f) of the true one. Three measures stand side by side:

- ``daily``: returns of the same date, on dates on which both markets trade. Too low, shown for comparison.
- ``weekly``: returns from the last common session of a calendar week to that of the next. With closes a fraction f
  of a day apart, 1 - f/5 of the true one.
- ``lead_lag``: ``Σ γ_xy(k) / sqrt(Σ γ_xx(k) Σ γ_yy(k))`` with k = -1, 0, 1: the covariances with the session before
  and after are part of the same news, and serial covariance of either series (stale prices) is taken out alike.

Sources: Scholes and Williams (1977), "Estimating Betas from Nonsynchronous Data", Journal of Financial Economics 5,
equations 16 to 18; Dimson (1979), Journal of Financial Economics 7; Burns, Engle and Mezrich (1998), "Correlations
and Volatilities of Asynchronous Data", Journal of Derivatives 5(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from workbench.errors import ConfigError, NotEnoughHistory
from workbench.signals import series as region_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel
    from workbench.signals.series import RegionSeries

    Array = NDArray[np.float64]

Method = Literal["weekly", "lead_lag", "daily"]
METHODS: tuple[Method, ...] = get_args(Method)
#: Fewest returns of a pair.
FEWEST = 30
#: Returns that stay together when they are drawn again.
_BLOCK = {"daily": 10, "lead_lag": 10, "weekly": 4}


@dataclass(frozen=True, eq=False)
class RegionCorrelation:
    """Correlation of the regions' returns.

    Attributes
    ----------
    method : str
    regions : tuple of str, length R
    matrix, low, high : (R, R) arrays
        Correlation, and its interval; NaN where a pair has too few common returns, ones on the diagonal.
    observations : (R, R) int array
        Common returns.
    start, end : str
        First and last date, ISO.
    smallest_eigenvalue : float
        Below 0 where the pairs, measured one by one, fit no joint distribution; NaN with a missing pair.
    """

    method: Method
    regions: tuple[str, ...]
    matrix: Array
    low: Array
    high: Array
    observations: NDArray[np.int64]
    start: str
    end: str
    smallest_eigenvalue: float

    def __repr__(self) -> str:
        return f"RegionCorrelation({self.method!r}, {' '.join(self.regions)}, {self.start} to {self.end})"

    def to_polars(self) -> pl.DataFrame:
        """One row a pair: region_a, region_b, method, correlation, low, high, observations."""
        import polars as pl

        rows = [
            (self.regions[i], self.regions[j], self.method, self.matrix[i, j], self.low[i, j], self.high[i, j],
             int(self.observations[i, j]))
            for i, j in combinations(range(len(self.regions)), 2)
        ]  # fmt: skip
        names = ("region_a", "region_b", "method", "correlation", "low", "high", "observations")
        kinds = (pl.String, pl.String, pl.String, pl.Float64, pl.Float64, pl.Float64, pl.Int64)
        frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
        return frame.with_columns(pl.col("correlation", "low", "high").fill_nan(None))


def cross_region_correlation(
    data: Panel | Mapping[str, RegionSeries],
    method: Method = "weekly",
    *,
    start: str | date | None = None,
    end: str | date | None = None,
    level: float = 0.95,
    draws: int = 500,
    seed: int = 0,
) -> RegionCorrelation:
    """Correlation matrix of the regions.

    Parameters
    ----------
    data : Panel or mapping of str to RegionSeries
        A panel with total-return closes stands for the equal-weight mean of each region's members.
    method : ``weekly``, ``lead_lag`` or ``daily``
        See the module.
    start, end : date or ISO text, optional
        First and last date of the returns; nothing after ``end`` is used.
    level : float
        Of the interval, from a bootstrap of blocks of two weeks (``weekly``: four weeks).
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    RegionCorrelation

    Raises
    ------
    ConfigError
        Unknown method.
    NotEnoughHistory
        Fewer than two regions, or no pair has thirty common returns.
    """
    if method not in METHODS:
        raise ConfigError(f"method={method!r} is unknown.", hint=f"Use one of {', '.join(METHODS)}.")
    known = data if isinstance(data, dict) else region_series.of_panel(data)  # type: ignore[arg-type]
    if len(known) < 2:
        raise NotEnoughHistory(
            f"The data has {len(known)} of the regions: nothing can be correlated.", hint="Give at least two regions."
        )
    first = np.datetime64("0001-01-01") if start is None else np.datetime64(start, "D")
    last = np.datetime64("9999-12-31") if end is None else np.datetime64(end, "D")
    regions = tuple(known)
    size = (len(regions), len(regions))
    matrix, low, high = np.eye(size[0]), np.eye(size[0]), np.eye(size[0])
    observations = np.zeros(size, np.int64)
    generator = np.random.default_rng(seed)
    seen: list[np.datetime64] = []
    for i, j in combinations(range(len(regions)), 2):
        days, x, y = _pair(known[regions[i]], known[regions[j]], method, first, last)
        observations[i, j] = observations[j, i] = len(x)
        found = (np.nan, np.nan, np.nan)
        if len(x) >= FEWEST:
            found = _measured(x, y, method, level, draws, generator)
            seen += [days[0], days[-1]]
        for array, value in zip((matrix, low, high), found, strict=True):
            array[i, j] = array[j, i] = value
    if not seen:
        raise NotEnoughHistory(
            f"No two of {', '.join(regions)} have {FEWEST} common {method} returns.", hint="Take a longer history."
        )
    whole = not np.isnan(matrix).any()
    smallest = float(np.linalg.eigvalsh(matrix)[0]) if whole else float("nan")
    return RegionCorrelation(method, regions, matrix, low, high, observations, str(min(seen)), str(max(seen)), smallest)


def side_by_side(
    data: Panel | Mapping[str, RegionSeries],
    methods: Sequence[Method] = ("daily", "weekly", "lead_lag"),
    **asked: object,
) -> pl.DataFrame:
    """All methods of every pair: region_a, region_b, and a column a method with its bounds.

    Fewer than two regions have no row; a method for which no pair has enough returns is null.
    """
    import polars as pl

    known = data if isinstance(data, dict) else region_series.of_panel(data)  # type: ignore[arg-type]
    frames = []
    for method in methods:
        try:
            frame = cross_region_correlation(known, method, **asked).to_polars()  # type: ignore[arg-type]
        except NotEnoughHistory:
            frame = _unmeasured(tuple(known), method).to_polars()
        names = {"correlation": method, "low": f"{method}_low", "high": f"{method}_high"}
        frames.append(frame.select("region_a", "region_b", *(pl.col(old).alias(new) for old, new in names.items())))
    return pl.concat([frames[0], *(frame.drop("region_a", "region_b") for frame in frames[1:])], how="horizontal")


def _unmeasured(regions: tuple[str, ...], method: Method) -> RegionCorrelation:
    nothing = np.full((len(regions), len(regions)), np.nan)
    count = np.zeros(nothing.shape, np.int64)
    return RegionCorrelation(method, regions, nothing, nothing, nothing, count, "", "", float("nan"))


def strength(data: Panel | Mapping[str, RegionSeries], at: str | date | None = None) -> pl.DataFrame:
    """Relative strength of the regions, the strongest over 126 sessions first.

    Parameters
    ----------
    data : Panel or mapping of str to RegionSeries
    at : date or ISO text, optional
        Nothing after it is used.

    Returns
    -------
    polars.DataFrame
        region, source, date (of its last session), return_21d, return_63d, return_126d, return_252d: local
        currency, fractions; null where the history is too short.
    """
    import polars as pl

    known = data if isinstance(data, dict) else region_series.of_panel(data)  # type: ignore[arg-type]
    rows = []
    for region, whole in known.items():
        one = whole if at is None else whole.until(np.datetime64(at, "D"))
        if not len(one.dates):
            continue
        totals = [
            float(np.expm1(one.returns[-window:].sum())) if len(one.returns) >= window else float("nan")
            for window in (21, 63, 126, 252)
        ]
        rows.append((region, one.source, one.dates[-1].item(), *totals))
    names = ("region", "source", "date", "return_21d", "return_63d", "return_126d", "return_252d")
    kinds = (pl.String, pl.String, pl.Date, *(pl.Float64,) * 4)
    frame = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
    values = [pl.col(name).fill_nan(None) for name in names[3:]]
    return frame.with_columns(values).sort("return_126d", descending=True, nulls_last=True)


def _pair(
    one: RegionSeries, other: RegionSeries, method: Method, first: np.datetime64, last: np.datetime64
) -> tuple[NDArray[np.datetime64], Array, Array]:
    """Common dates, and both returns from each to the next."""
    common = np.intersect1d(one.dates, other.dates)
    common = common[(common >= first) & (common <= last)]
    if method == "weekly" and len(common):
        week = (common.astype("datetime64[D]").astype(np.int64) + 3) // 7  # weeks begin on Monday
        common = common[np.append(week[1:] != week[:-1], True)]
    x, y = _between(one, common), _between(other, common)
    both = ~np.isnan(x) & ~np.isnan(y)
    return common[1:][both], x[both], y[both]


def _between(one: RegionSeries, dates: NDArray[np.datetime64]) -> Array:
    """Log return from each date to the next."""
    running = np.cumsum(np.nan_to_num(one.returns))
    level: Array = running[np.searchsorted(one.dates, dates)]
    return np.diff(level)


def _measured(
    x: Array, y: Array, method: Method, level: float, draws: int, generator: np.random.Generator
) -> tuple[float, float, float]:
    """Correlation and its percentile interval from blocks drawn with replacement."""
    moments = _moments(x, y, lags=1 if method == "lead_lag" else 0)
    edges = np.arange(0, len(x), _BLOCK[method])
    blocks = np.add.reduceat(moments, edges, axis=0)
    drawn = (
        generator.multinomial(len(blocks), np.full(len(blocks), 1.0 / len(blocks)), size=draws).astype(np.float64)
        @ blocks
    )
    tails = np.quantile(_correlation(drawn), [0.5 - level / 2.0, 0.5 + level / 2.0])
    return float(_correlation(blocks.sum(axis=0)[None, :])[0]), float(tails[0]), float(tails[1])


def _moments(x: Array, y: Array, lags: int) -> Array:
    """Per row: xx, yy, xy, each summed over leads and lags; a product counts on its later row."""
    a, b = x - x.mean(), y - y.mean()
    xx, yy, xy = a * a, b * b, a * b
    for lag in range(1, lags + 1):
        xx[lag:] += 2.0 * a[lag:] * a[:-lag]
        yy[lag:] += 2.0 * b[lag:] * b[:-lag]
        xy[lag:] += a[lag:] * b[:-lag] + a[:-lag] * b[lag:]
    return np.column_stack([xx, yy, xy])


def _correlation(moments: Array) -> Array:
    """Correlations from summed moments, kept between -1 and 1; NaN where a variance is not positive."""
    xx, yy, xy = moments.T
    usable = (xx > 0.0) & (yy > 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(usable, np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0), np.nan)
