"""Items that follow from others of the same filing, where a filer does not report them.

The formulas stand in the column ``derived`` of ``items.csv``. Only facts of one filing, one period and one
currency are combined, so that a derived item has the restatement state of its filing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.adapters.statements.facts import Fact
from workbench.adapters.statements.items import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    Period = tuple[str, date | None, date, str | None]

_TERM = re.compile(r"([+-]?)\s*(\w+)(\??)")
#: A date without it is no column of the filing's balance sheet: single figures of the notes do not add up.
ANCHOR = "total_assets"


def derive(facts: Iterable[Fact]) -> list[Fact]:
    """The facts, and after them those that follow by the formulas of the table.

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
    groups: dict[Period, dict[str, Fact]] = {}
    for fact in given:
        if fact.currency is not None:
            groups.setdefault((fact.filing_id, fact.start, fact.end, fact.currency), {}).setdefault(fact.item, fact)
    formulas = [(item.name, item.statement, item.derived) for item in table().values() if item.derived]
    for period, known in groups.items():
        for name, statement, formula in formulas:
            if name in known or (statement == "balance" and ANCHOR not in known):
                continue
            value = _first(formula, known)
            if value is not None:
                like = next(iter(known.values()))
                known[name] = Fact(name, period[1], period[2], value, like.currency, like.filed, like.filing_id)
                given.append(known[name])
    return given


def _first(formula: str, known: Mapping[str, Fact]) -> float | None:
    """Value of the first alternative of which every needed term is known."""
    for alternative in formula.split("|"):
        total, complete = 0.0, True
        for sign, name, optional in _TERM.findall(alternative):
            if name in known:
                value = known[name].value
                total += -value if sign == "-" else value
            elif not optional:
                complete = False
        if complete:
            return total
    return None
