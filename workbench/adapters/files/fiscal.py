"""Periods of filings that name the day of disclosure only, found from the company's own rhythm.

A company discloses some weeks after each quarter's end, so that its disclosures say in which months its quarters
end; its cumulative figures fall back after the year's end, and some figures are given at the year's end only, so
that they say which quarter closes the year. Both are properties of the company, taken from all its rows: a fiscal
calendar is public long before a filing and says nothing of what a filing contains. A company whose rows leave a
doubt is not placed at all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.adapters.files.mapping import ITEM, MARK, NO_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.adapters.files.rules import InferRule
    from workbench.adapters.files.spec import FileSpec

#: A quarter is disclosed about this long after its end; farther off counts as far at most.
_USUAL, _FAR = 38, 40
#: A disclosure this far from the company's usual day is late, or a correction: its period is not certain.
_UNUSUAL = 20
#: A correction follows within so many days.
_YEAR = 400
#: Fewer disclosures than this do not show a rhythm.
_FEWEST = 3
#: The year's end must stand out from the next best quarter by this much of the evidence.
_MARGIN = 0.5
_QUARTERS = 4


@dataclass
class _Filing:
    """One disclosure with values, and where it is placed."""

    row: int
    disclosed: date
    values: tuple[float | None, ...]
    value: float | None
    marks: tuple[bool, ...]
    end: date | None = None
    repeats: _Filing | None = None


def infer(mapped: pl.DataFrame, spec: FileSpec) -> pl.DataFrame:
    """The rows with ``period_end``, ``quarter`` (1 to 4) and ``fault``, a reason where a row cannot be placed."""
    rule = spec.periods.infer
    if rule is None:
        raise ValueError("this file names its periods")
    marks = [MARK + name for name in (*rule.filled, *rule.empty)]
    items = [ITEM + name for name in spec.items]
    wanted = mapped.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in items))
    found: list[tuple[int, date | None, int | None, str | None]] = []
    for (ticker,), rows in wanted.group_by("ticker", maintain_order=True):
        ordered = rows.filter(pl.col("date") != NO_DATE).sort("date", "row")
        filings = [
            _Filing(line["row"], line["date"], tuple(line[name] for name in items), line[ITEM + rule.value], flags)
            for line in ordered.iter_rows(named=True)
            for flags in [tuple(bool(line[name]) for name in marks)]
        ]
        if ticker is not None:
            found.extend(_placed(filings, rule))
    schema: dict[str, Any] = {
        "row": mapped.schema["row"],
        "period_end": pl.Date,
        "quarter": pl.Int32,
        "fault": pl.String,
    }
    return mapped.join(pl.DataFrame(found, schema=schema, orient="row"), on="row", how="left", maintain_order="left")


def _placed(filings: Sequence[_Filing], rule: InferRule) -> list[tuple[int, date | None, int | None, str | None]]:
    """Period end and quarter of each disclosure of one company."""
    _note_repetitions(filings)
    first = [one for one in filings if one.repeats is None]
    phase = _phase([one.disclosed for one in first], rule)
    ends = [_quarter_end(one.disclosed, phase, rule.soonest) for one in first]
    lags = [(one.disclosed - end).days for one, end in zip(first, ends, strict=True)]
    usual = median(lags) if lags else 0
    for one, end, lag in zip(first, ends, lags, strict=True):
        one.end = end if lag <= rule.latest and abs(lag - usual) <= _UNUSUAL else None
    for one in filings:
        one.end = one.repeats.end if one.repeats else one.end
    closing = _closing_month(first)
    if closing is None:
        return [(one.row, one.end, None, "unknown_period") for one in filings]
    return [
        (
            one.row,
            one.end,
            None if one.end is None else _number(one.end, closing),
            None if one.end else "unknown_period",
        )
        for one in filings
    ]


def _note_repetitions(filings: Sequence[_Filing]) -> None:
    """A disclosure of the very values of an earlier one is a correction of its text, not of another period."""
    for number, one in enumerate(filings):
        earlier = (
            before
            for before in filings[:number]
            if before.values == one.values and (one.disclosed - before.disclosed).days <= _YEAR
        )
        found = next(earlier, None)
        one.repeats = (found.repeats or found) if found else None


def _phase(days: Sequence[date], rule: InferRule) -> int:
    """In which months the quarters end: the month modulo 3 whose ends lie the usual time before the disclosures."""

    def distance(phase: int) -> float:
        lags = [(day - _quarter_end(day, phase, rule.soonest)).days for day in days]
        return sum(min(abs(lag - _USUAL), _FAR) for lag in lags)

    return min(range(3), key=distance)


def _quarter_end(day: date, phase: int, soonest: int) -> date:
    """The last end of a quarter at least ``soonest`` days before the day."""
    latest = day - timedelta(days=soonest)
    year, month = latest.year, latest.month
    while True:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        if month % 3 == phase and end <= latest:
            return end
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)


def _closing_month(filings: Sequence[_Filing]) -> int | None:
    """The month in which the fiscal year ends, None where the rows leave a doubt."""
    firsts: dict[date, _Filing] = {}
    for one in filings:
        if one.end is not None and one.value is not None:
            firsts.setdefault(one.end, one)
    if len(firsts) < _FEWEST:
        return None
    falls: dict[int, list[bool]] = defaultdict(list)
    marked: dict[int, list[float]] = defaultdict(list)
    ends = sorted(firsts)
    for end in ends:
        flags = firsts[end].marks
        marked[end.month].append(sum(flags) / len(flags) if flags else 0.0)
    for end, following in pairwise(ends):
        if (following - end).days < 100:
            falls[end.month].append(abs(firsts[following].value or 0.0) < abs(firsts[end].value or 0.0))
    scores = {month: _share(falls.get(month, [])) + _share(marked[month]) for month in marked}
    ranked = sorted(scores, key=lambda month: scores[month], reverse=True)
    best = ranked[0]
    second = scores[ranked[1]] if len(ranked) > 1 else 0.0
    return best if scores[best] - second >= _MARGIN else None


def _share(flags: Sequence[bool] | Sequence[float]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _number(end: date, closing: int) -> int:
    """Number of the quarter that ends with a day, in a year that ends in the month ``closing``."""
    return ((end.month - closing) // 3 - 1) % _QUARTERS + 1
