"""On which scale a price stands: splits that Yahoo has not applied, splits it does not list, hundredths.

Yahoo adjusts prices for splits up to today, most of the time. Where it has not, the series jumps by the ratio
of the split on its day or some sessions before, and its volume jumps the other way; that is looked for here.
Recorded cases: 4063.T (a 5:1 split not applied to older prices, the jump one session before the ex date) and
SSW.JO (older prices a hundred times too large).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, log
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from workbench.adapters.yahoo.chart import Row

#: Rows on either side of a split's day among which its jump is looked for.
REACH = 4
#: A ratio nearer to one cannot be told from an ordinary day's move; Yahoo's word is taken that it is applied.
SMALL = log(1.25)
#: A jump this near to a ratio (natural log) is the ratio's.
NEAR = 0.25
#: From this ratio on a jump near it is no day's move, whatever the volume says.
LARGE = log(2.9)
#: Sessions before and after whose median volume is compared.
VOLUME_DAYS = 5
#: Jumps near a hundred: the unit, not the stock.
HUNDRED = log(100.0)
#: A newest level with at least so many rows is believed against a longer one before it.
SETTLED = 5
#: Ratios at which an unlisted split is suspected.
USUAL = (2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0)


@dataclass(frozen=True)
class Split:
    """A split, and what the prices before it contain.

    Attributes
    ----------
    day : date
        Ex date.
    ratio : float
        New shares for each old one.
    first_adjusted : int
        Position of the first row whose price contains it; 0 where all do.
    sure : bool
        False where price and volume contradict each other.
    """

    day: date
    ratio: float
    first_adjusted: int = 0
    sure: bool = True


def judge(rows: Sequence[Row], day: date, ratio: float) -> Split | None:
    """What the rows contain of a split; None where there is no row before it, and so nothing to undo.

    A split is unsure without a row on or after its day: whether Yahoo has applied it is not to be seen yet.
    """
    at = next((place for place, row in enumerate(rows) if row.day >= day), len(rows))
    if at == 0:
        return None
    if isnan(ratio) or at == len(rows):
        return Split(day, ratio, 0, sure=False)
    size = abs(log(ratio))
    if size < SMALL:
        return Split(day, ratio)
    places = range(max(1, at - REACH), min(len(rows), at + REACH + 1))
    place = min(places, key=lambda one: abs(_fall(rows, one) - log(ratio)))
    if abs(_fall(rows, place) - log(ratio)) > min(NEAR, size / 3):
        return Split(day, ratio)
    grown = volume_change(rows, place)
    if grown is not None and size < LARGE and abs(grown - log(ratio)) > abs(grown):
        return Split(day, ratio, 0, sure=False)
    if grown is None and size < LARGE:
        return Split(day, ratio, 0, sure=False)
    return Split(day, ratio, place)


def off_by_hundred(rows: Sequence[Row], splits: Sequence[Split] = ()) -> set[int]:
    """Positions of rows whose prices stand a hundred times above or below the level that is believed.

    A level that is left and come back to is believed; of two levels the newer one is, once it has lasted
    :data:`SETTLED` rows. A jump with the inverse change of volume is a consolidation or a split, not a unit.
    """
    levels, level = [0] * len(rows), 0
    explained = {split.first_adjusted for split in splits}
    for place in range(1, len(rows)):
        move = -_fall(rows, place)
        hundred = abs(abs(move) - HUNDRED) <= NEAR and place not in explained
        if hundred and not _traded_inversely(rows, place, move):
            level += 1 if move > 0 else -1
        levels[place] = level
    if not any(levels):
        return set()
    newest = len(rows) - next((k for k, one in enumerate(reversed(levels)) if one != level), len(rows))
    believed = level if len(rows) - newest >= SETTLED else levels[newest - 1]
    return {place for place, one in enumerate(levels) if one != believed}


def unlisted_splits(rows: Sequence[Row], known: Sequence[Split]) -> list[tuple[date, float]]:
    """Days on which price and volume jump as at a split that Yahoo does not list, and the ratio.

    Both must fit one usual ratio: the price within a tenth, the volume (medians of five sessions) within a half.
    """
    explained = {place for split in known for place in range(split.first_adjusted - 1, split.first_adjusted + 2)}
    days = {split.day for split in known}
    found = []
    for place in range(VOLUME_DAYS, len(rows) - VOLUME_DAYS + 1):
        fall = _fall(rows, place)
        usual = [ratio for ratio in USUAL if abs(abs(fall) - log(ratio)) < log(1.1)]
        if not usual or place in explained or rows[place].day in days:
            continue
        ratio = usual[0] if fall > 0 else 1 / usual[0]
        grown = volume_change(rows, place)
        if grown is not None and abs(grown - log(ratio)) < log(1.5):
            found.append((rows[place].day, ratio))
    return found


def volume_change(rows: Sequence[Row], place: int) -> float | None:
    """Log of the median volume of the rows from ``place`` on to that of the rows before; None without volume."""
    before = [row.volume for row in rows[max(0, place - VOLUME_DAYS) : place] if row.volume]
    after = [row.volume for row in rows[place : place + VOLUME_DAYS] if row.volume]
    return log(median(after) / median(before)) if before and after else None


def _traded_inversely(rows: Sequence[Row], place: int, move: float) -> bool:
    grown = volume_change(rows, place)
    return grown is not None and abs(grown + move) < abs(grown)


def _fall(rows: Sequence[Row], place: int) -> float:
    """Log of the close before to the close: positive where the price falls, as at a split."""
    before, now = rows[place - 1].close, rows[place].close
    return log(before / now) if before and now else 0.0
