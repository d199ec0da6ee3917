"""Where a proof looks: which dates are cut, which codes are kept, and the altered lakes that follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import factors, markets
from workbench.errors import ConfigError, NotEnoughHistory
from workbench.lake.adjust import SPLITS
from workbench.lake.whatif import Alteration, Moment, close_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workbench.factors import FactorSet
    from workbench.lake import Lake, Panel

#: How the future is altered at each moment.
FUTURES = ("cut off", "scrambled", "revised")
#: Days that are looked at, and the part of them before which none is cut.
WINDOW, EARLIEST = timedelta(days=540), 0.35
#: Days after the last cut: what looks a quarter ahead is seen.
AHEAD = timedelta(days=100)
_SPAN = """
SELECT region, min(date), max(date) FROM ohlcv
WHERE timeframe = 'D' AND region IN (SELECT unnest($regions)) GROUP BY region
"""
#: Codes of a region, those first of which something is known that a leak would use.
_CODES = f"""
WITH there AS (
    SELECT ticker, max(adjusted) AS adjusted FROM ohlcv
    WHERE region = $region AND timeframe = 'D' AND date BETWEEN $start AND $end GROUP BY ticker
),
split AS (
    SELECT DISTINCT ticker FROM actions
    WHERE region = $region AND kind IN {SPLITS} AND ex_date BETWEEN $start AND $end
),
listing AS (
    SELECT ticker, max(spell) AS spell, max(delisted_date) AS ended, max(listed_date) AS begun FROM tickers
    WHERE region = $region GROUP BY ticker
)
SELECT t.ticker, coalesce(l.spell > 1, false), coalesce(l.ended BETWEEN $start AND $end, false),
    s.ticker IS NOT NULL, coalesce(l.begun BETWEEN $start AND $end, false), t.adjusted <> 'none'
FROM there AS t LEFT JOIN split AS s USING (ticker) LEFT JOIN listing AS l USING (ticker)
ORDER BY hash(t.ticker, $seed), t.ticker
"""
#: Days after which something happens: the most eventful ones come first.
_EVENTS = f"""
SELECT day FROM (
    SELECT 1 AS kind, ex_date - 1 AS day, count(*) AS n FROM actions
    WHERE region IN (SELECT unnest($regions)) AND kind IN {SPLITS} GROUP BY ALL
    UNION ALL SELECT 2, available_date - 1, count(*) FROM fundamentals
    WHERE region IN (SELECT unnest($regions)) GROUP BY ALL
    UNION ALL SELECT 3, delisted_date - 7, count(*) FROM tickers
    WHERE region IN (SELECT unnest($regions)) AND delisted_date IS NOT NULL GROUP BY ALL
    UNION ALL SELECT 4, period_end + 12, count(*) FROM fundamentals
    WHERE region IN (SELECT unnest($regions)) GROUP BY ALL
    UNION ALL SELECT 5, valid_from - 1, count(*) FROM attributes
    WHERE region IN (SELECT unnest($regions)) AND kind = 'sector' GROUP BY ALL
    UNION ALL SELECT 6, valid_from - 1, count(*) FROM memberships GROUP BY ALL
) WHERE day BETWEEN $first AND $last
QUALIFY row_number() OVER (PARTITION BY kind ORDER BY n DESC, day) = 1
ORDER BY kind
"""


@dataclass(frozen=True)
class Plan:
    """What a proof looks at.

    Attributes
    ----------
    start, end : date
        First and last date of the values.
    moments : tuple of Moment
        Closes at which the future is altered.
    keep : dict of str to tuple of str
        Codes of each region.
    left_out : int
        Codes that cannot be proven: their provider has adjusted their prices for a later split.
    gaps : tuple of date
        Days on which some codes are made to have no bar.
    """

    start: date
    end: date
    moments: tuple[Moment, ...]
    keep: dict[str, tuple[str, ...]]
    left_out: int
    gaps: tuple[date, ...]
    seed: int

    def base(self) -> Alteration:
        """The lake as it is, with the kept codes and the gaps."""
        return Alteration(keep=self.keep, gaps=self.gaps, seed=self.seed)

    def altered(self, kind: str, moment: Moment, only: tuple[str, ...] = ()) -> Alteration:
        """How its worlds are altered, over the tables of the base that are held in memory."""
        return Alteration(kind, moment, self.seed, only)


def plan(
    lake: Lake,
    regions: Sequence[str],
    dates: Sequence[date] | None,
    *,
    seed: int,
    cuts: int,
    tickers: int,
    whole: bool,
    universes: Sequence[Any] = (),
) -> Plan:
    """Choose window, moments and codes, the same ones each time.

    Parameters
    ----------
    dates : sequence of date, optional
        Days to cut at; None chooses ``cuts`` days on which leaks bite: before splits, filings, delistings,
        after the end of a quarter.
    whole : bool
        Values from the lake's first day on, for what learns from years of history.
    universes : sequence
        Of strategies: most of the codes are taken from their members.

    Raises
    ------
    NotEnoughHistory
        The lake has no bars of a region, or less than half a year.
    """
    found = _spans(lake, regions)
    first, end = max(low for low, _ in found.values()), min(high for _, high in found.values())
    if end - first < timedelta(days=180):
        spans = ", ".join(f"{region} {low} to {high}" for region, (low, high) in found.items())
        raise NotEnoughHistory(
            f"The bars of {' and '.join(regions)} share less than half a year ({spans}): no future to cut off.",
            hint="Prove the regions one by one." if len(regions) > 1 else "Collect more.",
        )
    start = first if whole else max(first, end - WINDOW)
    if dates:
        start = max(first, min(start, min(dates) - WINDOW / 2))
    span = end - start
    low = start + (span * (0.8 if whole else EARLIEST))
    high = max(low, end - min(AHEAD, span * 0.15))
    days = [_inside(day, first, end) for day in dates] if dates else _days(lake, regions, low, high, cuts)
    moments = _moments(days, regions)
    members = _members(lake, regions, start, end, universes)
    keep, left_out = _codes(lake, regions, (start, end), seed, tickers, members)
    gaps = tuple(sorted({day for moment in moments for day in (moment.day, moment.day - timedelta(days=1))}))
    return Plan(start, end, moments, keep, left_out, gaps, seed)


def _spans(lake: Lake, regions: Sequence[str]) -> dict[str, tuple[date, date]]:
    rows = lake.sql(_SPAN, {"regions": list(regions)}).rows()
    found = {region: (low, high) for region, low, high in rows}
    missing = [region for region in regions if region not in found]
    if missing:
        raise NotEnoughHistory(
            f"The lake {lake.root} has no bars of {', '.join(missing)}.", hint=f"Run wb collect {' '.join(missing)}."
        )
    return found


def _inside(day: date, first: date, end: date) -> date:
    if not first < day < end:
        raise ConfigError(
            f"{day} cannot be cut at: the lake's bars go from {first} to {end}.", hint="Choose a day between them."
        )
    return day


def _days(lake: Lake, regions: Sequence[str], low: date, high: date, cuts: int) -> list[date]:
    """Eventful days first, then days at equal distances; no two within a week of each other."""
    given = {"regions": list(regions), "first": low, "last": high}
    events = lake.sql(_EVENTS, given)["day"].to_list()
    even = [low + (high - low) * number / max(1, cuts - 1) for number in range(cuts)] if cuts > 1 else [high]
    chosen: list[date] = []
    # A late day first: the more past a value has, the more of it can move.
    for day in (_period_end(low, high), *events, *reversed(even)):
        if len(chosen) < cuts and all(abs((day - other).days) > 6 for other in chosen):
            chosen.append(day)
    return sorted(chosen)


def _period_end(low: date, high: date) -> date:
    """The last end of a quarter, or of a month: what is done only then is seen there and on no other day."""
    ends = [day - timedelta(days=1) for day in _firsts(low, high + timedelta(days=1))]
    inside = [day for day in ends if low <= day <= high]
    quarters = [day for day in inside if day.month % 3 == 0]
    return max(quarters or inside or [high])


def _firsts(low: date, high: date) -> list[date]:
    """First days of months."""
    months = range(low.year * 12 + low.month - 1, high.year * 12 + high.month)
    return [date(number // 12, number % 12 + 1, 1) for number in months]


def _moments(days: Sequence[date], regions: Sequence[str]) -> tuple[Moment, ...]:
    """Closes of the regions in turn, the earliest one first: what closes later is unknown then."""
    result = []
    for number, day in enumerate(sorted(days)):
        ordered = sorted(regions, key=lambda region: markets.close_time(region, _session(region, day)).timetz())
        region = ordered[number % len(ordered)]
        result.append(close_of(region, _session(region, day)))
    return tuple(result)


def _session(region: str, day: date) -> date:
    return markets.previous_session(region, day + timedelta(days=1))


def _members(lake: Lake, regions: Sequence[str], start: date, end: date, universes: Sequence[Any]) -> set[str]:
    """Labels of those who are in one of the universes on some day."""
    found: set[str] = set()
    for universe in universes:
        if universe is not None:
            panel = lake.panel(regions, start=start, end=end, fields=("close",), universe=universe)
            found.update(np.array(panel.tickers)[panel.member.any(axis=0)].tolist())
    return {label.split("#", 1)[0] for label in found}


def _codes(
    lake: Lake, regions: Sequence[str], window: tuple[date, date], seed: int, most: int, members: set[str]
) -> tuple[dict[str, tuple[str, ...]], int]:
    """Codes of every region of the lake; of regions that are not asked for, a quarter as many."""
    start, end = window
    left_out = 0
    keep: dict[str, tuple[str, ...]] = {}
    every = lake.sql("SELECT DISTINCT region FROM ohlcv ORDER BY 1")["region"].to_list()
    for region in every:
        given = {"region": region, "start": start, "end": end, "seed": seed}
        rows = lake.sql(_CODES, given).rows()
        # Prices on the scale of a later split are no prices of their day: nothing about them can be proven.
        usable = [row for row in rows if not (row[5] and row[3])]
        room = most if region in regions else max(10, most // 4)
        inside = [row for row in usable if f"{region}:{row[0]}" in members]
        if region in regions:
            left_out += len(rows) - len(usable)
        keep[region] = tuple(dict.fromkeys((*_some(inside, room * 5 // 6), *_some(usable, room))))[:room]
    return keep, left_out


def _some(rows: list[tuple[Any, ...]], room: int) -> tuple[str, ...]:
    """Codes of which something happens, up to a sixth of the room a kind, then any."""
    chosen: dict[str, None] = {}
    for kind in (1, 2, 3, 4):
        eventful = [row[0] for row in rows if row[kind]][: max(1, room // 6)]
        chosen.update(dict.fromkeys(eventful))
    chosen.update(dict.fromkeys(row[0] for row in rows))
    return tuple(list(chosen)[:room])


@dataclass
class World:
    """A lake, and the panels that were already built from it.

    Attributes
    ----------
    lake : Lake
    regions : tuple of str
    start, end : date
    asked : mapping
        What every panel holds: arguments of ``lake.panel``.
    """

    lake: Lake
    regions: tuple[str, ...]
    start: date
    end: date
    asked: Mapping[str, Any]
    _panels: dict[str, Panel] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict)

    def panel(self, universe: Any = None) -> Panel:
        """The panel of a universe, built from the lake at its first use."""
        key = repr(universe)
        if key not in self._panels:
            self._panels[key] = self.lake.panel(
                self.regions, start=self.start, end=self.end, universe=universe, adjust="total", **self.asked
            )
        return self._panels[key]

    def once(self, name: str, make: Callable[[World], Any]) -> Any:
        """What several subjects share, made at its first use."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]


def needed(sets: Sequence[FactorSet]) -> dict[str, Any]:
    """What panels must hold for some factor sets, with a session more than the longest look-back before them."""
    each = [factors.asked(one) for one in sets]
    if not each:
        return {}
    union = {name: tuple(dict.fromkeys(value for one in each for value in one[name])) for name in ("fields", "items")}
    return {**each[0], **union, "warmup": max(one["warmup"] for one in each) + 1}


def codes(plan: Plan, regions: Sequence[str]) -> int:
    """Codes that were kept of some regions."""
    return int(np.sum([len(plan.keep.get(region, ())) for region in regions]))
