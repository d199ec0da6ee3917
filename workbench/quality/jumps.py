"""Impossible moves between bars: spikes that come back, and shifts of level or scale that no action explains.

The bound of a region follows its widest daily limit where there is one, and is wide where there is
none: the point is to take out clear errors, not the real moves of small stocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.quality.catalogue import JUMP_REACH_DAYS, LISTING_DAYS, SHIFT_FACTOR, SPIKE_BARS

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt


@dataclass(frozen=True)
class JumpBound:
    """How far a close may move from one bar to the next.

    Attributes
    ----------
    up, down : float
        Largest believed ratio close / previous close, and smallest, for a level that stays.
    spike_up, spike_down : float
        The same for a move that comes back.
    reason : str
        Where the bound comes from.
    """

    up: float
    down: float
    spike_up: float
    spike_down: float
    reason: str


def _limited(fraction: float, reason: str) -> JumpBound:
    return JumpBound(1 + fraction, 1 - fraction, 1 + fraction, 1 - fraction, reason)


def _unlimited(reason: str) -> JumpBound:
    return JumpBound(5.0, 1 / 5.0, 2.5, 1 / 2.5, reason)


#: A tenth of the real 2015-2017 US moves beyond a factor 5 is neither a split nor a bad print, so no
#: narrower bound for a lasting level; a factor 2.5 that comes back within three days is a bad print.
JUMP_BOUNDS: dict[str, JumpBound] = {
    "KR": _limited(0.35, "daily limit 30 % since 2015-06-15, 5 points of slack for rounding"),
    "CN": _limited(0.35, "widest daily limit 30 % (Beijing), 5 points of slack for rounding"),
    "VN": _limited(0.45, "widest limit 40 % (UPCoM, first day and after 25 sessions without trade), 5 points of slack"),
    "US": _unlimited("no daily limit"),
    "HK": _unlimited("no daily limit"),
    "JP": _unlimited("the daily limit is an amount in yen, without a bound for a fraction of a low price"),
}


def find_jumps(
    bars: pl.DataFrame, *, region: str, actions: pl.DataFrame | None, listed: pl.DataFrame | None
) -> pl.DataFrame:
    """Bars whose close does not follow from the bar before.

    Parameters
    ----------
    bars : polars.DataFrame
        ticker, date, close, halted (bool): bars believed so far, one row a ticker and date, including
        the last believed bar before the period.
    region : str
        Names the bound.
    actions : polars.DataFrame or None
        ticker, ex_date: any action on a day between the two bars explains a move.
    listed : polars.DataFrame or None
        ticker, listed_date: the first days after a listing are not judged.

    Returns
    -------
    polars.DataFrame
        ticker, date, code ("spike", "jump" or "scale_shift").
    """
    bound = JUMP_BOUNDS[region]
    bars = bars.select("ticker", "date", "close", "halted").sort("ticker", "date")
    previous = pl.col("close").shift(1).over("ticker")
    moved = bars.with_columns(
        ratio=pl.col("close") / previous,
        last_date=pl.col("date").shift(1).over("ticker"),
        after_halt=pl.col("halted").shift(1).over("ticker"),
    )
    suspects = moved.filter((pl.col("ratio") > bound.spike_up) | (pl.col("ratio") < bound.spike_down))
    judged = _not_explained(suspects, actions, listed)
    if judged.is_empty():
        return pl.DataFrame(schema={"ticker": pl.String, "date": pl.Date, "code": pl.String})
    return _classify(bars, judged, bound, actions)


def _not_explained(suspects: pl.DataFrame, actions: pl.DataFrame | None, listed: pl.DataFrame | None) -> pl.DataFrame:
    days = (pl.col("date") - pl.col("last_date")).dt.total_days()
    shifted = (pl.col("ratio") > SHIFT_FACTOR) | (pl.col("ratio") < 1.0 / SHIFT_FACTOR)
    judged = suspects.filter(((days <= JUMP_REACH_DAYS) | shifted) & ~pl.col("after_halt").fill_null(False))
    if actions is not None and not actions.is_empty():
        between = (pl.col("ex_date") > pl.col("last_date")) & (pl.col("ex_date") <= pl.col("date"))
        explained = judged.join(actions.select("ticker", "ex_date"), on="ticker").filter(between)
        judged = judged.join(explained, on=["ticker", "date"], how="anti")
    if listed is not None and not listed.is_empty():
        age = (pl.col("date") - pl.col("listed_date")).dt.total_days()
        young = judged.join(listed.select("ticker", "listed_date"), on="ticker").filter(age.is_between(0, LISTING_DAYS))
        judged = judged.join(young, on=["ticker", "date"], how="anti")
    return judged


def _classify(bars: pl.DataFrame, judged: pl.DataFrame, bound: JumpBound, actions: pl.DataFrame | None) -> pl.DataFrame:
    found = []
    ex_dates: dict[tuple[str], list[date]] = {}
    if actions is not None:
        known = actions.join(judged.select("ticker").unique(), on="ticker", how="semi")
        ex_dates = {(ticker,): sorted(days) for ticker, days in known.group_by("ticker").agg("ex_date").rows()}
    marks = judged.select("ticker", "date", suspect=pl.lit(True))
    affected = bars.join(judged.select("ticker").unique(), on="ticker", how="semi").join(
        marks, on=["ticker", "date"], how="left", maintain_order="left"
    )
    for (ticker,), rows in affected.group_by("ticker", maintain_order=True):
        closes = rows["close"].to_numpy()
        places = np.flatnonzero(rows["suspect"].fill_null(False).to_numpy())
        dates = rows["date"]
        explained = np.array([dates.search_sorted(day) for day in ex_dates.get((ticker,), ())], np.intp)
        found += [(ticker, dates[place], code) for place, code in classify(closes, places, bound, explained)]
    return pl.DataFrame(found, schema={"ticker": pl.String, "date": pl.Date, "code": pl.String}, orient="row")


def classify(
    closes: npt.NDArray[np.float64],
    suspects: npt.NDArray[np.intp],
    bound: JumpBound,
    explained: npt.NDArray[np.intp] | None = None,
) -> list[tuple[int, str]]:
    """Tell a spike from a shift of level in one ticker's closes.

    Parameters
    ----------
    closes : (n,) array
        Believed closes in order, positive.
    suspects : (k,) array
        Positions whose ratio to the bar before is beyond the spike bound and not explained.
    bound : JumpBound
        Of the region.
    explained : (m,) array, optional
        Positions of the first bars on or after an action, ascending.

    Returns
    -------
    list of (position, code)
        Every bar of a spike; the first bar of a new level that is beyond the bound; every bar on another scale,
        until an action or the old scale. The bar that comes back is compared with the level before and is no
        finding.
    """
    found: list[tuple[int, str]] = []
    settled = 0
    for place in suspects:
        if place < settled:
            continue
        level = closes[place - 1]
        back = _comes_back(closes, place, level, bound)
        if back:
            found += [(int(spot), "spike") for spot in range(place, back)]
            settled = back + 1
        elif _other_scale(closes[place] / level):
            settled = _scale_ends(closes, place, level, explained)
            found += [(spot, "scale_shift") for spot in range(int(place), settled)]
            settled += 1
        elif not bound.down <= closes[place] / level <= bound.up:
            found.append((int(place), "jump"))
    return found


def _other_scale(ratio: float) -> bool:
    return not 1.0 / SHIFT_FACTOR <= ratio <= SHIFT_FACTOR


def _scale_ends(
    closes: npt.NDArray[np.float64], place: int, level: float, explained: npt.NDArray[np.intp] | None
) -> int:
    """Position of the first bar after a shift that is nearer to the old scale than to the new, or on an action."""
    half = 0.5 * abs(np.log(closes[place] / level))
    near = np.flatnonzero(np.abs(np.log(closes[place:] / level)) < half) + place
    actions = explained[explained > place] if explained is not None else near[:0]
    return int(min([len(closes), *near[:1], *actions[:1]]))


def _comes_back(closes: npt.NDArray[np.float64], place: int, level: float, bound: JumpBound) -> int:
    """Position of the bar that is back at the level, 0 when it does not come back in time."""
    away = np.log(closes[place] / level)
    for spot in range(place + 1, min(place + SPIKE_BARS, len(closes) - 1) + 1):
        rest = np.log(closes[spot] / level)
        # Back means near the old level: a real move often gives back some of itself.
        if abs(rest) <= 0.25 * abs(away) and bound.spike_down <= closes[spot] / level <= bound.spike_up:
            return int(spot)
    return 0
