"""Items that follow from others of the same filing, where a filer does not report them.

The formulas stand in the column ``derived`` of ``items.csv``. Only facts of one filing, one period and one
currency are combined, so that a derived item has the restatement state of its filing.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

from workbench.adapters.statements.facts import Fact, plain
from workbench.adapters.statements.items import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    Period = tuple[date | None, date, str | None]

_TERM = re.compile(r"([+-]?)\s*(\w+)(\??)")
#: A date without it is no column of the filing's balance sheet: single figures of the notes do not add up.
ANCHOR = "total_assets"


def derive(facts: Iterable[Fact]) -> list[Fact]:
    """The facts, and after them those that follow by the formulas of the table.

    A later filing does not replace a reported value by a derived one, nor one alternative of a formula by a
    worse one: that would look like a restatement and is none.

    Parameters
    ----------
    facts : iterable of Fact
        Of one company, in any order; the first fact of an item, period and filing counts.

    Notes
    -----
    A balance-sheet item is derived only where the filing gives total assets at that date. Formulas are
    tried in the order of the table, so that an item may build on one that was itself derived before it.
    """
    given = list(facts)
    filings: dict[tuple[date, bool, str], dict[Period, dict[str, Fact]]] = {}
    for fact in given:
        if fact.currency is not None:
            periods = filings.setdefault(fact.order, {})
            periods.setdefault((fact.start, fact.end, fact.currency), {}).setdefault(fact.item, fact)
    formulas = [(item.name, item.statement, item.derived.split("|")) for item in table().values() if item.derived]
    best: dict[tuple[str, Period], int] = {}
    for (filed, amended, filing_id), periods in sorted(filings.items(), key=itemgetter(0)):
        for period, known in periods.items():
            for name, statement, alternatives in formulas:
                if name in known:
                    best[name, period] = -1
                elif statement != "balance" or ANCHOR in known:
                    rank, value = _first(alternatives, known)
                    if value is not None and rank <= best.get((name, period), rank):
                        best[name, period] = rank
                        known[name] = Fact(name, *period[:2], value, period[2], filed, filing_id, amended)
                        given.append(known[name])
    return given


def _first(alternatives: Iterable[str], known: Mapping[str, Fact]) -> tuple[int, float | None]:
    """Number and value of the first alternative of which every needed term is known."""
    for rank, alternative in enumerate(alternatives):
        total, complete = 0.0, True
        for sign, name, optional in _TERM.findall(alternative):
            if name in known:
                value = plain(name, known[name].value)
                total += -value if sign == "-" else value
            elif not optional:
                complete = False
        if complete:
            return rank, total
    return 0, None
