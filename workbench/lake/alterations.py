"""How rows of each table are altered, as SQL over the SELECT of the stored rows.

Every statement leaves a row that was known at the moment as it is. Pseudo-random numbers are hashes of the
row's key and a seed, so that the same lake comes out each time, whatever the order of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench import markets
from workbench.lake.adjust import CASH, SPLITS
from workbench.lake.reading import quoted
from workbench.settings import REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
#: Kinds of actions that change the count of shares: on the past of a provider that adjusts its prices they
#: cannot be altered, since its prices would be others then.
_SPLIT = f"kind IN {SPLITS}"
_CASH = f"kind IN {CASH}"


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
        cases = " ".join(f"WHEN {quoted(name)} THEN {_day(day)}" for name, day in self.moment.known.items())
        return f"(CASE {region} {cases} ELSE {_day(min(self.moment.known.values()))} END)"

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
                return f"({after} AND date <= {_day(self.moment.day)})"
            return f"(NOT ({after}))" if self.kind == "past" else f"({after})"
        day, last = DAY[table], self.last(table)
        if self.kind == "past":
            return f"coalesce({day} <= {last}, true)"
        if self.kind == "shifted":
            return f"coalesce({day} > {last} AND {day} <= {_day(self.moment.day)}, false)"
        return f"coalesce({day} > {last}, false)"

    def chance(self, salt: str, *key: str) -> str:
        """A number from 0 to 1 that depends on the key alone."""
        return f"((hash({self.seed}, {quoted(salt)}, {', '.join(key)}) % 1000003) / 1000003.0)"


def kept(select: str, codes: Mapping[str, tuple[str, ...]]) -> str:
    """Rows of some codes a region."""
    if not codes:
        return select
    parts = [f"(region = {quoted(region)} AND ticker IN ({_listed(some)}))" for region, some in codes.items()]
    others = f"region NOT IN ({_listed(tuple(codes))})"
    return f"SELECT * FROM ({select}) WHERE {' OR '.join([*parts, others])}"


def without(select: str, days: Sequence[date]) -> str:
    """Bars, without those of about one code in seven on some days."""
    listed = ", ".join(_day(day) for day in days)
    return f"SELECT * FROM ({select}) WHERE NOT (date IN ({listed}) AND hash('gap', region, ticker) % 7 = 0)"


def altered(name: str, select: str, rule: Rule, stored: Callable[[str], str]) -> str:
    """The SELECT of a table, altered by a rule.

    Parameters
    ----------
    name : str
        Of the table.
    select : str
        Its rows as they are stored.
    rule : Rule
    stored : callable
        Gives the same of another table.
    """
    if rule.only and not any(_table(one) == name for one in rule.only):
        return select
    if rule.kind == "shifted" and name in ("tickers", "attributes", "memberships"):
        return select  # Neither begins nor ends at an hour.
    if name == "tickers" and rule.kind in ("cut off", "scrambled"):
        return _without_early_bars(select, rule, stored("ohlcv"))
    if rule.kind == "cut off":
        return _cut(name, select, rule)
    if rule.kind == "revised":
        return _revised(name, select, rule, stored)
    return _scrambled(name, select, rule)


def _table(name: str) -> str:
    return INPUTS.get(name, name.partition(".")[0])


def _items(rule: Rule) -> str:
    """Condition on the items of filings that are altered."""
    items = [name.partition(".")[2] for name in rule.only if name.startswith("fundamentals.")]
    return "true" if not items or "value" in items else f"item IN ({_listed(tuple(items))})"


def _cut(name: str, select: str, rule: Rule) -> str:
    later = rule.later(name)
    if name == "tickers":
        ended = (
            f"coalesce(delisted_date > {rule.last(name)}, false)" if rule.touches("tickers.delisted_date") else "false"
        )
        open_ = ", ".join(f"CASE WHEN {ended} THEN NULL ELSE {column} END AS {column}" for column in _ENDS)
        gone = later if rule.touches("tickers.listed_date") else "false"
        return f"SELECT * REPLACE ({open_}) FROM ({select}) WHERE NOT {gone}"
    if name in ("attributes", "memberships"):
        end = f"CASE WHEN valid_to > {rule.last(name)} THEN NULL ELSE valid_to END AS valid_to"
        return f"SELECT * REPLACE ({end}) FROM ({select}) WHERE NOT {later}"
    if name == "gaps":
        return f'SELECT * REPLACE (least("end", {rule.last(name)}) AS "end") FROM ({select}) WHERE NOT {later}'
    if name == "fundamentals":
        later = f"({later} AND {_items(rule)})"
    if name == "actions":
        later = f"({later} AND {_touched_actions(rule)})"
    return f"SELECT * FROM ({select}) WHERE NOT {later}"


def _without_early_bars(select: str, rule: Rule, bars: str) -> str:
    """Listings, altered where no bar shows that they were known.

    A source may date a first listing after the code's first bars (a move between boards): that there was such
    a company is no news from the future then, and its row stays.
    """
    early = (
        f"SELECT DISTINCT region, ticker, 1 AS spell FROM ({bars}) WHERE date <= {rule.last('ohlcv')} AND ticker IN "
        f"(SELECT ticker FROM ({select}) WHERE listed_date > {rule.last('tickers')} AND spell = 1)"
    )
    others = f"SELECT t.* FROM ({select}) AS t ANTI JOIN ({early}) AS e USING (region, ticker, spell)"
    same = f"SELECT t.* FROM ({select}) AS t SEMI JOIN ({early}) AS e USING (region, ticker, spell)"
    change = _cut if rule.kind == "cut off" else _scrambled
    if rule.touches("tickers.delisted_date"):
        same = change("tickers", same, replace(rule, only=("tickers.delisted_date",)))
    return _union(change("tickers", others, rule), same)


_ENDS = ("delisted_date", "delisting_reason", "successor")


def _touched_actions(rule: Rule) -> str:
    parts = [
        condition
        for name, condition in (("actions.split", _SPLIT), ("actions.dividend", f"NOT {_SPLIT}"))
        if rule.touches(name)
    ]
    return f"({' OR '.join(parts)})" if parts else "false"


def _scrambled(name: str, select: str, rule: Rule) -> str:
    later = rule.later(name)
    key = {"fx": ("currency", "date"), "indexes": ('"index"', "date")}.get(
        name, ("region", "ticker", DAY.get(name, ""))
    )
    if name == "ohlcv":
        return _scrambled_bars(select, rule, later, key)
    if name in ("shares", "indexes", "fx"):
        column = {"shares": "shares_outstanding", "indexes": "level", "fx": "usd_per_unit"}[name]
        return _replaced(select, {column: f"{column} * (0.4 + 2.0 * {rule.chance(name, *key)})"}, later)
    if name == "fundamentals":
        chance = rule.chance(name, *key, "period_end", "period", "item", "filing_id")
        return _replaced(select, {"value": f"value * (3.0 * {chance} - 0.6)"}, f"({later} AND {_items(rule)})")
    if name == "actions":
        value = f"value * (0.5 + {rule.chance(name, *key, 'kind')})"
        return _replaced(select, {"value": value}, f"({later} AND {_touched_actions(rule)})")
    if name == "tickers":
        return select if rule.kind == "past" else _scrambled_listings(select, rule)
    if name in ("attributes", "memberships"):
        return _scrambled_spans(name, select, rule, later)
    return _cut(name, select, rule) if rule.kind != "past" else select


def _scrambled_bars(select: str, rule: Rule, later: str, key: tuple[str, ...]) -> str:
    """Other prices and volumes; one bar in twenty is gone."""
    values: dict[str, str] = {}
    gone = ""
    if rule.touches("ohlcv.open/high/low/close"):
        level, side = f"(0.6 + {rule.chance('level', *key)})", rule.chance("side", *key)
        values = {
            "open": f"open * {level}",
            "high": f"high * {level} * (1.0 + 0.1 * {side})",
            "low": f"low * {level} * (1.0 - 0.1 * {side})",
            "close": f"close * {level} * (1.0 + 0.1 * ({side} - 0.5))",
        }
        gone = f" WHERE NOT ({later} AND {rule.chance('gone', *key)} < 0.05)"
    if rule.touches("ohlcv.volume/turnover"):
        traded = f"(0.2 + 3.0 * {rule.chance('volume', *key)})"
        values |= {"volume": f"volume * {traded}", "turnover": f"turnover * {traded}"}
    return _replaced(select, values, later) + gone


def _scrambled_listings(select: str, rule: Rule) -> str:
    """Listings after the moment begin on other days, ends come on other days or not at all."""
    last, key = rule.last("tickers"), ("region", "ticker", "spell")
    moved = {}
    if rule.touches("tickers.listed_date"):
        shift = f"CAST(30 * {rule.chance('listed', *key)} AS INTEGER)"
        moved["listed_date"] = f"CASE WHEN listed_date > {last} THEN listed_date + {shift} ELSE listed_date END"
    if rule.touches("tickers.delisted_date"):
        chance = rule.chance("delisted", *key)
        other = f"CASE WHEN {chance} < 0.5 THEN NULL ELSE {last} + 1 + CAST(80 * {chance} AS INTEGER) END"
        moved["delisted_date"] = f"CASE WHEN delisted_date > {last} THEN {other} ELSE delisted_date END"
        moved["delisting_reason"] = f"CASE WHEN delisted_date > {last} THEN 'unknown' ELSE delisting_reason END"
    return _star(select, moved)


def _scrambled_spans(name: str, select: str, rule: Rule, later: str) -> str:
    """Half of what begins after the moment is gone, the other half begins later; ends are forgotten."""
    key = ("ticker", "valid_from", "kind" if name == "attributes" else '"index"')
    chance = rule.chance(name, *key)
    if rule.kind == "past":
        return f"SELECT * FROM ({select}) WHERE NOT ({later} AND {chance} < 0.5)"
    moved = {
        "valid_from": f"CASE WHEN {later} THEN valid_from + CAST(60 * {chance} AS INTEGER) ELSE valid_from END",
        "valid_to": f"CASE WHEN valid_to > {rule.last(name)} THEN NULL ELSE valid_to END",
    }
    return f"SELECT * FROM ({_star(select, moved)}) WHERE NOT ({later} AND {chance} < 0.5)"


def _revised(name: str, select: str, rule: Rule, stored: Callable[[str], str]) -> str:
    """What was published later of what had been known, and what happened later to those who were there."""
    last = rule.last(name) if name in DAY else ""
    key = ("region", "ticker")
    if name == "fundamentals":
        days = f"1 + CAST(15 * {rule.chance('filed', *key)} AS INTEGER)"
        restated = (
            f"SELECT * REPLACE ({last} + {days} AS available_date, filing_id || '~restated' AS filing_id, "
            f"coalesce(vintage, 1) + 1 AS vintage, value * -3.7 AS value) FROM ({select}) "
            f"WHERE available_date <= {last} AND available_date > {last} - 1200 AND {_items(rule)}"
        )
        return _union(select, restated)
    if name == "shares":
        recount = (
            f"SELECT * REPLACE ({last} + 2 AS available_date, shares_outstanding * 2.9 AS shares_outstanding) "
            f"FROM ({select}) WHERE available_date <= {last} AND date > {last} - 400"
        )
        newer = (
            f"SELECT * REPLACE ({last} + 1 AS date, {last} + 3 AS available_date, "
            f"shares_outstanding * 1.7 AS shares_outstanding) FROM ({select}) WHERE available_date <= {last} "
            "QUALIFY row_number() OVER (PARTITION BY region, ticker ORDER BY date DESC, available_date DESC) = 1"
        )
        return _union(select, recount, newer)
    if name == "actions":
        return _union(select, *_later_actions(rule, stored("ohlcv")))
    if name == "tickers":
        return _later_ends(select, rule) if rule.touches("tickers.delisted_date") else select
    if name == "attributes":
        return _later_sectors(select, rule, last)
    if name == "memberships":
        return _later_members(select, rule, stored("tickers"))
    return select


def _later_actions(rule: Rule, bars: str) -> list[str]:
    """A split and a dividend of every code; no split where the provider would rescale its prices for it."""
    last = rule.known()
    recent = (
        f"SELECT region, ticker, max_by(close, date) AS close, max_by(adjusted, date) AS adjusted FROM ({bars}) "
        f"WHERE timeframe = 'D' AND date <= {last} AND date > {last} - 40 GROUP BY region, ticker"
    )
    row = (
        "SELECT region, ticker, {day} AS ex_date, {kind} AS kind, {value} AS value, NULL AS currency, "
        "'what if' AS source"
    )
    days = f"{last} + 1 + CAST(4 * {rule.chance('{}', 'region', 'ticker')} AS INTEGER)"
    added = []
    if rule.touches("actions.split"):
        split = row.format(day=days.format("split"), kind="'split'", value="3.0")
        added.append(f"{split} FROM ({recent}) WHERE adjusted = 'none'")
    if rule.touches("actions.dividend"):
        paid = row.format(day=days.format("paid"), kind="'dividend'", value="0.08 * close")
        added.append(f"{paid} FROM ({recent}) WHERE close > 0")
    return added


def _later_ends(select: str, rule: Rule) -> str:
    """Half of the listings end soon after the moment, and those that did end later do not."""
    last, chance = rule.last("tickers"), rule.chance("ends", "region", "ticker", "spell")
    there = f"coalesce(listed_date <= {last}, true) AND coalesce(delisted_date > {last}, true)"
    ends = f"({there} AND {chance} < 0.5)"
    other = {
        "delisted_date": f"{last} + 2 + CAST(60 * {chance} AS INTEGER)",
        "delisting_reason": "'bankruptcy'",
        "successor": "NULL",
    }
    moved = {
        column: f"CASE WHEN {ends} THEN {value} WHEN {there} THEN NULL ELSE {column} END"
        for column, value in other.items()
    }
    return _star(select, moved)


def _later_sectors(select: str, rule: Rule, last: str) -> str:
    """Every sector changes within days of the moment."""
    change = f"{last} + CAST(4 * {rule.chance('sector', 'region', 'ticker')} AS INTEGER)"
    held = f"(kind = 'sector' AND coalesce(valid_from <= {last}, true) AND coalesce(valid_to > {last}, true))"
    names = markets.sectors.GICS
    other = f"list_element([{_listed(names)}], 1 + CAST(hash({rule.seed}, region, ticker) % {len(names)} AS INTEGER))"
    moved = _star(select, {"valid_to": f"CASE WHEN {held} THEN {change} ELSE valid_to END"})
    changed = f"{change} + 1 AS valid_from, NULL AS valid_to, {other} AS value"
    new = f"SELECT * REPLACE ({changed}) FROM ({select}) WHERE {held}"
    return _union(moved, new)


def _later_members(select: str, rule: Rule, listings: str) -> str:
    """Half of the members of an index leave it, and all codes of their regions enter it."""
    last, chance = rule.last("memberships"), rule.chance("member", '"index"', "ticker")
    held = f"(coalesce(valid_from <= {last}, true) AND coalesce(valid_to > {last}, true) AND {chance} < 0.5)"
    moved = _star(select, {"valid_to": f"CASE WHEN {held} THEN {last} + 1 ELSE valid_to END"})
    regions = (
        f"""SELECT DISTINCT "index", split_part(ticker, ':', 1) AS region FROM ({select}) WHERE ticker LIKE '__:%'"""
    )
    new = (
        f"""SELECT r."index", r.region || ':' || t.ticker AS ticker, {rule.known("r.region")} + 3 AS valid_from, """
        f"NULL AS valid_to, 'what if' AS source FROM ({regions}) AS r "
        f"JOIN (SELECT DISTINCT region, ticker FROM ({listings})) AS t ON r.region = t.region"
    )
    return _union(moved, new)


def _replaced(select: str, values: Mapping[str, str], later: str) -> str:
    return _star(select, {name: f"CASE WHEN {later} THEN {value} ELSE {name} END" for name, value in values.items()})


def _star(select: str, values: Mapping[str, str]) -> str:
    if not values:
        return f"SELECT * FROM ({select})"
    return f"SELECT * REPLACE ({', '.join(f'{value} AS {name}' for name, value in values.items())}) FROM ({select})"


def _union(*selects: str) -> str:
    return "\nUNION ALL BY NAME\n".join(selects)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _day(day: date) -> str:
    return f"DATE {quoted(day.isoformat())}"
