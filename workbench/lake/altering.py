"""Which rows an alteration touches, and the pieces of SQL that alterations are made of.

Every statement leaves a row that was known at the moment as it is. Pseudo-random numbers are hashes of the
row's key and a seed, so that the same lake comes out each time, whatever the order of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench import markets
from workbench.lake.adjust import SPLITS
from workbench.lake.reading import quoted
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from workbench.lake.whatif import Moment

#: What can be altered alone, and the table of each.
INPUTS = {
    "ohlcv.open/high/low/close": "ohlcv",
    "ohlcv.volume/turnover": "ohlcv",
    "fundamentals.value": "fundamentals",
    "shares.shares_outstanding": "shares",
    "actions.split": "actions",
    "actions.dividend": "actions",
    "tickers.listed_date": "tickers",
    "tickers.delisted_date": "tickers",
    "attributes.value": "attributes",
    "memberships.valid_from/valid_to": "memberships",
    "indexes.level": "indexes",
    "fx.usd_per_unit": "fx",
}
#: Tables of inputs; a what-if lake shows no others.
KNOWN = (*dict.fromkeys(INPUTS.values()), "gaps", "revisions", "quarantine", "agreement")
#: What the day of a row of each table is: from it on the row could be known.
DAY = {
    "ohlcv": "date",
    "indexes": "date",
    "fundamentals": "available_date",
    "shares": "available_date",
    "actions": "ex_date",
    "tickers": "listed_date",
    "attributes": "valid_from",
    "memberships": "valid_from",
    "gaps": "start",
    "revisions": "date",
    "quarantine": "date",
    "agreement": "date",
}
#: Kinds of actions that change the count of shares, as SQL.
_SPLIT = f"kind IN {SPLITS}"


@dataclass(frozen=True)
class Rule:
    """What is altered: see :class:`workbench.lake.whatif.Alteration`."""

    kind: str
    moment: Moment
    seed: int
    only: Sequence[str]

    def touches(self, name: str) -> bool:
        """Whether an input is altered."""
        return not self.only or name in self.only

    def known(self, region: str = "region") -> str:
        """Last known day of a row's region, as SQL."""
        cases = " ".join(f"WHEN {quoted(name)} THEN {sql_day(day)}" for name, day in self.moment.known.items())
        return f"(CASE {region} {cases} ELSE {sql_day(min(self.moment.known.values()))} END)"

    def last(self, table: str) -> str:
        """Last known day of a row of a table."""
        if table == "indexes":
            own = {markets.get(region).currency: region for region in REGIONS}
            cases = " ".join(f"WHEN {quoted(money)} THEN {quoted(region)}" for money, region in own.items())
            return self.known(f"(CASE currency {cases} END)")
        return self.known("split_part(ticker, ':', 1)" if table == "memberships" else "region")

    def later(self, table: str) -> str:
        """True for the rows that are altered."""
        if table == "fx":
            after = f"fixed_at >= TIMESTAMPTZ {quoted(self.moment.instant.isoformat())}"
            if self.kind == "shifted":
                return f"({after} AND date <= {sql_day(self.moment.day)})"
            return f"(NOT ({after}))" if self.kind == "past" else f"({after})"
        day, last = DAY[table], self.last(table)
        if self.kind == "past":
            return f"coalesce({day} <= {last}, true)"
        if self.kind == "shifted":
            return f"coalesce({day} > {last} AND {day} <= {sql_day(self.moment.day)}, false)"
        return f"coalesce({day} > {last}, false)"

    def chance(self, salt: str, *key: str) -> str:
        """A number from 0 to 1 that depends on the key alone."""
        return f"((hash({self.seed}, {quoted(salt)}, {', '.join(key)}) % 1000003) / 1000003.0)"


def kept(select: str, codes: Mapping[str, tuple[str, ...]]) -> str:
    """Rows of some codes a region."""
    if not codes:
        return select
    parts = [f"(region = {quoted(region)} AND ticker IN ({listed(some)}))" for region, some in codes.items()]
    others = f"region NOT IN ({listed(tuple(codes))})"
    return f"SELECT * FROM ({select}) WHERE {' OR '.join([*parts, others])}"


def without(select: str, days: Sequence[date]) -> str:
    """Bars, without those of about one code in seven on some days."""
    listed = ", ".join(sql_day(day) for day in days)
    return f"SELECT * FROM ({select}) WHERE NOT (date IN ({listed}) AND hash('gap', region, ticker) % 7 = 0)"


def table_of(name: str) -> str:
    """The table of an input."""
    return INPUTS.get(name, name.partition(".")[0])


def items(rule: Rule) -> str:
    """Condition on the items of filings that are altered."""
    items = [name.partition(".")[2] for name in rule.only if name.startswith("fundamentals.")]
    return "true" if not items or "value" in items else f"item IN ({listed(tuple(items))})"


def touched_actions(rule: Rule) -> str:
    """Condition on the actions that are altered."""
    parts = [
        condition
        for name, condition in (("actions.split", _SPLIT), ("actions.dividend", f"NOT {_SPLIT}"))
        if rule.touches(name)
    ]
    return f"({' OR '.join(parts)})" if parts else "false"


def replaced(select: str, values: Mapping[str, str], later: str) -> str:
    """Other values in some columns of the altered rows."""
    return star(select, {name: f"CASE WHEN {later} THEN {value} ELSE {name} END" for name, value in values.items()})


def star(select: str, values: Mapping[str, str]) -> str:
    """All columns, some of them replaced."""
    if not values:
        return f"SELECT * FROM ({select})"
    return f"SELECT * REPLACE ({', '.join(f'{value} AS {name}' for name, value in values.items())}) FROM ({select})"


def union(*selects: str) -> str:
    """Rows of several statements, columns matched by name."""
    return "\nUNION ALL BY NAME\n".join(selects)


def listed(names: Sequence[str]) -> str:
    """Texts as a list of SQL literals."""
    return ", ".join(quoted(name) for name in names)


def sql_day(day: date) -> str:
    """A day as an SQL literal."""
    return f"DATE {quoted(day.isoformat())}"
