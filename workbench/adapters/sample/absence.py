"""Why bars that were asked for are not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import markets
from workbench.adapters.base import Absent
from workbench.adapters.sample.profiles import profile

if TYPE_CHECKING:
    from workbench.adapters.sample.market import RegionMarket

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """A stretch of days, both included, and the last session the source has on the day it is asked."""

    start: date
    end: date
    last: date

    @property
    def covered_end(self) -> date:
        """Last day of the stretch for which the source could have bars."""
        return min(self.end, self.last)


def bar_absences(market: RegionMarket, code: str, columns: list[int], asked: Asked) -> list[Absent]:
    """Every stretch without rows of one code.

    Parameters
    ----------
    columns : list of int
        Positions of the companies that had the code by the day of asking, in order of their spells.
    """
    if not columns:
        return [not_covered(code, asked.start, asked.end)]
    first: date = market.line.sessions[0].astype(object)
    if asked.start >= first and not _has_session(market.region, asked.start, asked.end):
        return [Absent(code, asked.start, asked.end, "holiday", "no session on these days")]
    stretch = _Stretches(code, asked.start, asked.covered_end)
    free_from, reason = date.min, "not_listed_yet"
    for column in columns:
        company = market.companies[column]
        listed: date = company.listed.astype(object)
        stretch.add(free_from, listed - ONE_DAY, reason)
        stretch.add(listed, first - ONE_DAY, "not_covered", f"the sample market starts on {first}")
        free_from, reason = date.max, "delisted"
        if company.reason:
            free_from = market.line.sessions[company.last].astype(object)
    if profile(market.region).halt == "absent":
        for column in columns:
            for begin, end in halts(market, column):
                stretch.add(begin, end, "suspended", "trading halt")
    found = sorted(stretch.found, key=lambda absent: absent.start)
    if free_from <= min(asked.last, asked.end):
        return [*found, Absent(code, max(free_from, asked.start), asked.end, "delisted")]
    return [*found, *_not_yet(market, code, asked)]


def halts(market: RegionMarket, column: int) -> list[tuple[date, date]]:
    """First and last session of each halt of a company."""
    company = market.companies[column]
    mask = market.halted[:, column].copy()
    mask[: company.first] = False
    mask[company.last :] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    days: Any = market.line.sessions.astype(object)
    return [(days[begin], days[end - 1]) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def not_covered(code: str, start: date, end: date) -> Absent:
    """The answer for a code that the source does not know."""
    return Absent(code, start, end, "not_covered", "no such code in the sample market")


class _Stretches:
    """Collects absences inside the days that were asked; weekends alone are not worth a line."""

    def __init__(self, code: str, start: date, end: date) -> None:
        self.code, self.start, self.end = code, start, end
        self.found: list[Absent] = []

    def add(self, start: date, end: date, reason: str, detail: str = "") -> None:
        begin, stop = max(start, self.start), min(end, self.end)
        if begin > stop:
            return
        if np.busday_count(begin, stop + ONE_DAY) > 0:
            self.found.append(Absent(self.code, begin, stop, reason, detail))


def _has_session(region: str, start: date, end: date) -> bool:
    """True where the region's calendar knows a session between the two days."""
    stop = min(end, markets.last_known(region))
    return start <= stop and len(markets.session_array(region, start, stop)) > 0


def _not_yet(market: RegionMarket, code: str, asked: Asked) -> list[Absent]:
    """Sessions after the last one the source has: unknown today, worth asking again."""
    begin = max(asked.start, asked.last + ONE_DAY)
    if not _has_session(market.region, begin, asked.end):
        return []
    return [Absent(code, begin, asked.end, "unknown", f"the last session with bars is {asked.last}")]
