"""What is known of one item of one company, and the twelve months and the quarter that follow from it.

Trailing twelve months are the last fiscal year, plus the year to date, minus the year to date a year
earlier, each as last filed by the day; so they hold what one filing shows next to each other. Where no
year to date is filed, four quarters are summed instead, and that is said.

Each can be asked for some quarters back: the same figure for the period that ended so long before, as last
filed by the day. It is told by the days between the two ends, so that half-yearly reports have every second
one; a figure of another length than the newest one's never stands in.

Everything here is compiled: days are numbers since 1970, a filing is its number among the rows of the item,
and -1 is none. A figure is a triple of its value, the code of its currency and how it came about, of which
see :mod:`workbench.lake.ways`; :data:`UNKNOWN` is none.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workbench.lake.compiling import compiled
from workbench.lake.ways import MIXED, QUARTERS, STALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.lake.filed import Asked, Companies, Found, Nature, Rows

    Days = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Figure = tuple[float, int, int]

#: Columns of a filing, and places of the state after the numbers of periods.
_AVAILABLE, _END, _LABEL, _CURRENCY, _SINCE = range(5)
_FILED, _TODAY, _POWER = 5, 6, 7
#: Numbers of the periods of :data:`workbench.lake.filed.PERIODS`.
_I, _Q, _6M, _9M, _FY = range(5)
#: A filer that begins to round to millions restates nothing; figures a share are rounded to cents, before splits.
_ROUNDING, _CENTS = 5e-3, 0.02
_EARLY, _LATE = -(10**9), 10**9
UNKNOWN = (nan, -1, 0)


class Known(NamedTuple):
    """What is known of one company on a day: few arrays, since the compiled code counts who holds each.

    Attributes
    ----------
    filing : int64 (K, 5)
        Each filing: day from which it could be used, end, number of the period, code of the currency, and the
        day from which splits are not in the value yet.
    value : float64 (K,)
    period : int64 (2, 5, K)
        Ends of the periods of each length, ascending, and the last filing of each.
    state : int64 (8,)
        How many periods of each length there are, how many filings are known, the day whose shares figures
        are on, and the power of :class:`workbench.lake.filed.Nature`.
    split : float64 (S, 2)
        Ex dates, and new shares per old share.
    days : int64 (5, 2)
        Lengths of the periods.
    """

    filing: Days
    value: Floats
    period: Days
    state: Days
    split: Floats
    days: Days


@compiled
def learn(known: Known, row: int) -> None:
    """Take in the next filing; filings come in the order they became available."""
    label, end = known.filing[row, _LABEL], known.filing[row, _END]
    ends, last = known.period[0, label], known.period[1, label]
    size = known.state[label]
    at = size
    while at > 0 and ends[at - 1] > end:
        at -= 1
    if at == 0 or ends[at - 1] != end:
        for other in range(size, at, -1):
            ends[other], last[other] = ends[other - 1], last[other - 1]
        known.state[label] = size + 1
        at += 1
    ends[at - 1], last[at - 1] = end, row
    known.state[_FILED] = row + 1


@compiled
def value_of(known: Known, row: int) -> float:
    """A value on today's shares."""
    value: float = known.value[row]
    ratio = 1.0
    if known.state[_POWER] == 0:
        return value
    for split in range(len(known.split)):
        if known.filing[row, _SINCE] <= known.split[split, 0] <= known.state[_TODAY]:
            ratio *= known.split[split, 1]
    return value * ratio if known.state[_POWER] > 0 else value / ratio


@compiled
def near(known: Known, label: int, first: int, last: int) -> int:
    """The last period of a length that ended between two days."""
    for at in range(known.state[label] - 1, -1, -1):
        end = known.period[0, label, at]
        if end < first:
            return -1
        if end <= last:
            row: int = known.period[1, label, at]
            return row
    return -1


@compiled
def newest(known: Known) -> int:
    """End of the newest period or instant."""
    size = known.state[_I]
    end: int = known.period[0, _I, size - 1] if size > 0 else end_before(known, _LATE)
    return end


@compiled
def end_before(known: Known, day: int) -> int:
    """The last end of a period of any length before a day, ``_EARLY`` where there is none."""
    result = _EARLY
    for label in range(5):
        for at in range(known.state[label] - 1, -1, -1):
            end = known.period[0, label, at]
            if end < day:
                result = max(result, end)
                break
    return result


@compiled
def end_between(known: Known, first: int, last: int) -> int:
    """The last end between two days of a period of any length, ``_EARLY`` where there is none."""
    end = end_before(known, last + 1)
    return end if end >= first else _EARLY


@compiled
def filed(known: Known, row: int, way: int) -> Figure:
    """The figure of a filing."""
    if row < 0:
        return UNKNOWN
    return value_of(known, row), known.filing[row, _CURRENCY], way


@compiled
def difference(known: Known, whole: int, part: int) -> Figure:
    """One filing minus another, of one currency."""
    if whole < 0 or part < 0 or known.filing[whole, _CURRENCY] != known.filing[part, _CURRENCY]:
        return UNKNOWN
    return value_of(known, whole) - value_of(known, part), known.filing[whole, _CURRENCY], 0


@compiled
def quarter(known: Known, end: int) -> Figure:
    """The quarter to a day, as filed or as the difference of two periods that begin with the year."""
    own = near(known, _Q, end, end)
    if own >= 0:
        return filed(known, own, 0)
    least, most = known.days[_Q, 0], known.days[_Q, 1]
    for label in range(_FY, _Q, -1):
        whole = near(known, label, end, end)
        part = near(known, label - 1, end - most, end - least)
        if whole >= 0 and part >= 0 and known.filing[whole, _CURRENCY] == known.filing[part, _CURRENCY]:
            return difference(known, whole, part)
    return fourth(known, end)


@compiled
def fourth(known: Known, end: int) -> Figure:
    """The last quarter of a year of which three quarters are filed alone."""
    year = near(known, _FY, end, end)
    if year < 0:
        return UNKNOWN
    currency, total, count = known.filing[year, _CURRENCY], 0.0, 0
    for at in range(known.state[_Q]):
        gap = end - known.period[0, _Q, at]
        if known.days[_Q, 0] <= gap <= known.days[_9M, 1]:
            row = known.period[1, _Q, at]
            if known.filing[row, _CURRENCY] != currency:
                return UNKNOWN
            total += value_of(known, row)
            count += 1
    if count != 3:
        return UNKNOWN
    return value_of(known, year) - total, currency, 0


@compiled
def half(known: Known, end: int) -> Figure:
    """The half year to a day, as filed or as the year minus its first half."""
    own = near(known, _6M, end, end)
    if own >= 0:
        return filed(known, own, 0)
    least, most = known.days[_6M, 0], known.days[_6M, 1]
    return difference(known, near(known, _FY, end, end), near(known, _6M, end - most, end - least))


@compiled
def shortest(known: Known, back: bool, least: int, most: int) -> Figure:
    """The value with the last end; of several periods that end there the shortest."""
    end = newest(known)
    for label in range(5):
        row = near(known, label, end, end)
        if row >= 0:
            return filed(known, near(known, label, end - most, end - least) if back else row, 0)
    return UNKNOWN


@compiled
def latest(known: Known, adds_up: bool, back: bool, least: int, most: int) -> Figure:
    """The instant, else the quarter, the half year or the year that ended last, or the same some time before."""
    if known.state[_I] > 0 or not adds_up:
        return shortest(known, back, least, most)
    for label in (_Q, _6M):
        end = newest(known) if known.state[label] > 0 else _EARLY
        while end > _EARLY:
            figure = quarter(known, end) if label == _Q else half(known, end)
            if not is_unknown(figure):
                if not back:
                    return figure
                before = end_between(known, end - most, end - least)
                if before == _EARLY:
                    return UNKNOWN
                return quarter(known, before) if label == _Q else half(known, before)
            end = end_before(known, end)
    return shortest(known, back, least, most)


@compiled
def is_unknown(figure: Figure) -> bool:
    """Whether there is no figure: a value that is filed as none counts as none as well."""
    return bool(np.isnan(figure[0]))


@compiled
def trailing(known: Known, adds_up: bool, back: bool, least: int, most: int) -> Figure:
    """The twelve months that ended last, or some time before; of instants and averages the newest."""
    if known.state[_I] > 0 or not adds_up:
        return shortest(known, back, least, most)
    end = newest(known)
    figure = twelve(known, end)
    if is_unknown(figure):
        year = near(known, _FY, _EARLY, end)
        if year < 0 or end - known.filing[year, _END] > known.days[_FY, 1]:
            return UNKNOWN
        end, figure = known.filing[year, _END], filed(known, year, STALE)
    if not back:
        return figure
    before = end_between(known, end - most, end - least)
    return twelve(known, before) if before > _EARLY else UNKNOWN


@compiled
def twelve(known: Known, end: int) -> Figure:
    """The twelve months to a day: the year, the year moved on, or four quarters."""
    year = near(known, _FY, _EARLY, end)
    if year >= 0:
        if known.filing[year, _END] == end:
            return filed(known, year, 0)
        figure = since_year(known, year, end)
        if not is_unknown(figure):
            return figure
    return four(known, end)


@compiled
def since_year(known: Known, year: int, end: int) -> Figure:
    """The year moved on by the year to date and its counterpart."""
    gap, label = end - known.filing[year, _END], -1
    for number in range(_FY, _I, -1):
        if known.days[number, 0] <= gap <= known.days[number, 1]:
            label = number
    if label < 0:
        return UNKNOWN
    to_date = near(known, label, end, end)
    before = near(known, label, end - known.days[_FY, 1], end - known.days[_FY, 0])
    if to_date < 0 or before < 0:
        return UNKNOWN
    currency = known.filing[year, _CURRENCY]
    if known.filing[to_date, _CURRENCY] != currency or known.filing[before, _CURRENCY] != currency:
        return UNKNOWN
    value = value_of(known, year) + value_of(known, to_date) - value_of(known, before)
    return value, currency, MIXED if restated(known, before, year) else 0


@compiled
def restated(known: Known, row: int, year: int) -> bool:
    """Whether the value was restated after its fiscal year was filed, and the year was not."""
    filing = known.filing
    if filing[row, _AVAILABLE] <= filing[year, _AVAILABLE]:
        return False
    version = -1
    for other in range(known.state[_FILED]):
        same = filing[other, _LABEL] == filing[row, _LABEL] and filing[other, _END] == filing[row, _END]
        if same and other != row and filing[other, _AVAILABLE] <= filing[year, _AVAILABLE]:
            version = other
        if other != year and filing[other, _LABEL] == _FY and filing[other, _END] == filing[year, _END]:
            return False
    if version < 0:
        return False
    now, then = value_of(known, row), value_of(known, version)
    cents = _CENTS if known.state[_POWER] != 0 else 0.0
    return abs(now - then) > max(_ROUNDING * max(abs(now), abs(then)), cents)


@compiled
def four(known: Known, end: int) -> Figure:
    """The last four quarters, none where one is not known or is in another currency."""
    values, currency = np.empty(4), -1
    for number in range(3, -1, -1):
        figure = quarter(known, end)
        if is_unknown(figure) or (number < 3 and figure[1] != currency):
            return UNKNOWN
        values[number], currency = figure[0], figure[1]
        least, most = known.days[_Q, 0], known.days[_Q, 1]
        if number:
            end = end_between(known, end - most, end - least)
            if end == _EARLY:
                return UNKNOWN
    return values[0] + values[1] + values[2] + values[3], currency, QUARTERS


@compiled
def on(known: Known, day: int) -> Figure:
    """The last instant of a day or before."""
    return filed(known, near(known, _I, _EARLY, day), 0)


@compiled
def answer(known: Known, nature: Nature, questions: Asked, number: int, day: int) -> Figure:
    """One question on one day."""
    back, least, most = questions.back[number], questions.near[number], questions.far[number]
    if back and nature.by_day:
        return on(known, day - least)
    if questions.trailing[number]:
        return trailing(known, nature.adds_up, back, least, most)
    return latest(known, nature.adds_up, back, least, most)


@compiled
def days_of_change(known: Known, nature: Nature, questions: Asked) -> Days:
    """Days on which a filing, a split, or a count that has grown old enough changes a figure, ascending."""
    filing = known.filing
    ages = questions.near[questions.back] if nature.by_day else np.empty(0, np.int64)
    found = np.empty(len(filing) * (1 + len(ages)) + len(known.split), np.int64)
    count, begin = 0, filing[0, _AVAILABLE]
    for row in range(len(filing)):
        found[count] = filing[row, _AVAILABLE]
        count += 1
        for age in ages:
            if filing[row, _END] + age > begin:
                found[count] = filing[row, _END] + age
                count += 1
    for split in range(len(known.split)):
        if known.split[split, 0] > begin:
            found[count] = int(known.split[split, 0])
            count += 1
    return np.unique(found[:count])


@compiled
def walk(
    rows: Rows, companies: Companies, nature: Nature, questions: Asked, first_day: int, days: Days, found: Found
) -> int:
    """Every figure from each day on which it changes; returns how many steps there are.

    Parameters
    ----------
    rows : Rows
    companies : Companies
    nature : Nature
    questions : Asked
    first_day : int
        Values that another one replaces by this day are not worked out.
    days : int64 (5, 2)
        :data:`workbench.lake.filed.DAYS`.
    found : Found
        Filled; must have room for two steps a question and a day of change.
    """
    steps = 0
    for company in range(len(companies.bounds) - 1):
        first, last = companies.bounds[company], companies.bounds[company + 1]
        splits = companies.split[companies.split_bounds[company] : companies.split_bounds[company + 1]]
        state = np.zeros(8, np.int64)
        state[_POWER] = nature.power
        period = np.empty((2, 5, last - first), np.int64)
        known = Known(rows.filing[first:last], rows.value[first:last], period, state, splits, days)
        changes = days_of_change(known, nature, questions)
        for number in range(len(changes)):
            day = changes[number]
            following = changes[number + 1] if number + 1 < len(changes) else _LATE
            while state[_FILED] < last - first and known.filing[state[_FILED], _AVAILABLE] <= day:
                learn(known, state[_FILED])
            if following <= first_day:
                continue
            state[_TODAY] = day if companies.newest_bar[company] < 0 else companies.newest_bar[company]
            old = newest(known) + nature.kept
            for question in range(len(questions.back)):
                if day < old:
                    value, currency, way = answer(known, nature, questions, question, day)
                    steps = note(found, steps, question, company, day, value, currency, way)
                if old < following:
                    steps = note(found, steps, question, company, max(day, old), nan, -1, 0)
    return steps


@compiled
def note(found: Found, at: int, question: int, company: int, day: int, value: float, currency: int, way: int) -> int:
    """Write one step down; returns the number of steps."""
    found.place[at, 0] = question
    found.place[at, 1] = company
    found.place[at, 2] = day
    found.place[at, 3] = currency
    found.place[at, 4] = way
    found.value[at] = value
    return at + 1
