"""What is known of one item of one company, written for reading: the compiled code must give the same bits."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from math import isclose, nan, prod
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from workbench.lake.ways import MIXED, QUARTERS, STALE
from workbench.schemas.periods import INSTANT, LENGTHS, of_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ANNUAL = frozenset({"FY", "Y", "A", "ANNUAL", "YEAR"})
#: Periods that begin with the fiscal year, the longest first, and the one before each.
CUMULATIVE = {"FY": "9M", "9M": "6M", "6M": "Q"}
_SHORTEST = (INSTANT, *reversed(CUMULATIVE.values()), "FY")
#: Days from the end of a period to the end of the same one a year later.
YEAR = LENGTHS["FY"]
#: Days by which the end of a year may move: weeks of 52 and 53, the last Saturday of a month.
_DRIFT = 15
#: A filer that begins to round to millions restates nothing; figures a share are rounded to cents, before splits.
_ROUNDING, _CENTS = 5e-3, 0.02


class Filed(NamedTuple):
    """One row of ``fundamentals`` or ``shares``.

    Attributes
    ----------
    available : date
        First day on which it could be used.
    end : date
        Of the period, or the instant.
    period : str
    value : float
    currency : str or None
    since : date
        Splits with an ex date from this day on are not in the value yet.
    """

    available: date
    end: date
    period: str
    value: float
    currency: str | None
    since: date


class Value(NamedTuple):
    """A value, its currency, and how it came about: 0 as filed, :data:`QUARTERS`, :data:`STALE` or :data:`MIXED`."""

    value: float
    currency: str | None
    way: int = 0


UNKNOWN = Value(nan, None)


@dataclass
class Known:
    """The last filed value of each period, on ``today``.

    Attributes
    ----------
    splits : sequence of (date, float)
        Ex date and new shares per old share; only where the item is per share or a count of shares.
    power : int
        1 for counts of shares, -1 for figures a share, 0 for what splits leave alone.
    adds_up : bool
        False for averages of a period, of which neither sums nor differences mean anything.
    """

    splits: Sequence[tuple[date, float]] = ()
    power: int = 0
    adds_up: bool = True
    today: date = date.min
    found: dict[str, dict[date, Filed]] = field(default_factory=dict)
    ends: dict[str, list[date]] = field(default_factory=dict)
    replaced: dict[tuple[str, date], list[Filed]] = field(default_factory=dict)

    def learn(self, filed: Filed) -> None:
        """Take in the next filing; filings come in the order they became available."""
        label = filed.period.upper()
        label = "FY" if label in ANNUAL else label if label in (*CUMULATIVE, INSTANT) else "Q"
        values = self.found.setdefault(label, {})
        if filed.end in values:
            self.replaced.setdefault((label, filed.end), []).append(values[filed.end])
        else:
            insort(self.ends.setdefault(label, []), filed.end)
        values[filed.end] = filed

    def value(self, filed: Filed) -> float:
        """The value on today's shares."""
        if not self.power or not self.splits:
            return filed.value
        ratio = prod(ratio for ex_date, ratio in self.splits if filed.since <= ex_date <= self.today)
        return filed.value * ratio if self.power > 0 else filed.value / ratio

    def newest(self) -> date:
        """End of the newest period or instant."""
        labels = (INSTANT,) if INSTANT in self.ends else tuple(self.ends)
        return max(self.ends[label][-1] for label in labels)

    def latest(self, back: int = 0) -> Value:
        """The instant, else the quarter, the half year or the year that ended last, or ``back`` quarters before."""
        if INSTANT in self.ends or not self.adds_up:
            return self._shortest(back)
        for step, shortest in (("Q", self._quarter), ("6M", self._half)):
            for end in self._descending() if step in self.ends else ():
                part = shortest(end)
                if part is not None and back:
                    earlier = self._earlier(end, back)
                    part = None if earlier is None else shortest(earlier)
                    return UNKNOWN if part is None else Value(*part)
                if part is not None:
                    return Value(*part)
        return self._shortest(back)

    def trailing(self, back: int = 0) -> Value:
        """The twelve months that ended last, or ``back`` quarters before; of instants and averages the newest."""
        if INSTANT in self.ends or not self.adds_up:
            return self._shortest(back)
        end = self.newest()
        found = self._twelve(end)
        if found is None:
            year = self._near("FY", date.min, end)
            if year is None or (end - year.end).days > YEAR[1]:
                return UNKNOWN
            end, found = year.end, Value(self.value(year), year.currency, STALE)
        if not back:
            return found
        earlier = self._earlier(end, back)
        return (earlier and self._twelve(earlier)) or UNKNOWN

    def on(self, day: date) -> Value:
        """The last instant of a day or before."""
        filed = self._near(INSTANT, date.min, day)
        return UNKNOWN if filed is None else Value(self.value(filed), filed.currency)

    def _twelve(self, end: date) -> Value | None:
        """The twelve months to a day: the year, the year moved on, or four quarters."""
        year = self._near("FY", date.min, end)
        if year is not None and year.end == end:
            return Value(self.value(year), year.currency)
        since = self._since(year, end) if year is not None else None
        if since is not None:
            return since
        parts = self._four(end)
        return None if parts is None else Value(sum(value for value, _ in parts), parts[0][1], QUARTERS)

    def _earlier(self, end: date, back: int) -> date | None:
        """The end, of a period of any length, that lies ``back`` quarters before another one."""
        first, last = _window(end, back)
        found = [self._near(label, first, last) for label in self.ends]
        return max((one.end for one in found if one is not None), default=None)

    def _since(self, year: Filed, newest: date) -> Value | None:
        """The year moved on by the year to date and its counterpart."""
        label = of_length((newest - year.end).days) or ""
        to_date = self.found.get(label, {}).get(newest)
        before = self._near(label, newest - timedelta(YEAR[1]), newest - timedelta(YEAR[0]))
        if to_date is None or before is None or len({year.currency, to_date.currency, before.currency}) > 1:
            return None
        value = self.value(year) + self.value(to_date) - self.value(before)
        return Value(value, to_date.currency, MIXED if self._restated(label, before, year) else 0)

    def _restated(self, label: str, filed: Filed, year: Filed) -> bool:
        """Whether the value was restated after its fiscal year was filed, and the year was not."""
        versions = [one for one in self.replaced.get((label, filed.end), ()) if one.available <= year.available]
        if filed.available <= year.available or not versions or ("FY", year.end) in self.replaced:
            return False
        cents = _CENTS if self.power else 0.0
        return not isclose(self.value(filed), self.value(versions[-1]), rel_tol=_ROUNDING, abs_tol=cents)

    def _four(self, newest: date) -> list[tuple[float, str | None]] | None:
        """The last four quarters in order of time, None where one is not known or is in another currency."""
        parts: list[tuple[float, str | None]] = []
        end: date | None = newest
        while end is not None and len(parts) < 4:
            part = self._quarter(end)
            if part is None or (parts and part[1] != parts[0][1]):
                return None
            parts.insert(0, part)
            end = self._previous(end)
        return parts if len(parts) == 4 else None

    def _quarter(self, end: date) -> tuple[float, str | None] | None:
        """The quarter to a day, as filed or as the difference of two periods that begin with the year."""
        own = self.found.get("Q", {}).get(end)
        if own is not None:
            return self.value(own), own.currency
        for label, shorter in CUMULATIVE.items():
            whole = self.found.get(label, {}).get(end)
            part = self._near(shorter, end - timedelta(LENGTHS["Q"][1]), end - timedelta(LENGTHS["Q"][0]))
            if whole is not None and part is not None and whole.currency == part.currency:
                return self.value(whole) - self.value(part), whole.currency
        return self._fourth(end)

    def _fourth(self, end: date) -> tuple[float, str | None] | None:
        """The last quarter of a year of which three quarters are filed alone."""
        year = self.found.get("FY", {}).get(end)
        if year is None:
            return None
        quarters = self.found.get("Q", {})
        inside = [quarters[one] for one in self.ends.get("Q", ()) if 75 <= (end - one).days <= LENGTHS["9M"][1]]
        if len(inside) != 3 or {one.currency for one in inside} != {year.currency}:
            return None
        return self.value(year) - sum(self.value(one) for one in inside), year.currency

    def _half(self, end: date) -> tuple[float, str | None] | None:
        """The half year to a day, as filed or as the year minus its first half."""
        own = self.found.get("6M", {}).get(end)
        if own is not None:
            return self.value(own), own.currency
        year = self.found.get("FY", {}).get(end)
        first = self._near("6M", end - timedelta(LENGTHS["6M"][1]), end - timedelta(LENGTHS["6M"][0]))
        if year is None or first is None or year.currency != first.currency:
            return None
        return self.value(year) - self.value(first), year.currency

    def _shortest(self, back: int = 0) -> Value:
        """The value with the last end; of several periods that end there the shortest."""
        newest = self.newest()
        label = next(label for label in _SHORTEST if newest in self.found.get(label, {}))
        filed = self._near(label, *_window(newest, back)) if back else self.found[label][newest]
        return UNKNOWN if filed is None else Value(self.value(filed), filed.currency)

    def _near(self, label: str, first: date, last: date) -> Filed | None:
        """The last period of a length that ended between two days."""
        ends = self.ends.get(label, [])
        at = bisect_right(ends, last) - 1
        return self.found[label][ends[at]] if at >= 0 and ends[at] >= first else None

    def _previous(self, end: date) -> date | None:
        """The end of the quarter before."""
        first, last = end - timedelta(LENGTHS["Q"][1]), end - timedelta(LENGTHS["Q"][0])
        found = [self._near(label, first, last) for label in ("Q", *CUMULATIVE)]
        return max((one.end for one in found if one is not None), default=None)

    def _descending(self) -> Iterator[date]:
        """Ends of all periods, the last one first, which is nearly always the one that is looked for."""
        yield self.newest()
        yield from sorted({end for ends in self.ends.values() for end in ends}, reverse=True)[1:]


def _window(end: date, back: int) -> tuple[date, date]:
    """First and last day on which a period ended that lies ``back`` quarters before another one."""
    years, rest = divmod(back, 4)
    shift = round(365.25 * years)
    near, far = LENGTHS[("", "Q", "6M", "9M")[rest]] if rest else (-_DRIFT, _DRIFT)
    return end - timedelta(shift + far), end - timedelta(shift + near)


def steps(
    filed: Sequence[Filed],
    *,
    splits: Sequence[tuple[date, float]] = (),
    power: int = 0,
    counts: bool = False,
    trailing: bool = False,
    back: int = 0,
    last: date | None = None,
    kept: int = 550,
    first: date = date.min,
) -> Iterator[tuple[date, float, str | None, int]]:
    """Every figure from each day on which it changes; ``last`` is the newest bar of adjusted prices."""
    known = Known(splits, power, not power > 0)
    news = {day: list(group) for day, group in groupby(filed, key=attrgetter("available"))}
    age = timedelta(round(365.25 / 4 * back))
    later = {row.end + age for row in filed} if counts and back else set()
    begin = min(news, default=date.max)
    days = sorted({*news, *(day for day in (*later, *(day for day, _ in splits)) if day > begin)})
    for day, following in pairwise([*days, date.max]):
        for one in news.get(day, ()):
            known.learn(one)
        if following <= first:
            continue
        known.today = last or day
        old = date.max if counts else known.newest() + timedelta(kept)
        if day < old:
            value = known.trailing(back) if trailing else known.latest(back)
            yield (day, *(known.on(day - age) if counts and back else value))
        if old < following:
            yield (max(day, old), *UNKNOWN)
