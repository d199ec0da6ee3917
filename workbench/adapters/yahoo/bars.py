"""Rows of ``ohlcv``: Yahoo's split-adjusted days, turned back into prices as traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.adapters.yahoo import levels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from workbench.adapters.yahoo.chart import Chart, Row

#: Prices come as 32-bit floats: more digits than these are noise.
DIGITS = 7


@dataclass(frozen=True)
class Bars:
    """Days of one symbol as traded.

    Attributes
    ----------
    rows : list of dict
        date, open, high, low, close, volume, adjusted; a day without a trade has no open, high and low,
        volume 0 and the carried close.
    left_out : dict of date to str
        Days whose price stands on a wrong scale, and why that is thought.
    waiting : str
        Why nothing can be said yet; empty where all is well.
    unlisted : list of (date, float)
        Days that look like a split which Yahoo does not list.
    """

    rows: list[dict[str, Any]]
    left_out: dict[date, str]
    waiting: str
    unlisted: list[tuple[date, float]]


def as_traded(chart: Chart) -> Bars:
    """Undo the split adjustment of every row, where that is sure.

    A row before a split is multiplied with its ratio (its volume divided), unless the prices show that Yahoo
    has not applied it. Where neither is sure all rows stay as Yahoo has them, and say ``adjusted = "split"``.
    """
    splits = [split for day, ratio in chart.splits if (split := levels.judge(chart.rows, day, ratio))]
    pending = [split for split in splits if not split.sure and split.day > chart.rows[-1].day]
    if pending:
        detail = f"a split of {pending[0].ratio:g} on {pending[0].day} has no bar yet that shows whether it is applied"
        return Bars([], {}, detail, [])
    sure = all(split.sure for split in splits)
    wrong = levels.off_by_hundred(chart.rows, splits)
    left_out = {chart.rows[k].day: "its price is a hundred times, or a hundredth, of the others'" for k in wrong}
    rows = [
        _bar(row, _factor(splits, place, row) if sure else 1.0) | {"adjusted": "none" if sure else "split"}
        for place, row in enumerate(chart.rows)
        if place not in wrong
    ]
    return Bars(rows, left_out, "", [] if wrong else levels.unlisted_splits(chart.rows, splits))


def later_ratio(splits: Sequence[tuple[date, float]], day: date) -> float:
    """New shares today for each share of ``day``, by the splits after it; NaN where one of them is unknown."""
    product = 1.0
    for when, ratio in splits:
        product *= ratio if when > day else 1.0
    return product


def tidy(value: float) -> float:
    """The number without the noise of its 32 bits."""
    return float(f"{value:.{DIGITS}g}")


def _factor(splits: Sequence[levels.Split], place: int, row: Row) -> float:
    product = 1.0
    for split in splits:
        if row.day < split.day and place >= split.first_adjusted:
            product *= split.ratio
    return product


def _bar(row: Row, factor: float) -> dict[str, Any]:
    prices = {name: _times(getattr(row, name), factor) for name in ("open", "high", "low", "close")}
    volume = None if row.volume is None else float(round(row.volume / factor))
    if volume == 0 and len({prices[name] for name in prices} - {None}) == 1:
        prices |= {"open": None, "high": None, "low": None}
    elif volume == 0:
        # It traded, as its range shows: the volume is not known.
        volume = None
    return {"date": row.day, **prices, "volume": volume}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else tidy(value * factor)
