"""The reason for each stretch of sessions for which a provider has no bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import markets
from workbench.adapters.base import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date

    Reason = tuple[str, str]


def absences(
    region: str,
    ticker: str,
    have: Collection[date],
    start: date,
    end: date,
    why: Callable[[date], Reason],
) -> Iterator[Absent]:
    """Stretches of sessions from start to end without a bar; neighbours with one reason are one stretch.

    Parameters
    ----------
    region, ticker : str
        Whose sessions, and whose bars.
    have : collection of date
        Days with a bar.
    start, end : date
        Both included. Without any session in between the whole range is a ``holiday``.
    why : callable
        ``why(session)`` gives the reason, one of :data:`workbench.adapters.base.REASONS`, and a detail.
    """
    first, last = max(start, markets.first_known(region)), min(end, markets.last_known(region))
    days = markets.sessions(region, first, last) if first <= last else []
    if not days:
        yield Absent(ticker, start, end, "holiday", "no session in this range")
        return
    run: list[date] = []
    said: Reason = ("", "")
    for day in days:
        reason = ("", "") if day in have else why(day)
        if reason != said and run:
            yield Absent(ticker, run[0], run[-1], *said)
            run = []
        if reason[0]:
            run.append(day)
        said = reason
    if run:
        yield Absent(ticker, run[0], run[-1], *said)


def listed_reason(
    listed: date | None, delisted: date | None, have: Collection[date], otherwise: Reason
) -> Callable[[date], Reason]:
    """The usual answer to ``why``: what the listing says, else ``otherwise``.

    Parameters
    ----------
    listed, delisted : date or None
        First day on the list, and first day off it; None where unknown.
    have : collection of date
        Days with a bar, of which the first bounds an unknown listing.
    otherwise : (reason, detail)
        For a session inside the listing.
    """
    first = min(have, default=None)

    def why(day: date) -> Reason:
        if listed is not None and day < listed:
            return "not_listed_yet", f"listed on {listed}"
        if delisted is not None and day >= delisted:
            return "delisted", f"off the list since {delisted}"
        if listed is None and first is not None and day < first:
            return "not_covered", "before the provider's first bar"
        return otherwise

    return why
