"""Rows of ``shares``: counts at the ends of periods, and today's; each where Yahoo has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import markets
from workbench.adapters.net.batch import NotCovered
from workbench.adapters.yahoo import profile, statements

if TYPE_CHECKING:
    from datetime import date

    from workbench.adapters.base import Request
    from workbench.adapters.yahoo.lookup import Lookup


def reported(lookup: Lookup, request: Request, ticker: str) -> list[dict[str, Any]]:
    """Counts of the balance sheets, known on the assumed day of their filing."""
    try:
        symbol, entries = lookup.entries(request, ticker, (statements.SHARES,))
    except NotCovered:
        return []
    facts = statements.facts(request.region, entries, lookup.split_days(symbol, entries))
    return list(statements.share_rows(request.region, ticker, facts))


def present(lookup: Lookup, request: Request, ticker: str, today: date) -> list[dict[str, Any]]:
    """The count that Yahoo shows now: of the last session, known on the next."""
    try:
        _, found = lookup.module(request, ticker, "defaultKeyStatistics")
    except NotCovered:
        return []
    count, after = profile.outstanding(found), markets.next_session(request.region, today)
    return [statements.share_row(request.region, ticker, today, after, count)] if count is not None else []
