"""How often past signals were right, counted only where the outcome was known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.factors import transforms
from workbench.research.forward import forward_returns
from workbench.signals import clocks
from workbench.signals.result import AVOID, BUY, CALLS, WATCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.factors import Scores
    from workbench.lake.panel import Panel
    from workbench.signals.result import Signals

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: Fewest names with an outcome for a date to have a median.
FEWEST_NAMES = 5


@dataclass(frozen=True)
class Hits:
    """Signals of one kind whose outcome is known.

    Attributes
    ----------
    signals, hits : int
        How many there were, and how many were right.
    periods : int
        Dates they come from; their outcomes do not overlap.
    rate : float
        Hits over signals; NaN without a signal.
    low, high : float
        Wilson's interval, for as many independent signals as their scatter over the periods leaves.
    verdict : str
        ``insufficient``, ``above half``, ``below half`` or ``not told from half``.
    """

    signals: int
    hits: int
    periods: int
    rate: float
    low: float
    high: float
    verdict: str


def hit_rates(
    signals: Signals, panel: Panel, scores: Scores | None = None, at: str | date | np.datetime64 | None = None
) -> pl.DataFrame:
    """Hit rates of a set's signals, and of each of its factors or layers, by region.

    A signal of row t is a hit if the stock's total return from the close of the next session over
    ``rules.hits.horizon`` sessions beats the median of its region's members over the same sessions (for AVOID:
    does not). A factor or layer alone "says BUY" where its own value, on the same scale of 0 to 100, reaches the
    region's threshold.

    Parameters
    ----------
    signals : Signals
    panel : Panel
        Total-return closes that hold the signals' dates and tickers.
    scores : Scores, optional
        Of the factors; adds a row a factor.
    at : date or ISO text, optional
        The day on which one asks; the last date of the panel by default. A signal counts only if the last
        session of its horizon had closed by then.

    Returns
    -------
    polars.DataFrame
        region, set, kind (BUY, WATCH, AVOID, a factor, ``layer`` or ``layer.component``), signals, periods, hits,
        hit_rate, low, high, horizon, verdict. Signals are counted on every ``horizon``-th session of the market's
        calendar, so that no two outcomes of a stock overlap; below ``rules.hits.min_periods`` such dates the
        verdict is ``insufficient``.

    Raises
    ------
    ConfigError
        The panel lacks dates or tickers of the signals.
    """
    import polars as pl

    rule = signals.rules.hits
    asked = np.asarray(panel.dates)[-1] if at is None else np.array([at], "datetime64[D]")[0]
    better = _aligned(signals, panel, beats_median(panel, rule.horizon, asked))
    rows = []
    for region in signals.labels.region_names():
        columns = signals.labels.columns(region)
        on = counted(region, signals.labels.dates, signals.labels.sessions[region], rule.horizon)
        for kind, says, wants in _kinds(signals, scores, region):
            found = count(says[on], better[np.ix_(on, columns)], wants, rule.min_periods, rule.confidence)
            rows.append((region, signals.name, kind, found.signals, found.periods, found.hits, found.rate,
                         found.low, found.high, rule.horizon, found.verdict))  # fmt: skip
    names = ("region", "set", "kind", "signals", "periods", "hits", "hit_rate", "low", "high", "horizon", "verdict")
    frame = pl.DataFrame(rows, schema=list(names), orient="row")
    return frame.with_columns(pl.col("hit_rate", "low", "high").cast(pl.Float64).fill_nan(None))


def beats_median(panel: Panel, horizon: int, at: np.datetime64) -> Array:
    """1 where a member's forward return beats its region's median, 0 where not; NaN where it is not known at a day.

    Parameters
    ----------
    panel : Panel
        Rows after ``at`` are not looked at.
    horizon : int
        Sessions, from the close of the next session.

    Returns
    -------
    (T, N) array
    """
    result = np.full(panel.shape, np.nan)
    rows = int(np.searchsorted(panel.dates, at, side="right"))
    if not rows:
        return result
    known = panel.until(at)
    forward = np.where(np.asarray(known.member), forward_returns(known, horizon), np.nan)
    regions = np.array(panel.regions)
    for region in dict.fromkeys(panel.regions):
        columns = np.flatnonzero(regions == region)
        own = forward[:, columns]
        there = ~np.isnan(own)
        enough = np.flatnonzero(there.sum(axis=1) >= FEWEST_NAMES)
        for row in enough:
            line = own[row]
            middle = np.median(line[there[row]])
            result[row, columns] = np.where(there[row], line > middle, np.nan)
    return result


def counted(region: str, dates: NDArray[np.datetime64], sessions: Flags, horizon: int) -> NDArray[np.intp]:
    """Rows on which signals are counted: every ``horizon``-th session of the calendar, whatever the window."""
    rows = np.flatnonzero(sessions)
    return rows[clocks.ordinals(region, dates[rows]) % horizon == 0] if len(rows) else rows


def count(says: Flags, better: Array, wants: bool, min_periods: int, level: float) -> Hits:
    """Count the hits of one kind of signal.

    Parameters
    ----------
    says : (D, N) bool
        Where the signal stands, on dates whose outcomes do not overlap.
    better : (D, N) array
        1 and 0 as in :func:`beats_median`; NaN where the outcome is not known.
    wants : bool
        Which of the two is a hit.
    """
    known = says & ~np.isnan(better)
    each = known.sum(axis=1)
    right = (known & (better == float(wants))).sum(axis=1)
    used = each > 0
    signals, hits, periods = int(each.sum()), int(right.sum()), int(used.sum())
    if not signals:
        return Hits(0, 0, 0, math.nan, math.nan, math.nan, "insufficient")
    independent = effective(each[used], right[used])
    low, high = wilson(hits / signals, independent, level)
    verdict = "above half" if low > 0.5 else ("below half" if high < 0.5 else "not told from half")
    return Hits(
        signals, hits, periods, hits / signals, low, high, verdict if periods >= min_periods else "insufficient"
    )


def effective(each: NDArray[np.int64], right: NDArray[np.int64]) -> float:
    """How many independent signals the counted ones are worth.

    Stocks of one date move together. The variance of the rate, from its scatter over the dates (the ratio
    estimator of clusters), is compared with that of independent signals.

    Source: Kish (1965), "Survey Sampling", section 8.2 (design effect); Korn and Graubard (1998), Survey
    Methodology 24(2): an interval with the effective size.
    """
    signals, periods = float(each.sum()), len(each)
    rate = float(right.sum()) / signals
    if periods < 2:
        return 1.0
    scatter = float(np.square(right - rate * each).sum()) / signals**2 * periods / (periods - 1)
    if scatter <= 0.0:
        return float(periods)
    return float(min(signals, max(1.0, rate * (1.0 - rate) / scatter)))


def wilson(rate: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share among n independent ones.

    Source: Wilson (1927), Journal of the American Statistical Association 22, equation 4.

    Examples
    --------
    >>> [round(bound, 4) for bound in wilson(0.6, 100)]
    [0.502, 0.6906]
    """
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    centre = (rate + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z / (1.0 + z * z / n) * math.sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _kinds(signals: Signals, scores: Scores | None, region: str) -> Iterator[tuple[str, Flags, bool]]:
    """Every kind of signal of a region: its name, where it stands (T, n), and whether it wants the better half."""
    columns, buy = signals.labels.columns(region), signals.rules.of(region).buy
    codes = signals.calls[:, columns]
    for code in (BUY, WATCH, AVOID):
        yield CALLS[code], codes == code, code != AVOID
    if scores is not None:
        from scipy.special import ndtr

        for name in scores.names:
            standing = transforms.zscore(scores.values[name][:, columns])
            with np.errstate(invalid="ignore"):
                yield name, 100.0 * ndtr(standing) >= buy, True
    for layer in (name for name in signals.layers if not name.startswith("regime")):
        for name, values in signals.layers[layer].items():
            with np.errstate(invalid="ignore"):
                yield f"{layer}.{name}", values[:, columns] >= buy, True


def _aligned(signals: Signals, panel: Panel, values: Array) -> Array:
    """Values of the panel under the signals' labels; names without any score need not be in the panel."""
    place = {ticker: number for number, ticker in enumerate(panel.tickers)}
    scored = np.asarray((~np.isnan(signals.score)).any(axis=0), dtype=bool).tolist()
    missing = [name for name, some in zip(signals.labels.tickers, scored, strict=True) if some and name not in place]
    if missing or not np.isin(signals.labels.dates, panel.dates).all():
        raise ConfigError(
            f"The panel does not hold the signals' labels: {len(missing)} tickers are missing (first: {missing[:3]}).",
            hint="Take the panel of the same regions and of the same dates or more.",
        )
    known = [number for number, name in enumerate(signals.labels.tickers) if name in place]
    columns = [place[signals.labels.tickers[number]] for number in known]
    result = np.full(signals.score.shape, np.nan)
    result[:, known] = values[np.searchsorted(panel.dates, signals.labels.dates)][:, columns]
    return result
